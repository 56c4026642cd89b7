package sandbox

import (
	"bytes"
	"crypto/rsa"
	"net/http"
	"strconv"
	"testing"
	"time"
)

func TestTheDocumentedPlaintextEncrypts(t *testing.T) {
	got, err := encrypt("0123456789abcdef0123456789abcdef", "transaction", "abcdefghijkl", []byte(`{"out_trade_no":"T1"}`))
	if err != nil || got.Ciphertext != "Eu6myr+6GaECeJdOZPZ6BX5lij3EGePUfX8XdVaseh2e/3kcJQ==" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestARequestMustBeSignedByTheMerchant(t *testing.T) {
	b := newBox(t)
	set := func(name, value string) func(map[string]string) { return func(p map[string]string) { p[name] = value } }
	ago := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(-d).Unix(), 10) }
	for _, tt := range []struct {
		name   string
		edit   func(map[string]string)
		status int
	}{
		{"as it should be, its pairs in any order", func(map[string]string) {}, 404},
		{"four minutes slow", set("timestamp", ago(4*time.Minute)), 404},
		{"four minutes fast", set("timestamp", ago(-4*time.Minute)), 404},
		{"six minutes slow", set("timestamp", ago(6*time.Minute)), 401},
		{"six minutes fast", set("timestamp", ago(-6*time.Minute)), 401},
		{"no time", set("timestamp", "now"), 401},
		{"another merchant", set("mchid", "1900000000"), 401},
		{"another serial", set("serial_no", "12"), 401},
		{"another scheme", set("scheme", "WECHATPAY2-SM2-WITH-SM3 "), 401},
		{"two spaces behind the scheme", set("scheme", scheme+"  "), 401},
		{"no nonce", set("nonce_str", ""), 401},
		{"another request's signature", set("signature", sign(b.keys.merchant, "GET", "/v3/certificates", "1", "n", "")), 401},
		{"no base64", set("signature", "?"), 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := b.do(b.signed("GET", "/v3/pay/transactions/out-trade-no/T00001?mchid="+b.keys.id.MchID, "", tt.edit))
			if got.status != tt.status || tt.status == 401 && got.Code != "SIGN_ERROR" {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	bare := b.control("GET", "/v3/certificates", "")
	if bare.status != 401 || bare.header.Get("Request-Id") == "" {
		t.Errorf("without Authorization: %d", bare.status)
	}
	changed := b.signed("POST", "/v3/pay/transactions/native", b.order("T00001"))
	changed.Body, changed.ContentLength = http.NoBody, 0
	if got := b.do(changed); got.status != 401 {
		t.Errorf("another body: %d", got.status)
	}
}

func TestThePathIsSignedAsItWasSent(t *testing.T) {
	b := newBox(t)
	b.prepay(native, "T*1|x-_9")
	path := "/v3/pay/transactions/out-trade-no/T%2A1%7Cx-_9?mchid=" + b.keys.id.MchID
	if got := b.api("GET", path, ""); got.status != http.StatusOK || !bytes.Contains(got.body, []byte(`"T*1|x-_9"`)) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestSuccessIsSignedWithTheKeyAskedForAndErrorsAreNot(t *testing.T) {
	b := newBox(t)
	b.prepay(native, "T00001")
	b.prepay(native, "T00002")
	oldest := b.keys.certificates()[0]
	newest, err := b.keys.issue(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	query := "/v3/pay/transactions/out-trade-no/T00001?mchid=" + b.keys.id.MchID
	for _, tt := range []struct {
		name, ask, serial string
		key               *rsa.PublicKey
	}{
		{"the public key", b.keys.id.PublicKeyID, b.keys.id.PublicKeyID, &b.keys.platform.PublicKey},
		{"the certificate before the newest", oldest.serial, oldest.serial, &oldest.key.PublicKey},
		{"the newest certificate", newest.serial, newest.serial, &newest.key.PublicKey},
		{"one that does not exist", "1234", newest.serial, &newest.key.PublicKey},
		{"none", "", newest.serial, &newest.key.PublicKey},
	} {
		req := b.signed("GET", query, "")
		req.Header.Set("Wechatpay-Serial", tt.ask)
		got := b.do(req)
		if err := verify(tt.key, got.header, got.body); err != nil || got.header.Get("Wechatpay-Serial") != tt.serial {
			t.Errorf("asked for %s: %v, serial %s", tt.name, err, got.header.Get("Wechatpay-Serial"))
		}
	}
	gone := b.api("POST", "/v3/pay/transactions/out-trade-no/T00002/close", `{"mchid":"`+b.keys.id.MchID+`"}`)
	if err := verify(&b.keys.platform.PublicKey, gone.header, nil); gone.status != http.StatusNoContent || err != nil || len(gone.body) != 0 {
		t.Errorf("a close is signed over an empty body: %d, %v", gone.status, err)
	}
	no := b.api("GET", "/v3/pay/transactions/out-trade-no/T99999?mchid="+b.keys.id.MchID, "")
	if no.status != 404 || no.Code != "ORDER_NOT_EXIST" || no.header.Get("Wechatpay-Signature") != "" || no.header.Get("Request-Id") == "" {
		t.Errorf("an error: %d %s %v", no.status, no.body, no.header)
	}
}
