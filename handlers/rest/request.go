package rest

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/julienschmidt/httprouter"

	"mstm/shop"
)

// request is one request with its answer, as all middleware sees it: one value instead
// of a wrapper and a context key for each concern, because the catalogue has to keep up
// with a bare router.
type request struct {
	http.ResponseWriter
	server *Server
	id     string // of the request, in every answer and log line
	route  string // pattern, never the path: paths hold ids
	params httprouter.Params
	who    Caller
	began  time.Time
	status int    // 0: nothing was answered yet
	code   string // of the error that was answered
	seen   *routeMetrics

	unlogged bool          // one of many like it, of which the log has some
	pause    time.Duration // before the connection is read again

	madeUnder string // see Keyed
}

type requestKey struct{}

// requestOf is the request that everything below ServeHTTP has.
func requestOf(ctx context.Context) *request {
	return ctx.Value(requestKey{}).(*request)
}

// CallerOf is the request's caller; the zero caller is a visitor.
func CallerOf(ctx context.Context) Caller { return requestOf(ctx).who }

// LearnerID is the user of the request's token. Routes for learners have one.
func LearnerID(ctx context.Context) string { return requestOf(ctx).who.UserID }

// Param is the part of the path under name.
func Param(r *http.Request, name string) string { return requestOf(r.Context()).params.ByName(name) }

// RequestID is the id of the request, which is in its answer and in every log line of it.
func RequestID(ctx context.Context) string { return requestOf(ctx).id }

// Pattern is the pattern of the request's route.
func Pattern(ctx context.Context) string { return requestOf(ctx).route }

// Address is the address of the request's client, see ClientAddr.
func Address(r *http.Request) string { return requestOf(r.Context()).server.address(r) }

// HasBegun reports whether a part of the answer has been written.
func HasBegun(ctx context.Context) bool { return requestOf(ctx).status != 0 }

// NoteStatus notes the status of an answer that was written on the connection itself.
func NoteStatus(ctx context.Context, status int) {
	if x := requestOf(ctx); x.status == 0 {
		x.status = status
	}
}

// SkipLog leaves the request out of the access log: it is one of many like it, of which the log has some.
func SkipLog(ctx context.Context) { requestOf(ctx).unlogged = true }

// WriteHeader notes the status for the log.
func (x *request) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write notes that the answer has begun.
func (x *request) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return x.ResponseWriter.Write(b)
}

// ReadFrom copies a body as the writer below can, which sends a file without reading it.
func (x *request) ReadFrom(r io.Reader) (int64, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return io.Copy(x.ResponseWriter, r)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *request) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// requestID takes over the caller's id where it is one that cannot forge a log line.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if len(id) < 8 || len(id) > 64 {
		return newRequestID()
	}
	for i := range len(id) {
		c := id[i]
		ok := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c == '.'
		if !ok {
			return newRequestID()
		}
	}
	return id
}

// newRequestID makes an id that no other request has. It guards nothing, so it need not be a secret.
func newRequestID() string {
	var id [26]byte
	for part := range 2 {
		random := rand.Uint64()
		for i := range 13 {
			id[13*part+i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[random&31]
			random >>= 5
		}
	}
	return string(id[:])
}

// PathID is the id in the path under name. What cannot be an id is answered like one
// that nothing has, and never reaches a store.
func PathID(r *http.Request, name string, missing error) (string, error) {
	id := Param(r, name)
	if !shop.ValidID(id) {
		return "", missing
	}
	return id, nil
}

// log writes the one line that each request leaves. It names the route's pattern and no
// query: those hold ids, search texts, and what a careless caller puts there.
func (s *Server) log(r *http.Request, x *request, took time.Duration) {
	if x.unlogged {
		return
	}
	level := slog.LevelInfo
	if x.seen != nil && x.seen.quiet {
		level = slog.LevelDebug
	}
	if !s.Log.Enabled(r.Context(), level) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 7), // five of them cost a log record no memory
		slog.String("request_id", x.id),
		slog.String("method", knownMethod(r.Method)),
		slog.String("route", x.route),
		slog.Int("status", x.status),
		slog.Float64("ms", float64(took.Microseconds())/1000))
	if id := x.who.ID(); id != "" {
		attrs = append(attrs, slog.String("user", id))
	}
	if x.code != "" {
		attrs = append(attrs, slog.String("code", x.code))
	}
	s.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// LogEvent logs what an auditor looks for: denials, acts of staff.
func LogEvent(r *http.Request, what string, attrs ...slog.Attr) {
	x := requestOf(r.Context())
	attrs = append(attrs, slog.String("request_id", x.id), slog.String("user", x.who.ID()))
	x.server.Log.LogAttrs(r.Context(), slog.LevelInfo, what, attrs...)
}

// knownMethod keeps words that a caller invents out of logs and metric labels.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "OTHER"
}
