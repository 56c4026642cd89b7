package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Page is one page as it goes out, ready for every client.
type Page struct {
	status int
	asset  asset
}

// Compose puts a page together: the index with a head in place of its own title and description, and content in the
// place that the app fills once it runs.
type Compose func(status int, head, content []byte) *Page

// File is a file that is made of the shop's data.
type File struct {
	Type string
	Body []byte
}

// Pages says what the pages show before a script runs. It makes a page once and keeps it, for a page holds its bytes
// packed.
type Pages interface {
	// Page is the page of an address; isRoute reports whether the app has a page of that path. nil is the index as it was
	// built.
	Page(ctx context.Context, address *url.URL, isRoute func(path string) bool, compose Compose) *Page
	// File is the file of a path; nil where it is none.
	File(ctx context.Context, path string) (*File, error)
}

var (
	builtTitle       = regexp.MustCompile(`<title>[^<]*</title>`)
	builtDescription = regexp.MustCompile(`<meta name="description"[^>]*>\s*`)
)

const builtRoot = `<div id="app">`

// composer is the Compose of a built index.
func composer(index []byte) Compose {
	index = builtDescription.ReplaceAll(index, nil)
	title := builtTitle.FindIndex(index)
	return func(status int, head, content []byte) *Page {
		page := index
		if title != nil {
			page = bytes.Join([][]byte{index[:title[0]], head, index[title[1]:]}, nil)
		}
		if before, after, ok := bytes.Cut(page, []byte(builtRoot)); ok && len(content) > 0 {
			page = bytes.Join([][]byte{before, []byte(builtRoot), content, after}, nil)
		}
		return &Page{status, newAsset(indexFile, page)}
	}
}

// routesFile lists the paths of the app's pages, as the build has found them in its router.
const routesFile = "routes.json"

// routesOf reads the build's list; a build without one knows any path.
func routesOf(built fs.FS) (func(path string) bool, error) {
	raw, err := fs.ReadFile(built, routesFile)
	if err != nil {
		return func(string) bool { return true }, nil
	}
	var patterns []string
	if err := json.Unmarshal(raw, &patterns); err != nil {
		return nil, err
	}
	return func(path string) bool {
		for _, p := range patterns {
			if fits(p, path) {
				return true
			}
		}
		return false
	}, nil
}

// fits reports whether a path has the form of a pattern, in which :name stands for any part.
func fits(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		isName := strings.HasPrefix(want[i], ":") && have[i] != ""
		if !isName && want[i] != have[i] {
			return false
		}
	}
	return true
}

// serveIndex answers with the page of an address.
func (s *site) serveIndex(w http.ResponseWriter, r *http.Request) {
	if s.pages != nil {
		if page := s.pages.Page(r.Context(), r.URL, s.isRoute, s.compose); page != nil {
			page.asset.serveAs(page.status, w, r)
			return
		}
	}
	s.assets[indexFile].serve(w, r)
}

// serveFile answers with a file of the shop's data, and reports whether there is one.
func (s *site) serveFile(w http.ResponseWriter, r *http.Request) bool {
	if s.pages == nil {
		return false
	}
	f, err := s.pages.File(r.Context(), r.URL.Path)
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Retry-After", "5")
		http.Error(w, "the shop's data cannot be read now", http.StatusServiceUnavailable)
		return true
	}
	if f == nil {
		return false
	}
	a := newAsset(r.URL.Path, f.Body)
	a.contentType = f.Type
	a.serve(w, r)
	return true
}
