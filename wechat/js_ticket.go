package wechat

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ticketRest is how long no ticket is asked for after WeChat gave none out: pages do without, and must not wear out the day's
// number of calls.
const ticketRest = 5 * time.Second

// newTicket is the ticket with which pages are signed.
func newTicket(a *Account) *credential {
	return &credential{
		cfg: &a.cfg, name: "jsapi ticket", key: "wechat:jsapi_ticket:" + a.cfg.AppID, ask: a.askTicket, rest: ticketRest, lock: make(chan struct{}, 1),
	}
}

// PageConfig is what a page hands to wx.config. Timestamp is in seconds.
type PageConfig struct {
	AppID, Nonce, Signature string
	Timestamp               int64
}

// SignPage signs an address of the shop for WeChat's script in the page there (JS-SDK). A fragment does not count. Its errors
// are those of every call.
func (a *Account) SignPage(ctx context.Context, page string) (PageConfig, error) {
	ticket, err := a.ticket.get(ctx, "")
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

// askTicket asks WeChat, which refuses no ticket that it gave out.
func (a *Account) askTicket(ctx context.Context, _ string, _ credentialState) (credentialState, error) {
	var out struct {
		Ticket    string `json:"ticket"`
		ExpiresIn int64  `json:"expires_in"`
	}
	now := a.cfg.Now()
	if err := a.call(ctx, "/cgi-bin/ticket/getticket", url.Values{"type": {"jsapi"}}, nil, &out); err != nil {
		return credentialState{}, fmt.Errorf("jsapi ticket: %w", err)
	}
	if out.Ticket == "" {
		return credentialState{}, fmt.Errorf("jsapi ticket: %w: an answer without one", ErrOutcomeUnknown)
	}
	return lasting(out.Ticket, time.Duration(out.ExpiresIn)*time.Second, now), nil
}
