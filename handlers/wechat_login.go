package handlers

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mstm/account"
	"mstm/shop"
)

// loginPage is the page that WeChat's authorisation for a login comes back to.
const loginPage = "/login/wechat"

// loginCookie binds a login to the browser that began it: a person who is sent a link from
// WeChat has not got the cookie that its state belongs to, and so cannot be logged
// in to the sender's account (RFC 6749 §10.12). It is the shop's one cookie, is good for
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
	http.SetCookie(w, s.loginCookie(secret, account.LoginTime))
	http.Redirect(w, r, s.Account.AuthorizeURL(back, loginState(secret)), http.StatusSeeOther)
	return nil
}

// ownPath reports whether next is a page of ours: browsers read // and /\ as another host.
func ownPath(next string) bool {
	return len(next) <= 512 && strings.HasPrefix(next, "/") && !strings.HasPrefix(next, "//") && !strings.Contains(next, `\`)
}

// weChatLogin is the body of POST /api/wechat/login: first code and state, as WeChat gave
// them to the page; and where the answer was WECHAT_CONFIRM, its confirm with the account's
// password or with fresh, which says that the account belongs to another person.
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
	if err := account.CheckClient(in.Client); err != nil {
		return err
	}
	if in.Confirm == "" {
		if err := s.sameBrowser(w, r, in.State); err != nil {
			return err
		}
	}
	begun, err := s.WeChat.Login(r.Context(), s.visitor(r), account.WeChatLogin{
		Code: in.Code, Confirm: in.Confirm, Password: in.Password, Fresh: in.Fresh, Client: in.Client,
	})
	return answerSession(w, http.StatusOK, begun, err)
}

// sameBrowser refuses a state of another browser's, and uses up the cookie of this one's.
func (s *Server) sameBrowser(w http.ResponseWriter, r *http.Request, state string) error {
	blank := s.loginCookie("", -time.Second)
	held, err := r.Cookie(blank.Name)
	if err != nil || subtle.ConstantTimeCompare([]byte(loginState(held.Value)), []byte(state)) != 1 {
		s.event(r, "login by WeChat refused: begun in another browser", slog.String("addr", s.address(r)))
		return shop.ErrWeChatLink
	}
	http.SetCookie(w, blank)
	return nil
}
