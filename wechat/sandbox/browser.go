package sandbox

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/julienschmidt/httprouter"
)

// phoneHost is the phone's own name. Browsers look for all names under localhost on this machine,
// and count phoneHost and the names below it as one site: so the phone can show its browsers in a
// frame, and they keep what a shop stores there as any browser does.
const phoneHost = "phone.localhost"

const safariHost = "safari." + phoneHost

// A browser of the phone is the shop at an origin of its own: what passes through is as the shop
// made it, except for what each side would see differently at that origin (host, user agent).
type browser struct {
	host   string
	agent  string
	openid string // of the user of WeChat's own browser; "" in any other
}

// WeChat's browser is another for each of the people, because its storage is theirs.
var browsers = func() (all []browser) {
	for i, p := range people {
		host := "wechat" + strconv.Itoa(i+1) + "." + phoneHost
		all = append(all, browser{host, "Mozilla/5.0 (Linux; Android 14; Sandbox) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 " +
			"Chrome/122.0 Mobile Safari/537.36 XWEB/1220 MMWEBID/1 MicroMessenger/8.0.50 WeChat/arm64 NetType/WIFI Language/zh_CN", p.Openid})
	}
	return append(all, browser{safariHost, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 " +
		"(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", ""})
}()

// browserOf is the browser that a host, with or without a port, is the name of.
func browserOf(host string) *browser {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	for i := range browsers {
		if browsers[i].host == host {
			return &browsers[i]
		}
	}
	return nil
}

// inFront puts the phone's browsers in front of WeChat's own addresses.
func (s *phones) inFront(next http.Handler) http.Handler {
	all := map[string]http.Handler{}
	for i := range browsers {
		all[browsers[i].host] = s.browse(&browsers[i])
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b := browserOf(r.Host); b != nil {
			all[b.host].ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// browse is the shop in a browser, and what that brings along: the script that makes the pages
// see it, WeChat's page authorisation, and the sheet that WeixinJSBridge pays on.
func (s *phones) browse(b *browser) http.Handler {
	r := httprouter.New()
	r.GET("/weixin/bridge.js", s.local(func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) { s.sendBridge(w, b) }))
	r.POST("/weixin/look", s.control(s.look))
	r.POST("/weixin/pay", s.control(s.pay))
	r.GET("/connect/oauth2/authorize", s.local(func(w http.ResponseWriter, r *http.Request, p httprouter.Params) {
		q := r.URL.Query()
		q.Set("openid", b.openid)
		r.URL.RawQuery = q.Encode()
		s.official.authorizePage(w, r, p)
	}))
	r.HandleMethodNotAllowed, r.RedirectTrailingSlash, r.RedirectFixedPath = false, false, false
	r.NotFound = s.throughTo(b)
	return r
}

//go:embed page/bridge.js
var bridgeJS []byte

// sendBridge answers with the script, after what it has to know.
func (s *phones) sendBridge(w http.ResponseWriter, b *browser) {
	known, _ := json.Marshal(map[string]string{"agent": b.agent, "openid": b.openid, "phone": s.cfg.PublicURL}) // strings alone
	w.Header().Set("Cache-Control", "no-store")
	send(w, http.StatusOK, "text/javascript; charset=utf-8", []byte(strings.Replace(string(bridgeJS), "'KNOWN'", string(known), 1)))
}

// throughTo passes requests on to the shop as b would send them, WebSockets included.
func (s *phones) throughTo(b *browser) http.Handler {
	shop, err := url.Parse(s.cfg.Forward(s.cfg.ShopURL))
	if err != nil || shop.Host == "" {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { noShop(w, "沙箱不知道商店的地址") })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		here := "http://" + r.Host
		(&httputil.ReverseProxy{
			FlushInterval: -1, // events are shown as they come
			Rewrite: func(p *httputil.ProxyRequest) {
				p.SetURL(shop)
				p.Out.Header.Set("User-Agent", b.agent)
				p.Out.Header.Del("Accept-Encoding")                                    // what is packed cannot be changed
				if q := p.Out.URL.Query(); strings.HasPrefix(q.Get("url"), here+"/") { // a page that wants to be signed
					q.Set("url", s.cfg.ShopURL+strings.TrimPrefix(q.Get("url"), here))
					p.Out.URL.RawQuery = q.Encode()
				}
				if p.In.Header.Get("Origin") == here {
					p.Out.Header.Set("Origin", s.cfg.ShopURL)
				}
			},
			ModifyResponse: func(res *http.Response) error { return s.adapt(res, here) },
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
				noShop(w, "商店没有应答："+s.cfg.ShopURL)
			},
			ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		}).ServeHTTP(w, r)
	})
}

func noShop(w http.ResponseWriter, why string) {
	send(w, http.StatusBadGateway, "text/plain; charset=utf-8", []byte(why))
}

var (
	ancestors = regexp.MustCompile(`frame-ancestors[^;]*`)
	headTag   = regexp.MustCompile(`(?i)<head[^>]*>`)
)

// adapt makes an answer one of the origin here: the phone may frame it, ways into WeChat and back
// to the shop stay in this browser, and a page gets the script.
func (s *phones) adapt(res *http.Response, here string) error {
	h := res.Header
	h.Del("X-Frame-Options")
	h.Del("Strict-Transport-Security")
	if csp := h.Get("Content-Security-Policy"); csp != "" {
		h.Set("Content-Security-Policy", ancestors.ReplaceAllString(csp, "frame-ancestors http://"+phoneHost+":* http://localhost:* http://127.0.0.1:*"))
	}
	authorize := s.cfg.PublicURL + "/connect/"
	if to := h.Get("Location"); to != "" {
		to = strings.Replace(to, authorize, here+"/connect/", 1)
		h.Set("Location", strings.Replace(to, s.cfg.ShopURL+"/", here+"/", 1))
	}
	switch kind, _, _ := strings.Cut(h.Get("Content-Type"), ";"); kind {
	case "text/html":
		return change(res, func(body []byte) []byte {
			at := headTag.FindIndex(body)
			if at == nil {
				return body
			}
			return slices.Concat(body[:at[1]], []byte(`<script src="/weixin/bridge.js"></script>`), body[at[1]:])
		})
	case "application/json", "application/problem+json":
		return change(res, func(body []byte) []byte {
			return bytes.ReplaceAll(body, []byte(authorize), []byte(here+"/connect/"))
		})
	}
	return nil
}

// change puts another body into an answer that has one. Its validator goes: the browser must not
// take the shop's own page for this one.
func change(res *http.Response, to func([]byte) []byte) error {
	if res.Request.Method == http.MethodHead || res.StatusCode == http.StatusNotModified {
		return nil
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	body = to(body)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res.Header.Set("Content-Length", strconv.Itoa(len(body)))
	res.Header.Del("ETag")
	return nil
}
