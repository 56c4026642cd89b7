package notice

import (
	"context"
	"time"

	"mstm/shop"
)

// BroadcastReport is a broadcast with what came of it so far.
type BroadcastReport struct {
	*shop.Broadcast
	Sent   shop.MessageCounts // what became of its WeChat messages
	Funnel *shop.Funnel       // nil where it was not asked for

	Reasons []shop.MessageReason // why WeChat messages did not go; with the funnel
}

// Report is a broadcast with all that came of it so far.
func (b *Broadcaster) Report(ctx context.Context, id string) (BroadcastReport, error) {
	x, err := b.Store.Broadcasts.Get(ctx, id)
	if err != nil {
		return BroadcastReport{}, err
	}
	f, err := b.Funnel(ctx, x)
	if err != nil {
		return BroadcastReport{}, err
	}
	r, err := b.report(ctx, x)
	if err != nil {
		return BroadcastReport{}, err
	}
	r.Funnel = f
	r.Reasons, err = b.Store.reasons(ctx, x, r.Sent)
	return r, err
}

// reasons are why WeChat messages of a broadcast did not go. sent is what became of all.
func (c BroadcasterCollections) reasons(ctx context.Context, x *shop.Broadcast, sent shop.MessageCounts) ([]shop.MessageReason, error) {
	if sent.Failed == 0 && sent.Skipped == 0 {
		return nil, nil
	}
	failed, err := c.Deliveries.CountCodes(ctx, x.ID, shop.DeliveryFailed)
	if err != nil {
		return nil, err
	}
	skipped, err := c.Deliveries.CountCodes(ctx, x.ID, shop.DeliverySkipped)
	return shop.MessageReasons(sent, failed, skipped), err
}

// Page lists the broadcasts in a state, or all where it is "", newest first, without their funnels, and the cursor of the
// next page, "" on the last.
func (b *Broadcaster) Page(ctx context.Context, state shop.BroadcastState, limit int, cursor string) (items []BroadcastReport, next string, err error) {
	if state != "" && !state.Valid() {
		return nil, "", shop.ErrInvalidQuery.At("state")
	}
	all, next, err := b.Store.Broadcasts.Page(ctx, state, limit, cursor)
	if err != nil {
		return nil, "", err
	}
	for i := range all {
		r, err := b.report(ctx, &all[i])
		if err != nil {
			return nil, "", err
		}
		items = append(items, r)
	}
	return items, next, nil
}

func (b *Broadcaster) report(ctx context.Context, x *shop.Broadcast) (BroadcastReport, error) {
	sent, err := b.Messages(ctx, x)
	return BroadcastReport{Broadcast: x, Sent: sent}, err
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
