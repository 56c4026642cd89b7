package wechat_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/wechat"
)

// account is a client of the sandbox's official account, by the sandbox's clock or by real time.
func (w *world) account(now func() time.Time) *wechat.Account {
	w.t.Helper()
	s := w.box.Settings()
	a, err := wechat.NewAccount(wechat.AccountConfig{
		BaseURL: s.BaseURL, AppID: s.AppID, Secret: s.AppSecret, Token: s.EventToken, AESKey: s.AESKey, Now: now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(a.Close)
	return a
}

// code makes a parametric code; it must work.
func (w *world) code(a *wechat.Account, scene string) wechat.QRCode {
	w.t.Helper()
	code, err := a.CreateQRCode(w.t.Context(), scene, 5*time.Minute)
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

func TestAParametricCodeCanBeLookedAt(t *testing.T) {
	w := newWorld(t, publicKey)
	code := w.code(w.account(nil), "a scene <&> 场景")
	if code.ExpiresIn != 5*time.Minute || !strings.HasPrefix(code.URL, "http://weixin.qq.com/q/") {
		t.Errorf("%+v", code)
	}
	res, err := http.Get(code.ImageURL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/png" {
		t.Errorf("the picture: %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
}

func TestATokenThatWeChatNoLongerTakesIsReplacedOnce(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*world)
	}{
		{"it was made invalid", func(w *world) { w.must("POST", "/sandbox/access-token/expire", json.RawMessage("{}"), nil) }},
		{"it ran out while our clock stood still", func(w *world) { w.offset.Store(int64(3 * time.Hour)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, publicKey)
			a := w.account(time.Now)
			w.code(a, "before")
			tt.spoil(w)
			w.code(a, "after")
		})
	}
}

func TestATokenThatIsGoodIsUsedWhileTheNextOneCannotBeHad(t *testing.T) {
	w := newWorld(t, publicKey)
	a := w.account(w.now)
	w.code(a, "before")
	w.faults(`{"api":[{"api":"stable_token","status":500}]}`)
	w.offset.Store(int64(2*time.Hour - 3*time.Minute)) // it is time to ask for the next
	asked := w.tokens().Asked
	for range 5 {
		w.code(a, "meanwhile")
	}
	w.faults(`{}`)
	w.offset.Add(int64(time.Minute))
	w.code(a, "after")
	if got := w.tokens(); got.Asked != asked+1 || got.Refreshes != 2 {
		t.Errorf("then WeChat gave out %+v, having been asked %d times before", got, asked)
	}
}

func TestManyCallersFetchOneToken(t *testing.T) {
	w := newWorld(t, publicKey)
	a := w.account(time.Now)
	// The second fetch would be answered with an error.
	w.faults(`{"api":[{"api":"stable_token","delay_ms":50,"times":1},{"api":"stable_token","status":503}]}`)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := a.CreateQRCode(t.Context(), "s", time.Minute); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestWrongSettingsAreRefusedWithoutEndAndWithoutSecrets(t *testing.T) {
	w := newWorld(t, publicKey)
	s := w.box.Settings()
	a, err := wechat.NewAccount(wechat.AccountConfig{BaseURL: s.BaseURL, AppID: s.AppID, Secret: "canary-secret", Token: "t", AESKey: s.AESKey})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.CreateQRCode(t.Context(), "s", time.Minute)
	var refusal *wechat.Refusal
	if !errors.As(err, &refusal) || refusal.Code != "40125" || !errors.Is(err, wechat.ErrRefused) {
		t.Errorf("%v", err)
	}
	w.faults(`{"api":[{"api":"oauth_token","drop":true}]}`)
	_, err = a.Exchange(t.Context(), "canary-code")
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}

func TestAFollowerIsTheSamePersonEverywhere(t *testing.T) {
	w := newWorld(t, publicKey)
	a := w.account(nil)
	w.must("POST", "/sandbox/follow", json.RawMessage(`{"openid":"o1","unionid":"u1","fault":{"lose":true}}`), nil)
	if f, err := a.Follower(t.Context(), "o1"); err != nil || f != (wechat.Follower{Openid: "o1", Unionid: "u1", Following: true}) {
		t.Errorf("%+v, %v", f, err)
	}
	w.must("POST", "/sandbox/unfollow", json.RawMessage(`{"openid":"o1","fault":{"lose":true}}`), nil)
	if f, err := a.Follower(t.Context(), "o1"); err != nil || f.Following || f.Unionid != "" {
		t.Errorf("after leaving: %+v, %v", f, err)
	}
	if _, err := a.Follower(t.Context(), "of another account"); !errors.Is(err, wechat.ErrRefused) {
		t.Errorf("a stranger: %v", err)
	}
}

// authorise walks the page inside WeChat and returns what it brings back.
func authorise(t *testing.T, address string) url.Values {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil {
		t.Fatalf("%d: %v", res.StatusCode, err)
	}
	return back.Query()
}

func TestAnAuthorisationCodeIsGoodOnce(t *testing.T) {
	w := newWorld(t, publicKey)
	a := w.account(nil)
	page := strings.TrimSuffix(a.AuthorizeURL(w.shop.URL+"/api/wechat/oauth", "state1"), "#wechat_redirect")
	got := authorise(t, page+"&openid=o7")
	if got.Get("state") != "state1" {
		t.Errorf("state %q", got.Get("state"))
	}
	if openid, err := a.Exchange(t.Context(), got.Get("code")); err != nil || openid != "o7" {
		t.Errorf("%q, %v", openid, err)
	}
	for name, code := range map[string]string{
		"used": got.Get("code"), "invented": "nothing", "of a snapshot": authorise(t, page+"&snapshot=1").Get("code"),
	} {
		if _, err := a.Exchange(t.Context(), code); !errors.Is(err, wechat.ErrCode) {
			t.Errorf("a code that is %s: %v", name, err)
		}
	}
	late := authorise(t, page).Get("code")
	w.offset.Store(int64(6 * time.Minute))
	if _, err := a.Exchange(t.Context(), late); !errors.Is(err, wechat.ErrCode) {
		t.Errorf("a code that is too old: %v", err)
	}
}
