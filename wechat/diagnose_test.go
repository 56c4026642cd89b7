package wechat_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mstm/wechat"
)

// blamed are the settings that Diagnose finds wrong.
func blamed(verdicts []wechat.Verdict) string {
	var out []string
	for _, v := range verdicts {
		if v.Wrong {
			out = append(out, v.Setting)
		}
	}
	return strings.Join(out, " ")
}

// TestWhatWeChatSaysOfASignatureIsRead has the texts that WeChat's documents and merchants' reports show.
func TestWhatWeChatSaysOfASignatureIsRead(t *testing.T) {
	w := newWorld(t, publicKey)
	for _, tt := range []struct {
		status        int
		code, message string
		want          string
	}{
		{401, "SIGN_ERROR", "商户证书序列号有误。请使用签名私钥匹配的证书序列号", "Serial"},
		{401, "SIGN_ERROR", "错误的签名，导致验签失败", "PrivateKey"},
		{401, "SIGN_ERROR", "签名错误，请检查后再试", "PrivateKey"},
		{401, "SIGN_ERROR", "Http头Authorization值格式错误，timestamp与服务器时间相差过大", "Clock"},
		{401, "SIGN_ERROR", "商户号有误", "MchID"},
		{403, "NO_AUTH", "商户号该产品权限未开通", "MchID"},
		{404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥", "AppID"}, // and then the prepay is refused
		{500, "SYSTEM_ERROR", "系统错误", ""},
		{429, "RATELIMIT_EXCEEDED", "频率超限", ""},
		{400, "", "", "BaseURL"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v3/certificates" {
				rw.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprint(rw, `{"code":"APPID_MCHID_NOT_MATCH","message":"appid和mch_id不匹配"}`)
				return
			}
			rw.WriteHeader(tt.status)
			_, _ = fmt.Fprintf(rw, `{"code":%q,"message":%q}`, tt.code, tt.message)
		}))
		cfg := w.cfg
		cfg.BaseURL = server.URL
		if got := blamed(wechat.Diagnose(context.Background(), cfg)); got != tt.want {
			t.Errorf("%d %s %s: blames %q, not %q", tt.status, tt.code, tt.message, got, tt.want)
		}
		server.Close()
	}
}

func TestADiagnosisLeavesNoTradeOpen(t *testing.T) {
	for _, mode := range bothModes {
		w := newWorld(t, mode)
		w.cfg.NotifyURL, w.cfg.RefundNotifyURL = w.cfg.NotifyURL+"?a=1", "ftp"
		if got := blamed(wechat.Diagnose(context.Background(), w.cfg)); got != "NotifyURL" {
			t.Errorf("%s: an address with a query: blames %q", mode, got)
		}
		w.cfg.NotifyURL = strings.TrimSuffix(w.cfg.NotifyURL, "?a=1")
		if got := blamed(wechat.Diagnose(context.Background(), w.cfg)); got != "NotifyURL RefundNotifyURL" {
			t.Errorf("%s: addresses that do not answer as the shop does: blames %q", mode, got)
		}
		var list struct{ Items []struct{ State string } }
		w.must("GET", "/sandbox/trades", nil, &list)
		for _, trade := range list.Items {
			if trade.State != "CLOSED" {
				t.Errorf("%s: a trade is left %s", mode, trade.State)
			}
		}
		if len(list.Items) != 1 {
			t.Errorf("%s: %d trades, not 1", mode, len(list.Items))
		}
	}
}
