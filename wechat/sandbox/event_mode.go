package sandbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// eventMode is how the account posts its events, as its console calls it.
type eventMode string

// The modes: encrypted, as they are, or both in one.
const (
	modeSafe       eventMode = "safe"       // 安全模式
	modePlain      eventMode = "plain"      // 明文模式
	modeCompatible eventMode = "compatible" // 兼容模式
)

const metaEventMode = "event_mode"

func (s *followers) eventMode() (mode eventMode, err error) {
	mode = modeSafe
	err = s.db.View(func(tx *bbolt.Tx) error {
		kept, err := get[eventMode](tx, bucketMeta, metaEventMode)
		if kept != nil {
			mode = *kept
		}
		return err
	})
	return mode, err
}

// modeFace is what the control API shows of it.
type modeFace struct {
	Mode eventMode `json:"mode"`
}

// showEventMode answers GET /sandbox/events.
func (s *followers) showEventMode(*request) (any, error) {
	mode, err := s.eventMode()
	return modeFace{mode}, err
}

// setEventMode answers PUT /sandbox/events `{mode}`.
func (s *followers) setEventMode(r *request) (any, error) {
	var in modeFace
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if !slices.Contains([]eventMode{modeSafe, modePlain, modeCompatible}, in.Mode) {
		return nil, paramError("mode", "safe, plain or compatible")
	}
	return in, s.db.Update(func(tx *bbolt.Tx) error { return put(tx, bucketMeta, metaEventMode, in.Mode) })
}

// checkEventsURL answers POST /sandbox/events/check `{fault?}`: the console asks the shop whether the
// address is its own, as it does before it keeps one. ok says whether it is.
func (s *followers) checkEventsURL(r *request) (any, error) {
	var in struct {
		Fault CallbackFault `json:"fault"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	q, echo := s.signedQuery(in.Fault), digits(19)
	q.Set("echostr", echo)
	out := struct {
		OK bool `json:"ok"`
		delivery
	}{}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, s.cfg.EventsURL+"?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	out.delivery = s.posted(req)
	out.OK = out.Status == http.StatusOK && out.Body == echo
	return out, nil
}

// signedQuery is what every request about events carries: a signature of now, over nothing else.
func (s *followers) signedQuery(f CallbackFault) url.Values {
	at := time.Now()
	if f.Stale {
		at = at.Add(-6 * time.Minute)
	}
	stamp, nonce, token := strconv.FormatInt(at.Unix(), 10), digits(10), s.keys.id.EventToken
	if f.BadSignature {
		token = "not the token"
	}
	return url.Values{"timestamp": {stamp}, "nonce": {nonce}, "signature": {sortedSHA1(token, stamp, nonce)}}
}

// eventLetter is an event on its way, in the account's mode. In plain mode an altered body cannot
// be noticed.
func (s *followers) eventLetter(ctx context.Context, openid string, plain []byte, f CallbackFault) (*http.Request, error) {
	mode, err := s.eventMode()
	if err != nil {
		return nil, err
	}
	q := s.signedQuery(f)
	q.Set("openid", openid)
	body := string(plain)
	if mode != modePlain {
		sealed, err := s.keys.sealEvent(plain)
		if err != nil {
			return nil, err
		}
		s.signSealed(q, sealed, f)
		if f.AlteredBody {
			sealed = strings.Map(func(r rune) rune { // one letter for another everywhere: still base64
				if r == 'A' {
					return 'B'
				}
				return r
			}, "A"+sealed[1:])
		}
		encrypt := "<Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>"
		if body = "<xml><ToUserName><![CDATA[" + originalID + "]]></ToUserName>" + encrypt; mode == modeCompatible {
			body = strings.TrimSuffix(string(plain), "</xml>") + encrypt
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.EventsURL+"?"+q.Encode(), strings.NewReader(body))
	if err == nil {
		req.Header.Set("Content-Type", "text/xml")
		req.Header.Set("User-Agent", "Mozilla/4.0")
	}
	return req, err
}

// signSealed adds the signature that covers what is encrypted.
func (s *followers) signSealed(q url.Values, sealed string, f CallbackFault) {
	token := s.keys.id.EventToken
	if f.BadSignature {
		token = "not the token"
	}
	q.Set("encrypt_type", "aes")
	q.Set("msg_signature", sortedSHA1(token, q.Get("timestamp"), q.Get("nonce"), sealed))
}

// posted sends a request to the shop and books what it answered.
func (s *followers) posted(req *http.Request) delivery {
	out := delivery{At: s.now().UTC()}
	res, err := s.post.Do(req)
	if err != nil {
		out.Error = fmt.Sprint(err)
		return out
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 500))
	out.Status, out.Body = res.StatusCode, string(body)
	return out
}
