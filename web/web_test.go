package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
)

var (
	script = strings.Repeat("console.log('course');\n", 100)
	build  = fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html><html><head><title>shop</title></head><body></body></html>")},
		"docs.html":            {Data: []byte("<!doctype html><html><head><title>API</title></head></html>")},
		"console.html":         {Data: []byte("<!doctype html><html><head><title>console</title></head></html>")},
		"favicon.svg":          {Data: []byte("<svg/>")},
		"assets/app-d34db.js":  {Data: []byte(script)},
		"assets/app-d34db.css": {Data: []byte("body{}")},
	}
)

func get(t *testing.T, h http.Handler, method, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAPathIsAnsweredWithItsFileOrTheIndex(t *testing.T) {
	h := HandlerOf(build, Options{})
	for _, tt := range []struct {
		name, method, path                string
		status                            int
		contentType, cacheControl, within string
	}{
		{"the root is the index, asked for again each time", "GET", "/", 200, "text/html; charset=utf-8", "no-cache", "<title>shop"},
		{"a page's path is the index", "GET", "/courses/c-1", 200, "text/html; charset=utf-8", "no-cache", "<title>shop"},
		{"the contract has a page of its own", "GET", "/docs", 200, "text/html; charset=utf-8", "no-cache", "<title>API"},
		{"the console has a page of its own", "GET", "/console", 200, "text/html; charset=utf-8", "no-cache", "<title>console"},
		{"so have the console's addresses", "GET", "/console/courses/c-1?tab=prices", 200, "text/html; charset=utf-8", "no-cache", "<title>console"},
		{"a path that begins alike is the shop's", "GET", "/consoles", 200, "text/html; charset=utf-8", "no-cache", "<title>shop"},
		{"a hashed script is kept for ever", "GET", "/assets/app-d34db.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "console.log"},
		{"a hashed style is kept for ever", "GET", "/assets/app-d34db.css", 200, "text/css; charset=utf-8", "public, max-age=31536000, immutable", "body{}"},
		{"a file without a hash is asked for again", "GET", "/favicon.svg", 200, "image/svg+xml", "no-cache", "<svg/>"},
		{"a script of an earlier build is not the index", "GET", "/assets/app-01d.js", 404, "text/plain; charset=utf-8", "no-store", "not found"},
		{"dots do not lead out of the build", "GET", "/assets/../../web.go", 200, "text/html; charset=utf-8", "no-cache", "<title>shop"},
		{"HEAD has no body", "HEAD", "/", 200, "text/html; charset=utf-8", "no-cache", ""},
		{"a page takes no POST", "POST", "/", 405, "text/plain; charset=utf-8", "", "method not allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := get(t, h, tt.method, tt.path)
			body := text(t, res)
			if res.StatusCode != tt.status || res.Header.Get("Content-Type") != tt.contentType || res.Header.Get("Cache-Control") != tt.cacheControl {
				t.Errorf("got %d, %q, %q", res.StatusCode, res.Header.Get("Content-Type"), res.Header.Get("Cache-Control"))
			}
			if !strings.Contains(body, tt.within) || (tt.within == "" && body != "") {
				t.Errorf("body %q does not hold %q", body, tt.within)
			}
		})
	}
}

func TestTheSandboxAddressReachesThePageEscaped(t *testing.T) {
	body := text(t, get(t, HandlerOf(build, Options{SandboxURL: `http://127.0.0.1:8090/?a="><script>`}), "GET", "/cart"))
	want := `<meta name="mstm-sandbox" content="http://127.0.0.1:8090/?a=&#34;&gt;&lt;script&gt;"></head>`
	if !strings.Contains(body, want) {
		t.Errorf("page %q lacks %q", body, want)
	}
	if body := text(t, get(t, HandlerOf(build, Options{}), "GET", "/")); strings.Contains(body, "mstm-sandbox") {
		t.Errorf("without a sandbox the page still names one: %q", body)
	}
}

func TestALargeFileIsPackedForClientsThatUnderstandIt(t *testing.T) {
	h := HandlerOf(build, Options{})
	for _, tt := range []struct{ name, accept, coding string }{
		{"a browser's list", "gzip, deflate, br", "br"},
		{"an old browser's list", "gzip, deflate", "gzip"},
		{"gzip with a weight", "gzip;q=0.5", "gzip"},
		{"brotli refused", "br;q=0, gzip;q=0.5", "gzip"},
		{"gzip refused", "gzip;q=0", ""},
		{"nothing said", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := get(t, h, "GET", "/assets/app-d34db.js", "Accept-Encoding", tt.accept)
			if got := res.Header.Get("Content-Encoding"); got != tt.coding {
				t.Fatalf("packed with %q, want %q", got, tt.coding)
			}
			switch tt.coding {
			case "gzip":
				zr, err := gzip.NewReader(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				res.Body = zr
			case "br":
				res.Body = io.NopCloser(brotli.NewReader(res.Body))
			}
			if text(t, res) != script {
				t.Error("the script arrived changed")
			}
		})
	}
}

func TestAClientWithThePageGetsNoBody(t *testing.T) {
	h := HandlerOf(build, Options{})
	for _, accept := range []string{"", "gzip", "br"} {
		first := get(t, h, "GET", "/assets/app-d34db.js", "Accept-Encoding", accept)
		again := get(t, h, "GET", "/assets/app-d34db.js", "Accept-Encoding", accept, "If-None-Match", `"other", W/`+first.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || text(t, again) != "" {
			t.Errorf("accepting %q: got %d", accept, again.StatusCode)
		}
	}
	plain, packed := get(t, h, "GET", "/assets/app-d34db.js"), get(t, h, "GET", "/assets/app-d34db.js", "Accept-Encoding", "gzip")
	if plain.Header.Get("ETag") == packed.Header.Get("ETag") {
		t.Error("packed and plain bytes share a tag")
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	for name, h := range map[string]http.Handler{"built": HandlerOf(build, Options{}), "not built": HandlerOf(fstest.MapFS{}, Options{})} {
		for _, path := range []string{"/", "/assets/app-d34db.js", "/assets/gone.js"} {
			res := get(t, h, "GET", path)
			csp := res.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s %s: policy %q", name, path, csp)
			}
			if got := res.Header.Get("Referrer-Policy"); got != "strict-origin-when-cross-origin" {
				t.Errorf("%s %s: WeChat's payment page gets %q", name, path, got)
			}
			if res.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(csp, "frame-ancestors 'none'") {
				t.Errorf("%s %s: unguarded: %v", name, path, res.Header)
			}
		}
	}
}

// TestPolicy_FilesAtABucket_NamesItsOriginAlone: what plays is fetched there by scripts, by the player itself and as pictures.
func TestPolicy_FilesAtABucket_NamesItsOriginAlone(t *testing.T) {
	const bucket = "http://bucket.example:9000"
	with := get(t, HandlerOf(build, Options{MediaOrigin: bucket}), "GET", "/").Header.Get("Content-Security-Policy")
	without := get(t, HandlerOf(build, Options{}), "GET", "/").Header.Get("Content-Security-Policy")
	for _, part := range []string{"connect-src 'self' " + bucket + ";", "media-src 'self' https: blob: " + bucket + ";", "img-src 'self' data: https: " + bucket + ";"} {
		if !strings.Contains(with, part) {
			t.Errorf("no %q in %q", part, with)
		}
	}
	if strings.Contains(with+without, "MEDIA") || strings.ReplaceAll(with, " "+bucket, "") != without {
		t.Errorf("with a bucket %q, without %q", with, without)
	}
}

func TestWithoutABuildThePageSaysHowToMakeOne(t *testing.T) {
	res := get(t, HandlerOf(fstest.MapFS{}, Options{}), "GET", "/courses")
	body := text(t, res)
	if res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "make web") {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
}

// TestTheEmbeddedPagesAreServed holds with and without a build in dist/app: the
// program must start either way.
func TestTheEmbeddedPagesAreServed(t *testing.T) {
	res := get(t, Handler(Options{SandboxURL: "http://127.0.0.1:8090"}), "GET", "/")
	body := text(t, res)
	switch res.StatusCode {
	case http.StatusOK:
		if !strings.Contains(body, `<div id="app">`) || !strings.Contains(body, `content="http://127.0.0.1:8090"`) {
			t.Errorf("the built index is not the storefront: %q", body)
		}
		// The policy allows no inline script or style, so a build that has one shows nothing.
		if strings.Contains(body, "<style") || strings.Contains(body, "<script>") {
			t.Errorf("the built index has inline code: %q", body)
		}
	case http.StatusServiceUnavailable:
		if !strings.Contains(body, "make web") {
			t.Errorf("no hint: %q", body)
		}
	default:
		t.Errorf("status %d", res.StatusCode)
	}
}
