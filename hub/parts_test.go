package hub

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestThePartsOfTheHubKnowNeitherTheHubNorOneAnother: the hub imports its parts, and no arrow runs up or across.
func TestThePartsOfTheHubKnowNeitherTheHubNorOneAnother(t *testing.T) {
	for _, part := range []string{"feed", "conn", "fleet"} {
		files, _ := filepath.Glob(part + "/*.go")
		if len(files) == 0 {
			t.Errorf("%s has no files", part)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range parsed.Imports {
				if strings.HasPrefix(i.Path.Value, `"mstm/`) && i.Path.Value != `"mstm/hub/hubtest"` {
					t.Errorf("%s imports %s", file, i.Path.Value)
				}
			}
		}
	}
}
