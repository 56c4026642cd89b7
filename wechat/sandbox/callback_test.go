package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// events lists a trade's events.
func (b *box) events(no string) (out []event) {
	b.t.Helper()
	err := b.db.View(func(tx *bbolt.Tx) (err error) {
		out, err = list[event](tx, bucketEvents, no+"/")
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func TestAFailedCallbackIsRepeatedOnWeChatsLadder(t *testing.T) {
	b := newBox(t)
	b.status.Store(http.StatusInternalServerError)
	b.payCode(b.prepay(native, "T00001"))
	b.run()
	b.eventually("the first attempt", func() bool { return b.events("T00001")[0].Attempts == 1 })
	var passed time.Duration
	for i, pause := range ladder {
		b.pass(pause - time.Second)
		if due, err := b.callbacks.due(); err != nil || len(due) != 0 {
			t.Fatalf("a second before retry %d: due %v, %v", i+1, due, err)
		}
		b.pass(time.Second)
		b.eventually("a retry", func() bool { return b.events("T00001")[0].Attempts == i+2 })
		passed += pause
	}
	if want := 24*time.Hour + 4*time.Minute; passed != want || len(ladder) != 15 {
		t.Errorf("the ladder has %d steps and takes %s", len(ladder), passed)
	}
	if e := b.events("T00001")[0]; e.State != givenUp || len(e.Deliveries) != 16 || b.calls() != 16 {
		t.Errorf("at the end: %s after %d deliveries", e.State, len(e.Deliveries))
	}
	b.pass(48 * time.Hour)
	if due, err := b.callbacks.due(); err != nil || len(due) != 0 {
		t.Errorf("given up, and yet due: %v, %v", due, err)
	}
}

func TestOnly200And204AreSuccess(t *testing.T) {
	for status, state := range map[int]string{200: delivered, 204: delivered, 201: pending, 302: pending, 400: pending, 500: pending} {
		b := newBox(t)
		b.status.Store(int64(status))
		b.payCode(b.prepay(native, "T00001"))
		b.run()
		b.eventually("an attempt", func() bool { return b.events("T00001")[0].Attempts == 1 })
		if e := b.events("T00001")[0]; e.State != state || e.Deliveries[0].Status != status {
			t.Errorf("%d: %s", status, e.State)
		}
	}
}

func TestARetryBearsTheSameEventAndAFreshSignature(t *testing.T) {
	b := newBox(t)
	b.payCode(b.prepay(native, "T00001"))
	e := b.events("T00001")[0]
	one, err := b.callbacks.letter(t.Context(), e, CallbackFault{})
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.callbacks.letter(t.Context(), e, CallbackFault{})
	if err != nil {
		t.Fatal(err)
	}
	if one.Header.Get("Wechatpay-Nonce") == two.Header.Get("Wechatpay-Nonce") || e.ID == "" || len(e.ID) > 36 {
		t.Errorf("nonce %s twice, or id %q", one.Header.Get("Wechatpay-Nonce"), e.ID)
	}
}

func TestForgedCallbacksAreGenuinelySigned(t *testing.T) {
	b := newBox(t)
	b.prepay(native, "T00001")
	for name, body := range map[string]string{
		"an unknown number":        `{"out_trade_no":"T99999","amount_fen":1}`,
		"another amount":           `{"out_trade_no":"T00001","amount_fen":1}`,
		"an unknown refund":        `{"event":"refund","out_trade_no":"T00001","out_refund_no":"R9","refund_fen":100}`,
		"a fault on top":           `{"out_trade_no":"T00001","fault":{"bad_signature":true}}`,
		"an amount of zero, so to": `{"out_trade_no":"T00001","amount_fen":0,"trade_state":"CLOSED"}`,
	} {
		before := b.calls()
		got := b.control("POST", "/sandbox/forge", body)
		if got.status != http.StatusOK || b.calls() != before+1 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if trades, err := b.merchant.trades(); err != nil || len(trades) != 1 || trades[0].State != notPaid {
		t.Errorf("a forgery changed a trade: %+v, %v", trades, err)
	}
}

func TestACallbackCanBeSentAgainByHand(t *testing.T) {
	b := newBox(t)
	if got := b.control("POST", "/sandbox/callbacks/T00001", `{}`); got.status != 404 {
		t.Errorf("before paying: %d", got.status)
	}
	b.payCode(b.prepay(native, "T00001"))
	b.run()
	b.eventually("delivery", func() bool { return b.events("T00001")[0].State == delivered })
	if got := b.control("POST", "/sandbox/callbacks/T00001", `{"count":20,"parallel":true}`); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	if b.calls() != 21 || len(b.events("T00001")[0].Deliveries) != 21 {
		t.Errorf("%d calls, %d in the story", b.calls(), len(b.events("T00001")[0].Deliveries))
	}
}

// runChild is a sandbox in a process of its own, to be killed.
func runChild(dir, url string) {
	s, err := New(Config{Dir: dir, PublicURL: url})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() { _ = s.Run(context.Background()) }()
	_ = http.ListenAndServe(strings.TrimPrefix(url, "http://"), s.Handler())
}

// child starts a sandbox process and waits until it answers.
func (b *box) child(dir, url string) *exec.Cmd {
	b.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SANDBOX_TEST_CHILD="+dir, "SANDBOX_TEST_URL="+url)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	b.eventually("the child", func() bool {
		res, err := http.Get(url + "/sandbox/clock")
		if err == nil {
			_ = res.Body.Close()
		}
		return err == nil
	})
	return cmd
}

func TestAKilledSandboxForgetsNothing(t *testing.T) {
	b := newBox(t) // lends its shop, its keys and its way of signing
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(keyDir)); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.url = "http://" + listener.Addr().String()
	_ = listener.Close()
	first := b.child(dir, b.url)
	b.status.Store(http.StatusServiceUnavailable)
	code := b.prepay(native, "T00001")
	open := b.prepay(native, "T00002")
	if got := b.payCode(code); got.status != http.StatusOK {
		t.Fatalf("%s", got.body)
	}
	b.eventually("the first attempt", func() bool { return b.calls() == 1 })
	_ = first.Process.Kill()
	_ = first.Wait()

	b.status.Store(http.StatusOK)
	b.child(dir, b.url)
	var now clockFace
	_ = json.Unmarshal(b.control("GET", "/sandbox/clock", "").body, &now)
	b.control("PUT", "/sandbox/clock", fmt.Sprintf(`{"now":%q}`, now.Now.Add(time.Minute).Format(time.RFC3339)))
	b.eventually("the retry after the restart", func() bool { return b.calls() >= 2 })
	if got := b.payCode(open); got.status != http.StatusOK {
		t.Errorf("a code from before: %s", got.body)
	}
	if got := b.payCode(code); got.Code != "TRADE_PAID" {
		t.Errorf("what was paid before: %s", got.body)
	}
}
