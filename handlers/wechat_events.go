package handlers

import (
	"context"
	"net/http"

	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/notice"
	"mstm/shop"
	"mstm/wechat"
)

// weChatEvents are the pushes of the official account.
type weChatEvents struct {
	official  *wechat.Account // nil: the shop has none
	checkout  *checkout.Checkout
	followers *notice.Followers
}

// confirm answers GET /api/wechat/events: WeChat asks once whether the address is ours.
func (h *weChatEvents) confirm(w http.ResponseWriter, r *http.Request) error {
	if h.official == nil {
		return shop.ErrWeChatUnavailable
	}
	echo, err := h.official.CheckURL(r.URL.Query())
	if err != nil {
		return err
	}
	answerText(w, echo)
	return nil
}

// pushed answers POST /api/wechat/events. WeChat repeats what is not answered by
// `success` within five seconds, three times in all, so what failed of ours is answered as
// a failure, and what no repeat could mend as a success.
func (h *weChatEvents) pushed(w http.ResponseWriter, r *http.Request) error {
	if h.official == nil {
		return shop.ErrWeChatUnavailable
	}
	ev, err := h.official.ParseEvent(r)
	if err != nil {
		return err
	}
	err = h.checkout.Await(r.Context(), func(ctx context.Context) error { return h.followers.Apply(ctx, ev) })
	if err != nil {
		return err
	}
	answerText(w, "success")
	return nil
}

func answerText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	rest.Write(w, http.StatusOK, []byte(text))
}
