package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"mstm/account"
	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/notice"
	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// weChatEvents are the pushes of the official account.
type weChatEvents struct {
	official  *wechat.Account // nil: the shop has none
	wechat    *account.WeChat
	checkout  *checkout.Checkout
	followers *store.Followers
	sender    *notice.WeChatSender // nil: the account sends no messages
}

// heard does what an event of the official account asks for. Doing it again changes nothing.
func (h *weChatEvents) heard(r *http.Request, ev wechat.Event) error {
	if word := ev.Scene(); word != "" {
		err := h.wechat.Scanned(r.Context(), ev.Openid, word)
		if err != nil && !errors.Is(err, shop.ErrWeChatLink) && !errors.Is(err, shop.ErrWeChatOwnAccount) {
			return err
		}
		if err != nil {
			rest.LogEvent(r, "a scan came to nothing", slog.String("event", ev.Name))
		}
	}
	switch ev.Name {
	case "subscribe", "unsubscribe":
		return h.followers.SetFollowing(r.Context(), ev.Openid, ev.Name == "subscribe", ev.At)
	case "subscribe_msg_popup_event", "subscribe_msg_change_event":
		return h.consented(r, ev)
	case "TEMPLATESENDJOBFINISH":
		return h.messageFinished(r, ev)
	}
	return nil
}

// consented notes a follower's decision about messages of activities.
func (h *weChatEvents) consented(r *http.Request, ev wechat.Event) error {
	for _, c := range ev.Consents {
		if err := h.followers.AddConsent(r.Context(), ev.Openid, c.TemplateID, c.Accepted, ev.At); err != nil {
			return err
		}
	}
	return nil
}

// messageFinished notes what became of a message. WeChat may say so before its number is
// written down; an event is answered within five seconds, so it is waited for a little.
func (h *weChatEvents) messageFinished(r *http.Request, ev wechat.Event) error {
	if h.sender == nil {
		return nil
	}
	for range 10 {
		known, err := h.sender.Finished(r.Context(), ev.MsgID, ev.Status)
		if known || err != nil {
			return err
		}
		select {
		case <-time.After(150 * time.Millisecond):
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
	return nil // not ours, or its sender died before writing the number down
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
	err = h.checkout.Await(r.Context(), func(context.Context) error { return h.heard(r, ev) })
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
