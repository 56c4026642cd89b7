package store

import (
	"context"
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
}

// UnmatchedPayments are genuine payments that fit no order.
type UnmatchedPayments struct {
	*base
	docs Collection[UnmatchedPayment]
}

func newUnmatchedPayments(b *base) *UnmatchedPayments {
	return &UnmatchedPayments{base: b, docs: newCollection[UnmatchedPayment](b, "quarantine")}
}

// Record keeps a payment that does not fit, once, with what it was settled as. It reports whether
// this call was the first to keep it, and when it was seen first.
func (s *UnmatchedPayments) Record(ctx context.Context, p shop.Payment, as shop.Settlement, reason string, now time.Time) (fresh bool, firstSeen time.Time, err error) {
	row := &UnmatchedPayment{ID: p.OutTradeNo + ":" + p.TransactionID, OutTradeNo: p.OutTradeNo, Payment: p, Reason: reason, FirstSeen: now.UTC()}
	if as == shop.SettledHeld || as == shop.SettledGone {
		row.ID += ":" + string(as) // the same payment may have come before with what does not fit
	}
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
