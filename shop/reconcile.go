package shop

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// ReconciliationState is how the comparison of one day's bill stands.
type ReconciliationState string

// The states of a reconciliation. A day without a bill is no_bill only where we know of no
// money either.
const (
	ReconciliationRunning     ReconciliationState = "running"
	ReconciliationWaiting     ReconciliationState = "waiting" // WeChat has no bill yet, or does not answer
	ReconciliationOK          ReconciliationState = "ok"
	ReconciliationDifferences ReconciliationState = "differences"
	ReconciliationNoBill      ReconciliationState = "no_bill"
)

// Valid reports whether there is such a state.
func (s ReconciliationState) Valid() bool {
	return slices.Contains([]ReconciliationState{
		ReconciliationRunning, ReconciliationWaiting, ReconciliationOK, ReconciliationDifferences, ReconciliationNoBill,
	}, s)
}

// Reconciliation is the comparison of WeChat's trade bill of one day with our orders. A
// repeated run replaces it; Run fences off a run that was taken for dead.
type Reconciliation struct {
	Day         Date                `bson:"_id" json:"day"`
	State       ReconciliationState `bson:"state" json:"state"`
	Theirs      BillSums            `bson:"theirs" json:"theirs"`
	Ours        BillSums            `bson:"ours" json:"ours"`
	Differences []Difference        `bson:"differences" json:"differences"`
	By          string              `bson:"by" json:"by"` // user id, or "shop"
	Cause       string              `bson:"cause,omitempty" json:"cause,omitempty"`
	StartedAt   time.Time           `bson:"started_at" json:"started_at"`
	FinishedAt  *time.Time          `bson:"finished_at,omitempty" json:"finished_at,omitempty"`
	NextAt      *time.Time          `bson:"next_at,omitempty" json:"next_at,omitempty"` // waiting: when it is tried again
	Run         string              `bson:"run" json:"-"`
}

// When the shop reconciles: a day's bill is asked for from 10:30 the next morning on, for
// a week; one that is not ready, every half hour; a run that has not ended after ten
// minutes has died.
const (
	reconcileAfter  = 10*time.Hour + 30*time.Minute
	ReconcileAgain  = 30 * time.Minute
	reconcileDead   = 10 * time.Minute
	reconcileMissed = 7
)

// ReconcileDue are the days that should have been reconciled by now, oldest first. since
// is the day on which the shop opened.
func ReconcileDue(now time.Time, since Date) (days []Date) {
	today := DateOf(now)
	for n := reconcileMissed; n >= 1; n-- {
		if d := today.Add(-n); d >= since && !now.Before(d.End().Add(reconcileAfter)) {
			days = append(days, d)
		}
	}
	return days
}

// Takeable reports whether another run may begin: none is under way, or the one that is
// has died. The shop by itself compares a day once, and again only where WeChat was not
// ready. A clock that was moved back leaves nothing running for ever.
func (r *Reconciliation) Takeable(byHand bool, now time.Time) bool {
	switch r.State {
	case ReconciliationRunning:
		return now.Sub(r.StartedAt).Abs() > reconcileDead
	case ReconciliationWaiting:
		return byHand || r.NextAt == nil || !now.Before(*r.NextAt) || r.NextAt.Sub(now) > ReconcileAgain
	}
	return byHand
}

// Compared reports whether the shop by itself has nothing more to do for the day.
func (r *Reconciliation) Compared() bool {
	return r.State != ReconciliationRunning && r.State != ReconciliationWaiting
}

// BillSums are the sums of one side. Fee is WeChat's alone.
type BillSums struct {
	Count  int `bson:"count" json:"count"`
	Total  Fen `bson:"total_fen" json:"total_fen"`
	Refund Fen `bson:"refund_fen" json:"refund_fen"`
	Fee    Fen `bson:"fee_fen" json:"fee_fen"`
}

// BillEntry is one line of WeChat's bill: a payment, or a refund that was accepted. State
// is the refund's as of the next morning, "" where the bill's word for it is not known.
type BillEntry struct {
	At            time.Time
	OutTradeNo    string
	OutRefundNo   string // refunds only
	TransactionID string
	Amount        Fen
	State         RefundState
	OtherState    string // what is neither payment nor refund: the bill's word for it
}

