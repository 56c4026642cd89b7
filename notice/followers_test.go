package notice

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
	"mstm/wechat"
)

// scans answers each scan with err, and notes the words.
type scans struct {
	err   error
	words []string
}

func (s *scans) Scanned(_ context.Context, openid, word string) error {
	s.words = append(s.words, openid+" "+word)
	return s.err
}

func TestFollowers_ScanThatComesToNothing_StillFollows(t *testing.T) {
	db := storetest.Open(t)
	now := time.Now().Truncate(time.Millisecond)
	if err := db.Users.Insert(t.Context(), &shop.User{ID: "lin", Name: "lin", CreatedAt: now}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Bindings.Bind(t.Context(), "lin", "openid-lin", "", now); err != nil {
		t.Fatal(err)
	}
	s := &scans{err: shop.ErrWeChatLink}
	f := &Followers{Rows: db.Followers, Scans: s, Log: slog.New(slog.DiscardHandler)}
	apply := func(name, key string, after time.Duration, consents ...wechat.Consent) store.Binding {
		t.Helper()
		ev := wechat.Event{Openid: "openid-lin", Name: name, Key: key, At: now.Add(after), Consents: consents}
		for range 2 { // WeChat repeats what it does not hear of
			if err := f.Apply(t.Context(), ev); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		b, err := db.Bindings.Get(t.Context(), "lin")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if b := apply("unsubscribe", "", time.Second); !b.Unfollowed {
		t.Errorf("after the unsubscribing: %+v", b)
	}
	if b := apply("subscribe", "qrscene_oldword", 2*time.Second); b.Unfollowed || len(s.words) != 2 || s.words[0] != "openid-lin oldword" {
		t.Errorf("after a scan of an old code: %+v, scans %v", b, s.words)
	}
	if b := apply("subscribe_msg_popup_event", "", 3*time.Second, wechat.Consent{TemplateID: "sale", Accepted: true}); len(b.Consents) != 1 || b.Consents[0].TemplateID != "sale" {
		t.Errorf("after a consent: %+v", b.Consents)
	}
	apply("TEMPLATESENDJOBFINISH", "", 4*time.Second) // of an account that sends no messages
	s.err = shop.ErrUnavailable
	if err := f.Apply(t.Context(), wechat.Event{Openid: "openid-lin", Name: "SCAN", Key: "word"}); !errors.Is(err, shop.ErrUnavailable) {
		t.Errorf("a scan while the store is away: %v", err)
	}
}
