package operations

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/app"
	"mstm/shop"
	"mstm/wechat"
)

// alone runs `mstm sandbox` until stop and gives back what it printed first.
func alone(t *testing.T, args ...string) (said string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := shoptest.Program(app.Settings{}, w).Run(ctx, append([]string{"sandbox"}, args...))
		w.CloseWithError(io.EOF)
		ended <- err
	}()
	buf := make([]byte, 8<<10)
	n, err := r.Read(buf)
	if err != nil {
		t.Fatalf("it printed nothing: %v, %v", err, <-ended)
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	return string(buf[:n]), func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ended with: %v", err)
		}
	}
}

// TestTheSandboxAloneIsAWeChatForAnotherProgram orders and pays as a program does that knows
// nothing but what was printed and a notify_url of its own.
func TestTheSandboxAloneIsAWeChatForAnotherProgram(t *testing.T) {
	heard := make(chan *http.Request, 8)
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		heard <- r
		if r.URL.Path == "/wx/events" {
			_, _ = io.WriteString(w, "success")
		}
	}))
	t.Cleanup(program.Close)
	dir := filepath.Join(t.TempDir(), "sandbox")
	args := []string{"-addr", "127.0.0.1:0", "-dir", dir, "-shop", program.URL, "-events", program.URL + "/wx/events", "-forward", "https://courses.example/pay=" + program.URL + "/paid"}
	said, stop := alone(t, args...)

	mine, _ := shoptest.ReadSandboxEnv(t, filepath.Dir(dir))
	for _, value := range []string{mine.BaseURL, mine.MchID, mine.AppID, mine.Serial, mine.APIv3Key, mine.PublicKeyID, "merchant_key.pem", "/phone"} {
		if value == "" || !strings.Contains(said, value) {
			t.Errorf("it does not print %q:\n%s", value, said)
		}
	}
	pay := payOf(t, mine, "https://courses.example/pay/notify")
	trade := wechat.Prepay{Channel: shop.ChannelNative, OutTradeNo: "OTHER00001", Description: "别家的课", Total: 100, ExpiresAt: time.Now().Add(time.Hour)}
	got, err := pay.Prepay(t.Context(), trade)
	if err != nil {
		t.Fatal(err)
	}
	phone := &shoptest.Person{T: t, Url: mine.BaseURL, Header: http.Header{}}
	phone.Post("/sandbox/pay", obj{"code_url": got.CodeURL}).Want(200)
	callback := <-heard
	if _, tx, err := pay.ParsePayment(callback); err != nil || callback.URL.Path != "/paid/notify" || tx.OutTradeNo != "OTHER00001" {
		t.Errorf("called back %s: %+v, %v", callback.URL, tx, err)
	}
	phone.Post("/sandbox/follow", obj{}).Want(200)
	if event := <-heard; event.URL.Path != "/wx/events" {
		t.Errorf("the event went to %s", event.URL)
	}
	stop()

	said, stop = alone(t, args...) // again: the same merchant, the same trades
	defer stop()
	again, _ := shoptest.ReadSandboxEnv(t, filepath.Dir(dir))
	if !strings.Contains(said, mine.MchID) || again.APIv3Key != mine.APIv3Key {
		t.Errorf("the second run made another merchant")
	}
	var list struct{ Items []json.RawMessage }
	phone.Url = again.BaseURL
	phone.Get("/sandbox/trades").Want(200).Into(&list)
	if len(list.Items) != 1 {
		t.Errorf("the second run remembers %d trades", len(list.Items))
	}
}

// payOf is a client with other settings.
func payOf(t *testing.T, s app.PaySettings, notifyURL string) *wechat.Pay {
	t.Helper()
	cfg, err := s.Config(wechat.PayConfig{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	cfg.NotifyURL, cfg.RefundNotifyURL = notifyURL, notifyURL
	pay, err := wechat.NewPay(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pay.Close)
	return pay
}

func TestTheSandboxAloneRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for _, args := range [][]string{{"-adr", "x"}, {"now"}, {"-forward", "https://courses.example"}, {"-addr", "nowhere"}, {"-url", "nothing"}} {
		args = append([]string{"sandbox", "-dir", t.TempDir(), "-addr", "127.0.0.1:0"}, args...)
		if err := shoptest.Program(app.Settings{}, io.Discard).Run(t.Context(), args); err == nil {
			t.Errorf("%q: accepted", args)
		}
	}
	t.Setenv("MSTM_ENV", "production")
	if err := shoptest.Program(app.Settings{}, io.Discard).Run(t.Context(), []string{"sandbox", "-dir", t.TempDir()}); err == nil || !strings.Contains(err.Error(), "MSTM_ENV") {
		t.Errorf("in production: %v", err)
	}
	if _, err := os.Stat("sandbox"); err == nil {
		t.Error("a folder was left here")
	}
}
