package handlers

import (
	"context"
	"net/http"

	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/wechat"
)

// payments are WeChat Pay's announcements of payments and refunds.
type payments struct {
	pay      *wechat.Pay
	checkout *checkout.Checkout
}

// paid answers POST /api/wechat/pay-notify: 200 once what the callback says is
// durable. The body is read raw, because the signature covers its bytes.
func (h *payments) paid(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, rest.MaxBody)
	_, tx, err := h.pay.ParsePayment(r)
	if err != nil {
		return err
	}
	return h.checkout.Await(r.Context(), func(ctx context.Context) error { return h.checkout.Settlements.Notified(ctx, tx) })
}

// refunded answers POST /api/wechat/refund-notify.
func (h *payments) refunded(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, rest.MaxBody)
	_, refund, err := h.pay.ParseRefund(r)
	if err != nil {
		return err
	}
	return h.checkout.Await(r.Context(), func(ctx context.Context) error { return h.checkout.WeChatRefunds.Notified(ctx, refund) })
}
