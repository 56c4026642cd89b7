// Package lessontext makes HTML of the Markdown that a text lesson is written in. The HTML carries
// no script, no style of its own and no address of another host's picture, whatever the text says.
package lessontext

import (
	"bytes"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"mstm/shop"
)

// pictureScheme begins the address of a picture in a text: `![说明](media:ID)`.
const pictureScheme = "media:"

// Text is a text made into HTML. The addresses of its pictures are left open: they are made for each
// reader.
type Text struct {
	pieces   []string // pieces of HTML; between two of them is the address of a picture
	pictures []string // ids of the files, as often as they are shown
}

// Pictures are the files that the text shows, each once.
func (t *Text) Pictures() []string { return slices.Compact(slices.Sorted(slices.Values(t.pictures))) }

// HTML is the text with the address of every picture.
func (t *Text) HTML(address func(mediaID string) string) string {
	var b strings.Builder
	for i, piece := range t.pieces {
		b.WriteString(piece)
		if i < len(t.pictures) {
			b.WriteString(util.BytesToReadOnlyString(util.EscapeHTML([]byte(address(t.pictures[i])))))
		}
	}
	return b.String()
}

// markdown is GitHub's: tables, strikethrough, task lists and links by themselves; and footnotes.
// HTML inside a text is left out. Two Chinese lines that follow one another are joined without
// a space.
var markdown = goldmark.New(
	goldmark.WithExtensions(
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		extension.Strikethrough, extension.TaskList, extension.Linkify, extension.NewFootnote(),
		extension.NewCJK(extension.WithEastAsianLineBreaks(extension.EastAsianLineBreaksCSS3Draft), extension.WithEscapedSpace()),
	),
	goldmark.WithRendererOptions(html.WithXHTML(), renderer.WithNodeRenderers(util.Prioritized(codeBlocks{}, 100))),
)

// Render makes HTML of a text. shop.ErrLessonTextPicture where it shows a picture that is no file of the
// shop's, shop.ErrLessonTextComplex where the parser would need long for it.
func Render(source string) (*Text, error) {
	if isComplex(source) {
		return nil, shop.ErrLessonTextComplex
	}
	raw := []byte(source)
	doc := markdown.Parser().Parse(text.NewReader(raw), parser.WithContext(parser.NewContext()))
	if err := checkPictures(doc); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := markdown.Renderer().Render(&b, raw, doc); err != nil {
		return nil, err
	}
	return split(policy.Sanitize(b.String())), nil
}

// checkPictures refuses a picture of another host, and one whose address is no file's.
func checkPictures(doc ast.Node) error {
	return ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		picture, ok := n.(*ast.Image)
		if ok && entering {
			id, ours := strings.CutPrefix(string(picture.Destination), pictureScheme)
			if !ours || !shop.ValidID(id) {
				return ast.WalkStop, shop.ErrLessonTextPicture
			}
		}
		return ast.WalkContinue, nil
	})
}

// split cuts sanitised HTML at the addresses of its pictures. A quotation mark inside a text is
// escaped, so nothing but a picture has the mark.
func split(sanitised string) *Text {
	const mark = `src="` + pictureScheme
	t := &Text{}
	for {
		before, rest, found := strings.Cut(sanitised, mark)
		id, after, closed := strings.Cut(rest, `"`)
		if !found || !closed {
			t.pieces = append(t.pieces, sanitised)
			return t
		}
		t.pieces = append(t.pieces, before+`src="`)
		t.pictures = append(t.pictures, id)
		sanitised = `"` + after
	}
}
