package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/wechat"
)

// The kinds an error can be, to name the one a test wants.
func kind(err error) string {
	for name, k := range map[string]error{"busy": wechat.ErrBusy, "unknown": wechat.ErrOutcomeUnknown, "no trade": wechat.ErrTradeUnknown,
		"paid": wechat.ErrTradePaid, "closed": wechat.ErrTradeClosed, "refused": wechat.ErrRefused, "short": wechat.ErrNotEnough, "no refund": wechat.ErrRefundUnknown} {
		if errors.Is(err, k) {
			return name
		}
	}
	return fmt.Sprint(err)
}

func short(cfg *wechat.PayConfig) { cfg.Timeout = time.Second }

func TestEveryAPIFaultHasItsKindAndItsEffect(t *testing.T) {
	for _, tt := range []struct {
		name, fault string
		kind        string
		done        bool // the trade exists afterwards
	}{
		{"500", `"status":500`, "busy", false},
		{"500 after it was done", `"status":500,"after":true`, "busy", true},
		{"503", `"status":503`, "busy", false},
		{"a gateway's 502 in HTML", `"status":502,"html":true`, "busy", false},
		{"429", `"status":429`, "busy", false},
		{"202, signed and empty", `"status":202`, "unknown", false},
		{"200, signed and empty", `"status":200`, "unknown", false},
		{"a redirect", `"status":307`, "unknown", false},
		{"no answer in time, yet done", `"delay_ms":4000`, "unknown", true},
		{"cut off before", `"drop_before":true`, "unknown", false},
		{"cut off after", `"drop":true`, "unknown", true},
		{"an unsigned answer", `"bad_signature":"unsigned"`, "unknown", true},
		{"a wrong signature", `"bad_signature":"wrong"`, "unknown", true},
		{"a signature probe", `"bad_signature":"signtest"`, "unknown", true},
		{"a stale signature", `"bad_signature":"stale"`, "unknown", true},
		{"an unknown serial", `"bad_signature":"unknown_serial"`, "unknown", true},
		{"400", `"status":400,"code":"PARAM_ERROR"`, "refused", false},
		{"403 without a body's code", `"status":403,"html":true`, "refused", false},
		{"an old spelling of paid", `"status":400,"code":"ORDER_PAID"`, "paid", false},
		{"an old spelling of busy", `"status":403,"code":"RATELIMIT_EXCEEDED"`, "busy", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, ctx := newWorld(t, publicKey, short), context.Background()
			w.faults(`{"api":[{"api":"native","times":1,` + tt.fault + `}]}`)
			if _, err := w.pay.Prepay(ctx, order("T00001")); kind(err) != tt.kind {
				t.Errorf("prepay: %v", err)
			}
			want := "no trade"
			if tt.done {
				want = "<nil>"
			}
			if _, err := w.pay.Query(ctx, "T00001"); kind(err) != want {
				t.Errorf("query: %v, want %s", err, want)
			}
			if _, err := w.pay.Prepay(ctx, order("T00001")); err != nil {
				t.Errorf("the same prepay again: %v", err)
			}
		})
	}
}

func TestACloseOrRefundWithoutAnAnswerIsSettledByAsking(t *testing.T) {
	w, ctx := newWorld(t, certificates, short), context.Background()
	w.prepay("T00001")
	w.faults(`{"api":[{"api":"close","bad_signature":"unsigned","times":1},{"api":"refund","drop":true,"times":1},{"api":"refund","status":403,"code":"NOT_ENOUGH","times":1}]}`)
	if err := w.pay.CloseTrade(ctx, "T00001"); kind(err) != "unknown" {
		t.Errorf("close: %v", err)
	}
	if tx, err := w.pay.Query(ctx, "T00001"); err != nil || tx.State != "CLOSED" {
		t.Errorf("it was closed all the same: %+v, %v", tx, err)
	}
	w.paid("T00002")
	if _, err := w.pay.Refund(ctx, refundOf("T00002", "R1", 100)); kind(err) != "unknown" {
		t.Errorf("refund: %v", err)
	}
	if rf, err := w.pay.QueryRefund(ctx, "R1"); err != nil || rf.Refund != 100 {
		t.Errorf("it was accepted all the same: %+v, %v", rf, err)
	}
	w.pass(time.Minute)
	if _, err := w.pay.Refund(ctx, refundOf("T00002", "R2", 100)); kind(err) != "short" {
		t.Errorf("an empty account: %v", err)
	}
	var refusal *wechat.Refusal
	if _, err := w.pay.Refund(ctx, refundOf("T00002", "R2", 19900)); !errors.As(err, &refusal) || refusal.Status != 400 || refusal.Code != "INVALID_REQUEST" {
		t.Errorf("the refusal behind: %v", err)
	}
}

