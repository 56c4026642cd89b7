package shop

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHiddenCharactersAreRefusedInEveryLine(t *testing.T) {
	for _, r := range []rune{
		'\u202e', '\u202a', '\u2066', '\u2069', '\u200e', '\u061c', // direction
		'\u3164', '\u115f', '\u1160', '\uffa0', '\u17b4', '\u180e', '\u034f', // blank letters and fillers
		'\u200b', '\u200c', '\u200d', '\u2060', '\u2063', '\ufeff', '\u00ad', '\ufff9', '\U0001d173', // format
		'\ufe0f', '\ufe00', '\U000e0100', '\U000e0041', '\U000e0001', // selectors and tags without an emoji
		'\u2028', '\u2029', '\x00', '\x1b', '\x7f', '\u0085', '\u2800', '\ufffe',
	} {
		for _, text := range []string{"课程" + string(r) + "名", "a" + string(r) + "b"} {
			if _, err := CleanLine("title", text, 1, 80); !errors.Is(err, ErrInvalidField) {
				t.Errorf("%U passes in a line: %v", r, err)
			}
			if _, err := CleanText("body", text, 1, 80); !errors.Is(err, ErrInvalidField) {
				t.Errorf("%U passes in a text: %v", r, err)
			}
		}
	}
	for _, text := range []string{"\u3164", "\u3000 \u2003", "\u200d", "", "👩\u200d", "\u200d👩", "👩\u200d\u200d🚀", "a\ufe0f", "1\ufe0f", "👩\ufe0f\ufe0f", "🏴\U000e0067", "👩\U000e0067\U000e007f", "🏴" + tags("paid by nobody") + "\U000e007f", "🏴" + tags("ENG") + "\U000e007f", "🏴" + tags("gbengland") + "\U000e007f"} {
		if _, err := CleanLine("name", text, 1, 40); !errors.Is(err, ErrInvalidField) {
			t.Errorf("%+q passes: %v", text, err)
		}
	}
}

// tags spells ASCII in the invisible tags of flags.
func tags(s string) string {
	return strings.Map(func(r rune) rune { return r - ' ' + firstTag }, s)
}

func TestTextThatAPersonWritesStays(t *testing.T) {
	for _, text := range []string{
		"Go 语言", "a < b && c > d", "<b>双十一</b>", "<script>", "林-微", "👩‍💻 编程", "👨‍👩‍👧‍👦", "❤️", "❤", "1️⃣ 入门", "👍🏽", "👩🏽‍🚀", "🏳️‍🌈",
		"🇨🇳", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴" + tags("ustx") + "\U000e007f", "é", "한국어", "हिन्दी", "م؀", "a\u3000b",
	} {
		got, err := CleanLine("title", text, 1, 80)
		if err != nil || got != text {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	}
	if got, err := CleanLine("title", "  e\u0301 ", 1, 80); got != "é" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := CleanText("body", "一\r\n\t二\n", 1, 80); got != "一\n\t二" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, line := range []string{"a\nb", "a\tb"} {
		if _, err := CleanLine("title", line, 1, 80); err == nil {
			t.Errorf("%q is one line", line)
		}
	}
}

func TestTextsThatAPersonWouldCallTheSameFoldToOne(t *testing.T) {
	for _, same := range [][]string{
		{"Go 语言", "ｇｏ　语言", "GO语言", "go\u00a0\u2003语言 ", "Go\u200b语言"},
		{"Straße", "STRASSE", "straſſe"},
		{"ﬁne  art", "FINE ART", "fine\tart"},
		{"❤️ 瑜伽", "❤瑜伽"},
		{"Ⅻ①", "xii1"},
		{"é", "e\u0301", "É"},
	} {
		for _, text := range same {
			if Fold(text) != Fold(same[0]) {
				t.Errorf("%q folds to %q, %q to %q", text, Fold(text), same[0], Fold(same[0]))
			}
		}
	}
	if Fold("fine art") == Fold("fineart") {
		t.Error("two words are one")
	}
}

func TestACutLeavesNoHalfOfWhatAReaderSees(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"课程", 2, "课程"}, {"课程名", 2, "课程"}, {"学👨‍👩‍👧‍👦", 7, "学"}, {"学👨‍👩‍👧‍👦们", 8, "学👨‍👩‍👧‍👦"},
		{"🇨🇳🇨🇳", 3, "🇨🇳"}, {"👍🏽", 1, ""}, {"ae\u0301x", 2, "a"}, {"", 3, ""}, {"x", 0, ""},
	} {
		if got := Cut(c.text, c.most); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.text, c.most, got, c.want)
		}
	}
	if got := CutBy("学e\u0301x", func(s string) int { return len(s) }, 5); got != "学" {
		t.Errorf("by bytes: %q", got)
	}
}

func FuzzTextIsCutWithinItsLimit(f *testing.F) {
	f.Add("学👨‍👩‍👧‍👦们", 3)
	f.Fuzz(func(t *testing.T, text string, most int) {
		if most < 0 || !utf8.ValidString(text) {
			return
		}
		if got := Cut(text, most); utf8.RuneCountInString(got) > most || text[:len(got)] != got {
			t.Errorf("%q", got)
		}
	})
}
