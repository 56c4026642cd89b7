package sandbox

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/julienschmidt/httprouter"
	"github.com/rivo/uniseg"
	"go.etcd.io/bbolt"
)

//go:embed page/phone.html page/phone.css page/phone.js
var pageFiles embed.FS

// phoneTemplate is the one page: a phone to pay with, and the developer's panel beside it.
var phoneTemplate = template.Must(template.New("phone.html").Funcs(template.FuncMap{
	"yuan":  yuan,
	"clock": func(t time.Time) string { return t.In(beijing).Format("01-02 15:04:05") },
	"full":  func(t time.Time) string { return t.In(beijing).Format("2006-01-02 15:04:05") },
	"hour":  func(t time.Time) string { return t.In(beijing).Format("1月2日 15:04") },
	"first": func(s string) string { c, _, _, _ := uniseg.FirstGraphemeClusterInString(s, -1); return c },
	"ways": func(kind string) string {
		return map[string]string{native: "扫码", jsapi: "公众号", h5: "手机网页"}[kind]
	},
	"state": func(s string) string { return cmp.Or(shortState[s], s) },
}).ParseFS(pageFiles, "page/phone.html"))

var shortState = map[string]string{notPaid: "待支付", success: "已支付", refunded: "有退款", closed: "已关闭", processing: "退款中", abnormal: "退款异常",
	pending: "待送达", delivered: "已送达", lost: "已丢失", givenUp: "已放弃"}

const merchantName = "MSTM 课堂"

// The phone's tabs.
const (
	tabScan     = "scan"
	tabMessages = "messages"
	tabTexts    = "texts"
	tabShop     = "shop"
	tabMe       = "me"
)

// phonePage is what the template shows.
type phonePage struct {
	Merchant, ShopURL, MchID string
	Now                      time.Time
	Tab                      string
	Owner                    person
	People                   []person

	Code    string  // scanned; empty: a tab
	Pay     string  // the body of the call that pays it
	Trade   *trade  // what it pays
	QR      *qrCode // or the account's code that it is
	Problem string  // why it is good for nothing
	Back    string  // where an h5 payer returns to

	Waiting   []trade  // to be paid
	Codes     []qrCode // to be scanned
	Following bool
	Consents  int // to messages of an activity
	Messages  []message
	Texts     []textMessage // to all numbers
	Paid      []trade       // by the owner

	Browser, ShopAt string // the shop's tab: wechat or safari, and its address there

	Recent  []tradeLine
	Refunds []refund
	Faults  string
	Groups  []faultGroup
	Leaps   []leap
}

// Link is where a message leads on this phone: WeChat opens a page of the shop in its own browser.
func (p *phonePage) Link(to string) string {
	if rest, ok := strings.CutPrefix(to, p.ShopURL); ok && p.ShopURL != "" {
		return "/phone?" + url.Values{"tab": {tabShop}, "in": {"wechat"}, "to": {rest}}.Encode()
	}
	return to
}

// Newest is the number of the newest message.
func (p *phonePage) Newest() int64 {
	if len(p.Messages) == 0 {
		return 0
	}
	return p.Messages[0].MsgID
}

// tradeLine is a trade with its newest callback.
type tradeLine struct {
	trade
	Callback *event
}

// LastStatus is what the shop answered last.
func (l tradeLine) LastStatus() int {
	if l.Callback == nil || len(l.Callback.Deliveries) == 0 {
		return 0
	}
	return l.Callback.Deliveries[len(l.Callback.Deliveries)-1].Status
}

// policy is the page's own script and style, a browser of the phone in a frame, and in that again
// this page, when an h5 payer comes.
func (s *phones) policy() string {
	return "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src http://*." + phoneHost + ":* " + s.cfg.PublicURL +
		"; frame-ancestors 'self' http://" + phoneHost + ":* http://*." + phoneHost + ":*; base-uri 'none'; form-action 'self'"
}

