package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go" // the receiver's side, by the standard's own authors
	"go.mongodb.org/mongo-driver/v2/event"

	"mstm/runner"
	"mstm/shop"
	"mstm/shop/webhooks"
	"mstm/store"
	"mstm/store/storetest"
)

// receiver is a program of the shop's owner.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []heard
	status int // of its answers
}

type heard struct {
	header http.Header
	body   []byte
}

func (h heard) id() string { return h.header.Get(webhooks.HeaderID) }

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, heard{req.Header.Clone(), body})
		if r.status == http.StatusFound {
			w.Header().Set("Location", r.URL+"/elsewhere")
		}
		w.WriteHeader(r.status)
		if r.status != http.StatusNoContent {
			fmt.Fprint(w, "not now\x00")
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) heard() []heard {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// clock is a shop's clock that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) move(d time.Duration) { c.ahead.Add(int64(d)) }

// instance is one process of a shop.
type instance struct {
	*Webhooks
	t       *testing.T
	db      *store.DB
	clock   *clock
	wakeups *runner.Wakeups
}

func newInstance(t *testing.T, db *store.DB, c *clock, change ...func(*Config)) *instance {
	cfg := Config{
		Endpoints: db.Webhooks, Deliveries: db.WebhookDeliveries, Wakeups: db.Wakeups, Audit: db.Audit, Addresses: webhooks.Addresses{Loopback: true},
		Now: c.now, Wake: func() {}, Log: slog.New(slog.DiscardHandler),
	}
	queue := runner.WakeupsConfig{Queue: db.Wakeups, By: store.NewID(), Now: c.now, Log: cfg.Log, Real: func() time.Time { return c.now() }}
	for _, f := range change {
		f(&cfg)
	}
	i := &instance{t: t, db: db, clock: c, Webhooks: New(cfg), wakeups: runner.NewWakeups(queue)}
	i.wakeups.Handle(i.Sender.Wakeups())
	return i
}

// open is a shop of one instance.
func open(t *testing.T, options ...func(*store.Config)) *instance {
	c := &clock{}
	return newInstance(t, storetest.Open(t, append(options, func(cfg *store.Config) { cfg.Now = c.now })...), c)
}

func (i *instance) must(err error) {
	i.t.Helper()
	if err != nil {
		i.t.Fatal(err)
	}
}

func (i *instance) look() {
	i.t.Helper()
	i.must(i.wakeups.LookOnce(i.t.Context()))
}

// endpoint makes an endpoint for all types, and returns it with its secret.
func (i *instance) endpoint(url string) (*webhooks.Endpoint, string) {
	i.t.Helper()
	e, secret, err := i.Endpoints.Create(i.t.Context(), "boss", Form{URL: url, Name: "仓库", Types: webhooks.Types()})
	i.must(err)
	return e, secret
}

// the is the only delivery of an endpoint.
func (i *instance) the(e *webhooks.Endpoint) *webhooks.Delivery {
	i.t.Helper()
	all, _, err := i.Endpoints.List(i.t.Context(), e.ID, "", 0, "")
	i.must(err)
	if len(all) != 1 {
		i.t.Fatalf("%d deliveries, want one", len(all))
	}
	return &all[0]
}

// verify checks a request as its receiver does, with a secret.
func verify(h heard, secret string) error {
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return err
	}
	return w.Verify(h.body, h.header)
}

func paidOrder(now time.Time) *shop.Order {
	at := now.UTC().Truncate(time.Second)
	return &shop.Order{
		ID: "o1", V: 3, UserID: "u1", State: shop.OrderPaid, Total: 19900, Paid: 19900, Transaction: "42", CreatedAt: at, PaidAt: &at,
		Lines: []shop.OrderLine{{CourseID: "go1", Title: "Go", PolicyID: "full", Version: 1, Kind: shop.KindLifetime, Price: 19900, List: 19900}},
		Refunds: []shop.Refund{
			{OutRefundNo: "o1r1", State: shop.RefundSucceeded, Amount: 100, Reason: "电话 13800000000", DoneAt: &at, Lines: []shop.RefundPart{{CourseID: "go1", Amount: 100}}},
			{OutRefundNo: "o1r2", State: shop.RefundSucceeded, Amount: 5, Duplicate: true, DoneAt: &at},
			{OutRefundNo: "o1r3", State: shop.RefundProcessing, Amount: 7},
		},
	}
}

