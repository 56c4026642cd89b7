package pages

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mstm/acceptance/shoptest"
)

// TestTheExamplesOfTheHubAPIRun runs each program of docs/examples against a shop, twice: the key
// of a broadcast is the program's own, so the second run sends nothing again.
func TestTheExamplesOfTheHubAPIRun(t *testing.T) {
	t.Parallel()
	s := shoptest.Start(t)
	var key struct {
		Key string `json:"key"`
	}
	s.Staff("admin").Post("/api/admin/api-keys", obj{"name": "marketing", "scopes": []string{"hub:broadcast", "hub:publish"}}).Want(201).Into(&key)
	folder := filepath.Join("docs", "examples")
	for name, command := range map[string][]string{
		"curl": {"sh", filepath.Join(folder, "broadcast.sh")}, "python": {"python3", filepath.Join(folder, "broadcast.py")},
		"node": {"node", filepath.Join(folder, "broadcast.mjs")}, "go": {"go", "run", "./" + filepath.Join(folder, "broadcast")},
	} {
		t.Run(name, func(t *testing.T) {
			program := command[0]
			if name == "curl" {
				program = "curl"
			}
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("%s is not installed", program)
			}
			before := len(broadcasts(s))
			for range 2 {
				run := exec.Command(command[0], command[1:]...)
				run.Env = append(run.Environ(), "SHOP="+s.Url, "KEY="+key.Key)
				out, err := run.CombinedOutput()
				if err != nil {
					t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
				}
			}
			if after := len(broadcasts(s)); after != before+1 {
				t.Errorf("two runs made %d broadcasts, want 1", after-before)
			}
		})
	}
}

// broadcasts lists the ids of all broadcasts.
func broadcasts(s *shoptest.Shop) (ids []string) {
	var page struct{ Items []struct{ ID string } }
	s.Staff("marketer").Get("/api/hub/broadcasts?limit=100").Want(200).Into(&page)
	for _, b := range page.Items {
		ids = append(ids, b.ID)
	}
	return ids
}
