package crash

import (
	"errors"
	"slices"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/shop"
)

var (
	errNotYet = errors.New("not yet")
	errKilled = errors.New("the shop was killed once more")
)

// haveBought has a fulfilled order.
func haveBought(p *plot) {
	p.T.Helper()
	havePlaced(p)
	p.wechat.Scan(p.placed.Payment)
	p.rest()
	p.learner.Await(p.placed.Order.ID, "fulfilled")
}

// askRefund wants the money back. A buyer without an answer asks again; by luck not: then either
// all of it was begun, or nothing.
func askRefund(p *plot) {
	p.T.Helper()
	disturb(p, "refund", "refund")
	refundBy(p, p.learner, "/api/orders/"+p.placed.Order.ID+"/refund", obj{"reason": "不合适"}, p.placed.Order.ID)
	p.rest()
	refundedOrLeft(p, "M1 M4 M5 M11 M12")
}

func askRefundUntold(p *plot) {
	p.T.Helper()
	p.wechat.Faults(obj{"callback": []obj{{"event": "refund", "lose": true}}})
	refundBy(p, p.learner, "/api/orders/"+p.placed.Order.ID+"/refund", obj{"reason": "不合适"}, p.placed.Order.ID)
	p.rest()
	refundedOrLeft(p, "M1 M4 M5 M11 M12")
}

// refundBy asks for the refund of an order, and after a kill only where none was begun: finance
// looks first. By luck the request is not repeated.
func refundBy(p *plot, who *shoptest.Person, path string, body obj, orders ...string) {
	p.T.Helper()
	who = who.Anew()
	for {
		deaths := len(p.killed)
		a, err := who.Try("POST", path, body)
		switch {
		case err == nil && (a.Status == 200 || a.Status == 201):
			return
		case err == nil && deaths > 0 && a.Code() == "REFUND_UNDER_WAY":
			// The killed process had frozen the grants, and no sweeper has thawed them yet.
			if p.rest(); refundsBegun(p, orders...) {
				return
			}
			continue
		case err == nil && a.Status == 401: // so much more
			financeAgain(p)
			who.Token = p.finance.Token
			continue
		case err == nil && a.Code() == "STEP_UP_REQUIRED": // so much time has passed
			p.insist(who, "POST", "/api/me/step-up", obj{"password": "finance-demo-password"}).Want(200)
			continue
		case err == nil && a.Status != 503:
			p.T.Fatalf("%s %v was answered %d %s\n%s", path, body, a.Status, a.Body, p.stands())
		case err == nil: // busy: perhaps it was done all the same
			if p.rest(); refundsBegun(p, orders...) {
				return
			}
			continue
		}
		p.died()
		if p.luck.IntN(4) == 0 || refundsBegun(p, orders...) {
			return
		}
		if len(p.killed) == deaths {
			p.T.Fatalf("%s is not answered", path)
		}
	}
}

// refundsBegun reports whether each of the orders has a refund.
func refundsBegun(p *plot, orders ...string) bool {
	p.T.Helper()
	return !slices.ContainsFunc(orders, func(id string) bool { return len(p.orderOf(id).Refunds) == 0 })
}

// refundedOrLeft wants the history of a refund, or, where the shop was killed and the request was
// not repeated, an order as it was.
func refundedOrLeft(p *plot, history string) {
	endsWith(p, history)
	if len(p.killed) > 0 && !refundsBegun(p, p.placed.Order.ID) {
		endsWith(p, history[:len(history)-len(" M11 M12")])
	}
}

func haveFreeMonth(p *plot) {
	p.T.Helper()
	fillForNothing(p)
	haveOrder(p, "native")
	p.rest()
}

func askRefundOfNothing(p *plot) {
	p.T.Helper()
	refundBy(p, p.learner, "/api/orders/"+p.placed.Order.ID+"/refund", obj{"reason": "不学了"}, p.placed.Order.ID)
	p.rest()
	refundedOrLeft(p, "M2 M5 M11 M12")
}

// financeRefunds pays a part back, or all.
func financeRefunds(p *plot) {
	p.T.Helper()
	body := obj{"reason": "客服"}
	if p.dice.IntN(2) == 0 {
		body["amount_fen"] = 1 + p.dice.Int64N(min(p.total, 100))
	}
	disturb(p, "refund", "refund_query")
	refundBy(p, p.finance, "/api/admin/orders/"+p.placed.Order.ID+"/refunds", body, p.placed.Order.ID)
	p.rest()
	refundedOrLeft(p, "M1 M4 M5 M11 M12")
}

// haveStageAndFull has a stage with its money used as credit for the full price.
func haveStageAndFull(p *plot) {
	p.T.Helper()
	c := p.site.credited
	buyBefore(p, 0, c.S1)
	p.placed.Order.ID = buyBefore(p, 20000, c.S2)
	p.later = buyBefore(p, 79900, c.Full)
}

