package sandbox

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
)

// inBrowser is a sandbox with a shop behind it, called as the phone's browsers call it.
type inBrowser struct {
	t    *testing.T
	box  *Sandbox
	port string
	http *http.Client // does not follow
}

// browserShop answers as a shop does that forbids framing and redirects to WeChat.
func browserShop(t *testing.T, public *string) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("X-Frame-Options", "DENY")
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; script-src 'self'")
		fmt.Fprintf(w, "<!doctype html><html><head><title>%s %s</title>", r.UserAgent(), r.URL)
	})
	mux.HandleFunc("/api/login", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, *public+"/connect/oauth2/authorize?x=1", http.StatusSeeOther)
	})
	mux.HandleFunc("/api/orders", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusPreconditionRequired)
		fmt.Fprintf(w, `{"oauth_url":"%s/connect/oauth2/authorize?x=1","origin":"%s"}`, *public, r.Header.Get("Origin"))
	})
	shop := httptest.NewServer(mux)
	t.Cleanup(shop.Close)
	return shop
}

func newInBrowser(t *testing.T) *inBrowser {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(keyDir)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	t.Cleanup(server.Close)
	public := "http://" + server.Listener.Addr().String()
	box, err := New(Config{Dir: dir, PublicURL: public, ShopURL: browserShop(t, &public).URL, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	server.Config.Handler = box.Handler()
	server.Start()
	_, port, _ := strings.Cut(strings.TrimPrefix(public, "http://"), ":")
	return &inBrowser{t, box, port, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// get asks for a page as a browser does; origin is that of the page that asks, "" for none.
func (b *inBrowser) get(host, method, path, origin string) (*http.Response, string) {
	b.t.Helper()
	req, err := http.NewRequest(method, "http://127.0.0.1:"+b.port+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Host = host + ":" + b.port
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

func TestAPageOfTheShopInWeChatsBrowser(t *testing.T) {
	b := newInBrowser(t)
	for _, br := range browsers {
		res, body := b.get(br.host, "GET", "/courses?q=1", "")
		if !strings.HasPrefix(body, `<!doctype html><html><head><script src="/weixin/bridge.js"></script><title>`+br.agent+" /courses?q=1") {
			t.Errorf("%s: %s", br.host, body)
		}
		csp := res.Header.Get("Content-Security-Policy")
		if res.Header.Get("X-Frame-Options") != "" || res.Header.Get("ETag") != "" || strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "script-src 'self'") {
			t.Errorf("%s: %v", br.host, res.Header)
		}
		_, script := b.get(br.host, "GET", "/weixin/bridge.js", "")
		if !strings.Contains(script, br.agent) || strings.Contains(script, "'KNOWN'") || !strings.Contains(script, `"openid":"`+br.openid+`"`) {
			t.Errorf("%s: %.300s", br.host, script)
		}
	}
	if strings.Contains(browsers[len(browsers)-1].agent, "MicroMessenger") {
		t.Error("the phone's own browser says that it is WeChat's")
	}
}

func TestTheWayThroughWeChatStaysInItsBrowser(t *testing.T) {
	b := newInBrowser(t)
	here := "http://" + browsers[1].host + ":" + b.port
	if res, _ := b.get(browsers[1].host, "GET", "/api/login", ""); res.Header.Get("Location") != here+"/connect/oauth2/authorize?x=1" {
		t.Errorf("%s", res.Header.Get("Location"))
	}
	_, body := b.get(browsers[1].host, "GET", "/api/orders", here)
	if body != `{"oauth_url":"`+here+`/connect/oauth2/authorize?x=1","origin":"`+b.box.cfg.ShopURL+`"}` {
		t.Errorf("%s", body)
	}
	q := url.Values{"appid": {b.box.keys.id.AppID}, "redirect_uri": {b.box.cfg.ShopURL + "/login?next=1"}, "response_type": {"code"}, "scope": {"snsapi_base"}, "state": {"s1"}}
	res, _ := b.get(browsers[1].host, "GET", "/connect/oauth2/authorize?"+q.Encode(), "")
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || to.Scheme+"://"+to.Host != here || to.Path != "/login" || to.Query().Get("state") != "s1" {
		t.Fatalf("%s", res.Header.Get("Location"))
	}
	row, err := b.box.official.useCode(to.Query().Get("code"))
	if err != nil || row.Openid != browsers[1].openid {
		t.Errorf("authorised as %+v, %v", row, err)
	}
}

func TestAnotherOriginIsNotTheShops(t *testing.T) {
	b := newInBrowser(t)
	if _, body := b.get(browsers[0].host, "GET", "/api/orders", "https://evil.example"); !strings.Contains(body, `"origin":"https://evil.example"`) {
		t.Errorf("a foreign origin was made the shop's: %s", body)
	}
	if res, body := b.get(browsers[0].host, "POST", "/weixin/pay", "https://evil.example"); res.StatusCode != http.StatusForbidden {
		t.Errorf("a page elsewhere pays: %d %s", res.StatusCode, body)
	}
	if res, _ := b.get(browsers[0].host, "PUT", "/sandbox/faults", ""); res.StatusCode == http.StatusOK && res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Error("the control API answers inside the browser")
	}
	if res, _ := b.get("wechat9."+phoneHost, "GET", "/phone", ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("a browser that there is not: %d", res.StatusCode)
	}
}

func TestTheShopsTabIsOnTheSiteOfItsBrowsers(t *testing.T) {
	b := newInBrowser(t)
	res, _ := b.get("127.0.0.1", "GET", "/phone?tab=shop&to=%2Forders%2F1", "")
	if want := "http://" + phoneHost + ":" + b.port + "/phone?tab=shop&to=%2Forders%2F1"; res.Header.Get("Location") != want {
		t.Errorf("%s", res.Header.Get("Location"))
	}
	for in, host := range map[string]string{"": browsers[0].host, "&in=safari": safariHost} {
		if _, body := b.get(phoneHost, "GET", "/phone?tab=shop&to=%2Forders%2F1"+in, ""); !strings.Contains(body, `data-src="http://`+host+":"+b.port+`/orders/1"`) {
			t.Errorf("%q does not show the shop at %s", in, host)
		}
	}
	if _, body := b.get(phoneHost, "GET", "/phone?tab=shop&to=javascript:alert(1)", ""); strings.Contains(body, "javascript:") {
		t.Error("a script for an address")
	}
}
