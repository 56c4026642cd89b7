package crash

import (
	"crypto/rand"
	"maps"
	"slices"
	"time"

	"mstm/acceptance/shoptest"
)

// lives are the ways that an order can go.
var lives = []life{
	{
		name: "C34 placing", given: (*plot).fill, lived: (*plot).place, then: (*plot).payAndRest,
		wants: []string{"insert order_keys", "insert claims", "insert due", "insert orders: M1 pending", "insert audit: M1", "update orders: payment ready", "update order_keys"},
	},
	{
		name: "placing for nothing", given: (*plot).fillForNothing, lived: (*plot).placeForNothing,
		wants: []string{"insert orders: M2 paid", "insert trials", "insert enrolments", "update orders: M5 fulfilled", "insert audit: M2", "insert notices: order_fulfilled", "delete due"},
	},
	{
		name: "another channel", given: (*plot).havePlaced, lived: (*plot).changeChannel, then: (*plot).payAndRest,
		wants: []string{"update orders: payment unknown"},
	},
	{
		name: "C33 after the payment", given: (*plot).havePlaced, lived: (*plot).paid,
		wants: []string{"update orders: M4 paid", "insert audit: M4", "update orders: M5 fulfilled", "insert audit: M5", "delete claims", "insert notices: order_fulfilled", "update courses", "update orders: buyer done, cart done, count done, tell done", "delete due"},
	},
	{
		name: "after a payment that WeChat does not tell of", given: (*plot).havePlaced, lived: (*plot).paidAndUntold,
		wants: []string{"update due", "update orders: M4 paid", "update orders: M5 fulfilled"},
	},
	{
		name: "cancelled", given: (*plot).havePlaced, lived: (*plot).cancelled,
		wants: []string{"update orders: M7 closing", "insert audit: M7", "update orders: payment closed", "update orders: M8 closed", "insert audit: M8", "delete claims", "update orders: announce_closed done", "delete due"},
	},
	{
		name: "cancelled and paid all the same", given: (*plot).havePlaced, lived: (*plot).cancelledAndPaid,
		wants: []string{"update orders: M7 closing", "update orders: M9 paid", "insert audit: M9", "update orders: M5 fulfilled"},
	},
	{
		name: "timed out", given: (*plot).havePlaced, lived: (*plot).timedOut,
		wants: []string{"update orders: M7 closing", "update orders: payment closed", "update orders: M8 closed"},
	},
	{
		name: "paid in the last minute", given: (*plot).havePlaced, lived: (*plot).paidInTheLastMinute,
		wants: []string{"update orders: M5 fulfilled"},
	},
	{
		name: "paid late and still wanted", given: (*plot).haveClosedButPayable, lived: (*plot).paidLate,
		wants: []string{"insert due", "insert claims", "update orders: M10 paid", "insert audit: M10", "update orders: M5 fulfilled"},
	},
	{
		name: "paid late and for nothing", given: (*plot).haveBoughtOtherwise, lived: (*plot).paidLateForNothing,
		wants: []string{"update orders: payment dup_refunding", "update orders: refund submitted", "update orders: payment dup_refunded", "insert notices: paid_back", "delete due"},
	},
	{
		name: "paid twice", given: (*plot).havePaidOneOfTwo, lived: (*plot).paidTwice,
		wants: []string{"update orders: payment dup_refunding", "update orders: payment dup_refunded", "insert notices: paid_back"},
	},
	{
		name: "refund asked for", given: (*plot).haveBought, lived: (*plot).askRefund,
		wants: []string{"update orders: owes freeze", "update enrolments", "update orders: M11 refunding", "insert audit: M11", "update orders: refund submitted", "update orders: M12 refunded", "insert audit: M12", "insert notices: order_refunded", "delete due"},
	},
	{
		name: "refund that WeChat does not tell of", given: (*plot).haveBought, lived: (*plot).askRefundUntold,
		wants: []string{"update orders: M11 refunding", "update orders: refund submitted", "update orders: refund processing", "update orders: M12 refunded"},
	},
	{
		name: "refund of a free month", given: (*plot).haveFreeMonth, lived: (*plot).askRefundOfNothing,
		wants: []string{"update enrolments", "update orders: M12 refunded", "insert notices: order_refunded"},
	},
	{
		name: "refund by finance", given: (*plot).haveBought, lived: (*plot).financeRefunds,
		wants: []string{"update orders: M11 refunding", "update orders: refund submitted"},
	},
	{
		name: "refund by finance with what came later", given: (*plot).haveStageAndFull, lived: (*plot).financeRefundsBoth,
		wants: []string{"update orders: M11 refunding", "update orders: M12 refunded", "update enrolments"},
	},
	{
		name: "superseded by another order", given: (*plot).havePlacedTwo, lived: (*plot).supersede, then: (*plot).payAndRest,
		wants: []string{"insert order_keys", "insert claims", "delete claims", "update orders: M7 closing"},
	},
	{
		name: "a full price that makes a stage needless", given: (*plot).havePlacedFullOverStage, lived: (*plot).paidNeedless,
		wants: []string{"update orders: M5 fulfilled", "update orders: M11 refunding", "update orders: M12 refunded", "update orders: buyer done, cart done, count done, refund_needless done, tell done"},
	},
	{
		name: "a line that cannot be granted", given: (*plot).havePlacedOverRefundedStage, lived: (*plot).paidAndRefused,
		wants: []string{"update orders: M5 fulfilled", "update orders: M11 refunding", "update orders: refund_refused done", "update orders: M12 partially_refunded"},
	},
	{
		name: "paid with another amount", given: (*plot).havePlaced, lived: (*plot).paidOddly,
		wants: []string{"update due", "insert quarantine", "delete due"},
	},
}

