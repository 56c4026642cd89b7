package wechat_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mstm/shop"
	"mstm/wechat"
)

func TestAReaderInsideWeChatPaysWithParametersSignedByTheShop(t *testing.T) {
	for _, mode := range bothModes {
		w, in := newWorld(t, mode), order("T00001")
		in.Channel, in.Openid = shop.ChannelJSAPI, "oReader1"
		p, err := w.pay.Prepay(context.Background(), in)
		if err != nil || p.JSAPI == nil || p.CodeURL+p.H5URL != "" {
			t.Fatalf("%s: %+v, %v", mode, p, err)
		}
		spoilt := *p.JSAPI
		spoilt.NonceStr += "x"
		if status := w.control("POST", "/sandbox/pay", map[string]any{"jsapi": spoilt}, nil); status != http.StatusBadRequest {
			t.Errorf("%s: parameters changed by the page: status %d", mode, status)
		}
		w.must("POST", "/sandbox/pay", map[string]any{"jsapi": p.JSAPI, "openid": "oReader1"}, nil)
		if got := w.await(1)[0]; got.err != nil || got.tx.TradeType != "JSAPI" || got.tx.Openid != "oReader1" {
			t.Errorf("%s: %+v", mode, got)
		}
	}
}

func TestAReaderInAPhonesBrowserIsSentToWeChatAndBack(t *testing.T) {
	for _, mode := range bothModes {
		w, in := newWorld(t, mode), order("T00001")
		in.Channel, in.PayerIP = shop.ChannelH5, "203.0.113.7"
		p, err := w.pay.Prepay(context.Background(), in)
		if err != nil || !strings.HasPrefix(p.H5URL, w.url+"/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx") {
			t.Fatalf("%s: %+v, %v", mode, p, err)
		}
		w.must("POST", "/sandbox/pay", map[string]string{"h5_url": p.H5URL}, nil)
		if got := w.await(1)[0]; got.err != nil || got.tx.TradeType != "MWEB" || got.tx.Total != 19900 {
			t.Errorf("%s: %+v", mode, got)
		}
	}
}

func TestAnUnknownChannelIsRefusedHere(t *testing.T) {
	w, in := newWorld(t, publicKey), order("T00001")
	in.Channel = "cash"
	if _, err := w.pay.Prepay(context.Background(), in); err == nil {
		t.Error("accepted")
	}
}

func TestACloseThatIsOnlyAcceptedIsNotAClose(t *testing.T) {
	w := newWorld(t, publicKey)
	w.prepay("T00001")
	w.faults(`{"api":[{"api":"close","status":202,"times":1}]}`)
	if err := w.pay.CloseTrade(context.Background(), "T00001"); !errors.Is(err, wechat.ErrOutcomeUnknown) {
		t.Errorf("%v", err)
	}
}

func TestForgedCallbacksPassTheSignatureAndShowWhatIsWrong(t *testing.T) {
	w := newWorld(t, publicKey)
	w.prepay("T00001")
	w.must("POST", "/sandbox/forge", map[string]any{"out_trade_no": "T99999", "amount_fen": 1, "mchid": "1900000000"}, nil)
	if got := w.callbacks()[0]; got.err != nil || got.tx.OutTradeNo != "T99999" || got.tx.Total != 1 || got.tx.MchID != "1900000000" || !got.tx.Paid() {
		t.Errorf("%+v", got)
	}
	if tx, err := w.pay.Query(context.Background(), "T00001"); err != nil || tx.Paid() {
		t.Errorf("a forgery paid a trade: %+v, %v", tx, err)
	}
}

func TestClearingTheFaultsFreesWhatTheyHeld(t *testing.T) {
	w := newWorld(t, publicKey)
	w.faults(`{"callback":[{"bad_signature":true}]}`)
	w.must("POST", "/sandbox/pay", map[string]string{"code_url": w.prepay("T00001").CodeURL}, nil)
	w.eventually("a refused delivery booked", func() bool { return w.trade("T00001").Callbacks[0].Attempts == 1 })
	w.faults(`{}`)
	w.pass(15e9)
	if got := w.await(2)[1]; got.err != nil {
		t.Errorf("the retry is still spoilt: %v", got.err)
	}
}

func TestKeysAreReadFromTheSandboxesFiles(t *testing.T) {
	w := newWorld(t, publicKey)
	s := w.box.Settings()
	private, err := wechat.LoadPrivateKey(s.PrivateKeyFile)
	if err != nil || !private.Equal(s.PrivateKey) {
		t.Errorf("private key: %v", err)
	}
	public, err := wechat.LoadPublicKey(s.PublicKeyFile)
	if err != nil || !public.Equal(s.PublicKey) {
		t.Errorf("public key: %v", err)
	}
	junk := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(junk, []byte("s3cr3t"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{junk, junk + ".missing", s.PublicKeyFile} {
		if _, err := wechat.LoadPrivateKey(path); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// FuzzCallback looks for any change of a genuine callback that is still accepted.
func FuzzCallback(f *testing.F) {
	w := newWorld(f, publicKey)
	genuine := w.letter()
	header := func(name string) string { return genuine.header.Get("Wechatpay-" + name) }
	serial, signature, stamp, nonce := header("Serial"), header("Signature"), header("Timestamp"), header("Nonce")
	f.Add(serial, signature, stamp, nonce, genuine.body)
	f.Add(serial, "WECHATPAY/SIGNTEST/"+signature, stamp, nonce, genuine.body)
	f.Add("", "", "", "", []byte("<xml/>"))
	f.Fuzz(func(t *testing.T, s, sig, st, n string, body []byte) {
		l := letter{http.Header{"Wechatpay-Serial": {s}, "Wechatpay-Signature": {sig}, "Wechatpay-Timestamp": {st}, "Wechatpay-Nonce": {n}}, body}
		_, tx, err := w.pay.ParsePayment(l.request())
		same := s == serial && sig == signature && st == stamp && n == nonce && string(body) == string(genuine.body)
		if err == nil && !same {
			t.Errorf("accepted: %+v", tx)
		}
	})
}
