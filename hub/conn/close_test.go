package conn

import (
	"encoding/json"
	"fmt"
	"testing"
)

// TestPlannedReturnsAreSpreadEvenly: the busiest second has at most half as much again as the mean.
func TestPlannedReturnsAreSpreadEvenly(t *testing.T) {
	for _, n := range []int{1, 20, 1000, 10000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			window := RestartWindow(n)
			seconds := map[int64]int{}
			for i := range n {
				var reason struct {
					RetryMS int64 `json:"retry_ms"`
				}
				if err := json.Unmarshal(ServerRestart.Slot(i, n, window).Frame()[4:], &reason); err != nil {
					t.Fatal(err)
				}
				if reason.RetryMS < ServerRestart.Least.Milliseconds() || reason.RetryMS > window.Milliseconds() {
					t.Errorf("socket %d of %d comes back after %d ms", i, n, reason.RetryMS)
				}
				seconds[reason.RetryMS/1000]++
			}
			mean := float64(n) / window.Seconds()
			for second, came := range seconds {
				if n >= 20 && float64(came) > 1.5*mean {
					t.Errorf("%d come back in second %d, %.0f in the mean", came, second, mean)
				}
			}
		})
	}
}

func TestFramesOfEveryLengthSayTheirLength(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 70000} {
		f := textFrame(make([]byte, n))
		head := map[bool]int{true: 2, false: 4}[n < 126]
		if n > 65535 {
			head = 10
		}
		if len(f) != head+n || f[0] != finText {
			t.Errorf("%d bytes of payload make a frame of %d", n, len(f))
		}
	}
}
