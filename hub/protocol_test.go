package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mstm/hub"
	"mstm/hub/hubtest"
)

func TestHelloAnswersUserAndPositions(t *testing.T) {
	in := start(t, embedded(t))
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	ready := c.Ready()
	if ready.User == nil || *ready.User != "alice" || ready.HeartbeatS != 25 || len(ready.Topics) != 2 {
		t.Errorf("ready %+v", ready)
	}
	if got := c.Conn().Subprotocol(); got != "mstm.v1" {
		t.Errorf("subprotocol %q", got)
	}
	anonymous := hubtest.Connect(t, in.url, hubtest.Options{NoProtocol: true})
	anonymous.Hello("", nil)
	if ready := anonymous.Ready(); ready.User != nil || len(ready.Topics) != 1 {
		t.Errorf("anonymous ready %+v, want activity alone", ready)
	}
}

func TestTopicsThatAClientMayFollow(t *testing.T) {
	in := start(t, embedded(t))
	for _, tt := range []struct{ name, token, topic, code string }{
		{"anybody a course", "", "course:c1", ""},
		{"anybody what they follow already", "", "activity", ""},
		{"staff the desk", "staff1/web/s1", "desk", ""},
		{"a learner their own", "alice/web/s1", "user", ""},
		{"a learner not the desk", "alice/web/s1", "desk", "TOPIC_FORBIDDEN"},
		{"a visitor may not follow the desk", "", "desk", "TOPIC_FORBIDDEN"},
		{"a visitor may not follow a user topic", "", "user", "TOPIC_FORBIDDEN"},
		{"no other user by name", "alice/web/s1", "user:bob", "TOPIC_UNKNOWN"},
		{"not the own user by name", "alice/web/s1", "user:alice", "TOPIC_UNKNOWN"},
		{"no course without id", "", "course:", "TOPIC_UNKNOWN"},
		{"no course with a key's braces", "", "course:{x}", "TOPIC_UNKNOWN"},
		{"no unknown topic", "", "orders", "TOPIC_UNKNOWN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := hubtest.Dial(t, in.url, tt.token)
			if f := c.Follow(tt.topic, ""); f.Code != tt.code {
				t.Errorf("answer %+v, want code %q", f, tt.code)
			}
			c.Send(map[string]string{"op": "ping"})
			c.Wait("pong", soon) // the socket stays
		})
	}
}

// TestTheDeskHidesTypesFromIdentities: live, and from what is caught up with. Other topics are not asked about.
func TestTheDeskHidesTypesFromIdentities(t *testing.T) {
	in := start(t, embedded(t), func(c *hub.Config) {
		authenticate := c.Authenticate
		c.Authenticate = func(ctx context.Context, token string) (hub.Identity, error) {
			id, err := authenticate(ctx, token)
			if strings.HasSuffix(id.User, "-editor") {
				id.DeskRoles = 1
			}
			return id, err
		}
		c.DeskShows = func(roles uint8, eventType string) bool { return (roles == 1) == (eventType == "media") }
	})
	editor, marketer := hubtest.Dial(t, in.url, "staff-editor/web/s1"), hubtest.Dial(t, in.url, "staff-marketer/web/s2")
	began := editor.Follow("desk", "").Topics["desk"].Pos
	marketer.Follow("desk", "")
	publish := func() {
		in.publish(t, "desk", "money", 1)
		in.publish(t, "desk", "media", 2)
		in.publish(t, "desk", "money", 3)
		in.publish(t, "desk", "media", 4)
		in.publish(t, "activity", "money", 5)
	}
	types := func(c *hubtest.Client, n int) (all []string) {
		for _, f := range c.Events(n, soon) {
			all = append(all, f.Type+string(f.Data))
		}
		slices.Sort(all)
		return all
	}
	publish()
	if got := types(editor, 3); !slices.Equal(got, []string{"media2", "media4", "money5"}) {
		t.Errorf("an editor sees %v", got)
	}
	if got := types(marketer, 3); !slices.Equal(got, []string{"money1", "money3", "money5"}) {
		t.Errorf("a marketer sees %v", got)
	}
	back := hubtest.Dial(t, in.url, "staff-editor/web/s1")
	if f := back.Follow("desk", began); !f.Topics["desk"].Resumed {
		t.Fatalf("not resumed: %+v", f)
	}
	if got := types(back, 2); !slices.Equal(got, []string{"media2", "media4"}) {
		t.Errorf("an editor that comes back sees %v", got)
	}
}

func TestASocketFollowsAtMost32Topics(t *testing.T) {
	in := start(t, embedded(t))
	since := map[string]string{}
	for i := range 40 {
		since[fmt.Sprint("course:c", i)] = ""
	}
	c := hubtest.Resume(t, in.url, "", since)
	if n := len(c.Ready().Topics); n != 32 {
		t.Errorf("%d topics, want 32", n)
	}
	if f := c.Wait("error", soon); f.Code != "TOO_MANY_TOPICS" {
		t.Errorf("refused with %+v", f)
	}
}

