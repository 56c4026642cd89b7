package wechat

import (
	"context"
	"fmt"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"mstm/shop"
)

// RefundRequest asks for money back. OutRefundNo is WeChat's idempotency key: a number is refunded
// at most once, so it must be stored before the call and used for every repetition.
type RefundRequest struct {
	OutTradeNo, OutRefundNo string
	Reason                  string // shown to the payer; cut to 80 bytes
	Refund, Total           shop.Fen
}

// Refund is WeChat's view of one refund.
type Refund struct {
	MchID         string // in callbacks only
	OutRefundNo   string
	OutTradeNo    string
	RefundID      string
	TransactionID string
	Status        string // PROCESSING, SUCCESS, CLOSED, ABNORMAL
	Refund, Total shop.Fen
	CreateTime    time.Time // when WeChat accepted it, which decides the day of its bill; not in callbacks
	SuccessTime   time.Time
}

// Refund asks for a refund. A nil error means accepted, not paid back: follow the callback or
// QueryRefund. After ErrBusy or ErrOutcomeUnknown it may have been accepted all the same: query,
// and on ErrRefundUnknown repeat it with the same number and amounts. ErrHeldBack is the answer,
// without asking WeChat, while as many are under way as may fail.
func (p *Pay) Refund(ctx context.Context, in RefundRequest) (out Refund, err error) {
	if !p.refunds.enter() {
		return Refund{}, fmt.Errorf("wechat %s: %w", apiRefund, ErrHeldBack)
	}
	defer func() { p.refunds.leave(err) }()
	err = p.call(ctx, apiRefund, func(ctx context.Context) error {
		svc := refunddomestic.RefundsApiService{Client: p.client}
		resp, _, err := svc.Create(ctx, refunddomestic.CreateRequest{
			OutTradeNo: &in.OutTradeNo, OutRefundNo: &in.OutRefundNo, Reason: reason(in.Reason),
			// Without a notify_url WeChat sends nothing, or the unverifiable v2 form.
			NotifyUrl: &p.cfg.RefundNotifyURL,
			Amount:    &refunddomestic.AmountReq{Refund: core.Int64(int64(in.Refund)), Total: core.Int64(int64(in.Total)), Currency: core.String(cny)},
		})
		if err != nil {
			return err
		}
		out, err = refund(resp, in.OutRefundNo)
		return err
	})
	return out, err
}

// QueryRefund asks how a refund stands; ErrRefundUnknown when WeChat never saw the number.
func (p *Pay) QueryRefund(ctx context.Context, outRefundNo string) (out Refund, err error) {
	err = p.call(ctx, apiRefundQuery, func(ctx context.Context) error {
		svc := refunddomestic.RefundsApiService{Client: p.client}
		resp, _, err := svc.QueryByOutRefundNo(ctx, refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: &outRefundNo})
		if err != nil {
			return err
		}
		out, err = refund(resp, outRefundNo)
		return err
	})
	return out, err
}

// refund copies the SDK's pointers and refuses an answer that is not about outRefundNo.
func refund(r *refunddomestic.Refund, outRefundNo string) (Refund, error) {
	if val(r.OutRefundNo) != outRefundNo || r.Status == nil {
		return Refund{}, fmt.Errorf("%w: the answer is about another refund", ErrOutcomeUnknown)
	}
	out := Refund{
		OutRefundNo: outRefundNo, OutTradeNo: val(r.OutTradeNo), RefundID: val(r.RefundId),
		TransactionID: val(r.TransactionId), Status: string(*r.Status), CreateTime: val(r.CreateTime), SuccessTime: val(r.SuccessTime),
	}
	if r.Amount != nil {
		out.Refund, out.Total = shop.Fen(val(r.Amount.Refund)), shop.Fen(val(r.Amount.Total))
	}
	return out, nil
}

// reason fits WeChat's 80; an empty one is left out.
func reason(s string) *string {
	if s = clip(s, 80); s == "" {
		return nil
	}
	return &s
}
