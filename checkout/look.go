package checkout

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

// look is one look at an order. It carries the order from step to step, so that the order is
// read once and again only where another writer was first (see store.Orders.ChangeFrom).
type look struct {
	*Driver
	order  *shop.Order  // as it was last read or written here; nil: to be read
	wakeup *shop.Wakeup // read or written before order; nil: there is none
	done   []dutyDone   // of order, and not noted in it yet
	wrote  bool         // order is as this look has written it
	fresh  bool         // order was read, and nothing was done since
	free   bool         // what order held is released

	taken   *shop.Wakeup // the row as this instance has just taken it; nil: it is to be read
	by      string       // the instance, if it has the row's lease for this look
	settled bool         // the row is rescheduled or gone
}

// dutyDone is how a duty went. The next write of the order notes it, whatever else it writes:
// a process that dies before has the duty done twice, which every duty bears.
type dutyDone struct {
	duty shop.DutyName
	owed int   // how often it had come to be owed
	err  error // nil: it is done
}

// waits reports whether a duty could not be done only because a refund is under way, which ends
// by itself.
func (d dutyDone) waits() bool { return errors.Is(d.err, shop.ErrRefundUnderWay) }

func (l *look) run(ctx context.Context, orderID string) error {
	for range stepsMost {
		if l.order == nil {
			if err := l.read(ctx, orderID); errors.Is(err, shop.ErrOrderNotFound) {
				l.settled, err = l.giveUp(ctx, l.wakeup)
				return err
			} else if err != nil {
				return err
			}
		}
		stepped, err := l.step(ctx)
		if err != nil {
			return err
		}
		if !stepped {
			l.settled, err = l.putAway(ctx)
			return err
		}
	}
	return nil
}

// read reads the wakeup before the order: if the order changes after it was read here, the
// process that changed it has touched the wakeup, which then is not put away.
func (l *look) read(ctx context.Context, orderID string) (err error) {
	l.wrote, l.free = false, false
	if l.wakeup, l.taken = l.taken, nil; l.wakeup == nil {
		if l.wakeup, err = l.readWakeup(ctx, orderID); err != nil {
			return err
		}
	}
	l.order, err = l.orders.Get(ctx, orderID)
	l.fresh = true
	return err
}

// readWakeup is the order's wakeup, nil where there is none. A lease in it that is not this look's stays when
// the look ends.
func (l *look) readWakeup(ctx context.Context, orderID string) (*shop.Wakeup, error) {
	w, err := l.wakeups.Get(ctx, orderID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err == nil && w.By != l.by {
		w.By = ""
	}
	return w, err
}

// forget has the order read again before the next step.
func (l *look) forget() { l.order = nil }

// step does the first thing that is due for the order and reports whether there was one.
// Every step either moves the order or puts off the next try, so steps come to an end.
func (l *look) step(ctx context.Context) (bool, error) {
	o, now := l.order, l.now()
	duty, owes := l.nextDuty()
	switch {
	case owes && (l.fresh || !follows(duty)):
		return true, l.perform(ctx, duty)
	case owes, len(l.done) > 0:
		err := l.note(ctx)
		if owes {
			l.forget()
		}
		return true, err
	}
	var err error
	switch r, closes, asks := o.RefundBook().Due(now), o.CloseDue(now), o.AskDue(now); {
	case r != nil:
		err = l.weChatRefunds.drive(ctx, o, r)
	case o.State == shop.OrderPending && !now.Before(o.ExpiresAt):
		err = l.closing.expire(ctx, o.ID)
	case o.State == shop.OrderClosing && o.OpenAttempt() == nil:
		err = l.closing.closed(ctx, o.ID)
	case closes != nil:
		err = calmly(l.attempts.close(ctx, o, closes))
	case asks != nil:
		_, err = l.attempts.ask(ctx, o, asks)
		err = calmly(err)
	default:
		return false, nil
	}
	l.forget()
	return true, err
}

// calmly takes WeChat's being busy for what it is: the attempt has noted that it was asked.
func calmly(err error) error {
	if errors.Is(err, shop.ErrPayChannelBusy) && !errors.Is(err, shop.ErrUnavailable) {
		return nil
	}
	return err
}

// nextDuty is the first duty that is due and was not done in this look.
func (l *look) nextDuty() (shop.DutyName, bool) {
	done := make([]shop.DutyName, 0, len(l.done))
	for _, d := range l.done {
		done = append(done, d.duty)
	}
	return l.order.NextDuty(l.now(), done...)
}

// follows reports whether a duty brings grants to what the order says: by an order that was read
// long before, it could undo what another look at the order has brought them to since.
func follows(duty shop.DutyName) bool { return duty == shop.DutyFreeze || duty == shop.DutyRevoke }

// perform does a duty and keeps how it went, to be noted. Where the context has ended nothing is
// known of the duty: it stays owed.
func (l *look) perform(ctx context.Context, duty shop.DutyName) error {
	l.fresh = false
	owed := l.order.Duties[duty].Owed
	err := l.do(ctx, duty)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		l.log.WarnContext(ctx, "duty not done", "order", l.order.ID, "duty", duty, "err", err)
	}
	l.done = append(l.done, dutyDone{duty, owed, err})
	return nil
}