func TestATopicRefusedInHelloIsNamedAndTheRestIsFollowed(t *testing.T) {
	in := start(t, embedded(t))
	c := hubtest.Resume(t, in.url, "", map[string]string{"desk": "x-1", "course:c1": ""})
	if n := len(c.Ready().Topics); n != 2 {
		t.Errorf("ready %+v", c.Ready())
	}
	if f := c.Wait("error", soon); f.Code != "TOPIC_FORBIDDEN" {
		t.Errorf("refused with %+v", f)
	}
}

// manyTopics is a since with n topics.
func manyTopics(n int) string {
	since := map[string]string{}
	for i := range n {
		since[fmt.Sprint("no", i)] = ""
	}
	b, _ := json.Marshal(since)
	return string(b)
}

func TestNullsAndUnknownFieldsInAFrameAreNothing(t *testing.T) {
	in := start(t, embedded(t))
	c := hubtest.Connect(t, in.url, hubtest.Options{})
	c.Send(`{"op":"hello","token":null,"since":null,"from":"the future"}`)
	if n := len(c.Ready().Topics); n != 1 {
		t.Errorf("ready %+v", c.Ready())
	}
	c.Send(`{"op":"follow","topic":"course:c1","since":null}`)
	c.WaitFor("ready for course:c1", soon, func(f hubtest.Frame) bool { _, ok := f.Topics["course:c1"]; return ok })
}

func TestBadFramesAreNamedAndEndTheSocket(t *testing.T) {
	in := start(t, embedded(t))
	hello := `{"op":"hello"}`
	for _, tt := range []struct {
		name   string
		frames []string
		code   string
	}{
		{"no JSON", []string{hello, "hi"}, "BAD_FRAME"},
		{"JSON that is no object", []string{hello, "[1]"}, "BAD_FRAME"},
		{"bytes that are no UTF-8", []string{hello, "{\"op\":\"\xff\"}"}, "BAD_FRAME"},
		{"an unknown op", []string{hello, `{"op":"publish"}`}, "UNKNOWN_OP"},
		{"no op", []string{hello, `{}`}, "UNKNOWN_OP"},
		{"a since that is no map in hello", []string{`{"op":"hello","since":"x"}`}, "BAD_FRAME"},
		{"a since that is a map in follow", []string{hello, `{"op":"follow","topic":"course:c","since":{}}`}, "BAD_FRAME"},
		{"a since with hundreds of topics", []string{`{"op":"hello","since":` + manyTopics(300) + `}`}, "BAD_FRAME"},
		{"hello twice", []string{hello, hello}, "HELLO_TWICE"},
		{"something else before hello", []string{`{"op":"ping"}`}, "HELLO_EXPECTED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := hubtest.Connect(t, in.url, hubtest.Options{})
			for _, f := range tt.frames {
				c.Send(f)
			}
			end := c.Ended(soon)
			if f := c.Wait("error", soon); f.Code != tt.code || f.Detail == "" {
				t.Errorf("error frame %+v, want %s", f, tt.code)
			}
			if end.Code != 4003 || end.Word != "PROTOCOL_MISUSE" {
				t.Errorf("ended with %+v", end)
			}
		})
	}
}

func TestWhatIsNoTextEndsTheSocketWithTheRightCode(t *testing.T) {
	in := start(t, embedded(t))
	for _, tt := range []struct {
		name string
		send func(*websocket.Conn)
		word string
	}{
		{"a binary frame", func(ws *websocket.Conn) {
			ws.WriteMessage(websocket.BinaryMessage, []byte("{}"))
		}, "PROTOCOL_MISUSE"},
		{"a message over 16 KiB", func(ws *websocket.Conn) {
			ws.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("x", 16<<10+1)))
		}, "MESSAGE_TOO_BIG"},
		{"a frame without mask", func(ws *websocket.Conn) {
			ws.NetConn().Write([]byte{0x81, 2, '{', '}'})
		}, "PROTOCOL_MISUSE"},
		{"a reserved bit", func(ws *websocket.Conn) {
			ws.NetConn().Write([]byte{0xc1, 0x82, 0, 0, 0, 0, '{', '}'})
		}, "PROTOCOL_MISUSE"},
		{"a frame that says it is huge", func(ws *websocket.Conn) {
			ws.NetConn().Write([]byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
		}, "MESSAGE_TOO_BIG"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := hubtest.Dial(t, in.url, "")
			tt.send(c.Conn())
			if end := c.Ended(soon); end.Code != 4003 || end.Word != tt.word {
				t.Errorf("ended with %+v, want 4003 %s", end, tt.word)
			}
		})
	}
}

// firstPiece begins a message that is not complete; its mask is zero, as is that of continuation.
var firstPiece = []byte{0x01, 0x80, 0, 0, 0, 0}

