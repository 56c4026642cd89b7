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
		name: "C34 placing", given: fillBasket, lived: placeOrder, then: payAndRest,
		wants: []string{"insert order_keys", "insert claims", "insert wakeups: order", "insert orders: M1 pending", "insert audit: M1", "update orders: payment ready", "update order_keys"},
	},
	{
		name: "placing for nothing", given: fillForNothing, lived: placeForNothing,
		wants: []string{"insert orders: M2 paid", "insert trials", "insert enrolments", "update orders: M5 fulfilled", "insert audit: M2", "insert notices: order_fulfilled", "delete wakeups: order"},
	},
	{
		name: "another channel", given: havePlaced, lived: changeChannel, then: payAndRest,
		wants: []string{"update orders: payment unknown"},
	},
	{
		name: "C33 after the payment", given: havePlaced, lived: payOrder,
		wants: []string{"update orders: M4 paid", "insert audit: M4", "update orders: M5 fulfilled", "insert audit: M5", "delete claims", "insert notices: order_fulfilled", "update courses", "update orders: buyer done, cart done, count done, tell done", "delete wakeups: order"},
	},
	{
		name: "after a payment that WeChat does not tell of", given: havePlaced, lived: paidAndUntold,
		wants: []string{"update wakeups: order", "update orders: M4 paid", "update orders: M5 fulfilled"},
	},
	{
		name: "cancelled", given: havePlaced, lived: cancelled,
		wants: []string{"update orders: M7 closing", "insert audit: M7", "update orders: payment closed", "update orders: M8 closed", "insert audit: M8", "delete claims", "update orders: announce_closed done", "delete wakeups: order"},
	},
	{
		name: "cancelled and paid all the same", given: havePlaced, lived: cancelledAndPaid,
		wants: []string{"update orders: M7 closing", "update orders: M9 paid", "insert audit: M9", "update orders: M5 fulfilled"},
	},
	{
		name: "timed out", given: havePlaced, lived: timedOut,
		wants: []string{"update orders: M7 closing", "update orders: payment closed", "update orders: M8 closed"},
	},
	{
		name: "paid in the last minute", given: havePlaced, lived: paidInTheLastMinute,
		wants: []string{"update orders: M5 fulfilled"},
	},
	{
		name: "paid late and still wanted", given: haveClosedButPayable, lived: paidLate,
		wants: []string{"insert wakeups: order", "insert claims", "update orders: M10 paid", "insert audit: M10", "update orders: M5 fulfilled"},
	},
	{
		name: "paid late and for nothing", given: haveBoughtOtherwise, lived: paidLateForNothing,
		wants: []string{"update orders: payment dup_refunding", "update orders: refund submitted", "update orders: payment dup_refunded", "insert notices: paid_back", "delete wakeups: order"},
	},
	{
		name: "paid twice", given: havePaidOneOfTwo, lived: paidTwice,
		wants: []string{"update orders: payment dup_refunding", "update orders: payment dup_refunded", "insert notices: paid_back"},
	},
	{
		name: "refund asked for", given: haveBought, lived: askRefund,
		wants: []string{"update orders: owes freeze", "update enrolments", "update orders: M11 refunding", "insert audit: M11", "update orders: refund submitted", "update orders: M12 refunded", "insert audit: M12", "insert notices: order_refunded", "delete wakeups: order"},
	},
	{
		name: "refund that WeChat does not tell of", given: haveBought, lived: askRefundUntold,
		wants: []string{"update orders: M11 refunding", "update orders: refund submitted", "update orders: refund processing", "update orders: M12 refunded"},
	},
	{
		name: "refund of a free month", given: haveFreeMonth, lived: askRefundOfNothing,
		wants: []string{"update enrolments", "update orders: M12 refunded", "insert notices: order_refunded"},
	},
	{
		name: "refund by finance", given: haveBought, lived: financeRefunds,
		wants: []string{"update orders: M11 refunding", "update orders: refund submitted"},
	},
	{
		name: "refund by finance with what came later", given: haveStageAndFull, lived: financeRefundsBoth,
		wants: []string{"update orders: M11 refunding", "update orders: M12 refunded", "update enrolments"},
	},
	{
		name: "superseded by another order", given: havePlacedTwo, lived: supersede, then: payAndRest,
		wants: []string{"insert order_keys", "insert claims", "delete claims", "update orders: M7 closing"},
	},
	{
		name: "a full price that makes a stage needless", given: havePlacedFullOverStage, lived: paidNeedless,
		wants: []string{"update orders: M5 fulfilled", "update orders: M11 refunding", "update orders: M12 refunded", "update orders: buyer done, cart done, count done, refund_needless done, tell done"},
	},
	{
		name: "a line that cannot be granted", given: havePlacedOverRefundedStage, lived: paidAndRefused,
		wants: []string{"update orders: M5 fulfilled", "update orders: M11 refunding", "update orders: refund_refused done", "update orders: M12 partially_refunded"},
	},
	{
		name: "paid with another amount", given: havePlaced, lived: paidOddly,
		wants: []string{"update wakeups: order", "insert quarantine", "delete wakeups: order"},
	},
}