// fill puts something into the cart, and something that is not bought.
func (p *plot) fill() {
	p.T.Helper()
	full := p.some(p.site.full, 5)
	switch p.dice.IntN(5) {
	case 0:
		p.take(full[:1+p.dice.IntN(3)]...)
	case 1:
		p.take(shoptest.Offered{Wish: p.site.ladder.S1, Price: 0})
		p.take(full[:1+p.dice.IntN(2)]...)
	case 2:
		p.buy(0, p.site.ladder.S1)
		p.take(shoptest.Offered{Wish: p.site.ladder.S2, Price: 20000})
		p.take(full[:p.dice.IntN(2)]...)
	case 3:
		p.buy(0, p.site.credited.S1)
		p.buy(20000, p.site.credited.S2)
		p.take(shoptest.Offered{Wish: p.site.credited.Full, Price: 79900})
		p.take(full[:p.dice.IntN(2)]...)
	default:
		p.take(p.some(p.site.periods, 1)...)
		if full[0].CourseID != p.basket[0].CourseID {
			p.take(full[0])
		}
	}
	p.keep(full[4].Wish)
}

func (p *plot) fillForNothing() {
	p.take(shoptest.Offered{Wish: p.site.ladder.S1, Price: 0})
	if p.dice.IntN(2) == 0 {
		p.take(shoptest.Offered{Wish: p.site.credited.S1, Price: 0})
	}
	p.keep(p.some(p.site.full, 1)[0].Wish)
}

// some are n of what is offered.
func (p *plot) some(all []shoptest.Offered, n int) (some []shoptest.Offered) {
	for _, i := range p.dice.Perm(len(all))[:n] {
		some = append(some, all[i])
	}
	return some
}

// take puts something into the cart that will be bought.
func (p *plot) take(what ...shoptest.Offered) {
	p.T.Helper()
	for _, o := range what {
		p.basket = append(p.basket, o.Wish)
		p.total += o.Price
		p.insist(p.learner, "PUT", "/api/cart/"+o.CourseID, obj{"policy_id": o.PolicyID}).Want(200)
	}
}

// keep puts something into the cart that will not.
func (p *plot) keep(w shoptest.Wish) {
	p.T.Helper()
	if slices.ContainsFunc(p.basket, func(b shoptest.Wish) bool { return b.CourseID == w.CourseID }) {
		return
	}
	p.kept = w
	p.insist(p.learner, "PUT", "/api/cart/"+w.CourseID, obj{"policy_id": w.PolicyID}).Want(200)
}

// buy buys something before the story, and nothing is worth telling of it.
func (p *plot) buy(total int64, lines ...shoptest.Wish) (id string) {
	p.T.Helper()
	got := p.learner.Placed(total, lines...)
	if total > 0 {
		p.wechat.Scan(got.Payment)
	}
	p.rest()
	p.learner.Await(got.Order.ID, "fulfilled")
	return got.Order.ID
}

// endsWith notes the histories that the placed order may come to.
func (p *plot) endsWith(histories ...string) { p.ends[p.placed.Order.ID] = histories }

// spoil makes WeChat's next answer to a call go wrong in one of some ways, or in none.
func (p *plot) spoil(api string) obj {
	faults := []obj{{}, {"drop": true}, {"drop_before": true}, {"status": 500}}
	f := faults[p.dice.IntN(len(faults))]
	if len(f) == 0 {
		return obj{}
	}
	f["api"], f["times"] = api, 1
	return obj{"api": []obj{f}}
}

// disturb has WeChat tell of an event and answer a call in ways that the seed chooses.
func (p *plot) disturb(event, api string) {
	p.T.Helper()
	f := p.tell(event)
	maps.Copy(f, p.spoil(api))
	p.wechat.Faults(f)
}

