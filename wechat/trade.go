package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"

	"mstm/shop"
)

// Transaction is WeChat's view of one trade. What it has not got yet is empty: before the payment
// TransactionID, TradeType, SuccessTime and Openid, and possibly Total.
type Transaction struct {
	AppID, MchID  string
	OutTradeNo    string
	TransactionID string // WeChat's number; opaque
	TradeType     string // NATIVE, JSAPI, MWEB (which is h5)
	State         string // SUCCESS, REFUND, NOTPAY, CLOSED
	Total         shop.Fen
	Currency      string
	SuccessTime   time.Time
	Openid        string
}

// Paid says whether the money came. REFUND counts: WeChat shows it from the first refund on,
// however small.
func (t Transaction) Paid() bool { return t.State == "SUCCESS" || t.State == "REFUND" }

// Query asks for a trade by the shop's number; ErrTradeUnknown when WeChat never saw it.
func (p *Pay) Query(ctx context.Context, outTradeNo string) (out Transaction, err error) {
	err = p.call(ctx, apiQuery, func(ctx context.Context) error {
		// The query of the native service answers trades of every channel.
		svc := native.NativeApiService{Client: p.client}
		resp, _, err := svc.QueryOrderByOutTradeNo(ctx, native.QueryOrderByOutTradeNoRequest{OutTradeNo: &outTradeNo, Mchid: &p.cfg.MchID})
		if err != nil {
			return err
		}
		out = transaction(resp)
		if out.OutTradeNo != outTradeNo || out.State == "" {
			return fmt.Errorf("%w: the answer is about another trade", ErrOutcomeUnknown)
		}
		return nil
	})
	if err != nil {
		return Transaction{}, err
	}
	return out, nil
}

// CloseTrade makes a trade unpayable. Nil means it is closed now, by this call or before;
// ErrTradePaid that the payer was faster. After any other error query.
func (p *Pay) CloseTrade(ctx context.Context, outTradeNo string) error {
	err := p.call(ctx, apiClose, func(ctx context.Context) error {
		svc := native.NativeApiService{Client: p.client}
		result, err := svc.CloseOrder(ctx, native.CloseOrderRequest{OutTradeNo: &outTradeNo, Mchid: &p.cfg.MchID})
		if err != nil {
			return err
		}
		if result.Response.StatusCode != http.StatusNoContent {
			return fmt.Errorf("%w: %d instead of 204", ErrOutcomeUnknown, result.Response.StatusCode)
		}
		return nil
	})
	if errors.Is(err, ErrTradeClosed) {
		return nil
	}
	return err
}

// transaction copies the SDK's pointers, any of which may be nil.
func transaction(t *payments.Transaction) Transaction {
	out := Transaction{
		AppID: val(t.Appid), MchID: val(t.Mchid), OutTradeNo: val(t.OutTradeNo),
		TransactionID: val(t.TransactionId), TradeType: val(t.TradeType), State: val(t.TradeState),
		SuccessTime: clockTime(val(t.SuccessTime)),
	}
	if t.Amount != nil {
		// total, not payer_total: the latter is smaller when the payer used a coupon.
		out.Total, out.Currency = shop.Fen(val(t.Amount.Total)), val(t.Amount.Currency)
	}
	if t.Payer != nil {
		out.Openid = val(t.Payer.Openid)
	}
	return out
}

// clockTime is zero for what is no time: a paid trade must not be lost over its date.
func clockTime(s string) time.Time {
	t, _ := time.Parse(time.RFC3339, s)
	return t
}

func val[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
