package checkout

import (
	"context"
	"errors"
	"fmt"

	"mstm/shop"
	"mstm/store"
)

// do does one duty of the order. Each can be done again without harm.
func (l *look) do(ctx context.Context, duty shop.DutyName) error {
	o := l.order
	switch duty {
	case shop.DutyAnnouncePaid:
		return errors.Join(l.news.announceOrder(ctx, o), l.news.webhooks.OrderPaid(ctx, o))
	case shop.DutyAnnounceClosed, shop.DutyAnnounceException:
		return l.news.announceOrder(ctx, o)
	case shop.DutyEnrol:
		return l.enrol(ctx)
	case shop.DutyBuyer:
		return l.checkBuyer(ctx)
	case shop.DutyCart:
		return l.news.clearCart(ctx, o)
	case shop.DutyCount:
		return l.grants.countLearners(ctx, o)
	case shop.DutyTell:
		return errors.Join(l.news.announceOrder(ctx, o), l.news.teller.OrderFulfilled(ctx, o))
	case shop.DutyRefundRefused:
		return l.refundRefused(ctx)
	case shop.DutyRefundNeedless:
		return l.refunds.refundNeedless(ctx, o)
	case shop.DutyFreeze:
		return errors.Join(l.news.announceOrder(ctx, o), l.follow(ctx, duty))
	case shop.DutyRevoke:
		return l.follow(ctx, duty)
	case shop.DutyTellRefunded:
		return errors.Join(l.news.postRefunded(ctx, o), l.news.webhooks.OrderRefunded(ctx, o))
	case shop.DutyTellPaidBack:
		return l.news.postPaidBack(ctx, o)
	case shop.DutyTellClosing:
		return l.closing.remindClosing(ctx, o)
	}
	return fmt.Errorf("no such duty: %s", duty)
}

// enrol grants every line and then moves the order on (M5). What each line came to is
// written together with the move; until then granting again finds the grants there.
func (l *look) enrol(ctx context.Context) error {
	o := l.order
	gone, err := l.buyers.gone(ctx, o.UserID)
	if err != nil {
		return err
	}
	if gone {
		if err := l.buyers.reportGone(ctx, o, ""); err != nil {
			return err
		}
	}
	refusals := map[string]*shop.Error{}
	for _, line := range o.Lines {
		if refusals[line.CourseID], err = l.grants.grant(ctx, o, line, gone); err != nil {
			return fmt.Errorf("grant course %s: %w", line.CourseID, err)
		}
	}
	err = l.change(ctx, func(o *shop.Order) error {
		o.BuyerGone = o.BuyerGone || gone
		for i := range o.Lines {
			o.Lines[i].Came(refusals[o.Lines[i].CourseID])
		}
		if !o.Fulfil(l.now()) {
			return store.Unchanged()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.release(ctx)
}

// checkBuyer begins the refund of an order if its buyer's account was deleted before the grants
// stood.
func (l *look) checkBuyer(ctx context.Context) error {
	gone, err := l.buyers.gone(ctx, l.order.UserID)
	if err != nil || !gone {
		return err
	}
	if err := l.buyers.reportGone(ctx, l.order, ""); err != nil {
		return err
	}
	return l.change(ctx, func(o *shop.Order) error {
		if !o.RefundBook().LoseBuyer(l.now()) {
			return store.Unchanged()
		}
		return nil
	})
}

// refundRefused pays back the lines that could not be granted.
func (l *look) refundRefused(ctx context.Context) error {
	return l.change(ctx, func(o *shop.Order) error {
		if !o.RefundBook().RefundRefused(l.now()) {
			return store.Unchanged()
		}
		return nil
	})
}

// follow brings the grants of an order to what its refunds make of them (frozen, revoked,
// so much paid back), and publishes those that changed to the learner's pages. It looks at the
// order alone, so doing it late or twice ends in the same.
//
// For DutyFreeze each enrolment gets a new version even where nothing changes. A process that
// read the grants before, and comes to freeze them only after the order has done this duty,
// is refused by that version; otherwise it could freeze a grant, die, and leave a grant frozen
// that nothing looks at any more.
func (l *look) follow(ctx context.Context, duty shop.DutyName) error {
	if err := l.endFreezing(ctx); err != nil {
		return err
	}
	o := l.order
	for _, line := range o.Lines {
		if line.Result != shop.LineGranted {
			continue
		}
		if err := l.grants.follow(ctx, o.ID, o.UserID, line.CourseID, duty); err != nil {
			return fmt.Errorf("grant of course %s follows its refund: %w", line.CourseID, err)
		}
	}
	return nil
}

// endFreezing makes a call that froze the order's grants, and has not written its refund yet,
// decide again: it may be dead, and its grants are thawed now.
func (l *look) endFreezing(ctx context.Context) error {
	if l.order.FreezeBy == "" {
		return nil
	}
	return l.change(ctx, func(o *shop.Order) error {
		if o.FreezeBy == "" {
			return store.Unchanged()
		}
		o.FreezeBy = ""
		return nil
	})
}
