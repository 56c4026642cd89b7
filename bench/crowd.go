package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// crowd is many sockets on one server. Each has a goroutine that counts what arrives.
type crowd struct {
	members []*member
	arrived atomic.Int64 // broadcasts, by all sockets together
	lost    atomic.Int64 // sockets that ended without being closed
	closing atomic.Bool
	timing  atomic.Bool // keep how long each took
}

// member is one socket of the crowd.
type member struct {
	*socket
	crowd *crowd
	took  []time.Duration // from sending to arriving; read when nothing is under way

	// own receives the arrival time of the next event of its own; nil: not measured.
	own atomic.Pointer[chan time.Time]
}

const (
	dialers = 64               // handshakes under way at once
	comeIn  = 10 * time.Minute // for all of them; a server may let them in slowly
)

// gather opens n sockets and waits until each was greeted. A server that asks a client to come
// later is obeyed.
func gather(s *server, n int) (*crowd, error) {
	c := &crowd{members: make([]*member, n)}
	var next atomic.Int64
	var failed atomic.Value
	deadline := time.Now().Add(comeIn)
	var all sync.WaitGroup
	for range dialers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				m, err := c.enter(s, i, deadline)
				if err != nil {
					failed.Store(fmt.Errorf("socket %d: %w", i, err))
					next.Add(int64(n))
					return
				}
				c.members[i] = m
			}
		})
	}
	all.Wait()
	if err, ok := failed.Load().(error); ok {
		c.leave()
		return nil, err
	}
	return c, nil
}

// enter opens one socket, again and again until the deadline.
func (c *crowd) enter(s *server, i int, deadline time.Time) (*member, error) {
	for {
		m, err := c.tryEnter(s, i)
		if err == nil || time.Now().After(deadline) {
			return m, err
		}
		time.Sleep(time.Second/2 + rand.N(time.Second))
	}
}

func (c *crowd) tryEnter(s *server, i int) (*member, error) {
	ws, err := dial(s.addr, i%200*256+1+i/200%250)
	if err != nil {
		return nil, err
	}
	if hello := s.hello(i); hello != "" {
		err := ws.send(opText, []byte(hello))
		for greeted := false; err == nil && !greeted; {
			var body []byte
			body, err = ws.next()
			greeted = bytes.Contains(body, []byte(s.greeting))
		}
		if err != nil {
			ws.conn.Close()
			return nil, err
		}
	}
	ws.conn.SetDeadline(time.Time{})
	m := &member{socket: ws, crowd: c}
	go m.listen()
	return m, nil
}

// stampMark comes before the time of sending, nanoseconds since 1970, in every broadcast.
const stampMark = `"sent_ns":`

// payload is a JSON object of size bytes that carries the time of sending.
func payload(size int) []byte {
	b := strconv.AppendInt([]byte(`{`+stampMark), time.Now().UnixNano(), 10)
	b = append(b, `,"pad":"`...)
	b = append(b, bytes.Repeat([]byte("x"), max(0, size-len(b)-2))...)
	return append(b, `"}`...)
}

// listen counts what arrives. A frame may hold several broadcasts (centrifuge joins them).
func (m *member) listen() {
	for {
		body, err := m.next()
		now := time.Now()
		if err != nil {
			if !m.crowd.closing.Load() {
				m.crowd.lost.Add(1)
			}
			return
		}
		n := int64(0)
		for rest := body; ; n++ {
			_, after, found := bytes.Cut(rest, []byte(stampMark))
			if !found {
				break
			}
			if m.crowd.timing.Load() {
				m.took = append(m.took, now.Sub(stampOf(after)))
			}
			rest = after
		}
		if n > 0 {
			m.crowd.arrived.Add(n)
		} else if bytes.Contains(body, []byte(`"op":"event"`)) {
			if own := m.own.Swap(nil); own != nil {
				*own <- now
			}
		}
	}
}

func stampOf(digits []byte) time.Time {
	end := bytes.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	ns, _ := strconv.ParseInt(string(digits[:max(0, end)]), 10, 64)
	return time.Unix(0, ns)
}

// await waits until want broadcasts have arrived in all.
func (c *crowd) await(want int64, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for c.arrived.Load() < want {
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d deliveries are missing, %d sockets were lost", want-c.arrived.Load(), want, c.lost.Load())
		}
		time.Sleep(200 * time.Microsecond)
	}
	return nil
}

// times takes what was timed since the last call, sorted.
func (c *crowd) times() []time.Duration {
	var all []time.Duration
	for _, m := range c.members {
		all = append(all, m.took...)
		m.took = nil
	}
	slices.Sort(all)
	return all
}

// leave cuts all sockets.
func (c *crowd) leave() {
	c.closing.Store(true)
	for _, m := range c.members {
		if m != nil {
			m.conn.Close()
		}
	}
}
