package storefront

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"mstm/shop/papers"
	"mstm/store"
	"mstm/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*.html"))

// maxKeptPages bounds the pages kept of one state: a crawler that asks for ever other ones must not fill the memory.
const maxKeptPages = 2000

// Pages says what each page of the storefront shows before a script runs: its head and, for readers without scripts, its
// content. Pages are made once for each state of the catalogue, the papers and the front page.
type Pages struct {
	PublicURL string // of the shop, without a slash at its end
	Catalogue *store.CatalogueCache
	Papers    *Papers
	Front     *Front
	FrontView func(*ShownFront) any // the front page as the API answers it
	Log       *slog.Logger

	kept atomic.Pointer[keptPages]
}

// keptPages are the pages of one state.
type keptPages struct {
	catalogue *store.Catalogue
	papers    *papers.Papers
	front     *ShownFront

	mu    sync.Mutex
	pages map[string]*web.Page
}

// state is what all pages of a moment are made of.
func (s *Pages) state(ctx context.Context) (*keptPages, error) {
	all, err := s.Catalogue.Get(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.Papers.Current(ctx)
	if err != nil {
		return nil, err
	}
	page, err := s.Front.Shown(ctx)
	if err != nil {
		return nil, err
	}
	kept := s.kept.Load()
	if kept == nil || kept.catalogue != all || kept.papers != p || kept.front != page {
		kept = &keptPages{catalogue: all, papers: p, front: page, pages: map[string]*web.Page{}}
		s.kept.Store(kept) // two at once: one is forgotten, nothing else
	}
	return kept, nil
}

// Page is the page of an address, put together by compose. nil where the stores are away: the page then asks for all by
// itself.
func (s *Pages) Page(ctx context.Context, address *url.URL, isRoute func(path string) bool, compose web.Compose) *web.Page {
	kept, err := s.state(ctx)
	if err != nil {
		s.Log.WarnContext(ctx, "a page goes out without its head", "err", err)
		return nil
	}
	path, category := address.Path, address.Query().Get("category")
	if path != "/" {
		path, category = strings.TrimRight(path, "/"), ""
	}
	searched := path == "/" && address.Query().Get("q") != ""
	key := path + "?" + category
	if searched {
		key += "&q"
	}
	kept.mu.Lock()
	page, ok := kept.pages[key]
	kept.mu.Unlock()
	if ok {
		return page
	}
	h := s.headOf(kept, path, category)
	if h == nil && isRoute(path) {
		h = &head{Status: http.StatusOK, NoIndex: true}
	}
	if h == nil {
		h = &head{Status: http.StatusNotFound, Title: "没有这个页面", NoIndex: true, Body: "gone"}
	}
	h.NoIndex = h.NoIndex || searched
	page, err = s.compose(h, kept, path, category, compose)
	if err != nil {
		s.Log.ErrorContext(ctx, "a page goes out without its head", "path", path, "err", err)
		return nil
	}
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if len(kept.pages) < maxKeptPages && len(key) < 300 {
		kept.pages[key] = page
	}
	return page
}

// compose renders a head and the content below it.
func (s *Pages) compose(h *head, kept *keptPages, path, category string, compose web.Compose) (*web.Page, error) {
	p := kept.papers
	h.Front = FrontSize{Rows: len(kept.front.Rows), Banners: len(kept.front.Banners) > 0}
	h.Shop = ViewOf(p)
	h.Name = h.Title
	switch {
	case h.Title == "":
		h.Title, h.Name = p.Name, p.Name
	case h.Title != p.Name:
		h.Title += " · " + p.Name
	}
	if h.Description == "" {
		h.Description = p.Slogan
	}
	if h.Kind == "" {
		h.Kind = "website"
	}
	if h.Picture == "" {
		h.Picture = "/icon-512.png"
	}
	h.URL = s.PublicURL + path
	if category != "" {
		h.URL += "?category=" + url.QueryEscape(category)
	}
	if strings.HasPrefix(h.Picture, "/") {
		h.Picture = s.PublicURL + h.Picture
	}
	var headHTML, body bytes.Buffer
	if err := templates.ExecuteTemplate(&headHTML, "head.html", h); err != nil {
		return nil, err
	}
	if h.Body != "" {
		if h.Content == nil {
			h.Content = h
		}
		if err := templates.ExecuteTemplate(&body, h.Body, h.Content); err != nil {
			return nil, err
		}
	}
	return compose(h.Status, headHTML.Bytes(), body.Bytes()), nil
}
