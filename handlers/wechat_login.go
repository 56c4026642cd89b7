package handlers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// The page that WeChat's authorisation for a login comes back to, and how long the browser
// may take until then. A question for the password waits as long.
const (
	loginPage = "/login/wechat"
	loginTime = 10 * time.Minute
)

// loginCookie binds a login to the browser that began it: whoever is sent somebody else's
// link from WeChat has not got the cookie that its state belongs to, and so cannot be logged
// in to somebody else's account (RFC 6749 §10.12). It is the shop's one cookie, is good for
// nothing else, and no script can read it.
func (s *Server) loginCookie(secret string, life time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: "mstm-wechat-login", Value: secret, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if strings.HasPrefix(s.PublicURL, "https://") {
		c.Name, c.Secure = "__Host-"+c.Name, true // so that no subdomain can plant one
	}
	return c
}

// loginState is what goes to WeChat and back for a cookie's secret.
func loginState(secret string) string {
	sum := sha256.Sum256([]byte("mstm wechat login " + secret))
	return hex.EncodeToString(sum[:])
}

// beginWeChatLogin answers GET /api/wechat/login?next=, a page inside WeChat, by sending the
// browser to WeChat's authorisation, which comes back to loginPage.
func (s *Server) beginWeChatLogin(w http.ResponseWriter, r *http.Request) error {
	if s.Account == nil {
		return shop.ErrWeChatUnavailable
	}
	q, err := query(r)
	if err != nil {
		return err
	}
	back := s.PublicURL + loginPage
	if next := q.Get("next"); next != "" {
		if !ownPath(next) {
			return shop.ErrInvalidField.At("next")
		}
		back += "?" + url.Values{"next": {next}}.Encode()
	}
	secret := rand.Text()
	http.SetCookie(w, s.loginCookie(secret, loginTime))
	http.Redirect(w, r, s.Account.AuthorizeURL(back, loginState(secret)), http.StatusSeeOther)
	return nil
}

