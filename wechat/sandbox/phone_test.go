package sandbox

import (
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

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
	if html := page(strings.TrimPrefix(h5url, b.url)); !strings.Contains(html, "Referer") || strings.Contains(html, "立即支付") {
		t.Error("an h5 payer without a shop's Referer can pay")
	}
	page = func(path string) string { // from the shop
		req, err := http.NewRequest("GET", b.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Referer", "http://127.0.0.1:8080/")
		return string(b.do(req).body)
	}
	if html := page(strings.TrimPrefix(h5url, b.url) + "&redirect_url=" + url.QueryEscape("http://127.0.0.1:8080/orders/1")); !strings.Contains(html, "立即支付") || !strings.Contains(html, `href="http://127.0.0.1:8080/orders/1"`) {
		t.Error("the h5 address does not lead to the phone, or not back")
	}
	if html := page(strings.TrimPrefix(h5url, b.url) + "&redirect_url=javascript:alert(1)"); strings.Contains(html, `href="javascript`) {
		t.Error("a script for a way back")
	}
}

func TestEveryButtonOfThePanelDoesSomething(t *testing.T) {
	b := newBox(t)
	page := string(b.control("GET", "/phone", "").body)
	for _, g := range faultGroups {
		for _, p := range g.Presets {
			got := b.control("PUT", "/sandbox/faults", p.Set)
			var now, set any
			if err := errors.Join(json.Unmarshal(got.body, &now), json.Unmarshal([]byte(p.Set), &set)); err != nil || !reflect.DeepEqual(now, set) {
				t.Errorf("%s: %d %s %v", p.Name, got.status, got.body, err)
			}
			if !strings.Contains(page, p.Name+"</button>") {
				t.Errorf("there is no button %s", p.Name)
			}
		}
		b.control("PUT", "/sandbox/faults", "{}")
		for _, p := range g.Presses {
			if got := b.control(p.Method, p.Path, p.Body); got.status != 200 || !strings.Contains(page, `data-press="`+p.Path+`"`) {
				t.Errorf("%s: %d %s", p.Name, got.status, got.body)
			}
		}
	}
}

// account calls the official account's API.
func (b *box) account(path, body string, into any) {
	b.t.Helper()
	got := b.control("POST", path, body)
	var failed struct{ Errcode int }
	if err := json.Unmarshal(got.body, &failed); err != nil || failed.Errcode != 0 {
		b.t.Fatalf("%s: %s", path, got.body)
	}
	if into != nil {
		_ = json.Unmarshal(got.body, into)
	}
}

func TestThePhoneScansACodeOfTheAccountAndShowsItsMessages(t *testing.T) {
	b := newBox(t)
	var token struct{ Access_token string }
	b.account("/cgi-bin/stable_token", `{"grant_type":"client_credential","appid":"`+b.keys.id.AppID+`","secret":"`+b.keys.id.AppSecret+`"}`, &token)
	var code struct{ URL string }
	b.account("/cgi-bin/qrcode/create?access_token="+token.Access_token, `{"expire_seconds":300,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"bind1"}}}`, &code)
	page := func(path string) string { return string(b.control("GET", path, "").body) }
	if html := page("/phone"); !strings.Contains(html, template.HTMLEscapeString(code.URL)) {
		t.Error("the code that waits to be scanned is not shown")
	}
	at := "/phone?code_url=" + url.QueryEscape(code.URL)
	if html := page(at); !strings.Contains(html, "关注服务号") {
		t.Error("the phone does not know the account's code")
	}
	if html := page("/phone?tab=messages"); !strings.Contains(html, "未关注") || !strings.Contains(html, "还没有消息") {
		t.Error("a person that does not follow is not asked to")
	}
	b.control("POST", "/sandbox/scan", `{"url":"`+code.URL+`","fault":{"lose":true}}`)
	if html := page(at); !strings.Contains(html, "进入服务号") {
		t.Error("a follower is asked to follow")
	}
	b.account("/cgi-bin/message/template/send?access_token="+token.Access_token, `{"touser":"`+defaultOpenid+`","template_id":"`+templates[0].ID+`","url":"http://127.0.0.1:8080/orders/1",`+
		`"data":{"thing1":{"value":"摄影<b>入门"},"character_string2":{"value":"20250301"},"amount3":{"value":"199.00元"},"time4":{"value":"2025年3月1日 12:00"}}}`, nil)
	html := page("/phone?tab=messages")
	for _, want := range []string{"课程开通通知", "课程名称", "摄影&lt;b&gt;入门", "199.00元", "查看详情", "/phone?in=wechat&amp;tab=shop&amp;to=%2Forders%2F1"} {
		if !strings.Contains(html, want) {
			t.Errorf("the message lacks %s", want)
		}
	}
	b.control("PUT", "/sandbox/owner", `{"openid":"`+people[1].Openid+`"}`)
	if html := page("/phone?tab=messages"); strings.Contains(html, "课程开通通知") || !strings.Contains(html, "未关注") {
		t.Error("another person's phone shows the messages")
	}
	b.pass(5 * time.Minute)
	if html := page(at); !strings.Contains(html, "二维码已过期") {
		t.Error("a dead code can be scanned")
	}
}

func TestWhoHoldsThePhoneActsWhereNobodyIsNamed(t *testing.T) {
	b := newBox(t)
	if got := b.control("PUT", "/sandbox/owner", `{"openid":"nobody"}`); got.status != 400 {
		t.Errorf("%d %s", got.status, got.body)
	}
	b.control("PUT", "/sandbox/owner", `{"openid":"`+people[2].Openid+`"}`)
	if got := b.payCode(b.prepay(native, "T00001")); !strings.Contains(string(got.body), people[2].Openid) {
		t.Errorf("%s", got.body)
	}
	if got := b.control("POST", "/sandbox/follow", `{"fault":{"lose":true}}`); !strings.Contains(string(got.body), people[2].Openid) {
		t.Errorf("%s", got.body)
	}
}

func TestWhatIsLookedAtIsNotPaid(t *testing.T) {
	b := newBox(t)
	code := b.prepay(native, "T00001")
	if got := b.control("POST", "/sandbox/look", `{"code_url":"`+code+`"}`); got.status != 200 || !strings.Contains(string(got.body), `"total_fen": 19900`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := b.payCode(code); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := b.control("POST", "/sandbox/look", `{"code_url":"`+code+`"}`); got.status != 409 || got.Code != "TRADE_PAID" {
		t.Errorf("%d %s", got.status, got.body)
	}
}
