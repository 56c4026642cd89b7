package storefront

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/shop/front"
	"mstm/store"
	"mstm/store/storetest"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// announcer is a front page whose events are kept, each key once, as the hub does for all instances.
type announcer struct {
	t    *testing.T
	db   *store.DB
	now  time.Time
	down bool // the hub takes nothing
	keys []string
}

func newAnnouncer(t *testing.T) *announcer {
	t.Helper()
	a := &announcer{t: t, db: storetest.Open(t), now: noon}
	c := &shop.Course{ID: "go1", State: shop.CourseOnSale, Versions: []shop.PolicyVersion{{Version: 1}}}
	if _, err := a.db.Courses.Insert(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return a
}

// instance is one process of the shop.
func (a *announcer) instance() *Front {
	return NewFront(FrontConfig{
		Rows: a.db.Front, Catalogue: a.db.Catalogue, Media: a.db.Media, Now: func() time.Time { return a.now }, Log: slog.New(slog.DiscardHandler),
		Publish: func(_ context.Context, e hub.Event) (string, error) {
			if a.down {
				return "", errors.New("no Redis")
			}
			for _, k := range a.keys {
				if k == e.Once {
					return "", nil
				}
			}
			a.keys = append(a.keys, e.Once)
			return "", nil
		},
	})
}

func (a *announcer) looks(all ...*Front) {
	a.t.Helper()
	for _, f := range all {
		if err := f.Announce(a.t.Context()); err != nil && !a.down {
			a.t.Fatal(err)
		}
	}
}

func (a *announcer) heard(want ...string) {
	a.t.Helper()
	if got := strings.Join(a.keys, " "); got != strings.Join(want, " ") {
		a.t.Errorf("published %q, want %q", got, want)
	}
}

// writes puts an edition into the store as an editor's process does that dies before it publishes anything.
func (a *announcer) writes(banners ...front.Banner) {
	a.t.Helper()
	last, err := a.db.Front.Read(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	next := &front.Front{V: last.V + 1, Banners: banners, By: "edith", At: a.now}
	if err := a.db.Front.Put(a.t.Context(), last, next); err != nil {
		a.t.Fatal(err)
	}
}

func TestAnnounce_EditionOnTwoInstances_IsPublishedOnce(t *testing.T) {
	a := newAnnouncer(t)
	first, second := a.instance(), a.instance()
	a.looks(first, second)
	a.heard()
	_, err := first.Edit(t.Context(), "edith", func(e *front.Edit) (*int64, error) {
		e.Rows = []front.Row{{Title: "r", Courses: []string{"go1"}}}
		return new(int64), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	a.heard("front:1")
	a.looks(second, first, second)
	a.heard("front:1")
}

func TestAnnounce_EditorDiesAfterTheWrite_AnotherInstancePublishes(t *testing.T) {
	a := newAnnouncer(t)
	other := a.instance()
	a.looks(other)
	a.writes()
	a.looks(other)
	a.heard("front:1")

	a.keys = nil
	a.writes()
	a.down = true
	a.looks(other)
	a.down = false
	a.heard()
	a.looks(a.instance()) // the next start
	a.looks(other)
	a.heard("front:2")

	a.keys, a.now = nil, a.now.Add(48*time.Hour)
	a.looks(a.instance()) // a start long after
	a.heard()
}

func TestAnnounce_BannersTimes_ArePublishedAsTheyCome(t *testing.T) {
	a := newAnnouncer(t)
	from, until := noon.Add(time.Hour), noon.Add(2*time.Hour)
	a.writes(front.Banner{Picture: "p1", Title: "a", From: &from, Until: &until})
	first, second := a.instance(), a.instance()
	titles := func() int {
		s, err := first.Shown(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(s.Banners)
	}
	a.looks(first, second)
	a.heard("front:1")
	before := titles()
	a.now = from
	a.looks(first, second, first)
	a.heard("front:1", fmt.Sprintf("front:1:%d", from.Unix()))
	during := titles()
	a.now = until.Add(time.Minute)
	a.looks(second, first)
	a.heard("front:1", fmt.Sprintf("front:1:%d", from.Unix()), fmt.Sprintf("front:1:%d", until.Unix()))
	if after := titles(); before != 0 || during != 1 || after != 0 {
		t.Errorf("%d, %d, %d banners are shown", before, during, after)
	}
}

func TestShown_NothingChanged_IsTheSame(t *testing.T) {
	a := newAnnouncer(t)
	f := a.instance()
	first, err := f.Shown(t.Context())
	if err != nil || !first.IsEmpty() {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := f.Shown(t.Context()); err != nil || again != first {
		t.Errorf("the same page is made again, %v", err)
	}
	a.writes()
	if now, err := f.Shown(t.Context()); err != nil || now == first || now.V != 1 {
		t.Errorf("another edition shows %+v, %v", now, err)
	}
}