func TestEvents_EachType_IsSignedAndWholeWithoutNames(t *testing.T) {
	i, r := open(t), newReceiver(t)
	_, secret := i.endpoint(r.URL + "/hooks?shop=1")
	o, now := paidOrder(i.clock.now()), i.clock.now()
	e := &shop.Enrolment{ID: "u1:go1", UserID: "u1", CourseID: "go1", V: 7, Grants: []shop.Grant{{OrderID: "o1", PolicyID: "full", Kind: shop.KindLifetime, State: shop.GrantLive, From: now.Add(-time.Hour)}}}
	for range 2 { // a duty may be done twice
		i.must(errors.Join(i.Events.OrderPaid(t.Context(), o), i.Events.OrderRefunded(t.Context(), o), i.Events.EnrolmentChanged(t.Context(), e)))
	}
	i.look()
	i.look()
	types := map[webhooks.Type]string{}
	for _, h := range r.heard() {
		if err := verify(h, secret); err != nil {
			t.Errorf("%s: %v", h.body, err)
		}
		var ev struct {
			ID   string
			Type webhooks.Type
			Data json.RawMessage
		}
		i.must(json.Unmarshal(h.body, &ev))
		if ev.ID != h.id() {
			t.Errorf("the event %s was sent as %s", ev.ID, h.id())
		}
		types[ev.Type] += string(ev.Data)
		if strings.Contains(string(h.body), "1380000") {
			t.Errorf("a refund's reason was sent: %s", h.body)
		}
	}
	at := o.PaidAt.Format(time.RFC3339)
	order := `{"order":{"id":"o1","version":3,"user_id":"u1","state":"paid","lines":[{"course_id":"go1","title":"Go","policy_id":"full","version":1,"kind":"lifetime","price_fen":19900,"refunded_fen":0}],` +
		`"total_fen":19900,"paid_fen":19900,"refunded_fen":0,"transaction_id":"42","created_at":"` + at + `","paid_at":"` + at + `"}`
	want := map[webhooks.Type]string{
		webhooks.OrderPaid:     order + "}",
		webhooks.OrderRefunded: order + `,"refund":{"out_refund_no":"o1r1","amount_fen":100,"lines":[{"course_id":"go1","amount_fen":100}],"done_at":"` + at + `"}}`,
	}
	for typ, data := range want {
		if types[typ] != data {
			t.Errorf("%s carried\n%s, want\n%s", typ, types[typ], data)
		}
	}
	if got := types[webhooks.EnrolmentChanged]; len(types) != 3 || !strings.Contains(got, `"user_id":"u1","version":7,"course_id":"go1","state":"active"`) {
		t.Errorf("of %d types enrolment.changed carried %s", len(types), got)
	}
	if n := len(r.heard()); n != 3 {
		t.Errorf("%d requests for three events", n)
	}
}

