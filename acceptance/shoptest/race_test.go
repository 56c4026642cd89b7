//go:build race

package shoptest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const plantEnv = "MSTM_TEST_PLANTED_RACE"

// Some packages of others are built without the race detector; ours must not be among them.
func TestAPlantedRaceIsFound(t *testing.T) {
	if os.Getenv(plantEnv) != "" {
		race()
		return
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-test.run=^TestAPlantedRaceIsFound$")
	cmd.Env = append(os.Environ(), plantEnv+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "WARNING: DATA RACE") {
		t.Errorf("a planted race is not found: %v\n%s", err, out)
	}
}

// race reads a log and writes to it with nothing between the two.
func race() {
	var l LogBook
	done := make(chan struct{})
	go func() {
		_, _ = l.b.WriteString("a race")
		close(done)
	}()
	_ = l.b.Len()
	<-done
}
