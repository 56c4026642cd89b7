package wechat

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// SharedCache is where the instances of a shop share the account's credentials, and agree on the
// instance that renews one. Its errors mean that it cannot be reached: then every instance asks
// WeChat for itself, which answers with the same one.
type SharedCache interface {
	// Get reads what was put under key; "" where nothing was.
	Get(ctx context.Context, key string) (string, error)
	// Put keeps value under key for ttl.
	Put(ctx context.Context, key, value string, ttl time.Duration) error
	// Take gives the caller the key for ttl if it is free, and reports whether it did. giveBack
	// ends it sooner.
	Take(ctx context.Context, key string, ttl time.Duration) (giveBack func(), mine bool, err error)
}

// credentialState is a credential as instances tell each other. Times are those of
// AccountConfig.Now.
type credentialState struct {
	Text   string    `json:"text"`
	Renew  time.Time `json:"renew"` // first instant to ask again
	Ends   time.Time `json:"ends"`
	Forced time.Time `json:"forced,omitzero"` // when WeChat was last made to give out another one
}

const (
	longestLife = 2 * time.Hour
	renewLease  = 8 * time.Second // one instance asks, twice at most
	renewAgain  = 5 * time.Second // where WeChat did not give the next one out
	renewPoll   = 50 * time.Millisecond
	shortUse    = 500 * time.Millisecond // one that is about to end is not asked for more often
)

// lasting is the state of a credential that WeChat gave out at now for ttl.
func lasting(text string, ttl time.Duration, now time.Time) credentialState {
	return credentialState{Text: text, Ends: now.Add(max(ttl, shortUse)), Renew: now.Add(renewAfter(ttl))}
}

// fresh reports whether it may be used without asking for the next one; refused is one
// that WeChat did not take. A clock that was set back makes it stale.
func (s credentialState) fresh(refused string, now time.Time) bool {
	return s.Text != refused && now.Before(s.Renew) && s.good(now)
}

// good reports whether WeChat should still take it.
func (s credentialState) good(now time.Time) bool {
	return s.Text != "" && now.Before(s.Ends) && s.Ends.Sub(now) <= longestLife+time.Minute
}

// renewAfter is how long a credential is used that is good for ttl. In its last five minutes WeChat gives
// out a new one, and both are good.
func renewAfter(ttl time.Duration) time.Duration {
	return max(ttl-min(4*time.Minute, ttl/10), shortUse)
}

// credential is what WeChat gives the account out for a time, as this process knows it: the access token, the ticket of
// pages. The holder of lock may read and replace the state.
type credential struct {
	cfg  *AccountConfig
	name string // in errors
	key  string // in the shared cache
	// ask asks WeChat for one that is not refused; before is what is known so far.
	ask  func(ctx context.Context, refused string, before credentialState) (credentialState, error)
	rest time.Duration // how long WeChat is not asked after it gave none out; 0: each call asks

	lock chan struct{}
	credentialState
	failed error
	rests  time.Time // until then failed is the answer
}

// get is one that WeChat should take; refused is one that it did not. Of many callers at once, on all instances, one asks
// WeChat and the others take what it gets.
func (c *credential) get(ctx context.Context, refused string) (string, error) {
	select {
	case c.lock <- struct{}{}:
		defer func() { <-c.lock }()
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
	now := c.cfg.Now()
	if c.fresh(refused, now) {
		return c.Text, nil
	}
	if c.failed != nil && now.Before(c.rests) && c.rests.Sub(now) <= c.rest {
		return "", c.failed
	}
	state, err := c.renew(ctx, refused)
	switch now = c.cfg.Now(); {
	case err == nil:
		c.credentialState, c.failed = state, nil
	case c.Text != refused && c.good(now):
		// The next one cannot be had yet, and this one is good. Not every call is to wait for that.
		c.Renew = now.Add(renewAgain)
	default:
		c.failed, c.rests = err, now.Add(c.rest)
		return "", err
	}
	return c.Text, nil
}

// renew is the credential on the shelf, renewed by this instance or by another.
func (c *credential) renew(ctx context.Context, refused string) (credentialState, error) {
	if c.cfg.SharedCache == nil {
		return c.ask(ctx, refused, c.credentialState)
	}
	for {
		kept, err := c.shelved(ctx)
		if err == nil && kept.fresh(refused, c.cfg.Now()) {
			return kept, nil
		}
		var giveBack func()
		mine := false
		if err == nil {
			giveBack, mine, err = c.cfg.SharedCache.Take(ctx, c.key+":turn", renewLease)
		}
		if err != nil {
			return c.ask(ctx, refused, c.credentialState)
		}
		if mine {
			defer giveBack()
			return c.replace(ctx, refused)
		}
		// Another instance is at it. The one from before is good for a while yet.
		if c.Text != refused && c.good(c.cfg.Now()) {
			return c.credentialState, nil
		}
		select {
		case <-time.After(renewPoll):
		case <-ctx.Done():
			return credentialState{}, fmt.Errorf("%s: %w: %w", c.name, ErrBusy, ctx.Err())
		}
	}
}

// replace puts a new one onto the shelf, unless another instance did since the last look.
func (c *credential) replace(ctx context.Context, refused string) (credentialState, error) {
	kept, err := c.shelved(ctx)
	if err == nil && kept.fresh(refused, c.cfg.Now()) {
		return kept, nil
	}
	next, err := c.ask(ctx, refused, kept)
	if err != nil {
		return credentialState{}, err
	}
	raw, err := json.Marshal(next)
	if err == nil {
		// A shelf that fails now costs the others one question.
		_ = c.cfg.SharedCache.Put(ctx, c.key, string(raw), max(next.Ends.Sub(c.cfg.Now()), forcesApart))
	}
	return next, err
}

// shelved is the credential on the shelf; what cannot be read is none.
func (c *credential) shelved(ctx context.Context) (kept credentialState, err error) {
	text, err := c.cfg.SharedCache.Get(ctx, c.key)
	if err != nil || text == "" {
		return credentialState{}, err
	}
	if json.Unmarshal([]byte(text), &kept) != nil {
		return credentialState{}, nil
	}
	return kept, nil
}
