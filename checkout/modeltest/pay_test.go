package modeltest

import (
	"errors"
	"slices"
	"time"

	"mstm/checkout"
	"mstm/shop"
)

// attempt is one way to pay that the learner has, or had.
type attempt struct {
	order *shop.Order
	shop.Attempt
}

// attempts lists them all; those that the page shows now last.
func (h *history) attempts(is func(attempt) bool) (all []attempt) {
	for _, o := range h.orders {
		for _, a := range o.Attempts {
			if x := (attempt{o, a}); is(x) {
				all = append(all, x)
			}
		}
	}
	return all
}

func (h *history) unpaid(a attempt) bool { return h.charges[a.OutTradeNo] == nil }

// payable is what the page would let the learner pay now.
func (h *history) payable(a attempt) bool {
	return h.unpaid(a) && a.order.State == shop.OrderPending && a.State == shop.AttemptReady && h.w.clock.read().Before(a.order.ExpiresAt.Add(-time.Second))
}

// payCode pays what the page shows, as a phone does, or any older code.
func payCode(h *history) func(bool) {
	ways := h.attempts(h.payable)
	if len(ways) == 0 || h.chance(20) {
		ways = h.attempts(h.unpaid)
	}
	if len(ways) == 0 {
		return order(h)
	}
	a := choose(h, ways)
	ok := h.charge(a)
	if ok {
		h.letter(a.OutTradeNo)
	} else if h.payable(a) && !h.faulty && !h.loose {
		h.fail("%s shows a code that cannot be paid", h.name(a.order.ID))
	}
	return nil
}

// charge has the phone pay and reports whether WeChat took the money.
func (h *history) charge(a attempt) bool {
	var receipt struct {
		Total shop.Fen `json:"total_fen"`
	}
	err := h.w.ask("POST", "/sandbox/pay", map[string]string{"out_trade_no": a.OutTradeNo}, &receipt)
	if err != nil {
		h.tell("pay %s (%s, %s, %s): WeChat refuses with %v", a.OutTradeNo, a.Channel, a.State, a.order.State, err)
		return false
	}
	if receipt.Total != a.Amount {
		h.fail("WeChat takes %d for %s, the shop asks for %d", receipt.Total, a.OutTradeNo, a.Amount)
	}
	h.charges[a.OutTradeNo] = &charge{order: a.order.ID, amount: receipt.Total}
	h.tally.Payments++
	if a.order.State != shop.OrderPending {
		h.tally.Late++
	}
	h.tell("pay %s (%s, %s, %s): WeChat takes %d", a.OutTradeNo, a.Channel, a.State, a.order.State, receipt.Total)
	return true
}

// letter lets the callback about a payment come at once, several times at once, or not yet.
func (h *history) letter(outTradeNo string) {
	switch n := h.rng.IntN(100); {
	case n < 50:
		h.deliver(outTradeNo, 1, false)
	case n < 70:
		h.deliver(outTradeNo, 2+h.rng.IntN(3), true)
	default:
		h.tell("its callback is lost")
	}
}

// deliver has WeChat's callback about a payment arrive, so many times.
func (h *history) deliver(outTradeNo string, times int, parallel bool) {
	var sent struct {
		Deliveries []struct{ Status int }
	}
	h.must(h.w.ask("POST", "/sandbox/callbacks/"+outTradeNo, map[string]any{"event": "payment", "count": times, "parallel": parallel}, &sent))
	h.tally.Callbacks += len(sent.Deliveries)
	h.tell("the callback about %s comes %d times: %v", outTradeNo, times, sent.Deliveries)
	for _, d := range sent.Deliveries {
		h.charges[outTradeNo].told = h.charges[outTradeNo].told || d.Status == 200
	}
}

// buy orders something and pays it.
func buy(h *history) func(bool) {
	h.try(order)
	return payCode(h)
}

// payTwice has WeChat refuse a prepay that it has done all the same, so that the order gets
// another number, and pays both.
func payTwice(h *history) func(bool) {
	h.setFaults(`{"api":[{"api":"native","status":400,"after":true,"times":1}]}`)
	h.faulty = true
	h.tell("WeChat will refuse a prepay, and do it all the same")
	r := h.newRequest()
	r.channel = shop.ChannelNative
	placing := func(h *history) func(bool) { return h.place(h.anybody(), r) }
	h.try(placing)
	h.healWeChat()
	h.try(placing)
	return h.payAll(func(a attempt) bool { return h.unpaid(a) && a.order.State == shop.OrderPending })
}

// payLate has WeChat deny a number that it knows when asked to close it, and pays it after the
// order was closed.
func payLate(h *history) func(bool) {
	h.try(order)
	h.setFaults(`{"api":[{"api":"close","status":404,"code":"ORDER_NOT_EXIST","times":3}]}`)
	h.faulty = true
	h.tell("WeChat will not close anything")
	h.try(cancel)
	h.w.clock.forward(6 * time.Minute)
	h.try(sweep)
	h.healWeChat()
	if h.chance(50) {
		h.try(order) // so that the late money finds the course taken
	}
	return h.payAll(func(a attempt) bool { return h.unpaid(a) && a.order.State == shop.OrderClosed })
}

