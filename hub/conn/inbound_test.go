package conn

import (
	"bytes"
	"net"
	"strings"
	"testing"
)

// source is a connection that brings the same bytes in pieces of a size.
type source struct {
	net.Conn
	rest  *bytes.Reader
	piece int
}

func (s *source) Read(p []byte) (int, error) { return s.rest.Read(p[:min(len(p), s.piece)]) }

// readAll reads frames until something is wrong, and returns what the messages said, with | between.
func readAll(input []byte, piece int) (said string, frames int, err error) {
	conn := &source{rest: bytes.NewReader(input), piece: piece}
	s := &Socket{net: conn}
	for ; ; frames++ {
		h, err := s.in.next(conn)
		if err != nil {
			return said, frames, err
		}
		if h.op >= opClose {
			if _, err := s.in.control(conn, h); err != nil {
				return said, frames, err
			}
			continue
		}
		m, err := s.collect(h)
		if err != nil {
			return said, frames, err
		}
		if m != nil {
			said += string(m.body) + "|"
		}
	}
}

// masked is a client's frame.
func masked(first byte, payload string) []byte {
	b := frameHeader(first, len(payload))
	b[1] |= 0x80
	mask := [4]byte{1, 2, 3, 0xf4}
	body := []byte(payload)
	unmask(body, mask)
	return append(append(b, mask[:]...), body...)
}

func TestFramesAreReadHoweverTheBytesCome(t *testing.T) {
	long := strings.Repeat("x", 300)
	var input []byte
	for _, f := range [][]byte{
		masked(finText, "one"), masked(finPing, long[:125]), masked(opText, "tw"), masked(opContinuation, ""),
		masked(finPong, ""), masked(0x80, "o"), masked(finText, long), masked(finText, ""), masked(finClose, "\x03\xe8bye"),
	} {
		input = append(input, f...)
	}
	for _, piece := range []int{1, 2, 3, 7, 64, 139, 4096} {
		if said, frames, _ := readAll(input, piece); said != "one|two|"+long+"||" || frames != 9 {
			t.Errorf("in pieces of %d: %d frames said %q", piece, frames, said)
		}
	}
}

func TestAHeadThatPromisesMuchTakesNoMemory(t *testing.T) {
	input := masked(finText, strings.Repeat("x", messageLimit))[:20]
	if n := testing.AllocsPerRun(10, func() { readAll(input, 4096) }); n > 10 {
		t.Errorf("%v allocations", n)
	}
	conn := &source{rest: bytes.NewReader(input), piece: 4096}
	var in inbound
	h, err := in.next(conn)
	if err != nil || h.size != messageLimit {
		t.Fatal(h, err)
	}
	grown := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			conn.rest.Reset(nil)
			in = inbound{}
			in.data(conn, h, nil)
		}
	}).AllocedBytesPerOp()
	if grown > 1024 {
		t.Errorf("16 KiB that were promised and did not come take %d bytes", grown)
	}
}

// FuzzInbound: whatever comes is read to its end or to a mistake, the same in whatever pieces, and no message is
// larger than the limit.
func FuzzInbound(f *testing.F) {
	f.Add(masked(finText, `{"op":"hello"}`), uint8(7))
	f.Add(append(masked(opText, "a"), masked(0x80, "b")...), uint8(1))
	f.Add(masked(finClose, "\x03\xe8"), uint8(3))
	f.Add([]byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, uint8(2))
	f.Fuzz(func(t *testing.T, input []byte, piece uint8) {
		said, frames, err := readAll(input, int(piece)+1)
		again, framesAgain, errAgain := readAll(input, 1<<20)
		if said != again || frames != framesAgain || err != errAgain {
			t.Errorf("%d frames, %v; at once %d frames, %v", frames, err, framesAgain, errAgain)
		}
		for _, m := range strings.Split(said, "|") {
			if len(m) > messageLimit {
				t.Errorf("a message of %d bytes", len(m))
			}
		}
		closedBy(input[:min(len(input), maxControlPayload)])
	})
}
