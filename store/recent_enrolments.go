package store

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"

	"mstm/shop"
)

// How many enrolments are kept for Recent, about 20 MB, and for how long where no change is heard of.
const (
	recentMost = 20_000
	recentAge  = 30 * time.Second
)

// recentEnrolments are enrolments that were read of late. The bus forgets one that has changed, and while changes
// would not arrive none is trusted.
type recentEnrolments struct {
	bus  *bus
	kept *expirable.LRU[string, *shop.Enrolment]

	mu  sync.Mutex
	gen uint64 // counts what was forgotten
}

func newRecentEnrolments(b *bus) *recentEnrolments {
	r := &recentEnrolments{bus: b, kept: expirable.NewLRU[string, *shop.Enrolment](recentMost, nil, recentAge)}
	b.onChange(r.forget)
	return r
}

func (r *recentEnrolments) forget(ch change) {
	if ch.Kind != changeEnrolments && ch.Kind != changeAll {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gen++
	if ch.Kind == changeAll {
		r.kept.Purge()
		return
	}
	r.kept.Remove(ch.ID)
}

func (r *recentEnrolments) get(id string) (*shop.Enrolment, bool) {
	if !r.bus.healthy() {
		return nil, false
	}
	return r.kept.Get(id)
}

// generation is taken before an enrolment is read, and given back to put.
func (r *recentEnrolments) generation() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gen
}

// put keeps an enrolment, unless something was forgotten since seen: then it may be what was forgotten.
func (r *recentEnrolments) put(e *shop.Enrolment, seen uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gen == seen {
		r.kept.Add(e.ID, e)
	}
}
