package sandbox

import (
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/julienschmidt/httprouter"
	"go.etcd.io/bbolt"
)

// pageTicket is the account's jsapi_ticket.
type pageTicket struct {
	Text  string    `json:"text"`
	Ends  time.Time `json:"ends"`
	Asked int       `json:"asked"` // calls
}

const (
	metaPageTicket = "page_ticket"
	pageTicketLife = 2 * time.Hour
)

// scriptedPages are pages inside WeChat that use its script, and the ticket that their signatures are made with.
type scriptedPages struct{ mp *official }

func (s scriptedPages) routes(r *httprouter.Router) {
	r.GET("/cgi-bin/ticket/getticket", s.mp.account("getticket", s.mp.withToken(s.getTicket)))
	r.GET("/open/js/jweixin-1.6.0.js", s.pageScript)
	r.GET("/weixin/config.js", s.mp.local(s.answerPage))
	r.POST("/sandbox/page-config", s.mp.control(s.checkPage))
	r.GET("/sandbox/page-ticket", s.mp.control(s.showTicket))
}

func (s scriptedPages) changeTicket(change func(*pageTicket)) (t *pageTicket, err error) {
	err = s.mp.db.Update(func(tx *bbolt.Tx) (err error) {
		if t, err = get[pageTicket](tx, bucketMeta, metaPageTicket); err != nil {
			return err
		}
		if t == nil {
			t = &pageTicket{}
		}
		change(t)
		return put(tx, bucketMeta, metaPageTicket, t)
	})
	return t, err
}

// getTicket answers GET /cgi-bin/ticket/getticket?type=jsapi: the same ticket until the end of its life.
func (s scriptedPages) getTicket(r *request) (any, error) {
	if r.URL.Query().Get("type") != "jsapi" {
		return nil, &errcode{40097, "invalid args: the sandbox gives out jsapi tickets only"}
	}
	now := s.mp.now()
	t, err := s.changeTicket(func(t *pageTicket) {
		if t.Asked++; t.Text == "" || !now.Before(t.Ends) || t.Ends.Sub(now) > pageTicketLife {
			t.Text, t.Ends = "sandbox_"+randomHex(36), now.Add(pageTicketLife)
		}
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "ticket": t.Text, "expires_in": int64(t.Ends.Sub(now) / time.Second)}, nil
}

// showTicket answers GET /sandbox/page-ticket with how often one was asked for.
func (s scriptedPages) showTicket(*request) (any, error) {
	t, err := s.changeTicket(func(*pageTicket) {})
	return map[string]int{"asked": t.Asked}, err
}

// pageCall is what a page hands to wx.config, and where it is.
type pageCall struct {
	AppID     string `json:"appId"`
	Timestamp int64  `json:"timestamp"`
	Nonce     string `json:"nonceStr"`
	Signature string `json:"signature"`
	URL       string `json:"url"`
}

// signedWith is the signature that WeChat's app computes for itself.
func (c pageCall) signedWith(ticket string) string {
	page, _, _ := strings.Cut(c.URL, "#")
	sum := sha1.Sum([]byte("jsapi_ticket=" + ticket + "&noncestr=" + c.Nonce + "&timestamp=" + strconv.FormatInt(c.Timestamp, 10) + "&url=" + page))
	return hex.EncodeToString(sum[:])
}

// verdict is what WeChat's app says to it.
func (s scriptedPages) verdict(c pageCall) (string, error) {
	t, err := s.changeTicket(func(*pageTicket) {})
	if err != nil {
		return "", err
	}
	page, err := url.Parse(c.URL)
	shop, _ := url.Parse(s.mp.cfg.ShopURL)
	if err == nil && browserOf(page.Host) != nil && shop != nil { // the shop, as that browser knows it
		page.Scheme, page.Host = shop.Scheme, shop.Host
		c.URL = page.String()
	}
	switch {
	case c.AppID != s.mp.keys.id.AppID:
		return "config:fail,invalid appid", nil
	case err != nil || shop == nil || page.Host != shop.Host:
		return "config:fail,invalid url domain", nil
	case t.Text == "" || !s.mp.now().Before(t.Ends) || c.Signature != c.signedWith(t.Text):
		return "config:fail,invalid signature", nil
	}
	return "config:ok", nil
}

// checkPage answers POST /sandbox/page-config `{appId,timestamp,nonceStr,signature,url}` as WeChat's app answers wx.config in
// a page at url: `{errMsg}`.
func (s scriptedPages) checkPage(r *request) (any, error) {
	var in pageCall
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	said, err := s.verdict(in)
	return map[string]string{"errMsg": said}, err
}

//go:embed page/jweixin.js
var jweixinJS []byte

// pageScript answers GET /open/js/jweixin-1.6.0.js, which the pages load at res.wx.qq.com from the real WeChat.
func (s scriptedPages) pageScript(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) {
	w.Header().Set("Cache-Control", "no-store")
	send(w, http.StatusOK, "text/javascript; charset=utf-8", jweixinJS)
}

// answerPage is checkPage for the script, which may fetch nothing in a page of the shop but other scripts.
func (s scriptedPages) answerPage(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	q := r.URL.Query()
	at, _ := strconv.ParseInt(q.Get("timestamp"), 10, 64)
	said, err := s.verdict(pageCall{q.Get("appId"), at, q.Get("nonceStr"), q.Get("signature"), q.Get("url")})
	if err != nil {
		said = "config:fail,system error"
	}
	text, _ := json.Marshal(said) // a string
	w.Header().Set("Cache-Control", "no-store")
	send(w, http.StatusOK, "text/javascript; charset=utf-8", []byte("window.wx.answered("+strings.TrimSpace(string(text))+")\n"))
}
