package handlers

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"mstm/account"
	"mstm/handlers/rest"
	"mstm/shop"
)

// weChatLogins are logins and authorisations in WeChat's browser.
type weChatLogins struct {
	wechat    *account.WeChat
	publicURL string
}

// loginCookie binds a login to the browser that began it: a person who is sent a link from
// WeChat has not got the cookie that its state belongs to, and so cannot be logged
// in to the sender's account (RFC 6749 §10.12). It is the shop's one cookie, is good for
// nothing else, and no script can read it.
func (h *weChatLogins) loginCookie(secret string, life time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: "mstm-wechat-login", Value: secret, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if strings.HasPrefix(h.publicURL, "https://") {
		c.Name, c.Secure = "__Host-"+c.Name, true // so that no subdomain can plant one
	}
	return c
}

// loginState is what goes to WeChat and back for a cookie's secret.
func loginState(secret string) string {
	sum := sha256.Sum256([]byte("mstm wechat login " + secret))
	return hex.EncodeToString(sum[:])
}

// begin answers GET /api/wechat/login?next=, a page inside WeChat, by sending the
// browser to WeChat's authorisation, which comes back to account.LoginPage.
func (h *weChatLogins) begin(w http.ResponseWriter, r *http.Request) error {
	if h.wechat.Official == nil {
		return shop.ErrWeChatUnavailable
	}
	q, err := rest.Query(r)
	if err != nil {
		return err
	}
	secret := rand.Text()
	address, err := h.wechat.LoginAddress(q.Get("next"), loginState(secret))
	if err != nil {
		return err
	}
	http.SetCookie(w, h.loginCookie(secret, account.LoginTime))
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
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
	Device   string `json:"device"`
	consentsIn
}

// end answers POST /api/wechat/login as a login does. A WeChat without an account
// gets one. The code is used up here and not in a redirect, so that no address ever carries
// a token.
func (h *weChatLogins) end(w http.ResponseWriter, r *http.Request) error {
	if h.wechat.Official == nil {
		return shop.ErrWeChatUnavailable
	}
	in := weChatLogin{Client: "wechat"}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	if err := account.CheckDevice(in.Client, in.Device); err != nil {
		return err
	}
	if in.Confirm == "" {
		if err := h.sameBrowser(w, r, in.State); err != nil {
			return err
		}
	}
	begun, err := h.wechat.Login(r.Context(), rest.Visitor(r), account.WeChatLogin{
		Code: in.Code, Confirm: in.Confirm, Password: in.Password, Fresh: in.Fresh, Client: in.Client, Device: in.Device,
		Consents: in.Consents,
	})
	return answerSession(w, http.StatusOK, begun, err)
}

// sameBrowser refuses a state of another browser's, and uses up the cookie of this one's.
func (h *weChatLogins) sameBrowser(w http.ResponseWriter, r *http.Request, state string) error {
	blank := h.loginCookie("", -time.Second)
	held, err := r.Cookie(blank.Name)
	if err != nil || subtle.ConstantTimeCompare([]byte(loginState(held.Value)), []byte(state)) != 1 {
		rest.LogEvent(r, "login by WeChat refused: begun in another browser", slog.String("addr", rest.Address(r)))
		return shop.ErrWeChatLink
	}
	http.SetCookie(w, blank)
	return nil
}

// authorised answers GET /api/wechat/oauth?code=&state=, to which WeChat's page comes back, with the page that
// the learner came from.
func (h *weChatLogins) authorised(w http.ResponseWriter, r *http.Request) error {
	if h.wechat.Official == nil {
		return shop.ErrWeChatUnavailable
	}
	q, err := rest.Query(r)
	if err != nil {
		return err
	}
	back, err := h.wechat.Authorised(r.Context(), q.Get("state"), q.Get("code"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}