// fillBasket puts something into the cart, and something that is not bought.
func fillBasket(p *plot) {
	p.T.Helper()
	full := someOf(p, p.site.full, 5)
	switch p.dice.IntN(5) {
	case 0:
		takeIntoCart(p, full[:1+p.dice.IntN(3)]...)
	case 1:
		takeIntoCart(p, shoptest.Offered{Wish: p.site.ladder.S1, Price: 0})
		takeIntoCart(p, full[:1+p.dice.IntN(2)]...)
	case 2:
		buyBefore(p, 0, p.site.ladder.S1)
		takeIntoCart(p, shoptest.Offered{Wish: p.site.ladder.S2, Price: 20000})
		takeIntoCart(p, full[:p.dice.IntN(2)]...)
	case 3:
		buyBefore(p, 0, p.site.credited.S1)
		buyBefore(p, 20000, p.site.credited.S2)
		takeIntoCart(p, shoptest.Offered{Wish: p.site.credited.Full, Price: 79900})
		takeIntoCart(p, full[:p.dice.IntN(2)]...)
	default:
		takeIntoCart(p, someOf(p, p.site.periods, 1)...)
		if full[0].CourseID != p.basket[0].CourseID {
			takeIntoCart(p, full[0])
		}
	}
	keepInCart(p, full[4].Wish)
}

func fillForNothing(p *plot) {
	takeIntoCart(p, shoptest.Offered{Wish: p.site.ladder.S1, Price: 0})
	if p.dice.IntN(2) == 0 {
		takeIntoCart(p, shoptest.Offered{Wish: p.site.credited.S1, Price: 0})
	}
	keepInCart(p, someOf(p, p.site.full, 1)[0].Wish)
}

// someOf are n of what is offered.
func someOf(p *plot, all []shoptest.Offered, n int) (some []shoptest.Offered) {
	for _, i := range p.dice.Perm(len(all))[:n] {
		some = append(some, all[i])
	}
	return some
}

// takeIntoCart puts something into the cart that will be bought.
func takeIntoCart(p *plot, what ...shoptest.Offered) {
	p.T.Helper()
	for _, o := range what {
		p.basket = append(p.basket, o.Wish)
		p.total += o.Price
		p.insist(p.learner, "PUT", "/api/cart/"+o.CourseID, obj{"policy_id": o.PolicyID}).Want(200)
	}
}

// keepInCart puts something into the cart that will not.
func keepInCart(p *plot, w shoptest.Wish) {
	p.T.Helper()
	if slices.ContainsFunc(p.basket, func(b shoptest.Wish) bool { return b.CourseID == w.CourseID }) {
		return
	}
	p.kept = w
	p.insist(p.learner, "PUT", "/api/cart/"+w.CourseID, obj{"policy_id": w.PolicyID}).Want(200)
}

