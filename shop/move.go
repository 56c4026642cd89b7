package shop

import (
	"fmt"
	"slices"
	"time"
)

// Move names one way an order goes from state to state. Every change of an order's state
// is one of these and is written in one conditional update that names the state it
// leaves; nothing else sets Order.State.
type Move string

// The moves of an order.
const (
	MovePlaced    Move = "M1"  // placed, waits for money
	MoveFree      Move = "M2"  // placed, nothing to pay
	MovePaid      Move = "M4"  // WeChat says paid
	MoveFulfilled Move = "M5"  // every line granted
	MoveClosing   Move = "M7"  // time is over, cancelled or superseded
	MoveClosed    Move = "M8"  // WeChat says closed or unknown
	MovePaidAfter Move = "M9"  // paid while it was being closed
	MoveRevived   Move = "M10" // paid after it was closed, and still wanted
	MoveRefunding Move = "M11"
	MoveRefunded  Move = "M12"
	MoveException Move = "M13" // the payment does not fit; people decide
	MoveTaken     Move = "M14" // a person takes a payment that did not fit as it is
	MoveReturned  Move = "M15" // a person gives the money of an exception back
	MoveStray     Move = "M16" // a person gives money back that belongs to no order: this one is made for its refund
	MoveGiven     Move = "M17" // a member of staff gives access by hand, for nothing
)

// moves says from which states to which others each move goes. States never move back.
var moves = map[Move]struct {
	from []OrderState
	to   []OrderState
}{
	MovePlaced:    {[]OrderState{""}, []OrderState{OrderPending}},
	MoveFree:      {[]OrderState{""}, []OrderState{OrderPaid}},
	MovePaid:      {[]OrderState{OrderPending}, []OrderState{OrderPaid}},
	MoveFulfilled: {[]OrderState{OrderPaid}, []OrderState{OrderFulfilled}},
	MoveClosing:   {[]OrderState{OrderPending}, []OrderState{OrderClosing}},
	MoveClosed:    {[]OrderState{OrderClosing}, []OrderState{OrderClosed}},
	MovePaidAfter: {[]OrderState{OrderClosing}, []OrderState{OrderPaid}},
	MoveRevived:   {[]OrderState{OrderClosed}, []OrderState{OrderPaid}},
	// From refunding again, under a new number, where WeChat gave the last refund up.
	MoveRefunding: {[]OrderState{OrderFulfilled, OrderPartiallyRefunded, OrderRefunding}, []OrderState{OrderRefunding}},
	// To refunding again while another refund of the order is under way. From the later states
	// where WeChat gave a refund up, its successor went through, and then the first did too: by
	// hand, in WeChat's console.
	MoveRefunded: {
		[]OrderState{OrderRefunding, OrderPartiallyRefunded, OrderRefunded},
		[]OrderState{OrderRefunding, OrderPartiallyRefunded, OrderRefunded},
	},
	// Only while nothing is settled: an order that was paid rightly stays so, and a mismatch
	// that comes later is kept as a stray for people.
	MoveException: {[]OrderState{OrderPending, OrderClosing, OrderClosed}, []OrderState{OrderException}},
	MoveTaken:     {[]OrderState{OrderPending, OrderClosing, OrderClosed, OrderException}, []OrderState{OrderPaid}},
	MoveReturned:  {[]OrderState{OrderException}, []OrderState{OrderClosed}},
	MoveStray:     {[]OrderState{""}, []OrderState{OrderClosed}},
	MoveGiven:     {[]OrderState{""}, []OrderState{OrderPaid}},
}

// Record is one move of one order as the audit keeps it. Data holds what explains it, and
// never a secret.
type Record struct {
	V    int64             `bson:"v" json:"v"`
	Move Move              `bson:"move" json:"move"`
	From OrderState        `bson:"from" json:"from,omitempty"`
	To   OrderState        `bson:"to" json:"to"`
	At   time.Time         `bson:"at" json:"at"`
	By   string            `bson:"by" json:"by"` // user id, "wechat", "sweeper"
	Data map[string]string `bson:"data,omitempty" json:"data,omitempty"`
	Key  string            `bson:"key,omitempty" json:"-"` // the request's, where it came with an Idempotency-Key (see Under)
}

// MovedUnder reports whether the order was moved in the name of this key.
func (o *Order) MovedUnder(key string) bool {
	return key != "" && slices.ContainsFunc(o.History, func(r Record) bool { return r.Key == key })
}

// Under makes moves in the name of a request's idempotency key, and reports whether it did:
// not where the order was moved in its name before. "" is no key.
func (o *Order) Under(key string, move func() error) (moved bool, err error) {
	if o.MovedUnder(key) {
		return false, nil
	}
	n := len(o.History)
	if err := move(); err != nil {
		return false, err
	}
	for i := range o.History[n:] {
		o.History[n+i].Key = key
	}
	return true, nil
}

// move takes the order to another state and writes the record of it. It panics on a move
// that the table does not have: that is a mistake in this package, not in its input.
func (o *Order) move(m Move, to OrderState, now time.Time, by string, data map[string]string) {
	if !CanMove(m, o.State, to) {
		panic(fmt.Sprintf("order %s: no move %s from %q to %q", o.ID, m, o.State, to))
	}
	o.History = append(o.History, Record{
		V: int64(len(o.History) + 1), Move: m, From: o.State, To: to, At: now.UTC(), By: by, Data: data,
	})
	o.State = to
	if to != OrderPending {
		o.done(DutyTellClosing)
	}
}

// CanMove reports whether the table has the move.
func CanMove(m Move, from, to OrderState) bool {
	row := moves[m]
	return slices.Contains(row.from, from) && slices.Contains(row.to, to)
}
