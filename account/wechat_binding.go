package account

import (
	"context"
	"errors"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// How long a code may be scanned and a page may be authorised, how much of that a code must
// have left to be shown again, and how long after its end a scan may still arrive: WeChat
// tries three times and waits five seconds for each.
const (
	codeTime  = 5 * time.Minute
	codeReuse = 2 * time.Minute
	codeGrace = 30 * time.Second
	oauthTime = 10 * time.Minute
)

// Code is what a WeChat scans to be bound.
type Code struct {
	Ticket    string
	URL       string // what the code holds, for a page that draws it
	ImageURL  string // shows it drawn
	ExpiresAt time.Time
}

// BindingCode is a code for a user: the WeChat that scans it first is bound to the account, and shop.WeChatBound says so.
// Asked again soon, the answer is the same code. An account that has a WeChat is shop.ErrWeChatBound: else a stranger
// that scans a code which was left open would take its place.
func (w *WeChat) BindingCode(ctx context.Context, user string) (Code, error) {
	if w.Official == nil {
		return Code{}, shop.ErrWeChatUnavailable
	}
	b, err := w.accounts.Bindings.Get(ctx, user)
	if err != nil {
		return Code{}, err
	}
	if b.Openid != "" {
		return Code{}, shop.ErrWeChatBound
	}
	sc, err := w.Scenes.Of(ctx, user, store.SceneBind)
	if err != nil && !errors.Is(err, shop.ErrWeChatLink) {
		return Code{}, err
	}
	if err != nil || sc.Openid != "" || sc.ExpiresAt.Sub(w.accounts.Now()) < codeReuse {
		if sc, err = w.newCode(ctx, user, sc); err != nil {
			return Code{}, err
		}
	}
	return Code{sc.Ticket, sc.URL, sc.ImageURL, sc.ExpiresAt.Add(-codeGrace).UTC()}, nil
}

// newCode asks WeChat for a code of a new word, in place of the scene seen, nil for none. Asked
// several times at once, all get one: of others a page would wait for a scan in vain.
func (w *WeChat) newCode(ctx context.Context, user string, seen *store.Scene) (*store.Scene, error) {
	sc := store.Scene{UserID: user, Word: store.NewWord(user), ExpiresAt: w.accounts.Now().Add(codeTime + codeGrace)}
	code, err := w.Official.CreateQRCode(ctx, sc.Word, codeTime)
	if err != nil {
		return nil, errors.Join(shop.ErrWeChatUnavailable, err)
	}
	sc.Ticket, sc.URL, sc.ImageURL = code.Ticket, code.URL, code.ImageURL
	return w.Scenes.PutAfter(ctx, store.SceneBind, seen, sc)
}

// Unbind gives the WeChat of a session's account up. An account that has no password keeps it, shop.ErrWeChatOnlyLogin:
// nothing else opens that.
func (w *WeChat) Unbind(ctx context.Context, v Visitor, session store.TokenRow, password string) error {
	u, err := w.accounts.confirmed(ctx, v, session, password)
	if err != nil {
		return err
	}
	if u.Passwordless {
		return shop.ErrWeChatOnlyLogin
	}
	if err := w.accounts.Bindings.Unbind(ctx, u.ID); err != nil {
		return err
	}
	if err := w.accounts.Audit.Add(ctx, auditRow("", u.ID, "wechat_unbound", u.ID, w.accounts.Now())); err != nil {
		return err
	}
	w.accounts.pages.show(ctx, shop.WeChatUnbound(u.ID))
	return nil
}

// Scanned binds the WeChat that scanned a learner's code, named by its word. The scene is given up at the end,
// so that a repeat after a crash does everything again and any other repeat nothing. A scan that comes to nothing is
// shop.ErrWeChatLink or shop.ErrWeChatOwnAccount.
func (w *WeChat) Scanned(ctx context.Context, openid, word string) error {
	sc, err := w.scene(ctx, openid, word)
	if err != nil {
		return err
	}
	unionid, err := w.unionid(ctx, openid)
	if err != nil {
		return err
	}
	from, err := w.accounts.Bindings.Bind(ctx, sc.UserID, openid, unionid, w.accounts.Now())
	if errors.Is(err, shop.ErrWeChatOwnAccount) { // it got one between the two
		w.refuse(ctx, sc)
	}
	if err != nil {
		return err
	}
	if err := w.showBound(ctx, sc, from); err != nil {
		return err
	}
	return w.Scenes.End(ctx, sc)
}

// scene is the one of the word, where this WeChat may have it: it scanned first, and the
// account is there and has no other WeChat.
func (w *WeChat) scene(ctx context.Context, openid, word string) (*store.Scene, error) {
	sc, err := w.Scenes.ByWord(ctx, store.SceneBind, word, w.accounts.Now())
	if err != nil {
		return nil, err
	}
	u, err := w.accounts.Users.Get(ctx, sc.UserID)
	if err != nil {
		return nil, err
	}
	b, err := w.accounts.Bindings.Get(ctx, sc.UserID)
	if err != nil {
		return nil, err
	}
	if u.DeletedAt != nil || b.Openid != "" && b.Openid != openid {
		return nil, shop.ErrWeChatLink
	}
	if err := w.mayMove(ctx, openid, sc); err != nil {
		return nil, err
	}
	mine, err := w.Scenes.Claim(ctx, sc, openid)
	if err == nil && !mine {
		err = shop.ErrWeChatLink
	}
	return sc, err
}

// mayMove refuses to take a WeChat from an account that can be entered by it alone: what was
// bought there would be lost. The page with the code shows why.
func (w *WeChat) mayMove(ctx context.Context, openid string, sc *store.Scene) error {
	held, err := w.WeChats.Holder(ctx, openid)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || !held.Living() || held.UserID == sc.UserID || held.Openid != openid || !held.User.Passwordless {
		return err
	}
	w.refuse(ctx, sc)
	return shop.ErrWeChatOwnAccount
}

// refuse shows the page with the code that the WeChat which scanned it has an account.
func (w *WeChat) refuse(ctx context.Context, sc *store.Scene) {
	w.accounts.pages.show(ctx, shop.WeChatRefused(sc.UserID, sc.Word, shop.ErrWeChatOwnAccount))
}

// unionid asks WeChat for it. An account that may not ask has none; a WeChat that does not
// answer is no reason to bind without it, because free stages are counted by it.
func (w *WeChat) unionid(ctx context.Context, openid string) (string, error) {
	f, err := w.Official.Follower(ctx, openid)
	if errors.Is(err, wechat.ErrRefused) {
		w.accounts.Log.WarnContext(ctx, "WeChat's answer about a follower is missing", "err", err)
		return "", nil
	}
	if err != nil {
		return "", errors.Join(shop.ErrWeChatUnavailable, err)
	}
	return f.Unionid, nil
}

// showBound shows the account's pages that a WeChat is bound to it and, where it was another's, that
// one's pages that it is gone; both are in the audit.
func (w *WeChat) showBound(ctx context.Context, sc *store.Scene, from string) error {
	err := w.accounts.Audit.Add(ctx, auditRow("wechat:"+sc.Word, sc.UserID, "wechat_bound", "wechat", w.accounts.Now()))
	if err != nil {
		return err
	}
	w.accounts.pages.show(ctx, shop.WeChatBound(sc.UserID, sc.Word))
	if from == "" {
		return nil
	}
	w.accounts.pages.show(ctx, shop.WeChatMoved(from, sc.Word))
	return w.accounts.Audit.Add(ctx, auditRow("wechat:"+sc.Word+":moved", from, "wechat_moved_away", "wechat", w.accounts.Now()))
}
