package main

import (
	"bytes"
	"strings"
	"testing"

	"mstm/app"
)

// TestTheFirstAdministratorIsMadeOnTheCommandLine registers like anybody, is granted the role while the
// shop is stopped, as the embedded stores want it, and rules it after that.
func TestTheFirstAdministratorIsMadeOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	s := startShop(t, withDataDir(dir))
	boss := s.newLearner()
	boss.get("/api/admin/users").wantCode(403, "FORBIDDEN")
	s.stop()

	grants := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := program(app.Settings{DataDir: dir}, &out).Run(t.Context(), append([]string{"grant"}, args...))
		return out.String(), err
	}
	for _, wrong := range [][]string{{}, {boss.name}, {boss.name, "king"}, {"nobody-here", "admin"}} {
		if out, err := grants(wrong...); err == nil || out != "" {
			t.Errorf("%q: %q, %v", wrong, out, err)
		}
	}
	for range 2 {
		if out, err := grants(strings.ToUpper(boss.name), "finance", "admin"); err != nil || out != boss.name+" is learner, finance, admin now\n" {
			t.Fatalf("%q, %v", out, err)
		}
	}
	boss.url = startShop(t, withDataDir(dir)).url
	boss.get("/api/admin/users").want(200)
}
