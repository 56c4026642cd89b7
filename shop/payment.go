package shop

import (
	"fmt"
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