// continuation is a further piece, after which more are to come.
func continuation(payload string) []byte {
	return append([]byte{0x00, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

// TestAMessageInPiecesIsReadWithControlFramesBetween: pieces of a message are allowed, other messages between them
// are not.
func TestAMessageInPiecesIsReadWithControlFramesBetween(t *testing.T) {
	in := start(t, embedded(t))
	c := hubtest.Connect(t, in.url, hubtest.Options{})
	raw := c.Conn().NetConn()
	raw.Write(firstPiece)
	raw.Write(continuation(`{"op":`))
	raw.Write([]byte{0x89, 0x80, 0, 0, 0, 0}) // a ping
	raw.Write(append([]byte{0x80, 0x88, 0, 0, 0, 0}, `"hello"}`...))
	c.Ready()
	raw.Write(firstPiece)
	raw.Write(firstPiece)
	if end := c.Ended(soon); end.Word != "PROTOCOL_MISUSE" {
		t.Errorf("a message within a message ended the socket with %+v", end)
	}
}

func TestAFloodEndsTheSocket(t *testing.T) {
	in := start(t, embedded(t))
	for _, tt := range []struct {
		name string
		send func(*hubtest.Client)
	}{
		{"of messages", func(c *hubtest.Client) { c.Send(`{"op":"ping"}`) }},
		{"of WebSocket pings", func(c *hubtest.Client) {
			c.Conn().WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
		}},
		{"of WebSocket pongs that answer nothing", func(c *hubtest.Client) {
			c.Conn().WriteControl(websocket.PongMessage, nil, time.Now().Add(time.Second))
		}},
		{"of pieces of a message", func(c *hubtest.Client) { c.Conn().NetConn().Write(continuation("x")) }},
		{"of empty pieces of a message", func(c *hubtest.Client) { c.Conn().NetConn().Write(continuation("")) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := hubtest.Dial(t, in.url, "")
			if strings.Contains(tt.name, "pieces") {
				c.Conn().NetConn().Write(firstPiece)
			}
			for range 60 {
				tt.send(c)
			}
			if end := c.Ended(soon); end.Code != 4003 || end.Word != "TOO_MANY_MESSAGES" {
				t.Errorf("ended with %+v", end)
			}
		})
	}
	quiet := hubtest.Dial(t, in.url, "")
	for range 15 {
		quiet.Send(`{"op":"ping"}`)
	}
	in.publish(t, hub.Activity, "last", nil)
	quiet.Wait("last", soon)
	if !quiet.Open() {
		t.Error("15 messages at once were too many")
	}
}

func TestAClientThatNeverSaysHelloIsEnded(t *testing.T) {
	in := startQuick(t, embedded(t))
	c := hubtest.Connect(t, in.url, hubtest.Options{})
	if end := c.Ended(soon); end.Code != 4102 || end.Word != "HELLO_TIMEOUT" {
		t.Errorf("ended with %+v", end)
	}
}

func TestASilentClientIsEndedAndOneThatAnswersPingsStays(t *testing.T) {
	in := startQuick(t, embedded(t))
	lively, mute := hubtest.Dial(t, in.url, ""), hubtest.Connect(t, in.url, hubtest.Options{NoPong: true})
	mute.Hello("", nil)
	if end := mute.Ended(soon); end.Code != 4102 || end.Word != "SILENT" || end.RetryMS <= 0 {
		t.Errorf("ended with %+v", end)
	}
	in.publish(t, hub.Activity, "last", nil)
	lively.Wait("last", soon)
}

func TestAPingIsAnsweredWithItsPayloadAndACloseWithAClose(t *testing.T) {
	in := start(t, embedded(t))
	ws, _, err := hubtest.Try(in.url, hubtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	ws.WriteMessage(websocket.TextMessage, []byte(`{"op":"hello"}`))
	var pong string
	ws.SetPongHandler(func(p string) error { pong = p; return nil })
	ws.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(time.Second))
	ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
	ws.SetReadDeadline(time.Now().Add(soon))
	for err == nil {
		_, _, err = ws.ReadMessage()
	}
	if !websocket.IsCloseError(err, 1000) {
		t.Errorf("closed by %v, want 1000", err)
	}
	if pong != "are you there" {
		t.Errorf("pong %q", pong)
	}
	eventually(t, "the socket is forgotten", func() bool { return in.Stats().Sockets == 0 })
}

func TestAPanicEndsOneSocketAndIsLogged(t *testing.T) {
	people := &accounts{asked: func(token string) {
		if strings.HasPrefix(token, "mallory") {
			panic("in the store")
		}
	}}
	in := start(t, embedded(t), with(people))
	c := hubtest.Connect(t, in.url, hubtest.Options{})
	c.Hello("mallory/web/s1", nil)
	if end := c.Ended(soon); end.Code != 4103 {
		t.Errorf("ended with %+v", end)
	}
	hubtest.Dial(t, in.url, "alice/web/s1")
	if !strings.Contains(in.log.String(), "panic") {
		t.Error("nothing in the log")
	}
}
