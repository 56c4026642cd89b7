package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// levels are the rooms of the house from the top down. A package imports rooms of the levels below its own, and none of
// its own level: what a room needs of a neighbour it takes as an interface of its own.
var levels = [][]string{
	{"mstm"},
	{"app"},
	{"handlers"},
	{"account", "cart", "catalogue", "checkout", "cover", "figures", "learning", "notice", "people", "personal", "storefront", "webhook"},
	{"store", "hub", "wechat", "media", "sms", "runner", "web", "lessontext", "search"},
	{"shop"},
}

// outside are folders beside the house, which the program does not have.
var outside = []string{"acceptance", "bench", "docs", "lint"}

// rowPackage is a package as `go list -json` has it, without its tests.
type rowPackage struct {
	ImportPath string
	Imports    []string
}

// housePackages are all packages of the module.
func housePackages(t *testing.T) (all []rowPackage) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "mstm/...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p rowPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// roomOf is the first folder of a package's path, "mstm" for the top; ok is false for packages of others.
func roomOf(path string) (room string, ok bool) {
	if path == "mstm" {
		return path, true
	}
	rest, ok := strings.CutPrefix(path, "mstm/")
	room, _, _ = strings.Cut(rest, "/")
	return room, ok
}

func levelOf(room string) int {
	return slices.IndexFunc(levels, func(rooms []string) bool { return slices.Contains(rooms, room) })
}

// isKit reports whether a package is for tests, which may stand on any level.
func isKit(path string) bool { return strings.HasSuffix(path, "test") }

// wrongImport says what is wrong with an import; "" where nothing is.
func wrongImport(from, to string) string {
	room, _ := roomOf(from)
	other, ours := roomOf(to)
	switch {
	case (room == "checkout" || room == "learning") && to == "net/http":
		return "an order and a lesson know no HTTP"
	case !ours || slices.Contains(outside, room) || isKit(from):
		return ""
	case isKit(to):
		return "that is for tests"
	case from == "mstm/handlers/rest" && to == "mstm/handlers":
		return "what all requests pass knows no noun"
	case room == "hub" && other == "hub":
		if from == "mstm/hub" {
			return ""
		}
		return "the hub's parts do not know one another"
	case room == other:
		return ""
	case levelOf(room) < 0:
		return "its room has no level"
	case levelOf(other) <= levelOf(room):
		return "imports run downwards"
	}
	return ""
}

func TestImports_EveryPackage_RunDownwards(t *testing.T) {
	all := housePackages(t)
	if len(all) < 15 {
		t.Fatalf("go list names %d packages", len(all))
	}
	for _, p := range all {
		for _, to := range p.Imports {
			if why := wrongImport(p.ImportPath, to); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, to, why)
			}
		}
	}
}

func TestImports_PlantedArrow_IsFound(t *testing.T) {
	for from, to := range map[string]string{
		"mstm/shop": "mstm/store", "mstm/store": "mstm/hub", "mstm/cart": "mstm/checkout", "mstm/notice": "mstm/handlers",
		"mstm/hub/conn": "mstm/hub/feed", "mstm/checkout": "net/http", "mstm/learning": "net/http", "mstm/account": "mstm/store/storetest", "mstm/attic": "mstm/shop",
		"mstm/handlers/rest": "mstm/handlers",
	} {
		if wrongImport(from, to) == "" {
			t.Errorf("%s may import %s", from, to)
		}
	}
}
