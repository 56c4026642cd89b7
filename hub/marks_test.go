package hub

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/hub/conn"
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
	here, there := net.Pipe()
	t.Cleanup(func() { there.Close() })
	return follows(h, h.newSession(here, ""), topic, seen)
}

// follows makes a session follow a topic of a log that has begun.
func follows(h *Hub, s *session, topic string, seen *seenPending) (*partition, *follower) {
	p := h.partitionOf(topic)
	p.log.Restart(feed.Head{Position: feed.Position{Epoch: "EPOCH"}}, nil)
	at := p.log.Lock()
	defer at.Unlock()
	return p, p.add(at, topic, s, 0, seen)
}

// TestPlacesOfWhatIsEarlyMakeNoPageTooSlow: each names all before it, which is more than the events themselves.
func TestPlacesOfWhatIsEarlyMakeNoPageTooSlow(t *testing.T) {
	topic := UserTopic("alice")
	p, f := mutePage(t, topic, nil)
	for n := range feed.MaxPending - 1 {
		d := feed.Draft{Topic: topic, Body: fmt.Sprintf(`"type":"number","data":%d`, n)}
		for n == 0 { // until the feed runs
			if _, err := p.hub.feed.Publish(t.Context(), p.index, d); errors.Is(err, ErrPending) {
				break
			}
		}
		if _, err := p.hub.feed.Publish(t.Context(), p.index, d); n > 0 && !errors.Is(err, ErrPending) {
			t.Fatal(err)
		}
	}
	at := p.log.Lock()
	defer at.Unlock()
	if n := at.PendingCount(); f.session.socket.IsEnding() || n < feed.MaxPending-1 {
		t.Errorf("ended with %d pending; the last place has %d bytes", n, len(f.place(at)))
	}
}

// TestAMarkThatIsForgottenMakesThePageReadTheState: its event may come yet, and repeats then what the state shows.
func TestAMarkThatIsForgottenMakesThePageReadTheState(t *testing.T) {
	h := New(Config{})
	server, client := tcpPair(t)
	s := h.newSession(server, "")
	p, f := follows(h, s, Activity, newSeen([]string{"absent"}))
	s.socket.Start(map[string]conn.Standing{})
	var text []byte
	chunk := make([]byte, 64<<10)
	for offset := range uint64(seenFor + 2) {
		p.log.Deliver(feed.Entry{
			Position: feed.Position{Epoch: "EPOCH", Offset: offset + 1}, Tag: rand.Text()[:10], Topic: Activity, Body: `"type":"number","data":1`,
		})
		for bytes.Count(text, []byte(`"op":"event"`)) <= int(offset) { // the page keeps up
			client.SetReadDeadline(time.Now().Add(10 * time.Second))
			n, err := client.Read(chunk)
			if err != nil {
				t.Fatalf("at %d: %v", offset+1, err)
			}
			text = append(text, chunk[:n]...)
		}
	}
	for offset := uint64(seenFor - 1); offset < seenFor+2; offset++ {
		asked := bytes.Contains(text, fmt.Appendf(nil, `{"activity":{"pos":"EPOCH-%d","resumed":false}}`, offset))
		if asked != (offset+1 == seenFor) {
			t.Errorf("at %d: asked to read the state: %v", offset+1, asked)
		}
	}
	if f.seen != nil {
		t.Error("the mark is not forgotten")
	}
}

// tcpPair is both ends of a connection.
func tcpPair(t testing.TB) (server, client net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close(); client.Close() })
	return server, client
}
