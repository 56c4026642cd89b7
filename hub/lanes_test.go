package hub

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"mstm/hub/feed"
	"mstm/hub/hubtest"
)

// waitingSocket is a socket for which events wait: nobody writes to it.
func waitingSocket(t *testing.T) *socket {
	h := New(Config{Redis: redis.NewClient(&redis.Options{})})
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close(); there.Close() })
	return &socket{hub: h, net: here}
}

// sent is what a writer would send now, each frame as "topic type version/number@offset".
func sent(t *testing.T, s *socket) (frames []string) {
	t.Helper()
	for _, b := range s.batch(nil, 1<<30) {
		if b[0] == finClose {
			frames = append(frames, fmt.Sprintf("close %s", b[4:]))
			continue
		}
		f := hubtest.Parse(t, b[slices.Index(b, '{'):])
		for topic, st := range f.Topics {
			frames = append(frames, fmt.Sprintf("ready %s@%s %v", topic, st.Pos, st.Resumed))
		}
		if f.Op == "event" {
			frames = append(frames, fmt.Sprintf("%s %s %s@%s", f.Topic, f.Type, f.Data, f.Pos))
		}
	}
	return frames
}

func what(offset uint64, topic, typ, data string) *event {
	return whole(offset, topic, typ, data, feed.State{})
}

func whole(offset uint64, topic, typ, data string, s feed.State) *event {
	return newEvent(feed.Entry{
		Position: feed.Position{Epoch: "E", Offset: offset}, Topic: topic, Body: `"type":"` + typ + `","data":` + data, State: s,
	})
}

func cart(offset uint64, version int) *event {
	return whole(offset, "user:a", "cart.changed", fmt.Sprintf(`{"version":%d}`, version), feed.State{Whole: true, Version: int64(version)})
}

func order(offset uint64) *event { return what(offset, "user:a", "order.changed", `{}`) }

func activity(offset uint64) *event { return what(offset, Activity, "begins", `{}`) }

func course(offset uint64, id string) *event {
	return whole(offset, CourseTopic(id), "course.changed", `{"course_id":"`+id+`"}`, feed.State{Whole: true})
}

func TestWhatWaitsIsSentByLaneAndTopic(t *testing.T) {
	for _, tt := range []struct {
		name   string
		events []*event
		want   []string
	}{
		{"of three carts the newest is sent", []*event{cart(1, 5), cart(2, 6), cart(3, 7)},
			[]string{`user cart.changed {"version":7}@E-3`}},
		{"a cart comes where the newest one stood, so positions only grow", []*event{cart(1, 5), order(2), cart(3, 6), order(4)},
			[]string{"user order.changed {}@E-2", `user cart.changed {"version":6}@E-3`, "user order.changed {}@E-4"}},
		{"a cart that was published too late replaces none", []*event{cart(1, 6), cart(2, 5)},
			[]string{`user cart.changed {"version":6}@E-1`, `user cart.changed {"version":5}@E-2`}},
		{"orders all arrive", []*event{order(1), order(2), order(3)},
			[]string{"user order.changed {}@E-1", "user order.changed {}@E-2", "user order.changed {}@E-3"}},
		{"a payment goes before activities that wait", []*event{activity(1), activity(2), order(7), activity(3)},
			[]string{"user order.changed {}@E-7", "activity begins {}@E-1", "activity begins {}@E-2", "activity begins {}@E-3"}},
		{"courses are kept apart", []*event{course(1, "c1"), course(2, "c2"), course(3, "c1")},
			[]string{`course:c2 course.changed {"course_id":"c2"}@E-2`, `course:c1 course.changed {"course_id":"c1"}@E-3`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := waitingSocket(t)
			for _, ev := range tt.events {
				if _, taken := s.queue(ev); !taken {
					t.Errorf("%d is not taken", ev.pos.Offset)
				}
			}
			if got := sent(t, s); !slices.Equal(got, tt.want) {
				t.Errorf("sent %q, want %q", got, tt.want)
			}
			if more, _ := s.settle(); more || s.waits != nil {
				t.Error("an idle socket keeps a queue")
			}
		})
	}
}

func TestAFullSharedLaneBecomesOneReadyForEachTopicAndOrdersStay(t *testing.T) {
	s := waitingSocket(t)
	s.queue(course(9, "c1"))
	s.queue(order(1))
	for i := range uint64(laneEvents) { // the last one does not fit
		s.queue(activity(1 + i))
	}
	s.queue(activity(laneEvents + 1))
	want := []string{
		"user order.changed {}@E-1", fmt.Sprintf("ready activity@E-%d false", laneEvents), "ready course:c1@E-9 false",
		fmt.Sprintf("activity begins {}@E-%d", laneEvents+1),
	}
	if got := sent(t, s); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
	if n := s.hub.count.resynced.Load(); n != 2 {
		t.Errorf("counted %d topics", n)
	}
	if n := s.hub.count.slow.Load(); n != 0 {
		t.Errorf("%d sockets were ended", n)
	}
}

func TestALaneIsBoundedInBytesHoweverLongItLags(t *testing.T) {
	s := waitingSocket(t)
	for i := range uint64(500) {
		s.queue(what(1+i, Activity, "poster", `"`+strings.Repeat("x", 10<<10)+`"`))
		if n := s.waits.lanes[shared].bytes; n > shareBytes {
			t.Fatalf("%d bytes wait", n)
		}
	}
	last := sent(t, s)
	if !strings.HasSuffix(last[len(last)-1], "@E-500") || !strings.HasPrefix(last[0], "ready activity@E-") {
		t.Errorf("sent %d frames, the first %.40s", len(last), last[0])
	}
}