func TestTheBreakerSparesAWeChatThatDoesNotAnswer(t *testing.T) {
	w, ctx := newWorld(t, publicKey, short, func(cfg *wechat.PayConfig) { cfg.BreakerAfter, cfg.BreakerPause = 3, 2*time.Second }), context.Background()
	w.prepay("T00001")
	w.faults(`{"api":[{"api":"query","status":500,"times":3},{"api":"refund_query","status":500}]}`)
	for range 4 {
		if _, err := w.pay.Query(ctx, "T00001"); kind(err) != "busy" {
			t.Fatalf("query: %v", err)
		}
	}
	if err := w.pay.CloseTrade(ctx, "T00001"); err != nil { // another kind of call has another breaker
		t.Errorf("close: %v", err)
	}
	w.eventually("the breaker lets a query through", func() bool { _, err := w.pay.Query(ctx, "T00001"); return err == nil })
	for range 10 { // refusals say that WeChat is well
		if _, err := w.pay.Query(ctx, "T99999"); kind(err) != "no trade" {
			t.Fatalf("query: %v", err)
		}
	}
}

func TestAWeChatThatIsNotThereIsBusy(t *testing.T) {
	w := newWorld(t, publicKey)
	cfg := w.cfg
	cfg.BaseURL = "http://127.0.0.1:1"
	for _, mode := range bothModes {
		if mode == certificates {
			cfg.PublicKeyID, cfg.PublicKey = "", nil
		}
		pay, err := wechat.NewPay(context.Background(), cfg)
		if err != nil {
			t.Fatalf("%s: a shop must start without WeChat: %v", mode, err)
		}
		if _, err := pay.Prepay(context.Background(), order("T00001")); kind(err) != "busy" {
			t.Errorf("%s: %v", mode, err)
		}
		pay.Close()
	}
}

// heardOf counts what the shop made of the callbacks so far.
func (w *world) heardOf(ok func(heard) bool) (n int) {
	for _, h := range w.callbacks() {
		if ok(h) {
			n++
		}
	}
	return n
}

func TestEveryCallbackFaultReachesTheShopAsDescribed(t *testing.T) {
	refused := func(h heard) bool { return errors.Is(h.err, wechat.ErrBadSignature) }
	genuine := func(h heard) bool { return h.err == nil && h.tx.Total == 19900 }
	for _, tt := range []struct {
		name, fault string
		first       func(heard) bool
	}{
		{"a bad signature", `"bad_signature":true`, refused},
		{"an altered body", `"altered_body":true`, refused},
		{"a stale timestamp", `"stale":true`, refused},
		{"an unknown serial", `"unknown_serial":true`, refused},
		{"a signature probe", `"signtest":true`, func(h heard) bool { return refused(h) && wechat.IsProbe(h.err) }},
		{"the old XML form", `"xml":true`, func(h heard) bool { return errors.Is(h.err, wechat.ErrNotV3) }},
		{"one fen too much, signed", `"amount_delta":1`, func(h heard) bool { return h.err == nil && h.tx.Total == 19901 }},
		{"another merchant, signed", `"mchid":"1900000000"`, func(h heard) bool { return h.err == nil && h.tx.MchID == "1900000000" }},
		{"another app, signed", `"appid":"wx0"`, func(h heard) bool { return h.err == nil && h.tx.AppID == "wx0" }},
		{"another currency, signed", `"currency":"USD"`, func(h heard) bool { return h.err == nil && h.tx.Currency == "USD" }},
		{"signed with the certificate during a change-over", `"signer":"certificate"`, genuine},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, publicKey)
			w.status.Store(500) // never satisfied, so that the retry comes
			w.faults(`{"callback":[{"attempts":1,` + tt.fault + `}]}`)
			w.must("POST", "/sandbox/pay", map[string]string{"code_url": w.prepay("T00001").CodeURL}, nil)
			if got := w.await(1)[0]; !tt.first(got) {
				t.Errorf("first delivery: %+v", got)
			}
			w.status.Store(0)
			w.eventually("the first failure booked", func() bool { return w.trade("T00001").Callbacks[0].Attempts == 1 })
			w.pass(16 * time.Second)
			if got := w.await(2)[1]; !genuine(got) {
				t.Errorf("the retry, 15 s later: %+v", got)
			}
		})
	}
}

