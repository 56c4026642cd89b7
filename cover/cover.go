// Package cover draws the covers of courses that have no picture of their own.
package cover

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"unicode"

	"mstm/shop"
)

// Path is the address of the picture that is drawn for a course.
func Path(courseID string) string { return "/covers/" + courseID + ".svg" }

// A cover is drawn on a canvas of 16:9, in the viewer's own fonts: an SVG inside <img>
// may load nothing from elsewhere.
const (
	width  = 640
	height = 360
	margin = 44
	fonts  = `'PingFang SC','HarmonyOS Sans SC','Microsoft YaHei','Noto Sans CJK SC','Source Han Sans SC',sans-serif`
)

// SVG draws the cover of a course without a picture of its own. The same seed (the
// course's id) gives the same picture on every machine and in every release that leaves
// this file alone, so the answer may be cached for long.
func SVG(title, category, seed string) []byte {
	d := newDice(seed)
	c := palette[d.roll(len(palette))]
	art := arts[d.roll(len(arts))]

	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" lang="zh-CN" role="img">`,
		width, height, width*2, height*2)
	drawGround(&b, d, c)
	art(&b, d, c)
	drawShade(&b, c)
	drawLabel(&b, c, category)
	drawTitle(&b, c, title)
	b.WriteString(`</svg>`)
	return b.Bytes()
}

// colours of one cover: the ground runs from deep to mid, and both stay dark enough for
// white letters (contrast at least 4.5:1); light and spark are the shapes on it.
type colours struct{ deep, mid, light, spark string }

var palette = [...]colours{
	{"#0b1f4b", "#1d4ed8", "#7dd3fc", "#fbbf24"},
	{"#052e2b", "#0f766e", "#6ee7b7", "#fde68a"},
	{"#2e1065", "#6d28d9", "#c4b5fd", "#f9a8d4"},
	{"#4a0d1f", "#be123c", "#fda4af", "#fed7aa"},
	{"#3b1a06", "#b45309", "#fcd34d", "#fef3c7"},
	{"#082f49", "#0369a1", "#a5f3fc", "#fca5a5"},
	{"#14261a", "#3f7d3a", "#bef264", "#fef08a"},
	{"#1e1b4b", "#4338ca", "#a5b4fc", "#5eead4"},
	{"#3f0d3b", "#a21caf", "#f0abfc", "#fde047"},
	{"#111827", "#475569", "#cbd5e1", "#fb923c"},
	{"#431407", "#c2410c", "#fdba74", "#99f6e4"},
	{"#0c2a3a", "#155e75", "#67e8f9", "#fdba74"},
}

// dice is a stream of choices that depends on the seed alone (splitmix64).
type dice struct{ state uint64 }

func newDice(seed string) *dice {
	h := fnv.New64a()
	h.Write([]byte(seed))
	return &dice{h.Sum64()}
}

// roll is a number in [0, n).
func (d *dice) roll(n int) int {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int((z ^ z>>31) % uint64(n))
}

// between is a number in [lo, hi].
func (d *dice) between(lo, hi int) int { return lo + d.roll(hi-lo+1) }

// pick is one of the words.
func (d *dice) pick(words ...string) string { return words[d.roll(len(words))] }

func drawGround(b *bytes.Buffer, d *dice, c colours) {
	fmt.Fprintf(b, `<defs><linearGradient id="g" gradientTransform="rotate(%d .5 .5)"><stop offset="0" stop-color="%s"/><stop offset="1" stop-color="%s"/></linearGradient>`,
		d.between(10, 50), c.deep, c.mid)
	fmt.Fprintf(b, `<linearGradient id="s"><stop offset="0" stop-color="%s" stop-opacity=".85"/><stop offset=".55" stop-color="%s" stop-opacity=".5"/><stop offset="1" stop-color="%s" stop-opacity="0"/></linearGradient></defs>`,
		c.deep, c.deep, c.deep)
	fmt.Fprintf(b, `<rect width="%d" height="%d" fill="url(#g)"/>`, width, height)
}

// drawShade darkens the art from the left, where the letters stand.
func drawShade(b *bytes.Buffer, c colours) {
	fmt.Fprintf(b, `<rect width="%d" height="%d" fill="url(#s)"/>`, width, height)
}

func drawLabel(b *bytes.Buffer, c colours, category string) {
	if category == "" {
		return
	}
	const size = 22
	wide := int(ems(category)*size) + 32
	fmt.Fprintf(b, `<rect x="%d" y="38" width="%d" height="40" rx="20" fill="#fff" fill-opacity=".14" stroke="#fff" stroke-opacity=".35"/>`,
		margin, wide)
	drawText(b, c, margin+16, 66, size, 500, c.light, category)
}