// tell makes WeChat tell of an event in one of the ways in which it arrives in the end.
func (p *plot) tell(event string) obj {
	ways := []obj{
		{}, {"repeat": 2}, {"repeat": 4, "parallel": true}, {"delay_s": 20}, {"delay_ms": 700},
		{"bad_signature": true, "attempts": 1}, {"lose": true, "attempts": 1},
	}
	f := ways[p.dice.IntN(len(ways))]
	if len(f) == 0 {
		return obj{}
	}
	f["event"] = event
	return obj{"callback": []obj{f}}
}

// place orders what is in the basket. A page without an answer sends the same again; by luck it
// was closed in between, and its buyer places a new order.
func (p *plot) place() {
	p.T.Helper()
	channel := []string{"native", "native", "h5"}[p.dice.IntN(3)]
	p.wechat.Faults(p.spoil(channel))
	p.order(obj{"lines": p.basket, "total_fen": p.total, "channel": channel}).Into(&p.placed)
	p.endsWith("M1 M4 M5")
}

// order places an order until there is one. A key that was answered has the same answer again.
func (p *plot) order(body obj) shoptest.Answer {
	p.T.Helper()
	anew, key := p.luck.IntN(3) == 0, rand.Text()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		deaths, buyer := len(p.killed), p.learner.With("Idempotency-Key", key)
		a, err := buyer.Try("POST", "/api/orders", body)
		switch {
		case err != nil:
			if p.died(); anew && len(p.killed) > deaths {
				key = rand.Text()
				p.anew++
			}
		case a.Status == 503:
			time.Sleep(100 * time.Millisecond)
		case a.Status != 200 && a.Status != 201:
			return a
		default:
			again := p.insist(buyer, "POST", "/api/orders", body)
			if string(again.Body) != string(a.Body) || a.Status != again.Status {
				p.T.Errorf("the same key was answered %d %s and then %d %s", a.Status, a.Body, again.Status, again.Body)
			}
			return again
		}
	}
	p.T.Fatalf("no order is answered\n%s", p.stands())
	return shoptest.Answer{}
}

// placeForNothing takes what costs nothing. A buyer that places a new order after a kill is
// refused where the first order has come through, and finds it among the orders.
func (p *plot) placeForNothing() {
	p.T.Helper()
	a := p.order(obj{"lines": p.basket, "total_fen": 0, "channel": "native"})
	if a.Status == 409 && p.anew > 0 {
		var list struct {
			Items []shoptest.Order `json:"items"`
		}
		p.insist(p.learner, "GET", "/api/orders?limit=1", nil).Want(200).Into(&list)
		p.placed = shoptest.Placed{Order: list.Items[0]}
	} else {
		a.Into(&p.placed)
	}
	p.rest()
	p.endsWith("M2 M5")
}

// payAndRest pays what can be paid.
func (p *plot) payAndRest() {
	p.T.Helper()
	p.wechat.Faults(obj{})
	if p.placed.Payment != nil {
		p.scanned()
	}
	p.rest()
}

// scanned pays as a phone does, and reports whether WeChat took the money.
func (p *plot) scanned() bool {
	p.T.Helper()
	a := p.wechat.Phone().Post("/sandbox/pay", obj{"out_trade_no": p.placed.Payment.OutTradeNo})
	if a.Status != 200 && a.Code() != "TRADE_CLOSED" && a.Code() != "TRADE_PAID" {
		p.T.Fatalf("the phone was answered %s", a.Body)
	}
	return a.Status == 200
}

// havePlaced has an order that can be paid.
func (p *plot) havePlaced() {
	p.T.Helper()
	p.fill()
	p.haveOrder("native")
}

func (p *plot) haveOrder(channel string) {
	p.T.Helper()
	p.learner.With("Idempotency-Key", rand.Text()).
		Post("/api/orders", obj{"lines": p.basket, "total_fen": p.total, "channel": channel}).Want(201).Into(&p.placed)
}

// changeChannel wants to pay in another way. By dice the old code was scanned before and its
// callback is still to come: that money counts.
func (p *plot) changeChannel() {
	p.T.Helper()
	if p.dice.IntN(4) == 0 {
		p.wechat.Faults(obj{"callback": []obj{{"event": "payment", "delay_s": 30}}})
		p.scanned()
	} else {
		p.wechat.Faults(p.spoil("close"))
	}
	a := p.insist(p.learner, "POST", "/api/orders/"+p.placed.Order.ID+"/pay", obj{"channel": "h5"})
	var now shoptest.Placed
	if a.Status == 200 {
		a.Into(&now)
		p.placed.Payment = now.Payment
	} else {
		a.WantCode(409, "ORDER_NOT_PAYABLE")
		p.placed.Payment = nil
	}
	p.endsWith("M1 M4 M5")
}

func (p *plot) paid() {
	p.T.Helper()
	p.wechat.Faults(p.tell("payment"))
	p.scanned()
	p.rest()
	p.endsWith("M1 M4 M5")
}

