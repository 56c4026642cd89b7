package operations

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mstm/acceptance/shoptest"
	"mstm/app"
	"mstm/shop"
)

// TestTheSelfCheckNamesTheSettingThatIsWrong has the right settings and then each of them
// wrong, alone, in both key modes.
func TestTheSelfCheckNamesTheSettingThatIsWrong(t *testing.T) {
	s := shoptest.Start(t)
	right := app.Settings{Env: "development", Addr: strings.TrimPrefix(s.Url, "http://"), SandboxAddr: "off", SeedDemo: "off", TrialNeeds: shop.TrialNeedsNone}
	right.Pay, right.MP = shoptest.ReadSandboxEnv(t, s.DataDir)
	foreign := foreignKeys(t)
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	open := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(open.Close)

	both := []string{"public key", "platform certificates"}
	for _, tt := range []struct {
		name  string
		modes []string
		spoil func(*app.Settings)
		wrong string // "": all is right
	}{
		{"all is right", both, func(*app.Settings) {}, ""},
		{"the merchant's number", both, func(c *app.Settings) { c.Pay.MchID = "1900000000" }, "WECHAT_PAY_MCHID"},
		{"the serial", both, func(c *app.Settings) { c.Pay.Serial = strings.Repeat("0A", 20) }, "WECHAT_PAY_SERIAL"},
		{"a key of another certificate", both, func(c *app.Settings) { c.Pay.PrivateKeyFile = foreign.private }, "WECHAT_PAY_PRIVATE_KEY_FILE"},
		{"a key file that is none", both, func(c *app.Settings) { c.Pay.PrivateKeyFile = foreign.public }, "WECHAT_PAY_PRIVATE_KEY_FILE"},
		{"an APIv3 key of 32 other characters", both, func(c *app.Settings) { c.Pay.APIv3Key = strings.Repeat("k", 32) }, "WECHAT_PAY_APIV3_KEY"},
		{"an APIv3 key with its newline", both, func(c *app.Settings) { c.Pay.APIv3Key += "\n" }, "WECHAT_PAY_APIV3_KEY"},
		{"the appid", both, func(c *app.Settings) { c.Pay.AppID = "wx0000000000000000" }, "WECHAT_PAY_APPID"},
		{"the id of WeChat's key", both[:1], func(c *app.Settings) { c.Pay.PublicKeyID = "PUB_KEY_ID_0100000000000000000000000000" }, "WECHAT_PAY_PUBLIC_KEY_ID"},
		{"WeChat's key", both[:1], func(c *app.Settings) { c.Pay.PublicKeyFile = foreign.public }, "WECHAT_PAY_PUBLIC_KEY_FILE"},
		{"no server at WeChat's address", both, func(c *app.Settings) { c.Pay.BaseURL = "http://127.0.0.1:1" }, "WECHAT_PAY_BASE_URL"},
		{"another server at WeChat's address", both, func(c *app.Settings) { c.Pay.BaseURL = elsewhere.URL }, "WECHAT_PAY_BASE_URL"},
		{"no server at the callback's address", both, func(c *app.Settings) { c.PublicURL = "http://127.0.0.1:1" }, "PUBLIC_URL"},
		{"another server at the callback's address", both, func(c *app.Settings) { c.PublicURL = elsewhere.URL }, "PUBLIC_URL"},
		{"callbacks that are taken unsigned", both, func(c *app.Settings) { c.PublicURL = open.URL }, "PUBLIC_URL"},
		{"a clock six minutes slow", both, func(*app.Settings) { s.Faults(obj{"clock_skew_s": 360}) }, "this machine's clock"},
		{"a clock six minutes fast", both, func(*app.Settings) { s.Faults(obj{"clock_skew_s": -360}) }, "this machine's clock"},
		{"a new merchant without certificates", both[:1], func(*app.Settings) {
			s.Faults(obj{"api": []obj{{"api": "certificates", "status": 404}}})
		}, ""},
		{"a new merchant without certificates and without the key", both[1:], func(*app.Settings) {
			s.Faults(obj{"api": []obj{{"api": "certificates", "status": 404}}})
		}, "WECHAT_PAY_PUBLIC_KEY_ID"},
	} {
		for _, mode := range tt.modes {
			t.Run(tt.name+", "+mode, func(t *testing.T) {
				defer s.Faults(obj{})
				cfg := right
				if mode != both[0] {
					cfg.Pay.PublicKeyID, cfg.Pay.PublicKeyFile = "", ""
				}
				tt.spoil(&cfg)
				said, err := selfCheck(t, cfg)
				switch {
				case tt.wrong == "" && err != nil, tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)):
					t.Errorf("said %v\n%s", err, said)
				case tt.wrong != "" && strings.Count(err.Error(), "WECHAT_PAY_")+strings.Count(err.Error(), "PUBLIC_URL") > 1:
					t.Errorf("blames more than one setting: %v\n%s", err, said)
				}
				for _, secret := range []string{right.Pay.APIv3Key, cfg.Pay.APIv3Key, "PRIVATE KEY"} {
					if strings.Contains(said, secret) {
						t.Errorf("a secret is printed: %s", said)
					}
				}
			})
		}
	}
	if trades := openTrades(s); trades != 0 {
		t.Errorf("%d trades of the checks are still open", trades)
	}
}

// selfCheck runs the command as the command line does: settings that are refused by
// themselves are refused first.
func selfCheck(t *testing.T, cfg app.Settings) (said string, err error) {
	t.Helper()
	var out bytes.Buffer
	if err = cfg.Check(); err == nil {
		err = shoptest.Program(cfg, &out).Run(t.Context(), []string{"check-wechat"})
	}
	return out.String(), err
}

func TestTheSelfCheckNeedsSettingsToCheck(t *testing.T) {
	if _, err := selfCheck(t, app.Settings{Env: "development", SandboxAddr: "127.0.0.1:0", SeedDemo: "on", TrialNeeds: shop.TrialNeedsNone, DataDir: "data"}); err == nil {
		t.Error("checked without any settings")
	}
}

// openTrades counts the sandbox's trades that could still be paid.
func openTrades(s *shoptest.Shop) (n int) {
	s.T.Helper()
	var list struct{ Items []struct{ State string } }
	s.Phone().Get("/sandbox/trades").Want(200).Into(&list)
	for _, trade := range list.Items {
		if trade.State == "NOTPAY" {
			n++
		}
	}
	return n
}

// keyFiles are a key pair of no merchant.
type keyFiles struct{ private, public string }

func foreignKeys(t *testing.T) keyFiles {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := keyFiles{filepath.Join(dir, "private.pem"), filepath.Join(dir, "public.pem")}
	for path, block := range map[string]*pem.Block{files.private: {Type: "PRIVATE KEY", Bytes: private}, files.public: {Type: "PUBLIC KEY", Bytes: public}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
