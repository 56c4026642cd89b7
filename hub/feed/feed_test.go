package feed

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// prepared is an entry as a host without sockets prepares it.
type prepared struct {
	Entry
	weight int
}

func (p *prepared) At() (*Position, string) { return &p.Position, p.Tag }
func (p *prepared) Weight() int             { return p.weight }
func (p *prepared) Placed(string) Event     { return p }

func offsetOf(ev Event) uint64 {
	pos, _ := ev.At()
	return pos.Offset
}

// restingFeed is a feed of two links that does not run, and its log, which has no Redis.
func restingFeed() (*Feed, *Redis) {
	specs := []Spec{{Name: "one", Link: "first"}, {Name: "two", Link: "first"}, {Name: "three", Link: "second"}}
	engine := NewRedis(nil, "test", "instance", specs)
	return New(Config{Log: engine, Channel: engine, Specs: specs, Receivers: make([]Receiver, len(specs)), Logger: slog.Default()}), engine
}

func TestEveryKeyOfAPartitionIsInItsSlot(t *testing.T) {
	for _, name := range []string{"activity", "user07"} {
		k := keysOf("mstm", "instance", Spec{Name: name})
		for _, key := range []string{k.meta, k.log, k.once, k.channel, k.echo} {
			if !strings.Contains(key, "{"+name+"}") {
				t.Errorf("key %s has not the tag of its slot", key)
			}
		}
	}
}

func TestTheRingKeepsTheNewestAndKnowsItsFloor(t *testing.T) {
	var r ring
	r.restart(10)
	for i := range uint64(ringEvents + 5) {
		r.push(&prepared{Entry: Entry{Position: Position{"E", 11 + i}}, weight: 1})
	}
	if len(r.events()) != ringEvents || r.floor != 15 || offsetOf(r.events()[0]) != 16 {
		t.Errorf("%d events from %d, floor %d", len(r.events()), offsetOf(r.events()[0]), r.floor)
	}
	last := r.floor + ringEvents
	if got := r.after(last - 2); len(got) != 2 || offsetOf(got[0]) != last-1 {
		t.Errorf("after %d: %d events", last-2, len(got))
	}
	if got := r.after(last + 7); len(got) != 0 {
		t.Errorf("after the end: %d events", len(got))
	}
	big := &prepared{Entry: Entry{Position: Position{"E", last + 1}}, weight: ringBytes + 1}
	r.push(big)
	if len(r.events()) != 1 || r.floor != last {
		t.Errorf("with one too big for it: %d events, floor %d", len(r.events()), r.floor)
	}
}

func TestAFullRingAllocatesNothingAndHasTheRightEvents(t *testing.T) {
	var r ring
	n := uint64(0)
	push := func() { n++; r.push(&prepared{Entry: Entry{Position: Position{"E", n}}, weight: 1}) }
	for range 5*ringEvents + 7 {
		push()
		if all := r.events(); offsetOf(all[0]) != r.floor+1 || offsetOf(all[len(all)-1]) != n || uint64(len(all)) != n-r.floor {
			t.Fatalf("after %d: %d events from %d, floor %d", n, len(all), offsetOf(all[0]), r.floor)
		}
	}
	if of := testing.AllocsPerRun(5*ringEvents, push); of > 1 { // the event itself
		t.Errorf("%v allocations for one event", of)
	}
	if most := 3 * ringEvents; cap(r.buffer) > most {
		t.Errorf("room for %d events", cap(r.buffer))
	}
}

func TestALinkThatBringsNotEvenEchoesIsCut(t *testing.T) {
	answers, away := error(nil), errors.New("no answer")
	for _, tt := range []struct {
		name  string
		begun bool
		heard []bool // by comparison: whether something came before it
		err   []error
		cut   bool
	}{
		{"one that is heard now and then stays", true, []bool{false, false, true, false, false, true}, nil, false},
		{"three comparisons without an echo are enough", true, []bool{true, false, false, false}, nil, true},
		{"with Redis away there is nothing to judge", true, []bool{true, false, false, false}, []error{answers, answers, away, away}, false},
		{"one that is just beginning gets longer", false, make([]bool, beginAfter-1), nil, false},
		{"but not for ever", false, make([]bool, beginAfter), nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, engine := restingFeed()
			l := f.links[0]
			comes := engine.subscriptionTo(l.indexes, l)
			cut := false
			end := context.CancelFunc(func() { cut = true })
			l.cut.Store(&end)
			l.begun.Store(tt.begun)
			for i, heard := range tt.heard {
				if heard {
					comes.take(&redis.Message{Channel: comes.echo})
				}
				err := error(nil)
				if tt.err != nil {
					err = tt.err[i]
				}
				l.judge(err)
			}
			if cut != tt.cut {
				t.Errorf("cut: %v, want %v", cut, tt.cut)
			}
			if n := len(l.messages); n != 0 {
				t.Errorf("%d echoes were taken for messages", n)
			}
		})
	}
}

func TestAnInstanceIsHealthyOnlyWhenBothLinksAreInSync(t *testing.T) {
	h, _ := restingFeed()
	now := time.Now().UnixMilli()
	for _, l := range h.links {
		if h.Healthy() == nil {
			t.Errorf("healthy before %s has read its heads", l.name)
		}
		l.inSync.Store(now)
	}
	if err := h.Healthy(); err != nil {
		t.Error(err)
	}
	h.links[1].inSync.Store(now - 2*behindAfter.Milliseconds())
	if err := h.Healthy(); err == nil || !strings.Contains(err.Error(), h.links[1].name) {
		t.Errorf("behind with one link: %v", err)
	}
}
