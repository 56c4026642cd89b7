package rest

import (
	"errors"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"mstm/shop"
)

// A refusal costs the processor about a fifth of what it refuses, so a sender that repeats at
// once, on hundreds of connections, would take the processor from the others by refusals alone.
// Each is answered at once, as many as come; but the connections of a sender with more than
// these a second are read again only after a pause, up to maxPause, so that a sender gets no
// more than these.
const (
	refusalsEach = 100 // of one person or address
	refusalsAll  = 400 // of all together, where a class is full
	maxPause     = 2 * time.Second
)

func newRefusals() *rate.Limiter { return rate.NewLimiter(refusalsEach, refusalsEach) }

// shed is a request that was refused before it cost anything.
type shed struct {
	error
	refusals *rate.Limiter // of its sender
}

func (s *shed) Unwrap() error { return s.error }

// noteShed counts a request that was refused for the sake of others, if err is such a refusal. A
// flood of them has a few lines in the log, with the number of those left out.
func (s *Server) noteShed(r *http.Request, x *request, c Class, err error) {
	why, refusals := "class", s.refusals
	var by *shed
	if errors.As(err, &by) {
		why, refusals = "person", by.refusals
	} else if !errors.Is(err, shop.ErrOverloaded) {
		return
	}
	s.metrics.shed.WithLabelValues(c.of().String(), why).Inc()
	left, ok := s.shed.Next(time.Now())
	if x.unlogged = !ok; ok {
		s.Log.WarnContext(r.Context(), "request shed", "request_id", x.id, "route", x.route, "class", c.of().String(),
			"why", why, "user", x.who.ID(), "left_out", left)
	}
	if !viaProxy(r) {
		x.pause = min(refusals.Reserve().Delay(), maxPause)
	}
}

// viaProxy reports whether the connection may be a proxy's, on which others ask next.
func viaProxy(r *http.Request) bool {
	return r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" || r.Header.Get("Via") != ""
}

// hold sends the answer off and lets the connection wait for its next request.
func (s *Server) hold(r *http.Request, x *request) {
	if x.pause <= 0 || http.NewResponseController(x).Flush() != nil {
		return
	}
	pause := time.NewTimer(x.pause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-r.Context().Done():
	}
}
