package wechat_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"mstm/wechat"
)

// TestPageSignature_OfTheDocumentedPage_IsTheDocumentedOne: the example of WeChat's documentation, appendix 1 of the JS-SDK.
func TestPageSignature_OfTheDocumentedPage_IsTheDocumentedOne(t *testing.T) {
	const ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
	for _, page := range []string{"http://mp.weixin.qq.com?params=value", "http://mp.weixin.qq.com?params=value#top"} {
		if got := wechat.PageSignature(ticket, "Wm3WZYTPz0wzccnW", 1414587457, page); got != "0f9de62fce790f9a083d5c99e95740ceb90c27ed" {
			t.Errorf("%s: %s", page, got)
		}
	}
}

// TestSignPage_ManyInstancesAtOnce_ShareOneTicket and WeChat's app takes their signatures, and no others.
func TestSignPage_ManyInstancesAtOnce_ShareOneTicket(t *testing.T) {
	w := newWorld(t, "")
	page := w.shop.URL + "/courses/go1?from=p-abc"
	var (
		wg   sync.WaitGroup
		lock sync.Mutex
		all  []wechat.PageConfig
	)
	for _, a := range w.instances(4, &shelf{kept: map[string]string{}}) {
		for range 5 {
			wg.Go(func() {
				c, err := a.SignPage(t.Context(), page+"#notes")
				if err != nil {
					t.Error(err)
				}
				lock.Lock()
				defer lock.Unlock()
				all = append(all, c)
			})
		}
	}
	wg.Wait()
	var count struct {
		Asked int `json:"asked"`
	}
	w.control("GET", "/sandbox/page-ticket", nil, &count)
	if count.Asked != 1 {
		t.Errorf("WeChat was asked for a ticket %d times", count.Asked)
	}
	says := func(c wechat.PageConfig, url string) string {
		var out struct {
			Said string `json:"errMsg"`
		}
		if status := w.control("POST", "/sandbox/page-config", map[string]any{
			"appId": c.AppID, "timestamp": c.Timestamp, "nonceStr": c.Nonce, "signature": c.Signature, "url": url,
		}, &out); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		return out.Said
	}
	nonces := map[string]bool{}
	for _, c := range all {
		nonces[c.Nonce] = true
		if got := says(c, page); got != "config:ok" {
			t.Errorf("%+v: %s", c, got)
		}
	}
	if len(nonces) != 20 {
		t.Errorf("%d nonces in 20 signatures", len(nonces))
	}
	bad := all[0]
	bad.Timestamp++
	if got := says(bad, page); !strings.Contains(got, "invalid signature") {
		t.Errorf("another time: %s", got)
	}
	if got := says(all[0], page+"&x=1"); !strings.Contains(got, "invalid signature") {
		t.Errorf("another page: %s", got)
	}
	if got := says(all[0], "https://elsewhere.example/"); !strings.Contains(got, "invalid url domain") {
		t.Errorf("a page elsewhere: %s", got)
	}
}

// TestSignPage_WithoutATicket_AsksNotForEachPage: a shop whose account gives none out does not wear out its calls.
func TestSignPage_WithoutATicket_AsksNotForEachPage(t *testing.T) {
	w := newWorld(t, "")
	a := w.account(w.now)
	w.faults(`{"api":[{"api":"getticket","errcode":45009,"times":1}]}`)
	for range 3 {
		if _, err := a.SignPage(t.Context(), w.shop.URL+"/"); err == nil {
			t.Error("signed without a ticket") // the fault is good for one call: the second would have had one
		}
	}
}
