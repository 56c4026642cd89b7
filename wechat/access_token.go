package wechat

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// SharedCache is where the instances of a shop share the account's access token, and agree on the
// instance that renews it. Its errors mean that it cannot be reached: then every instance asks
// WeChat for itself, which stable_token answers with the same token.
type SharedCache interface {
	// Get reads what was put under key; "" where nothing was.
	Get(ctx context.Context, key string) (string, error)
	// Put keeps value under key for ttl.
	Put(ctx context.Context, key, value string, ttl time.Duration) error
	// Take gives the caller the key for ttl if it is free, and reports whether it did. giveBack
	// ends it sooner.
	Take(ctx context.Context, key string, ttl time.Duration) (giveBack func(), mine bool, err error)
}

// tokenState is the account's token as instances tell each other. Times are those of
// AccountConfig.Now.
type tokenState struct {
	Text   string    `json:"text"`
	Renew  time.Time `json:"renew"` // first instant to ask again
	Ends   time.Time `json:"ends"`
	Forced time.Time `json:"forced,omitzero"` // when WeChat was last made to give out another one
}

const (
	longestLife = 2 * time.Hour
	forcesApart = 30 * time.Second // WeChat's rule: a new token can be forced no sooner
	renewLease  = 8 * time.Second  // one instance asks, twice at most
	renewAgain  = 5 * time.Second  // where WeChat did not give the next one out
	renewPoll   = 50 * time.Millisecond
	shortUse    = 500 * time.Millisecond // a token that is about to end is not asked for more often
)

// fresh reports whether the token may be used without asking for the next one; refused is one
// that WeChat did not take. A clock that was set back makes it stale.
func (s tokenState) fresh(refused string, now time.Time) bool {
	return s.Text != refused && now.Before(s.Renew) && s.good(now)
}

// good reports whether WeChat should still take the token.
func (s tokenState) good(now time.Time) bool {
	return s.Text != "" && now.Before(s.Ends) && s.Ends.Sub(now) <= longestLife+time.Minute
}

// accessToken is the token as this process knows it. The holder of lock may read and replace it.
type accessToken struct {
	lock chan struct{}
	tokenState
}

func newAccessToken() accessToken { return accessToken{lock: make(chan struct{}, 1)} }

// accessToken is one that WeChat should take; refused is one that it did not. Of many callers at
// once, on all instances, one asks WeChat and the others take what it gets.
func (a *Account) accessToken(ctx context.Context, refused string) (string, error) {
	t := &a.token
	select {
	case t.lock <- struct{}{}:
		defer func() { <-t.lock }()
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
	if t.fresh(refused, a.cfg.Now()) {
		return t.Text, nil
	}
	state, err := a.renewToken(ctx, refused)
	now := a.cfg.Now()
	if err != nil && t.Text != refused && t.good(now) {
		// The next one cannot be had yet, and this one is good. Not every call is to wait for that.
		t.Renew = now.Add(renewAgain)
		return t.Text, nil
	}
	if err != nil {
		return "", err
	}
	t.tokenState = state
	return state.Text, nil
}

// renewToken is the token on the shelf, renewed by this instance or by another.
func (a *Account) renewToken(ctx context.Context, refused string) (tokenState, error) {
	if a.cfg.SharedCache == nil {
		return a.askToken(ctx, refused, a.token.tokenState)
	}
	key := "wechat:access_token:" + a.cfg.AppID
	for {
		kept, err := a.shelved(ctx, key)
		if err == nil && kept.fresh(refused, a.cfg.Now()) {
			return kept, nil
		}
		var giveBack func()
		mine := false
		if err == nil {
			giveBack, mine, err = a.cfg.SharedCache.Take(ctx, key+":turn", renewLease)
		}
		if err != nil {
			return a.askToken(ctx, refused, a.token.tokenState)
		}
		if mine {
			defer giveBack()
			return a.replaceToken(ctx, key, refused)
		}
		// Another instance is at it. The token from before is good for a while yet.
		if now := a.cfg.Now(); a.token.Text != refused && a.token.good(now) {
			return a.token.tokenState, nil
		}
		select {
		case <-time.After(renewPoll):
		case <-ctx.Done():
			return tokenState{}, fmt.Errorf("access token: %w: %w", ErrBusy, ctx.Err())
		}
	}
}

// replaceToken puts a new token onto the shelf, unless another instance did since the last look.
func (a *Account) replaceToken(ctx context.Context, key, refused string) (tokenState, error) {
	kept, err := a.shelved(ctx, key)
	if err == nil && kept.fresh(refused, a.cfg.Now()) {
		return kept, nil
	}
	next, err := a.askToken(ctx, refused, kept)
	if err != nil {
		return tokenState{}, err
	}
	raw, err := json.Marshal(next)
	if err == nil {
		// A shelf that fails now costs the others one question.
		_ = a.cfg.SharedCache.Put(ctx, key, string(raw), max(next.Ends.Sub(a.cfg.Now()), forcesApart))
	}
	return next, err
}

// shelved is the token on the shelf; what cannot be read is none.
func (a *Account) shelved(ctx context.Context, key string) (kept tokenState, err error) {
	text, err := a.cfg.SharedCache.Get(ctx, key)
	if err != nil || text == "" {
		return tokenState{}, err
	}
	if json.Unmarshal([]byte(text), &kept) != nil {
		return tokenState{}, nil
	}
	return kept, nil
}

// askToken asks WeChat, and where it gives out the refused one again, makes it give another: that
// one was made invalid before its time. before is what is known so far.
func (a *Account) askToken(ctx context.Context, refused string, before tokenState) (tokenState, error) {
	now := a.cfg.Now()
	text, ttl, err := a.fetchToken(ctx, false)
	next := tokenState{Text: text, Forced: before.Forced}
	if err == nil && text == refused {
		if now.Sub(before.Forced).Abs() < forcesApart {
			return tokenState{}, fmt.Errorf("access token: %w: a new one was refused at once; is another program using the secret?", ErrBusy)
		}
		next.Forced = now
		next.Text, ttl, err = a.fetchToken(ctx, true)
	}
	if err != nil {
		return tokenState{}, err
	}
	next.Ends = now.Add(max(ttl, shortUse))
	next.Renew = now.Add(renewAfter(ttl))
	return next, nil
}

// renewAfter is how long a token is used that is good for ttl. In its last five minutes WeChat gives
// out a new one, and both are good.
func renewAfter(ttl time.Duration) time.Duration {
	return max(ttl-min(4*time.Minute, ttl/10), shortUse)
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
