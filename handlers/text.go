package handlers

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"mstm/shop"
)

// maxName is the length of names of people and keys, in characters.
const maxName = 40

// cleanLine is one line of text from a caller as it is kept: NFC, trimmed, least to most
// characters, without control characters and without those that turn the direction of
// writing, which make one text look like another.
func cleanLine(field, text string, least, most int) (string, error) {
	if len(text) > 16*most {
		return "", shop.ErrInvalidField.At(field) // before normalising a flood of combining marks
	}
	text = strings.TrimSpace(norm.NFC.String(text))
	n := utf8.RuneCountInString(text)
	if n < least || n > most || strings.ContainsFunc(text, isHidden) {
		return "", shop.ErrInvalidField.At(field)
	}
	return text, nil
}

// cleanText is cleanLine for text of several lines: its line breaks stay.
func cleanText(field, text string, least, most int) (string, error) {
	if len(text) > 16*most {
		return "", shop.ErrInvalidField.At(field)
	}
	text = strings.TrimSpace(norm.NFC.String(strings.ReplaceAll(text, "\r\n", "\n")))
	n := utf8.RuneCountInString(text)
	hidden := func(r rune) bool { return r != '\n' && isHidden(r) }
	if n < least || n > most || strings.ContainsFunc(text, hidden) {
		return "", shop.ErrInvalidField.At(field)
	}
	return text, nil
}

// isHidden reports whether a person cannot see r: controls, line separators, bidirectional
// overrides, the invisible letters of other formats.
func isHidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) || r == '\ufeff' || r == '\u200b'
}
