package lessontext

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/alecthomas/chroma/v2"
	chromahtml "github.com/alecthomas/chroma/v2/formatters/html"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/alecthomas/chroma/v2/styles"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// maxColoured is how long a piece of code, in bytes, is coloured; a longer one stays plain.
const maxColoured = 32 << 10

// colours writes code as spans with classes, since the pages allow no inline style.
var colours = chromahtml.New(chromahtml.WithClasses(true), chromahtml.PreventSurroundingPre(true))

// codeBlocks renders code that names its language.
type codeBlocks struct{}

func (codeBlocks) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindFencedCodeBlock, renderCode)
}

var languageName = regexp.MustCompile(`^[a-z0-9+#-]{1,30}$`)

func renderCode(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	block := node.(*ast.FencedCodeBlock)
	language := strings.ToLower(string(block.Language(source)))
	class := ""
	if languageName.MatchString(language) {
		class = fmt.Sprintf(` class="language-%s"`, language)
	}
	_, _ = w.WriteString(`<pre class="chroma"><code` + class + `>`) // a BufWriter keeps its error for Flush
	code := string(block.Lines().Value(source))
	if err := writeCode(w, language, code); err != nil {
		return ast.WalkStop, err
	}
	_, _ = w.WriteString("</code></pre>\n")
	return ast.WalkSkipChildren, nil
}

func writeCode(w util.BufWriter, language, code string) error {
	lexer := lexers.Get(language)
	if language == "" || lexer == nil || len(code) > maxColoured {
		_, err := w.Write(util.EscapeHTML([]byte(code)))
		return err
	}
	tokens, err := chroma.Coalesce(lexer).Tokenise(nil, code)
	if err != nil {
		return err
	}
	return colours.Format(w, styles.Fallback, tokens)
}
