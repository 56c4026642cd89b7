package hub_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// sleeper is a page that reads only on demand.
type sleeper struct {
	t  *testing.T
	ws *websocket.Conn
}

// fallAsleep says hello, reads ready, and then nothing more.
func fallAsleep(t *testing.T, in *instance, token string) *sleeper {
	t.Helper()
	ws, _, err := hubtest.Try(in.url, hubtest.Options{ReceiveBytes: 32 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	ws.WriteMessage(websocket.TextMessage, []byte(`{"op":"hello","token":"`+token+`"}`))
	if _, _, err := ws.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	return &sleeper{t, ws}
}

// wake reads until a frame is the last that is wanted, or the socket ends.
func (s *sleeper) wake(last func(hubtest.Frame) bool) (frames []hubtest.Frame, end error) {
	s.t.Helper()
	s.ws.SetReadDeadline(time.Now().Add(2 * soon))
	for {
		_, body, err := s.ws.ReadMessage()
		if err != nil {
			return frames, err
		}
		f := hubtest.Parse(s.t, body)
		if frames = append(frames, f); last != nil && last(f) {
			return frames, nil
		}
	}
}

// offset is the number in a position.
func offset(t *testing.T, pos string) int {
	t.Helper()
	_, n, _ := strings.Cut(pos, "-")
	at, err := strconv.Atoi(n)
	if err != nil {
		t.Fatalf("position %q", pos)
	}
	return at
}

var poster = strings.Repeat("x", 32<<10)

// TestASlowPageLosesActivitiesOpenlyAndPaymentsNever floods a page that does not read. When it does
// again, its place in the topic moves by one with each event, or a ready says that it is to read
// the state.
func TestASlowPageLosesActivitiesOpenlyAndPaymentsNever(t *testing.T) {
	in := start(t, embedded(t))
	slow := fallAsleep(t, in, "alice/web/s1")
	quick := hubtest.Dial(t, in.url, "")
	sent := 0
	eventually(t, "its lane is full", func() bool {
		in.publish(t, hub.Activity, "poster", poster)
		sent++
		quick.Events(sent, soon) // the others get each at once
		return in.Stats().Resynced > 0
	})
	in.publish(t, hub.UserTopic("alice"), "order.changed", map[string]string{"state": "paid"})
	eventually(t, "the order waits for the page", func() bool { return in.Stats().Received == uint64(sent+1) })
	in.publish(t, hub.Activity, "last", nil)

	frames, err := slow.wake(func(f hubtest.Frame) bool { return f.Type == "last" })
	if err != nil {
		t.Fatalf("the page was ended: %v", err)
	}
	at, paid, told := 0, false, false
	for _, f := range frames {
		switch {
		case f.Type == "order.changed":
			if told {
				t.Error("the order came after activities that had waited longer")
			}
			paid = true
		case f.Op == "ready":
			st := f.Topics[hub.Activity]
			if len(f.Topics) != 1 || st.Resumed || offset(t, st.Pos) <= at {
				t.Errorf("at %d: ready says %+v", at, f.Topics)
			}
			at, told = offset(t, st.Pos), true
		default:
			if n := offset(t, f.Pos); n != at+1 {
				t.Errorf("activity %d came after %d: a silent gap", n, at)
			}
			at++
		}
	}
	if !paid || !told {
		t.Errorf("the payment came: %v; the page got resumed false: %v", paid, told)
	}
	if st := in.Stats(); st.SlowCloses != 0 || st.Sockets != 2 {
		t.Errorf("stats %+v", st)
	}
	wantDense(t, quick, sent+1)
}

// wantDense checks that a page got activities 1..n.
func wantDense(t *testing.T, c *hubtest.Client, n int) {
	t.Helper()
	for i, f := range c.Events(n, soon) {
		if offset(t, f.Pos) != i+1 {
			t.Errorf("event %d has position %s", i+1, f.Pos)
		}
	}
}

// TestAPageTooSlowForItsOwnEventsComesBackForThem fills the lane in which nothing is dropped.
func TestAPageTooSlowForItsOwnEventsComesBackForThem(t *testing.T) {
	in := start(t, embedded(t))
	slow := fallAsleep(t, in, "alice/web/s1")
	quick := hubtest.Dial(t, in.url, "alice/phone/s2")
	sent := 0
	eventually(t, "the slow one is ended", func() bool {
		in.publish(t, hub.UserTopic("alice"), "order.changed", poster)
		sent++
		quick.Events(sent, soon)
		return in.Stats().SlowCloses == 1
	})
	frames, err := slow.wake(nil)
	if !websocket.IsCloseError(err, 4100) || !strings.Contains(err.Error(), `"retry_ms":`) {
		t.Errorf("it got %v, want 4100 with a moment to come back", err)
	}
	if len(frames) == 0 || len(frames) >= sent {
		t.Fatalf("it got %d of %d: the test shows nothing", len(frames), sent)
	}
	seen := frames[len(frames)-1].Pos
	if offset(t, seen) != len(frames) {
		t.Errorf("%d events, and the last is %s", len(frames), seen)
	}
	again := hubtest.Resume(t, in.url, "alice/web/s1", map[string]string{"user": seen})
	for i, f := range again.Events(sent-len(frames), soon) {
		if offset(t, f.Pos) != len(frames)+i+1 {
			t.Errorf("event %d after coming back has position %s", i+1, f.Pos)
		}
	}
	if !again.Ready().Topics["user"].Resumed {
		t.Error("it was not resumed")
	}
	eventually(t, "the slow one is gone", func() bool { return in.Stats().Sockets == 2 })
}

// TestASlowPageGetsEveryOrderAndTheNewestCart mixes both while the page does not read.
func TestASlowPageGetsEveryOrderAndTheNewestCart(t *testing.T) {
	in := start(t, embedded(t))
	slow := fallAsleep(t, in, "alice/web/s1")
	user := hub.UserTopic("alice")
	carts := 0
	eventually(t, "carts give way to newer ones", func() bool {
		carts++
		in.publishState(t, user, "cart.changed", carts, map[string]any{"version": carts, "lines": poster})
		return in.Stats().Conflated >= 5
	})
	const orders = 30
	for i := range orders {
		in.publish(t, user, "order.changed", i)
		carts++
		in.publishState(t, user, "cart.changed", carts, map[string]any{"version": carts, "lines": poster})
	}
	in.publish(t, user, "last", nil)

	frames, err := slow.wake(func(f hubtest.Frame) bool { return f.Type == "last" })
	if err != nil {
		t.Fatalf("the page was ended: %v", err)
	}
	at, version, seenOrders, seenCarts := 0, 0, 0, 0
	for _, f := range frames {
		if n := offset(t, f.Pos); n <= at {
			t.Errorf("position %d came after %d", n, at)
		} else {
			at = n
		}
		switch f.Type {
		case "cart.changed":
			var c struct{ Version int }
			f.Into(t, &c)
			version, seenCarts = c.Version, seenCarts+1
		case "order.changed":
			var n int
			if f.Into(t, &n); n != seenOrders {
				t.Errorf("order %d came where %d was due", n, seenOrders)
			}
			seenOrders++
		}
	}
	if seenOrders != orders || version != carts {
		t.Errorf("%d of %d orders, the cart at %d of %d", seenOrders, orders, version, carts)
	}
	if seenCarts > carts-5 || in.Stats().SlowCloses != 0 {
		t.Errorf("%d of %d carts were sent, stats %+v", seenCarts, carts, in.Stats())
	}
}

func TestAStuckPageThatReadsAgainInTimeGetsItsCloseCode(t *testing.T) {
	in := prepare(t, embedded(t))
	in.Stick(200*time.Millisecond, 2*soon)
	in.begin(t)
	stuck := fallAsleep(t, in, "")
	eventually(t, "it is found stuck", func() bool {
		in.publish(t, hub.Activity, "poster", poster)
		return in.Stats().SlowCloses == 1
	})
	if _, err := stuck.wake(nil); !websocket.IsCloseError(err, 4100) {
		t.Errorf("it got %v, want 4100", err)
	}
	eventually(t, "it is gone", func() bool { return in.Stats().Sockets == 0 })
}

// TestPersonalEventsDoNotQueueBehindSharedOnes stops what feeds the shared events for good; a
// learner's own come all the same.
func TestPersonalEventsDoNotQueueBehindSharedOnes(t *testing.T) {
	in := start(t, embedded(t))
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	release := sync.OnceFunc(in.Hold(hub.Activity))
	t.Cleanup(release)
	for range 100 {
		in.publish(t, hub.Activity, "begins", nil)
	}
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 200)
	wantNumbers(t, c, "user", 1, 200)
	for _, f := range c.All() {
		if f.Topic == hub.Activity {
			t.Fatal("the shared topic was not held: the test shows nothing")
		}
	}
	release()
	c.Events(300, soon)
}
