package conn

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// WebSocket opcodes with the FIN bit, RFC 6455 §5.2. A server's frames carry no mask.
const (
	finText  = 0x81
	finClose = 0x88
	finPing  = 0x89
	finPong  = 0x8a
)

// maxControlPayload is RFC 6455 §5.5's limit for close, ping and pong, bytes.
const maxControlPayload = 125

// frameHeader starts a frame for n bytes of payload, with room for them.
func frameHeader(first byte, n int) []byte {
	b := make([]byte, 0, n+10)
	b = append(b, first)
	switch {
	case n < 126:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
}

// cutFrame splits what frameHeader has begun: the first frame's first byte and payload, and what
// follows it.
func cutFrame(b []byte) (first byte, payload, after []byte, ok bool) {
	head, n := 2, 0
	switch {
	case len(b) < 2:
		return 0, nil, nil, false
	case b[1] < 126:
		n = int(b[1])
	case b[1] == 126 && len(b) >= 4:
		head, n = 4, int(binary.BigEndian.Uint16(b[2:]))
	case b[1] == 127 && len(b) >= 10:
		head, n = 10, int(binary.BigEndian.Uint64(b[2:]))
	}
	if n < 0 || len(b)-head < n || b[1] > 125 && head == 2 {
		return 0, nil, nil, false
	}
	return b[0], b[head : head+n], b[head+n:], true
}

func textFrame(payload []byte) []byte {
	return append(frameHeader(finText, len(payload)), payload...)
}

// PingFrame asks for a sign of life.
func PingFrame() []byte { return controlFrame(finPing, "") }

func controlFrame(first byte, payload string) []byte {
	payload = payload[:min(len(payload), maxControlPayload)]
	return append(frameHeader(first, len(payload)), payload...)
}

// closeFrame carries a code and its reason; a code of 0 means none.
func closeFrame(code int, reason string) []byte {
	if code == 0 {
		return frameHeader(finClose, 0)
	}
	payload := string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
	return controlFrame(finClose, payload)
}

// posMember precedes the position in the frame of an event. A topic cannot hold it: its quotes are escaped.
const posMember = `,"pos":"`

// EventFrame is one event as every follower of its topic gets it. body is the frame's members type and data.
func EventFrame(topic, place, body string) []byte {
	head := `{"op":"event","topic":` + quote(topic) + posMember + place + `",`
	b := frameHeader(finText, len(head)+len(body)+1)
	b = append(b, head...)
	b = append(b, body...)
	return append(b, '}')
}

// replacePlace is an event's frame with another place.
func replacePlace(frame []byte, place string) (other []byte, ok bool) {
	first, payload, _, ok := cutFrame(frame)
	head, rest, found := bytes.Cut(payload, []byte(posMember))
	_, rest, ends := bytes.Cut(rest, []byte(`"`))
	if !ok || !found || !ends {
		return nil, false
	}
	body := slices.Concat(head, []byte(posMember+place+`"`), rest)
	return append(frameHeader(first, len(body)), body...), true
}

// Standing is what ready says about one topic.
type Standing struct {
	Pos     string `json:"pos"`
	Resumed bool   `json:"resumed"`
}

type readyFrame struct {
	Op         string              `json:"op"`
	User       *string             `json:"user"`
	HeartbeatS int                 `json:"heartbeat_s"`
	Topics     map[string]Standing `json:"topics"`
}

// ReadyFrame says where a client stands in the topics named: all that it follows after hello, one
// after follow or after continuity was lost. user is "" before a login.
func ReadyFrame(heartbeat time.Duration, user string, topics map[string]Standing) []byte {
	f := readyFrame{Op: "ready", HeartbeatS: int(heartbeat.Seconds()), Topics: topics}
	if user != "" {
		f.User = &user
	}
	b, _ := json.Marshal(f) // strings and numbers only: cannot fail
	return textFrame(b)
}

// ErrorFrame says what was refused. detail is for people.
func ErrorFrame(code, detail string) []byte {
	return textFrame([]byte(`{"op":"error","code":` + quote(code) + `,"detail":` + quote(detail) + `}`))
}

// PongFrame answers a client's ping.
func PongFrame() []byte { return textFrame([]byte(`{"op":"pong"}`)) }

// closeReason is the JSON in a close frame, always below RFC 6455's 123 bytes.
func closeReason(code string, retryMS int64) string {
	return `{"code":"` + code + `","retry_ms":` + strconv.FormatInt(retryMS, 10) + `}`
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string cannot fail
	return string(b)
}
