package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"mstm/shop"
	"mstm/shop/papers"
	"mstm/store"
	"mstm/wechat"
)

// LoginTime is how long WeChat's page may take until a login. A question for the password waits as long.
const LoginTime = 10 * time.Minute

// LoginPage is the page of the shop that WeChat's authorisation for a login comes back to.
const LoginPage = "/login/wechat"

// LoginAddress is WeChat's page where a login begins. It comes back to LoginPage with the state, and with next, the page
// of the shop that follows the login, "" for none. A next that is no page of the shop's is shop.ErrInvalidField.
func (w *WeChat) LoginAddress(next, state string) (string, error) {
	if w.Official == nil {
		return "", shop.ErrWeChatUnavailable
	}
	back := w.PublicURL + LoginPage
	if next != "" {
		if !isOwnPath(next) {
			return "", shop.ErrInvalidField.At("next")
		}
		back += "?" + url.Values{"next": {next}}.Encode()
	}
	return w.Official.AuthorizeURL(back, state), nil
}

// isOwnPath reports whether next is a page of the shop: browsers read // and /\ as another host.
func isOwnPath(next string) bool {
	return len(next) <= 512 && strings.HasPrefix(next, "/") && !strings.HasPrefix(next, "//") && !strings.Contains(next, `\`)
}

// WeChatLogin is what a page brings for a login: first the code, as WeChat gave it to the page; and where the answer was
// shop.ErrWeChatConfirm, its confirm with the account's password or with fresh, which says that the account belongs to
// another person. Where the answer was shop.ErrNoConsent, its confirm comes with the consents.
type WeChatLogin struct {
	Code     string
	Confirm  string
	Password string
	Fresh    bool
	Client   string
	Device   string // the browser's own id; "": the client is the device
	// Consents are the editions of the shop's papers that a new account needs.
	Consents []papers.Edition
}

// Login begins a session of the account that a WeChat logs in to. A WeChat without an account gets one. The caller makes
// sure that the code was given to the browser which brings it.
func (w *WeChat) Login(ctx context.Context, v Visitor, in WeChatLogin) (Session, error) {
	if w.Official == nil {
		return Session{}, shop.ErrWeChatUnavailable
	}
	if err := CheckDevice(in.Client, in.Device); err != nil {
		return Session{}, err
	}
	find := w.authorised
	if in.Confirm != "" {
		find = w.confirmed
	}
	u, err := find(ctx, v, in)
	if err != nil {
		return Session{}, err
	}
	w.accounts.Agreed.noteGiven(ctx, u.ID, in.Consents, ByWeChat)
	if err := w.accounts.Bindings.PayByBound(ctx, u.ID); err != nil {
		return Session{}, err
	}
	return w.accounts.open(ctx, v, u, in.Client, in.Device)
}

// authorised is the account of the WeChat that authorised.
func (w *WeChat) authorised(ctx context.Context, v Visitor, in WeChatLogin) (*shop.User, error) {
	openid, err := w.Official.Exchange(ctx, in.Code)
	if errors.Is(err, wechat.ErrCode) {
		return nil, shop.ErrWeChatLink
	}
	if err != nil {
		return nil, errors.Join(shop.ErrWeChatUnavailable, err)
	}
	return w.accountOf(ctx, v, openid, in.Consents)
}

// accountOf is the account that a WeChat logs in to, made now where there is none. Several
// at once make one.
func (w *WeChat) accountOf(ctx context.Context, v Visitor, openid string, given []papers.Edition) (*shop.User, error) {
	for range 4 {
		held, err := w.WeChats.Holder(ctx, openid)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		switch has := held.Living() && held.Openid == openid; {
		case has && held.Login:
			return held.User, nil
		case has:
			return nil, w.askPassword(ctx, held.User, openid)
		}
		err = w.settleClaim(ctx, v, held, openid, given)
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
func (w *WeChat) settleClaim(ctx context.Context, v Visitor, held *store.WeChatHolder, openid string, given []papers.Edition) error {
	if held.Living() && held.Claiming == openid {
		return w.accounts.Bindings.Finish(ctx, held.UserID, openid, w.accounts.Now())
	}
	if !held.Living() || !held.User.Passwordless {
		if _, err := w.accounts.Agreed.check(ctx, given); err != nil {
			return w.askConsent(ctx, openid, err)
		}
	}
	unionid, err := w.unionid(ctx, openid)
	if err != nil {
		return err
	}
	fresh := &shop.User{Roles: []shop.Role{shop.RoleLearner}, CreatedAt: w.accounts.Now().UTC(), Name: weChatName()}
	if v.English {
		fresh.Locale = shop.LocaleEn
	}
	switch {
	case held.Living() && held.User.Passwordless:
		return w.WeChats.Finish(ctx, held.User, openid, unionid, w.accounts.Now())
	case held != nil && held.User == nil:
		fresh.ID = held.UserID
		return w.WeChats.Finish(ctx, fresh, openid, unionid, w.accounts.Now())
	}
	made, err := w.WeChats.Register(ctx, fresh, openid, unionid, held, w.accounts.Now())
	if err == nil && made {
		v.log(ctx, w.accounts.Log, "registered by WeChat", slog.String("who", fresh.ID))
	}
	return err
}

// askConsent adds to shop.ErrNoConsent the word with which the consent may follow: WeChat's code is used up by now. Any other
// error stays as it is. A WeChat has one such word at a time, under an id made of its openid, because it has no account.
func (w *WeChat) askConsent(ctx context.Context, openid string, refusal error) error {
	var wanted *shop.Error
	if !errors.As(refusal, &wanted) || !errors.Is(refusal, shop.ErrNoConsent) {
		return refusal
	}
	sum := sha256.Sum256([]byte("mstm consent " + openid))
	id := hex.EncodeToString(sum[:13])
	sc := store.Scene{UserID: id, Word: store.NewWord(id), Openid: openid, ExpiresAt: w.accounts.Now().Add(LoginTime)}
	if err := w.Scenes.Put(ctx, store.SceneConsent, sc); err != nil {
		return err
	}
	return wanted.With("confirm", sc.Word)
}

// consented is the account of a WeChat that was asked for its consent.
func (w *WeChat) consented(ctx context.Context, v Visitor, sc *store.Scene, given []papers.Edition) (*shop.User, error) {
	u, err := w.accountOf(ctx, v, sc.Openid, given)
	if err != nil {
		return nil, err
	}
	return u, w.Scenes.End(ctx, sc)
}

// weChatName is shown until the learner chooses a name: WeChat gives none.
func weChatName() string { return "微信用户" + strings.ToLower(rand.Text()[:4]) }

// askPassword refuses a WeChat that was bound by a scanned code until the account's password
// has been given once: a stranger that was faster at scanning it must not get in. The answer goes
// to the WeChat's owner, so it names the account by its first letter only.
func (w *WeChat) askPassword(ctx context.Context, u *shop.User, openid string) error {
	sc := store.Scene{UserID: u.ID, Word: store.NewWord(u.ID), Openid: openid, ExpiresAt: w.accounts.Now().Add(LoginTime)}
	if err := w.Scenes.Put(ctx, store.SceneLogin, sc); err != nil {
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

// confirmed is the account that a WeChat may log in to now that the password was
// given, or a fresh one where the WeChat's owner says that the account belongs to another person.
func (w *WeChat) confirmed(ctx context.Context, v Visitor, in WeChatLogin) (*shop.User, error) {
	if sc, err := w.Scenes.ByWord(ctx, store.SceneConsent, in.Confirm, w.accounts.Now()); !errors.Is(err, shop.ErrWeChatLink) {
		if err != nil {
			return nil, err
		}
		return w.consented(ctx, v, sc, in.Consents)
	}
	sc, err := w.Scenes.ByWord(ctx, store.SceneLogin, in.Confirm, w.accounts.Now())
	if err != nil {
		return nil, err
	}
	u, err := w.accounts.Users.Get(ctx, sc.UserID)
	if err != nil {
		return nil, err
	}
	if in.Fresh {
		return w.freshAccount(ctx, v, sc, in.Consents)
	}
	if err := w.accounts.checkPassword(ctx, v, u, "password", in.Password); err != nil {
		return nil, err
	}
	allowed, err := w.WeChats.Allow(ctx, u.ID, sc.Openid)
	if err != nil {
		return nil, err
	}
	if !allowed {
		return nil, shop.ErrWeChatLink // unbound between the two
	}
	if err := w.accounts.Audit.Add(ctx, auditRow("wechat:"+sc.Word, u.ID, "wechat_may_log_in", u.ID, w.accounts.Now())); err != nil {
		return nil, err
	}
	return u, w.Scenes.End(ctx, sc)
}

// freshAccount takes the WeChat off an account that is not its owner's and gives it one.
func (w *WeChat) freshAccount(ctx context.Context, v Visitor, sc *store.Scene, given []papers.Edition) (*shop.User, error) {
	if err := w.WeChats.Release(ctx, sc.UserID, sc.Openid); err != nil {
		return nil, err
	}
	if err := w.accounts.Audit.Add(ctx, auditRow("wechat:"+sc.Word, sc.UserID, "wechat_moved_away", "wechat", w.accounts.Now())); err != nil {
		return nil, err
	}
	w.accounts.pages.show(ctx, shop.WeChatReleased(sc.UserID, sc.Word))
	if err := w.Scenes.End(ctx, sc); err != nil {
		return nil, err
	}
	return w.accountOf(ctx, v, sc.Openid, given)
}
