package wechat

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxAnswer = 1 << 20   // no API answer comes near 1 MiB
	maxBill   = 256 << 20 // one day's trades
)

// newHTTPClient reaches base (nil: wherever the SDK points). The SDK has its host built in, so the
// transport rewrites it; the signature covers path and query only and stays valid. Redirects are
// not followed: a signed API has none, and following one would send the signature elsewhere. Every
// call brings its own deadline.
func newHTTPClient(base *url.URL, answered Answered) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	t.MaxIdleConnsPerHost = 32
	return &http.Client{
		Transport:     &rewriter{base: base, next: t, answered: answered},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// rewriter sends every request to base and bounds what an answer may make us read, which the SDK does not.
type rewriter struct {
	base     *url.URL
	next     http.RoundTripper
	answered Answered // nil: not counted
}

func (t *rewriter) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.base != nil {
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host, r.Host = t.base.Scheme, t.base.Host, ""
	}
	res, err := t.next.RoundTrip(r)
	if err != nil {
		t.answered.call(r.URL.Path, "none")
		return nil, err
	}
	limit := int64(maxAnswer)
	if strings.HasPrefix(r.URL.Path, "/v3/billdownload/") {
		limit = maxBill
	}
	res.Body = http.MaxBytesReader(nil, res.Body, limit)
	if t.answered != nil {
		t.answered.call(r.URL.Path, codeOf(r.URL.Path, res))
	}
	return res, nil
}

// CloseIdleConnections lets http.Client reach the wrapped transport's pool.
func (t *rewriter) CloseIdleConnections() {
	t.next.(*http.Transport).CloseIdleConnections()
}
