package notice

import (
	"context"
	"time"

	"mstm/shop"
)

// heldFor is how long the messages of a paused broadcast are left alone before the next look.
const heldFor = 10 * time.Second

// halted sees to a message that is not to be sent any more, or not now, and reports whether it is
// one. It is looked at before every try, for WeChat may have been away for hours since the last.
func (c *WeChatSender) halted(ctx context.Context, d shop.Delivery) (bool, error) {
	switch {
	case d.Broadcast != "":
		return c.stopped(ctx, d)
	case d.Kind == shop.NoticeOrderClosing:
		return c.over(ctx, d)
	}
	return false, nil
}

// stopped reports whether the message's broadcast was stopped: a cancelled broadcast's message is
// skipped, a paused one's waits.
func (c *WeChatSender) stopped(ctx context.Context, d shop.Delivery) (bool, error) {
	b, err := c.Store.Broadcasts.Get(ctx, d.Broadcast)
	switch {
	case err != nil:
		return true, c.putOff(ctx, d, c.Now().Add(firstPause), err)
	case b.State == shop.BroadcastPaused:
		return true, c.putOff(ctx, d, c.Now().Add(heldFor), nil)
	case b.State == shop.BroadcastCancelled:
		return true, c.drop(ctx, d, shop.SkipCancelled)
	}
	return false, nil
}

// over drops the word that an order is about to close where the buyer has paid or cancelled it
// since, or it has closed.
func (c *WeChatSender) over(ctx context.Context, d shop.Delivery) (bool, error) {
	o, err := c.Store.Orders.Get(ctx, d.Ref)
	switch {
	case err != nil:
		return true, c.putOff(ctx, d, c.Now().Add(firstPause), err)
	case o.State != shop.OrderPending || !c.Now().Before(o.ExpiresAt):
		return true, c.drop(ctx, d, shop.SkipOver)
	}
	return false, nil
}

// drop ends a message that is not to be sent any more. WeChat may have it from an earlier try; it is
// not asked again to find out.
func (c *WeChatSender) drop(ctx context.Context, d shop.Delivery, why string) error {
	if d.AskedAt != nil {
		return c.finish(ctx, d, shop.DeliveryFailed, shop.FailedUnknown)
	}
	return c.finish(ctx, d, shop.DeliverySkipped, why)
}
