package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/wechat"
)

// shelf is one of this process; down, it cannot be reached.
type shelf struct {
	mu   sync.Mutex
	kept map[string]string
	down bool
}

func (h *shelf) Get(_ context.Context, key string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return "", errors.New("the shelf is down")
	}
	return h.kept[key], nil
}

func (h *shelf) Put(_ context.Context, key, value string, _ time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept[key] = value
	return nil
}

func (h *shelf) Take(_ context.Context, key string, _ time.Duration) (func(), bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return nil, false, errors.New("the shelf is down")
	}
	if h.kept[key] != "" {
		return nil, false, nil
	}
	h.kept[key] = "taken"
	return func() { h.mu.Lock(); delete(h.kept, key); h.mu.Unlock() }, true, nil
}

// instances are several clients of the sandbox's account that share a shelf.
func (w *world) instances(n int, h *shelf) (all []*wechat.Account) {
	w.t.Helper()
	s := w.box.Settings()
	for range n {
		a, err := wechat.NewAccount(wechat.AccountConfig{
			BaseURL: s.BaseURL, AppID: s.AppID, Secret: s.AppSecret, Token: s.EventToken, AESKey: s.AESKey, SharedCache: h,
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(a.Close)
		all = append(all, a)
	}
	return all
}

// tokenCounts are the sandbox's.
type tokenCounts struct {
	Asked     int `json:"asked"`
	Refreshes int `json:"refreshes"`
	Forced    int `json:"forced"`
}

func (w *world) tokens() (c tokenCounts) {
	w.t.Helper()
	w.must("GET", "/sandbox/access-token", nil, &c)
	return c
}

// use has every account use its token, many at once.
func use(t *testing.T, accounts []*wechat.Account) {
	t.Helper()
	var all sync.WaitGroup
	for _, a := range accounts {
		for range 8 {
			all.Go(func() {
				if _, err := a.CreateQRCode(t.Context(), "s", time.Minute); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
}

func TestInstancesShareOneTokenAndOneOfThemRenewsIt(t *testing.T) {
	w := newWorld(t, publicKey)
	w.must("PUT", "/sandbox/access-token", map[string]any{"life_s": 2}, nil)
	before := w.tokens()
	accounts := w.instances(3, &shelf{kept: map[string]string{}})
	began := time.Now()
	for time.Since(began) < 3*time.Second {
		use(t, accounts)
	}
	// Of two seconds a token is used at least one: the last second brings the next.
	most := int(time.Since(began)/time.Second) + 2
	got := w.tokens()
	if n := got.Refreshes - before.Refreshes; n < 2 || n > most || got.Forced > 0 {
		t.Errorf("%d tokens in %s, %d forced", n, time.Since(began), got.Forced)
	}
	if n := got.Asked - before.Asked; n > 3*most {
		t.Errorf("WeChat was asked %d times for %d tokens", n, got.Refreshes)
	}
}

func TestATokenThatWasMadeInvalidIsReplacedOnceForAllInstances(t *testing.T) {
	w := newWorld(t, publicKey)
	accounts := w.instances(3, &shelf{kept: map[string]string{}})
	use(t, accounts)
	w.must("POST", "/sandbox/access-token/expire", map[string]any{}, nil)
	use(t, accounts)
	if got := w.tokens(); got.Refreshes != 2 || got.Asked != 2 {
		t.Errorf("after one that was made invalid: %+v", got)
	}
}

func TestATokenThatWeChatGivesOutAgainAfterRefusingItIsForcedOnce(t *testing.T) {
	w := newWorld(t, publicKey)
	accounts := w.instances(3, &shelf{kept: map[string]string{}})
	use(t, accounts)
	w.faults(`{"api":[{"api":"qrcode","errcode":40001,"times":1}]}`)
	use(t, accounts)
	if got := w.tokens(); got.Forced != 1 || got.Refreshes != 2 {
		t.Errorf("after one refusal: %+v", got)
	}
	// Refused without end, it is forced no sooner than WeChat allows, however many try.
	w.faults(`{"api":[{"api":"qrcode","errcode":40001}]}`)
	for range 5 {
		if _, err := accounts[0].CreateQRCode(t.Context(), "s", time.Minute); err == nil {
			t.Error("a refused token worked")
		}
	}
	if got := w.tokens(); got.Forced != 1 || got.Asked > 10 {
		t.Errorf("refused without end: %+v", got)
	}
}

func TestWithoutTheSharedCacheEachInstanceHasItsToken(t *testing.T) {
	w := newWorld(t, publicKey)
	accounts := w.instances(2, &shelf{down: true})
	for range 3 {
		use(t, accounts)
	}
	if got := w.tokens(); got.Asked != 2 || got.Refreshes != 1 {
		t.Errorf("%+v", got)
	}
}

// sentJSON is a message on a phone.
type sentJSON struct {
	Template string `json:"template"`
	Title    string `json:"title"`
	URL      string `json:"url"`
	MsgID    string `json:"msgid"`
	Rows     []struct {
		Label, Value string
	} `json:"rows"`
}

func (w *world) messages(openid string) []sentJSON {
	w.t.Helper()
	var out struct {
		Items []sentJSON `json:"items"`
	}
	w.must("GET", "/sandbox/messages?openid="+openid, nil, &out)
	return out.Items
}

// templateID is the sandbox's for one of the shop's words.
func (w *world) templateID(name string) string {
	w.t.Helper()
	var out struct {
		Items []struct{ ID, Name string } `json:"items"`
	}
	w.must("GET", "/sandbox/templates", nil, &out)
	for _, t := range out.Items {
		if t.Name == name {
			return t.ID
		}
	}
	w.t.Fatalf("no template %s", name)
	return ""
}

// card is a message that fits its template.
func (w *world) card(openid, name string) wechat.Message {
	fields := map[string]string{
		"order_fulfilled": "thing1=围棋入门,character_string2=abc123,amount3=200.00元,time4=2025-03-01 10:00",
		"activity":        "thing1=春季活动,thing2=全场八折,time3=2025-03-01 10:00",
	}[name]
	m := wechat.Message{Openid: openid, TemplateID: w.templateID(name), Fields: map[string]string{}, URL: "https://shop.example/orders/1"}
	for pair := range strings.SplitSeq(fields, ",") {
		key, value, _ := strings.Cut(pair, "=")
		m.Fields[key] = wechat.Fit(key, value)
	}
	return m
}

func TestATemplateMessageReachesAFollowerOnce(t *testing.T) {
	w := newWorld(t, publicKey)
	a := w.account(nil)
	w.must("POST", "/sandbox/follow", map[string]any{"openid": "ofollower"}, nil)
	m := w.card("ofollower", "order_fulfilled")
	m.ClientMsgID = "once"
	msgid, err := a.SendTemplate(t.Context(), m)
	if err != nil || msgid < 1<<53 {
		t.Fatal(msgid, err)
	}
	if _, err := a.SendTemplate(t.Context(), m); !errors.Is(err, wechat.ErrDuplicate) || wechat.NotSent(err) {
		t.Errorf("sent again: %v", err)
	}
	got := w.messages("ofollower")
	if len(got) != 1 || got[0].Title != "课程开通通知" || got[0].Rows[0].Value != "围棋入门" || got[0].URL != m.URL || got[0].MsgID != fmt.Sprint(msgid) {
		t.Errorf("on the phone: %+v", got)
	}
}

func TestASubscriptionNoticeNeedsAConsentForEach(t *testing.T) {
	w := newWorld(t, publicKey)
	a := w.account(nil)
	w.must("POST", "/sandbox/subscribe", map[string]any{"openid": "oguest"}, nil)
	m := w.card("oguest", "activity")
	if err := a.SendSubscribed(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := a.SendSubscribed(t.Context(), m); !errors.Is(err, wechat.ErrNotSubscribed) || !wechat.NotSent(err) {
		t.Errorf("without another consent: %v", err)
	}
	if got := w.messages("oguest"); len(got) != 1 || got[0].Template != "activity" {
		t.Errorf("on the phone: %+v", got)
	}
}

func TestWhatWeChatSaysToAMessageItDoesNotSend(t *testing.T) {
	w := newWorld(t, publicKey)
	a := w.account(nil)
	w.must("POST", "/sandbox/follow", map[string]any{"openid": "oyes"}, nil)
	w.must("POST", "/sandbox/follow", map[string]any{"openid": "ogone"}, nil)
	w.must("POST", "/sandbox/unfollow", map[string]any{"openid": "ogone"}, nil)
	good := w.card("oyes", "order_fulfilled")
	with := func(change func(*wechat.Message)) wechat.Message {
		m := good
		m.Fields = map[string]string{}
		for k, v := range good.Fields {
			m.Fields[k] = v
		}
		change(&m)
		return m
	}
	for _, tt := range []struct {
		name    string
		m       wechat.Message
		fault   string
		want    error
		notSent bool
	}{
		{"a WeChat that does not follow", with(func(m *wechat.Message) { m.Openid = "ogone" }), "", wechat.ErrNotFollowing, true},
		{"a strange openid", with(func(m *wechat.Message) { m.Openid = "ostranger" }), "", wechat.ErrOpenid, true},
		{"a template that is not there", with(func(m *wechat.Message) { m.TemplateID = "x" }), "", wechat.ErrTemplate, true},
		{"a value that is too long", with(func(m *wechat.Message) { m.Fields["thing1"] = strings.Repeat("长", 21) }), "", wechat.ErrRefused, true},
		{"the quota is used up", good, `{"api":[{"api":"template_send","errcode":45009}]}`, wechat.ErrQuota, true},
		{"WeChat is busy", good, `{"api":[{"api":"template_send","errcode":-1}]}`, wechat.ErrBusy, false},
		{"no answer", good, `{"api":[{"api":"template_send","drop":true}]}`, wechat.ErrOutcomeUnknown, false},
		{"a gateway's error", good, `{"api":[{"api":"template_send","status":502,"html":true}]}`, wechat.ErrBusy, false},
		{"no token to be had", good, `{"api":[{"api":"stable_token","status":503}]}`, wechat.ErrBusy, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.faults("{}")
			if tt.fault != "" {
				w.faults(tt.fault)
			}
			a := a
			if strings.Contains(tt.fault, "stable_token") {
				a = w.account(nil) // one without a token
			}
			_, err := a.SendTemplate(t.Context(), tt.m)
			if !errors.Is(err, tt.want) || wechat.NotSent(err) != tt.notSent {
				t.Errorf("%v; certainly not sent: %v", err, wechat.NotSent(err))
			}
		})
	}
}

func TestValuesAreCutToWhatWeChatTakes(t *testing.T) {
	for _, tt := range []struct{ key, value, want string }{
		{"thing1", "《围棋》", "《围棋》"},
		{"thing1", strings.Repeat("长", 21), strings.Repeat("长", 19) + "…"},
		{"thing1", "one\ntwo  three", "one two three"},
		{"thing1", " ", "-"},
		{"character_string2", "订单 abc-1", "abc-1"},
		{"character_string2", strings.Repeat("x", 40), strings.Repeat("x", 32)},
		{"amount3", "200.00元", "200.00元"},
		{"phrase4", "支付成功了吗", "支付成功了"},
		{"time5", "2025-03-01 10:00", "2025-03-01 10:00"},
	} {
		if got := wechat.Fit(tt.key, tt.value); strings.TrimSpace(got) != tt.want {
			t.Errorf("%s %q: %q, want %q", tt.key, tt.value, got, tt.want)
		}
	}
	for key, want := range map[string]bool{"thing1": true, "character_string12": true, "time": true, "first": false, "Thing1": false, "thing_1": false} {
		if _, ok := wechat.KeyType(key); ok != want {
			t.Errorf("%s is a key: %v", key, ok)
		}
	}
}
