package docs_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// label is the form of the labels that docs/cases.md explains: a rule, a case or a fault.
var label = regexp.MustCompile(`\b(?:[CKP][0-9]{2}|M[1-9][0-9]?|[IS][1-9]|F-[0-9]+)\b`)

// row is the label that a row of a table in docs/cases.md explains.
var row = regexp.MustCompile(`(?m)^\| (` + label.String() + `) \|`)

// TestDocs_Labels_AreExplainedAndUsed: a label that the page lacks is a riddle to a reader, and a row without
// a use is a rule that no test names any more.
func TestDocs_Labels_AreExplainedAndUsed(t *testing.T) {
	page, err := os.ReadFile("cases.md")
	if err != nil {
		t.Fatal(err)
	}
	used, explained := map[string]string{}, map[string]bool{}
	for _, m := range row.FindAllSubmatch(page, -1) {
		if explained[string(m[1])] {
			t.Errorf("%s stands twice in docs/cases.md", m[1])
		}
		explained[string(m[1])] = true
	}
	for path, text := range sources(t) {
		for _, l := range label.FindAll(bytes.ReplaceAll(text, []byte("_"), []byte(" ")), -1) {
			used[string(l)] = path
		}
	}
	for _, l := range sorted(used) {
		if !explained[l] {
			t.Errorf("%s, used in %s, is not explained in docs/cases.md", l, used[l])
		}
	}
	for _, l := range sorted(explained) {
		if used[l] == "" {
			t.Errorf("%s is explained in docs/cases.md and used nowhere", l)
		}
	}
}

func sorted[V any](set map[string]V) (all []string) {
	for l := range set {
		all = append(all, l)
	}
	slices.Sort(all)
	return all
}

// sources are the texts that people wrote, by their paths from the repository's root. What tools
// make is left out, and so is docs/cases.md, which explains the labels that the others use.
func sources(t *testing.T) map[string][]byte {
	t.Helper()
	texts := map[string][]byte{}
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == "node_modules" || name == "dist" || name == "data" || name == ".git" || name == ".race"):
			return fs.SkipDir
		case d.IsDir(), path == "docs/cases.md", path == "web/client/src/contract.ts", !written(name):
			return nil
		}
		texts[path], err = fs.ReadFile(root, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// written reports whether a file of this name holds words of ours.
func written(name string) bool {
	switch filepath.Ext(name) {
	case ".go", ".md", ".ts", ".vue", ".mjs", ".js", ".css", ".yml":
		return true
	case ".yaml":
		return !strings.HasPrefix(name, "pnpm")
	}
	return name == "Makefile" || name == "Dockerfile" || name == ".env.example"
}
