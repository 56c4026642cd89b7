package notice

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"

	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
	"mstm/wechat"
)

// writes are the collections that were written to, in order, since the last clear.
type writes struct {
	mu  sync.Mutex
	all []string
}

func (w *writes) started(_ context.Context, e *event.CommandStartedEvent) {
	if to, ok := e.Command.Lookup(e.CommandName).StringValueOK(); ok && slices.Contains([]string{"insert", "update", "findAndModify"}, e.CommandName) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.all = append(w.all, to)
	}
}

func (w *writes) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = nil
}

// TestASentActivityIsOnRecordBeforeItsConsentIsUsedUp: a process that dies between the two must
// not leave a message that waits and a consent that would let it through once more.
func TestASentActivityIsOnRecordBeforeItsConsentIsUsedUp(t *testing.T) {
	made := &writes{}
	db := storetest.Open(t, func(c *store.Config) { c.Monitor = &event.CommandMonitor{Started: made.started} })
	weChat := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/bizsend") {
			made.clear()
		}
		_, _ = fmt.Fprint(w, `{"errcode":0,"access_token":"t","expires_in":7200}`)
	}))
	defer weChat.Close()
	account, err := wechat.NewAccount(wechat.AccountConfig{BaseURL: weChat.URL, AppID: "a", Secret: "s", Token: "t", PlainEvents: true})
	if err != nil {
		t.Fatal(err)
	}
	defer account.Close()
	sender := NewWeChatSender(WeChatSenderConfig{
		Store: SenderCollectionsOf(db), Account: account, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Templates: Templates{shop.KindActivity: {ID: "T", Fields: map[string]string{"thing1": "title"}}},
	})
	ctx := t.Context()
	if err := db.Users.Insert(ctx, &shop.User{ID: "lin", Name: "lin", CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Bindings.Bind(ctx, "lin", "o1", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		if err := db.Followers.AddConsent(ctx, "o1", "T", true, time.Unix(int64(1000+n), 0)); err != nil {
			t.Fatal(err)
		}
	}
	d := shop.NewDelivery("lin", shop.KindActivity, "b1", time.Now())
	if err := sender.Post(ctx, d); err != nil {
		t.Fatal(err)
	}
	if err := sender.carry(ctx, d, nil); err != nil {
		t.Fatal(err)
	}
	b, err := db.Bindings.Get(ctx, "lin")
	if err != nil || b.Consent("T") != 1 {
		t.Fatalf("of two consents %d are left, %v", b.Consent("T"), err)
	}
	sent, used := slices.Index(made.all, "deliveries"), slices.Index(made.all, "bindings")
	if sent < 0 || used < sent {
		t.Errorf("after WeChat took it these were written: %v", made.all)
	}
}
