package storefront

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mstm/shop"
	"mstm/shop/papers"
	"mstm/store"
	"mstm/web"
)

// mapSize is how many addresses one file of the site map may have, by sitemaps.org.
const mapSize = 50_000

// File is a file that is made of the shop's data: robots.txt, the site map, the manifest. nil, nil where a path is none of
// them.
func (s *Pages) File(ctx context.Context, path string) (*web.File, error) {
	switch {
	case path == "/robots.txt":
		return &web.File{Type: "text/plain; charset=utf-8", Body: s.robots()}, nil
	case path == "/manifest.webmanifest":
		p, err := s.Papers.Current(ctx)
		if err != nil {
			return nil, err
		}
		body, err := manifest(p)
		return &web.File{Type: "application/manifest+json", Body: body}, err
	case strings.HasPrefix(path, "/sitemap") && strings.HasSuffix(path, ".xml"):
		all, err := s.Catalogue.Get(ctx)
		if err != nil {
			return nil, err
		}
		return s.siteMap(all, path, mapSize)
	}
	return nil, nil
}

// private are the parts of the storefront and the program that are nothing for search engines.
var private = []string{"/api/", "/ws", "/console", "/docs", "/cart", "/checkout", "/orders", "/learning", "/inbox", "/me", "/login", "/*?*q="}

func (s *Pages) robots() []byte {
	var b bytes.Buffer
	b.WriteString("User-agent: *\n")
	for _, path := range private {
		b.WriteString("Disallow: " + path + "\n")
	}
	b.WriteString("\nSitemap: " + s.PublicURL + "/sitemap.xml\n")
	return b.Bytes()
}

// place is one address of the site map.
type place struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

type placeSet struct {
	XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	Places  []place  `xml:"url"`
}

type mapIndex struct {
	XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
	Maps    []place  `xml:"sitemap"`
}

// siteMap is /sitemap.xml, or, where the addresses are more than one file may have, a part of it, /sitemap-N.xml, N from 1; the first is then the list
// of the parts. nil where there is no such part.
func (s *Pages) siteMap(all *store.Catalogue, path string, size int) (*web.File, error) {
	places := s.places(all)
	parts := (len(places) + size - 1) / size
	if path == "/sitemap.xml" {
		if parts <= 1 {
			return xmlFile(placeSet{Places: places})
		}
		var index mapIndex
		for i := range parts {
			index.Maps = append(index.Maps, place{Loc: fmt.Sprintf("%s/sitemap-%d.xml", s.PublicURL, i+1)})
		}
		return xmlFile(index)
	}
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(path, "/sitemap-"), ".xml"))
	if err != nil || n < 1 || n > parts || parts == 1 {
		return nil, nil
	}
	return xmlFile(placeSet{Places: places[(n-1)*size : min(n*size, len(places))]})
}

// places are all addresses for search engines, the newest course first.
func (s *Pages) places(all *store.Catalogue) []place {
	list := []place{{Loc: s.PublicURL + "/"}}
	for _, c := range all.Categories() {
		if all.OnSale(c.ID) > 0 {
			list = append(list, place{Loc: s.PublicURL + "/?category=" + url.QueryEscape(c.ID)})
		}
	}
	for _, k := range papers.Kinds() {
		list = append(list, place{Loc: s.PublicURL + "/" + string(k)})
	}
	for _, c := range all.Courses() {
		if c.State == shop.CourseOnSale {
			list = append(list, place{Loc: s.PublicURL + "/courses/" + c.ID, LastMod: c.UpdatedAt.UTC().Format(time.RFC3339)})
		}
	}
	return list
}

func xmlFile(v any) (*web.File, error) {
	body, err := xml.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &web.File{Type: "application/xml; charset=utf-8", Body: append([]byte(xml.Header), body...)}, nil
}

// manifest is how the shop is put on a phone's home screen.
func manifest(p *papers.Papers) ([]byte, error) {
	type icon struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose,omitempty"`
	}
	return json.Marshal(struct {
		Name        string `json:"name"`
		ShortName   string `json:"short_name"`
		Description string `json:"description,omitempty"`
		ID          string `json:"id"`
		Start       string `json:"start_url"`
		Display     string `json:"display"`
		Language    string `json:"lang"`
		Theme       string `json:"theme_color"`
		Ground      string `json:"background_color"`
		Icons       []icon `json:"icons"`
	}{
		p.Name, p.Name, p.Slogan, "/", "/", "standalone", "zh-CN", "#1f4d3f", "#f6f4ef",
		[]icon{{"/icon-192.png", "192x192", "image/png", ""}, {"/icon-512.png", "512x512", "image/png", ""}, {"/icon-512.png", "512x512", "image/png", "maskable"}},
	})
}
