package wechat

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

func TestAnswered_EachAnswer_IsNamedAndStaysWhole(t *testing.T) {
	for _, tt := range []struct {
		path, body string
		status     int
		call, code string
	}{
		{"/v3/pay/transactions/native", `{"code_url":"x"}`, 200, "prepay", "ok"},
		{"/v3/pay/transactions/native", `{"code":"SIGN_ERROR"}`, 401, "prepay", "SIGN_ERROR"},
		{"/v3/pay/transactions/out-trade-no/17/close", "", 204, "trade", "ok"},
		{"/v3/refund/domestic/refunds", `{"code":"<b>"}`, 500, "refund", "500"},
		{"/cgi-bin/message/template/send", `{"errcode":43004,"errmsg":"x"}`, 200, "message", "43004"},
		{"/cgi-bin/stable_token", `{"access_token":"x"}`, 200, "token", "ok"},
		{"/nothing", "", 404, "other", "404"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		}))
		base, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		client := newHTTPClient(base, func(call, code string) { got = append(got, call, code) })
		res, err := client.Get("https://api.mch.weixin.qq.com" + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || string(body) != tt.body || len(got) != 2 || got[0] != tt.call || got[1] != tt.code {
			t.Errorf("%s %d: %v, %q, %v", tt.path, tt.status, got, body, err)
		}
		_ = res.Body.Close()
		s.Close()
		if _, err := client.Get("https://api.mch.weixin.qq.com" + tt.path); err == nil || got[3] != "none" {
			t.Errorf("without an answer: %v", got)
		}
		client.CloseIdleConnections()
	}
}
