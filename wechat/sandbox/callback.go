package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// ladder is how long after a failed delivery WeChat tries again: 15 times, 24 h 4 min in all.
var ladder = [...]time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute,
	30 * time.Minute, 30 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// The states of an event.
const (
	pending   = "pending"
	delivered = "delivered"
	lost      = "lost"     // by a fault
	givenUp   = "given_up" // at the end of the ladder
)

const maxLog = 500 // deliveries remembered per event

// event is a callback to the shop, with the history of its deliveries.
type event struct {
	Key        string          `json:"key"` // out_trade_no/sequence
	ID         string          `json:"id"`  // the same in every delivery
	Kind       string          `json:"event"`
	Type       string          `json:"event_type"`
	Summary    string          `json:"summary"`
	URL        string          `json:"url"`
	Signer     string          `json:"signer"`
	Content    json.RawMessage `json:"content"` // what is encrypted
	CreatedAt  time.Time       `json:"created_at"`
	Due        time.Time       `json:"due,omitzero"`
	State      string          `json:"state"`
	Attempts   int             `json:"attempts"`
	Fault      CallbackFault   `json:"fault,omitzero"`
	Deliveries []delivery      `json:"deliveries"`
}

// delivery is one POST to the shop.
type delivery struct {
	At     time.Time `json:"at"`
	Status int       `json:"status,omitempty"`
	Error  string    `json:"error,omitempty"`
	Body   string    `json:"body,omitempty"` // the shop's words, cut
}

func (d delivery) ok() bool { return d.Status == http.StatusOK || d.Status == http.StatusNoContent }

func newPoster() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.Proxy = 32, nil
	return &http.Client{Timeout: 5 * time.Second, Transport: t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// paymentEvent is what a payment of t has to say.
func (s *callbacks) paymentEvent(t *trade) event {
	content, _ := json.Marshal(s.merchant.view(t)) // plain fields
	return event{Kind: "payment", Type: "TRANSACTION.SUCCESS", Summary: "支付成功", URL: t.NotifyURL, Signer: t.Signer, Content: content,
		Key: t.OutTradeNo}
}

// addEvent stores e, due now unless its fault delays it. e.Key comes in as the out_trade_no.
func (s *callbacks) addEvent(tx *bbolt.Tx, e event, fault CallbackFault) (*event, error) {
	e.Key = fmt.Sprintf("%s/%08d", e.Key, sequence(tx, bucketEvents))
	e.ID = "EV-" + time.Now().UTC().Format("20060102") + randomHex(10)
	e.CreatedAt, e.State, e.Fault, e.Deliveries = s.now(), pending, fault, []delivery{}
	e.Due = e.CreatedAt.Add(time.Duration(fault.DelayS) * time.Second)
	if err := wait(tx, &e); err != nil {
		return nil, err
	}
	return &e, put(tx, bucketEvents, e.Key, e)
}

// wait puts an event among the pending ones, under the second it is due: Run reads those several
// times a second and must not decode every story for it.
func wait(tx *bbolt.Tx, e *event) error {
	return put(tx, bucketPending, e.Key, e.Due.Unix())
}

// Run delivers callbacks and settles refunds until ctx ends. Whatever was pending when the process
// died is pending again.
func (s *Sandbox) Run(ctx context.Context) error {
	var flights sync.WaitGroup
	defer flights.Wait()
	tick := time.NewTicker(200 * time.Millisecond) // the business clock may jump without telling
	defer tick.Stop()
	for {
		if err := s.merchant.settleRefunds(); err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
		due, err := s.callbacks.due()
		if err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
		for _, key := range due {
			if s.callbacks.takeOff(key) {
				flights.Go(func() { s.callbacks.deliver(ctx, key) })
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.wake:
		}
	}
}

// due lists the pending events that are due.
func (s *callbacks) due() (keys []string, err error) {
	now := s.now().Unix()
	err = s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketPending)).ForEach(func(k, v []byte) error {
			at, err := strconv.ParseInt(string(v), 10, 64)
			if at <= now {
				keys = append(keys, string(k))
			}
			return err
		})
	})
	return keys, err
}

// takeOff claims an event for one deliver; false when it is under way or too many are.
func (s *callbacks) takeOff(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flying[key] || len(s.flying) >= 64 {
		return false
	}
	s.flying[key] = true
	return true
}

// deliver makes one attempt at an event and books its result.
func (s *callbacks) deliver(ctx context.Context, key string) {
	defer func() {
		s.mu.Lock()
		delete(s.flying, key)
		s.mu.Unlock()
		s.nudge()
	}()
	e, err := s.event(key)
	if err != nil || e == nil || e.State != pending {
		return
	}
	f := e.Fault
	if f.Attempts > 0 && e.Attempts >= f.Attempts {
		f = CallbackFault{}
	}
	var tries []delivery
	if !f.Lose {
		pause(ctx, time.Duration(f.DelayMS)*time.Millisecond)
		tries = s.send(ctx, *e, f)
	}
	if ctx.Err() != nil {
		return // stays pending: the shop has not answered
	}
	if err := s.book(key, tries, f.Lose && f.Attempts == 0); err != nil {
		s.log.Error("sandbox callback not booked", "event", key, "err", err)
	}
}

func (s *callbacks) event(key string) (e *event, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		e, err = get[event](tx, bucketEvents, key)
		return err
	})
	return e, err
}

