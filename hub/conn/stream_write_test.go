package conn

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
)

// hesitant is a connection that takes some bytes at a time and then makes its writer wait too long.
type hesitant struct {
	net.Conn
	took   bytes.Buffer
	most   int // bytes at a time; 0: all
	closed bool
}

func (c *hesitant) Write(p []byte) (int, error) {
	if n := rand.N(c.most + 1); c.most > 0 && n < len(p) {
		c.took.Write(p[:n])
		return n, os.ErrDeadlineExceeded
	}
	return c.took.Write(p)
}

func (c *hesitant) CloseWrite() error { c.closed = true; return nil }

func TestAnEventTakenInPiecesIsWrittenOnce(t *testing.T) {
	frames := [][]byte{
		textFrame([]byte(`{"op":"ready","user":null,"heartbeat_s":25,"topics":{"activity":{"pos":"E-9","resumed":true}}}`)),
		controlFrame(finPing, ""), controlFrame(finPong, "x"), PongFrame(),
	}
	for i := range 40 {
		body := fmt.Sprintf(`{"op":"event","topic":"activity","pos":"E-%d","type":"t","data":"%s"}`, i, strings.Repeat("x", rand.N(70_000)))
		frames = append(frames, textFrame([]byte(body)))
	}
	frames = append(frames, ServerRestart.Frame())
	write := func(most int) *hesitant {
		c := &hesitant{most: most}
		e := &events{Conn: c, since: map[string]string{"activity": "E-1"}, places: map[string]string{}}
		for rest := net.Buffers(slices.Clone(frames)); len(rest) > 0; {
			if _, err := rest.WriteTo(e); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
		}
		return c
	}
	whole, pieces := write(0), write(20_000)
	if !bytes.Equal(whole.took.Bytes(), pieces.took.Bytes()) || !whole.closed || !pieces.closed {
		t.Errorf("%d bytes in pieces, %d at once; ended %v, %v", pieces.took.Len(), whole.took.Len(), pieces.closed, whole.closed)
	}
	text := whole.took.String()
	if !strings.HasPrefix(text, `id: {"activity":"E-1"}`+"\ndata: {") || strings.Count(text, "\nid: ") != 40 {
		t.Errorf("the stream begins with %.100s", text)
	}
}