func (e BillEntry) key() cashKey {
	return cashKey{e.OutRefundNo != "", cmp.Or(e.OutRefundNo, e.OutTradeNo)}
}

// DifferenceKind says in what the bill and our orders differ.
type DifferenceKind string

// The kinds of differences.
const (
	PaidThereNotHere    DifferenceKind = "PAID_THERE_NOT_HERE"
	PaidHereNotThere    DifferenceKind = "PAID_HERE_NOT_THERE"
	AmountDiffers       DifferenceKind = "AMOUNT_DIFFERS"
	TransactionDiffers  DifferenceKind = "TRANSACTION_DIFFERS"
	UnknownNumber       DifferenceKind = "UNKNOWN_NUMBER"
	RefundThereNotHere  DifferenceKind = "REFUND_THERE_NOT_HERE"
	RefundHereNotThere  DifferenceKind = "REFUND_HERE_NOT_THERE"
	RefundAmountDiffers DifferenceKind = "REFUND_AMOUNT_DIFFERS"
	RefundStateDiffers  DifferenceKind = "REFUND_STATE_DIFFERS"
	OtherDay            DifferenceKind = "OTHER_DAY" // both know it, on different days
	UnexpectedRow       DifferenceKind = "UNEXPECTED_ROW"
)

// DifferenceState says whether a difference is still one.
type DifferenceState string

// An open difference waits for people; a repaired one is gone.
const (
	DifferenceOpen     DifferenceState = "open"
	DifferenceRepaired DifferenceState = "repaired"
)

// Difference is one thing in which the two sides do not agree, amounts in fen.
type Difference struct {
	Kind        DifferenceKind  `bson:"kind" json:"kind"`
	OrderID     string          `bson:"order_id,omitempty" json:"order_id,omitempty"`
	OutTradeNo  string          `bson:"out_trade_no,omitempty" json:"out_trade_no,omitempty"`
	OutRefundNo string          `bson:"out_refund_no,omitempty" json:"out_refund_no,omitempty"`
	Theirs      Fen             `bson:"theirs_fen" json:"theirs_fen"`
	Ours        Fen             `bson:"ours_fen" json:"ours_fen"`
	Detail      string          `bson:"detail,omitempty" json:"detail,omitempty"`
	State       DifferenceState `bson:"state" json:"state"`
}

func (d Difference) same(e Difference) bool {
	return d.Kind == e.Kind && d.OutTradeNo == e.OutTradeNo && d.OutRefundNo == e.OutRefundNo
}

// Key names the difference within its day.
func (d Difference) Key() string { return string(d.Kind) + ":" + cmp.Or(d.OutRefundNo, d.OutTradeNo) }

// cashKey is the number under which both sides know a movement.
type cashKey struct {
	refund bool
	no     string
}

// Books are the orders that a bill is compared with: every movement of their money, and
// every number that was given out for them.
type Books struct {
	cash   map[cashKey]Cash
	issued map[cashKey]issued
}

// issued is a number that we gave to WeChat, and the amount it was for.
type issued struct {
	order  string
	amount Fen
}

// NewBooks are empty books.
func NewBooks() *Books { return &Books{map[cashKey]Cash{}, map[cashKey]issued{}} }

// Add enters an order. Entering it again replaces what was there.
func (b *Books) Add(o *Order) {
	for _, a := range o.Attempts {
		b.issued[cashKey{false, a.OutTradeNo}] = issued{o.ID, a.Amount}
	}
	for _, r := range o.Refunds {
		b.issued[cashKey{true, r.OutRefundNo}] = issued{o.ID, r.Amount}
	}
	for _, c := range o.Cash() {
		if c.Kind != CashFreeOrder {
			b.cash[cashKey{c.IsRefund(), cmp.Or(c.OutRefundNo, c.OutTradeNo)}] = c
		}
	}
}

// Knows reports whether the entry's number is one of an order in the books.
func (b *Books) Knows(e BillEntry) bool {
	_, ok := b.issued[e.key()]
	return ok
}

// Sums adds up our side of a day.
func (b *Books) Sums(day Date) (s BillSums) {
	for _, c := range b.cash {
		if c.Day() == day {
			s.Count++
			s.Total += c.In
			s.Refund += c.Out
		}
	}
	return s
}

