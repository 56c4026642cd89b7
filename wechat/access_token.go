package wechat

import (
	"context"
	"fmt"
	"time"
)

// accessToken is the account's token as this process knows it. stable_token answers every instance
// with the same one, so instances need not share it. Whoever holds turn may read and replace it.
type accessToken struct {
	turn  chan struct{}
	text  string
	renew time.Time // first instant to ask again
}

func newAccessToken() accessToken { return accessToken{turn: make(chan struct{}, 1)} }

// accessToken is one that WeChat should take; refused is one that it did not. Of many callers at
// once one asks WeChat and the others wait for what it gets.
func (a *Account) accessToken(ctx context.Context, refused string) (string, error) {
	t := &a.token
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
	if t.text != "" && t.text != refused && a.cfg.Now().Before(t.renew) {
		return t.text, nil
	}
	text, ttl, err := a.fetchToken(ctx, false)
	if err == nil && text == refused {
		text, ttl, err = a.fetchToken(ctx, true) // somebody made it invalid before its time
	}
	if err != nil {
		return "", err
	}
	t.text, t.renew = text, a.cfg.Now().Add(renewAfter(ttl))
	return text, nil
}

// renewAfter is how long a token is used that is good for ttl. In its last five minutes WeChat gives
// out a new one, and both are good.
func renewAfter(ttl time.Duration) time.Duration { return max(ttl-4*time.Minute, ttl/2) }

// fetchToken asks for the token and how long it is good. force makes the one before invalid at once;
// WeChat allows that 20 times a day.
func (a *Account) fetchToken(ctx context.Context, force bool) (string, time.Duration, error) {
	in := map[string]any{
		"grant_type": "client_credential", "appid": a.cfg.AppID, "secret": a.cfg.Secret, "force_refresh": force,
	}
	var out struct {
		Token     string `json:"access_token"`
		ExpiresIn int64  `json:"expires_in"`
	}
	if err := a.send(ctx, "/cgi-bin/stable_token", nil, in, &out); err != nil {
		return "", 0, fmt.Errorf("access token: %w", err)
	}
	if out.Token == "" {
		return "", 0, fmt.Errorf("access token: %w: an answer without one", ErrOutcomeUnknown)
	}
	return out.Token, time.Duration(out.ExpiresIn) * time.Second, nil
}
