package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/julienschmidt/httprouter"
)

const maxBody = 64 << 10

// Handler serves WeChat's APIs, the control API and the phone.
func (s *Sandbox) Handler() http.Handler {
	r := httprouter.New()
	r.RedirectTrailingSlash, r.RedirectFixedPath = false, false // a signed path is never another path
	s.payRoutes(r)
	s.official.accountRoutes(r)
	s.textRoutes(r)
	s.controlRoutes(r)
	return s.phones.inFront(r)
}

// payRoutes is WeChat Pay, under its real paths.
func (s *Sandbox) payRoutes(r *httprouter.Router) {
	r.POST("/v3/pay/transactions/native", s.api("native", s.merchant.prepay(native)))
	r.POST("/v3/pay/transactions/jsapi", s.api("jsapi", s.merchant.prepay(jsapi)))
	r.POST("/v3/pay/transactions/h5", s.api("h5", s.merchant.prepay(h5)))
	r.GET("/v3/pay/transactions/out-trade-no/:out_trade_no", s.api("query", s.merchant.queryTrade))
	r.GET("/v3/pay/transactions/id/:transaction_id", s.api("query", s.merchant.queryTransaction))
	r.POST("/v3/pay/transactions/out-trade-no/:out_trade_no/close", s.api("close", s.merchant.closeTrade))
	r.POST("/v3/refund/domestic/refunds", s.api("refund", s.merchant.createRefund))
	r.GET("/v3/refund/domestic/refunds/:out_refund_no", s.api("refund_query", s.merchant.queryRefund))
	r.GET("/v3/bill/tradebill", s.api("bill", s.bills.tradeBill))
	r.GET("/v3/billdownload/file", s.bills.downloadBill)
	r.GET("/v3/certificates", s.api("certificates", s.merchant.certificates))
}

// controlRoutes is what a developer steers the sandbox with.
func (s *Sandbox) controlRoutes(r *httprouter.Router) {
	r.GET("/sandbox", s.local(s.controls.help))
	r.POST("/sandbox/pay", s.control(s.phones.pay))
	r.GET("/sandbox/trades", s.control(s.merchant.listTrades))
	r.GET("/sandbox/trades/:out_trade_no", s.control(s.merchant.showTrade))
	r.GET("/sandbox/refunds", s.control(s.merchant.listRefunds))
	r.POST("/sandbox/refunds/:out_refund_no", s.control(s.merchant.settleRefund))
	r.POST("/sandbox/callbacks/:out_trade_no", s.control(s.callbacks.resend))
	r.POST("/sandbox/forge", s.control(s.callbacks.forge))
	r.GET("/sandbox/faults", s.control(s.controls.getFaults))
	r.PUT("/sandbox/faults", s.control(s.controls.putFaults))
	r.GET("/sandbox/clock", s.control(s.controls.getClock))
	r.PUT("/sandbox/clock", s.control(s.controls.putClock))
	r.POST("/sandbox/certificates", s.control(s.merchant.issueCertificate))
	r.POST("/sandbox/look", s.control(s.phones.look))
	r.GET("/sandbox/owner", s.control(s.phones.showOwner))
	r.PUT("/sandbox/owner", s.control(s.phones.putOwner))
	r.GET("/", s.local(s.phones.phone))
	r.GET("/phone", s.local(s.phones.phone))
	r.GET("/phone/:file", s.local(s.phones.phoneFile))
	r.GET("/cgi-bin/mmpayweb-bin/checkmweb", s.local(s.phones.phone))
}

// request is one call with its body read.
type request struct {
	*http.Request
	params httprouter.Params
	body   []byte
}

// endpoint answers with a value for the body (nil: 204 without one) or a *refusal.
type endpoint func(*request) (any, error)

// refusal is an error answer in WeChat's form; field is a JSON pointer to what was wrong.
type refusal struct {
	status               int
	code, message, field string
}

func (e *refusal) Error() string { return fmt.Sprintf("%d %s %s", e.status, e.code, e.message) }

func paramError(field, message string) error {
	return &refusal{http.StatusBadRequest, "PARAM_ERROR", message, "/" + field}
}

func newRequest(w http.ResponseWriter, r *http.Request, params httprouter.Params) (*request, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "INVALID_REQUEST", "请求体过大", ""}
	}
	return &request{Request: r, params: params, body: body}, nil
}

