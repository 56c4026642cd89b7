package wechat

import (
	"encoding/json"
	"testing"

	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
)

func TestTheDocumentedCiphertextDecrypts(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	res := notify.EncryptedResource{Algorithm: "AEAD_AES_256_GCM", Nonce: "abcdefghijkl", AssociatedData: "transaction",
		Ciphertext: "Eu6myr+6GaECeJdOZPZ6BX5lij3EGePUfX8XdVaseh2e/3kcJQ=="}
	if plain, err := decrypt(key, &res); err != nil || string(plain) != `{"out_trade_no":"T1"}` {
		t.Errorf("%s, %v", plain, err)
	}
	for name, spoil := range map[string]func(*notify.EncryptedResource){
		"another associated text": func(r *notify.EncryptedResource) { r.AssociatedData = "refund" },
		"another nonce":           func(r *notify.EncryptedResource) { r.Nonce = "abcdefghijkm" },
		"a short nonce":           func(r *notify.EncryptedResource) { r.Nonce = "abc" },
		"no nonce":                func(r *notify.EncryptedResource) { r.Nonce = "" },
		"another algorithm":       func(r *notify.EncryptedResource) { r.Algorithm = "AEAD_SM4_GCM" },
		"no ciphertext":           func(r *notify.EncryptedResource) { r.Ciphertext = "" },
		"one bit flipped":         func(r *notify.EncryptedResource) { r.Ciphertext = "F" + r.Ciphertext[1:] },
	} {
		r := res
		spoil(&r)
		if plain, err := decrypt(key, &r); err == nil {
			t.Errorf("%s: %s", name, plain)
		}
	}
	if _, err := decrypt("0123456789abcdef0123456789abcdeg", &res); err == nil {
		t.Error("another key decrypts")
	}
}

func TestDescriptionsFitWeChatsField(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"a short one stays", "从零学会摄影", "从零学会摄影"},
		{"emoji are dropped", "摄影📷入门", "摄影入门"},
		{"broken UTF-8 is dropped", "a\xffb", "ab"},
		{"one of emoji alone still says something", "📷 🎞", "课程"},
		{"one of emoji alone that was cut, too", "📷🎞…", "课程"},
		{"a long one ends on a whole character", "零一二三四五六七八九零一二三四五六七八九零一二三四五六七八九零一二三四五六七八九零一二三四", "零一二三四五六七八九零一二三四五六七八九零一二三四五六七八九零一二三四五六七八九零一"},
	} {
		if got := *description(tt.in); got != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

func TestAReasonIsClippedOrLeftOut(t *testing.T) {
	if reason("") != nil || reason("📷") != nil {
		t.Error("an empty reason is sent")
	}
	if got := *reason("七天无理由退款，学员自己写了很长很长很长很长很长很长很长的一段话"); len(got) > 80 || got != "七天无理由退款，学员自己写了很长很长很长很长很长很长" {
		t.Errorf("%q", got)
	}
}

func TestYuanBecomeFenDigitByDigit(t *testing.T) {
	for in, want := range map[string]int64{"0.00": 0, "19.99": 1999, "19.9": 1990, "19": 1900, "0.29": 29, "1.15": 115, "-5.00": -500, "1.1500": 115, "999999999999.99": 99999999999999} {
		if got, err := parseYuan(in, false); err != nil || int64(got) != want {
			t.Errorf("%s: %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"", ".", ".5", "-", "+1.00", "1.001", "1,000.00", "1e2", "٣", "1.2.3", "9999999999999.00", " 1"} {
		if got, err := parseYuan(in, false); err == nil {
			t.Errorf("%q became %d", in, got)
		}
	}
	for in, want := range map[string]int64{"0.11994": 12, "0.005": 1, "0.0049": 0, "-0.03000": -3, "-0.00600": -1} {
		if got, err := parseYuan(in, true); err != nil || int64(got) != want {
			t.Errorf("%s rounded: %d, %v", in, got, err)
		}
	}
}

func TestErrorAnswersAreReadInBothSpellings(t *testing.T) {
	for _, tt := range []struct {
		api    api
		status int
		code   string
		want   error
	}{
		{apiQuery, 404, "ORDER_NOT_EXIST", ErrTradeUnknown},
		{apiQuery, 404, "ORDERNOTEXIST", ErrTradeUnknown},
		{apiQuery, 404, "", ErrRefused},
		{apiNative, 400, "ORDERPAID", ErrTradePaid},
		{apiClose, 400, "ORDER_PAID", ErrTradePaid},
		{apiNative, 403, "OUT_TRADE_NO_USED", ErrNumberUsed}, // which is an ErrRefused
		{apiRefund, 404, "RESOURCE_NOT_EXISTS", ErrTradeUnknown},
		{apiRefundQuery, 404, "RESOURCE_NOT_EXISTS", ErrRefundUnknown},
		{apiCertificates, 404, "RESOURCE_NOT_EXISTS", errNoCertificates},
		{apiRefund, 403, "NOTENOUGH", ErrNotEnough},
		{apiRefund, 429, "FREQUENCY_LIMITED", ErrBusy},
		{apiRefund, 500, "", ErrBusy},
		{apiQuery, 401, "SIGN_ERROR", ErrRefused},
		{apiBill, 400, "NO_STATEMENT_EXIST", ErrNoBill},
		{apiBill, 400, "STATEMENT_CREATING", ErrBillNotReady},
		{apiNative, 302, "", ErrOutcomeUnknown},
	} {
		if got := kindOf(tt.api, tt.status, tt.code); got != tt.want {
			t.Errorf("%s %d %s: %v", tt.api, tt.status, tt.code, got)
		}
	}
}

// FuzzResource looks for a genuine but careless resource that makes the parser panic.
func FuzzResource(f *testing.F) {
	f.Add(`{"algorithm":"AEAD_AES_256_GCM","nonce":"abcdefghijkl","associated_data":"","ciphertext":"Eu6myg=="}`)
	f.Fuzz(func(t *testing.T, raw string) {
		var res notify.EncryptedResource
		if json.Unmarshal([]byte(raw), &res) != nil {
			return
		}
		_, _ = decrypt("0123456789abcdef0123456789abcdef", &res)
	})
}
