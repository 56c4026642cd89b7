package handlers

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

func TestReadyAnswers_ClientThatUnpacks_HasThemSmall(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/api/openapi.yaml", "/api/papers", "/docs/errors"} {
		plain := fetched(t, w.url+path, "identity", "")
		for _, coding := range []string{"br", "gzip"} {
			res := fetched(t, w.url+path, "deflate, "+coding, "")
			got := res.body
			switch res.coding {
			case "br":
				got = read(t, brotli.NewReader(strings.NewReader(got)))
			case "gzip":
				zr, err := gzip.NewReader(strings.NewReader(got))
				if err != nil {
					t.Fatal(err)
				}
				got = read(t, zr)
			}
			if got != plain.body {
				t.Errorf("%s by %s is another answer", path, coding)
			}
			if path == "/api/openapi.yaml" && (res.coding != coding || len(res.body) > len(plain.body)/3 || res.etag == plain.etag || !strings.Contains(res.vary, "Accept-Encoding")) {
				t.Errorf("%s asked in %s: %q, %d of %d bytes, tags %s and %s, vary %q", path, coding, res.coding, len(res.body), len(plain.body), res.etag, plain.etag, res.vary)
			}
			if again := fetched(t, w.url+path, coding, res.etag); res.etag != "" && again.status != http.StatusNotModified {
				t.Errorf("%s by %s again: %d", path, coding, again.status)
			}
		}
	}
}

type fetchedAnswer struct {
	status                   int
	body, coding, etag, vary string
}

// fetched is an answer as it is on the wire.
func fetched(t *testing.T, url, accept, seen string) fetchedAnswer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", accept)
	req.Header.Set("If-None-Match", seen)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return fetchedAnswer{res.StatusCode, read(t, res.Body), res.Header.Get("Content-Encoding"), res.Header.Get("Etag"), strings.Join(res.Header.Values("Vary"), ", ")}
}

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
