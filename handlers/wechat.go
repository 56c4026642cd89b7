package handlers

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// How long a code may be scanned and a page may be authorised, how much of that a code must
// have left to be shown again, and how long after its end a scan may still arrive: WeChat
// tries three times and waits five seconds for each.
const (
	codeTime   = 5 * time.Minute
	codeReuse  = 2 * time.Minute
	codeGrace  = 30 * time.Second
	oauthTime  = 10 * time.Minute
	oauthRoute = "/api/wechat/oauth"
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
// first is bound to the account, and `wechat.bound` says so. Asked again soon, the answer
// is the same code.
func (s *Server) createBinding(w http.ResponseWriter, r *http.Request) error {
	if s.Account == nil {
		return shop.ErrWeChatUnavailable
	}
	user := learnerID(r.Context())
	b, err := s.Store.Bindings.Get(r.Context(), user)
	if err != nil {
		return err
	}
	if b.Openid != "" {
		return shop.ErrWeChatBound // else whoever scans a code that was left open would take its place
	}
	sc, err := s.Store.Scenes.Of(r.Context(), user, store.SceneBind)
	if err != nil && !errors.Is(err, shop.ErrWeChatLink) {
		return err
	}
	if err != nil || sc.Openid != "" || sc.ExpiresAt.Sub(s.Now()) < codeReuse {
		if sc, err = s.newCode(r, user, sc); err != nil {
			return err
		}
	}
	return encode(w, http.StatusCreated, bindingView{sc.Ticket, sc.URL, sc.ImageURL, utc(sc.ExpiresAt.Add(-codeGrace))})
}

// newCode asks WeChat for a code of a new word, in place of the scene seen, nil for none. Asked
// several times at once, all get one: of others a page would wait for a scan in vain.
func (s *Server) newCode(r *http.Request, user string, seen *store.Scene) (*store.Scene, error) {
	sc := store.Scene{UserID: user, Word: store.NewWord(user), ExpiresAt: s.Now().Add(codeTime + codeGrace)}
	code, err := s.Account.CreateQRCode(r.Context(), sc.Word, codeTime)
	if err != nil {
		return nil, errors.Join(shop.ErrWeChatUnavailable, err)
	}
	sc.Ticket, sc.URL, sc.ImageURL = code.Ticket, code.URL, code.ImageURL
	return s.Store.Scenes.PutAfter(r.Context(), store.SceneBind, seen, sc)
}

// deleteBinding answers DELETE /api/wechat/bindings `{password}`.
func (s *Server) deleteBinding(w http.ResponseWriter, r *http.Request) error {
	u, err := s.confirmed(w, r)
	if err != nil {
		return err
	}
	if u.Passwordless {
		return shop.ErrWeChatOnlyLogin // nobody could ever get in again
	}
	if err := s.Store.Bindings.Unbind(r.Context(), u.ID); err != nil {
		return err
	}
	if err := s.Store.Audit.Add(r.Context(), s.userAudit("", u.ID, "wechat_unbound", u.ID)); err != nil {
		return err
	}
	s.tell(r, shop.WeChatUnbound(u.ID))
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
// a failure, and what nobody can do anything about as a success.
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

// scanned binds the WeChat that scanned a learner's code. The scene is given up at the end,
// so that a repeat after a crash does everything again and any other repeat nothing.
func (s *Server) scanned(r *http.Request, openid, word string) error {
	sc, err := s.scene(r, openid, word)
	if err != nil {
		return err
	}
	unionid, err := s.unionid(r, openid)
	if err != nil {
		return err
	}
	from, err := s.Store.Bindings.Bind(r.Context(), sc.UserID, openid, unionid, s.Now())
	if errors.Is(err, shop.ErrWeChatOwnAccount) { // it got one meanwhile
		s.tellTaken(r, sc)
	}
	if err != nil {
		return err
	}
	if err := s.tellBound(r, sc, from); err != nil {
		return err
	}
	return s.Store.Scenes.End(r.Context(), sc)
}

// scene is the one of the word, where this WeChat may have it: it scanned first, and the
// account is there and has no other WeChat.
func (s *Server) scene(r *http.Request, openid, word string) (*store.Scene, error) {
	sc, err := s.Store.Scenes.ByWord(r.Context(), store.SceneBind, word, s.Now())
	if err != nil {
		return nil, err
	}
	u, err := s.Store.Users.Get(r.Context(), sc.UserID)
	if err != nil {
		return nil, err
	}
	b, err := s.Store.Bindings.Get(r.Context(), sc.UserID)
	if err != nil {
		return nil, err
	}
	if u.DeletedAt != nil || b.Openid != "" && b.Openid != openid {
		return nil, shop.ErrWeChatLink
	}
	if err := s.mayMove(r, openid, sc); err != nil {
		return nil, err
	}
	mine, err := s.Store.Scenes.Claim(r.Context(), sc, openid)
	if err == nil && !mine {
		err = shop.ErrWeChatLink
	}
	return sc, err
}

// mayMove refuses to take a WeChat from an account that can be entered by it alone: what was
// bought there would be lost. The page with the code is told why.
func (s *Server) mayMove(r *http.Request, openid string, sc *store.Scene) error {
	held, err := s.Store.WeChats.Holder(r.Context(), openid)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || !held.Living() || held.UserID == sc.UserID || held.Openid != openid || !held.User.Passwordless {
		return err
	}
	s.tellTaken(r, sc)
	return shop.ErrWeChatOwnAccount
}

// tellTaken tells the page with the code that the WeChat which scanned it has an account.
func (s *Server) tellTaken(r *http.Request, sc *store.Scene) {
	s.tell(r, shop.WeChatRefused(sc.UserID, sc.Word, shop.ErrWeChatOwnAccount))
}

// unionid asks WeChat for it. An account that may not ask has none; a WeChat that does not
// answer is no reason to bind without it, because free stages are counted by it.
func (s *Server) unionid(r *http.Request, openid string) (string, error) {
	f, err := s.Account.Follower(r.Context(), openid)
	if errors.Is(err, wechat.ErrRefused) {
		s.Log.WarnContext(r.Context(), "WeChat tells nothing about a follower", "err", err)
		return "", nil
	}
	if err != nil {
		return "", errors.Join(shop.ErrWeChatUnavailable, err)
	}
	return f.Unionid, nil
}

// tellBound tells the account that a WeChat is bound to it and, where it was another's, that
// one that it is gone; both are in the audit.
func (s *Server) tellBound(r *http.Request, sc *store.Scene, from string) error {
	err := s.Store.Audit.Add(r.Context(), s.userAudit("wechat:"+sc.Word, sc.UserID, "wechat_bound", "wechat"))
	if err != nil {
		return err
	}
	s.tell(r, shop.WeChatBound(sc.UserID, sc.Word))
	if from == "" {
		return nil
	}
	s.tell(r, shop.WeChatMoved(from, sc.Word))
	return s.Store.Audit.Add(r.Context(), s.userAudit("wechat:"+sc.Word+":moved", from, "wechat_moved_away", "wechat"))
}

// showTheWay adds to OPENID_REQUIRED the page inside WeChat that gives the openid; from
// there the learner comes back to the page given.
func (s *Server) showTheWay(r *http.Request, err error, back string) error {
	if s.Account == nil || !errors.Is(err, shop.ErrOpenidRequired) {
		return err
	}
	user := learnerID(r.Context())
	sc := store.Scene{UserID: user, Word: store.NewWord(user), Return: back, ExpiresAt: s.Now().Add(oauthTime)}
	if err := s.Store.Scenes.Put(r.Context(), store.SceneOAuth, sc); err != nil {
		return err
	}
	return shop.ErrOpenidRequired.With("oauth_url", s.Account.AuthorizeURL(s.PublicURL+oauthRoute, sc.Word))
}

// authorised answers GET /api/wechat/oauth?code=&state=, to which WeChat's page comes back, with the page that
// the learner came from: as often as it is asked, since WeChat may ask twice at once, hanging up on the first,
// and people go back to where they were.
func (s *Server) authorised(w http.ResponseWriter, r *http.Request) error {
	if s.Account == nil {
		return shop.ErrWeChatUnavailable
	}
	q, err := query(r)
	if err != nil {
		return err
	}
	sc, err := s.Store.Scenes.ByWord(r.Context(), store.SceneOAuth, q.Get("state"), s.Now())
	if err != nil {
		return err
	}
	taking := s.payers.DoChan(sc.Word+" "+q.Get("code"), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), deadline)
		defer cancel()
		return nil, s.takePayer(ctx, sc, q.Get("code"))
	})
	select {
	case <-r.Context().Done(): // a request that joins late waits no longer than its own deadline
		return errors.Join(shop.ErrWeChatUnavailable, r.Context().Err())
	case taken := <-taking:
		if taken.Err != nil {
			return taken.Err
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, sc.Return, http.StatusSeeOther)
	return nil
}

// takePayer uses the code of a scene, unless that has been done. The openid is kept for paying and for nothing
// else: nothing here shows that it is the learner who authorised, and not somebody whom the learner sent the link.
func (s *Server) takePayer(ctx context.Context, sc *store.Scene, code string) error {
	if sc.Openid != "" {
		return nil
	}
	openid, err := s.Account.Exchange(ctx, code)
	if errors.Is(err, wechat.ErrCode) {
		return s.takenMeanwhile(ctx, sc)
	}
	if err != nil {
		return errors.Join(shop.ErrWeChatUnavailable, err)
	}
	if err := s.Store.Bindings.SetPayer(ctx, sc.UserID, openid); err != nil {
		return err
	}
	_, err = s.Store.Scenes.Claim(ctx, sc, openid)
	return err
}

// takenMeanwhile is nil where a scene's code was refused because another request has used it.
func (s *Server) takenMeanwhile(ctx context.Context, sc *store.Scene) error {
	now, err := s.Store.Scenes.ByWord(ctx, store.SceneOAuth, sc.Word, s.Now())
	if err == nil && now.Openid == "" {
		return shop.ErrWeChatLink
	}
	return err
}
