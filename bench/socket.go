package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// socket is one WebSocket as a page has it, in as little memory as the runner can do with.
type socket struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte // of the latest frame; reused

	writing sync.Mutex // answers to pings and what the runner sends
}

// Opcodes of RFC 6455 §5.2.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// handshakePatience is for one handshake and the answer to hello; servers here are loaded.
const handshakePatience = 30 * time.Second

// dial makes the handshake. source spreads the clients over loopback addresses, so that the
// ports of one of them, or what the server allows one of them, are no limit.
func dial(addr string, source int) (*socket, error) {
	from := &net.TCPAddr{IP: net.IPv4(127, 1, byte(source>>8), byte(source))}
	conn, err := (&net.Dialer{Timeout: handshakePatience, LocalAddr: from}).Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, in: bufio.NewReaderSize(conn, 1<<10)}
	if err := s.handshake(addr); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *socket) handshake(addr string) error {
	s.conn.SetDeadline(time.Now().Add(handshakePatience))
	var nonce [16]byte
	binary.BigEndian.PutUint64(nonce[:], rand.Uint64())
	_, err := fmt.Fprintf(s.conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", addr, base64.StdEncoding.EncodeToString(nonce[:]))
	if err != nil {
		return err
	}
	res, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the handshake was answered %s", res.Status)
	}
	return nil
}

// send sends one text frame. Its mask is zero, which RFC 6455 allows and which costs no CPU.
func (s *socket) send(op byte, payload []byte) error {
	frame := []byte{0x80 | op}
	if len(payload) < 126 {
		frame = append(frame, 0x80|byte(len(payload)))
	} else {
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(len(payload)))
	}
	frame = append(frame, 0, 0, 0, 0)
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err := s.conn.Write(append(frame, payload...))
	return err
}

var errClosed = errors.New("the server closed the socket")

// next returns the next text frame, which is good until the next call. Pings are answered,
// also those that centrifuge sends as an empty object, alone or on a line among others.
func (s *socket) next() ([]byte, error) {
	for {
		op, err := s.readFrame()
		if err != nil {
			return nil, err
		}
		switch {
		case op == opClose:
			return nil, fmt.Errorf("%w: %q", errClosed, s.body)
		case op == opPing:
			err = s.send(opPong, s.body)
		case op == opText && string(s.body) == "{}":
			err = s.send(opText, s.body)
		case op == opText:
			if bytes.HasPrefix(s.body, []byte("{}\n")) || bytes.Contains(s.body, []byte("\n{}")) {
				err = s.send(opText, []byte("{}"))
			}
			return s.body, err
		}
		if err != nil {
			return nil, err
		}
	}
}

// maxFrame is more than any server here sends, bytes.
const maxFrame = 1 << 20

func (s *socket) readFrame() (op byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(s.in, head[:2]); err != nil {
		return 0, err
	}
	op, n := head[0]&0x0f, uint64(head[1]&0x7f)
	switch n {
	case 126:
		_, err = io.ReadFull(s.in, head[:2])
		n = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		_, err = io.ReadFull(s.in, head[:8])
		n = binary.BigEndian.Uint64(head[:8])
	}
	if err != nil {
		return 0, err
	}
	if n > maxFrame {
		return 0, fmt.Errorf("a frame of %d bytes", n)
	}
	if uint64(cap(s.body)) < n {
		s.body = make([]byte, n)
	}
	s.body = s.body[:n]
	_, err = io.ReadFull(s.in, s.body)
	return op, err
}
