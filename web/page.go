package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
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

// routesFile lists the app's pages, as the build has found them in its router.
const routesFile = "routes.json"

// A route is a page of the app: its path, and the files that it needs besides those of every page.
type route struct {
	Path  string   `json:"path"`
	Files []string `json:"files"`
}

// routes are the app's pages; nil, of a build without a list, knows any path.
type routes []route

// routesOf reads the build's list.
func routesOf(built fs.FS) (list routes, err error) {
	raw, err := fs.ReadFile(built, routesFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(raw, &list)
}

// of is the page of a path.
func (rs routes) of(path string) (r route, ok bool) {
	for _, r := range rs {
		if fits(r.Path, path) {
			return r, true
		}
	}
	return route{}, rs == nil
}

// has reports whether the app has a page of a path.
func (rs routes) has(path string) bool {
	_, ok := rs.of(path)
	return ok
}

// links name the files of a page, so that a browser fetches them beside the first ones instead of after them.
func (r route) links() []byte {
	var b bytes.Buffer
	for _, f := range r.Files {
		rel := "modulepreload"
		if strings.HasSuffix(f, ".css") {
			rel = "stylesheet"
		}
		b.WriteString(`<link rel="` + rel + `" crossorigin href="/` + html.EscapeString(f) + `">`)
	}
	return b.Bytes()
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
		here, _ := s.routes.of("/" + strings.Trim(r.URL.Path, "/"))
		compose := func(status int, head, content []byte) *Page {
			return s.compose(status, append(head, here.links()...), content)
		}
		if page := s.pages.Page(r.Context(), r.URL, s.routes.has, compose); page != nil {
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
