package handlers

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"mstm/shop"
	"mstm/wechat"
)

// heard does what an event of the official account asks for. Doing it again changes nothing.
func (s *Server) heard(r *http.Request, ev wechat.Event) error {
	if word := ev.Scene(); word != "" {
		err := s.WeChat.Scanned(r.Context(), ev.Openid, word)
		if err != nil && !errors.Is(err, shop.ErrWeChatLink) && !errors.Is(err, shop.ErrWeChatOwnAccount) {
			return err
		}
		if err != nil {
			s.event(r, "a scan came to nothing", slog.String("event", ev.Name))
		}
	}
	switch ev.Name {
	case "subscribe", "unsubscribe":
		return s.Store.Followers.SetFollowing(r.Context(), ev.Openid, ev.Name == "subscribe", ev.At)
	case "subscribe_msg_popup_event", "subscribe_msg_change_event":
		return s.consented(r, ev)
	case "TEMPLATESENDJOBFINISH":
		return s.messageFinished(r, ev)
	}
	return nil
}

// consented notes a follower's decision about messages of activities.
func (s *Server) consented(r *http.Request, ev wechat.Event) error {
	for _, c := range ev.Consents {
		if err := s.Store.Followers.AddConsent(r.Context(), ev.Openid, c.TemplateID, c.Accepted, ev.At); err != nil {
			return err
		}
	}
	return nil
}

// messageFinished notes what became of a message. WeChat may say so before its number is
// written down; an event is answered within five seconds, so it is waited for a little.
func (s *Server) messageFinished(r *http.Request, ev wechat.Event) error {
	if s.WeChatSender == nil {
		return nil
	}
	for range 10 {
		known, err := s.WeChatSender.Finished(r.Context(), ev.MsgID, ev.Status)
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
