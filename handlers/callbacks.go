package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/wechat"
)

// callbacks are WeChat's requests, of payments and of the official account.
type callbacks struct {
	log     *slog.Logger
	refused *rest.Sampler
}

// callbackTime is how long we take to answer WeChat, which is to have its answer within three seconds by its own
// clock (it waits five); also where a store hangs, see checkout.Await, or the body trickles in.
const callbackTime = 2500 * time.Millisecond

// adapt adapts a handler of WeChat's callbacks: it has less time, and its failures have
// WeChat's body, `{"code","message"}`. WeChat looks at the status alone and comes again
// unless that is 200 or 204 (pay.weixin.qq.com/doc/v3/merchant, 支付通知).
func (h *callbacks) adapt(do rest.HandlerFunc) rest.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), callbackTime)
		defer cancel()
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(callbackTime)) // a recorder in a test has none
		err := do(w, r.WithContext(ctx))
		if err == nil && rest.HasBegun(ctx) {
			return nil // in words of its own
		}
		if err == nil {
			return rest.Encode(w, http.StatusOK, callbackAnswer{"SUCCESS", "成功"})
		}
		e := callbackError(err)
		status := int(e.Kind)
		if e.Is(shop.ErrUnknownTrade) {
			status = http.StatusServiceUnavailable // WeChat repeats it; the order may yet appear
		}
		rest.LogFailure(r, e, err)
		h.logRefusal(r, e, status, err)
		body, err := rest.Marshal(callbackAnswer{e.Code, e.En})
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		rest.Write(w, status, body)
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
	return rest.CodedError(err)
}

// logRefusal logs a refusal; what failed on our side rest.LogFailure has logged. Anybody can send
// callbacks that are refused, so of many a second only some are logged, with the number of
// those that were not; the others have no line in the access log either.
func (h *callbacks) logRefusal(r *http.Request, e *shop.Error, status int, err error) {
	if e.Kind >= shop.Internal {
		return
	}
	left, ok := h.refused.Next(time.Now())
	if !ok {
		rest.SkipLog(r.Context())
		return
	}
	level := slog.LevelWarn
	if wechat.IsProbe(err) {
		level = slog.LevelInfo // WeChat's own test of whether we verify
	}
	h.log.LogAttrs(r.Context(), level, "callback refused", slog.String("request_id", rest.RequestID(r.Context())), slog.String("code", e.Code),
		slog.Int("status", status), slog.Int64("left_out", left), slog.Any("err", err))
}
