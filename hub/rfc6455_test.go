package hub_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mstm/hub/hubtest"
)

// raw is a client's frame as given: the first byte, the second without or with its mask bit and what follows it of the
// head, and the payload, under a mask of zeros.
func raw(first byte, size []byte, payload string) []byte {
	b := append([]byte{first}, size...)
	b[1] |= 0x80
	return append(append(b, 0, 0, 0, 0), payload...)
}

// short is raw for a payload of less than 126 bytes.
func short(first byte, payload string) []byte { return raw(first, []byte{byte(len(payload))}, payload) }

// long gives a size in eight bytes, whatever it is.
func long(first byte, size uint64, payload string) []byte {
	return raw(first, binary.BigEndian.AppendUint64([]byte{127}, size), payload)
}

// closing is a close frame.
func closing(code uint16, reason string) []byte {
	return short(0x88, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// TestFramesAgainstRFC6455EndTheSocketAndOthersDoNot as Autobahn's cases 2 to 7 have them, on a socket that has said
// hello. Its answer is the code of the close frame; 0 is a close frame without, and "pong" the answer to a message.
func TestFramesAgainstRFC6455EndTheSocketAndOthersDoNot(t *testing.T) {
	const ping, misuse, big = `{"op":"ping"}`, 4003, 4003
	const text, more, final = 0x01, 0x00, 0x80
	in := start(t, embedded(t))
	bytes := func(frames ...[]byte) []byte { return slices.Concat(frames...) }
	hello := short(0x81, `{"op":"hello"}`)
	for name, tt := range map[string]struct {
		sent []byte
		code int    // of the close frame
		word string // of its reason
		pong bool   // a message was answered before
	}{
		"a message":                              {bytes(short(0x81, ping), closing(1000, "")), 1000, "BYE", true},
		"a size in two bytes that fits in one":   {bytes(raw(0x81, []byte{126, 0, 13}, ping), closing(1000, "")), 1000, "BYE", true},
		"a size in eight bytes that fits in one": {bytes(long(0x81, 13, ping), closing(1000, "")), 1000, "BYE", true},
		"no mask":                                {[]byte{0x81, 2, '{', '}'}, misuse, "PROTOCOL_MISUSE", false},
		"no mask on a close":                     {[]byte{0x88, 0}, misuse, "PROTOCOL_MISUSE", false},
		"RSV1":                                   {short(0xc1, ping), misuse, "PROTOCOL_MISUSE", false},
		"RSV2":                                   {short(0xa1, ping), misuse, "PROTOCOL_MISUSE", false},
		"RSV3":                                   {short(0x91, ping), misuse, "PROTOCOL_MISUSE", false},
		"RSV1 on a continuation":                 {bytes(short(text, "{"), short(0xc0, "}")), misuse, "PROTOCOL_MISUSE", false},
		"RSV1 on a ping":                         {short(0xc9, ""), misuse, "PROTOCOL_MISUSE", false},
		"opcode 3":                               {short(0x83, ""), misuse, "PROTOCOL_MISUSE", false},
		"opcode 7":                               {short(0x87, ""), misuse, "PROTOCOL_MISUSE", false},
		"opcode 11":                              {short(0x8b, ""), misuse, "PROTOCOL_MISUSE", false},
		"opcode 15":                              {short(0x8f, ""), misuse, "PROTOCOL_MISUSE", false},
		"opcode 3, the rest does not come":       {[]byte{0x83, 0xff}, misuse, "PROTOCOL_MISUSE", false},
		"a ping in pieces":                       {short(0x09, ""), misuse, "PROTOCOL_MISUSE", false},
		"a close in pieces":                      {short(0x08, ""), misuse, "PROTOCOL_MISUSE", false},
		"a ping of 125 bytes":                    {bytes(short(0x89, strings.Repeat("x", 125)), short(0x81, ping), closing(1000, "")), 1000, "BYE", true},
		"a ping of 126 bytes":                    {raw(0x89, []byte{126, 0, 126}, strings.Repeat("x", 126)), misuse, "PROTOCOL_MISUSE", false},
		"a ping with a size in two bytes":        {raw(0x89, []byte{126, 0, 1}, "x"), misuse, "PROTOCOL_MISUSE", false},
		"a close with a size in eight bytes, none of which comes": {[]byte{0x88, 0xff}, misuse, "PROTOCOL_MISUSE", false},
		"an unasked pong":                               {bytes(short(0x8a, "x"), short(0x81, ping), closing(1000, "")), 1000, "BYE", true},
		"a size with the highest bit":                   {long(0x81, 1<<63, ""), big, "MESSAGE_TOO_BIG", false},
		"the largest size":                              {long(0x81, 1<<64-1, ""), big, "MESSAGE_TOO_BIG", false},
		"a size over the limit, nothing of which comes": {long(0x81, 16<<10+1, ""), big, "MESSAGE_TOO_BIG", false},
		"pieces over the limit":                         {bytes(long(text, 16<<10, strings.Repeat(" ", 16<<10)), short(final, "x")), big, "MESSAGE_TOO_BIG", false},
		"pieces that overflow":                          {bytes(short(text, "x"), long(final, 1<<64-1, "")), big, "MESSAGE_TOO_BIG", false},
		"a message at the limit": {
			bytes(long(0x81, 16<<10, ping+strings.Repeat(" ", 16<<10-len(ping))), closing(1000, "")), 1000, "BYE", true,
		},
		"pieces":                          {bytes(short(text, `{"op":`), short(more, ``), short(final, `"ping"}`), closing(1000, "")), 1000, "BYE", true},
		"pieces with an empty first":      {bytes(short(text, ``), short(final, ping), closing(1000, "")), 1000, "BYE", true},
		"pieces with an empty last":       {bytes(short(text, ping), short(final, ``), closing(1000, "")), 1000, "BYE", true},
		"a ping between pieces":           {bytes(short(text, `{"op":`), short(0x89, "x"), short(0x8a, ""), short(final, `"ping"}`), closing(1000, "")), 1000, "BYE", true},
		"a close between pieces":          {bytes(short(text, `{"op":`), closing(1001, "")), 1001, "BYE", false},
		"a continuation of nothing":       {short(final, ping), misuse, "PROTOCOL_MISUSE", false},
		"an open continuation of nothing": {short(more, ping), misuse, "PROTOCOL_MISUSE", false},
		"a continuation after the last":   {bytes(short(text, "{"), short(final, "}"), short(final, "")), misuse, "PROTOCOL_MISUSE", false},
		"a message between pieces":        {bytes(short(text, "{"), short(0x81, ping)), misuse, "PROTOCOL_MISUSE", false},
		"a character in two pieces":       {bytes(short(text, `{"op":"ping","token":"`+"\xe5\xad"), short(final, "\xa6"+`"}`), closing(1000, "")), 1000, "BYE", true},
		"half a character in two pieces":  {bytes(short(text, `{"op":"ping","token":"`+"\xe5"), short(final, "\xad"+`"}`)), misuse, "PROTOCOL_MISUSE", false},
		"a surrogate":                     {short(0x81, `{"op":"ping","token":"`+"\xed\xa0\x80"+`"}`), misuse, "PROTOCOL_MISUSE", false},
		"an empty message":                {short(0x81, ""), misuse, "PROTOCOL_MISUSE", false},
		"bytes":                           {short(0x82, ping), misuse, "PROTOCOL_MISUSE", false},
		"bytes in pieces":                 {bytes(short(0x02, ping), short(final, "")), misuse, "PROTOCOL_MISUSE", false},
		"a close without a code":          {short(0x88, ""), 0, "", false},
		"a close of one byte":             {short(0x88, "\x03"), misuse, "PROTOCOL_MISUSE", false},
		"a close with a reason":           {closing(1001, "再见"), 1001, "BYE", false},
		"a close with the longest reason": {closing(1000, strings.Repeat("x", 123)), 1000, "BYE", false},
		"a close with half a character":   {closing(1000, "\xe5\xad"), misuse, "PROTOCOL_MISUSE", false},
		"a message after the close":       {bytes(closing(1000, ""), short(0x81, ping)), 1000, "BYE", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endsWith(t, in.url, append(slices.Clone(hello), tt.sent...), tt.code, tt.word, tt.pong)
		})
	}
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999} {
		endsWith(t, in.url, append(slices.Clone(hello), closing(code, "")...), int(code), "BYE", false)
	}
	for _, code := range []uint16{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		endsWith(t, in.url, append(slices.Clone(hello), closing(code, "")...), misuse, "PROTOCOL_MISUSE", false)
	}
}

// endsWith sends bytes on a new socket, all at once, and checks how the server ends it.
func endsWith(t *testing.T, url string, sent []byte, code int, word string, pong bool) {
	t.Helper()
	ws, _, err := hubtest.Try(url, hubtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if _, err := ws.NetConn().Write(sent); err != nil {
		t.Fatal(err)
	}
	ws.SetReadDeadline(time.Now().Add(soon))
	answered := false
	for {
		_, body, err := ws.ReadMessage()
		if err == nil {
			answered = answered || strings.Contains(string(body), `"pong"`)
			continue
		}
		end, _ := err.(*websocket.CloseError)
		switch {
		case end == nil:
			t.Errorf("%.40q: ended without a close frame: %v", sent, err)
		case code == 0 && end.Code != websocket.CloseNoStatusReceived, code != 0 && end.Code != code, !strings.Contains(end.Text, word):
			t.Errorf("%.40q: ended with %d %s, want %d %s", sent, end.Code, end.Text, code, word)
		case answered != pong:
			t.Errorf("%.40q: a message was answered: %v", sent, answered)
		}
		return
	}
}
