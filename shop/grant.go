package shop

import (
	"fmt"
	"slices"
	"time"
)

// StateAt is the state that people see: the stored one, with a live grant split by the time into
// scheduled, active and expired.
func (g Grant) StateAt(now time.Time) GrantState {
	switch {
	case g.State != GrantLive:
		return g.State
	case now.Before(g.From):
		return GrantScheduled
	case g.Until == nil || now.Before(*g.Until):
		return GrantActive
	}
	return GrantExpired
}

// cash is what was really paid for the grant and has not gone back, in fen.
func (g Grant) cash() Fen { return max(0, g.Paid-g.Refunded) }

// scheduled reports whether g is a period, bought and not undone, that has not begun.
func (g Grant) scheduled(now time.Time) bool {
	return g.State != GrantRevoked && now.Before(g.From)
}

// Add grants one paid line of an order. It is idempotent by the order: a repeat returns the
// existing grant in its present state and changes nothing. version is the course's current
// version, which the holder is promised from now on; paid is the line's cash in fen; free says
// that the list price is 0.
//
// A line that is of no use to the learner any more is refused, to be paid back: ErrAlreadyOwned,
// ErrTrialUsed, ErrStageAlreadyUsed, ErrStageNotEligible (the stage before it was refunded after
// the placing), ErrPriceChanged (the money of its credit was), or ErrRefundUnderWay. That the
// course went off sale, the policy was retired, or a lapse or another period got in the way after
// the order was placed is no reason: the money was taken while it was allowed.
func (e *Enrolment) Add(orderID string, line OrderLine, version int, paid Fen, free bool, now time.Time) (Grant, error) {
	if g, ok := e.Grant(orderID); ok {
		return g, nil
	}
	if err := e.unwanted(line, now); err != nil {
		return Grant{}, err
	}
	g := Grant{
		OrderID: orderID, PolicyID: line.PolicyID, Kind: line.Kind, Stage: line.Stage, Version: version,
		Free: free, Paid: paid, CreditOrders: line.CreditOrders, From: now.UTC(), State: GrantLive, At: now.UTC(),
	}
	switch {
	case line.Kind == KindLifetime:
	case line.Until != nil:
		g.From, _ = e.next(now)
		until := line.Until.UTC()
		g.Until, g.Run = &until, runEnding(until)
	default:
		if line.Period == nil {
			return Grant{}, fmt.Errorf("grant order %s: the line has no period", orderID)
		}
		g.From, g.Run = e.next(now)
		g.Run = g.Run.Extend(*line.Period)
		until := g.Run.Until()
		g.Until = &until
	}
	e.Grants = append(e.Grants, g)
	return g, nil
}

// Withhold keeps one line of an order from being granted, for good: what was granted of it
// is undone, and a try to grant it that is under way elsewhere finds a revoked grant. It is
// no trial and no stage that was had.
func (e *Enrolment) Withhold(orderID string, line OrderLine, now time.Time) bool {
	if _, there := e.Grant(orderID); there {
		return e.Revoke(orderID)
	}
	e.Grants = append(e.Grants, Grant{
		OrderID: orderID, PolicyID: line.PolicyID, Kind: line.Kind, Stage: line.Stage, Version: line.Version,
		From: now.UTC(), State: GrantRevoked, At: now.UTC(),
	})
	return true
}

// After are the orders whose grants came after this order's and still stand, newest first.
func (e *Enrolment) After(orderID string) (orders []string) {
	live := e.Live()
	for i := len(live) - 1; i >= 0 && live[i].OrderID != orderID; i-- {
		orders = append(orders, live[i].OrderID)
	}
	return orders
}

// WithoutRefunding is the enrolment without the grants of other orders whose refund is under way. Finance
// needs it to refund an order's stage together with the stages after it.
func (e *Enrolment) WithoutRefunding(orderID string) *Enrolment {
	if e == nil {
		return nil
	}
	c := *e
	c.Grants = slices.DeleteFunc(slices.Clone(e.Grants), func(g Grant) bool { return g.State == GrantFrozen && g.OrderID != orderID })
	return &c
}