func (p *plot) paidAndUntold() {
	p.T.Helper()
	p.wechat.Faults(obj{"callback": []obj{{"event": "payment", "lose": true}}})
	p.scanned()
	p.rest()
	p.endsWith("M1 M4 M5")
}

// cancel ends the order. That it is closing, or more, is what a second click finds.
func (p *plot) cancel() {
	p.T.Helper()
	a := p.insist(p.learner, "POST", "/api/orders/"+p.placed.Order.ID+"/cancel", nil)
	if a.Status != 200 {
		a.WantCode(409, "ORDER_NOT_CANCELLABLE")
	}
}

func (p *plot) cancelled() {
	p.T.Helper()
	p.wechat.Faults(p.spoil("close"))
	p.cancel()
	p.pass(5*time.Minute + time.Second)
	p.rest()
	p.endsWith("M1 M7 M8")
}

func (p *plot) cancelledAndPaid() {
	p.T.Helper()
	p.wechat.Faults(p.tell("payment"))
	p.cancel()
	p.scanned()
	if p.dice.IntN(2) == 0 {
		p.pass(5*time.Minute + time.Second) // closing meets paying
	}
	p.rest()
	p.endsWith("M1 M7 M9 M5", "M1 M7 M8")
}

func (p *plot) timedOut() {
	p.T.Helper()
	p.wechat.Faults(p.spoil("close"))
	p.pass(30*time.Minute + time.Second)
	p.rest()
	p.endsWith("M1 M7 M8")
}

func (p *plot) paidInTheLastMinute() {
	p.T.Helper()
	p.wechat.Faults(obj{"callback": []obj{{"event": "payment", "delay_s": 40}}})
	p.pass(29*time.Minute + 30*time.Second)
	p.scanned()
	p.pass(31 * time.Second)
	p.rest()
	p.endsWith("M1 M4 M5", "M1 M7 M9 M5", "M1 M7 M8")
}

// haveClosedButPayable has an order that is closed, and WeChat takes money for it: it said
// that it knew no such trade.
func (p *plot) haveClosedButPayable() {
	p.T.Helper()
	p.havePlaced()
	p.wechat.ForgetTrade(p.placed.Payment.OutTradeNo)
	p.cancel()
	p.pass(5*time.Minute + time.Second)
	p.rest()
	p.wechat.Faults(obj{})
	p.learner.Await(p.placed.Order.ID, "closed")
}

func (p *plot) paidLate() {
	p.T.Helper()
	p.wechat.Faults(p.tell("payment"))
	p.scanned()
	p.untilSettled()
	p.rest()
	p.endsWith("M1 M7 M8 M10 M5")
}

// untilSettled waits for WeChat's callback without asking for it. Where it is long in coming, time
// passes.
func (p *plot) untilSettled() {
	p.T.Helper()
	quiet := 0
	shoptest.Eventually(p.T, 2*time.Minute, func() error {
		for !p.alive() {
			quiet = 0
		}
		o := p.wechat.Trade(p.placed.Payment.OutTradeNo)
		for _, e := range o.Callbacks {
			if e.State == "delivered" {
				return nil
			}
		}
		if quiet++; quiet%40 == 0 {
			p.pass(20 * time.Second)
		}
		return errNotYet
	})
}

// haveBoughtOtherwise has a closed order that can be paid, of which one course is bought by
// now.
func (p *plot) haveBoughtOtherwise() {
	p.T.Helper()
	full := p.some(p.site.full, 2)
	p.take(full...)
	p.haveOrder("native")
	p.wechat.ForgetTrade(p.placed.Payment.OutTradeNo)
	p.cancel()
	p.pass(5*time.Minute + time.Second)
	p.rest()
	p.wechat.Faults(obj{})
	p.buy(full[0].Price, full[0].Wish)
}

func (p *plot) paidLateForNothing() {
	p.T.Helper()
	p.disturb("payment", "refund")
	p.scanned()
	p.untilSettled()
	p.rest()
	p.endsWith("M1 M7 M8")
}

// havePaidOneOfTwo has a paid order with a second code that can be paid.
func (p *plot) havePaidOneOfTwo() {
	p.T.Helper()
	p.havePlaced()
	p.wechat.ForgetTrade(p.placed.Payment.OutTradeNo)
	var h5 shoptest.Placed
	p.learner.Post("/api/orders/"+p.placed.Order.ID+"/pay", obj{"channel": "h5"}).Want(200).Into(&h5)
	p.wechat.Phone().Post("/sandbox/pay", obj{"out_trade_no": h5.Payment.OutTradeNo}).Want(200)
	p.rest()
	p.learner.Await(p.placed.Order.ID, "fulfilled")
}

func (p *plot) paidTwice() {
	p.T.Helper()
	p.paidLateForNothing()
	p.endsWith("M1 M4 M5")
}
