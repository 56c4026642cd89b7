package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"go.etcd.io/bbolt"

	"mstm/shop"
)

// sent is the answer of the calls that post to the shop at once.
type sent struct {
	Deliveries []delivery `json:"deliveries"`
}

// resend answers POST /sandbox/callbacks/:out_trade_no: the trade's newest callback goes out again
// now, whether or not it was delivered. Its retries are not affected.
func (s *callbacks) resend(r *request) (any, error) {
	var in struct {
		Event    string        `json:"event"` // payment (the default) or refund
		Count    int           `json:"count"`
		Parallel bool          `json:"parallel"`
		Fault    CallbackFault `json:"fault"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.Event == "" {
		in.Event = "payment"
	}
	if in.Count > 0 {
		in.Fault.Repeat = in.Count
	}
	in.Fault.Parallel = in.Fault.Parallel || in.Parallel
	if err := (Faults{Callback: []CallbackFault{in.Fault}}).check(); err != nil {
		return nil, err
	}
	e, err := s.newest(r.params.ByName("out_trade_no"), in.Event)
	if err != nil {
		return nil, err
	}
	tries := s.sendNow(r.Context(), *e, in.Fault)
	return sent{tries}, s.db.Update(func(tx *bbolt.Tx) error {
		stored, err := get[event](tx, bucketEvents, e.Key)
		if err != nil || stored == nil {
			return err
		}
		stored.log(tries)
		return put(tx, bucketEvents, e.Key, stored)
	})
}

// newest is the last event of a kind that a trade has had.
func (s *callbacks) newest(outTradeNo, kind string) (found *event, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		events, err := list[event](tx, bucketEvents, outTradeNo+"/")
		for i := range events {
			if events[i].Kind == kind {
				found = &events[i]
			}
		}
		return err
	})
	if err == nil && found == nil {
		err = &refusal{http.StatusNotFound, "CALLBACK_UNKNOWN", "this trade has had no such callback", ""}
	}
	return found, err
}

// sendNow posts without waiting for business time.
func (s *callbacks) sendNow(ctx context.Context, e event, f CallbackFault) []delivery {
	if f.Lose {
		return []delivery{}
	}
	pause(ctx, time.Duration(f.DelayMS)*time.Millisecond)
	return s.send(ctx, e, f)
}

// forgery is invented content; what is left out is filled in from the trade, if there is one.
type forgery struct {
	Event         string        `json:"event"` // payment (the default) or refund
	OutTradeNo    string        `json:"out_trade_no"`
	TransactionID string        `json:"transaction_id"`
	TradeState    string        `json:"trade_state"`
	Total         *shop.Fen     `json:"amount_fen"`
	Currency      string        `json:"currency"`
	MchID         string        `json:"mchid"`
	AppID         string        `json:"appid"`
	Openid        string        `json:"openid"`
	SuccessTime   time.Time     `json:"success_time"`
	OutRefundNo   string        `json:"out_refund_no"`
	RefundID      string        `json:"refund_id"`
	RefundStatus  string        `json:"refund_status"`
	Refund        shop.Fen      `json:"refund_fen"`
	NotifyURL     string        `json:"notify_url"` // that of the newest trade when empty
	Fault         CallbackFault `json:"fault"`
}

// forge answers POST /sandbox/forge: a callback with a right signature and any content, posted at
// once. No trade changes here.
func (s *callbacks) forge(r *request) (any, error) {
	var in forgery
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	t, err := s.forgedTrade(in)
	if err != nil {
		return nil, err
	}
	e := s.paymentEvent(t)
	if in.Event == "refund" {
		e = s.merchant.forgedRefund(t, in)
	} else {
		e.Content = s.forgedContent(t, in)
	}
	e.ID, e.CreatedAt = "EV-FORGED-"+randomHex(10), s.now()
	if in.NotifyURL != "" {
		e.URL = in.NotifyURL
	}
	return sent{s.sendNow(r.Context(), e, in.Fault)}, nil
}

// forgedTrade is the trade named, or an invented one that borrows the newest trade's address and signer.
func (s *callbacks) forgedTrade(in forgery) (*trade, error) {
	trades, err := s.merchant.trades()
	if err != nil {
		return nil, err
	}
	t := &trade{Kind: native, Total: 1, Openid: defaultOpenid, PaidAt: s.now(), NotifyURL: in.NotifyURL}
	var newest time.Time
	for i := range trades {
		if trades[i].OutTradeNo == in.OutTradeNo {
			t = &trades[i]
			break
		}
		if !trades[i].CreatedAt.Before(newest) {
			newest = trades[i].CreatedAt
			t.NotifyURL, t.Signer = trades[i].NotifyURL, trades[i].Signer
		}
	}
	if t.NotifyURL == "" && in.NotifyURL == "" {
		return nil, paramError("notify_url", "no trade has given an address yet")
	}
	t.OutTradeNo = in.OutTradeNo
	return t, nil
}

// forgedContent is the transaction in, over t.
func (s *callbacks) forgedContent(t *trade, in forgery) []byte {
	if t.TransactionID == "" {
		t.TransactionID = "4200" + digits(24)
	}
	if t.PaidAt.IsZero() {
		t.PaidAt = s.now()
	}
	t.State = success
	v := s.merchant.view(t)
	override(&v.TransactionID, in.TransactionID)
	override(&v.TradeState, in.TradeState)
	override(&v.MchID, in.MchID)
	override(&v.AppID, in.AppID)
	override(&v.Payer.Openid, in.Openid)
	override(&v.Amount.Currency, in.Currency)
	if in.Total != nil {
		v.Amount.Total, v.Amount.PayerTotal = *in.Total, *in.Total
	}
	if !in.SuccessTime.IsZero() {
		v.SuccessTime = stamp(in.SuccessTime)
	}
	content, _ := json.Marshal(v) // plain fields
	return content
}

func override(field *string, value string) {
	if value != "" {
		*field = value
	}
}
