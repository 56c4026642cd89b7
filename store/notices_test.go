package store

import (
	"errors"
	"os"
	"testing"
	"time"

	"mstm/shop"
	"mstm/store/redisstore"
)

func insertNotice(t *testing.T, s *DB, user, ref string, at time.Time) *shop.Notice {
	t.Helper()
	n := &shop.Notice{ID: shop.NoticeID(user, "paid", ref), UserID: user, Kind: "paid", Title: "已开通", CreatedAt: at}
	if fresh, err := s.Notices.Insert(t.Context(), n); err != nil || !fresh {
		t.Fatalf("%v, %v", fresh, err)
	}
	return n
}

func inbox(t *testing.T, s *DB, user string, unread bool) []shop.Notice {
	t.Helper()
	list, _, err := s.Notices.Of(t.Context(), user, unread, nil, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestTheSameNoticeIsPostedOnce(t *testing.T) {
	s := open(t, t.TempDir())
	n := insertNotice(t, s, "u1", "o1", logIn)
	if fresh, err := s.Notices.Insert(t.Context(), n); fresh || err != nil {
		t.Errorf("posted again: %v, %v", fresh, err)
	}
	if got := inbox(t, s, "u1", false); len(got) != 1 || got[0].Title != "已开通" || got[0].ReadAt != nil {
		t.Errorf("%+v", got)
	}
}

func TestReadingNotices(t *testing.T) {
	s := open(t, t.TempDir())
	first := insertNotice(t, s, "u1", "o1", logIn)
	insertNotice(t, s, "u1", "o2", logIn.Add(time.Second))
	insertNotice(t, s, "u1", "o3", logIn.Add(2*time.Second))
	foreign := insertNotice(t, s, "u2", "o4", logIn)

	for id, want := range map[string]error{foreign.ID: shop.ErrNoticeNotFound, "none": shop.ErrNoticeNotFound, first.ID: nil} {
		if err := s.Notices.Read(t.Context(), "u1", id, false, logIn.Add(time.Hour)); !errors.Is(err, want) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if err := s.Notices.Read(t.Context(), "u1", first.ID, false, logIn.Add(2*time.Hour)); err != nil {
		t.Error(err)
	}
	all := inbox(t, s, "u1", false)
	if last := all[2]; len(all) != 3 || last.ID != first.ID || last.ReadAt == nil || !last.ReadAt.Equal(logIn.Add(time.Hour)) {
		t.Errorf("%+v", all)
	}
	if n, err := s.Notices.CountUnread(t.Context(), "u1"); err != nil || n != 2 || len(inbox(t, s, "u1", true)) != 2 {
		t.Errorf("%d unread, %v", n, err)
	}
	if n, err := s.Notices.ReadAll(t.Context(), "u1", logIn); err != nil || n != 2 {
		t.Errorf("read %d, %v", n, err)
	}
	if n, _ := s.Notices.CountUnread(t.Context(), "u1"); n != 0 {
		t.Errorf("%d unread after all were read", n)
	}
	if n, _ := s.Notices.CountUnread(t.Context(), "u2"); n != 1 {
		t.Errorf("another user's are read: %d", n)
	}
}

func TestSettings(t *testing.T) {
	s := open(t, t.TempDir())
	var offset time.Duration
	if err := s.Settings.Get(t.Context(), "clock", &offset); !errors.Is(err, ErrNotFound) {
		t.Errorf("before: %v", err)
	}
	for _, want := range []time.Duration{time.Hour, 31 * 24 * time.Hour} {
		if err := s.Settings.Put(t.Context(), "clock", want); err != nil {
			t.Fatal(err)
		}
		if err := s.Settings.Get(t.Context(), "clock", &offset); err != nil || offset != want {
			t.Errorf("%v, %v", offset, err)
		}
	}
}

func TestDataSurvivesARestart(t *testing.T) {
	embeddedOnly(t)
	dir := t.TempDir()
	s, closeStore := openUntil(t, dir)
	insertCourses(t, s, course("go1", 100))
	token, _ := putToken(t, s, "7", "web")
	before := put(t, s, cartLine("go1", "p", 100))
	closeStore()

	s = open(t, dir)
	if _, err := s.Courses.Get(t.Context(), "go1"); err != nil {
		t.Error(err)
	}
	if _, err := s.Tokens.Authenticate(t.Context(), token, logIn); err != nil {
		t.Error(err)
	}
	after := read(t, s)
	if len(after.Lines) != 1 || after.Version < before.Version || after.Lines[0].Title != before.Lines[0].Title {
		t.Errorf("the cart is %+v, was %+v", after, before)
	}
	if ttl := s.redis.PTTL(t.Context(), redisstore.CartKey("7")).Val(); ttl < redisstore.CartTTL-2*time.Minute || ttl > redisstore.CartTTL+time.Minute {
		t.Errorf("the cart lives %v", ttl)
	}
}

func TestTheEmbeddedRedisLetsKeysExpire(t *testing.T) {
	embeddedOnly(t)
	s := open(t, t.TempDir())
	if err := s.redis.Set(t.Context(), "soon", "x", 1500*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the key is gone", func() bool { return s.redis.Exists(t.Context(), "soon").Val() == 0 })
}

func TestACopyOfTheCartsThatIsBrokenDoesNotStopTheShop(t *testing.T) {
	embeddedOnly(t)
	dir := t.TempDir()
	_, closeStore := openUntil(t, dir)
	closeStore()
	if err := os.WriteFile(dir+"/carts.json", []byte(`[{"key":"shopping`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	put(t, s, cartLine("go1", "p", 100))
}
