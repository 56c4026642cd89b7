package shop

import (
	"cmp"
	"fmt"
	"math/bits"
	"time"
)

// Payment is what WeChat says about one out_trade_no, by a verified callback or a
// verified answer to a query. Total is in fen and counts what the order cost, coupons
// included (`amount.total`, not `payer_total`).
type Payment struct {
	OutTradeNo    string    `bson:"out_trade_no"`
	TransactionID string    `bson:"transaction_id"`
	AppID         string    `bson:"appid"`
	MchID         string    `bson:"mchid"`
	Currency      string    `bson:"currency"`
	Total         Fen       `bson:"total_fen"`
	Paid          bool      `bson:"paid"` // SUCCESS, or REFUND: money came, some of it went back
	PaidAt        time.Time `bson:"paid_at"`
	Openid        string    `bson:"openid"`
}

// Merchant is the shop's identity at WeChat Pay.
type Merchant struct{ AppID, MchID string }

// mismatch says what does not fit between a payment and the attempt it claims to pay, or "".
func (p Payment) mismatch(a *Attempt, m Merchant) string {
	switch {
	case p.MchID != m.MchID:
		return "mchid " + p.MchID
	case p.AppID != m.AppID:
		return "appid " + p.AppID
	case p.Currency != "CNY":
		return "currency " + p.Currency
	case p.Total != a.Amount:
		return fmt.Sprintf("amount %d instead of %d", p.Total, a.Amount)
	}
	return ""
}

// askPauses are the pauses before WeChat is asked about an attempt without a callback: 5, 15, 30
// and 60 s after it was made, then every minute.
var askPauses = []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}

// Open reports whether money may still come for the attempt.
func (a *Attempt) Open() bool {
	return a.State == AttemptNew || a.State == AttemptReady || a.State == AttemptUnknown
}

// pageLife is how long WeChat's page for a phone's browser is handed out: it lives five
// minutes, and its buyer needs some of them. Every other way to pay outlives the order.
const pageLife = 4 * time.Minute

// Faded reports whether what the buyer was given to pay with is over, or nearly: WeChat
// gives another for the same number.
func (a *Attempt) Faded(now time.Time) bool {
	return a.State == AttemptReady && a.Channel == ChannelH5 && (a.ReadyAt == nil || now.Sub(*a.ReadyAt).Abs() >= pageLife)
}

// Suits reports whether the attempt can be paid on this channel by this payer: inside WeChat
// by the one alone that it was made for.
func (a *Attempt) Suits(ch Channel, by Payer) bool {
	return a.Channel == ch && (ch != ChannelJSAPI || a.Openid == by.Openid)
}

// prepayPatience is how long one call has WeChat's prepay of a number to itself. A call that died
// costs the next so long, and no longer.
const prepayPatience = time.Second

// HoldPrepay notes which call prepays the attempt.
func (a *Attempt) HoldPrepay(call string, now time.Time) {
	at := now.UTC()
	a.PrepayBy, a.PrepayAt = call, &at
}

// BeingPrepaid reports whether a call is likely still at it.
func (a *Attempt) BeingPrepaid(now time.Time) bool {
	return a.PrepayBy != "" && a.PrepayAt != nil && now.Sub(*a.PrepayAt).Abs() < prepayPatience
}

// Prepaid reports whether no prepay of the attempt is wanted: it can be paid, or is over.
func (a *Attempt) Prepaid() bool { return a.State != AttemptNew && a.State != AttemptUnknown }

// Succeeded reports whether money has come for the attempt.
func (a *Attempt) Succeeded() bool {
	return a.State == AttemptSucceeded || a.State == AttemptDupRefunding || a.State == AttemptDupRefunded
}

// AskAt is when WeChat is to be asked about an open attempt next.
func (a *Attempt) AskAt() time.Time {
	if a.Asks < len(askPauses) {
		return a.CreatedAt.Add(askPauses[a.Asks])
	}
	return a.AskedAt.Add(time.Minute)
}

