package notices

import (
	"strings"
	"testing"
)

// crashes counts where a shop was killed.
type crashes struct{ at map[string]int }

func (k *crashes) note(hits []string) {
	if k.at == nil {
		k.at = map[string]int{}
	}
	for _, hit := range hits {
		name, _, _ := strings.Cut(hit, ": ")
		k.at[name]++
	}
}

// wantAt wants these writes to have been among those at which shops were killed.
func (k *crashes) wantAt(t *testing.T, writes ...string) {
	t.Helper()
	t.Logf("killed %v", k.at)
	for _, write := range writes {
		if k.at["before "+write] == 0 || k.at["after "+write] == 0 {
			t.Errorf("never killed both before and after %q", write)
		}
	}
}
