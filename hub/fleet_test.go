package hub

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
		speaker, hearer := New(Config{}), New(Config{})
		speaker.fleet.begin()
		hearer.fleet.begin()
		hearer.fleet.join("1-0")
		now := time.Now()
		tell := func(lossy bool) {
			now = now.Add(time.Minute)
			asks := hearer.fleet.questions(now, time.Second)
			speaker.fleet.owes = said{asks: asks}.concerns(speaker.instance) || r.IntN(10) == 0
			for _, e := range speaker.news() {
				if !lossy || r.IntN(5) > 0 {
					hearer.fleet.hear(hearer.instance, readBack(e), now)
				}
			}
		}
		for range 30 {
			for range r.IntN(20) {
				s := spot{fmt.Sprint("course:", r.IntN(5)), fmt.Sprint(r.IntN(5))}
				speaker.presence.add(s, int32(1-2*r.IntN(2)))
			}
			tell(true)
		}
		for range 3 { // something gets through, its hole is seen, the question is answered
			tell(false)
		}
		p := hearer.fleet.peers[speaker.instance]
		if !p.whole {
			t.Fatalf("seed %d: not whole", seed)
		}
		if diff := cmp.Diff(speaker.presence.here, p.counts); diff != "" {
			t.Fatalf("seed %d: what is there and what was heard: %s", seed, diff)
		}
	}
}

// readBack is an entry as it comes out of the stream.
func readBack(e said) said {
	m := map[string]any{}
	for pair := range slices.Chunk(e.values(), 2) {
		m[pair[0].(string)] = fmt.Sprint(pair[1])
	}
	return readSaid(redis.XMessage{Values: m})
}

func TestCountsComeInPiecesAndBadLinesAreLeftOut(t *testing.T) {
	want := tally{}
	var list []counted
	for i := range 3000 {
		s := spot{Activity, fmt.Sprintf("user-%020d", i)}
		want.put(s, 1)
		list = append(list, counted{s, 1})
	}
	pieces := writeCounts(list)
	if len(pieces) < 3 {
		t.Errorf("%d pieces", len(pieces))
	}
	got := tally{}
	for _, p := range append(pieces, "x course:a bob\n2 course:a\n\n99999999999 course:a bob\n-1 course:a bob\n") {
		got.readCounts(p)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMadeUpTopicsAreNotCountedWithoutEnd(t *testing.T) {
	p := newPresence()
	for i := range 2 * mostTopicsCounted {
		p.add(spot{fmt.Sprint("course:", i), ""}, 1)
	}
	p.add(spot{"course:0", "bob"}, 1)
	if n := len(p.here); n != mostTopicsCounted || p.at(spot{"course:0", "bob"}) != 1 {
		t.Errorf("%d topics", n)
	}
	for i := range 2 * mostTopicsCounted {
		p.add(spot{fmt.Sprint("course:", i), ""}, -1)
	}
	if n := len(p.here); n != 1 {
		t.Errorf("%d topics are left", n)
	}
}
