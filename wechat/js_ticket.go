package wechat

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ticketRest is how long no ticket is asked for after WeChat gave none out: pages do without, and must not wear out the day's
// number of calls.
const ticketRest = 5 * time.Second

// jsTicket is the ticket with which pages are signed, as this process knows it. The holder of lock may read and replace it.
type jsTicket struct {
	lock chan struct{}
	tokenState
	failed error
	rests  time.Time // until then failed is the answer
}

// PageConfig is what a page hands to wx.config. Timestamp is in seconds.
type PageConfig struct {
	AppID, Nonce, Signature string
	Timestamp               int64
}

// SignPage signs an address of the shop for WeChat's script in the page there (JS-SDK). A fragment does not count. Its errors
// are those of every call.
func (a *Account) SignPage(ctx context.Context, page string) (PageConfig, error) {
	ticket, err := a.jsTicket(ctx)
	if err != nil {
		return PageConfig{}, err
	}
	c := PageConfig{AppID: a.cfg.AppID, Nonce: rand.Text(), Timestamp: a.cfg.Now().Unix()}
	c.Signature = PageSignature(ticket, c.Nonce, c.Timestamp, page)
	return c, nil
}

// PageSignature is WeChat's rule for the signature of a page: the names in the order of their letters, nothing escaped, the
// address up to its fragment.
func PageSignature(ticket, nonce string, timestamp int64, page string) string {
	page, _, _ = strings.Cut(page, "#")
	sum := sha1.Sum(fmt.Appendf(nil, "jsapi_ticket=%s&noncestr=%s&timestamp=%d&url=%s", ticket, nonce, timestamp, page))
	return hex.EncodeToString(sum[:])
}

// jsTicket is the account's jsapi_ticket. Of many callers at once, on all instances, one asks WeChat, whose calls a day are
// few, and the others take what it gets.
func (a *Account) jsTicket(ctx context.Context) (string, error) {
	t := &a.ticket
	select {
	case t.lock <- struct{}{}:
		defer func() { <-t.lock }()
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
	now := a.cfg.Now()
	if t.fresh("", now) {
		return t.Text, nil
	}
	if t.failed != nil && now.Before(t.rests) && t.rests.Sub(now) <= ticketRest {
		return "", t.failed
	}
	state, err := a.renewTicket(ctx)
	switch now = a.cfg.Now(); {
	case err == nil:
		t.tokenState, t.failed = state, nil
	case t.good(now):
		t.Renew = now.Add(renewAgain)
	default:
		t.failed, t.rests = err, now.Add(ticketRest)
		return "", err
	}
	return t.Text, nil
}

// renewTicket is the ticket on the shelf, renewed by this instance or by another.
func (a *Account) renewTicket(ctx context.Context) (tokenState, error) {
	if a.cfg.SharedCache == nil {
		return a.fetchTicket(ctx)
	}
	key := "wechat:jsapi_ticket:" + a.cfg.AppID
	for {
		kept, err := a.shelved(ctx, key)
		if err == nil && kept.fresh("", a.cfg.Now()) {
			return kept, nil
		}
		var giveBack func()
		mine := false
		if err == nil {
			giveBack, mine, err = a.cfg.SharedCache.Take(ctx, key+":turn", renewLease)
		}
		if err != nil {
			return a.fetchTicket(ctx)
		}
		if mine {
			defer giveBack()
			return a.replaceTicket(ctx, key)
		}
		select {
		case <-time.After(renewPoll):
		case <-ctx.Done():
			return tokenState{}, fmt.Errorf("jsapi ticket: %w: %w", ErrBusy, ctx.Err())
		}
	}
}

// replaceTicket puts a new ticket onto the shelf, unless another instance did since the last look.
func (a *Account) replaceTicket(ctx context.Context, key string) (tokenState, error) {
	if kept, err := a.shelved(ctx, key); err == nil && kept.fresh("", a.cfg.Now()) {
		return kept, nil
	}
	next, err := a.fetchTicket(ctx)
	if err != nil {
		return tokenState{}, err
	}
	if raw, err := json.Marshal(next); err == nil {
		// A shelf that fails now costs the others one question.
		_ = a.cfg.SharedCache.Put(ctx, key, string(raw), max(next.Ends.Sub(a.cfg.Now()), time.Second))
	}
	return next, nil
}

// fetchTicket asks WeChat.
func (a *Account) fetchTicket(ctx context.Context) (tokenState, error) {
	var out struct {
		Ticket    string `json:"ticket"`
		ExpiresIn int64  `json:"expires_in"`
	}
	now := a.cfg.Now()
	if err := a.call(ctx, "/cgi-bin/ticket/getticket", url.Values{"type": {"jsapi"}}, nil, &out); err != nil {
		return tokenState{}, fmt.Errorf("jsapi ticket: %w", err)
	}
	if out.Ticket == "" {
		return tokenState{}, fmt.Errorf("jsapi ticket: %w: an answer without one", ErrOutcomeUnknown)
	}
	ttl := time.Duration(out.ExpiresIn) * time.Second
	return tokenState{Text: out.Ticket, Ends: now.Add(max(ttl, shortUse)), Renew: now.Add(renewAfter(ttl))}, nil
}