func TestAFullOwnLaneEndsTheSocketAndDropsNothingInSilence(t *testing.T) {
	s := waitingSocket(t)
	for i := range uint64(laneEvents) {
		if _, taken := s.queue(order(1 + i)); !taken {
			t.Fatalf("order %d of %d does not fit", i, laneEvents)
		}
	}
	if _, taken := s.queue(order(laneEvents + 1)); taken {
		t.Fatal("one more is taken")
	}
	got := sent(t, s)
	if len(got) != 1 || !strings.Contains(got[0], "TOO_SLOW") {
		t.Errorf("sent %q, want the close frame alone", got)
	}
	if n := s.hub.count.slow.Load(); n != 1 {
		t.Errorf("%d sockets were counted", n)
	}
}

func TestCartsThatPileUpNeverEndASocket(t *testing.T) {
	s := waitingSocket(t)
	for i := range 10 * laneEvents {
		s.queue(cart(uint64(i+1), i+1))
	}
	if got := sent(t, s); len(got) != 1 || !strings.HasSuffix(got[0], fmt.Sprintf("@E-%d", 10*laneEvents)) {
		t.Errorf("sent %q", got)
	}
	if n := s.hub.count.conflated.Load(); n != 10*laneEvents-1 {
		t.Errorf("%d gave way", n)
	}
}

func TestAReplayIsNotCountedAgainstTheLane(t *testing.T) {
	s := waitingSocket(t)
	var missed []*event
	for i := range uint64(replayEvents) {
		missed = append(missed, order(1+i))
	}
	s.replay(missed)
	for i := range uint64(laneEvents) {
		if _, taken := s.queue(order(replayEvents + 1 + i)); !taken {
			t.Fatalf("live event %d behind a replay does not fit", i)
		}
	}
	if _, taken := s.queue(order(9999)); taken {
		t.Error("there is no limit behind a replay")
	}
}

func TestAReplayLeavesOutStateThatALaterOneReplaces(t *testing.T) {
	older := []feed.Event{cart(1, 1), order(2), activity(3)}
	newer := []feed.Event{cart(4, 2), order(5), cart(6, 4), cart(7, 3)}
	got, fits := collect("user:a", older, newer)
	var offsets []uint64
	for _, ev := range got {
		offsets = append(offsets, ev.pos.Offset)
	}
	if want := []uint64{2, 5, 6, 7}; !fits || !slices.Equal(offsets, want) {
		t.Errorf("replayed %v, want %v", offsets, want)
	}
}

// queueOfWriters is a run queue that nobody serves, with some sockets of broadcasts in it.
func queueOfWriters(t *testing.T, broadcasts int) (*writers, []*socket) {
	s := waitingSocket(t)
	w := &s.hub.writers
	w.most = 0
	var all []*socket
	conn, err := net.ListenUnix("unix", &net.UnixAddr{Name: t.TempDir() + "/s"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for range broadcasts {
		one := &socket{hub: s.hub, net: s.net, direct: raw, open: true}
		all = append(all, one)
		one.pass(activity(1))
	}
	return w, all
}

func TestSocketsWithSomethingOfTheirOwnAreServedFirst(t *testing.T) {
	w, all := queueOfWriters(t, 5)
	all[3].pass(order(1)) // stands in the queue
	all[1].pass(order(1))
	all[1].pass(order(2))
	payer := &socket{hub: w.hub, net: all[0].net, direct: all[0].direct, open: true}
	payer.pass(order(3))
	var got []int
	w.running = 1
	for s := w.take(); s != nil; s = w.take() {
		got = append(got, slices.Index(all, s))
	}
	if want := []int{3, 1, -1, 0, 2, 4}; !slices.Equal(got, want) {
		t.Errorf("served %v, want %v", got, want)
	}
	if w.waiting() || w.running != 0 {
		t.Errorf("the queue is %+v", w.lanes)
	}
}

func TestASocketThatIsWithAWriterGoesIntoTheOwnLaneNext(t *testing.T) {
	w, all := queueOfWriters(t, 3)
	w.running = 1
	s := w.take()
	s.pass(order(1)) // s is all[0], being written to
	if more, of := s.settle(); !more || of != own {
		t.Fatalf("settled: more %v, lane %v", more, of)
	}
	w.wake(shared, s) // even if whoever wakes it knows of a broadcast only
	if next := w.take(); next != all[0] {
		t.Errorf("served %d, want 0 again", slices.Index(all, next))
	}
}

// TestPlannedReturnsAreSpreadEvenly: the busiest second has at most half as much again as the mean.
func TestPlannedReturnsAreSpreadEvenly(t *testing.T) {
	for _, n := range []int{1, 20, 1000, 10000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			window := restartWindow(n)
			seconds := map[int64]int{}
			for i := range n {
				var reason struct {
					RetryMS int64 `json:"retry_ms"`
				}
				if err := json.Unmarshal(serverRestart.slot(i, n, window).frame()[4:], &reason); err != nil {
					t.Fatal(err)
				}
				if reason.RetryMS < serverRestart.least.Milliseconds() || reason.RetryMS > window.Milliseconds() {
					t.Errorf("socket %d of %d comes back after %d ms", i, n, reason.RetryMS)
				}
				seconds[reason.RetryMS/1000]++
			}
			mean := float64(n) / window.Seconds()
			for second, came := range seconds {
				if n >= 20 && float64(came) > 1.5*mean {
					t.Errorf("%d come back in second %d, %.0f in the mean", came, second, mean)
				}
			}
		})
	}
}
