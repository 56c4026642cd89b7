package web

import (
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"mstm/web/packed"
)

// homeBudget is how much of the program a browser fetches for the first page, packed, in bytes. Pictures, the data of the
// catalogue and the page's own text come on top, some 8 KB.
const homeBudget = 90_000

var linked = regexp.MustCompile(`(?:src|href)="/(assets/[^"]+)"`)

func TestBudget_FirstPage_IsSmall(t *testing.T) {
	built, err := fs.Sub(dist, "dist/app")
	if err != nil {
		t.Fatal(err)
	}
	index, err := fs.ReadFile(built, indexFile)
	if err != nil {
		t.Skip("SKIPPED: the pages are not built")
	}
	list, err := routesOf(built)
	if err != nil {
		t.Fatal(err)
	}
	home, ok := list.of("/")
	if !ok || len(home.Files) == 0 {
		t.Fatalf("the build knows no files of the first page: %+v", home)
	}
	files := map[string]bool{}
	for _, f := range home.Files {
		files[f] = true
	}
	for _, m := range linked.FindAllSubmatch(index, -1) {
		files[string(m[1])] = true
	}
	sum := len(packed.Brotli(index))
	for name := range files {
		body, err := fs.ReadFile(built, name)
		if err != nil {
			t.Fatal(err)
		}
		size := len(packed.Brotli(body))
		t.Logf("%6d %s", size, name)
		sum += size
		if strings.HasSuffix(name, ".css") && strings.Contains(string(body), "@font-face") {
			t.Errorf("%s holds a font", name)
		}
	}
	t.Logf("%6d in all", sum)
	if sum > homeBudget {
		t.Errorf("the first page is %d bytes, more than %d", sum, homeBudget)
	}
}

func TestPage_ItsFiles_AreNamedInItsHTML(t *testing.T) {
	if _, err := fs.Stat(dist, "dist/app/"+indexFile); err != nil {
		t.Skip("SKIPPED: the pages are not built")
	}
	built, _ := fs.Sub(dist, "dist/app")
	list, err := routesOf(built)
	if err != nil || len(list) < 15 {
		t.Fatalf("%d routes, %v", len(list), err)
	}
	h := Handler(Options{})
	for _, r := range list {
		for _, f := range r.Files {
			if res := get(t, h, "GET", "/"+f); res.StatusCode != http.StatusOK {
				t.Errorf("%s of %s: %d", f, r.Path, res.StatusCode)
			}
		}
	}
}