// change changes the order, and notes in the same write how duties went.
func (l *look) change(ctx context.Context, change func(*shop.Order) error) error {
	o, wrote, err := l.orders.ChangeFrom(ctx, l.order, func(o *shop.Order) error {
		noted := false
		for _, d := range l.done {
			noted = l.noteDuty(ctx, o, d) || noted
		}
		after := o.Clone()
		err := change(after)
		switch {
		case err == nil:
			*o = *after
		case noted && errors.Is(err, store.Unchanged()):
			return nil // what went well is written; what change tried is not
		}
		return err
	})
	if err != nil {
		return err
	}
	l.wrote = wrote || l.wrote && o.V == l.order.V
	l.order, l.done = o, nil
	return nil
}

// note notes how duties went.
func (l *look) note(ctx context.Context) error {
	return l.change(ctx, func(*shop.Order) error { return store.Unchanged() })
}

// noteDuty notes in an order how a duty went, and reports whether that is new to it.
func (l *look) noteDuty(ctx context.Context, o *shop.Order, did dutyDone) bool {
	d := o.Duties[did.duty]
	if d == nil || d.Done {
		return false
	}
	if did.err == nil {
		o.DutyDone(did.duty, did.owed)
		return d.Done
	}
	if did.waits() {
		o.DutyWaits(did.duty, cause(did.err), l.now().Add(waitForRefund))
		return true
	}
	o.DutyFailed(did.duty, cause(did.err), l.now())
	if d.Tries == shop.AlarmAfterTries && !errors.Is(did.err, shop.ErrUnavailable) { // an outage heals by itself
		l.alarm(ctx, "a duty keeps failing", "order", o.ID, "duty", did.duty, "err", did.err)
	}
	return true
}

// cause is an error as an order may keep it: its code, or that it has none.
func cause(err error) string {
	if code := shop.CodeOf(err); code != "" {
		return code
	}
	return "INTERNAL"
}

// putAway notes when the order is looked at next, or lets it rest. settled reports that the look's wakeup is
// rescheduled or gone.
func (l *look) putAway(ctx context.Context) (settled bool, err error) {
	o := l.order
	at, more := o.NextLook()
	switch {
	case more && l.wakeup != nil:
		return l.wakeups.Reschedule(ctx, *l.wakeup, at)
	case more:
		return false, l.wakeups.Schedule(ctx, o.ID, at)
	case l.wakeup == nil:
		return false, nil
	}
	if err := l.release(ctx); err != nil {
		return false, err
	}
	if err := l.audit.AddOrder(ctx, o); err != nil {
		return false, err
	}
	if err := l.figures.EnqueueOrder(ctx, o); err != nil {
		return false, err
	}
	if l.wrote {
		return l.wakeups.Remove(ctx, *l.wakeup)
	}
	return l.wakeups.Done(ctx, o, *l.wakeup)
}

// release gives up what the order holds, once in a look.
func (l *look) release(ctx context.Context) error {
	if l.free {
		return nil
	}
	err := l.claims.releaseOrder(ctx, l.order)
	l.free = err == nil && !l.order.Opens()
	return err
}
