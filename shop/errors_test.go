package shop

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files again")

// Programs switch on the codes: one that changes or goes must be seen in review.
func TestTheCatalogueOfErrors(t *testing.T) {
	var lines strings.Builder
	seen := map[string]bool{}
	code := regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)
	for _, e := range Errors() {
		fmt.Fprintf(&lines, "%d %s\n", e.Kind, e.Code)
		if seen[e.Code] {
			t.Errorf("%s is there twice", e.Code)
		}
		seen[e.Code] = true
		if !code.MatchString(e.Code) {
			t.Errorf("%q is not in capitals", e.Code)
		}
		if e.Zh == "" || e.En == "" || e.Zh == e.En {
			t.Errorf("%s lacks a sentence: %q, %q", e.Code, e.Zh, e.En)
		}
	}
	const golden = "testdata/errors.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if lines.String() != string(want) {
		t.Errorf("the catalogue is not what %s says; after a change on purpose run go test ./shop -update\n%s", golden, lines.String())
	}
}

func TestADetailedErrorIsStillItsKind(t *testing.T) {
	err := fmt.Errorf("place order: %w", ErrPriceChanged.With("old_fen", Fen(1)).At("total_fen"))
	if !errors.Is(err, ErrPriceChanged) || errors.Is(err, ErrAlreadyOwned) || CodeOf(err) != "PRICE_CHANGED" {
		t.Errorf("%v is not PRICE_CHANGED and that alone", err)
	}
	if ErrPriceChanged.Extra != nil || ErrPriceChanged.Param != "" {
		t.Error("the catalogue's own error was changed")
	}
	first := ErrPriceChanged.With("a", 1)
	if second := first.With("b", 2); len(first.Extra) != 1 || len(second.Extra) != 2 {
		t.Error("a copy shares its details")
	}
	if CodeOf(errors.New("other")) != "" {
		t.Error("an error without a code has one")
	}
}
