package sandbox

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/julienschmidt/httprouter"
	"go.etcd.io/bbolt"
)

//go:embed phone.html
var phoneHTML string

// phoneTemplate is the one page: a phone to pay with, and the developer's panel beside it.
var phoneTemplate = template.Must(template.New("phone").Funcs(template.FuncMap{
	"yuan":  yuan,
	"clock": func(t time.Time) string { return t.In(beijing).Format("01-02 15:04:05") },
	"full":  func(t time.Time) string { return t.In(beijing).Format("2006-01-02 15:04:05") },
	"ways": func(kind string) string {
		return map[string]string{native: "扫码", jsapi: "公众号", h5: "手机网页"}[kind]
	},
	"state": func(s string) string { return shortState[s] },
}).Parse(phoneHTML))

var shortState = map[string]string{notPaid: "待支付", success: "已支付", refunded: "有退款", closed: "已关闭", processing: "退款中", abnormal: "退款异常",
	pending: "待送达", delivered: "已送达", lost: "已丢失", givenUp: "已放弃"}

const merchantName = "MSTM 课堂"

// phonePage is what the template shows.
type phonePage struct {
	Merchant, ShopURL, MchID string
	Now                      time.Time

	Code    string // scanned; empty: the list
	Pay     string // the body of the call that pays it
	Trade   *trade
	Problem string // why Trade cannot be paid
	Back    string // where an h5 payer returns to

	Waiting []trade
	Recent  []tradeLine
	Refunds []refund
	Faults  string
	Presets []preset
	Presses []press
	Leaps   []leap
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

// preset is a fault at the press of a button.
type preset struct{ Name, Set string }

var presets = []preset{
	{"回调丢失 1 次", `{"callback":[{"event":"payment","lose":true,"times":1}]}`},
	{"回调并发重复 5 份", `{"callback":[{"repeat":5,"parallel":true}]}`},
	{"回调晚到 10 秒", `{"callback":[{"delay_ms":10000,"times":1}]}`},
	{"回调先于下单应答", `{"callback":[{"early":true,"times":1}]}`},
	{"回调金额多 1 分", `{"callback":[{"amount_delta":1,"times":1}]}`},
	{"回调签名错误", `{"callback":[{"bad_signature":true,"times":1}]}`},
	{"回调报文被改", `{"callback":[{"altered_body":true,"times":1}]}`},
	{"签名探测", `{"callback":[{"signtest":true,"attempts":1,"times":1}]}`},
	{"下单 500", `{"api":[{"api":"native","status":500,"times":1}]}`},
	{"下单成功但无应答", `{"api":[{"api":"native","drop":true,"times":1}]}`},
	{"下单应答晚 8 秒", `{"api":[{"api":"native","delay_ms":8000,"times":1}]}`},
	{"查单被限频", `{"api":[{"api":"query","status":429,"times":3}]}`},
	{"全部接口 502", `{"api":[{"api":"*","status":502,"html":true}]}`},
	{"接口挂起 30 秒", `{"api":[{"api":"*","delay_ms":30000}]}`},
	{"回调乱序（晚到 20 秒、两份）", `{"callback":[{"delay_s":20,"repeat":2,"times":1}]}`},
	{"回调改用平台证书签名", `{"callback":[{"signer":"certificate"}]}`},
	{"回调序列号未知", `{"callback":[{"unknown_serial":true,"times":1}]}`},
	{"签名时钟差 10 分钟", `{"clock_skew_s":600}`},
	{"退款异常", `{"refund":{"settle":"ABNORMAL","after_s":3}}`},
	{"退款挂起", `{"refund":{"settle":"HOLD"}}`},
}

// press is something that happens at the press of a button, POSTed with {}.
type press struct{ Name, Path string }

var presses = []press{
	{"关注公众号", "/sandbox/follow"},
	{"取消关注", "/sandbox/unfollow"},
	{"访问令牌立即失效", "/sandbox/access-token/expire"},
	{"换发平台证书", "/sandbox/certificates"},
}

// leap moves the business clock by a number of seconds.
type leap struct {
	Name    string
	Seconds int
}

var leaps = []leap{{"+1 分", 60}, {"+1 小时", 3600}, {"+1 天", 86400}, {"+7 天", 7 * 86400}, {"+31 天", 31 * 86400}}

// phone answers GET /, GET /phone and the address an h5_url leads to.
func (s *Sandbox) phone(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
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
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'self'")
	send(w, http.StatusOK, "text/html; charset=utf-8", out.Bytes())
}

func (s *Sandbox) phonePage(r *http.Request) (*phonePage, error) {
	p := &phonePage{Merchant: merchantName, ShopURL: s.cfg.ShopURL, MchID: s.keys.id.MchID, Now: s.now(), Presets: presets, Presses: presses, Leaps: leaps}
	if err := s.scan(p, scanned(r, s.cfg.PublicURL)); err != nil {
		return nil, err
	}
	p.Back = r.URL.Query().Get("redirect_url")
	if err := s.fillLists(p); err != nil {
		return nil, err
	}
	set, err := s.getFaults(nil)
	if err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(set, "", "  ")
	p.Faults = string(raw)
	return p, err
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

// scan looks the code up and says in words why it cannot be paid.
func (s *Sandbox) scan(p *phonePage, in payRequest) error {
	if in == (payRequest{}) {
		return nil
	}
	return s.db.View(func(tx *bbolt.Tx) (err error) {
		p.Trade, p.Code, err = s.find(tx, in)
		if err != nil {
			return err
		}
		if p.Code == "" {
			p.Code = in.OutTradeNo
		}
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		p.Pay = string(raw)
		var no *refusal
		if _, err := s.payable(tx, in); errors.As(err, &no) {
			p.Problem = no.message
		}
		return nil
	})
}

// fillLists collects what waits to be paid, and the newest trades with their callbacks.
func (s *Sandbox) fillLists(p *phonePage) error {
	all, err := s.trades()
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b trade) int { return b.CreatedAt.Compare(a.CreatedAt) })
	for _, t := range all {
		if t.State == notPaid && !p.Now.After(t.ExpiresAt) && len(p.Waiting) < 8 {
			p.Waiting = append(p.Waiting, t)
		}
	}
	for _, t := range all[:min(len(all), 8)] {
		line := tradeLine{trade: t}
		if e, err := s.newest(t.OutTradeNo, "payment"); err == nil {
			line.Callback = e
		}
		p.Recent = append(p.Recent, line)
	}
	p.Refunds, err = s.refunds()
	slices.SortStableFunc(p.Refunds, func(a, b refund) int { return b.CreatedAt.Compare(a.CreatedAt) })
	p.Refunds = p.Refunds[:min(len(p.Refunds), 6)]
	return err
}
