package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"mstm/sms"
)

// sender is the shop's client of text messages, at the sandbox.
func (b *box) sender(edit ...func(*sms.TencentConfig)) *sms.Tencent {
	b.t.Helper()
	s := b.Settings()
	cfg := sms.TencentConfig{BaseURL: s.BaseURL, SecretID: s.TextSecretID, SecretKey: s.TextSecretKey, AppID: s.TextAppID, Sign: s.TextSign, Template: s.TextTemplate}
	for _, e := range edit {
		e(&cfg)
	}
	sender, err := sms.NewTencent(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	return sender
}

// texts are the messages that reached a number.
func (b *box) textsTo(phone string) []textMessage {
	b.t.Helper()
	var out items[textMessage]
	if err := json.Unmarshal(b.control("GET", "/sandbox/texts?phone="+strings.ReplaceAll(phone, "+", "%2B"), "").body, &out); err != nil {
		b.t.Fatal(err)
	}
	return out.Items
}

func TestText_ByTheOfficialSDK_ArrivesOnThePhone(t *testing.T) {
	b := newBox(t)
	if err := b.sender().SendCode(t.Context(), "+8613800001234", "042137", 5); err != nil {
		t.Fatal(err)
	}
	got := b.textsTo("+8613800001234")
	if len(got) != 1 || got[0].Text != "【拾课】您的验证码是 042137，5 分钟内有效。请勿告诉他人。" || got[0].Code() != "042137" {
		t.Fatalf("the phone has %+v", got)
	}
	if others := b.textsTo("+8613800001235"); len(others) != 0 {
		t.Errorf("another number has %+v", others)
	}
	if page := strings.ReplaceAll(string(b.control("GET", "/phone?tab=texts", "").body), "&#43;", "+"); !strings.Contains(page, `data-phone="+8613800001234" data-code="042137"`) {
		t.Errorf("the phone's page does not show it: %s", page)
	}
}

func TestText_WrongAccount_IsRefusedAsByTheRealOne(t *testing.T) {
	b := newBox(t)
	for name, tt := range map[string]struct {
		edit func(*sms.TencentConfig)
		code string
	}{
		"secret":    {func(c *sms.TencentConfig) { c.SecretKey = "wrong" }, "AuthFailure.SignatureFailure"},
		"secret id": {func(c *sms.TencentConfig) { c.SecretID = "AKIDother" }, "AuthFailure.SecretIdNotFound"},
		"app":       {func(c *sms.TencentConfig) { c.AppID = "1400000000" }, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"},
		"sign":      {func(c *sms.TencentConfig) { c.Sign = "别家" }, "FailedOperation.SignatureIncorrectOrUnapproved"},
		"template":  {func(c *sms.TencentConfig) { c.Template = "1" }, "FailedOperation.TemplateIncorrectOrUnapproved"},
	} {
		err := b.sender(tt.edit).SendCode(t.Context(), "+8613800001234", "042137", 5)
		if !errors.Is(err, sms.ErrUnavailable) || !strings.Contains(err.Error(), tt.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.sender().SendCode(t.Context(), "+86", "042137", 5); !errors.Is(err, sms.ErrNumber) {
		t.Errorf("no number: %v", err)
	}
	if got := b.textsTo("+8613800001234"); len(got) != 0 {
		t.Errorf("the phone has %+v", got)
	}
}

func TestText_StaleOrAlteredCall_IsRefused(t *testing.T) {
	b := newBox(t)
	a := b.keys.id.Texts
	call := func(at time.Time, edit func(*http.Request)) string {
		body := `{"PhoneNumberSet":["+8613800001234"]}`
		req, err := http.NewRequest("POST", b.url+"/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		date := at.UTC().Format(time.DateOnly)
		for k, v := range map[string]string{
			"Content-Type": "application/json", "X-TC-Action": "SendSms", "X-TC-Version": "2021-01-11", "X-TC-Region": "ap-guangzhou",
			"X-TC-Timestamp": jsonNumber(at.Unix()),
		} {
			req.Header.Set(k, v)
		}
		signature := a.sign(&request{Request: req, body: []byte(body)}, date, []string{"content-type", "host"})
		req.Header.Set("Authorization", "TC3-HMAC-SHA256 Credential="+a.SecretID+"/"+date+"/sms/tc3_request, SignedHeaders=content-type;host, Signature="+signature)
		if edit != nil {
			edit(req)
		}
		return string(b.do(req).body)
	}
	now := time.Now()
	for name, tt := range map[string]struct{ got, want string }{
		"good":          {call(now, nil), "SmsSdkAppIdVerifyFail"},
		"stale":         {call(now.Add(-6*time.Minute), nil), "AuthFailure.SignatureExpire"},
		"of the future": {call(now.Add(6*time.Minute), nil), "AuthFailure.SignatureExpire"},
		"another time":  {call(now, func(r *http.Request) { r.Header.Set("X-TC-Timestamp", jsonNumber(now.Unix()-60)) }), "AuthFailure.SignatureFailure"},
		"another kind":  {call(now, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }), "AuthFailure.SignatureFailure"},
		"unsigned":      {call(now, func(r *http.Request) { r.Header.Del("Authorization") }), "MissingParameter"},
		"another call":  {call(now, func(r *http.Request) { r.Header.Set("X-TC-Action", "PullSmsSendStatus") }), "InvalidAction"},
	} {
		if !strings.Contains(tt.got, tt.want) {
			t.Errorf("%s: %s", name, tt.got)
		}
	}
}

func jsonNumber(n int64) string {
	raw, _ := json.Marshal(n)
	return string(raw)
}

func TestText_Fault_IsMetByTheShop(t *testing.T) {
	b := newBox(t)
	for name, tt := range map[string]struct {
		fault string
		want  error
		came  int
	}{
		"500":              {`{"api":"sms","status":500,"times":1}`, sms.ErrUnavailable, 0},
		"cut before":       {`{"api":"sms","drop_before":true,"times":1}`, sms.ErrUnavailable, 0},
		"answer lost":      {`{"api":"sms","drop":true,"times":1}`, sms.ErrUnavailable, 1},
		"refused":          {`{"api":"sms","code":"LimitExceeded.PhoneNumberDailyLimit","times":1}`, sms.ErrTooMany, 0},
		"lost on its way":  {`{"api":"sms","lose":true,"times":1}`, nil, 0},
		"late, but enough": {`{"api":"sms","delay_ms":20,"times":1}`, nil, 1},
	} {
		before := len(b.textsTo("+8613800001234"))
		if got := b.control("PUT", "/sandbox/faults", `{"api":[`+tt.fault+`]}`); got.status != 200 {
			t.Fatalf("%s: %+v", name, got)
		}
		err := b.sender().SendCode(t.Context(), "+8613800001234", "042137", 5)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if came := len(b.textsTo("+8613800001234")) - before; came != tt.came {
			t.Errorf("%s: %d messages arrived", name, came)
		}
	}
}