// Asked notes that WeChat was asked and had nothing new to say. Looks that a moved clock
// has left behind count as asked.
func (a *Attempt) Asked(now time.Time) {
	a.Asks++
	for a.Asks < len(askPauses) && !a.CreatedAt.Add(askPauses[a.Asks]).After(now) {
		a.Asks++
	}
	a.AskedAt = &now
}

// Resolution is how a person ends what waits for one.
type Resolution string

// The ways out for money that does not fit.
const (
	ResolveGrant   Resolution = "grant"   // of an order's exception: taken as it is, its courses open
	ResolveRefund  Resolution = "refund"  // given back
	ResolveMatch   Resolution = "match"   // of an unmatched payment: it pays an order
	ResolveDismiss Resolution = "dismiss" // of an unmatched payment: looked into, no money moves
)

// Misfit is the money of an order that does not fit it, about which a person decides.
type Misfit struct{ o *Order }

// MisfitOf is that of an order; what it does is done to the order.
func MisfitOf(o *Order) Misfit { return Misfit{o} }

// Takeable reports whether a person may still decide that some payment pays the order.
func (x Misfit) Takeable() bool { return x.o.Total > 0 && CanMove(MoveTaken, x.o.State, OrderPaid) }

// Took reports whether a payment is one that the order was paid by, by whichever move.
func (x Misfit) Took(p Payment) bool {
	a := x.o.Attempt(p.OutTradeNo)
	return a != nil && a.State == AttemptSucceeded && a.TransactionID == p.TransactionID && x.o.State != OrderException
}

// Take is M14: a person takes the first of the payments as it is, whatever its amount and number. The others, and any
// other money that the order holds, go back. The lines share what is more or less than the order costs in proportion to
// their prices. ErrOrderSettled: the order was paid before, or this payment is on its way back.
func (x Misfit) Take(payments []Payment, reason, by string, now time.Time) error {
	if !x.Takeable() {
		return ErrOrderSettled
	}
	p := payments[0]
	a, err := x.came(p)
	if err != nil {
		return err
	}
	for _, other := range payments[1:] {
		if _, err := x.came(other); err != nil {
			return err
		}
	}
	paidAt := p.PaidAt.UTC()
	number, agreed := a.OutTradeNo, x.o.Total
	x.returnAll(reason, by, now, number)
	x.adjust(p.Total)
	x.o.Paid, x.o.PaidAt, x.o.Transaction = p.Total, &paidAt, p.TransactionID
	x.o.CloseReason, x.o.ClosedAt, x.o.ClosingAt = "", nil, nil
	x.o.move(MoveTaken, OrderPaid, now, by, map[string]string{
		"out_trade_no": number, "transaction_id": p.TransactionID, "agreed": agreed.Yuan(), "amount": p.Total.Yuan(), "reason": reason,
	})
	owePaid(x.o, now)
	return nil
}

// Return is M15: a person gives the money of an exception back, all that has come.
func (x Misfit) Return(payments []Payment, reason, by string, now time.Time) error {
	if x.o.State != OrderException {
		return ErrNotException
	}
	for _, p := range payments {
		if _, err := x.came(p); err != nil {
			return err
		}
	}
	sum := x.returnAll(reason, by, now, "")
	at := now.UTC()
	x.o.CloseReason, x.o.ClosedAt, x.o.ClosingAt = CloseReturned, &at, nil
	x.o.move(MoveReturned, OrderClosed, now, by, map[string]string{"amount": sum.Yuan(), "reason": reason})
	x.o.owe(now, DutyAnnounceClosed)
	return nil
}

// ReturnSurplus gives back a payment under one of the order's numbers that does not fit and does not count: the order was
// paid otherwise. It reports whether there was anything to begin; done again there is not.
func (x Misfit) ReturnSurplus(p Payment, reason, by string, now time.Time) (bool, error) {
	if a := x.o.Attempt(p.OutTradeNo); a == nil || a.Succeeded() || x.o.State == OrderException || x.o.Unsettled() {
		return false, nil
	}
	a, err := x.came(p)
	if err == nil {
		x.o.RefundBook().payBackBy(a, reason, by, now)
	}
	return err == nil, err
}

