package sandbox

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Faults is everything that goes wrong on purpose. It lives in memory: a restart heals the sandbox.
type Faults struct {
	API      []APIFault      `json:"api,omitempty"`
	Callback []CallbackFault `json:"callback,omitempty"`
	Refund   *RefundFault    `json:"refund,omitempty"`

	ClockSkewS  int `json:"clock_skew_s,omitempty"`  // WeChat's clock for signatures is so far ahead of the merchant's
	CloseAfterS int `json:"close_after_s,omitempty"` // a trade younger than this (business time) is not closed; see closeTrade
}

// APIFault spoils an answer to the shop's calls.
type APIFault struct {
	API        string `json:"api"` // native, jsapi, h5, query, close, refund, refund_query, certificates, bill, bill_file (with status: half the file), stable_token, getticket, qrcode, user_info, oauth_token, template_send, subscribe_send, sms, * for any but bill_file
	OutTradeNo string `json:"out_trade_no,omitempty"`
	Times      int    `json:"times,omitempty"`

	DelayMS    int  `json:"delay_ms,omitempty"`    // do it, then answer so much later (real time)
	Drop       bool `json:"drop,omitempty"`        // do it, then cut the connection
	DropBefore bool `json:"drop_before,omitempty"` // cut the connection without doing it

	Status  int    `json:"status,omitempty"`  // answer this instead of doing it; 2xx is signed and empty
	Errcode int    `json:"errcode,omitempty"` // of the official account: answer this error instead of doing it
	After   bool   `json:"after,omitempty"`   // with status or errcode: do it first
	Code    string `json:"code,omitempty"`    // of the error body; by status when empty. Of sms without a status: each message is refused with it
	Message string `json:"message,omitempty"`
	HTML    bool   `json:"html,omitempty"` // the error body of a gateway
	Lose    bool   `json:"lose,omitempty"` // of sms: answered as sent, never arrives

	Signature string `json:"bad_signature,omitempty"` // unsigned, wrong, signtest, stale, unknown_serial
}

// CallbackFault spoils callbacks to the shop. An official account's event takes lose, delay_ms, repeat, parallel,
// bad_signature, altered_body and stale, with the call that causes it. It is drawn once, when the event comes into being,
// and holds for the first Attempts deliveries of it (0: for all). PUT /sandbox/faults takes the drawn ones back too.
type CallbackFault struct {
	Event      string `json:"event,omitempty"` // payment, refund; empty or * for both; message: what became of a sent one
	OutTradeNo string `json:"out_trade_no,omitempty"`
	Times      int    `json:"times,omitempty"` // events
	Attempts   int    `json:"attempts,omitempty"`

	Lose     bool `json:"lose,omitempty"`
	Early    bool `json:"early,omitempty"`    // the trade is paid, and the callback sent, before prepay answers
	DelayMS  int  `json:"delay_ms,omitempty"` // real time
	DelayS   int  `json:"delay_s,omitempty"`  // business time
	Repeat   int  `json:"repeat,omitempty"`   // copies of each delivery
	Parallel bool `json:"parallel,omitempty"` // all copies at once

	AmountDelta int64  `json:"amount_delta,omitempty"` // fen added to a payment's total, or to what a refund gives back
	MchID       string `json:"mchid,omitempty"`
	AppID       string `json:"appid,omitempty"`
	Currency    string `json:"currency,omitempty"`

	BadSignature  bool   `json:"bad_signature,omitempty"`
	AlteredBody   bool   `json:"altered_body,omitempty"` // one byte changed after signing
	SignTest      bool   `json:"signtest,omitempty"`     // WECHATPAY/SIGNTEST/…
	Stale         bool   `json:"stale,omitempty"`        // signed six minutes ago
	UnknownSerial bool   `json:"unknown_serial,omitempty"`
	Signer        string `json:"signer,omitempty"` // certificate or public_key, whatever the shop uses
	XML           bool   `json:"xml,omitempty"`    // the old v2 form

	Outcome string `json:"outcome,omitempty"` // of a message: "failed:user block" instead of "success"
}

// RefundFault decides how refunds end. Without it they become SUCCESS after three seconds.
type RefundFault struct {
	Settle string `json:"settle"`            // SUCCESS, ABNORMAL, CLOSED, or HOLD: by hand only
	AfterS int    `json:"after_s,omitempty"` // business time
}

// faultSet is the set in force.
type faultSet struct {
	mu  sync.Mutex
	now Faults
}

func (s *controls) openFaults() (*faultSet, error) { return &faultSet{}, nil }

// realNow is the time that signatures go by.
func (s *core) realNow() time.Time {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return time.Now().Add(time.Duration(s.faults.now.ClockSkewS) * time.Second)
}

// getFaults answers GET /sandbox/faults with what is left of the set.
func (s *controls) getFaults(*request) (any, error) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	out := s.faults.now
	out.API, out.Callback = slices.Clone(out.API), slices.Clone(out.Callback)
	return out, nil
}

// putFaults answers PUT /sandbox/faults. Events already drawn into a fault are freed of it.
func (s *controls) putFaults(r *request) (any, error) {
	var in Faults
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	s.faults.mu.Lock()
	s.faults.now = in
	s.faults.mu.Unlock()
	if err := s.callbacks.healPending(); err != nil {
		return nil, err
	}
	s.nudge()
	return s.getFaults(r)
}

