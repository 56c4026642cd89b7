package storetest

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Pace holds up the commands between a driver and a store at random, before the store does
// them and again before the driver is answered, so that what two of them may do to each other
// happens within a few tries.
//
// A seed draws which kinds of commands ("insert users") are slow, and how much the n-th
// command of each kind waits. The machine still decides which command comes n-th of its kind:
// a seed brings a race up again mostly, not always.
type Pace struct {
	mu   sync.Mutex
	seed uint64
	seen map[string]uint64 // commands of each kind so far
}

// NewPace is the pace of a seed; that of 0 holds nothing up.
func NewPace(seed uint64) *Pace {
	p := &Pace{}
	p.Reseed(seed)
	return p
}

// Seed is the value of STORE_SEED, 0 where it is not set.
func Seed(t testing.TB) uint64 {
	t.Helper()
	text := os.Getenv("STORE_SEED")
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("STORE_SEED is no number: %v", err)
	}
	return n
}

// Reseed starts the pace of another seed.
func (p *Pace) Reseed(seed uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seed, p.seen = seed, map[string]uint64{}
}

const (
	slowest = 200 * time.Millisecond // of a kind that is slow; half of them wait less than a sixteenth
	jitter  = time.Millisecond       // of every other
)

// Wait sleeps as long as a command is held up before it is done, and answers the wait that
// is to follow before its reply is passed on. Both are 0 for what the driver asks by itself.
func (p *Pace) Wait(command []byte) (after time.Duration) {
	before, after := p.draw(Kind(command))
	time.Sleep(before)
	return after
}

func (p *Pace) draw(kind string) (before, after time.Duration) {
	p.mu.Lock()
	seed, n := p.seed, p.seen[kind]
	p.seen[kind]++
	p.mu.Unlock()
	if seed == 0 || kind == "" {
		return 0, 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(kind)) // never fails
	of := rand.New(rand.NewPCG(seed, h.Sum64()))
	slowBefore, slowAfter := of.IntN(4) == 0, of.IntN(4) == 0
	one := rand.New(rand.NewPCG(of.Uint64(), n))
	return wait(one, slowBefore), wait(one, slowAfter)
}

func wait(r *rand.Rand, slow bool) time.Duration {
	if slow {
		return time.Duration(math.Pow(r.Float64(), 4) * float64(slowest))
	}
	return time.Duration(r.Float64() * float64(jitter))
}

// onDocuments are the commands on documents; their value names the collection.
var onDocuments = []string{"insert", "update", "delete", "findAndModify", "find", "aggregate", "count", "distinct"}

// Kind is "insert orders" for a command on the documents of a collection, "" for any other:
// of the wire protocol's OP_MSG the first field of the body, which stands first.
func Kind(command []byte) string {
	const body = 16 + 4 + 1 // behind head, flags and the kind of section
	if len(command) < body || binary.LittleEndian.Uint32(command[12:]) != message || command[body-1] != 0 {
		return ""
	}
	first, err := bson.Raw(command[body:]).IndexErr(0)
	if err != nil || !slices.Contains(onDocuments, first.Key()) {
		return ""
	}
	collection, _ := first.Value().StringValueOK()
	return strings.Clone(first.Key() + " " + collection)
}
