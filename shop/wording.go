package shop

import (
	"regexp"
	"slices"
	"strings"
)

// Wording is what a notice says in one language: a line, and some lines of plain text. In a
// template both may hold placeholders, {course}, for what is known when it is sent.
type Wording struct {
	Title string `bson:"title" json:"title"`
	Body  string `bson:"body" json:"body"`
}

// Wordings are a Wording in each language that the shop writes.
type Wordings struct {
	Zh Wording `bson:"zh" json:"zh-CN"`
	En Wording `bson:"en" json:"en"`
}

// In is the wording in a language.
func (w Wordings) In(locale string) Wording {
	if locale == LocaleEn {
		return w.En
	}
	return w.Zh
}

// Limits of a template's wording, in characters, placeholders as they are written.
const (
	MaxWordingTitle = 40
	MaxWordingBody  = 500
)

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// Fill is the wording with its placeholders replaced by values. What a value holds is text: a
// placeholder in it stays as it is written.
func (w Wording) Fill(values map[string]string) Wording {
	fill := func(text string) string {
		return strings.TrimSpace(placeholder.ReplaceAllStringFunc(text, func(p string) string { return values[strings.Trim(p, "{}")] }))
	}
	return Wording{Title: fill(w.Title), Body: fill(w.Body)}
}

// check refuses placeholders that are not among known, and braces that belong to none. at is
// the field that it is found in.
func (w Wording) check(at string, known []string) error {
	for _, part := range [...]struct{ field, text string }{{"title", w.Title}, {"body", w.Body}} {
		if bad := strayPlaceholder(part.text, known); bad != "" {
			return ErrPlaceholder.At(at+"."+part.field).With("placeholder", bad).With("placeholders", known)
		}
	}
	return nil
}

// strayPlaceholder is the first placeholder, or brace, that stands for nothing; "" without one.
func strayPlaceholder(text string, known []string) string {
	for _, p := range placeholder.FindAllString(text, -1) {
		if !slices.Contains(known, strings.Trim(p, "{}")) {
			return p
		}
	}
	rest := placeholder.ReplaceAllString(text, "")
	if i := strings.IndexAny(rest, "{}"); i >= 0 {
		return Cut(rest[i:], 20)
	}
	return ""
}