// book writes the result of an attempt down and sets the next one.
func (s *callbacks) book(key string, tries []delivery, forGood bool) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		e, err := get[event](tx, bucketEvents, key)
		if err != nil || e == nil {
			return err
		}
		e.log(tries)
		e.Attempts++
		switch {
		case anyOK(tries):
			e.State = delivered
		case forGood:
			e.State = lost
		case e.Attempts > len(ladder):
			e.State = givenUp
		default:
			e.Due = s.now().Add(ladder[e.Attempts-1])
		}
		if e.State == pending {
			err = wait(tx, e)
		} else {
			e.Due = time.Time{}
			err = drop(tx, bucketPending, key)
		}
		return errors.Join(err, put(tx, bucketEvents, key, e))
	})
}

func (e *event) log(tries []delivery) {
	e.Deliveries = append(e.Deliveries, tries...)
	if extra := len(e.Deliveries) - maxLog; extra > 0 {
		e.Deliveries = e.Deliveries[extra:]
	}
}

func anyOK(tries []delivery) bool {
	for _, d := range tries {
		if d.ok() {
			return true
		}
	}
	return false
}

// healPending takes drawn faults back from events that are still to be delivered.
func (s *callbacks) healPending() error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		var keys []string
		err := tx.Bucket([]byte(bucketPending)).ForEach(func(k, _ []byte) error {
			keys = append(keys, string(k))
			return nil
		})
		for _, key := range keys {
			e, err := get[event](tx, bucketEvents, key)
			if err != nil || e == nil {
				return err
			}
			e.Fault = CallbackFault{}
			if err := put(tx, bucketEvents, key, e); err != nil {
				return err
			}
		}
		return err
	})
}

// send posts an event, as many times as the fault says.
func (s *callbacks) send(ctx context.Context, e event, f CallbackFault) []delivery {
	out := make([]delivery, max(1, f.Repeat))
	var wg sync.WaitGroup
	for i := range out {
		if !f.Parallel {
			out[i] = s.sendOnce(ctx, e, f)
			continue
		}
		wg.Go(func() { out[i] = s.sendOnce(ctx, e, f) })
	}
	wg.Wait()
	return out
}

// sendOnce encrypts, signs and posts an event.
func (s *callbacks) sendOnce(ctx context.Context, e event, f CallbackFault) delivery {
	out := delivery{At: s.now().UTC()}
	req, err := s.letter(ctx, e, f)
	if err == nil {
		var res *http.Response
		if res, err = s.post.Do(req); err == nil {
			body, _ := io.ReadAll(io.LimitReader(res.Body, 500))
			_ = res.Body.Close()
			out.Status, out.Body = res.StatusCode, string(body)
		}
	}
	if err != nil {
		out.Error = err.Error()
	}
	return out
}

// letter is the request of one delivery; its nonces and signature are new every time.
func (s *callbacks) letter(ctx context.Context, e event, f CallbackFault) (*http.Request, error) {
	body, err := s.envelope(e, f)
	if err != nil {
		return nil, err
	}
	h := http.Header{"User-Agent": {"Mozilla/4.0"}, "Accept": {"*/*"}, "Content-Type": {"application/json"}, "Request-Id": {randomHex(16)}}
	if f.XML {
		h.Set("Content-Type", "text/xml")
		body = []byte("<xml><return_code>SUCCESS</return_code><appid>" + s.keys.id.AppID + "</appid><mch_id>" + s.keys.id.MchID + "</mch_id><req_info>c2FuZGJveA==</req_info></xml>")
	} else {
		h.Set("Wechatpay-Signature-Type", scheme)
		s.keys.signer(s.serialFor(e, f)).sign(h, body, s.realNow(), f.spoil())
	}
	if f.AlteredBody {
		body = bytes.Replace(body, []byte(`"summary":"`), []byte(`"summary":" `), 1)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.Forward(e.URL), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = h
	return req, nil
}

// serialFor picks the key mode a callback is signed in: the one the shop asked in, unless a fault says otherwise.
func (s *callbacks) serialFor(e event, f CallbackFault) string {
	switch f.Signer {
	case "certificate":
		return ""
	case "public_key":
		return s.keys.id.PublicKeyID
	}
	if strings.HasPrefix(e.Signer, "PUB_KEY_ID_") {
		return e.Signer
	}
	return "" // the newest certificate, also when the shop has not seen it yet
}

// envelope is the body of a callback.
func (s *callbacks) envelope(e event, f CallbackFault) ([]byte, error) {
	content, err := falsify(e.Content, f)
	if err != nil {
		return nil, err
	}
	original := map[string]string{"payment": "transaction", "refund": "refund"}[e.Kind]
	resource, err := encrypt(s.keys.id.APIv3Key, original, randomHex(6), content)
	if err != nil {
		return nil, err
	}
	resource.OriginalType = original
	return json.Marshal(map[string]any{
		"id": e.ID, "create_time": stamp(e.CreatedAt), "resource_type": "encrypt-resource",
		"event_type": e.Type, "summary": e.Summary, "resource": resource,
	})
}

// falsify changes what the fault wants wrong, under a right signature.
func falsify(content []byte, f CallbackFault) ([]byte, error) {
	if f.AmountDelta == 0 && f.MchID == "" && f.AppID == "" && f.Currency == "" {
		return content, nil
	}
	var m map[string]any
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.UseNumber()
	if err := dec.Decode(&m); err != nil {
		return nil, err
	}
	for field, value := range map[string]string{"mchid": f.MchID, "appid": f.AppID} {
		if value != "" {
			m[field] = value
		}
	}
	if amount, ok := m["amount"].(map[string]any); ok {
		name := "total"
		if _, back := amount["refund"]; back {
			name = "refund"
		}
		if sum, ok := amount[name].(json.Number); ok {
			n, _ := sum.Int64()
			amount[name] = n + f.AmountDelta
		}
		if f.Currency != "" {
			amount["currency"] = f.Currency
		}
	}
	return json.Marshal(m)
}
