package lessontext

import (
	"net/url"
	"regexp"

	"github.com/microcosm-cc/bluemonday"

	"mstm/shop"
)

// policy is what HTML may stay: the elements that Markdown makes. bluemonday goes over what goldmark has made, so
// that a fault of one of them is none of the page's.
var policy = newPolicy()

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "strong", "em", "del", "blockquote",
		"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "pre", "code", "sup", "div")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|center|right)$`)).OnElements("th", "td")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")

	p.AllowAttrs("class").Matching(regexp.MustCompile(`^chroma$`)).OnElements("pre")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[a-z0-9+#-]{1,30}$`)).OnElements("code")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^[a-z][a-z0-9]{0,3}$`)).OnElements("span")

	p.AllowAttrs("id").Matching(regexp.MustCompile(`^fn(ref[0-9]*)?:[0-9]+$`)).OnElements("li", "sup")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^footnotes$`)).OnElements("div")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^footnote-(ref|backref)$`)).OnElements("a")
	p.AllowAttrs("role").Matching(regexp.MustCompile(`^doc-(noteref|backlink|endnotes)$`)).OnElements("a", "div")

	p.AllowAttrs("type").Matching(regexp.MustCompile(`^checkbox$`)).OnElements("input")
	p.AllowAttrs("checked", "disabled").Matching(regexp.MustCompile(`^$`)).OnElements("input")

	p.AllowAttrs("href").Matching(regexp.MustCompile(`(?i)^(https?://|mailto:|/|#)`)).OnElements("a")
	p.AllowAttrs("title").OnElements("a", "img")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireNoFollowOnFullyQualifiedLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.RequireParseableURLs(true)

	p.AllowAttrs("src").Matching(regexp.MustCompile(`^` + pictureScheme)).OnElements("img")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowURLSchemeWithCustomPolicy("media", func(u *url.URL) bool { return shop.ValidID(u.Opaque) })
	return p
}
