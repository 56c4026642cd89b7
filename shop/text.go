package shop

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg" // grapheme clusters of UAX #29, with what makes an emoji of several characters
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// CleanLine is one line of text that people see as it is kept: NFC, trimmed, with least to
// most characters and nothing that Hidden reports. The refusal is ErrInvalidField at field.
func CleanLine(field, text string, least, most int) (string, error) {
	return clean(field, text, least, most, false)
}

// CleanText is CleanLine for text of several lines: its line breaks and tabs stay.
func CleanText(field, text string, least, most int) (string, error) {
	return clean(field, strings.ReplaceAll(text, "\r\n", "\n"), least, most, true)
}

// clean bounds the bytes before it normalises a flood of combining marks.
func clean(field, text string, least, most int, lines bool) (string, error) {
	if len(text) > 16*most || !utf8.ValidString(text) {
		return "", ErrInvalidField.At(field)
	}
	text = strings.TrimSpace(norm.NFC.String(text))
	n := utf8.RuneCountInString(text)
	if n < least || n > most || Hidden(text, lines) {
		return "", unfitText(n, least, most).At(field)
	}
	return text, nil
}

// unfitText says what is wrong with a text of n characters.
func unfitText(n, least, most int) *Error {
	switch {
	case n == 0 && least > 0:
		return ErrInvalidField.Because("这一项不能为空", "This must not be empty.")
	case n < least:
		return ErrInvalidField.Because(fmt.Sprintf("至少 %d 个字", least), fmt.Sprintf("At least %d characters are needed.", least))
	case n > most:
		return ErrInvalidField.Because(fmt.Sprintf("最多 %d 个字，现在有 %d 个", most, n), fmt.Sprintf("At most %d characters are possible; these are %d.", most, n))
	}
	return ErrInvalidField.Because("含有看不见的字符，请删去后再试", "The text has characters that cannot be seen; remove them and try again.")
}

// Hidden reports whether text has a character that a person cannot see or that turns the
// direction of writing, so that one text looks like another: controls, format characters,
// what Unicode calls default-ignorable, line separators, bidirectional controls. Joiners,
// variation selectors and tags are fine inside an emoji. With lines, line feeds and tabs are
// fine as well.
func Hidden(text string, lines bool) bool {
	runes := []rune(text)
	for i, r := range runes {
		if !isHidden(r) || lines && (r == '\n' || r == '\t') || inEmoji(runes, i) {
			continue
		}
		return true
	}
	return false
}

// blankBraille is a visible character by its properties, and looks like a blank.
const blankBraille = '\u2800'

func isHidden(r rune) bool {
	if unicode.Is(unicode.Prepended_Concatenation_Mark, r) {
		return false // number signs of Arabic, which are seen
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Bidi_Control,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point) || r == blankBraille
}

const (
	joiner       = '\u200d'
	textStyle    = '\ufe0e'
	emojiStyle   = '\ufe0f'
	keycap       = '\u20e3'
	blackFlag    = '\U0001f3f4'
	firstTag     = '\U000e0020'
	cancelTag    = '\U000e007f'
	lightestSkin = '\U0001f3fb'
	darkestSkin  = '\U0001f3ff'
)

// inEmoji reports whether the hidden character at i is a part of an emoji.
func inEmoji(runes []rune, i int) bool {
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return utf8.RuneError
		}
		return runes[i]
	}
	switch r := runes[i]; {
	case r == joiner:
		before := i - 1
		for at(before) == emojiStyle || at(before) >= lightestSkin && at(before) <= darkestSkin {
			before--
		}
		return isPictograph(at(before)) && isPictograph(at(i+1))
	case r == textStyle, r == emojiStyle:
		return isPictograph(at(i-1)) || strings.ContainsRune("0123456789#*", at(i-1)) && at(i+1) == keycap
	case r >= firstTag && r <= cancelTag:
		first, last := i, i
		for at(first-1) >= firstTag && at(first-1) < cancelTag {
			first--
		}
		for at(last) >= firstTag && at(last) < cancelTag {
			last++
		}
		return at(first-1) == blackFlag && at(last) == cancelTag && isRegion(runes[first:last])
	}
	return false
}

// region is a part of a country as the tags of its flag spell it (UTS #51, a subdivision of
// CLDR): gbeng is England. Other tags would be invisible words.
var region = regexp.MustCompile(`^(?:[a-z]{2}|[0-9]{3})[a-z0-9]{1,4}$`)

func isRegion(tags []rune) bool {
	var b strings.Builder
	for _, t := range tags {
		b.WriteRune(t - firstTag + ' ')
	}
	return region.MatchString(b.String())
}

// isPictograph reports whether r is an Extended_Pictographic of Unicode: of no other
// character does a joiner make one cluster with a heart.
func isPictograph(r rune) bool {
	return r != utf8.RuneError && uniseg.GraphemeClusterCount(string(r)+"\u200d\u2764") == 1
}

// Fold is the form in which texts are compared and searched: what a person would call the
// same has one. Each character is in its plain form (NFKC) and case folded; blanks of any
// kind and number are one blank, and none beside a Chinese character; what is hidden is gone.
func Fold(text string) string {
	text = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
	var b strings.Builder
	var last rune
	blank := false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r) || r == blankBraille || unicode.Is(unicode.Zs, r):
			blank = b.Len() > 0
			continue
		case isHidden(r):
			continue
		}
		if blank && !unicode.Is(unicode.Han, last) && !unicode.Is(unicode.Han, r) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		blank, last = false, r
	}
	return b.String()
}

// Cut is text cut to at most so many characters (code points), at the end of what a reader
// sees as one: an emoji of several stays whole or goes whole.
func Cut(text string, most int) string {
	return CutBy(text, func(s string) int { return utf8.RuneCountInString(s) }, most)
}

// CutBy is Cut for a limit in other units; size counts the units of a piece.
func CutBy(text string, size func(string) int, most int) string {
	if size(text) <= most {
		return text
	}
	end, used, state := 0, 0, -1
	for rest := text; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used += size(cluster); used > most {
			break
		}
		end += len(cluster)
	}
	return text[:end]
}
