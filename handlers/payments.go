package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"mstm/checkout"
	"mstm/shop"
	"mstm/wechat"
)

// callbackTime is how long we take to answer WeChat, which is to have its answer within three seconds by its own
// clock (it waits five); also where a store hangs, see checkout.Await, or the body trickles in.
const callbackTime = 2500 * time.Millisecond

// callback adapts a handler of WeChat's callbacks: it has less time, and its failures have
// WeChat's body, `{"code","message"}`. WeChat looks at the status alone and comes again
// unless that is 200 or 204 (pay.weixin.qq.com/doc/v3/merchant, 支付通知).
func (s *Server) callback(do handlerFunc) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), callbackTime)
		defer cancel()
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(callbackTime)) // a recorder in a test has none
		err := do(w, r.WithContext(ctx))
		if err == nil && exchangeOf(ctx).status != 0 {
			return nil // in words of its own
		}
		if err == nil {
			return encode(w, http.StatusOK, callbackAnswer{"SUCCESS", "成功"})
		}
		e := callbackError(err)
		status := int(e.Kind)
		if e.Is(shop.ErrUnknownTrade) {
			status = http.StatusServiceUnavailable // WeChat repeats it; the order may yet appear
		}
		s.logFailure(r, e, err)
		s.logCallback(r, e, status, err)
		body, err := marshal(callbackAnswer{e.Code, e.En})
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		write(w, status, body)
		return nil
	}
}

type callbackAnswer struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// callbackError is the code of what went wrong with a callback. What wechat returns never
// carries the request, so it may be logged.
func callbackError(err error) *shop.Error {
	switch {
	case errors.Is(err, wechat.ErrBadSignature):
		return shop.ErrCallbackSignature
	case errors.Is(err, wechat.ErrBadCallback), errors.Is(err, wechat.ErrNotV3):
		return shop.ErrCallbackContent
	}
	return codedError(err)
}

// logCallback logs a refusal; what failed on our side logFailure has logged. Anybody can send
// callbacks that are refused, so of many a second only some are logged, with the number of
// those that were not; the others have no line in the access log either.
func (s *Server) logCallback(r *http.Request, e *shop.Error, status int, err error) {
	if e.Kind >= shop.Internal {
		return
	}
	x := exchangeOf(r.Context())
	left, ok := s.refused.next(time.Now())
	if !ok {
		x.unlogged = true
		return
	}
	level := slog.LevelWarn
	if wechat.IsProbe(err) {
		level = slog.LevelInfo // WeChat's own test of whether we verify
	}
	s.Log.LogAttrs(r.Context(), level, "callback refused", slog.String("request_id", x.id), slog.String("code", e.Code),
		slog.Int("status", status), slog.Int64("left_out", left), slog.Any("err", err))
}

// payNotified answers POST /api/wechat/pay-notify: 200 once what the callback says is
// durable. The body is read raw, because the signature covers its bytes.
func (s *Server) payNotified(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	_, tx, err := s.Pay.ParsePayment(r)
	if err != nil {
		return err
	}
	if !tx.Paid() {
		return nil // WeChat announces payments only; anything else is found out by asking
	}
	return s.Checkout.Await(r.Context(), func(ctx context.Context) error {
		_, err := s.Checkout.Settlements.Settle(ctx, checkout.PaymentOf(tx), "wechat")
		return err
	})
}

// refundNotified answers POST /api/wechat/refund-notify.
func (s *Server) refundNotified(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	_, refund, err := s.Pay.ParseRefund(r)
	if err != nil {
		return err
	}
	return s.Checkout.Await(r.Context(), func(ctx context.Context) error { return s.Checkout.WeChatRefunds.Notified(ctx, refund) })
}
