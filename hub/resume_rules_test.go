package hub

import (
	"fmt"
	"slices"
	"testing"

	"mstm/hub/feed"
)

func entryOf(offset uint64, topic, typ, data string) feed.Entry {
	return feed.Entry{Position: feed.Position{Epoch: "E", Offset: offset}, Topic: topic, Body: `"type":"` + typ + `","data":` + data}
}

func cart(offset uint64, version int) *event {
	e := entryOf(offset, "user:a", "cart.changed", fmt.Sprintf(`{"version":%d}`, version))
	e.State = feed.State{Whole: true, Version: int64(version)}
	return newEvent(e)
}

func order(offset uint64) *event { return newEvent(entryOf(offset, "user:a", "order.changed", `{}`)) }

func activity(offset uint64) *event { return newEvent(entryOf(offset, Activity, "begins", `{}`)) }

func TestAReplayLeavesOutStateThatALaterOneReplaces(t *testing.T) {
	older := []feed.Event{cart(1, 1), order(2), activity(3)}
	newer := []feed.Event{cart(4, 2), order(5), cart(6, 4), cart(7, 3)}
	got, fits := collect("user:a", older, newer)
	var offsets []uint64
	for _, ev := range got {
		offsets = append(offsets, ev.pos.Offset)
	}
	if want := []uint64{2, 5, 6, 7}; !fits || !slices.Equal(offsets, want) {
		t.Errorf("replayed %v, want %v", offsets, want)
	}
}
