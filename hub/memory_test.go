package hub

import "testing"

func TestMemoryIsGivenBackWhileACrowdRestsAndOnceAfterIt(t *testing.T) {
	var c calm
	for round, r := range []struct {
		came uint64
		here int
		over bool
	}{
		{0, 0, false}, {10, 10, false}, {10, 20, false}, // a quiet shop
		{4000, 0, false}, {6000, 0, false}, {300, 0, false}, {100, 0, true}, // a deploy of another's pages
		{0, 0, false}, {10, 0, false}, {999, 0, false}, {0, 0, true}, // few, but many of few
		{1000, 500, false}, {1000, 500, false}, {1000, 500, false}, // always many
		{10_000, 10_000, false}, {0, 10_000, true}, {0, 10_000, true}, {150, 10_000, true}, // a crowd that rests
		{300, 10_000, false}, {20, 9000, true}, {0, 900, false},
	} {
		if c.after(c.seen+r.came, r.here) != r.over {
			t.Errorf("round %d, in which %d came: given back is %v", round, r.came, !r.over)
		}
	}
}
