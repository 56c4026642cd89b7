package operations

import (
	"strings"
	"testing"

	"mstm/acceptance/shoptest"
)

// TestProgram_ExitCodes_AreThoseOfScripts runs commands as a shell does.
func TestProgram_ExitCodes_AreThoseOfScripts(t *testing.T) {
	for _, tt := range []struct {
		args, wants string
		code        int
	}{
		{"--help", "check-wechat", 0},
		{"--version", "mstm version", 0},
		{"completion bash", "complete", 0},
		{"--generate-shell-completion", "sandbox", 0},
		{"sandbox -h", "--forward", 0},
		{"sandbox -nothing", "nothing", 1},
		{"grant", "grant USERNAME ROLE...", 1},
		{"nothing", `no command \"nothing\"`, 1},
	} {
		cmd := shoptest.Command(t, strings.Fields(tt.args)...)
		cmd.Dir = t.TempDir()
		out, _ := cmd.CombinedOutput() // the code says it
		if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(string(out), tt.wants) {
			t.Errorf("mstm %s exits with %d, want %d and %q:\n%s", tt.args, code, tt.code, tt.wants, out)
		}
	}
}