// Reconcile compares the bill of a day with the books. The books hold every order that has
// a number in the bill, and every order with a movement of money on that day.
func Reconcile(day Date, bill []BillEntry, b *Books) []Difference {
	diffs := []Difference{}
	seen := map[cashKey]bool{}
	for _, e := range bill {
		switch {
		case e.OtherState != "":
			diffs = append(diffs, b.difference(UnexpectedRow, e, "a row with the state "+e.OtherState))
		case seen[e.key()]:
			diffs = append(diffs, b.difference(UnexpectedRow, e, "a second row of this number"))
		default:
			diffs = append(diffs, b.compare(day, e)...)
		}
		seen[e.key()] = true
	}
	for key, c := range b.cash {
		if c.Day() == day && !seen[key] {
			diffs = append(diffs, notThere(c))
		}
	}
	slices.SortFunc(diffs, func(x, y Difference) int {
		return cmp.Or(cmp.Compare(x.OutTradeNo, y.OutTradeNo), cmp.Compare(x.OutRefundNo, y.OutRefundNo), cmp.Compare(x.Kind, y.Kind))
	})
	return diffs
}

// compare looks one row of the bill up in the books.
func (b *Books) compare(day Date, e BillEntry) (diffs []Difference) {
	add := func(k DifferenceKind, detail string) { diffs = append(diffs, b.difference(k, e, detail)) }
	refund := e.OutRefundNo != ""
	c, here := b.cash[e.key()]
	switch {
	case !b.Knows(e):
		add(UnknownNumber, "no order of ours has this number")
		return diffs
	case !here && refund:
		add(RefundThereNotHere, "WeChat accepted it and we do not know")
		return diffs
	case !here:
		add(PaidThereNotHere, "WeChat has the money and we do not know")
		return diffs
	}
	if c.Amount() != e.Amount {
		add(map[bool]DifferenceKind{false: AmountDiffers, true: RefundAmountDiffers}[refund],
			fmt.Sprintf("%s yuan there, %s here", e.Amount.Yuan(), c.Amount().Yuan()))
	}
	if c.TransactionID != e.TransactionID {
		add(TransactionDiffers, "transaction "+e.TransactionID+" there, "+c.TransactionID+" here")
	}
	if c.Day() != day {
		add(OtherDay, "here it is of "+string(c.Day()))
	}
	if refund && contradicts(e.State, RefundState(c.State)) {
		add(RefundStateDiffers, fmt.Sprintf("%s there, %s here", e.State, c.State))
	}
	return diffs
}

// contradicts compares a refund's state of that morning with what it is here now. That it
// went on since then is no contradiction.
func contradicts(theirs, ours RefundState) bool {
	switch theirs {
	case RefundSucceeded:
		return ours != RefundSucceeded
	case RefundClosed, RefundAbnormal:
		return ours == RefundProcessing
	}
	return false
}

func (b *Books) difference(k DifferenceKind, e BillEntry, detail string) Difference {
	known := b.issued[e.key()]
	d := Difference{Kind: k, OrderID: known.order, OutTradeNo: e.OutTradeNo, OutRefundNo: e.OutRefundNo,
		Theirs: e.Amount, Detail: detail, State: DifferenceOpen}
	if c, ok := b.cash[e.key()]; ok {
		d.Ours = c.Amount()
	}
	return d
}

// notThere is the difference of money that only we know of.
func notThere(c Cash) Difference {
	d := Difference{Kind: PaidHereNotThere, OrderID: c.OrderID, OutTradeNo: c.OutTradeNo, OutRefundNo: c.OutRefundNo,
		Ours: c.Amount(), Detail: "the bill does not have it", State: DifferenceOpen}
	if c.IsRefund() {
		d.Kind = RefundHereNotThere
	}
	return d
}

// Repaired joins what a run found first with what it still found after its repairs: what is
// gone by then was repaired. Those that an earlier run of the day found, and this one did
// not any more, stay as repaired, so that a day never forgets a case.
func Repaired(earlier, found, left []Difference) []Difference {
	all := slices.Clone(left)
	for _, d := range slices.Concat(found, earlier) {
		if !slices.ContainsFunc(all, d.same) {
			d.State = DifferenceRepaired
			all = append(all, d)
		}
	}
	return all
}

// Open counts the differences that wait for people.
func Open(diffs []Difference) (n int) {
	for _, d := range diffs {
		if d.State == DifferenceOpen {
			n++
		}
	}
	return n
}
