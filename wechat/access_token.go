package wechat

import (
	"context"
	"fmt"
	"time"
)

const forcesApart = 30 * time.Second // WeChat's rule: a new token can be forced no sooner

func newAccessToken(a *Account) *credential {
	return &credential{
		cfg: &a.cfg, name: "access token", key: "wechat:access_token:" + a.cfg.AppID, ask: a.askToken, lock: make(chan struct{}, 1),
	}
}

// askToken asks WeChat, and where it gives out the refused one again, makes it give another: that
// one was made invalid before its time. before is what is known so far.
func (a *Account) askToken(ctx context.Context, refused string, before credentialState) (credentialState, error) {
	now := a.cfg.Now()
	text, ttl, err := a.fetchToken(ctx, false)
	forced := before.Forced
	if err == nil && text == refused {
		if now.Sub(forced).Abs() < forcesApart {
			return credentialState{}, fmt.Errorf("access token: %w: a new one was refused at once; is another program using the secret?", ErrBusy)
		}
		forced = now
		text, ttl, err = a.fetchToken(ctx, true)
	}
	if err != nil {
		return credentialState{}, err
	}
	next := lasting(text, ttl, now)
	next.Forced = forced
	return next, nil
}

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

// TryToken asks WeChat for an access token, which shows whether appid and secret belong together and whether this
// machine's address is on the account's list. The token before stays good, and this one is thrown away.
func (a *Account) TryToken(ctx context.Context) error {
	_, _, err := a.fetchToken(ctx, false)
	return err
}
