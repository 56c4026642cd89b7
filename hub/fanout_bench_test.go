package hub

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"mstm/hub/conn"
	"mstm/hub/feed"
)

// crowd is a hub without Redis, with sockets that follow activity and clients that read what
// comes.
func crowd(b *testing.B, sockets int) *Hub {
	h := New(Config{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	for range sockets {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		go io.Copy(io.Discard, client)
		server, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { server.Close() })
		s := h.newSession(server, "")
		if _, _, err := h.join(context.Background(), join{session: s, topic: Activity}); err != nil {
			b.Fatal(err)
		}
		s.socket.Start(map[string]conn.Standing{})
	}
	return h
}

// BenchmarkFanOut is what one event costs that every socket gets: built once, queued and written to each.
func BenchmarkFanOut(b *testing.B) {
	const sockets = 200
	h := crowd(b, sockets)
	p := h.partitionOf(Activity)
	body := `"type":"activity.begins","data":{"title":"` + strings.Repeat("x", 200) + `"}`
	b.ReportAllocs()
	offset := uint64(0)
	for b.Loop() {
		offset++
		if n := p.log.Deliver(feed.Entry{
			Position: feed.Position{Epoch: "BENCHMARKS", Offset: offset}, Tag: fmt.Sprint(offset), Topic: Activity, Body: body,
		}); n != sockets {
			b.Fatalf("%d of %d took it", n, sockets)
		}
		h.conns.Drain(conn.Shared)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(offset*sockets), "ns/delivery")
}