func TestRetries_ReceiverThatIsDown_IsTriedForADayThenByReplay(t *testing.T) {
	i, r := open(t), newReceiver(t)
	e, secret := i.endpoint(r.URL)
	r.answer(http.StatusServiceUnavailable)
	i.must(i.Events.OrderPaid(t.Context(), paidOrder(i.clock.now())))
	begun := i.clock.now()
	for _, pause := range []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour} {
		before := i.clock.now()
		i.look()
		d := i.the(e)
		if rest := d.NextAt.Sub(before); d.State != webhooks.Waiting || rest < pause || d.NextAt.Sub(i.clock.now()) > pause+pause/10 {
			t.Fatalf("try %d rests %s, want %s: %+v", d.Tries, rest, pause, d)
		}
		i.look()
		if n := len(i.the(e).Attempts); n != d.Tries {
			t.Fatalf("%d attempts before the pause was over", n)
		}
		i.clock.move(d.NextAt.Sub(i.clock.now()))
	}
	i.look()
	d := i.the(e)
	if len(d.Attempts) != webhooks.Tries || d.State != webhooks.Failed || d.Code != webhooks.CodeTries || i.clock.now().Sub(begun) < 20*time.Hour {
		t.Fatalf("after a day: %+v", d)
	}
	if a := d.Attempts[0]; a.Status != 503 || a.Code != webhooks.CodeStatus || a.Answer != "not now" {
		t.Errorf("the first attempt is kept as %+v", a)
	}
	i.clock.move(24 * time.Hour)
	i.look()
	if n := len(r.heard()); n != webhooks.Tries {
		t.Fatalf("%d requests, want %d", n, webhooks.Tries)
	}

	r.answer(http.StatusNoContent)
	for since, want := range map[time.Time]int64{i.clock.now(): 0, begun: 1} {
		if n, err := i.Endpoints.ReplayFailed(t.Context(), e.ID, since.Add(-time.Second), "boss"); n != want || err != nil {
			t.Errorf("replayed %d since %s, want %d: %v", n, since, want, err)
		}
	}
	i.look()
	if d := i.the(e); d.State != webhooks.Delivered || d.Attempts[len(d.Attempts)-1].Status != 204 {
		t.Errorf("after the replay: %+v", d)
	}
	if _, err := i.Endpoints.Replay(t.Context(), e.ID, d.ID, "boss"); err != nil {
		t.Error(err)
	}
	i.look()
	all := r.heard()
	for _, h := range all {
		if h.id() != all[0].id() || string(h.body) != string(all[0].body) || verify(h, secret) != nil {
			t.Errorf("%s %s is not the event of before", h.id(), h.body)
		}
	}
	if len(all) != webhooks.Tries+2 {
		t.Errorf("%d requests", len(all))
	}
	if n := i.db.WebhookAttempts(); n["delivered"] != 2 || n["failed"] != 1 || n["waiting"] != int64(webhooks.Tries)-1 {
		t.Errorf("counted %v", n)
	}
}

