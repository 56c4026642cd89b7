package lessontext

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"mstm/shop"
)

func rendered(t *testing.T, source string) string {
	t.Helper()
	made, err := Render(source)
	if err != nil {
		t.Fatalf("%s: %v", shortened(source), err)
	}
	return made.HTML(func(id string) string { return "/api/playback/" + id + "/file?a&b" })
}

func shortened(s string) string { return s[:min(len(s), 60)] }

func TestRender_EveryFormOfAText_IsHTMLWithoutStyle(t *testing.T) {
	got := rendered(t, "# 题目\n\n一段**要紧**的话，\n接着写。[课程](/courses/go1) 与 https://example.com/a\n\n"+
		"| 名 | 数 |\n| :-- | --: |\n| 甲 | 1 |\n\n- [x] 做完\n- [ ] 没做\n\n脚注[^1]。\n\n[^1]: 说明\n\n"+
		"```go\nfunc main() { return \"<b>\" }\n```\n\n![一张图](media:pic1 \"题\")\n")
	for _, want := range []string{
		"<h1>题目</h1>", "<strong>要紧</strong>的话，接着写。", `<a href="/courses/go1">课程</a>`,
		`<a href="https://example.com/a" rel="nofollow noopener" target="_blank">`, `<th align="left">名</th>`, `<td align="right">1</td>`,
		`<input checked="" disabled="" type="checkbox"/>`, `<sup id="fnref:1"><a href="#fn:1" class="footnote-ref" role="doc-noteref">1</a></sup>`,
		`<li id="fn:1">`, `<pre class="chroma"><code class="language-go">`, `<span class="kd">func</span>`, `&#34;&lt;b&gt;&#34;`,
		`<img src="/api/playback/pic1/file?a&amp;b" alt="一张图" title="题"/>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, "style=") {
		t.Errorf("an inline style in\n%s", got)
	}
}

func TestRender_PicturesOfOtherPlaces_AreRefused(t *testing.T) {
	for _, at := range []string{
		"https://example.com/a.png", "//example.com/a.png", "/covers/go1.svg", "data:image/png;base64,AAAA", "javascript:alert(1)",
		"media:", "media:../../x", "media:a/b", "MEDIA:a", "media:a?b", "media:a#b", "<media:a b>",
	} {
		for _, source := range []string{"![a](" + at + ")", "[![a](" + at + ")](/)", "![a][r]\n\n[r]: " + at, "| ![a](" + at + ") |\n|-|\n"} {
			made, err := Render(source)
			if errors.Is(err, shop.ErrLessonTextPicture) {
				continue
			}
			if err != nil || len(made.Pictures()) != 0 || strings.Contains(made.HTML(nil), "<img") {
				t.Errorf("%s: %v", source, err)
			}
		}
	}
	made, err := Render("![a](media:p2) ![b](media:p1) ![a](media:p2)")
	if err != nil || strings.Join(made.Pictures(), " ") != "p1 p2" {
		t.Errorf("%v, %v", made, err)
	}
}

// attacks are texts of which each would run a script or load something, if it were let through.
var attacks = []string{
	`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg onload=alert(1)>`, `<iframe src="https://e.com"></iframe>`,
	`[a](javascript:alert(1))`, `[a](JaVaScRiPt:alert(1))`, `[a](java&#115;cript:alert(1))`, `[a](java&Tab;script:alert(1))`, "[a](\x01javascript:alert(1))",
	`[a](data:text/html;base64,PHNjcmlwdD4=)`, `[a](vbscript:a)`, `[a](file:///etc/passwd)`, `<javascript:alert(1)>`, `[a](<javascript:alert(1)>)`,
	`[a](/ "x\" onmouseover=alert(1) y=\"")`, `![a" onerror="alert(1)](media:p1)`, `![a](media:p1 "x\" onerror=\"alert(1)")`,
	"```\"><script>alert(1)</script>\na\n```", "```go onload=alert(1)\na\n```", "```<script>\n</code></pre><script>alert(1)</script>\n```",
	`<style>body{background:url(https://e.com)}</style>`, `<p style="position:fixed">a</p>`, `<a href="https://e.com" style="x" onclick="a">b</a>`,
	"| <script> |\n|---|\n| <img src=x onerror=a> |", `[^1]` + "\n\n[^1]: <script>a</script>", `<!--><script>alert(1)</script>-->`, `<![CDATA[<script>a</script>]]>`,
	`<math><mtext><table><mglyph><style><img src=x onerror=a>`, `<noscript><p title="</noscript><img src=x onerror=a>">`, `<form action="/api/logout"><button>a</button></form>`,
	`<base href="https://e.com">`, `<meta http-equiv=refresh content="0;url=https://e.com">`, `<link rel=stylesheet href=https://e.com/a.css>`, `[a]: javascript:alert(1)` + "\n\n[a]",
	`src="media:p1"`, "`src=\"media:p1\"`", `[a](media:p1)`, `[src="media:p1"](/ 'src="media:p1"')`, `<input type=password>`, `<div id=app></div>`, `<video src=a autoplay></video>`,
}

// TestRender_Attack_LeavesNothingThatRuns reads the HTML as a browser does.
func TestRender_Attack_LeavesNothingThatRuns(t *testing.T) {
	allowed := regexp.MustCompile(`^(h[1-6]|p|br|hr|strong|em|del|blockquote|ul|ol|li|table|thead|tbody|tr|th|td|pre|code|span|sup|div|a|img|input)$`)
	attributes := regexp.MustCompile(`^(align|start|class|id|role|type|checked|disabled|href|title|src|alt|rel|target)$`)
	for _, source := range attacks {
		made, err := Render(source)
		if err != nil {
			continue
		}
		text := made.HTML(func(string) string { return "SIGNED" })
		tokens := html.NewTokenizer(strings.NewReader(text))
		for tokens.Next() != html.ErrorToken {
			tag := tokens.Token()
			if tag.Type == html.TextToken {
				continue
			}
			if !allowed.MatchString(tag.Data) {
				t.Errorf("%s: <%s> in %s", source, tag.Data, text)
			}
			for _, a := range tag.Attr {
				isAddress := a.Key == "href" && !regexp.MustCompile(`^(https?://|mailto:|/|#)`).MatchString(a.Val) || a.Key == "src" && a.Val != "SIGNED"
				if !attributes.MatchString(a.Key) || isAddress {
					t.Errorf("%s: %s=%q in %s", source, a.Key, a.Val, text)
				}
			}
		}
	}
}

// TestRender_HostileText_EndsSoon has texts of 200 KB that keep a parser busy for minutes.
func TestRender_HostileText_EndsSoon(t *testing.T) {
	t.Parallel()
	const size = 200_000
	for name, unit := range map[string]string{
		"quotes": ">", "lists": "* ", "numbers": "1. ", "links": "[](", "pictures": "![a](", "brackets": "[", "stresses": "*a **a ", "code": "`` ` ", "tags": "<a ", "pipes": "|a",
	} {
		began := time.Now()
		_, err := Render(strings.Repeat(unit, size/len(unit)) + "a")
		if took := time.Since(began); took > 20*time.Second || err != nil && !errors.Is(err, shop.ErrLessonTextComplex) {
			t.Errorf("%s: %v after %s", name, err, took)
		}
	}
	if _, err := Render(strings.Repeat("> ", 40) + "- a\n\n" + strings.Repeat("-", 300) + "\n" + strings.Repeat("[a](/b) ", 500)); err != nil {
		t.Errorf("a text of a person: %v", err)
	}
}
