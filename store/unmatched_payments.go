package store

import (
	"context"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// UnmatchedPayment is a genuine payment that does not fit: its number is not ours, or its amount or
// parties differ. It is kept for people to look into.
type UnmatchedPayment struct {
	ID         string       `bson:"_id"` // out_trade_no:transaction_id, and :held or :gone where it fits its number
	OutTradeNo string       `bson:"out_trade_no"`
	Payment    shop.Payment `bson:"payment"`
	Reason     string       `bson:"reason"`
	FirstSeen  time.Time    `bson:"first_seen"`

	Decision     *Decision  `bson:"decision,omitempty"`      // nil: none yet
	DecidedUnder string     `bson:"decided_under,omitempty"` // the name under which the request that decided does what it does
	ResolvedAt   *time.Time `bson:"resolved_at,omitempty"`   // when the decision was carried out
}

// Returns reports whether the payment goes back by itself: its buyer's account is gone.
func (x *UnmatchedPayment) Returns() bool {
	return strings.HasSuffix(x.ID, ":"+string(shop.SettledGone))
}

// UnmatchedPayments are genuine payments that fit no order.
type UnmatchedPayments struct {
	*base
	docs Collection[UnmatchedPayment]
}

func newUnmatchedPayments(b *base) *UnmatchedPayments {
	docs := newCollection[UnmatchedPayment](b, "quarantine")
	docs.missing = shop.ErrUnmatchedNotFound
	return &UnmatchedPayments{base: b, docs: docs}
}

// UnmatchedID is the id under which a payment is kept that was settled as something. One that was held or goes back may
// have come before with what does not fit, so it has an id of its own.
func UnmatchedID(p shop.Payment, as shop.Settlement) string {
	id := p.OutTradeNo + ":" + p.TransactionID
	if as == shop.SettledHeld || as == shop.SettledGone {
		id += ":" + string(as)
	}
	return id
}

// Record keeps a payment that does not fit, once, with what it was settled as. It reports whether
// this call was the first to keep it, and when it was seen first.
func (s *UnmatchedPayments) Record(ctx context.Context, p shop.Payment, as shop.Settlement, reason string, now time.Time) (fresh bool, firstSeen time.Time, err error) {
	row := &UnmatchedPayment{ID: UnmatchedID(p, as), OutTradeNo: p.OutTradeNo, Payment: p, Reason: reason, FirstSeen: now.UTC()}
	if fresh, err := s.docs.Insert(ctx, row); fresh || err != nil {
		return fresh, row.FirstSeen, err
	}
	before, err := s.docs.Get(ctx, row.ID)
	if err != nil {
		return false, time.Time{}, err
	}
	return false, before.FirstSeen, nil
}

// Of lists the payments under one out_trade_no that did not fit.
func (s *UnmatchedPayments) Of(ctx context.Context, outTradeNo string) ([]UnmatchedPayment, error) {
	return s.docs.All(ctx, bson.M{"out_trade_no": outTradeNo})
}

// All lists all payments that did not fit.
func (s *UnmatchedPayments) All(ctx context.Context) ([]UnmatchedPayment, error) {
	return s.docs.All(ctx, bson.M{})
}

// Undecided lists the payments without a decision; some of them go back by themselves, or wait with their order.
func (s *UnmatchedPayments) Undecided(ctx context.Context) ([]UnmatchedPayment, error) {
	return s.docs.All(ctx, bson.M{"resolved_at": nil, "decided_under": nil})
}

// CountOpen counts the payments that fit no order and are still here.
func (s *UnmatchedPayments) CountOpen(ctx context.Context) (int64, error) {
	return s.docs.Count(ctx, bson.M{"resolved_at": nil})
}

// Decision is what a person has decided about an unmatched payment.
type Decision struct {
	How     shop.Resolution `bson:"how"`
	OrderID string          `bson:"order_id,omitempty"` // that it pays, or that its refund is in
	Payment shop.Payment    `bson:"payment"`            // as WeChat told of it when it was decided; zero where no money moves
	Reason  string          `bson:"reason"`
	By      string          `bson:"by"`
	At      time.Time       `bson:"at"`
}

// Get reads one by its id; shop.ErrUnmatchedNotFound where there is none.
func (s *UnmatchedPayments) Get(ctx context.Context, id string) (*UnmatchedPayment, error) {
	return s.docs.Get(ctx, id)
}

// Decide writes a decision down under a request's name, the first only, and reports whether this was it.
func (s *UnmatchedPayments) Decide(ctx context.Context, id, under string, d Decision) (bool, error) {
	return s.docs.Update(ctx, bson.M{"_id": id, "decided_under": nil}, bson.M{"$set": bson.M{"decision": d, "decided_under": under}})
}

// Undecide takes back a decision that can never be carried out.
func (s *UnmatchedPayments) Undecide(ctx context.Context, x *UnmatchedPayment) error {
	_, err := s.docs.Update(ctx, x.undone(), bson.M{"$unset": bson.M{"decision": "", "decided_under": ""}})
	return err
}

// Resolve notes that a decision is carried out.
func (s *UnmatchedPayments) Resolve(ctx context.Context, x *UnmatchedPayment, now time.Time) error {
	_, err := s.docs.Update(ctx, x.undone(), bson.M{"$set": bson.M{"resolved_at": now.UTC()}})
	return err
}

func (x *UnmatchedPayment) undone() bson.M {
	return bson.M{"_id": x.ID, "decided_under": x.DecidedUnder, "resolved_at": nil}
}

// Undone lists the payments with a decision that is still to be carried out.
func (s *UnmatchedPayments) Undone(ctx context.Context) ([]UnmatchedPayment, error) {
	return s.docs.All(ctx, bson.M{"decided_under": bson.M{"$gt": ""}, "resolved_at": nil})
}