func TestPause_ReceiverThatIsGone_KeepsWhatComesForAReplay(t *testing.T) {
	i, r := open(t), newReceiver(t)
	e, _ := i.endpoint(r.URL)
	r.answer(http.StatusGone)
	i.must(i.Events.OrderPaid(t.Context(), paidOrder(i.clock.now())))
	i.look()
	got, err := i.db.Webhooks.Get(t.Context(), e.ID)
	i.must(err)
	if d := i.the(e); !got.Waits() || got.Reason != webhooks.Gone || d.State != webhooks.Failed || d.Code != webhooks.CodeGone {
		t.Fatalf("after 410: %+v, %+v", got, d)
	}
	i.must(i.Events.OrderRefunded(t.Context(), paidOrder(i.clock.now())))
	i.look()
	held, _, err := i.Endpoints.List(t.Context(), e.ID, webhooks.Failed, 0, "")
	i.must(err)
	if len(held) != 2 || held[0].Code != webhooks.CodePaused && held[1].Code != webhooks.CodePaused || len(r.heard()) != 1 {
		t.Fatalf("while it is paused: %+v, %d requests", held, len(r.heard()))
	}
	if _, err := i.Endpoints.ReplayFailed(t.Context(), e.ID, e.CreatedAt, "boss"); !errors.Is(err, shop.ErrWebhookPaused) {
		t.Errorf("a replay while it is paused: %v", err)
	}
	r.answer(http.StatusOK)
	test, err := i.Endpoints.Test(t.Context(), e.ID, "boss") // a paused one can be tried out
	i.must(err)
	i.look()
	if d, err := i.Endpoints.Delivery(t.Context(), e.ID, test.ID); err != nil || d.State != webhooks.Delivered {
		t.Errorf("the test: %+v, %v", d, err)
	}
	_, err = i.Endpoints.Resume(t.Context(), e.ID, "boss")
	i.must(err)
	if n, err := i.Endpoints.ReplayFailed(t.Context(), e.ID, e.CreatedAt, "boss"); n != 2 || err != nil {
		t.Errorf("replayed %d: %v", n, err)
	}
	i.look()
	if all, _, err := i.Endpoints.List(t.Context(), e.ID, webhooks.Delivered, 0, ""); len(all) != 3 || err != nil {
		t.Errorf("%d were delivered: %v", len(all), err)
	}

	i.must(i.Endpoints.Delete(t.Context(), e.ID, "boss"))
	i.look()
	if _, err := i.Endpoints.Delivery(t.Context(), e.ID, test.ID); !errors.Is(err, shop.ErrDeliveryNotFound) {
		t.Errorf("a delivery of a deleted endpoint: %v", err)
	}
	if _, err := i.db.Wakeups.Get(t.Context(), shop.WakeupID(shop.WakeWebhook, e.ID)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the wakeup of a deleted endpoint: %v", err)
	}
	rows, _, err := i.db.Audit.Page(t.Context(), store.AuditFilter{Objects: []string{"webhook:" + e.ID}}, 20, "")
	i.must(err)
	var acts []string
	for _, row := range rows {
		acts = append(acts, row.Act+" "+row.By)
	}
	slices.Sort(acts)
	want := []string{"webhook_created boss", "webhook_deleted boss", "webhook_paused shop", "webhook_replayed boss", "webhook_resumed boss", "webhook_tested boss"}
	if !slices.Equal(acts, want) {
		t.Errorf("the audit has %v", acts)
	}
}

func TestRotation_OldSecret_SignsForADay(t *testing.T) {
	i, r := open(t), newReceiver(t)
	e, first := i.endpoint(r.URL)
	send := func() heard {
		t.Helper()
		_, err := i.Endpoints.Test(t.Context(), e.ID, "boss")
		i.must(err)
		i.look()
		all := r.heard()
		return all[len(all)-1]
	}
	good := func(h heard, secrets ...string) (n int) {
		for _, s := range secrets {
			if verify(h, s) == nil {
				n++
			}
		}
		return n
	}
	_, second, err := i.Endpoints.Rotate(t.Context(), e.ID, "boss", true)
	i.must(err)
	if h := send(); good(h, first, second) != 2 {
		t.Errorf("just after the rotation: %s", h.header)
	}
	i.clock.move(webhooks.OldSecret)
	if h := send(); good(h, first) != 0 || good(h, second) != 1 {
		t.Errorf("a day after the rotation: %s", h.header)
	}
	_, third, err := i.Endpoints.Rotate(t.Context(), e.ID, "boss", false)
	i.must(err)
	if h := send(); good(h, first, second) != 0 || good(h, third) != 1 {
		t.Errorf("after the rotation of a secret that became known: %s", h.header)
	}
}

