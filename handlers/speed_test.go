package handlers

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/julienschmidt/httprouter"
)

// nothing is a writer that costs nothing.
type nothing struct{ h http.Header }

func (n *nothing) Header() http.Header         { return n.h }
func (n *nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n *nothing) WriteHeader(int)             {}

// newShopFront is a shop with a log that goes nowhere, as in an unwatched container.
func newShopFront(b *testing.B) *world {
	w := newWorld(b, func(d *Deps) { d.Log = slog.New(slog.NewJSONHandler(io.Discard, nil)) })
	for _, id := range []string{"go1", "go2", "go3", "go4", "go5"} {
		w.sells(ladderCourse(id))
	}
	return w
}

// BenchmarkCatalogue is what the API itself costs on top of net/http for a visitor's list.
func BenchmarkCatalogue(b *testing.B) {
	w := newShopFront(b)
	r := httptest.NewRequest("GET", "/api/courses?limit=20", nil)
	b.ReportAllocs()
	for b.Loop() {
		w.api.ServeHTTP(&nothing{http.Header{}}, r)
	}
}

// BenchmarkCatalogueOverHTTP holds the list against a bare router that answers the same
// bytes: the API should keep at least three quarters of its speed.
func BenchmarkCatalogueOverHTTP(b *testing.B) {
	w := newShopFront(b)
	body := w.do("GET", "/api/courses", "", nil).is(200).Body
	bare := httprouter.New()
	bare.GET("/api/courses", func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
	server := httptest.NewServer(bare)
	defer server.Close()
	b.Run("bare", func(b *testing.B) { getMany(b, server.URL+"/api/courses") })
	b.Run("api", func(b *testing.B) { getMany(b, w.url+"/api/courses") })
}

func getMany(b *testing.B, url string) {
	for b.Loop() {
		res, err := http.Get(url)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}
