package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// BroadcasterConfig is what a Broadcaster works with. All of it is needed but what says
// otherwise.
type BroadcasterConfig struct {
	Store BroadcasterCollections
	Hub   *hub.Hub
	Now   func() time.Time // the shop's clock
	Log   *slog.Logger

	WeChatSender *WeChatSender // sends WeChat messages; nil: there are none
	Wake         func()        // optional: has this instance look at what is due now
	// ConfirmAbove is how many people a broadcast may go to without the confirmation of a second
	// person; 0: any number.
	ConfirmAbove int64
}

// Broadcaster accepts broadcasts and sends them. One runs on every instance.
type Broadcaster struct {
	BroadcasterConfig
}

// NewBroadcaster is a Broadcaster.
func NewBroadcaster(cfg BroadcasterConfig) *Broadcaster {
	return &Broadcaster{cfg}
}

// Count is how many people an audience has now. A broadcast to all counts the accounts, those that
// want no activities among them.
func (b *Broadcaster) Count(ctx context.Context, a shop.Audience) (int64, error) {
	if err := b.check(ctx, a); err != nil {
		return 0, err
	}
	switch a.Kind {
	case shop.AudienceAll:
		return b.Store.Users.Count(ctx)
	case shop.AudienceOnline:
		online, err := b.Hub.OnlineUsers(ctx)
		if err != nil {
			err = fmt.Errorf("%w: %w", shop.ErrHubUnavailable, err)
		}
		return int64(len(online)), err
	case shop.AudienceUsers:
		return b.countListed(ctx, a.UserIDs)
	}
	var n int64
	err := b.Store.Audiences.Each(ctx, a, "", "", b.Now(), func(string) error { n++; return nil })
	return n, err
}

// countListed is how many of the users there are.
func (b *Broadcaster) countListed(ctx context.Context, userIDs []string) (n int64, err error) {
	for ids := range slices.Chunk(userIDs, batchSize) {
		there, err := b.Store.Users.Living(ctx, ids)
		if err != nil {
			return 0, err
		}
		n += int64(len(there))
	}
	return n, nil
}

// check refuses an audience of a course or a category that does not exist.
func (b *Broadcaster) check(ctx context.Context, a shop.Audience) error {
	if a.CourseID == "" && a.CategoryID == "" {
		return nil
	}
	all, err := b.Store.Catalogue.Get(ctx)
	if err != nil {
		return err
	}
	if _, ok := all.Course(a.CourseID); a.CourseID != "" && !ok {
		return shop.ErrCourseNotFound.At("audience.course_id")
	}
	known := func(c shop.Category) bool { return c.ID == a.CategoryID }
	if a.CategoryID != "" && !slices.ContainsFunc(all.Categories(), known) {
		return shop.ErrCategoryNotFound.At("audience.category_id")
	}
	return nil
}

// NeedsConfirmation reports whether a broadcast to so many people waits for a second person.
func (b *Broadcaster) NeedsConfirmation(people int64) bool {
	return b.ConfirmAbove > 0 && people > b.ConfirmAbove
}

// Accept takes a new broadcast on, under the id that it has: a repeat of the same request is
// answered with what became of the first, and another under the same id is
// shop.ErrIdempotencyMismatch. Sending begins at once, or at its time, or when a second person
// has confirmed it; mayAsk refuses to put such a one before that person. fresh is false for a repeat.
func (b *Broadcaster) Accept(ctx context.Context, new *shop.Broadcast, mayAsk func() error) (accepted *shop.Broadcast, fresh bool, err error) {
	if accepted, err = b.accepted(ctx, new); err != nil || accepted != nil {
		return accepted, false, err
	}
	if err := new.CheckTime(b.Now()); err != nil {
		return nil, false, err
	}
	n, err := b.Count(ctx, new.Audience)
	if err != nil {
		return nil, false, err
	}
	if n == 0 {
		return nil, false, shop.ErrAudienceEmpty.At("audience")
	}
	if b.NeedsConfirmation(n) && mayAsk != nil {
		if err := mayAsk(); err != nil {
			return nil, false, err
		}
	}
	new.Counts.Audience = n
	if err := new.Accept(b.NeedsConfirmation(n), b.Now()); err != nil {
		return nil, false, err
	}
	fresh, err = b.Store.Broadcasts.Insert(ctx, new)
	if err != nil {
		return nil, false, err
	}
	if !fresh { // the same request at the same moment
		accepted, err = b.accepted(ctx, new)
		return accepted, false, err
	}
	new.Audience.UserIDs = nil // kept apart, and not answered
	b.moved(ctx, new)
	return new, true, nil
}

// accepted is the broadcast that was accepted under new's id, nil where there is none.
func (b *Broadcaster) accepted(ctx context.Context, new *shop.Broadcast) (*shop.Broadcast, error) {
	old, err := b.Store.Broadcasts.Get(ctx, new.ID)
	if errors.Is(err, shop.ErrBroadcastNotFound) {
		return nil, nil
	}
	if err == nil && old.BodyHash != new.BodyHash {
		return nil, shop.ErrIdempotencyMismatch
	}
	return old, err
}