// TestDeath_AtEachCommand_LosesNoEvent lets a process die at each command to the database in turn: while an event is written, and
// while it is sent. The order's duty, and the endpoint's wakeup, are then another process's.
func TestDeath_AtEachCommand_LosesNoEvent(t *testing.T) {
	var left atomic.Int64
	var die atomic.Pointer[context.CancelFunc]
	i := open(t, func(cfg *store.Config) {
		cfg.Monitor = &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
			if kill := die.Load(); kill != nil && e.CommandName != "endSessions" && left.Add(-1) == 0 {
				(*kill)()
			}
		}}
	})
	r := newReceiver(t)
	i.endpoint(r.URL)
	i.must(i.Events.OrderPaid(t.Context(), paidOrder(i.clock.now()))) // the list of endpoints is in memory from here on
	i.look()
	// doing runs act in a process that dies at its n-th command, and reports whether it did die.
	doing := func(n int64, act func(context.Context) error) bool {
		ctx, kill := context.WithCancel(t.Context())
		defer kill()
		left.Store(n)
		die.Store(&kill)
		defer die.Store(nil)
		_ = act(ctx)
		return ctx.Err() != nil
	}
	deaths := 0
	for _, part := range []string{"write", "send"} {
		for n := int64(1); ; n++ {
			o := paidOrder(i.clock.now())
			o.ID = fmt.Sprint(part, n)
			ev, _ := webhooks.NewOrderPaid(o)
			write := func(ctx context.Context) error { return i.Events.OrderPaid(ctx, o) }
			send := newInstance(t, i.db, i.clock).wakeups.LookOnce
			died := false
			if part == "write" {
				died = doing(n, write)
				i.must(write(t.Context())) // the order's duty is done again
			} else {
				i.must(write(t.Context()))
				died = doing(n, send)
				i.clock.move(shop.WakeupLease + time.Second)
			}
			i.look()
			times := 0
			for _, h := range r.heard() {
				if h.id() == ev.ID {
					times++
				}
			}
			if times == 0 || part == "write" && times != 1 || times > 2 {
				t.Errorf("%s, dead at command %d: the event came %d times", part, n, times)
			}
			if !died {
				break
			}
			deaths++
		}
	}
	t.Logf("%d deaths", deaths)
	if deaths < 6 {
		t.Errorf("%d deaths: the test kills nothing", deaths)
	}
	if all, err := i.db.WebhookDeliveries.Due(t.Context(), "", i.clock.now(), 10); len(all) != 0 || err != nil {
		t.Errorf("%v still wait: %v", all, err)
	}
}

func TestInstances_TwoAtOnce_SendEachEventOnce(t *testing.T) {
	i, r := open(t), newReceiver(t)
	i.endpoint(r.URL)
	other := newInstance(t, i.db, i.clock)
	const events = 16
	var g sync.WaitGroup
	for n := range events {
		o := paidOrder(i.clock.now())
		o.ID = fmt.Sprint("o", n)
		i.must(i.Events.OrderPaid(t.Context(), o))
		if n%4 == 3 {
			for _, x := range []*instance{i, other} {
				g.Go(func() { _ = x.wakeups.LookOnce(t.Context()) })
			}
		}
	}
	g.Wait()
	i.look()
	count := map[string]int{}
	for _, h := range r.heard() {
		count[h.id()]++
	}
	for id, n := range count {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
	if len(count) != events {
		t.Errorf("%d of %d events came", len(count), events)
	}
}

func TestSender_SlowReceiver_HoldsUpNoOther(t *testing.T) {
	i, quick := open(t), newReceiver(t)
	release, asked := make(chan struct{}), make(chan struct{}, 1)
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-release
	}))
	t.Cleanup(slow.Close)
	first, _ := i.endpoint(slow.URL)
	i.must(i.Events.OrderPaid(t.Context(), paidOrder(i.clock.now())))
	var g sync.WaitGroup
	g.Go(func() { _ = i.wakeups.LookOnce(t.Context()) })
	<-asked
	second, _ := i.endpoint(quick.URL)
	_, err := i.Endpoints.Test(t.Context(), second.ID, "boss")
	i.must(err)
	other := newInstance(t, i.db, i.clock)
	other.look() // would wait for ever for the slow one
	if len(quick.heard()) != 1 {
		t.Errorf("%d requests to the quick one", len(quick.heard()))
	}
	close(release)
	g.Wait()
	if d := i.the(first); d.State != webhooks.Delivered {
		t.Errorf("the slow one's: %+v", d)
	}
}