// buyBefore buys something before the story, and nothing is worth telling of it.
func buyBefore(p *plot, total int64, lines ...shoptest.Wish) (id string) {
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
func endsWith(p *plot, histories ...string) { p.ends[p.placed.Order.ID] = histories }

// spoilAPI makes WeChat's next answer to a call go wrong in one of some ways, or in none.
func spoilAPI(p *plot, api string) obj {
	faults := []obj{{}, {"drop": true}, {"drop_before": true}, {"status": 500}}
	f := faults[p.dice.IntN(len(faults))]
	if len(f) == 0 {
		return obj{}
	}
	f["api"], f["times"] = api, 1
	return obj{"api": []obj{f}}
}

// disturb has WeChat tell of an event and answer a call in ways that the seed chooses.
func disturb(p *plot, event, api string) {
	p.T.Helper()
	f := callbackFault(p, event)
	maps.Copy(f, spoilAPI(p, api))
	p.wechat.Faults(f)
}

// callbackFault makes WeChat tell of an event in one of the ways in which it arrives in the end.
func callbackFault(p *plot, event string) obj {
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

// placeOrder orders what is in the basket. A page without an answer sends the same again; by luck it
// was closed in between, and its buyer places a new order.
func placeOrder(p *plot) {
	p.T.Helper()
	channel := []string{"native", "native", "h5"}[p.dice.IntN(3)]
	p.wechat.Faults(spoilAPI(p, channel))
	sendOrder(p, obj{"lines": p.basket, "total_fen": p.total, "channel": channel}).Into(&p.placed)
	endsWith(p, "M1 M4 M5")
}

// sendOrder places an order until there is one. A key that was answered has the same answer again.
func sendOrder(p *plot, body obj) shoptest.Answer {
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
func placeForNothing(p *plot) {
	p.T.Helper()
	a := sendOrder(p, obj{"lines": p.basket, "total_fen": 0, "channel": "native"})
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
	endsWith(p, "M2 M5")
}

// payAndRest pays what can be paid.
func payAndRest(p *plot) {
	p.T.Helper()
	p.wechat.Faults(obj{})
	if p.placed.Payment != nil {
		scanPayment(p)
	}
	p.rest()
}

// scanPayment pays as a phone does, and reports whether WeChat took the money.
func scanPayment(p *plot) bool {
	p.T.Helper()
	a := p.wechat.Phone().Post("/sandbox/pay", obj{"out_trade_no": p.placed.Payment.OutTradeNo})
	if a.Status != 200 && a.Code() != "TRADE_CLOSED" && a.Code() != "TRADE_PAID" {
		p.T.Fatalf("the phone was answered %s", a.Body)
	}
	return a.Status == 200
}

// havePlaced has an order that can be paid.
func havePlaced(p *plot) {
	p.T.Helper()
	fillBasket(p)
	haveOrder(p, "native")
}

func haveOrder(p *plot, channel string) {
	p.T.Helper()
	p.learner.With("Idempotency-Key", rand.Text()).
		Post("/api/orders", obj{"lines": p.basket, "total_fen": p.total, "channel": channel}).Want(201).Into(&p.placed)
}

// changeChannel wants to pay in another way. By dice the old code was scanned before and its
// callback is still to come: that money counts.
func changeChannel(p *plot) {
	p.T.Helper()
	if p.dice.IntN(4) == 0 {
		p.wechat.Faults(obj{"callback": []obj{{"event": "payment", "delay_s": 30}}})
		scanPayment(p)
	} else {
		p.wechat.Faults(spoilAPI(p, "close"))
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
	endsWith(p, "M1 M4 M5")
}

func payOrder(p *plot) {
	p.T.Helper()
	p.wechat.Faults(callbackFault(p, "payment"))
	scanPayment(p)
	p.rest()
	endsWith(p, "M1 M4 M5")
}

func paidAndUntold(p *plot) {
	p.T.Helper()
	p.wechat.Faults(obj{"callback": []obj{{"event": "payment", "lose": true}}})
	scanPayment(p)
	p.rest()
	endsWith(p, "M1 M4 M5")
}

// cancelOrder ends the order. That it is closing, or more, is what a second click finds.
func cancelOrder(p *plot) {
	p.T.Helper()
	a := p.insist(p.learner, "POST", "/api/orders/"+p.placed.Order.ID+"/cancel", nil)
	if a.Status != 200 {
		a.WantCode(409, "ORDER_NOT_CANCELLABLE")
	}
}

func cancelled(p *plot) {
	p.T.Helper()
	p.wechat.Faults(spoilAPI(p, "close"))
	cancelOrder(p)
	p.pass(5*time.Minute + time.Second)
	p.rest()
	endsWith(p, "M1 M7 M8")
}

func cancelledAndPaid(p *plot) {
	p.T.Helper()
	p.wechat.Faults(callbackFault(p, "payment"))
	cancelOrder(p)
	scanPayment(p)
	if p.dice.IntN(2) == 0 {
		p.pass(5*time.Minute + time.Second) // closing meets paying
	}
	p.rest()
	endsWith(p, "M1 M7 M9 M5", "M1 M7 M8")
}

func timedOut(p *plot) {
	p.T.Helper()
	p.wechat.Faults(spoilAPI(p, "close"))
	p.pass(30*time.Minute + time.Second)
	p.rest()
	endsWith(p, "M1 M7 M8")
}

func paidInTheLastMinute(p *plot) {
	p.T.Helper()
	p.wechat.Faults(obj{"callback": []obj{{"event": "payment", "delay_s": 40}}})
	p.pass(29*time.Minute + 30*time.Second)
	scanPayment(p)
	p.pass(31 * time.Second)
	p.rest()
	endsWith(p, "M1 M4 M5", "M1 M7 M9 M5", "M1 M7 M8")
}

// haveClosedButPayable has an order that is closed, and WeChat takes money for it: it said
// that it knew no such trade.
func haveClosedButPayable(p *plot) {
	p.T.Helper()
	havePlaced(p)
	p.wechat.ForgetTrade(p.placed.Payment.OutTradeNo)
	cancelOrder(p)
	p.pass(5*time.Minute + time.Second)
	p.rest()
	p.wechat.Faults(obj{})
	p.learner.Await(p.placed.Order.ID, "closed")
}

func paidLate(p *plot) {
	p.T.Helper()
	p.wechat.Faults(callbackFault(p, "payment"))
	scanPayment(p)
	untilSettled(p)
	p.rest()
	endsWith(p, "M1 M7 M8 M10 M5")
}

// untilSettled waits for WeChat's callback without asking for it. Where it is long in coming, time
// passes.
func untilSettled(p *plot) {
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
func haveBoughtOtherwise(p *plot) {
	p.T.Helper()
	full := someOf(p, p.site.full, 2)
	takeIntoCart(p, full...)
	haveOrder(p, "native")
	p.wechat.ForgetTrade(p.placed.Payment.OutTradeNo)
	cancelOrder(p)
	p.pass(5*time.Minute + time.Second)
	p.rest()
	p.wechat.Faults(obj{})
	buyBefore(p, full[0].Price, full[0].Wish)
}

func paidLateForNothing(p *plot) {
	p.T.Helper()
	disturb(p, "payment", "refund")
	scanPayment(p)
	untilSettled(p)
	p.rest()
	endsWith(p, "M1 M7 M8")
}

// havePaidOneOfTwo has a paid order with a second code that can be paid.
func havePaidOneOfTwo(p *plot) {
	p.T.Helper()
	havePlaced(p)
	p.wechat.ForgetTrade(p.placed.Payment.OutTradeNo)
	var h5 shoptest.Placed
	p.learner.Post("/api/orders/"+p.placed.Order.ID+"/pay", obj{"channel": "h5"}).Want(200).Into(&h5)
	p.wechat.Phone().Post("/sandbox/pay", obj{"out_trade_no": h5.Payment.OutTradeNo}).Want(200)
	p.rest()
	p.learner.Await(p.placed.Order.ID, "fulfilled")
}

func paidTwice(p *plot) {
	p.T.Helper()
	paidLateForNothing(p)
	endsWith(p, "M1 M4 M5")
}