// unwanted is why a line can no longer be granted, nil where it can. That stage 1 was
// used under another account is not known here, so the holder of nothing may be granted
// stage 2: placing the order has looked.
func (e *Enrolment) unwanted(line OrderLine, now time.Time) error {
	switch had := e.StagesHad(false); {
	case e.OwnsLifetime():
		return ErrAlreadyOwned
	case line.Kind == KindLifetime && e.creditLeft(line.CreditOrders) < line.Credit:
		return ErrPriceChanged
	case line.Kind == KindLifetime:
		return nil
	case line.Until != nil:
		return e.extends(*line.Until, now)
	case line.Kind == KindStage && e.hadStage(line.Stage, false), line.Stage == 1 && e.paidEnrolment():
		return usedStage(line.Stage)
	case line.Stage > had+1 && (line.Stage != 2 || e.gaveBack(1)):
		return ErrStageNotEligible
	case e.refunding():
		return ErrRefundUnderWay
	}
	return nil
}

// MayBeGiven is why a course cannot be given by hand until then, nil for ever: ErrAlreadyOwned, ErrAccessLonger or
// ErrRefundUnderWay.
func (e *Enrolment) MayBeGiven(until *time.Time, now time.Time) error {
	switch {
	case e.OwnsLifetime():
		return ErrAlreadyOwned
	case until != nil:
		return e.extends(*until, now)
	}
	return nil
}

// extends is why access until then gives nothing more than there is.
func (e *Enrolment) extends(until, now time.Time) error {
	switch from, _ := e.next(now); {
	case !until.After(from):
		return ErrAccessLonger
	case e.refunding():
		return ErrRefundUnderWay
	}
	return nil
}

// creditLeft is the cash of the orders' stages that was not refunded and is not about to
// be, in fen.
func (e *Enrolment) creditLeft(orders []string) (sum Fen) {
	for _, id := range orders {
		if g, ok := e.Grant(id); ok && g.State == GrantLive {
			sum += g.cash()
		}
	}
	return sum
}

// next is where a period granted now begins: at the end of the current one, in the same
// run, or now in a new run if access has ended.
func (e *Enrolment) next(now time.Time) (from time.Time, run Run) {
	from, run = now.UTC(), StartRun(now)
	for _, g := range e.Live() {
		if g.Until != nil && g.Until.After(from) {
			from, run = *g.Until, g.Run
		}
	}
	return from, run
}

// Freeze stops the order's grant while its refund is under way and reports whether this
// call did it.
func (e *Enrolment) Freeze(orderID string) bool {
	return e.move(orderID, GrantFrozen, GrantLive)
}

// Unfreeze gives the order's grant back after a refund that came to nothing.
func (e *Enrolment) Unfreeze(orderID string) bool {
	return e.move(orderID, GrantLive, GrantFrozen)
}

// Revoke undoes the order's grant for good. The others keep their times: what comes after
// it never moves earlier, and refunds go last in, first out.
func (e *Enrolment) Revoke(orderID string) bool {
	return e.move(orderID, GrantRevoked, GrantLive, GrantFrozen)
}

func (e *Enrolment) move(orderID string, to GrantState, from ...GrantState) bool {
	g := e.grant(orderID)
	if g == nil {
		return false
	}
	for _, s := range from {
		if g.State == s {
			g.State = to
			return true
		}
	}
	return false
}

// SetRefunded records how much of the order's grant has been paid back in all, in fen,
// without undoing it. Such money is no credit any more.
func (e *Enrolment) SetRefunded(orderID string, total Fen) bool {
	g := e.grant(orderID)
	if g == nil || g.Refunded == total {
		return false
	}
	g.Refunded = total
	return true
}
