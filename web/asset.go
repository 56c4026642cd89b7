package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// assetDir is where Vite puts files with a hash of the content in the name.
const assetDir = "assets/"

// An asset is one file of the build with everything its answer needs.
type asset struct {
	body         []byte
	gzipped      func() []byte // answers nil where packing gains nothing
	etag         string
	contentType  string
	cacheControl string
}

func newAsset(name string, body []byte) asset {
	sum := sha256.Sum256(body)
	a := asset{
		body:        body,
		etag:        `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		contentType: contentType(name),
		// The index names this build's files, so it is asked for again each time;
		// the answer is mostly 304.
		cacheControl: "no-cache",
	}
	if strings.HasPrefix(name, assetDir) {
		a.cacheControl = "public, max-age=31536000, immutable"
	}
	a.gzipped = sync.OnceValue(func() []byte {
		if packed := pack(body); len(packed) < len(body)*9/10 {
			return packed
		}
		return nil
	})
	return a
}

// contentType does not lean on the machine's own table alone, which may be
// missing or, on some desktops, say text/plain for a script.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".webmanifest":
		return "application/manifest+json"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

// pack is done once per file, when a browser asks for it first; a whole build takes some 50 ms.
func pack(body []byte) []byte {
	var out bytes.Buffer
	zw, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid
	_, _ = zw.Write(body)                                    // a bytes.Buffer takes everything
	_ = zw.Close()
	return out.Bytes()
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) { a.serveAs(http.StatusOK, w, r) }

// serveAs is serve under another status, whose clients keep nothing.
func (a asset) serveAs(status int, w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", a.cacheControl)
	h.Set("Vary", "Accept-Encoding")
	body, etag := a.body, a.etag
	if packed := a.packed(r); packed != nil {
		// Other bytes under the same address need a tag of their own.
		body, etag = packed, strings.TrimSuffix(a.etag, `"`)+`-gz"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	if status == http.StatusOK && matches(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // an error means that the client has gone
	}
}

// packed is what a request takes gzipped, else nil.
func (a asset) packed(r *http.Request) []byte {
	if !acceptsGzip(r.Header.Get("Accept-Encoding")) {
		return nil
	}
	return a.gzipped()
}

// acceptsGzip reports whether the list names gzip and does not refuse it with q=0.
func acceptsGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		coding, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		q, weighed := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !weighed || (err == nil && weight > 0)
	}
	return false
}

// matches reports whether an If-None-Match list holds etag, weakly compared.
func matches(list, etag string) bool {
	for candidate := range strings.SplitSeq(list, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == etag || candidate == "*" {
			return true
		}
	}
	return false
}