// tradeStory is GET /sandbox/trades/:out_trade_no.
type tradeStory struct {
	State     string
	Callbacks []struct {
		State      string
		Attempts   int
		Due        time.Time
		Deliveries []struct{ Status int }
	}
}

func (w *world) trade(no string) (out tradeStory) {
	w.t.Helper()
	w.must("GET", "/sandbox/trades/"+no, nil, &out)
	return out
}

func TestCopiesOfACallbackArriveOneAfterAnotherOrAtOnce(t *testing.T) {
	for _, parallel := range []bool{false, true} {
		w := newWorld(t, publicKey)
		w.faults(fmt.Sprintf(`{"callback":[{"repeat":20,"parallel":%v}]}`, parallel))
		w.must("POST", "/sandbox/pay", map[string]string{"code_url": w.prepay("T00001").CodeURL}, nil)
		got := w.await(20)
		for _, h := range got {
			if h.err != nil || h.id != got[0].id || h.tx != got[0].tx {
				t.Errorf("copy differs: %+v", h)
			}
		}
	}
}

func TestALostCallbackStaysLostAndTheQueryKnows(t *testing.T) {
	w, ctx := newWorld(t, publicKey), context.Background()
	w.faults(`{"callback":[{"lose":true,"times":1}]}`)
	w.must("POST", "/sandbox/pay", map[string]string{"code_url": w.prepay("T00001").CodeURL}, nil)
	w.eventually("lost", func() bool { return w.trade("T00001").Callbacks[0].State == "lost" })
	w.pass(48 * time.Hour)
	if tx, err := w.pay.Query(ctx, "T00001"); err != nil || !tx.Paid() {
		t.Errorf("query: %+v, %v", tx, err)
	}
	w.paid("T00002") // the fault is used up
	if n := w.heardOf(func(h heard) bool { return h.tx.OutTradeNo == "T00001" }); n != 0 {
		t.Errorf("heard %d times of the lost one", n)
	}
}

func TestADelayedCallbackComesWhenBusinessTimeHasPassed(t *testing.T) {
	w := newWorld(t, publicKey)
	w.faults(`{"callback":[{"delay_s":72000,"times":1}]}`)
	w.must("POST", "/sandbox/pay", map[string]string{"code_url": w.prepay("T00001").CodeURL}, nil)
	w.paid("T00002")
	w.pass(19 * time.Hour)
	w.paid("T00003")
	if n := w.heardOf(func(h heard) bool { return h.tx.OutTradeNo == "T00001" }); n != 0 {
		t.Error("sent an hour early")
	}
	w.pass(time.Hour + time.Second)
	if got := w.await(3)[2]; got.tx.OutTradeNo != "T00001" {
		t.Errorf("told %+v", got)
	}
}

func TestAnEarlyCallbackOvertakesThePrepayAnswer(t *testing.T) {
	w := newWorld(t, publicKey)
	w.faults(`{"callback":[{"early":true,"times":1}]}`)
	w.prepay("T00001")
	if got := w.callbacks(); len(got) != 1 || got[0].tx.OutTradeNo != "T00001" || !got[0].tx.Paid() {
		t.Errorf("when prepay answered the shop had heard %+v", got)
	}
}

