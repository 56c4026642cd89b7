package hub

import "testing"

func TestAStormIsOverOnceAndOnlyWhenNextToNobodyComes(t *testing.T) {
	var s storm
	for round, r := range []struct {
		came uint64
		over bool
	}{
		{0, false}, {10, false}, {10, false}, // a quiet shop
		{4000, false}, {6000, false}, {300, false}, {100, true}, // a deploy
		{0, false}, {10, false}, {999, false}, {0, true}, // few, but many of few
		{1000, false}, {1000, false}, {1000, false}, // always many
	} {
		if s.over(s.seen+r.came) != r.over {
			t.Errorf("round %d, in which %d came: over is %v", round, r.came, !r.over)
		}
	}
}
