package web

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var token = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6});`)

// luminance is the relative luminance of a colour as WCAG 2 has it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(c uint64) float64 {
		v := float64(c&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}

func TestStyle_TextOnItsGround_HasTheContrastOfAA(t *testing.T) {
	css, err := os.ReadFile("src/style.css")
	if err != nil {
		t.Fatal(err)
	}
	colours := map[string]string{}
	for _, m := range token.FindAllStringSubmatch(string(css), -1) {
		if _, isKnown := colours[m[1]]; !isKnown {
			colours[m[1]] = m[2]
		}
	}
	for text, grounds := range map[string][]string{
		"ink": {"paper", "card", "tint"}, "soft": {"paper", "card", "tint"}, "brand": {"paper", "card", "tint"},
		"price": {"card", "paper"}, "amber": {"amber-tint", "card"}, "card": {"brand"},
	} {
		for _, ground := range grounds {
			a, b := luminance(t, colours[text]), luminance(t, colours[ground])
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s on %s: %.2f", text, ground, ratio)
			}
		}
	}
	// Vant takes the outline away from a:focus and [class*=van-]:focus.
	if !strings.Contains(string(css), ":root :focus-visible { outline: 2px") {
		t.Error("the focus is not to be seen")
	}
}
