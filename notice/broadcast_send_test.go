package notice

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/runner"
	"mstm/shop"
	"mstm/store"
)

// clock is a shop's clock that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// newBroadcaster is a broadcaster without Redis, so that its live events reach no page.
func newBroadcaster(t *testing.T, db *store.DB) (*Broadcaster, *clock) {
	t.Helper()
	away := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { _ = away.Close() })
	c, log := &clock{now: time.Now()}, slog.New(slog.DiscardHandler)
	return NewBroadcaster(BroadcasterConfig{
		Store: BroadcasterCollectionsOf(db), Hub: hub.New(hub.Config{Redis: away, Log: log}), Now: c.read, Log: log,
	}), c
}

// endWhenShown is a context that ends once the broadcaster begins to show something live, which is after the inbox and
// before the counting.
func (b *Broadcaster) endWhenShown(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	go func() {
		if conn, err := silent.Accept(); err == nil {
			cancel()
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	redis := redis.NewClient(&redis.Options{Addr: silent.Addr().String(), MaxRetries: -1, ContextTimeoutEnabled: true, ReadTimeout: time.Second})
	t.Cleanup(func() { _ = redis.Close() })
	b.Hub = hub.New(hub.Config{Redis: redis, Log: slog.New(slog.DiscardHandler)})
	return ctx
}

// accept takes a broadcast to an audience on.
func (b *Broadcaster) accept(t *testing.T, id string, to shop.Audience) string {
	t.Helper()
	_, _, err := b.Accept(t.Context(), &shop.Broadcast{
		ID: id, Title: "活动", Body: "开始了", CreatedBy: "ann", Audience: to, Channels: []shop.BroadcastChannel{shop.ByLive, shop.ByInbox},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestACancelledBroadcastCountsItsRecipients stops broadcasts after the sender reached people
// and before it counted them: at once, and after a pause in which that was looked at.
func TestACancelledBroadcastCountsItsRecipients(t *testing.T) {
	_, db := newInbox(t)
	for _, tt := range []struct {
		id    string
		to    shop.Audience
		pause bool
	}{
		{"all", shop.Audience{Kind: shop.AudienceAll}, false},
		{"allpaused", shop.Audience{Kind: shop.AudienceAll}, true},
		{"some", shop.Audience{Kind: shop.AudienceUsers, UserIDs: []string{"lin", "ann"}}, false},
		{"somepaused", shop.Audience{Kind: shop.AudienceUsers, UserIDs: []string{"lin", "ann"}}, true},
	} {
		t.Run(tt.id, func(t *testing.T) {
			b, c := newBroadcaster(t, db)
			id := b.accept(t, tt.id, tt.to)
			ctx := b.endWhenShown(t)
			if err := b.look(ctx, id); err == nil {
				t.Fatal("the sender lived on: the test shows nothing")
			}
			if tt.pause {
				if _, err := b.Pause(t.Context(), id, "ann", ""); err != nil {
					t.Fatal(err)
				}
				c.pass(shop.BroadcastLease)
				if err := b.look(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := b.Cancel(t.Context(), id, "ann", ""); err != nil {
				t.Fatal(err)
			}
			c.pass(shop.BroadcastLease)
			if err := b.look(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			x, err := db.Broadcasts.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if got := x.Counts; got.Told != 2 || got.Inbox != 2 || x.DueAt != nil || x.Run != "" {
				t.Errorf("both have it in the inbox; counted %+v, due %v, run %q", got, x.DueAt, x.Run)
			}
		})
	}
}

// TestAnAudienceThatGrewIsConfirmedByASecondPerson schedules a broadcast to as many people as one
// person may decide about, and has the number grow before its time comes, or before it is started by
// hand.
func TestAnAudienceThatGrewIsConfirmedByASecondPerson(t *testing.T) {
	for _, byHand := range []bool{false, true} {
		_, db := newInbox(t)
		haveRole(t, db, shop.RoleMarketer, "ann", "lin")
		b, c := newBroadcaster(t, db)
		b.ConfirmAbove = 2
		later := c.now.Add(time.Hour)
		x, _, err := b.Accept(t.Context(), &shop.Broadcast{
			ID: "b", CreatedBy: "ann", Audience: shop.Audience{Kind: shop.AudienceAll}, Channels: []shop.BroadcastChannel{shop.ByInbox}, SendAt: &later,
		}, nil)
		if err != nil || x.State != shop.BroadcastScheduled {
			t.Fatalf("%+v, %v", x, err)
		}
		if err := db.Users.Insert(t.Context(), &shop.User{ID: "max", CreatedAt: c.now}); err != nil {
			t.Fatal(err)
		}
		if byHand {
			_, err = b.Start(t.Context(), "b", "ann", "", nil)
		} else {
			c.pass(time.Hour)
		}
		if err == nil {
			err = b.look(t.Context(), "b")
		}
		if err != nil {
			t.Fatal(err)
		}
		x, _ = db.Broadcasts.Get(t.Context(), "b")
		if x.State != shop.BroadcastUnconfirmed || x.Counts.Audience != 3 || x.PostedAt != nil || x.StartedAt != nil || x.DueAt != nil {
			t.Fatalf("by hand %t: to 3 people it is %+v", byHand, x)
		}
		if _, err := b.Confirm(t.Context(), "b", "lin", "", 3); err != nil {
			t.Fatal(err)
		}
		c.pass(time.Hour) // its time, also of the one that was to go before it
		if err := b.look(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		if x, _ = db.Broadcasts.Get(t.Context(), "b"); x.State != shop.BroadcastSent || x.Counts.Told != 3 {
			t.Errorf("by hand %t: confirmed it is %+v", byHand, x)
		}
	}
}

func haveRole(t *testing.T, db *store.DB, role shop.Role, ids ...string) {
	t.Helper()
	for _, id := range ids {
		give := func(*shop.User) ([]shop.Role, error) { return []shop.Role{shop.RoleLearner, role}, nil }
		if _, _, err := db.Roles.Change(t.Context(), id, store.ByOperator, give); err != nil {
			t.Fatal(err)
		}
	}
}

// TestScheduledBroadcast_MakerLostTheRole_WaitsForAnotherMarketer takes the role away before the time comes.
func TestScheduledBroadcast_MakerLostTheRole_WaitsForAnotherMarketer(t *testing.T) {
	_, db := newInbox(t)
	haveRole(t, db, shop.RoleMarketer, "ann", "lin")
	b, c := newBroadcaster(t, db)
	later := c.now.Add(time.Hour)
	_, _, err := b.Accept(t.Context(), &shop.Broadcast{
		ID: "b", CreatedBy: "ann", Audience: shop.Audience{Kind: shop.AudienceAll}, Channels: []shop.BroadcastChannel{shop.ByInbox}, SendAt: &later,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	haveRole(t, db, shop.RoleLearner, "ann")
	c.pass(time.Hour)
	if err := b.look(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	x, err := db.Broadcasts.Get(t.Context(), "b")
	if err != nil || x.State != shop.BroadcastUnconfirmed || x.Counts.Told != 0 {
		t.Fatalf("in the name of a former marketer: %+v, %v", x, err)
	}
	if _, err := b.Confirm(t.Context(), "b", "lin", "", x.Counts.Audience); err != nil {
		t.Fatal(err)
	}
	if err := b.look(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if x, err = db.Broadcasts.Get(t.Context(), "b"); err != nil || x.State != shop.BroadcastSent {
		t.Errorf("confirmed by another marketer: %+v, %v", x, err)
	}
}

// TestASenderWithoutRecipientsForLongKeepsItsBroadcast lets the broadcast's own time run out while its
// sender passes many users outside the audience: the lease of the wakeup says that it lives.
func TestASenderWithoutRecipientsForLongKeepsItsBroadcast(t *testing.T) {
	_, db := newInbox(t)
	b, c := newBroadcaster(t, db)
	other := runner.NewWakeups(runner.WakeupsConfig{Queue: db.Wakeups, By: "other", Now: c.read, Log: b.Log})
	other.Handle(b.Wakeups())
	id := b.accept(t, "long", shop.Audience{Kind: shop.AudienceAll})
	w, err := db.Wakeups.Get(t.Context(), shop.WakeupID(shop.WakeBroadcast, id))
	if err != nil {
		t.Fatal(err)
	}
	if won, err := db.Wakeups.Take(t.Context(), w, "sender", time.Now().Add(time.Hour)); !won || err != nil {
		t.Fatal(won, err)
	}
	if _, err := db.Broadcasts.ChangeHeld(t.Context(), id, func(x *shop.Broadcast) error { return x.Take("r1", c.read()) }); err != nil {
		t.Fatal(err)
	}
	state := func() *shop.Broadcast {
		if err := other.LookOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		x, err := db.Broadcasts.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	c.pass(40 * 24 * time.Hour)
	if x := state(); x.Run != "r1" {
		t.Fatalf("another took it: %+v", x)
	}
	if mine, err := db.Wakeups.Renew(t.Context(), w.ID, "sender", time.Now()); !mine || err != nil { // its last word
		t.Fatal(mine, err)
	}
	if x := state(); x.State != shop.BroadcastSent {
		t.Errorf("no sender takes its place: %+v", x)
	}
}

// TestBroadcast_StartedWhileAnotherLooks_IsSentNow starts a scheduled broadcast while another instance looks at
// it too early: the look must not put the start off.
func TestBroadcast_StartedWhileAnotherLooks_IsSentNow(t *testing.T) {
	_, db := newInbox(t)
	haveRole(t, db, shop.RoleMarketer, "ann")
	b, c := newBroadcaster(t, db)
	later := c.now.Add(time.Hour)
	_, _, err := b.Accept(t.Context(), &shop.Broadcast{
		ID: "b", CreatedBy: "ann", Audience: shop.Audience{Kind: shop.AudienceAll}, Channels: []shop.BroadcastChannel{shop.ByInbox}, SendAt: &later,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rested := false
	_, err = db.Broadcasts.Change(t.Context(), "b", func(x *shop.Broadcast) error {
		if !rested { // between the read and the write of the start
			rested = true
			w, err := db.Wakeups.Get(t.Context(), shop.WakeupID(shop.WakeBroadcast, "b"))
			if err != nil {
				return err
			}
			if settled, err := db.Broadcasts.Rest(t.Context(), *w); !settled || err != nil {
				t.Errorf("the look is over: %t, %v", settled, err)
			}
		}
		_, err := x.Start("ann", c.read())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	due, err := db.Wakeups.Due(t.Context(), c.read(), time.Now(), 10)
	if err != nil || len(due) != 1 {
		t.Errorf("due now: %+v, %v", due, err)
	}
}
