package sandbox

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestOnlyThisMachineSteersTheSandbox(t *testing.T) {
	b := newBox(t)
	for _, tt := range []struct {
		name, host, origin string
		status             int
	}{
		{"its own address", "", "", 200},
		{"localhost", "localhost:8090", "", 200},
		{"the shop's page on this machine", "", "http://127.0.0.1:8080", 200},
		{"a rebound name", "evil.example", "", 403},
		{"a name that begins like ours", "127.0.0.1.evil.example:80", "", 403},
		{"a page elsewhere", "", "https://evil.example", 403},
		{"a page without an origin", "", "null", 403},
	} {
		for _, path := range []string{"/sandbox/clock", "/", "/phone"} {
			req, err := http.NewRequest("GET", b.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.host != "" {
				req.Host = tt.host
			}
			if tt.origin != "" {
				req.Header.Set("Origin", tt.origin)
			}
			if got := b.do(req); got.status != tt.status {
				t.Errorf("%s, %s: %d", tt.name, path, got.status)
			}
		}
	}
}

func TestTheControlAPIRefusesWhatItDoesNotKnow(t *testing.T) {
	b := newBox(t)
	b.prepay(native, "T00001")
	for _, tt := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/sandbox/pay", `{"code":"x"}`, 400},
		{"POST", "/sandbox/pay", `{"code_url":"x"} x`, 400},
		{"POST", "/sandbox/pay", `{"code_url":1}`, 400},
		{"POST", "/sandbox/pay", `{"code_url":"` + strings.Repeat("x", 65<<10) + `"}`, 413},
		{"POST", "/sandbox/pay", `{"code_url":"weixin://wxpay/bizpayurl/up?pr=no"}`, 404},
		{"POST", "/sandbox/pay", `{}`, 404},
		{"PUT", "/sandbox/clock", `{"now":"tomorrow"}`, 400},
		{"PUT", "/sandbox/clock", `{}`, 400},
		{"GET", "/sandbox/trades/T99999", ``, 404},
		{"POST", "/sandbox/refunds/R1", `{"status":"SUCCESS"}`, 404},
		{"POST", "/sandbox/refunds/R1", `{"status":"MAYBE"}`, 400},
		{"POST", "/sandbox/callbacks/T00001", `{"fault":{"loose":1}}`, 400},
		{"POST", "/sandbox/forge", `{"total":1}`, 400},
		{"GET", "/sandbox/messages?openid=o", ``, 200},
	} {
		if got := b.control(tt.method, tt.path, tt.body); got.status != tt.status || tt.status != 200 && got.Code == "" {
			t.Errorf("%s %s %.40s: %d %.200s", tt.method, tt.path, tt.body, got.status, got.body)
		}
	}
}

func TestTheClockOfTheShopIsMovedAndTold(t *testing.T) {
	b := newBox(t)
	if got := b.control("PUT", "/sandbox/clock", `{"now":"2025-04-02T00:00:00+08:00"}`); !strings.Contains(string(got.body), `"2025-04-01T16:00:00Z"`) {
		t.Errorf("%s", got.body)
	}
	if !b.business().Equal(time.Date(2025, 4, 2, 0, 0, 0, 0, beijing)) {
		t.Errorf("the shop's clock says %s", b.business())
	}
}

func TestKeysAndStateAreTheOwnersAlone(t *testing.T) {
	b := newBox(t)
	dir := filepath.Join(t.TempDir(), "new")
	s, err := New(Config{Dir: dir, PublicURL: b.url})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := New(Config{Dir: dir, PublicURL: b.url}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second sandbox on the same directory: %v", err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	env, err := os.ReadFile(filepath.Join(dir, "sandbox.env"))
	if err != nil {
		t.Fatal(err)
	}
	c := s.Settings()
	for _, line := range []string{"BASE_URL=" + b.url, "MCHID=" + c.MchID, "APPID=" + c.AppID, "SERIAL=" + c.Serial, "APIV3_KEY=" + c.APIv3Key, "PUBLIC_KEY_ID=" + c.PublicKeyID} {
		if !strings.Contains(string(env), "WECHAT_PAY_"+line+"\n") {
			t.Errorf("sandbox.env lacks %s", line)
		}
	}
	if len(c.APIv3Key) != 32 || !strings.HasPrefix(c.PublicKeyID, "PUB_KEY_ID_") || len(c.Serial) != 40 {
		t.Errorf("settings of an unlikely shape: %+v", c)
	}
}

// TestTheSandboxExplainsItself wants the help text to name every call, for users that have only
// the program.
func TestTheSandboxExplainsItself(t *testing.T) {
	b := newBox(t)
	text := string(b.control("GET", "/sandbox", "").body)
	var source string
	for _, file := range []string{"server.go", "account.go", "message.go"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source += string(raw)
	}
	calls := regexp.MustCompile(`"(/sandbox/[a-z/-]+)`).FindAllStringSubmatch(source, -1)
	if len(calls) < 20 {
		t.Errorf("only %d calls found", len(calls))
	}
	for _, call := range calls {
		if !strings.Contains(text, call[1]) {
			t.Errorf("%s is not explained", call[1])
		}
	}
	for _, want := range []string{"delay_ms", "amount_delta", "close_after_s", "GET /phone"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not explained", want)
		}
	}
	if strings.HasPrefix(text, "//") || strings.Contains(text, "type faultSet") {
		t.Errorf("it is cut wrong:\n%s", text)
	}
}