func financeRefundsBoth(p *plot) {
	p.T.Helper()
	id := p.placed.Order.ID
	p.wechat.Faults(callbackFault(p, "refund"))
	refundBy(p, p.finance, "/api/admin/orders/"+id+"/refunds", obj{"reason": "客服", "later": true}, id)
	p.rest()
	refundedOrLeft(p, "M1 M4 M5 M11 M12")
	p.ends[p.later] = []string{"M1 M4 M5 M11 M12"}
	if !refundsBegun(p, id) { // then it may have come to an end between the two
		p.ends[p.later] = append(p.ends[p.later], "M1 M4 M5")
	}
}

// havePlacedTwo has an order for two courses.
func havePlacedTwo(p *plot) {
	p.T.Helper()
	takeIntoCart(p, someOf(p, p.site.full, 3)[:2]...)
	haveOrder(p, "native")
}

// supersede orders one of the two courses, and another one. By luck the old code is scanned
// before: then that money counts and the course is owned.
func supersede(p *plot) {
	p.T.Helper()
	old := p.placed
	third := someOf(p, p.site.full, len(p.site.full))
	i := slices.IndexFunc(third, func(o shoptest.Offered) bool {
		return !slices.ContainsFunc(p.basket, func(w shoptest.Wish) bool { return w.CourseID == o.CourseID })
	})
	paid := p.dice.IntN(4) == 0
	if paid {
		p.wechat.Faults(obj{"callback": []obj{{"event": "payment", "delay_s": 30}}})
		scanPayment(p)
	} else {
		p.wechat.Faults(spoilAPI(p, "close"))
	}
	kept := p.basket[1]
	price := priceOf(p, kept) + third[i].Price
	a := sendOrder(p, obj{"lines": []shoptest.Wish{kept, third[i].Wish}, "total_fen": price, "channel": "native"})
	p.ends[old.Order.ID] = []string{"M1 M7 M8"}
	if paid {
		p.ends[old.Order.ID] = []string{"M1 M4 M5", "M1 M7 M9 M5"}
		a.WantCode(409, "ALREADY_OWNED")
		p.placed.Payment = nil
		return
	}
	p.placed = shoptest.Placed{}
	a.Into(&p.placed)
	endsWith(p, "M1 M4 M5")
}

func priceOf(p *plot, w shoptest.Wish) int64 {
	i := slices.IndexFunc(p.site.full, func(o shoptest.Offered) bool { return o.Wish == w })
	return p.site.full[i].Price
}

// havePlacedFullOverStage has a paid stage that has not begun, and an order for the full
// price.
func havePlacedFullOverStage(p *plot) {
	p.T.Helper()
	c := p.site.ladder
	buyBefore(p, 0, c.S1)
	p.ends[buyBefore(p, 20000, c.S2)] = []string{"M1 M4 M5 M11 M12"}
	takeIntoCart(p, shoptest.Offered{Wish: c.Full, Price: 99900})
	takeIntoCart(p, someOf(p, p.site.full, 2)[:p.dice.IntN(2)]...)
	haveOrder(p, "native")
}

func paidNeedless(p *plot) {
	p.T.Helper()
	disturb(p, "payment", "refund")
	scanPayment(p)
	p.rest()
	endsWith(p, "M1 M4 M5")
}

// havePlacedOverRefundedStage has an order for the third stage, and the second, on which it
// stands, has been refunded since.
func havePlacedOverRefundedStage(p *plot) {
	p.T.Helper()
	c := p.site.ladder
	buyBefore(p, 0, c.S1)
	p.pass(33 * 24 * time.Hour)
	second := buyBefore(p, 20000, c.S2)
	takeIntoCart(p, shoptest.Offered{Wish: c.S3, Price: 30000})
	takeIntoCart(p, someOf(p, p.site.full, 2)[:1+p.dice.IntN(2)]...)
	haveOrder(p, "native")
	financeAgain(p) // a month without use has ended the session
	p.finance.Anew().Post("/api/admin/orders/"+second+"/refunds", obj{"reason": "客服"}).Want(201)
	p.ends[second] = []string{"M1 M4 M5 M11 M12"}
	shoptest.Eventually(p.T, time.Minute, func() error {
		p.pass(time.Second)
		if o := p.orderOf(second); o.State != shop.OrderRefunded {
			return errNotYet
		}
		return nil
	})
}

func paidAndRefused(p *plot) {
	p.T.Helper()
	disturb(p, "payment", "refund")
	scanPayment(p)
	p.rest()
	endsWith(p, "M1 M4 M5 M11 M12")
}

// paidOddly gets a callback with another amount than was agreed. Where the shop asks WeChat first,
// it gets the right amount, and the mismatch later is for people to read.
func paidOddly(p *plot) {
	p.T.Helper()
	p.wechat.Faults(obj{"callback": []obj{{"event": "payment", "amount_delta": 1 - 2*p.dice.IntN(2)}}})
	scanPayment(p)
	untilSettled(p)
	p.rest()
	endsWith(p, "M1 M13", "M1 M4 M5")
}
