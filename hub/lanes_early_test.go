package hub

import (
	"fmt"
	"net"
	"testing"
)

// TestPlacesOfWhatIsEarlyMakeNoPageTooSlow: each names all before it, which is more than the events themselves.
func TestPlacesOfWhatIsEarlyMakeNoPageTooSlow(t *testing.T) {
	h := New(Config{})
	conn, client := net.Pipe()
	defer client.Close()
	s := h.newSocket(conn, "") // ready is not sent: what comes waits
	topic := UserTopic("alice")
	p := h.partitionOf(topic)
	p.epoch = newEpoch()
	f := p.add(topic, s, 0, nil)
	for n := range earlyEvents - 1 {
		p.advance(draft{topic: topic, body: fmt.Sprintf(`"type":"number","data":%d`, n), tag: newTag()}, true)
	}
	if s.isEnding() {
		t.Errorf("ended; the last place has %d bytes", len(p.placeOf(f)))
	}
}
