package conn

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"

	"mstm/hub/hubtest"
)

// waitingSocket is a socket for which events wait: nothing is written to it.
func waitingSocket(t *testing.T) *Socket {
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close(); there.Close() })
	return &Socket{server: NewServer(slog.Default()), net: here}
}

// sent is what a writer would send now, each frame as "topic type version/number@offset".
func sent(t *testing.T, s *Socket) (frames []string) {
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

func what(offset uint64, topic, typ, data string) *Event {
	return &Event{
		Topic: topic, Lane: Shared, Place: fmt.Sprint("E-", offset),
		Frame: EventFrame(topic, fmt.Sprint("E-", offset), `"type":"`+typ+`","data":`+data),
	}
}

// learners is an event of a learner's own topic.
func learners(ev *Event) *Event {
	ev.Lane = Own
	return ev
}

// whole is an event of whole state.
func whole(ev *Event, typ string, version int) *Event {
	ev.Kind, ev.Version = typ, int64(version)
	return ev
}

func cart(offset uint64, version int) *Event {
	ev := what(offset, "user", "cart.changed", fmt.Sprintf(`{"version":%d}`, version))
	return whole(learners(ev), "cart.changed", version)
}

func order(offset uint64) *Event { return learners(what(offset, "user", "order.changed", `{}`)) }

func activity(offset uint64) *Event { return what(offset, "activity", "begins", `{}`) }

func course(offset uint64, id string) *Event {
	return whole(what(offset, "course:"+id, "course.changed", `{"course_id":"`+id+`"}`), "course.changed", 0)
}

func TestWhatWaitsIsSentByLaneAndTopic(t *testing.T) {
	for _, tt := range []struct {
		name   string
		events []*Event
		want   []string
	}{
		{"of three carts the newest is sent", []*Event{cart(1, 5), cart(2, 6), cart(3, 7)},
			[]string{`user cart.changed {"version":7}@E-3`}},
		{"a cart comes where the newest one stood, so positions only grow", []*Event{cart(1, 5), order(2), cart(3, 6), order(4)},
			[]string{"user order.changed {}@E-2", `user cart.changed {"version":6}@E-3`, "user order.changed {}@E-4"}},
		{"a cart that was published too late replaces none", []*Event{cart(1, 6), cart(2, 5)},
			[]string{`user cart.changed {"version":6}@E-1`, `user cart.changed {"version":5}@E-2`}},
		{"orders all arrive", []*Event{order(1), order(2), order(3)},
			[]string{"user order.changed {}@E-1", "user order.changed {}@E-2", "user order.changed {}@E-3"}},
		{"a payment goes before activities that wait", []*Event{activity(1), activity(2), order(7), activity(3)},
			[]string{"user order.changed {}@E-7", "activity begins {}@E-1", "activity begins {}@E-2", "activity begins {}@E-3"}},
		{"courses are kept apart", []*Event{course(1, "c1"), course(2, "c2"), course(3, "c1")},
			[]string{`course:c2 course.changed {"course_id":"c2"}@E-2`, `course:c1 course.changed {"course_id":"c1"}@E-3`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := waitingSocket(t)
			for _, ev := range tt.events {
				if _, taken := s.queue(ev); !taken {
					t.Errorf("%s is not taken", ev.Place)
				}
			}
			if got := sent(t, s); !slices.Equal(got, tt.want) {
				t.Errorf("sent %q, want %q", got, tt.want)
			}
			if more, _ := s.finishTurn(); more || s.waits != nil {
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
	if n := s.server.Resynced.Load(); n != 2 {
		t.Errorf("counted %d topics", n)
	}
	if n := s.server.Slow.Load(); n != 0 {
		t.Errorf("%d sockets were ended", n)
	}
}

func TestALaneIsBoundedInBytesHoweverLongItLags(t *testing.T) {
	s := waitingSocket(t)
	for i := range uint64(500) {
		s.queue(what(1+i, "activity", "poster", `"`+strings.Repeat("x", 10<<10)+`"`))
		if n := s.waits.lanes[Shared].bytes; n > shareBytes {
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
	if n := s.server.Slow.Load(); n != 1 {
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
	if n := s.server.Conflated.Load(); n != 10*laneEvents-1 {
		t.Errorf("%d gave way", n)
	}
}

func TestAReplayIsNotCountedAgainstTheLane(t *testing.T) {
	s := waitingSocket(t)
	const replayed = 1024
	var missed []*Event
	for i := range uint64(replayed) {
		missed = append(missed, order(1+i))
	}
	s.Replay(missed)
	for i := range uint64(laneEvents) {
		if _, taken := s.queue(order(replayed + 1 + i)); !taken {
			t.Fatalf("live event %d behind a replay does not fit", i)
		}
	}
	if _, taken := s.queue(order(9999)); taken {
		t.Error("there is no limit behind a replay")
	}
}

// queueOfWriters is a run queue without a writer, with some sockets of broadcasts in it.
func queueOfWriters(t *testing.T, broadcasts int) (*writers, []*Socket) {
	s := waitingSocket(t)
	w := &s.server.writers
	w.most = 0
	var all []*Socket
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
		one := &Socket{server: s.server, net: s.net, direct: raw, open: true}
		all = append(all, one)
		one.Offer(activity(1))
	}
	return w, all
}

func TestSocketsWithSomethingOfTheirOwnAreServedFirst(t *testing.T) {
	w, all := queueOfWriters(t, 5)
	all[3].Offer(order(1)) // stands in the queue
	all[1].Offer(order(1))
	all[1].Offer(order(2))
	payer := &Socket{server: all[0].server, net: all[0].net, direct: all[0].direct, open: true}
	payer.Offer(order(3))
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
	s.Offer(order(1)) // s is all[0], being written to
	if more, of := s.finishTurn(); !more || of != Own {
		t.Fatalf("settled: more %v, lane %v", more, of)
	}
	w.wake(Shared, s) // even if its waker knows of a broadcast only
	if next := w.take(); next != all[0] {
		t.Errorf("served %d, want 0 again", slices.Index(all, next))
	}
}
