package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"mstm/runner"
	"mstm/shop"
	"mstm/shop/webhooks"
	"mstm/store"
)

const (
	atOnce    = 8               // requests to one endpoint
	lookFor   = 5 * time.Second // of real time: the wakeup of an endpoint that takes long is not to look late
	idle      = time.Minute     // between two looks at an endpoint that has nothing to send
	forgotten = 100             // old deliveries, after each look at an endpoint that has nothing to send
)

// Sender delivers events.
type Sender struct {
	basics
	client  *http.Client
	timeout time.Duration
}

func newSender(b basics) *Sender {
	dial := &net.Dialer{Timeout: webhooks.Timeout, Control: b.dialled}
	return &Sender{basics: b, timeout: webhooks.Timeout, client: &http.Client{
		Transport: &http.Transport{ // without a proxy: it would connect to what Control has not seen
			DialContext: dial.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: atOnce, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

var errAddress = errors.New("webhook: the address is not allowed")

// dialled refuses a connection by the address that a name has led to.
func (b basics) dialled(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !b.Addresses.Allow(to.Addr()) {
		return errAddress
	}
	return nil
}

// Wakeups handle the wakeups of endpoints. Each endpoint has a place.
func (s *Sender) Wakeups() runner.Handler {
	return runner.Handler{Kind: shop.WakeWebhook, Places: webhooks.MostEndpoints, Look: s.look}
}

// look sends what is due to an endpoint. Its wakeup stays while there is the endpoint: a delivery that was written, and whose process
// died before it moved the wakeup, is found at the next look.
func (s *Sender) look(ctx context.Context, w shop.Wakeup) (settled bool, err error) {
	ctx = store.Background(ctx, store.Lists)
	next, err := s.send(ctx, w.Key())
	if errors.Is(err, shop.ErrWebhookNotFound) {
		return s.clear(ctx, w)
	}
	if err != nil {
		if ctx.Err() == nil {
			s.Log.WarnContext(ctx, "a webhook waits for its next look", "webhook", w.Key(), "err", err)
		}
		return false, err
	}
	return s.Config.Wakeups.Reschedule(ctx, w, next)
}

// clear deletes what is left of an endpoint that was deleted.
func (s *Sender) clear(ctx context.Context, w shop.Wakeup) (settled bool, err error) {
	for {
		n, err := s.Deliveries.Forget(ctx, w.Key(), s.now().Add(time.Minute), forgotten)
		if err != nil {
			return false, err
		}
		if n < forgotten {
			return s.Config.Wakeups.Remove(ctx, w)
		}
	}
}

// send sends what is due to an endpoint, and returns when to look at it next.
func (s *Sender) send(ctx context.Context, id string) (next time.Time, err error) {
	for begun := time.Now(); time.Since(begun) < lookFor; {
		e, err := s.Config.Endpoints.Get(ctx, id)
		if err != nil {
			return next, err
		}
		if e.State == webhooks.Paused {
			if err := s.Deliveries.Hold(ctx, id); err != nil {
				return next, err
			}
		}
		due, err := s.Deliveries.Due(ctx, id, s.now(), 4*atOnce)
		if err != nil {
			return next, err
		}
		if len(due) == 0 {
			return s.rest(ctx, id)
		}
		if err := s.batch(ctx, e, due); err != nil {
			return next, err
		}
	}
	return s.now(), nil
}

// rest is when to look at an endpoint again that has nothing to send now.
func (s *Sender) rest(ctx context.Context, id string) (time.Time, error) {
	if _, err := s.Deliveries.Forget(ctx, id, s.now().Add(-webhooks.KeptFor), forgotten); err != nil {
		return time.Time{}, err
	}
	first, err := s.Deliveries.Next(ctx, id)
	at := s.now().Add(idle)
	if !first.IsZero() && first.Before(at) {
		at = first
	}
	return at, err
}

// batch tries deliveries, some at once, and notes in the endpoint what came of them.
func (s *Sender) batch(ctx context.Context, e *webhooks.Endpoint, due []webhooks.Delivery) error {
	all, outcomes := make([]webhooks.Attempt, len(due)), webhooks.Outcomes{}
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i := range due {
		g.Go(func() (err error) {
			all[i], err = s.try(ctx, e, &due[i])
			return err
		})
	}
	err := g.Wait()
	for _, a := range all {
		if a.At.IsZero() {
			continue // it was not tried
		}
		outcomes.Succeeded = outcomes.Succeeded || a.Code == ""
		outcomes.Failed = outcomes.Failed || a.Code != ""
		outcomes.Gone = outcomes.Gone || a.Gone()
	}
	return errors.Join(err, s.note(ctx, e, outcomes))
}

// note notes in an endpoint what came of deliveries. An endpoint that the shop pauses is a matter for an administrator.
func (s *Sender) note(ctx context.Context, e *webhooks.Endpoint, o webhooks.Outcomes) error {
	if seen := *e; !seen.Note(o, s.now()) {
		return nil
	}
	paused := false
	after, err := s.Config.Endpoints.Change(ctx, e.ID, func(e *webhooks.Endpoint) error {
		was := e.State
		if !e.Note(o, s.now()) {
			return store.Unchanged()
		}
		paused = e.State != was
		return nil
	})
	if err != nil || !paused {
		return err
	}
	s.Log.WarnContext(ctx, "a webhook is paused", "webhook", e.ID, "reason", after.Reason)
	return s.record(ctx, e.ID, "webhook_paused", shop.ByShop, map[string]string{"reason": string(after.Reason)})
}

// try makes one attempt at a delivery and writes down what came of it. Where the look has ended (another instance has the endpoint, or
// the process stops) nothing is known, and nothing is written.
func (s *Sender) try(ctx context.Context, e *webhooks.Endpoint, d *webhooks.Delivery) (webhooks.Attempt, error) {
	if err := ctx.Err(); err != nil {
		return webhooks.Attempt{}, err
	}
	a := s.post(ctx, e, d)
	if a.Code != "" && ctx.Err() != nil {
		return webhooks.Attempt{}, ctx.Err()
	}
	_, err := s.Deliveries.Note(context.WithoutCancel(ctx), d, func(d *webhooks.Delivery) { d.Note(a, s.now(), rand.Float64()) })
	return a, err
}

// post makes the request.
func (s *Sender) post(ctx context.Context, e *webhooks.Endpoint, d *webhooks.Delivery) webhooks.Attempt {
	a, begun := webhooks.Attempt{At: s.now()}, time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	res, err := s.request(ctx, e, d)
	if err == nil {
		defer res.Body.Close()
		a.Status, a.Answer = res.StatusCode, beginning(res.Body)
	}
	a.MS = time.Since(begun).Milliseconds()
	a.Code = codeOf(a.Status, err)
	return a
}

func (s *Sender) request(ctx context.Context, e *webhooks.Endpoint, d *webhooks.Delivery) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, strings.NewReader(d.Body))
	if err != nil {
		return nil, err
	}
	at := s.Real()
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "MSTM-Webhooks/1")
	req.Header.Set(webhooks.HeaderID, d.Event)
	req.Header.Set(webhooks.HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	req.Header.Set(webhooks.HeaderSignature, webhooks.Sign(e.Keys(s.now()), d.Event, at, []byte(d.Body)))
	return s.client.Do(req)
}

// beginning are the first bytes of an answer, as text. An answer that does not end in time is kept as far as it came.
func beginning(body io.Reader) string {
	raw, _ := io.ReadAll(io.LimitReader(body, webhooks.MaxAnswer))
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(raw), "")))
}

// codeOf is what went wrong with an attempt; "" for an answer of 2xx.
func codeOf(status int, err error) string {
	var certificate *tls.CertificateVerificationError
	var network net.Error
	switch {
	case err == nil && status >= 200 && status < 300:
		return ""
	case err == nil:
		return webhooks.CodeStatus
	case errors.Is(err, errAddress):
		return webhooks.CodeRefused
	case errors.As(err, &certificate):
		return webhooks.CodeTLS
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return webhooks.CodeTimeout
	}
	return webhooks.CodeConnect
}
