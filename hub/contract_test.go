package hub_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// TestRealFramesKeepTheContract provokes every kind of frame and every error code and holds
// what really comes over the wire against asyncapi.yaml.
func TestRealFramesKeepTheContract(t *testing.T) {
	contract := hub.ReadContract(t)
	in := startDoors(t, embedded(t))
	codes := map[string]bool{}
	ops := map[string]int{}
	talk := func(frames ...string) {
		ws, _, err := hubtest.Try(in.url, hubtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		for _, f := range frames {
			kind := websocket.TextMessage
			if f == "binary" {
				kind = websocket.BinaryMessage
			}
			ws.WriteMessage(kind, []byte(f))
		}
		in.publish(t, hub.Activity, "activity.begins", map[string]any{"title": "<春季>", "n": 1})
		in.publish(t, hub.UserTopic("alice"), "cart.changed", nil)
		ws.WriteMessage(websocket.TextMessage, []byte(`{"op":"end of this talk"}`))
		ws.SetReadDeadline(time.Now().Add(soon))
		for {
			_, body, err := ws.ReadMessage()
			if err != nil {
				break
			}
			if err := contract.Check(body); err != nil {
				t.Errorf("%s: %v", body, err)
			}
			f := hubtest.Parse(t, body)
			ops[f.Op]++
			codes[f.Code] = true
		}
	}
	hello := `{"op":"hello","token":"alice/web/s1"}`
	talk(hello, `{"op":"ping"}`, `{"op":"follow","topic":"course:c1"}`, `{"op":"token","token":"alice/web/s2"}`)
	talk(`{"op":"hello"}`, `{"op":"follow","topic":"desk"}`, `{"op":"follow","topic":"nothing"}`)
	talk(`{"op":"hello","since":` + courses(40) + `}`)
	talk(hello, hello)
	talk(hello, "{")
	talk(hello, "binary")
	talk(`{"op":"ping"}`)
	listen := func(e hubtest.Events) {
		es := e.Connect(t, in.events())
		if e.Topics != "" {
			in.publish(t, hub.Activity, "activity.begins", nil)
			es.Wait("activity.begins", 2*soon)
		}
		in.End(t.Context(), "alice", "", "", hub.LoggedOut)
		es.Ended(soon)
		for _, f := range es.All() {
			if f.Op == "retry" || f.Op == "comment" {
				continue
			}
			if err := contract.Check(f.Raw); err != nil {
				t.Errorf("%s: %v", f.Raw, err)
			}
			ops["stream "+f.Op]++
		}
	}
	listen(hubtest.Events{Token: "alice/web/s1", Topics: "course:c1,nothing", Since: `{"activity":"` + in.Position(hub.Activity) + `"}`})
	listen(hubtest.Events{Token: "nobody"})
	for _, op := range []string{"ready", "event", "error", "pong", "stream ready", "stream event", "stream error", "stream close"} {
		if ops[op] == 0 {
			t.Errorf("no %s frame was seen", op)
		}
	}
	for _, code := range []string{
		"TOPIC_FORBIDDEN", "TOPIC_UNKNOWN", "TOO_MANY_TOPICS", "BAD_FRAME", "BINARY_FRAME", "HELLO_EXPECTED", "HELLO_TWICE", "UNKNOWN_OP",
	} {
		if !codes[code] {
			t.Errorf("no error %s was seen", code)
		}
	}
}

// courses is a since with n courses.
func courses(n int) string {
	text := `{"course:c0":""`
	for i := 1; i < n; i++ {
		text += fmt.Sprintf(`,"course:c%d":""`, i)
	}
	return text + "}"
}
