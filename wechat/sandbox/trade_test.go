package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type fields = map[string]any

func TestPrepayLooksAtEveryField(t *testing.T) {
	b := newBox(t)
	for _, tt := range []struct {
		name, kind  string
		change      fields
		code, field string // of the refusal; empty: accepted
	}{
		{"a plain order", native, fields{}, "", ""},
		{"the longest number", native, fields{"out_trade_no": strings.Repeat("x", 32)}, "", ""},
		{"a number too long", native, fields{"out_trade_no": strings.Repeat("x", 33)}, "PARAM_ERROR", "/out_trade_no"},
		{"a number too short", native, fields{"out_trade_no": "T0001"}, "PARAM_ERROR", "/out_trade_no"},
		{"a number with a blank", native, fields{"out_trade_no": "T0001 1"}, "PARAM_ERROR", "/out_trade_no"},
		{"nothing to pay", native, fields{"amount": fields{"total": 0}}, "PARAM_ERROR", "/amount/total"},
		{"less than nothing", native, fields{"amount": fields{"total": -1}}, "PARAM_ERROR", "/amount/total"},
		{"half a fen", native, fields{"amount": fields{"total": 0.5}}, "PARAM_ERROR", ""},
		{"no amount", native, fields{"amount": ""}, "PARAM_ERROR", "/amount/total"},
		{"dollars", native, fields{"amount": fields{"total": 1, "currency": "USD"}}, "PARAM_ERROR", "/amount/currency"},
		{"no currency", native, fields{"amount": fields{"total": 1}, "out_trade_no": "T00002"}, "", ""},
		{"no description", native, fields{"description": ""}, "PARAM_ERROR", "/description"},
		{"a description too long", native, fields{"description": strings.Repeat("课", 128)}, "PARAM_ERROR", "/description"},
		{"an emoji", native, fields{"description": "摄影📷"}, "PARAM_ERROR", "/description"},
		{"a null", native, fields{"attach": nil}, "PARAM_ERROR", "/attach"},
		{"a null deep inside", native, fields{"amount": fields{"total": 1, "currency": nil}}, "PARAM_ERROR", "/amount/currency"},
		{"a field WeChat does not know", native, fields{"colour": "red", "out_trade_no": "T00003"}, "", ""},
		{"another app", native, fields{"appid": "wx1"}, "APPID_MCHID_NOT_MATCH", ""},
		{"another merchant", native, fields{"mchid": "1"}, "PARAM_ERROR", "/mchid"},
		{"an address with a query", native, fields{"notify_url": "https://shop.example/n?a=1"}, "PARAM_ERROR", "/notify_url"},
		{"no address", native, fields{"notify_url": "/n"}, "PARAM_ERROR", "/notify_url"},
		{"jsapi", jsapi, fields{"out_trade_no": "T00004"}, "", ""},
		{"jsapi without an openid", jsapi, fields{"payer": ""}, "PARAM_ERROR", "/payer/openid"},
		{"h5", h5, fields{"out_trade_no": "T00005"}, "", ""},
		{"h5 without its scene", h5, fields{"scene_info": ""}, "PARAM_ERROR", "/scene_info/h5_info/type"},
		{"h5 without an address", h5, fields{"scene_info": fields{"payer_client_ip": "home", "h5_info": fields{"type": "Wap"}}}, "PARAM_ERROR", "/scene_info/payer_client_ip"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := b.api("POST", "/v3/pay/transactions/"+tt.kind, b.order("T00001", tt.change))
			if got.Code != tt.code || got.Detail.Field != tt.field || (tt.code == "") != (got.status == http.StatusOK) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestWhatANumberMayBeUsedForAgain(t *testing.T) {
	b := newBox(t)
	again := func(kind string, change fields) answered {
		return b.api("POST", "/v3/pay/transactions/"+kind, b.order("T00001", change))
	}
	first := b.prepay(native, "T00001")
	second := b.prepay(native, "T00001")
	if first == second || b.payCode(first).Code != "CODE_UNKNOWN" {
		t.Error("the same order again gets a fresh code, and the old one is dead")
	}
	for name, change := range map[string]fields{"another price": {"amount": fields{"total": 19901, "currency": "CNY"}}, "another text": {"description": "x"},
		"another address": {"notify_url": "http://127.0.0.1/x"}, "an end": {"time_expire": "2025-03-02T00:00:00+08:00"}} {
		if got := again(native, change); got.status != 403 || got.Code != "OUT_TRADE_NO_USED" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := again(jsapi, nil); got.Code != "OUT_TRADE_NO_USED" {
		t.Errorf("another channel: %s", got.body)
	}
	if got := b.payCode(second); got.status != http.StatusOK {
		t.Fatalf("paying: %s", got.body)
	}
	if got := again(native, nil); got.Code != "ORDERPAID" {
		t.Errorf("after paying: %s", got.body)
	}
	if got := b.payCode(second); got.status != 409 || got.Code != "TRADE_PAID" {
		t.Errorf("paying twice: %d %s", got.status, got.body)
	}
	if got := b.payCode(b.prepay(native, "T00002")); got.status != http.StatusOK {
		t.Errorf("a second number for the same goods can be paid, as at WeChat: %s", got.body)
	}
}

func TestHowLongATradeCanBePaid(t *testing.T) {
	for _, tt := range []struct {
		name, kind, expire string
		after              time.Duration
		code               string // of the refusal; empty: paid
	}{
		{"a code at its last moment", native, "", 2 * time.Hour, ""},
		{"a code of two hours", native, "", 2*time.Hour + time.Second, "CODE_EXPIRED"},
		{"an h5 address at its last moment", h5, "", 5 * time.Minute, ""},
		{"an h5 address of five minutes", h5, "", 5*time.Minute + time.Second, "CODE_EXPIRED"},
		{"time_expire", native, "2025-03-01T12:30:00+08:00", 30 * time.Minute, ""},
		{"after time_expire", native, "2025-03-01T12:30:00+08:00", 30*time.Minute + time.Second, "TRADE_EXPIRED"},
		{"a time_expire in the past is raised to a minute", native, "2025-03-01T11:00:00+08:00", time.Minute, ""},
		{"and no more", native, "2025-03-01T11:00:00+08:00", time.Minute + time.Second, "TRADE_EXPIRED"},
		{"a week", native, "2025-04-01T00:00:00+08:00", 7*24*time.Hour + time.Second, "TRADE_CLOSED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBox(t)
			change := fields{}
			if tt.expire != "" {
				change["time_expire"] = tt.expire
			}
			code := b.prepay(tt.kind, "T00001", change)
			b.pass(tt.after)
			if got := b.payCode(code); got.Code != tt.code {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestTimeExpireDoesNotCloseATrade(t *testing.T) {
	b := newBox(t)
	b.prepay(native, "T00001", fields{"time_expire": "2025-03-01T12:30:00+08:00"})
	query := "/v3/pay/transactions/out-trade-no/T00001?mchid=" + b.keys.id.MchID
	state := func() string {
		var out struct {
			State string `json:"trade_state"`
		}
		_ = json.Unmarshal(b.api("GET", query, "").body, &out)
		return out.State
	}
	if b.pass(time.Hour); state() != notPaid {
		t.Errorf("after time_expire: %s", state())
	}
	if b.pass(7 * 24 * time.Hour); state() != closed {
		t.Errorf("after seven days: %s", state())
	}
}

func TestAJSAPITradeIsPaidByItsPayerWithTheSignedParameters(t *testing.T) {
	b := newBox(t)
	id := b.prepay(jsapi, "T00001")
	pay := func(openid, pkg string) answered {
		sig := sign(b.keys.merchant, b.keys.id.AppID, "1700000000", "n", "prepay_id="+id)
		raw, _ := json.Marshal(map[string]any{"openid": openid, "jsapi": jsapiParams{b.keys.id.AppID, "1700000000", "n", pkg, "RSA", sig}})
		return b.control("POST", "/sandbox/pay", string(raw))
	}
	if got := pay("oReader1", id); got.Code != "PAY_SIGN_ERROR" {
		t.Errorf("without the prefix: %s", got.body)
	}
	if got := pay("oReader2", "prepay_id="+id); got.Code != "PAYER_MISMATCH" {
		t.Errorf("another payer: %s", got.body)
	}
	if got := pay("oReader1", "prepay_id="+id); got.status != http.StatusOK {
		t.Errorf("the payer: %s", got.body)
	}
}

func TestOneOfManyPaysAndPayingAndClosingExcludeEachOther(t *testing.T) {
	b := newBox(t)
	closing := "/v3/pay/transactions/out-trade-no/T00001/close"
	code := b.prepay(native, "T00001")
	var paid, shut atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if b.payCode(code).status == http.StatusOK {
				paid.Add(1)
			}
		})
		wg.Go(func() {
			if b.api("POST", closing, `{"mchid":"`+b.keys.id.MchID+`"}`).status == http.StatusNoContent {
				shut.Add(1)
			}
		})
	}
	wg.Wait()
	if paid.Load() > 1 || (paid.Load() == 1) == (shut.Load() > 0) {
		t.Errorf("paid %d times, closed %d times", paid.Load(), shut.Load())
	}
}