// phone answers GET /, GET /phone and the address an h5_url leads to.
func (s *phones) phone(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	if host, port, err := net.SplitHostPort(r.Host); err == nil && r.URL.Query().Get("tab") == tabShop && host != phoneHost {
		http.Redirect(w, r, "http://"+phoneHost+":"+port+r.URL.RequestURI(), http.StatusFound) // the site of its browsers
		return
	}
	page, err := s.phonePage(r)
	var out bytes.Buffer
	if err == nil {
		err = phoneTemplate.Execute(&out, page)
	}
	if err != nil {
		status, body := s.refuse(r, err)
		send(w, status, "application/json; charset=utf-8", body)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", s.policy())
	send(w, http.StatusOK, "text/html; charset=utf-8", out.Bytes())
}

// phoneFile answers GET /phone/:file.
func (s *phones) phoneFile(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
	kinds := map[string]string{"phone.css": "text/css; charset=utf-8", "phone.js": "text/javascript; charset=utf-8"}
	name := params.ByName("file")
	body, err := pageFiles.ReadFile("page/" + name)
	if err != nil || kinds[name] == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	send(w, http.StatusOK, kinds[name], body)
}

func (s *phones) phonePage(r *http.Request) (*phonePage, error) {
	q := r.URL.Query()
	p := &phonePage{Merchant: merchantName, ShopURL: s.cfg.ShopURL, MchID: s.keys.id.MchID, Now: s.now(), Groups: faultGroups, Leaps: leaps,
		Tab: tabScan, People: people[:], Back: q.Get("redirect_url")}
	if slices.Contains([]string{tabMessages, tabTexts, tabShop, tabMe}, q.Get("tab")) {
		p.Tab = q.Get("tab")
	}
	p.Owner = people[ownerIndex(s.openidOr(""))]
	s.openShop(p, r)
	if err := s.scan(p, scanned(r, s.cfg.PublicURL)); err != nil {
		return nil, err
	}
	if strings.HasPrefix(r.URL.Path, "/cgi-bin/") && r.Referer() == "" {
		// WeChat compares it with the H5 domain of its console, which the sandbox does not know.
		p.Problem = "商家参数格式有误，请联系商家解决：商店的页面没有带上 Referer"
	}
	if err := s.db.View(func(tx *bbolt.Tx) error { return s.fillAccount(tx, p) }); err != nil {
		return nil, err
	}
	if err := s.fillLists(p); err != nil {
		return nil, err
	}
	var err error
	if p.Texts, err = s.texts.newest("", 20); err != nil {
		return nil, err
	}
	set, err := s.controls.getFaults(nil)
	if err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(set, "", "  ")
	p.Faults = string(raw)
	return p, err
}

// openShop is the shop's tab: in WeChat's browser of the phone's owner, or in the phone's.
func (s *phones) openShop(p *phonePage, r *http.Request) {
	host := browsers[ownerIndex(p.Owner.Openid)].host
	p.Browser = "wechat"
	if r.URL.Query().Get("in") == "safari" {
		p.Browser, host = "safari", safariHost
	}
	to := r.URL.Query().Get("to")
	if !strings.HasPrefix(to, "/") {
		to = "/"
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		host += ":" + port
	}
	p.ShopAt = "http://" + host + to
}

// scanned is what the phone was pointed at: a code in the query, or the h5 page itself.
func scanned(r *http.Request, publicURL string) payRequest {
	q := r.URL.Query()
	if strings.HasPrefix(r.URL.Path, "/cgi-bin/") {
		return payRequest{H5URL: publicURL + r.URL.RequestURI()}
	}
	in := payRequest{OutTradeNo: q.Get("out_trade_no")}
	switch code := strings.TrimSpace(q.Get("code_url")); {
	case strings.Contains(code, "checkmweb"):
		in.H5URL = code
	case strings.HasPrefix(code, "wx"), strings.HasPrefix(code, "prepay_id="):
		in.PrepayID = code
	default:
		in.CodeURL = code
	}
	return in
}

// scan looks the code up and says in words why it is good for nothing, if it is not.
func (s *phones) scan(p *phonePage, in payRequest) error {
	if in == (payRequest{}) {
		return nil
	}
	var no *refusal
	if qr, err := s.followers.findCode(act{URL: in.CodeURL}); err == nil {
		p.Code, p.QR = in.CodeURL, qr
		return nil
	} else if errors.As(err, &no) && no.code == "QR_EXPIRED" {
		p.Code, p.Problem = in.CodeURL, no.message
		return nil
	}
	return s.db.View(func(tx *bbolt.Tx) (err error) {
		p.Trade, p.Code, err = s.find(tx, in)
		if err != nil {
			return err
		}
		p.Code = cmp.Or(p.Code, in.OutTradeNo)
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		p.Pay = string(raw)
		if _, err := s.payable(tx, in); errors.As(err, &no) {
			p.Problem = no.message
		}
		return nil
	})
}

// fillAccount is what the official account is to the phone's owner.
func (s *phones) fillAccount(tx *bbolt.Tx, p *phonePage) error {
	f, err := get[follower](tx, bucketFollowers, p.Owner.Openid)
	if err != nil {
		return err
	}
	p.Following = f != nil && f.Following
	if p.Messages, err = list[message](tx, bucketMessages, p.Owner.Openid+"/"); err != nil {
		return err
	}
	slices.Reverse(p.Messages)
	p.Messages = p.Messages[:min(len(p.Messages), 20)]
	consents, err := get[int](tx, bucketGrants, p.Owner.Openid+"/"+activityTemplate().ID)
	if consents != nil {
		p.Consents = *consents
	}
	if err != nil {
		return err
	}
	codes, err := list[qrCode](tx, bucketQRCodes, "")
	p.Codes = slices.DeleteFunc(codes, func(c qrCode) bool { return !p.Now.Before(c.Ends) })
	slices.SortStableFunc(p.Codes, func(a, b qrCode) int { return b.Ends.Compare(a.Ends) })
	p.Codes = p.Codes[:min(len(p.Codes), 4)]
	return err
}

// fillLists collects what waits to be paid, and the newest trades with their callbacks.
func (s *phones) fillLists(p *phonePage) error {
	all, err := s.merchant.trades()
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b trade) int { return b.CreatedAt.Compare(a.CreatedAt) })
	for _, t := range all {
		if t.State == notPaid && !p.Now.After(t.ExpiresAt) && len(p.Waiting) < 8 {
			p.Waiting = append(p.Waiting, t)
		}
		if t.paid() && t.Openid == p.Owner.Openid && len(p.Paid) < 12 {
			p.Paid = append(p.Paid, t)
		}
	}
	for _, t := range all[:min(len(all), 8)] {
		line := tradeLine{trade: t}
		if e, err := s.callbacks.newest(t.OutTradeNo, "payment"); err == nil {
			line.Callback = e
		}
		p.Recent = append(p.Recent, line)
	}
	p.Refunds, err = s.merchant.refunds()
	slices.SortStableFunc(p.Refunds, func(a, b refund) int { return b.CreatedAt.Compare(a.CreatedAt) })
	p.Refunds = p.Refunds[:min(len(p.Refunds), 6)]
	return err
}