// ownPath reports whether next is a page of ours: browsers read // and /\ as another host.
func ownPath(next string) bool {
	return len(next) <= 512 && strings.HasPrefix(next, "/") && !strings.HasPrefix(next, "//") && !strings.Contains(next, `\`)
}

// weChatLogin is the body of POST /api/wechat/login: first code and state, as WeChat gave
// them to the page; and where the answer was WECHAT_CONFIRM, its confirm with the account's
// password or with fresh, which says that the account is not theirs.
type weChatLogin struct {
	Code     string `json:"code"`
	State    string `json:"state"`
	Confirm  string `json:"confirm"`
	Password string `json:"password"`
	Fresh    bool   `json:"fresh"`
	Client   string `json:"client"`
}

// endWeChatLogin answers POST /api/wechat/login as a login does. A WeChat without an account
// gets one. The code is used up here and not in a redirect, so that no address ever carries
// a token.
func (s *Server) endWeChatLogin(w http.ResponseWriter, r *http.Request) error {
	if s.Account == nil {
		return shop.ErrWeChatUnavailable
	}
	in := weChatLogin{Client: "wechat"}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if err := checkClient(in.Client); err != nil {
		return err
	}
	var u *shop.User
	var err error
	if in.Confirm != "" {
		u, err = s.confirmedWeChat(r, in)
	} else {
		u, err = s.authorisedWeChat(w, r, in)
	}
	if err != nil {
		return err
	}
	if err := s.Store.Bindings.PayByBound(r.Context(), u.ID); err != nil {
		return err
	}
	return s.openSession(w, r, http.StatusOK, u, in.Client)
}

// authorisedWeChat is the account of the WeChat that authorised in this very browser.
func (s *Server) authorisedWeChat(w http.ResponseWriter, r *http.Request, in weChatLogin) (*shop.User, error) {
	blank := s.loginCookie("", -time.Second)
	held, err := r.Cookie(blank.Name)
	if err != nil || subtle.ConstantTimeCompare([]byte(loginState(held.Value)), []byte(in.State)) != 1 {
		s.event(r, "login by WeChat refused: begun in another browser", slog.String("addr", s.address(r)))
		return nil, shop.ErrWeChatLink
	}
	http.SetCookie(w, blank)
	openid, err := s.Account.Exchange(r.Context(), in.Code)
	if errors.Is(err, wechat.ErrCode) {
		return nil, shop.ErrWeChatLink
	}
	if err != nil {
		return nil, errors.Join(shop.ErrWeChatUnavailable, err)
	}
	return s.accountOf(r, openid)
}

// accountOf is the account that a WeChat logs in to, made now where there is none. Several
// at once make one.
func (s *Server) accountOf(r *http.Request, openid string) (*shop.User, error) {
	for range 4 {
		held, err := s.Store.WeChats.Holder(r.Context(), openid)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		switch has := held.Living() && held.Openid == openid; {
		case has && held.Login:
			return held.User, nil
		case has:
			return nil, s.askPassword(r.Context(), held.User, openid)
		}
		err = s.settleClaim(r, held, openid)
		if err != nil && !errors.Is(err, shop.ErrWeChatOwnAccount) && !errors.Is(err, shop.ErrWeChatLink) {
			return nil, err // those two say that the claim has changed hands
		}
	}
	return nil, shop.ErrUnavailable
}

// settleClaim goes on with the claim of a WeChat that no account has: what was claimed and is
// not there yet is finished, by the claimed id; only a claim of a deleted account, or one left
// over from an unbinding that was cut short, gives way to a new account. held is nil where there
// is no claim.
func (s *Server) settleClaim(r *http.Request, held *store.WeChatHolder, openid string) error {
	if held.Living() && held.Claiming == openid {
		return s.Store.Bindings.Finish(r.Context(), held.UserID, openid, s.Now())
	}
	unionid, err := s.unionid(r, openid)
	if err != nil {
		return err
	}
	fresh := &shop.User{Roles: []shop.Role{shop.RoleLearner}, CreatedAt: s.Now().UTC(), Name: weChatName()}
	if english(r) {
		fresh.Locale = shop.LocaleEn
	}
	switch {
	case held.Living() && held.User.Passwordless:
		return s.Store.WeChats.Finish(r.Context(), held.User, openid, unionid, s.Now())
	case held != nil && held.User == nil:
		fresh.ID = held.UserID
		return s.Store.WeChats.Finish(r.Context(), fresh, openid, unionid, s.Now())
	}
	made, err := s.Store.WeChats.Register(r.Context(), fresh, openid, unionid, held, s.Now())
	if err == nil && made {
		s.event(r, "registered by WeChat", slog.String("who", fresh.ID))
	}
	return err
}

// weChatName is shown until the learner chooses a name: WeChat tells none.
func weChatName() string { return "微信用户" + strings.ToLower(rand.Text()[:4]) }

// askPassword refuses a WeChat that was bound by a scanned code until the account's password
// has been given once: whoever was faster at scanning it must not get in. The answer is told
// to the WeChat's owner, so it names the account by its first letter only.
func (s *Server) askPassword(ctx context.Context, u *shop.User, openid string) error {
	sc := store.Scene{UserID: u.ID, Word: store.NewWord(u.ID), Openid: openid, ExpiresAt: s.Now().Add(loginTime)}
	if err := s.Store.Scenes.Put(ctx, store.SceneLogin, sc); err != nil {
		return err
	}
	return shop.ErrWeChatConfirm.With("confirm", sc.Word).With("account", masked(u.Username))
}

// masked shows the first letter alone.
func masked(name string) string {
	for _, first := range name {
		return string(first) + "***"
	}
	return "***"
}

// confirmedWeChat is the account that a WeChat may log in to now that the password was
// given, or a fresh one where the WeChat's owner says that the account is not theirs.
func (s *Server) confirmedWeChat(r *http.Request, in weChatLogin) (*shop.User, error) {
	sc, err := s.Store.Scenes.ByWord(r.Context(), store.SceneLogin, in.Confirm, s.Now())
	if err != nil {
		return nil, err
	}
	u, err := s.Store.Users.Get(r.Context(), sc.UserID)
	if err != nil {
		return nil, err
	}
	if in.Fresh {
		return s.freshAccount(r, sc)
	}
	if err := s.checkPassword(r, u, "password", in.Password); err != nil {
		return nil, err
	}
	allowed, err := s.Store.WeChats.Allow(r.Context(), u.ID, sc.Openid)
	if err != nil {
		return nil, err
	}
	if !allowed {
		return nil, shop.ErrWeChatLink // unbound meanwhile
	}
	if err := s.Store.Audit.Add(r.Context(), s.userAudit("wechat:"+sc.Word, u.ID, "wechat_may_log_in", u.ID)); err != nil {
		return nil, err
	}
	return u, s.Store.Scenes.End(r.Context(), sc)
}

// freshAccount takes the WeChat off an account that is not its owner's and gives it one.
func (s *Server) freshAccount(r *http.Request, sc *store.Scene) (*shop.User, error) {
	if err := s.Store.WeChats.Release(r.Context(), sc.UserID, sc.Openid); err != nil {
		return nil, err
	}
	if err := s.Store.Audit.Add(r.Context(), s.userAudit("wechat:"+sc.Word, sc.UserID, "wechat_moved_away", "wechat")); err != nil {
		return nil, err
	}
	s.tell(r, shop.WeChatReleased(sc.UserID, sc.Word))
	if err := s.Store.Scenes.End(r.Context(), sc); err != nil {
		return nil, err
	}
	return s.accountOf(r, sc.Openid)
}
