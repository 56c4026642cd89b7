package operations

import (
	"bytes"
	"strings"
	"testing"

	"mstm/acceptance/shoptest"
	"mstm/app"
)

// TestTheFirstAdministratorIsMadeOnTheCommandLine registers like anybody, is granted the role while the
// shop is stopped, as the embedded stores want it, and rules it after that.
func TestTheFirstAdministratorIsMadeOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	s := shoptest.Start(t, shoptest.WithDataDir(dir))
	boss := s.NewLearner()
	boss.Get("/api/admin/users").WantCode(403, "FORBIDDEN")
	s.Stop()

	grants := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := shoptest.Program(app.Settings{DataDir: dir}, &out).Run(t.Context(), append([]string{"grant"}, args...))
		return out.String(), err
	}
	for _, wrong := range [][]string{{}, {boss.Name}, {boss.Name, "king"}, {"nobody-here", "admin"}} {
		if out, err := grants(wrong...); err == nil || out != "" {
			t.Errorf("%q: %q, %v", wrong, out, err)
		}
	}
	for range 2 {
		if out, err := grants(strings.ToUpper(boss.Name), "finance", "admin"); err != nil || out != boss.Name+" is learner, finance, admin now\n" {
			t.Fatalf("%q, %v", out, err)
		}
	}
	boss.Url = shoptest.Start(t, shoptest.WithDataDir(dir)).Url
	boss.Get("/api/admin/users").Want(200)
}