// ReturnStray is an order without lines that is made for the refund of a payment that belongs to none (M16).
func ReturnStray(id string, p Payment, reason, by string, now time.Time) *Order {
	at := now.UTC()
	o := &Order{
		ID: id, CloseReason: CloseReturned, CreatedAt: at, ExpiresAt: at, ClosedAt: &at,
		Lines: []OrderLine{}, Attempts: []Attempt{}, Refunds: []Refund{}, Duties: map[DutyName]*Duty{},
	}
	x := MisfitOf(o)
	if _, err := x.came(p); err != nil {
		panic(err) // an order without attempts takes one
	}
	x.returnAll(reason, by, now, "")
	o.move(MoveStray, OrderClosed, now, by, map[string]string{
		"out_trade_no": p.OutTradeNo, "transaction_id": p.TransactionID, "amount": p.Total.Yuan(), "reason": reason,
	})
	return o
}

// came notes a payment with its attempt, as money that is there. One under a number that is not the shop's gets an
// attempt of its own.
func (x Misfit) came(p Payment) (*Attempt, error) {
	a := x.o.Attempt(p.OutTradeNo)
	switch {
	case a == nil && len(x.o.Attempts) >= maxAttempts:
		return nil, ErrOrderNotPayable
	case a == nil:
		x.o.Attempts = append(x.o.Attempts, Attempt{OutTradeNo: p.OutTradeNo, Channel: ChannelOther, Amount: p.Total, CreatedAt: p.PaidAt.UTC()})
		a = &x.o.Attempts[len(x.o.Attempts)-1]
	case a.State == AttemptDupRefunding || a.State == AttemptDupRefunded:
		return nil, ErrOrderSettled
	case a.Amount != p.Total:
		a.Agreed, a.Amount = a.Amount, p.Total
	}
	at := p.PaidAt.UTC()
	a.State, a.TransactionID, a.PaidAt, a.Openid = AttemptSucceeded, p.TransactionID, &at, p.Openid
	return a, nil
}

// returnAll begins the refunds of all money that the order holds, but of the attempt with one number, and adds them up.
func (x Misfit) returnAll(reason, by string, now time.Time, but string) (sum Fen) {
	for i := range x.o.Attempts {
		if a := &x.o.Attempts[i]; a.State == AttemptSucceeded && a.OutTradeNo != but {
			x.o.RefundBook().payBackBy(a, reason, by, now)
			sum += a.Amount
		}
	}
	return sum
}

// adjust brings the order's lines to another total: each to its share in proportion to its price, rounded down to the fen,
// and what is left over to the dearest line.
func (x Misfit) adjust(total Fen) {
	dearest, left := 0, total
	shares := make([]Fen, len(x.o.Lines))
	for i, l := range x.o.Lines {
		hi, lo := bits.Mul64(uint64(total), uint64(l.Price))
		share, _ := bits.Div64(hi, lo, uint64(x.o.Total))
		shares[i] = Fen(share)
		left -= shares[i]
		if l.Price > x.o.Lines[dearest].Price {
			dearest = i
		}
	}
	shares[dearest] += left
	for i := range x.o.Lines {
		l := &x.o.Lines[i]
		l.Adjust += shares[i] - l.Price
		l.Price = shares[i]
	}
	x.o.Total = total
}

// agreedTotal is what the order cost when it was placed, in fen.
func (x Misfit) agreedTotal() Fen {
	total := x.o.Total
	for _, l := range x.o.Lines {
		total -= l.Adjust
	}
	return total
}

// agreed is what the attempt was to be, in fen.
func (a *Attempt) agreed() Fen { return cmp.Or(a.Agreed, a.Amount) }

// DecidedAt is when a person last decided about money of the order that did not fit; zero: never.
func (x Misfit) DecidedAt() (at time.Time) {
	for _, r := range x.o.History {
		if r.Move == MoveTaken || r.Move == MoveReturned {
			at = r.At
		}
	}
	return at
}