func TestSender_AddressRedirectAndSilence_AreFailures(t *testing.T) {
	i, r := open(t), newReceiver(t)
	e, _ := i.endpoint(r.URL)
	strict := newInstance(t, i.db, i.clock, func(c *Config) { c.Addresses = webhooks.Addresses{Private: true} })
	test := func(x *instance) webhooks.Attempt {
		t.Helper()
		d, err := x.Endpoints.Test(t.Context(), e.ID, "boss")
		i.must(err)
		x.look()
		d, err = x.Endpoints.Delivery(t.Context(), e.ID, d.ID)
		i.must(err)
		if len(d.Attempts) != 1 {
			t.Fatalf("attempts: %+v", d.Attempts)
		}
		return d.Attempts[0]
	}
	if a := test(strict); a.Code != webhooks.CodeRefused || len(r.heard()) != 0 {
		t.Errorf("an address that is refused when it is connected to: %+v, %d requests", a, len(r.heard()))
	}
	r.answer(http.StatusFound)
	if a := test(i); a.Code != webhooks.CodeStatus || a.Status != 302 || len(r.heard()) != 1 {
		t.Errorf("a redirect: %+v, %d requests", a, len(r.heard()))
	}
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(release) })
	i.Sender.timeout = 20 * time.Millisecond
	for url, code := range map[string]string{silent.URL: webhooks.CodeTimeout, "http://127.0.0.1:1": webhooks.CodeConnect} {
		_, err := i.Endpoints.Edit(t.Context(), e.ID, "boss", Form{URL: url, Name: "仓库", Types: webhooks.Types()})
		i.must(err)
		if a := test(i); a.Code != code {
			t.Errorf("%s: %+v, want %s", url, a, code)
		}
	}
}

func TestPause_ReceiverThatFailsForDays_WaitsForAnAdministrator(t *testing.T) {
	i, r := open(t), newReceiver(t)
	e, _ := i.endpoint(r.URL)
	r.answer(http.StatusInternalServerError)
	for day := range 4 {
		o := paidOrder(i.clock.now())
		o.ID = fmt.Sprint("o", day)
		i.must(i.Events.OrderPaid(t.Context(), o))
		i.look()
		got, err := i.db.Webhooks.Get(t.Context(), e.ID)
		i.must(err)
		if want := day == 3; got.Waits() != want {
			t.Fatalf("on day %d: %+v", day, got)
		}
		i.clock.move(24 * time.Hour)
	}
	i.clock.move(webhooks.KeptFor)
	i.look()
	if all, _, err := i.Endpoints.List(t.Context(), e.ID, "", 0, ""); len(all) != 0 || err != nil {
		t.Errorf("%d deliveries are kept for more than 30 days: %v", len(all), err)
	}
	// A duty that comes again later than a delivery is kept does not send again.
	i.must(i.Events.OrderPaid(t.Context(), paidOrder(i.clock.now().Add(-webhooks.KeptFor))))
	if all, _, err := i.Endpoints.List(t.Context(), e.ID, "", 0, ""); len(all) != 0 || err != nil {
		t.Errorf("%d deliveries of what happened long ago: %v", len(all), err)
	}
}

func TestEvents_ShopWithoutEndpoints_AsksTheDatabaseNothing(t *testing.T) {
	var commands atomic.Int64
	i := open(t, func(cfg *store.Config) {
		cfg.Monitor = &event.CommandMonitor{Started: func(context.Context, *event.CommandStartedEvent) { commands.Add(1) }}
	})
	o, e := paidOrder(i.clock.now()), &shop.Enrolment{ID: "u1:go1", UserID: "u1", CourseID: "go1"}
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) { // until the link that brings changes is up, the list is read each time
		before := commands.Load()
		for range 20 {
			i.must(errors.Join(i.Events.OrderPaid(t.Context(), o), i.Events.OrderRefunded(t.Context(), o), i.Events.EnrolmentChanged(t.Context(), e)))
		}
		n := commands.Load() - before
		if n == 0 {
			return
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("60 events cost %d commands", n)
		}
	}
}
