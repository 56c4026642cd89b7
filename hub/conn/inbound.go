package conn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// Opcodes of a client's frames, RFC 6455 §5.2. Those from opClose on are control frames.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// longestHead is the longest head of a client's frame, bytes.
const longestHead = 2 + 8 + 4

var (
	errBadFrame = errors.New("hub: a frame against RFC 6455")
	errTooBig   = errors.New("hub: a message over the limit")
)

// clientClosed is the client's close frame. A code of 0 means that it carried none.
type clientClosed struct{ code int }

// Error names the code.
func (c *clientClosed) Error() string {
	return fmt.Sprintf("hub: closed by the client with %d", c.code)
}

// inbound reads the frames of one client. gorilla's own reader passes over empty continuation frames inside
// one call, however many come; this one hands out each frame, so that each is counted. The buffer holds the
// largest control frame.
type inbound struct {
	buf      [longestHead + maxControlPayload]byte
	from, to int // what is read and not used yet
}

// frameHead is what precedes a frame's payload.
type frameHead struct {
	fin  bool
	op   byte
	size int // of the payload, bytes, at most messageLimit
	mask [4]byte
}

// fill waits until n bytes are in the buffer.
func (in *inbound) fill(conn net.Conn, n int) error {
	if in.from == in.to || in.from+n > len(in.buf) {
		in.to = copy(in.buf[:], in.buf[in.from:in.to])
		in.from = 0
	}
	for in.to-in.from < n {
		got, err := conn.Read(in.buf[in.to:])
		in.to += got
		if err != nil && in.to-in.from < n {
			return err
		}
	}
	return nil
}

// next reads the head of the next frame.
func (in *inbound) next(conn net.Conn) (h frameHead, err error) {
	if err := in.fill(conn, 2); err != nil {
		return h, err
	}
	size, err := h.begin(in.buf[in.from], in.buf[in.from+1])
	if err != nil {
		return h, err
	}
	n := 2 + len(h.mask)
	switch size {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if err := in.fill(conn, n); err != nil {
		return h, err
	}
	head := in.buf[in.from : in.from+n]
	in.from += n
	return h, h.complete(head)
}

// begin reads the first two bytes, which show most of what is wrong without the rest, and returns the size that they
// give: 126 and 127 say that it follows, which a control frame may not say.
func (h *frameHead) begin(first, second byte) (size byte, err error) {
	const reserved, masked = 0x70, 0x80
	h.fin, h.op, size = first&0x80 != 0, first&0x0f, second&^masked
	switch {
	case first&reserved != 0, second&masked == 0:
		return 0, errBadFrame
	case h.op > opPong, h.op > opBinary && h.op < opClose:
		return 0, errBadFrame
	case h.op >= opClose && (!h.fin || size > maxControlPayload):
		return 0, errBadFrame
	}
	return size, nil
}

// complete reads a whole head that has begun well.
func (h *frameHead) complete(b []byte) error {
	size := uint64(b[1] & 0x7f)
	switch size {
	case 126:
		size = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		size = binary.BigEndian.Uint64(b[2:])
	}
	copy(h.mask[:], b[len(b)-len(h.mask):])
	if size > messageLimit {
		return errTooBig
	}
	h.size = int(size)
	return nil
}

// control reads the payload of a control frame, which holds until the next call.
func (in *inbound) control(conn net.Conn, h frameHead) ([]byte, error) {
	if err := in.fill(conn, h.size); err != nil {
		return nil, err
	}
	payload := in.buf[in.from : in.from+h.size]
	in.from += h.size
	unmask(payload, h.mask)
	return payload, nil
}

// data appends the payload of a data frame to a message, which grows as the bytes come: a head that promises
// much costs nothing.
func (in *inbound) data(conn net.Conn, h frameHead, message []byte) ([]byte, error) {
	if len(message)+h.size > messageLimit {
		return nil, errTooBig
	}
	begin, end := len(message), len(message)+h.size
	n := min(h.size, in.to-in.from)
	message = append(message, in.buf[in.from:in.from+n]...)
	in.from += n
	for len(message) < end {
		if len(message) == cap(message) { // by as much as there is: small steps would copy it often
			message = slices.Grow(message, min(end-len(message), max(512, len(message))))
		}
		n, err := conn.Read(message[len(message):min(cap(message), end)])
		message = message[:len(message)+n]
		if err != nil && len(message) < end {
			return nil, err
		}
	}
	unmask(message[begin:], h.mask)
	return message, nil
}

func unmask(payload []byte, mask [4]byte) {
	word := binary.NativeEndian.Uint32(mask[:])
	for wide := uint64(word)<<32 | uint64(word); len(payload) >= 8; payload = payload[8:] {
		binary.NativeEndian.PutUint64(payload, binary.NativeEndian.Uint64(payload)^wide)
	}
	for i := range payload {
		payload[i] ^= mask[i%len(mask)]
	}
}

// closedBy reads the payload of the client's close frame.
func closedBy(payload []byte) error {
	if len(payload) == 0 {
		return &clientClosed{}
	}
	if len(payload) == 1 || !utf8.Valid(payload[2:]) {
		return errBadFrame
	}
	code := int(binary.BigEndian.Uint16(payload))
	switch code {
	case 1004, websocket.CloseNoStatusReceived, websocket.CloseAbnormalClosure:
		return errBadFrame
	}
	if code < 1000 || code > 1014 && code < 3000 || code > 4999 {
		return errBadFrame
	}
	return &clientClosed{code}
}