// drawTitle sets the title from the bottom up. What stands before a colon is the
// headline, what follows is set smaller, as on a poster.
func drawTitle(b *bytes.Buffer, c colours, title string) {
	head, tail := cutTitle(title)
	size, lines := fitTitle(head, tail != "")
	y := height - 46
	if tail != "" {
		const small = 29
		rest := wrap(tail, (width-2*margin)/float64(small), 1)
		drawText(b, c, margin, y, small, 400, c.light, rest[0])
		y -= small + 25
	}
	for i := len(lines) - 1; i >= 0; i-- {
		drawText(b, c, margin, y, size, 700, "#fff", lines[i])
		y -= size * 5 / 4
	}
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="52" height="6" rx="3" fill="%s"/>`, margin, y+size/4-14, c.spark)
}

// drawText sets one line, with a soft rim that keeps it readable over the art.
func drawText(b *bytes.Buffer, c colours, x, y, size, weight int, fill, s string) {
	fmt.Fprintf(b, `<text x="%d" y="%d" font-family="%s" font-size="%d" font-weight="%d" fill="%s" stroke="%s" stroke-opacity=".4" stroke-width="%d" stroke-linejoin="round" paint-order="stroke">`,
		x, y, fonts, size, weight, fill, c.deep, size/8)
	xml.EscapeText(b, []byte(s)) // a bytes.Buffer takes everything
	b.WriteString(`</text>`)
}

// cutTitle parts a title at its first colon, full or half width.
func cutTitle(title string) (head, tail string) {
	title = strings.Join(strings.Fields(title), " ")
	i := strings.IndexAny(title, "：:")
	if i < 0 {
		return title, ""
	}
	head, tail = strings.TrimSpace(title[:i]), strings.TrimSpace(strings.TrimLeft(title[i:], "：: "))
	if head == "" || tail == "" {
		return title, ""
	}
	return head, tail
}

// fitTitle finds the largest letters, in pixels, with which the headline fits: on one
// line if that leaves them large, because Chinese has no spaces to break at.
func fitTitle(head string, hasTail bool) (size int, lines []string) {
	const room = width - 2*margin - 40
	most := 3
	if hasTail {
		most = 2
	}
	for _, size := range []int{64, 56, 50} {
		if ems(head) <= room/float64(size) {
			return size, []string{head}
		}
	}
	for _, size := range []int{64, 56, 50, 44} {
		limit := room / float64(size)
		if n := len(wrap(head, limit, 99)); n <= 2 || n <= most && size <= 50 {
			return size, balanced(head, limit, n)
		}
	}
	return 44, wrap(head, room/44.0, most)
}

// balanced wraps s into n lines of nearly the same length, and rather after a particle
// or at a space than in the middle of a word.
func balanced(s string, limit float64, n int) []string {
	best, least := wrap(s, limit, n), 1e9
	for narrow := ems(s) / float64(n); narrow < limit; narrow += 0.25 {
		lines := wrap(s, narrow, 99)
		if len(lines) > n {
			continue
		}
		if cost := raggedness(s, lines); cost < least {
			best, least = lines, cost
		}
	}
	return best
}

// raggedness is how unlike in length the lines of s are, in ems, less a bonus for every
// line that ends where a reader pauses.
func raggedness(s string, lines []string) float64 {
	longest, shortest := 0.0, 1e9
	for _, line := range lines {
		longest, shortest = max(longest, ems(line)), min(shortest, ems(line))
	}
	cost := longest - shortest
	for _, line := range lines[:len(lines)-1] {
		if strings.HasSuffix(line, "的") || strings.HasSuffix(line, "与") || strings.HasSuffix(line, "和") ||
			strings.HasSuffix(line, "、") || strings.Contains(s, line+" ") {
			cost -= 3
		}
	}
	return cost
}

// wrap breaks s into lines of at most limit ems. What does not fit into most lines is
// cut off with an ellipsis.
func wrap(s string, limit float64, most int) []string {
	lines := []string{""}
	for _, word := range breakable(s) {
		last := &lines[len(lines)-1]
		if *last != "" && ems(strings.TrimRight(*last+word, " ")) > limit {
			lines = append(lines, strings.TrimLeft(word, " "))
			continue
		}
		*last += word
	}
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
		if ems(lines[i]) > limit+1 { // one word wider than a line
			lines[i] = clip(lines[i], limit)
		}
	}
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] = clip(lines[most-1]+"……", limit)
	}
	return lines
}

// clip cuts s to limit ems and ends it with an ellipsis.
func clip(s string, limit float64) string {
	const unit = 100 // of an em
	size := func(s string) int { return int(math.Round(unit * ems(s))) }
	return shop.CutBy(strings.TrimRight(s, "…"), size, int(unit*(limit-1))) + "…"
}

// breakable cuts s where a line may end: between Chinese characters and at spaces, not
// inside a Latin word, and never before a mark that closes or after one that opens.
func breakable(s string) (words []string) {
	var prev rune
	for _, r := range s {
		if len(words) > 0 && glued(prev, r) {
			words[len(words)-1] += string(r)
		} else {
			words = append(words, string(r))
		}
		prev = r
	}
	return words
}

func glued(prev, r rune) bool {
	const opens, closes = "（《“「【(", "，。、！？；：）》”」】…)!?,.:;"
	switch {
	case strings.ContainsRune(closes, r) || strings.ContainsRune(opens, prev):
		return true
	case prev == ' ' || r == ' ':
		return false
	}
	return !unicode.Is(unicode.Han, prev) && !unicode.Is(unicode.Han, r) && !strings.ContainsRune(closes, prev)
}

// ems estimates how wide s is set, in widths of a Chinese character.
func ems(s string) (n float64) {
	for _, r := range s {
		switch {
		case r == ' ' || strings.ContainsRune("il.,:;'!|", r):
			n += 0.3
		case r < 0x80 && unicode.IsUpper(r):
			n += 0.68
		case r < 0x2000:
			n += 0.58
		default:
			n++
		}
	}
	return n
}
