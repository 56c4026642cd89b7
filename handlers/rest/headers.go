package rest

import (
	"net/http"
)

// Header values that every answer shares.
var (
	apiCSP     = []string{"default-src 'none'; frame-ancestors 'none'"}
	nosniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	noStore    = []string{"no-store"}
	varyOrigin = []string{"Origin"}
	oneYear    = []string{"max-age=31536000; includeSubDomains"}
)

// PositionHeader is where the topics of an answer stood before an answer's data was read: a since for hello
// and for GET /api/events, as JSON. A page that shows the data and follows from there misses nothing;
// what happened between the two comes once more.
const PositionHeader = "Hub-Position"

// securityHeaders are in every answer, errors included: the API's are data that no
// browser may render, frame, guess the type of, or keep. Pages replace the first with
// their own (PageHeaders), the catalogue the last.
func (s *Server) securityHeaders(h http.Header, r *http.Request, x *request) {
	h["X-Request-Id"] = []string{x.id}
	h["Content-Security-Policy"] = apiCSP
	h["X-Content-Type-Options"] = nosniff
	h["Referrer-Policy"] = noReferrer
	h["Cache-Control"] = noStore
	h["Date"] = []string{s.Now().UTC().Format(http.TimeFormat)} // the times in the answer are by this clock
	if s.Production {
		h["Strict-Transport-Security"] = oneYear
	}
	if len(s.origins) > 0 {
		s.cors(h, r)
	}
}

// cors lets pages of exactly the listed origins read answers. No credentials mode is needed,
// for the one cookie (loginCookie) is for our own pages: a page of another origin can send
// only a token it has.
func (s *Server) cors(h http.Header, r *http.Request) {
	h["Vary"] = varyOrigin[:1:1] // a copy of the header: others append to it
	origin := r.Header.Get("Origin")
	if origin == "" || !s.origins[origin] && !s.origins["*"] {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, Etag, Location, "+
		"Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, Upload-Length, Upload-Offset, Upload-Metadata, "+PositionHeader)
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept-Language, Idempotency-Key, If-None-Match, Last-Event-ID, Range, X-Request-Id, "+
			"Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Checksum")
		h.Set("Access-Control-Max-Age", "600")
	}
}

// preflight answers OPTIONS for every path of the table; cors and httprouter have put
// what it says into the header.
func (s *Server) preflight(w http.ResponseWriter, r *http.Request) error {
	if s.Options != nil {
		s.Options(r.URL.Path, w.Header())
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// PageHeaders makes room for the pages' own rules.
func PageHeaders(h http.Header) {
	h.Del("Content-Security-Policy")
	h.Del("Cache-Control")
}