// check refuses words that would silently never match.
func (f Faults) check() error {
	apis := []string{"native", "jsapi", "h5", "query", "close", "refund", "refund_query", "certificates", "bill", "bill_file",
		"stable_token", "getticket", "qrcode", "user_info", "oauth_token", "template_send", "subscribe_send", "sms", "*"}
	signatures := []string{"", "unsigned", "wrong", "signtest", "stale", "unknown_serial"}
	for _, a := range f.API {
		switch {
		case !slices.Contains(apis, a.API):
			return paramError("api/api", "unknown api "+a.API)
		case !slices.Contains(signatures, a.Signature):
			return paramError("api/bad_signature", "unknown kind "+a.Signature)
		case a.Status != 0 && (a.Status < 200 || a.Status > 599):
			return paramError("api/status", "no HTTP status")
		}
	}
	for _, c := range f.Callback {
		switch {
		case !slices.Contains([]string{"", "*", "payment", "refund", "message"}, c.Event):
			return paramError("callback/event", "unknown event "+c.Event)
		case !slices.Contains([]string{"", "certificate", "public_key"}, c.Signer):
			return paramError("callback/signer", "unknown signer "+c.Signer)
		case c.Repeat < 0 || c.Repeat > 1000:
			return paramError("callback/repeat", "0 to 1000")
		}
	}
	if f.CloseAfterS < 0 {
		return paramError("close_after_s", "0 or more")
	}
	if f.Refund != nil && !slices.Contains([]string{"SUCCESS", "ABNORMAL", "CLOSED", "HOLD"}, f.Refund.Settle) {
		return paramError("refund/settle", "unknown outcome "+f.Refund.Settle)
	}
	return nil
}

// drawAPI is the fault for one call, used up by one; the zero value is none.
func (f *faultSet) drawAPI(api, outTradeNo string) APIFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.now.API, func(a APIFault) bool {
		return (a.API == api || a.API == "*" && api != "bill_file") && (a.OutTradeNo == "" || a.OutTradeNo == outTradeNo)
	})
	if i < 0 {
		return APIFault{}
	}
	drawn := f.now.API[i]
	f.now.API = use(f.now.API, i, &f.now.API[i].Times)
	return drawn
}

// drawCallback is the fault for one event. Early ones are drawn while a prepay is being answered, and only then.
func (f *faultSet) drawCallback(event, outTradeNo string, early bool) (CallbackFault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.now.Callback, func(c CallbackFault) bool {
		both := (c.Event == "" || c.Event == "*") && event != "message"
		return c.Early == early && (both || c.Event == event) && (c.OutTradeNo == "" || c.OutTradeNo == outTradeNo)
	})
	if i < 0 {
		return CallbackFault{}, false
	}
	drawn := f.now.Callback[i]
	f.now.Callback = use(f.now.Callback, i, &f.now.Callback[i].Times)
	return drawn, true
}

// use counts one use of rule i and takes it out after its last.
func use[T any](rules []T, i int, times *int) []T {
	if *times == 1 {
		return slices.Delete(rules, i, i+1)
	}
	if *times > 1 {
		*times--
	}
	return rules
}

// closeAfter is how old a trade must be to be closed.
func (f *faultSet) closeAfter() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Duration(f.now.CloseAfterS) * time.Second
}

// refundEnd is how a refund accepted now will end, and after how long.
func (f *faultSet) refundEnd() (status string, after time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now.Refund == nil {
		return "SUCCESS", 3 * time.Second
	}
	return f.now.Refund.Settle, time.Duration(f.now.Refund.AfterS) * time.Second
}

func (f APIFault) spoil() spoil {
	return spoil{unsigned: f.Signature == "unsigned", wrongKey: f.Signature == "wrong", signtest: f.Signature == "signtest",
		stale: f.Signature == "stale", unknownSerial: f.Signature == "unknown_serial"}
}

func (f CallbackFault) spoil() spoil {
	return spoil{wrongKey: f.BadSignature, signtest: f.SignTest, stale: f.Stale, unknownSerial: f.UnknownSerial}
}

// answerFault writes the status a fault asks for.
func (s *controls) answerFault(w http.ResponseWriter, r *http.Request, f APIFault) {
	if f.Status/100 == 3 {
		w.Header().Set("Location", r.URL.RequestURI()) // a client that follows it does what was not done
	}
	if f.HTML {
		send(w, f.Status, "text/html", []byte("<html><head><title>"+http.StatusText(f.Status)+"</title></head><body><center><h1>"+http.StatusText(f.Status)+"</h1></center></body></html>\n"))
		return
	}
	if f.Status < 300 {
		s.keys.signer(r.Header.Get("Wechatpay-Serial")).sign(w.Header(), []byte("{}"), s.realNow(), f.spoil())
		send(w, f.Status, "application/json; charset=utf-8", []byte("{}"))
		return
	}
	code, message := f.Code, f.Message
	if code == "" {
		code = codeOf[f.Status]
	}
	if message == "" {
		message = "sandbox fault"
	}
	status, body := s.refuse(r, &refusal{f.Status, code, message, ""})
	send(w, status, "application/json; charset=utf-8", body)
}

// codeOf is what WeChat usually says with a status.
var codeOf = map[int]string{
	http.StatusBadRequest: "PARAM_ERROR", http.StatusUnauthorized: "SIGN_ERROR", http.StatusForbidden: "NO_AUTH",
	http.StatusNotFound: "RESOURCE_NOT_EXISTS", http.StatusTooManyRequests: "FREQUENCY_LIMITED",
	http.StatusInternalServerError: "SYSTEM_ERROR", http.StatusBadGateway: "SERVICE_UNAVAILABLE", http.StatusServiceUnavailable: "SERVICE_UNAVAILABLE",
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
