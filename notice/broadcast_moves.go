package notice

import (
	"context"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// Confirm, Start, Pause and Cancel move a broadcast as the methods of shop.Broadcast do, each
// in one conditional write. by is the acting user; key is the request's idempotency key, "" for
// none: one key moves it once.
func (b *Broadcaster) Confirm(ctx context.Context, id, by, key string, audience int64) (BroadcastReport, error) {
	return b.move(ctx, id, key, func(x *shop.Broadcast) (bool, error) { return true, x.Confirm(by, audience, b.Now()) })
}

// Start sends a scheduled broadcast now, or goes on with a paused one. mayAsk refuses to start one that goes to so many
// people that a second person had to confirm it.
func (b *Broadcaster) Start(ctx context.Context, id, by, key string, mayAsk func() error) (BroadcastReport, error) {
	x, err := b.Store.Broadcasts.Get(ctx, id)
	if err != nil {
		return BroadcastReport{}, err
	}
	if b.NeedsConfirmation(x.Counts.Audience) && mayAsk != nil {
		if err := mayAsk(); err != nil {
			return BroadcastReport{}, err
		}
	}
	return b.move(ctx, id, key, func(x *shop.Broadcast) (bool, error) { return x.Start(by, b.Now()) })
}

// Pause holds a broadcast; its sender stops after the present batch.
func (b *Broadcaster) Pause(ctx context.Context, id, by, key string) (BroadcastReport, error) {
	return b.move(ctx, id, key, func(x *shop.Broadcast) (bool, error) { return x.Pause(by, b.Now()) })
}

// Cancel ends a broadcast; its sender stops after the present batch.
func (b *Broadcaster) Cancel(ctx context.Context, id, by, key string) (BroadcastReport, error) {
	return b.move(ctx, id, key, func(x *shop.Broadcast) (bool, error) { return x.Cancel(by, b.Now()) })
}

// move makes a move and reports on the broadcast. Counts grow for a moment after a pause or a cancel, by the people that
// the sender was at.
func (b *Broadcaster) move(ctx context.Context, id, key string, move func(*shop.Broadcast) (changed bool, err error)) (BroadcastReport, error) {
	moved := false
	x, err := b.Store.Broadcasts.Change(ctx, id, func(x *shop.Broadcast) error {
		var err error
		if moved, err = x.Under(key, func() (bool, error) { return move(x) }); err == nil && !moved {
			return store.Unchanged()
		}
		return err
	})
	if err != nil {
		return BroadcastReport{}, err
	}
	if moved {
		b.moved(ctx, x)
	}
	return b.report(ctx, x)
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