// Confirm, Start, Pause and Cancel move a broadcast as the methods of shop.Broadcast do, each
// in one conditional write. by is the acting user; key is the request's idempotency key, "" for
// none: one key moves it once.
func (b *Broadcaster) Confirm(ctx context.Context, id, by, key string, audience int64) (*shop.Broadcast, error) {
	return b.move(ctx, id, key, func(x *shop.Broadcast) (bool, error) { return true, x.Confirm(by, audience, b.Now()) })
}

// Start sends a scheduled broadcast now, or goes on with a paused one. mayAsk refuses to start one that goes to so many
// people that a second person had to confirm it.
func (b *Broadcaster) Start(ctx context.Context, id, by, key string, mayAsk func() error) (*shop.Broadcast, error) {
	x, err := b.Store.Broadcasts.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if b.NeedsConfirmation(x.Counts.Audience) && mayAsk != nil {
		if err := mayAsk(); err != nil {
			return nil, err
		}
	}
	return b.move(ctx, id, key, func(x *shop.Broadcast) (bool, error) { return x.Start(by, b.Now()) })
}

// Pause holds a broadcast; its sender stops after the present batch.
func (b *Broadcaster) Pause(ctx context.Context, id, by, key string) (*shop.Broadcast, error) {
	return b.move(ctx, id, key, func(x *shop.Broadcast) (bool, error) { return x.Pause(by, b.Now()) })
}

// Cancel ends a broadcast; its sender stops after the present batch.
func (b *Broadcaster) Cancel(ctx context.Context, id, by, key string) (*shop.Broadcast, error) {
	return b.move(ctx, id, key, func(x *shop.Broadcast) (bool, error) { return x.Cancel(by, b.Now()) })
}

func (b *Broadcaster) move(ctx context.Context, id, key string, move func(*shop.Broadcast) (changed bool, err error)) (*shop.Broadcast, error) {
	moved := false
	x, err := b.Store.Broadcasts.Change(ctx, id, func(x *shop.Broadcast) error {
		var err error
		if moved, err = x.Under(key, func() (bool, error) { return move(x) }); err == nil && !moved {
			return store.Unchanged()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if moved {
		b.moved(ctx, x)
	}
	return x, nil
}

// moved follows a move that is written: the audit row, the event for the console, and the wakeup
// of the sender.
func (b *Broadcaster) moved(ctx context.Context, x *shop.Broadcast) {
	if b.Wake != nil {
		b.Wake()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), showTime)
	defer cancel()
	if err := b.audit(ctx, x); err != nil {
		b.Log.WarnContext(ctx, "moves of a broadcast not audited yet", "broadcast", x.ID, "err", err)
	}
	b.progress(ctx, x)
}

// audit copies the broadcast's moves into the audit, where each is once. The broadcast has
// them all, so what a crash left out is copied with the next one.
func (b *Broadcaster) audit(ctx context.Context, x *shop.Broadcast) error {
	return b.Store.Audit.AddBroadcast(ctx, x)
}

// progress publishes to the console how far a broadcast is, in the shape in which REST answers it.
func (b *Broadcaster) progress(ctx context.Context, x *shop.Broadcast) {
	sent, err := b.Messages(ctx, x)
	if err == nil {
		b.showProgress(ctx, x, sent)
	}
	if err != nil {
		b.Log.WarnContext(ctx, "progress of a broadcast not shown", "broadcast", x.ID, "err", err)
	}
}

// showProgress is for consoles that look on: one that misses a word has the next, or reads the broadcast.
func (b *Broadcaster) showProgress(ctx context.Context, x *shop.Broadcast, sent shop.MessageCounts) {
	ctx = store.WithRedisBudget(ctx)
	_, err := b.Hub.Publish(ctx, hub.Event(shop.BroadcastProgress(x, sent)))
	if err != nil {
		b.Log.DebugContext(ctx, "progress of a broadcast not shown", "broadcast", x.ID, "err", err)
	}
}

// Funnel is what came of a broadcast so far.
func (b *Broadcaster) Funnel(ctx context.Context, x *shop.Broadcast) (*shop.Funnel, error) {
	if x.Funnel != nil {
		return x.Funnel, nil
	}
	f := &shop.Funnel{}
	if x.StartedAt == nil {
		return f, nil
	}
	var first, last time.Time
	read := map[string]time.Time{}
	err := b.Store.Readers.EachReading(ctx, x, func(userID string, at time.Time, clicked bool) error {
		read[userID] = at
		f.Read++
		if clicked {
			f.Clicked++
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
		return nil
	})
	if err != nil || f.Read == 0 {
		return f, err
	}
	bought := map[string]bool{}
	err = b.Store.Orders.EachPaid(ctx, first.Truncate(time.Second), last.Add(shop.BoughtWithin), func(o *shop.Order) error {
		if at, ok := read[o.UserID]; ok && x.Brought(o, at) {
			bought[o.UserID] = true
		}
		return nil
	})
	f.Bought = int64(len(bought))
	return f, err
}

// Messages counts what became of a broadcast's WeChat messages.
func (b *Broadcaster) Messages(ctx context.Context, x *shop.Broadcast) (c shop.MessageCounts, err error) {
	if !x.By(shop.ByWeChat) || x.StartedAt == nil {
		return c, nil
	}
	counts, err := b.Store.Deliveries.Count(ctx, x.ID)
	return x.CountMessages(counts), err
}