func TestFaultsAreNarrowedCountedAndCleared(t *testing.T) {
	w, ctx := newWorld(t, publicKey), context.Background()
	w.faults(`{"api":[{"api":"*","out_trade_no":"T00001","status":500,"times":2}]}`)
	w.prepay("T00002")
	for range 2 {
		if _, err := w.pay.Prepay(ctx, order("T00001")); kind(err) != "busy" {
			t.Errorf("prepay: %v", err)
		}
	}
	w.prepay("T00001")
	w.faults(`{"api":[{"api":"*","status":500}]}`)
	w.faults(`{}`)
	w.prepay("T00003")
	for _, wrong := range []string{`{"api":[{"api":"nativ","status":500}]}`, `{"apis":[]}`, `{"callback":[{"event":"paid"}]}`, `{"refund":{"settle":"MAYBE"}}`,
		`{"callback":[{"loose":true}]}`, `{} {}`, `[]`} {
		if status := w.controlRaw("PUT", "/sandbox/faults", wrong, nil); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", wrong, status)
		}
	}
}

// TestFailingRefundsKeepToWeChatsLimit asks for refunds as fast as it can, from many sides, at a
// WeChat that refuses each with 403: that trips no breaker, and is what WeChat allows six of a second.
func TestFailingRefundsKeepToWeChatsLimit(t *testing.T) {
	w := newWorld(t, publicKey)
	var mu sync.Mutex
	var calls []time.Time
	poor := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		calls = append(calls, time.Now())
		mu.Unlock()
		rw.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(rw, `{"code":"NOT_ENOUGH","message":"余额不足"}`)
	}))
	t.Cleanup(poor.Close)
	cfg := w.cfg
	cfg.BaseURL, cfg.FailingRefunds = poor.URL, 0 // as in a shop
	pay, err := wechat.NewPay(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pay.Close)
	var asking sync.WaitGroup
	deadline := time.Now().Add(1500 * time.Millisecond)
	for range 12 {
		asking.Go(func() {
			for time.Now().Before(deadline) {
				if _, err := pay.Refund(context.Background(), refundOf("T00001", "R1", 100)); kind(err) != "short" && kind(err) != "busy" {
					t.Errorf("refund: %v", err)
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	asking.Wait()
	if len(calls) < 4 {
		t.Errorf("%d calls in all: it never goes on", len(calls))
	}
	for i := range calls {
		n := 1
		for n < len(calls)-i && calls[i+n].Sub(calls[i]) < time.Second {
			n++
		}
		if n > 6 {
			t.Fatalf("%d failing calls within one second", n)
		}
	}
}

// TestRefundsThatSucceedAreNotHeldBack is the other side of it.
func TestRefundsThatSucceedAreNotHeldBack(t *testing.T) {
	w := newWorld(t, publicKey, func(cfg *wechat.PayConfig) { cfg.FailingRefunds = 0 })
	for i := range 8 {
		no := fmt.Sprintf("T%05d", i)
		w.paid(no)
		if _, err := w.pay.Refund(context.Background(), refundOf(no, "R"+no, 19900)); err != nil {
			t.Errorf("refund %d: %v", i, err)
		}
	}
}

// TestTheBreakerOpensOnARefusedConnectionAndCallbacksAreStillTaken has WeChat's address refuse every
// connection.
func TestTheBreakerOpensOnARefusedConnectionAndCallbacksAreStillTaken(t *testing.T) {
	w, ctx := newWorld(t, publicKey), context.Background()
	genuine := w.letter()
	asked := 0
	gone := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	cfg := w.cfg
	cfg.BaseURL, cfg.BreakerAfter, cfg.BreakerPause = gone.URL, 3, time.Hour
	pay, err := wechat.NewPay(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pay.Close)
	gone.Close()
	for range 3 {
		if _, err := pay.Prepay(ctx, order("T00002")); kind(err) != "busy" || strings.Contains(err.Error(), "not asked") {
			t.Fatalf("a refused connection: %v", err)
		}
	}
	if _, err := pay.Prepay(ctx, order("T00002")); kind(err) != "busy" || !strings.Contains(err.Error(), "not asked") {
		t.Errorf("the breaker stays closed: %v", err)
	}
	if _, tx, err := pay.ParsePayment(genuine.request()); err != nil || tx.OutTradeNo != "T00001" {
		t.Errorf("a callback during it: %v", err)
	}
	if asked != 0 {
		t.Errorf("asked %d times", asked)
	}
}
