package fleet

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

// TestCountsAgreeWhateverWasLost lets one instance count at random and another hear only some
// of what it says. Once the questions are answered both know the same.
func TestCountsAgreeWhateverWasLost(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		speaker, hearer := instance("speaker"), instance("hearer")
		speaker.begin()
		hearer.begin()
		hearer.joinInExchange("1-0")
		now := time.Now()
		tell := func(lossy bool) {
			now = now.Add(time.Minute)
			asks := hearer.questionsInExchange(now)
			speaker.exchange.owes = message{asks: asks}.asksInstance("speaker") || r.IntN(10) == 0
			for _, m := range speaker.newsInExchange() {
				if !lossy || r.IntN(5) > 0 {
					hearer.hearInExchange(readBack(m), now)
				}
			}
		}
		for range 30 {
			for range r.IntN(20) {
				k := Key{fmt.Sprint("course:", r.IntN(5)), fmt.Sprint(r.IntN(5))}
				speaker.Add(k, int32(1-2*r.IntN(2)))
			}
			tell(true)
		}
		for range 3 { // something gets through, its hole is seen, the question is answered
			tell(false)
		}
		p := hearer.peers["speaker"]
		if !p.whole {
			t.Fatalf("seed %d: not whole", seed)
		}
		if diff := cmp.Diff(speaker.presence.here, p.counts); diff != "" {
			t.Fatalf("seed %d: what is there and what was heard: %s", seed, diff)
		}
	}
}

// instance is a Fleet that does not run.
func instance(name string) *Fleet {
	return New(Config{Instance: name, Sockets: func() int { return 0 }, Own: "user", Open: "course:"})
}

// readBack is a message as it comes out of the stream.
func readBack(m message) message {
	values := map[string]any{}
	for pair := range slices.Chunk(m.values(), 2) {
		values[pair[0].(string)] = fmt.Sprint(pair[1])
	}
	return readMessage(redis.XMessage{Values: values})
}

func TestCountsComeInPiecesAndBadLinesAreLeftOut(t *testing.T) {
	want := counts{}
	var list []count
	for i := range 3000 {
		k := Key{"activity", fmt.Sprintf("user-%020d", i)}
		want.put(k, 1)
		list = append(list, count{k, 1})
	}
	pieces := writeCounts(list)
	if len(pieces) < 3 {
		t.Errorf("%d pieces", len(pieces))
	}
	got := counts{}
	for _, p := range append(pieces, "x course:a bob\n2 course:a\n\n99999999999 course:a bob\n-1 course:a bob\n") {
		got.read(p)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMadeUpTopicsAreNotCountedWithoutEnd(t *testing.T) {
	p := newPresence("course:", "login:")
	for i := range 2 * mostTopicsCounted {
		p.add(Key{fmt.Sprint("course:", i), ""}, 1)
	}
	p.add(Key{"course:0", "bob"}, 1)
	if n := len(p.here); n != mostTopicsCounted || p.at(Key{"course:0", "bob"}) != 1 {
		t.Errorf("%d topics", n)
	}
	for i := range 2 * mostTopicsCounted {
		p.add(Key{fmt.Sprint("course:", i), ""}, -1)
	}
	if n := len(p.here); n != 1 {
		t.Errorf("%d topics are left", n)
	}
}
