package rest

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"mstm/shop"
)

// fail is the one place where an error becomes an answer: RFC 9457 problem+json with the
// code of the shop's catalogue. An error without a code is ours: it is logged under the
// request's id and the caller learns nothing but that id.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := CodedError(err)
	LogFailure(r, e, err)
	x := requestOf(r.Context())
	if x.status != 0 {
		return // the answer has begun; there is nothing left to say in it
	}
	body, encodeErr := Marshal(problem(r, e, x.id))
	if encodeErr != nil {
		s.Log.ErrorContext(r.Context(), "problem does not encode", "request_id", x.id, "code", e.Code, "err", encodeErr)
		body = []byte(`{"status":500,"code":"INTERNAL"}`)
		e = shop.ErrInternal
	}
	problemHeaders(w.Header(), r, e)
	Write(w, int(e.Kind), body)
}

// CodedError finds the code of err. A deadline of our own is a part that is too slow, not
// a fault in the program.
func CodedError(err error) *shop.Error {
	var e *shop.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return shop.ErrUnavailable
	}
	return shop.ErrInternal
}

// LogFailure logs what failed on our side, and notes the code of what was answered.
func LogFailure(r *http.Request, e *shop.Error, err error) {
	x := requestOf(r.Context())
	x.code = e.Code
	gone := errors.Is(err, context.Canceled) && r.Context().Err() != nil
	if e.Kind < shop.Internal || gone || x.unlogged || e.Is(shop.ErrOverloaded) {
		return // the access log's line has the code, or the line of those that are sampled
	}
	level := slog.LevelError
	if e.Kind == shop.Unavailable {
		level = slog.LevelWarn
	}
	x.server.Log.LogAttrs(r.Context(), level, "request failed", slog.String("request_id", x.id),
		slog.String("route", x.route), slog.String("code", e.Code), slog.Any("err", err))
}

// problem is the body of RFC 9457 §3: its own members, `code`, `param` and `request_id`,
// and whatever the error carries (`offers`, `quote`), which may not replace those.
func problem(r *http.Request, e *shop.Error, id string) map[string]any {
	p := make(map[string]any, 8+len(e.Extra))
	for name, value := range e.Extra {
		p[name] = value
	}
	p["type"] = "/docs/errors#" + e.Code
	p["title"] = cmp.Or(http.StatusText(int(e.Kind)), "Checksum Mismatch") // which HTTP itself does not have
	p["status"] = int(e.Kind)
	p["code"] = e.Code
	p["request_id"] = id
	p["detail"] = Sentence(r, e)
	if e.Param != "" {
		p["param"] = strings.ToValidUTF8(e.Param, "") // it may be a name that the caller made up
	}
	return p
}

// Sentence is what e says to people, in the caller's language.
func Sentence(r *http.Request, e *shop.Error) string {
	if English(r) {
		return e.En
	}
	return e.Zh
}

// problemHeaders says in the header what HTTP has a word for.
func problemHeaders(h http.Header, r *http.Request, e *shop.Error) {
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Language")
	h.Del("Etag")
	h.Set("Content-Language", "zh-CN")
	if English(r) {
		h.Set("Content-Language", "en")
	}
	switch e.Kind {
	case shop.Unauthenticated:
		h.Set("Www-Authenticate", "Bearer")
	case shop.TooMany, shop.Unavailable:
		h.Set("Retry-After", strconv.Itoa(retryAfter(e)))
	}
}

// retryAfter is in seconds. A refusal that knows better says so in `retry_after_s`.
func retryAfter(e *shop.Error) int {
	if s, ok := e.Extra["retry_after_s"].(int); ok && s > 0 {
		return s
	}
	if e.Kind == shop.TooMany {
		return 10
	}
	return 1
}

var languages = language.NewMatcher([]language.Tag{language.SimplifiedChinese, language.English, language.TraditionalChinese})

// English reports whether the caller would rather read English than Chinese, which is
// the default.
func English(r *http.Request) bool {
	wishes, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(wishes) == 0 {
		return false
	}
	_, i, confidence := languages.Match(wishes...)
	return i == 1 && confidence > language.No
}
