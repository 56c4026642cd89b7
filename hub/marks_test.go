package hub

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"mstm/hub/feed"
)

// mutePage follows a topic of a hub without Redis and has not been sent ready: what comes waits.
func mutePage(t *testing.T, topic string, seen *seenPending) (*partition, *follower) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1})
	h := New(Config{Redis: client, Log: slog.New(slog.DiscardHandler)})
	run, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); h.feed.Run(run) }()
	t.Cleanup(func() { cancel(); <-ended; client.Close() })
	conn, there := net.Pipe()
	t.Cleanup(func() { there.Close() })
	p := h.partitionOf(topic)
	p.log.Restart(feed.Head{Position: feed.Position{Epoch: "EPOCH"}}, nil)
	at := p.log.Lock()
	defer at.Unlock()
	return p, p.add(at, topic, h.newSocket(conn, ""), 0, seen)
}

// TestPlacesOfWhatIsEarlyMakeNoPageTooSlow: each names all before it, which is more than the events themselves.
func TestPlacesOfWhatIsEarlyMakeNoPageTooSlow(t *testing.T) {
	topic := UserTopic("alice")
	p, f := mutePage(t, topic, nil)
	for n := range feed.MaxPending - 1 {
		d := feed.Draft{Topic: topic, Body: fmt.Sprintf(`"type":"number","data":%d`, n)}
		for n == 0 { // until the feed runs
			if _, err := p.hub.feed.Publish(t.Context(), p.index, d); errors.Is(err, ErrInLine) {
				break
			}
		}
		if _, err := p.hub.feed.Publish(t.Context(), p.index, d); n > 0 && !errors.Is(err, ErrInLine) {
			t.Fatal(err)
		}
	}
	at := p.log.Lock()
	defer at.Unlock()
	if n := at.PendingCount(); f.socket.isEnding() || n < feed.MaxPending-1 {
		t.Errorf("ended with %d pending; the last place has %d bytes", n, len(f.place(at)))
	}
}

// TestAMarkThatIsForgottenMakesThePageReadTheState: its event may come yet, and repeats then what the state shows.
func TestAMarkThatIsForgottenMakesThePageReadTheState(t *testing.T) {
	p, f := mutePage(t, Activity, newSeen([]string{"absent"}))
	for offset := range uint64(seenFor + 2) {
		if offset > seenFor-2 {
			f.socket.waits = nil
		}
		p.log.Deliver(feed.Entry{
			Position: feed.Position{Epoch: "EPOCH", Offset: offset + 1}, Tag: rand.Text()[:10], Topic: Activity, Body: `"type":"number","data":1`,
		})
		said := f.socket.waits.lanes[shared].events
		asked := slices.ContainsFunc(said, func(ev *event) bool {
			return bytes.Contains(ev.frame, fmt.Appendf(nil, `{"activity":{"pos":"EPOCH-%d","resumed":false}}`, offset))
		})
		if asked != (offset+1 == seenFor) && offset > seenFor-2 {
			t.Errorf("at %d: told to read the state: %v", offset+1, asked)
		}
	}
	if f.seen != nil {
		t.Error("the mark is not forgotten")
	}
}