// decode reads a control body strictly; an empty one counts as {}.
func (r *request) decode(v any) error {
	if len(bytes.TrimSpace(r.body)) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return &refusal{http.StatusBadRequest, "PARAM_ERROR", err.Error(), ""}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return &refusal{http.StatusBadRequest, "PARAM_ERROR", "data after the JSON value", ""}
	}
	return nil
}

// api adapts an endpoint of WeChat's: Authorization, faults, signed success, unsigned refusal.
func (s *Sandbox) api(name string, do endpoint) httprouter.Handle {
	return func(w http.ResponseWriter, hr *http.Request, params httprouter.Params) {
		w.Header().Set("Request-Id", strings.ToUpper(randomHex(16)))
		w.Header().Set("Date", s.realNow().UTC().Format(http.TimeFormat))
		r, err := newRequest(w, hr, params)
		if err == nil {
			err = s.keys.authorize(hr, r.body, s.realNow())
		}
		if err != nil {
			s.answer(w, hr, nil, err, spoil{})
			return
		}
		f := s.faults.drawAPI(name, r.tradeNo())
		if f.DropBefore {
			cut()
		}
		var out any
		if f.Status == 0 || f.After {
			out, err = do(r)
		}
		pause(hr.Context(), time.Duration(f.DelayMS)*time.Millisecond)
		switch {
		case f.Drop:
			cut()
		case f.Status != 0:
			s.controls.answerFault(w, hr, f)
		default:
			s.answer(w, hr, out, err, f.spoil())
		}
	}
}

// cut ends the connection without an answer.
func cut() { panic(http.ErrAbortHandler) }

// answer writes what an API endpoint returned: signed when it is a success, and only then, as WeChat does.
func (s *Sandbox) answer(w http.ResponseWriter, r *http.Request, out any, err error, bad spoil) {
	status, body := http.StatusOK, []byte(nil)
	switch {
	case err != nil:
		status, body = s.refuse(r, err)
	case out == nil:
		status = http.StatusNoContent
	default:
		if body, err = json.Marshal(out); err != nil {
			status, body = s.refuse(r, err)
		}
	}
	if status < 300 {
		s.keys.signer(r.Header.Get("Wechatpay-Serial")).sign(w.Header(), body, s.realNow(), bad)
	}
	send(w, status, "application/json; charset=utf-8", body)
}

func send(w http.ResponseWriter, status int, kind string, body []byte) {
	if status != http.StatusNoContent {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have gone
}

// refuse is the one place where an error becomes an answer. An error that is no refusal is a fault
// of this program: logged, and answered as WeChat answers its own faults.
func (s *core) refuse(r *http.Request, err error) (int, []byte) {
	var e *refusal
	if !errors.As(err, &e) {
		s.log.ErrorContext(r.Context(), "sandbox request failed", "path", r.URL.Path, "err", err)
		e = &refusal{http.StatusInternalServerError, "SYSTEM_ERROR", "系统异常，请稍后重试", ""}
	}
	out := map[string]any{"code": e.code, "message": e.message}
	if e.field != "" {
		out["detail"] = map[string]any{"field": e.field, "issue": e.message, "location": "body"}
	}
	body, _ := json.Marshal(out)
	return e.status, body
}

// control adapts an endpoint of the control API, for this machine only.
func (s *core) control(do endpoint) httprouter.Handle {
	return s.local(func(w http.ResponseWriter, hr *http.Request, params httprouter.Params) {
		r, err := newRequest(w, hr, params)
		var out any
		if err == nil {
			out, err = do(r)
		}
		status, body := http.StatusOK, []byte(nil)
		if err == nil {
			body, err = json.MarshalIndent(out, "", "  ")
		}
		if err != nil {
			status, body = s.refuse(hr, err)
		}
		send(w, status, "application/json; charset=utf-8", append(body, '\n'))
	})
}

// local refuses a foreign Host (DNS rebinding) and a foreign Origin (a page elsewhere posting here).
func (s *core) local(next httprouter.Handle) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
		origin := r.Header.Get("Origin")
		u, err := url.Parse(origin)
		if !s.isLocal(r.Host) || origin != "" && (err != nil || !s.isLocal(u.Host)) {
			status, body := s.refuse(r, &refusal{http.StatusForbidden, "FOREIGN_ORIGIN", "the sandbox is steered from its own address only", ""})
			send(w, status, "application/json", body)
			return
		}
		next(w, r, params)
	}
}

func (s *core) isLocal(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || host == phoneHost || browserOf(host) != nil || s.hosts[host] || ip != nil && ip.IsLoopback()
}

// items is the form of every list.
type items[T any] struct {
	Items []T `json:"items"`
}
