package wechat_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mstm/shop"
	"mstm/wechat"
)

// peer prepares the other implementation in peer/, a program of Node's, or says why it is left out.
func (w *world) peer(ctx context.Context, role string) *exec.Cmd {
	w.t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		w.t.Skip("node is not installed")
	}
	if _, err := os.Stat("peer/node_modules/wechatpay-axios-plugin"); err != nil {
		w.t.Skip("the other implementation is not installed: run `npm ci` in wechat/peer/ first")
	}
	s := w.box.Settings()
	raw, err := json.Marshal(map[string]string{"base_url": s.BaseURL, "mchid": s.MchID, "appid": s.AppID, "serial": s.Serial,
		"private_key_file": s.PrivateKeyFile, "apiv3_key": s.APIv3Key, "public_key_id": s.PublicKeyID, "public_key_file": s.PublicKeyFile,
		"platform_key_file": filepath.Join(filepath.Dir(s.PublicKeyFile), "platform_key.pem")})
	if err != nil {
		w.t.Fatal(err)
	}
	return exec.CommandContext(ctx, "node", "peer/peer.mjs", role, string(raw))
}

// TestAShopOfAnotherLibraryTradesWithTheSandbox has wechatpay-axios-plugin sign requests that our
// sandbox takes, and verify and decrypt what our sandbox answers and calls back, in both key modes.
func TestAShopOfAnotherLibraryTradesWithTheSandbox(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := newWorld(t, publicKey).peer(ctx, "merchant").CombinedOutput()
	if err != nil || bytes.Count(out, []byte("ordered, queried, paid, told, refunded, told, closed")) != 2 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestAWeChatOfAnotherLibraryIsUnderstood has wechatpay-axios-plugin verify what our client signs,
// and sign and encrypt answers and callbacks that our client takes.
func TestAWeChatOfAnotherLibraryIsUnderstood(t *testing.T) {
	w := newWorld(t, publicKey)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	node := w.peer(ctx, "wechat")
	address := serving(t, node)

	cfg := w.cfg
	cfg.BaseURL = address
	pay, err := wechat.NewPay(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pay.Close)
	if out, err := pay.Prepay(ctx, order("T00001")); err != nil || out.CodeURL != "weixin://wxpay/bizpayurl/up?pr=T00001" {
		t.Errorf("our request, its answer: %+v, %v", out, err)
	}
	inWeChat := order("T00002")
	inWeChat.Channel, inWeChat.Openid = shop.ChannelJSAPI, "oReader1"
	out, err := pay.Prepay(ctx, inWeChat)
	if err != nil {
		t.Fatal(err)
	}
	p := out.JSAPI
	if !verifiedBy(t, address, strings.Join([]string{p.AppID, p.TimeStamp, p.NonceStr, p.Package, ""}, "\n"), p.PaySign) {
		t.Error("it does not verify what our page hands to WeChat")
	}
	if verifiedBy(t, address, strings.Join([]string{p.AppID, p.TimeStamp, p.NonceStr, p.Package + "0", ""}, "\n"), p.PaySign) {
		t.Error("it verifies anything")
	}

	content := map[string]any{"appid": cfg.AppID, "mchid": cfg.MchID, "out_trade_no": "T00001", "transaction_id": "4200000001", "trade_type": "NATIVE",
		"trade_state": "SUCCESS", "success_time": "2025-03-01T12:00:00+08:00", "payer": map[string]any{"openid": "oReader1"},
		"amount": map[string]any{"total": 19900, "payer_total": 19900, "currency": "CNY", "payer_currency": "CNY"}}
	if status := callBack(t, address, map[string]any{"url": w.shop.URL + "/pay-notify", "content": content}); status != http.StatusOK {
		t.Errorf("its callback was answered %d", status)
	}
	if status := callBack(t, address, map[string]any{"url": w.shop.URL + "/pay-notify", "content": content, "spoil": true}); status != http.StatusUnauthorized {
		t.Errorf("its spoilt callback was answered %d", status)
	}
	got := w.callbacks()
	if len(got) != 2 || got[0].err != nil || got[0].tx.OutTradeNo != "T00001" || got[0].tx.Total != 19900 || !got[0].tx.Paid() || got[0].tx.Openid != "oReader1" {
		t.Errorf("heard %+v", got)
	}
	if !errors.Is(got[1].err, wechat.ErrBadSignature) {
		t.Errorf("the spoilt one: %v", got[1].err)
	}
}

// serving starts a program that prints its address in one line and serves until the test ends.
func serving(t *testing.T, cmd *exec.Cmd) (address string) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		t.Fatalf("%v\n%s", err, &complaints)
	}
	return strings.TrimSpace(line)
}

func verifiedBy(t *testing.T, address, message, signature string) bool {
	t.Helper()
	var out struct{ Verified bool }
	postTo(t, address+"/verify", map[string]any{"message": message, "signature": signature}, &out)
	return out.Verified
}

func callBack(t *testing.T, address string, what map[string]any) (status int) {
	t.Helper()
	var out struct{ Status int }
	postTo(t, address+"/callback", what, &out)
	return out.Status
}

func postTo(t *testing.T, url string, in map[string]any, out any) {
	t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(url, "application/json", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}
