package account

import (
	"cmp"
	"context"
	"errors"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// AuthorisedRoute is the page of the API that WeChat's authorisation for paying comes back to.
const AuthorisedRoute = "/api/wechat/oauth"

// payerTime bounds what the use of one authorisation may take.
const payerTime = 10 * time.Second

// Payer is the openid that pays for a user inside WeChat: of the WeChat in which the user authorised last, for no other
// can pay there, or else of the one that is bound; "" for none.
func (w *WeChat) Payer(ctx context.Context, userID string) (openid string, err error) {
	b, err := w.accounts.Bindings.Get(ctx, userID)
	return cmp.Or(b.Payer, b.Openid), err
}

// PayerPage adds to shop.ErrOpenidRequired the page inside WeChat that gives the openid; from there the user comes back to
// the page given. Any other error stays as it is.
func (w *WeChat) PayerPage(ctx context.Context, user string, err error, back string) error {
	if w.Official == nil || !errors.Is(err, shop.ErrOpenidRequired) {
		return err
	}
	sc := store.Scene{UserID: user, Word: store.NewWord(user), Return: back, ExpiresAt: w.accounts.Now().Add(oauthTime)}
	if err := w.Scenes.Put(ctx, store.SceneOAuth, sc); err != nil {
		return err
	}
	return shop.ErrOpenidRequired.With("oauth_url", w.Official.AuthorizeURL(w.PublicURL+AuthorisedRoute, sc.Word))
}

// Authorised takes the payer whom WeChat's page names by a code, for the scene of the word, and returns the page that the
// user came from: as often as it is asked, since WeChat may ask twice at once, hanging up on the first, and people go back
// to where they were.
func (w *WeChat) Authorised(ctx context.Context, word, code string) (back string, err error) {
	sc, err := w.Scenes.ByWord(ctx, store.SceneOAuth, word, w.accounts.Now())
	if err != nil {
		return "", err
	}
	taking := w.payers.DoChan(sc.Word+" "+code, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), payerTime)
		defer cancel()
		return nil, w.takePayer(ctx, sc, code)
	})
	select {
	case <-ctx.Done(): // a request that joins late waits no longer than its own deadline
		return "", errors.Join(shop.ErrWeChatUnavailable, ctx.Err())
	case taken := <-taking:
		return sc.Return, taken.Err
	}
}

// takePayer uses the code of a scene, unless that has been done. The openid is kept for paying and for nothing
// else: nothing here shows that it is the learner's, and not that of a person to whom the learner sent the link.
func (w *WeChat) takePayer(ctx context.Context, sc *store.Scene, code string) error {
	if sc.Openid != "" {
		return nil
	}
	openid, err := w.Official.Exchange(ctx, code)
	if errors.Is(err, wechat.ErrCode) {
		return w.usedByAnother(ctx, sc)
	}
	if err != nil {
		return errors.Join(shop.ErrWeChatUnavailable, err)
	}
	if err := w.accounts.Bindings.SetPayer(ctx, sc.UserID, openid); err != nil {
		return err
	}
	_, err = w.Scenes.Claim(ctx, sc, openid)
	return err
}

// usedByAnother is nil where a scene's code was refused because another request has used it.
func (w *WeChat) usedByAnother(ctx context.Context, sc *store.Scene) error {
	now, err := w.Scenes.ByWord(ctx, store.SceneOAuth, sc.Word, w.accounts.Now())
	if err == nil && now.Openid == "" {
		return shop.ErrWeChatLink
	}
	return err
}
