package hub

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"testing"
)

// mutePage follows a topic of a hub without Redis and has not been sent ready: what comes waits.
func mutePage(t *testing.T, topic string, heard *heardEarly) (*partition, *follower) {
	h := New(Config{})
	conn, client := net.Pipe()
	t.Cleanup(func() { client.Close() })
	p := h.partitionOf(topic)
	p.epoch = newEpoch()
	return p, p.add(topic, h.newSocket(conn, ""), 0, heard)
}

// TestPlacesOfWhatIsEarlyMakeNoPageTooSlow: each names all before it, which is more than the events themselves.
func TestPlacesOfWhatIsEarlyMakeNoPageTooSlow(t *testing.T) {
	topic := UserTopic("alice")
	p, f := mutePage(t, topic, nil)
	for n := range earlyEvents - 1 {
		p.advance(draft{topic: topic, body: fmt.Sprintf(`"type":"number","data":%d`, n), tag: newTag()}, true)
	}
	if f.socket.isEnding() {
		t.Errorf("ended; the last place has %d bytes", len(p.placeOf(f)))
	}
}

// TestAMarkThatIsForgottenMakesThePageReadTheState: its event may come yet, and repeats then what the state shows.
func TestAMarkThatIsForgottenMakesThePageReadTheState(t *testing.T) {
	p, f := mutePage(t, Activity, newHeard([]string{"absent"}))
	for offset := range uint64(heardFor + 2) {
		if offset > heardFor-2 {
			f.socket.waits = nil
		}
		p.deliver(p.epoch, entry{offset: offset + 1, tag: newTag(), topic: Activity, body: `"type":"number","data":1`})
		said := f.socket.waits.lanes[shared].events
		asked := slices.ContainsFunc(said, func(ev *event) bool {
			return bytes.Contains(ev.frame, fmt.Appendf(nil, `{"activity":{"pos":"%s-%d","resumed":false}}`, p.epoch, offset))
		})
		if asked != (offset+1 == heardFor) && offset > heardFor-2 {
			t.Errorf("at %d: told to read the state: %v", offset+1, asked)
		}
	}
	if f.heard != nil {
		t.Error("the mark is not forgotten")
	}
}