// payAll pays whatever WeChat lets a phone pay.
func (h *history) payAll(is func(attempt) bool) func(bool) {
	for _, a := range h.attempts(is) {
		if h.charge(a) {
			h.letter(a.OutTradeNo)
		}
	}
	return func(bool) { h.wantSettled() }
}

// letterLater lets a callback come, late or again, or those of two payments the other way round.
func letterLater(h *history) func(bool) {
	ways := h.attempts(func(a attempt) bool { return !h.unpaid(a) })
	if len(ways) == 0 {
		return payCode(h)
	}
	slices.Reverse(ways)
	for _, a := range ways[:1+h.rng.IntN(len(ways))] {
		h.deliver(a.OutTradeNo, 1, false)
	}
	return func(bool) { h.wantSettled() }
}

// wantSettled wants what WeChat was answered to be true.
func (h *history) wantSettled() {
	for no, c := range h.charges {
		o := h.order(c.order)
		if !c.told || o == nil || o.State == shop.OrderException {
			continue
		}
		if a := o.Attempt(no); a == nil || !a.Succeeded() {
			h.fail("the callback about %s was answered with success, and %s is %s", no, h.name(o.ID), o.State)
		}
	}
}

// payElsewhere asks for another way to pay an order.
func payElsewhere(h *history) func(bool) {
	if len(h.orders) == 0 {
		return order(h)
	}
	o, i := h.orders[len(h.orders)-1], h.anybody()
	if h.chance(30) {
		o = choose(h, h.orders)
	}
	ch := choose(h, []shop.Channel{shop.ChannelNative, shop.ChannelH5})
	payable := o.State == shop.OrderPending && h.w.clock.read().Before(o.ExpiresAt.Add(-time.Second))
	err := i.call(h.ctx, func(ctx ctx) error {
		i.store.Limits.Forgive(ctx, checkout.NewTrades, h.user)
		_, err := i.checkout.Payments.Pay(ctx, h.user, o.ID, checkout.PayRequest{Channel: ch, Payer: shop.Payer{IP: "203.0.113.7"}})
		return err
	})
	h.tell("pay %s by %s at %s: %s", h.name(o.ID), ch, i.name, outcome(err))
	h.coded("asking to pay", err)
	return func(sure bool) {
		switch {
		case !sure:
		case payable && err != nil, !payable && o.State != shop.OrderPending && !errors.Is(err, shop.ErrOrderNotPayable):
			h.fail("paying %s, which was %s: %v", h.name(o.ID), o.State, err)
		}
	}
}

// cancel cancels an order.
func cancel(h *history) func(bool) {
	if len(h.orders) == 0 {
		return order(h)
	}
	o, i := h.orders[len(h.orders)-1], h.anybody()
	if h.chance(30) {
		o = choose(h, h.orders)
	}
	can := o.State == shop.OrderPending || o.State == shop.OrderClosing && o.CloseReason == shop.CloseUser
	err := i.call(h.ctx, func(ctx ctx) error { _, err := i.checkout.Closing.Cancel(ctx, h.user, o.ID, ""); return err })
	h.tell("cancel %s at %s: %s", h.name(o.ID), i.name, outcome(err))
	h.coded("cancelling", err)
	return func(sure bool) {
		if sure && (err == nil) != can || sure && err != nil && !errors.Is(err, shop.ErrOrderNotCancellable) {
			h.fail("cancelling %s, which was %s (%s): %v", h.name(o.ID), o.State, o.CloseReason, err)
		}
	}
}

// nonsense has WeChat seem to tell of a payment with another amount than was asked for.
func nonsense(h *history) func(bool) {
	ways := h.attempts(func(attempt) bool { return true })
	if len(ways) == 0 || !h.chance(30) {
		return payCode(h)
	}
	a := choose(h, ways)
	h.forged[a.order.ID] = true
	h.must(h.w.ask("POST", "/sandbox/forge", map[string]any{"out_trade_no": a.OutTradeNo, "amount_fen": a.Amount + 1, "notify_url": h.w.frontAt + "/pay-notify"}, nil))
	h.tell("a genuine callback of %d fen for %s, which costs %d", a.Amount+1, a.OutTradeNo, a.Amount)
	settled := a.Succeeded()
	return func(sure bool) {
		o := h.order(a.order.ID)
		if sure && !settled && h.unpaid(a) && o.PaidAt == nil && o.State != shop.OrderException {
			h.fail("%s is %s after a payment of another amount", h.name(o.ID), o.State)
		}
	}
}

// findEarly finds payments that WeChat took by itself, before it answered a prepay.
func (h *history) findEarly() {
	for _, a := range h.attempts(func(a attempt) bool { return h.unpaid(a) && a.Succeeded() }) {
		var trade struct {
			State string
			Total shop.Fen `json:"total_fen"`
		}
		if err := h.w.ask("GET", "/sandbox/trades/"+a.OutTradeNo, nil, &trade); err != nil {
			h.fail("%s is %s, and WeChat says %v", a.OutTradeNo, a.State, err)
		}
		if trade.State != "SUCCESS" && trade.State != "REFUND" {
			h.fail("%s is %s, and at WeChat it is %s", a.OutTradeNo, a.State, trade.State)
		}
		h.charges[a.OutTradeNo] = &charge{order: a.order.ID, amount: trade.Total}
		h.tally.Payments++
	}
}
