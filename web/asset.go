package web

import (
	"crypto/sha256"
	"encoding/base64"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"mstm/web/packed"
)

// assetDir is where Vite puts files with a hash of the content in the name.
const assetDir = "assets/"

// An asset is one file of the build with everything its answer needs.
type asset struct {
	body         []byte
	gzipped      func() []byte // answers nil where packing gains nothing
	brotli       func() []byte // likewise; smaller
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
	a.gzipped = sync.OnceValue(func() []byte { return worthwhile(packed.Gzip(body), body) })
	a.brotli = sync.OnceValue(func() []byte { return worthwhile(packed.Brotli(body), body) })
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

// worthwhile is small, unless it gains next to nothing on whole.
func worthwhile(small, whole []byte) []byte {
	if len(small) < len(whole)*9/10 {
		return small
	}
	return nil
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) { a.serveAs(http.StatusOK, w, r) }

// serveAs is serve under another status, whose clients keep nothing.
func (a asset) serveAs(status int, w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", a.cacheControl)
	h.Set("Vary", "Accept-Encoding")
	body, etag := a.body, a.etag
	if coding, small := a.packed(r); small != nil {
		// Other bytes under the same address need a tag of their own.
		body, etag = small, strings.TrimSuffix(a.etag, `"`)+"-"+coding+`"`
		h.Set("Content-Encoding", coding)
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

// packed is the smallest form that a request takes, with its coding; nil where it takes none.
func (a asset) packed(r *http.Request) (coding string, body []byte) {
	accept := r.Header.Get("Accept-Encoding")
	if packed.Accepts(accept, packed.BrotliCoding) {
		if body = a.brotli(); body != nil {
			return packed.BrotliCoding, body
		}
	}
	if packed.Accepts(accept, packed.GzipCoding) {
		return packed.GzipCoding, a.gzipped()
	}
	return "", nil
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
