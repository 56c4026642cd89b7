package handlers

import (
	"context"
	"net/http"
	"time"

	"mstm/shop"
)

// bindingView is a code to be scanned. URL is what the code holds, for a page that draws
// it; image_url shows it drawn.
type bindingView struct {
	Ticket    string    `json:"ticket"`
	URL       string    `json:"url"`
	ImageURL  string    `json:"image_url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// createBinding answers POST /api/wechat/bindings with a code: the WeChat that scans it
// first is bound to the account, and `wechat.bound` says so.
func (s *Server) createBinding(w http.ResponseWriter, r *http.Request) error {
	code, err := s.WeChat.BindingCode(r.Context(), learnerID(r.Context()))
	if err != nil {
		return err
	}
	return encode(w, http.StatusCreated, bindingView{code.Ticket, code.URL, code.ImageURL, utc(code.ExpiresAt)})
}

// deleteBinding answers DELETE /api/wechat/bindings `{password}`.
func (s *Server) deleteBinding(w http.ResponseWriter, r *http.Request) error {
	password, err := passwordOf(w, r)
	if err != nil {
		return err
	}
	if err := s.WeChat.Unbind(r.Context(), s.visitor(r), callerOf(r.Context()).row, password); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// confirmEvents answers GET /api/wechat/events: WeChat asks once whether the address is ours.
func (s *Server) confirmEvents(w http.ResponseWriter, r *http.Request) error {
	if s.Account == nil {
		return shop.ErrWeChatUnavailable
	}
	echo, err := s.Account.CheckURL(r.URL.Query())
	if err != nil {
		return err
	}
	answerText(w, echo)
	return nil
}

// eventPushed answers POST /api/wechat/events. WeChat repeats what is not answered by
// `success` within five seconds, three times in all, so what failed of ours is answered as
// a failure, and what no repeat could mend as a success.
func (s *Server) eventPushed(w http.ResponseWriter, r *http.Request) error {
	if s.Account == nil {
		return shop.ErrWeChatUnavailable
	}
	ev, err := s.Account.ParseEvent(r)
	if err != nil {
		return err
	}
	err = s.Checkout.Await(r.Context(), func(context.Context) error { return s.heard(r, ev) })
	if err != nil {
		return err
	}
	answerText(w, "success")
	return nil
}

func answerText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	write(w, http.StatusOK, []byte(text))
}

// authorised answers GET /api/wechat/oauth?code=&state=, to which WeChat's page comes back, with the page that
// the learner came from.
func (s *Server) authorised(w http.ResponseWriter, r *http.Request) error {
	if s.Account == nil {
		return shop.ErrWeChatUnavailable
	}
	q, err := query(r)
	if err != nil {
		return err
	}
	back, err := s.WeChat.Authorised(r.Context(), q.Get("state"), q.Get("code"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}
