package sandbox

import (
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
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

func TestThePhoneShowsWhatWaitsPaysAndSaysSo(t *testing.T) {
	b := newBox(t)
	code := b.prepay(native, "T00001", fields{"description": "<script>alert(1)</script>摄影"})
	page := func(path string) string {
		got := b.control("GET", path, "")
		if got.status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, got.status, got.body)
		}
		return string(got.body)
	}
	at := "/phone?code_url=" + url.QueryEscape(code)
	for _, tt := range []struct {
		path string
		want []string
	}{
		{"/", []string{"等待支付", "¥199.00", "T00001", "&lt;script&gt;"}},
		{at, []string{"确认支付", "199.00", "立即支付", "取消", merchantName}},
		{"/phone?code_url=nonsense", []string{"二维码无效或已失效"}},
	} {
		html := page(tt.path)
		for _, want := range tt.want {
			if !strings.Contains(html, want) {
				t.Errorf("%s lacks %s", tt.path, want)
			}
		}
		if strings.Contains(html, "<script>alert") {
			t.Errorf("%s runs a merchant's script", tt.path)
		}
	}
	if got := b.payCode(code); got.status != http.StatusOK {
		t.Fatal(got.body)
	}
	if html := page(at); !strings.Contains(html, "支付成功") || strings.Contains(html, "立即支付") {
		t.Error("a paid trade can be paid again on the page")
	}
	h5url := b.prepay(h5, "T00002")
	if html := page(strings.TrimPrefix(h5url, b.url) + "&redirect_url=" + url.QueryEscape("http://127.0.0.1:8080/orders/1")); !strings.Contains(html, "立即支付") || !strings.Contains(html, `href="http://127.0.0.1:8080/orders/1"`) {
		t.Error("the h5 address does not lead to the phone, or not back")
	}
	if html := page(strings.TrimPrefix(h5url, b.url) + "&redirect_url=javascript:alert(1)"); strings.Contains(html, `href="javascript`) {
		t.Error("a script for a way back")
	}
}

func TestEveryButtonOfThePhoneDoesSomething(t *testing.T) {
	b := newBox(t)
	for _, p := range presets {
		if got := b.control("PUT", "/sandbox/faults", p.Set); got.status != 200 {
			t.Errorf("%s: %d %s", p.Name, got.status, got.body)
		}
	}
	b.control("PUT", "/sandbox/faults", "{}")
	page := string(b.control("GET", "/phone", "").body)
	for _, p := range presses {
		if got := b.control("POST", p.Path, "{}"); got.status != 200 || !strings.Contains(page, `data-press="`+p.Path+`"`) {
			t.Errorf("%s: %d %s", p.Name, got.status, got.body)
		}
	}
}
