package cover

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

// readCover parses a cover strictly and gives the lines of text that a buyer sees.
func readCover(t *testing.T, svg []byte) (lines []string) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(svg))
	inText := false
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatalf("the cover is not XML: %v\n%s", err, svg)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			inText = tok.Name.Local == "text"
		case xml.EndElement:
			inText = false
		case xml.CharData:
			if inText {
				lines = append(lines, string(tok))
			}
		}
	}
}

func TestCoverShowsTheTitle(t *testing.T) {
	tests := []struct {
		name, title string
		want        []string
	}{
		{"sets a short title on one line", "水彩入门", []string{"水彩入门"}},
		{"sets what follows a colon smaller, below", "指弹吉他：从零到一首歌", []string{"从零到一首歌", "指弹吉他"}},
		{"takes a half-width colon too", "Go: the tour", []string{"the tour", "Go"}},
		{"keeps a title that is only a colon", "：", []string{"："}},
		{"breaks after a particle, not inside a Latin word", "前端工程师的 TypeScript 进阶课", []string{"TypeScript 进阶课", "前端工程师的"}},
		{"leaves the marks of markup as letters", `C & C++ <模板> "元编程"`, []string{`"元编程"`, `C & C++ <模板>`}},
		{"opens no element", `</text><script>`, []string{`</text><script>`}},
		{"does without what XML cannot hold", "a\x00b\x1bc", []string{"a\uFFFDb\uFFFDc"}},
		{"shows nothing for an empty title", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := readCover(t, SVG(tt.title, "", "go1"))
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
				t.Errorf("lines are %q, want %q (from the bottom up)", got, tt.want)
			}
		})
	}
}

func TestCoverShowsTheCategory(t *testing.T) {
	got := readCover(t, SVG("水彩入门", "设计 & 创作", "art1"))
	if got[0] != "设计 & 创作" {
		t.Errorf("first text is %q, want the category", got[0])
	}
}

func TestCoverCutsOffAnEndlessTitle(t *testing.T) {
	for _, word := range []string{"课", "abc ", "abcdefg"} {
		lines := readCover(t, SVG(strings.Repeat(word, 200), "", "x"))
		if n := len(lines); n < 1 || n > 3 {
			t.Fatalf("%q: %d lines, want at most 3", word, n)
		}
		if !strings.HasSuffix(lines[0], "…") {
			t.Errorf("%q: the last line %q has no ellipsis", word, lines[0])
		}
		for _, line := range lines {
			if w := ems(line) * 44; w > width-2*margin {
				t.Errorf("%q: the line %q is %.0f px wide", word, line, w)
			}
		}
	}
}

func TestCoverDependsOnItsSeedAlone(t *testing.T) {
	seen := map[string]string{}
	for i := range 200 {
		seed := fmt.Sprintf("course%d", i)
		svg := SVG("水彩入门", "设计", seed)
		if !bytes.Equal(svg, SVG("水彩入门", "设计", seed)) {
			t.Fatalf("%s: two covers of one seed differ", seed)
		}
		if other, ok := seen[string(svg)]; ok {
			t.Errorf("%s and %s have the same cover", seed, other)
		}
		seen[string(svg)] = seed
		readCover(t, svg)
		if bytes.Contains(svg, []byte("href")) || bytes.Contains(svg, []byte("url(http")) {
			t.Errorf("%s: the cover points elsewhere", seed)
		}
	}
}

func TestWhiteLettersAreReadableOnEveryGround(t *testing.T) {
	for _, c := range palette {
		for _, ground := range []string{c.deep, c.mid} {
			if ratio := 1.05 / (luminance(t, ground) + 0.05); ratio < 4.5 {
				t.Errorf("white on %s has a contrast of %.2f, want 4.5", ground, ratio)
			}
		}
	}
}

// luminance is the relative luminance of WCAG 2, 0 for black to 1 for white.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var rgb [3]uint8
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err != nil {
		t.Fatalf("%s: %v", colour, err)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := float64(rgb[i]) / 255
		if v <= 0.04045 {
			sum += weight * v / 12.92
		} else {
			sum += weight * math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return sum
}
