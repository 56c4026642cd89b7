package search

import (
	"unicode"

	"github.com/siongui/gojianfan"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// form is a text as it is compared: each character in its plain form (NFKC), lower case, without accents, simplified.
// at[i] is the number of the character of the original text that runes[i] comes from.
type form struct {
	runes []rune
	at    []int
}

// formOf brings a text into its form. Separators of all kinds become one blank.
func formOf(text string) form {
	f := form{}
	i := 0
	for _, r := range text {
		for _, p := range plain(r) {
			if !isHan(p) && !isWordly(p) {
				p = ' '
			}
			if p == ' ' && (len(f.runes) == 0 || f.runes[len(f.runes)-1] == ' ') {
				continue
			}
			f.runes, f.at = append(f.runes, p), append(f.at, i)
		}
		i++
	}
	return f
}

// plain is what one character is compared as; none for an accent that stands by itself, and for what is not seen.
func plain(r rune) []rune {
	if r < unicode.MaxASCII {
		return []rune{unicode.ToLower(r)}
	}
	s := norm.NFKC.String(string(r))
	if unicode.Is(unicode.Latin, r) {
		s = norm.NFKD.String(s)
	}
	s = cases.Fold().String(s)
	var out []rune
	for _, p := range gojianfan.T2S(s) {
		if !unicode.In(p, unicode.Mn, unicode.Cf) {
			out = append(out, p)
		}
	}
	return out
}

// isHan reports whether r is of a script that is written without blanks, or a picture.
func isHan(r rune) bool {
	if r >= 0x4e00 && r <= lastHan {
		return true
	}
	return r > unicode.MaxLatin1 && (unicode.In(r, unicode.So, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r == 'ー')
}

// isWordly reports whether r is part of a word of letters and digits; C++ and C# are words.
func isWordly(r rune) bool {
	return r == '+' || r == '#' || unicode.IsLetter(r) && !isHan(r) || unicode.IsDigit(r)
}

// part is a stretch of one script: characters without blanks, or a word of letters and digits.
type part struct {
	han      bool
	from, to int // in the form
}

// parts are the stretches of a form in their order. A word begins with a letter or a digit.
func (f form) parts() (all []part) {
	for i := 0; i < len(f.runes); {
		r := f.runes[i]
		if r == ' ' || !isHan(r) && (r == '+' || r == '#') {
			i++
			continue
		}
		han, from := isHan(r), i
		for i < len(f.runes) && f.runes[i] != ' ' && isHan(f.runes[i]) == han {
			i++
		}
		all = append(all, part{han, from, i})
	}
	return all
}

// text is the form as one string.
func (f form) text() string { return string(f.runes) }

func (f form) word(p part) string { return string(f.runes[p.from:p.to]) }
