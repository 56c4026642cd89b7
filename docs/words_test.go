package docs_test

import (
	"bytes"
	"go/scanner"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// vague are words that stand for a person or a time without naming it. A reader in a hurry looks
// back for what they mean; a noun, or a time, needs no second look.
var vague = regexp.MustCompile(`(?i)\b(?:who|whoever|whom|somebody|nobody|told|tells|meanwhile|anew)\b`)

// At most so many of them in so many words.
const mostVague, perWords = 1, 1000

var (
	word   = regexp.MustCompile(`[A-Za-z][A-Za-z'’-]*`)
	remark = regexp.MustCompile(`(?s)/\*.*?\*/|<!--.*?-->|(?m:(?:^|[\s;{}(),])//.*$)`) // of TypeScript, Vue and CSS
	hashed = regexp.MustCompile(`(?m)^\s*#.*$`)                                        // of Makefile, YAML and shell
)

// TestDocs_Comments_NameTheirSubject holds the vague words below a few in a thousand words of comments,
// over the repository, and likewise in its pages and contracts. Names of fields may need a few.
func TestDocs_Comments_NameTheirSubject(t *testing.T) {
	type count struct {
		words, vague int
		where        []string
	}
	counts := map[string]*count{"comments": {}, "docs": {}}
	for path, text := range sources(t) {
		c := counts["comments"]
		if isPage(path) {
			c = counts["docs"]
		}
		prose := comments(path, text)
		c.words += len(word.FindAll(prose, -1))
		if n := len(vague.FindAll(prose, -1)); n > 0 {
			c.vague += n
			c.where = append(c.where, path)
		}
	}
	for name, c := range counts {
		t.Logf("%s: %d vague words in %d", name, c.vague, c.words)
		if c.words == 0 || c.vague*perWords > c.words*mostVague {
			t.Errorf("%s: %d vague words in %d, at most %d in %d; name the person or the time in %s",
				name, c.vague, c.words, mostVague, perWords, strings.Join(c.where, ", "))
		}
	}
}

// isPage reports whether a file is prose as a whole: a page, or a contract with its descriptions.
func isPage(path string) bool {
	return filepath.Ext(path) == ".md" || filepath.Base(path) == "asyncapi.yaml" || strings.HasPrefix(path, "handlers/openapi/")
}

// comments is the prose in a file: its comments, or all of a page.
func comments(path string, text []byte) []byte {
	if isPage(path) {
		return text
	}
	switch filepath.Ext(path) {
	case ".go":
		return goComments(text)
	case ".ts", ".vue", ".mjs", ".js", ".css":
		return bytes.Join(remark.FindAll(text, -1), []byte("\n"))
	default:
		return bytes.Join(hashed.FindAll(text, -1), []byte("\n"))
	}
}

func goComments(text []byte) []byte {
	var prose bytes.Buffer
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(text)), text, nil, scanner.ScanComments)
	for {
		switch _, tok, lit := s.Scan(); tok {
		case token.EOF:
			return prose.Bytes()
		case token.COMMENT:
			prose.WriteString(lit + "\n")
		}
	}
}
