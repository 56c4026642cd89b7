package crash

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// TestKilledAtAnyWriteNothingIsLostOrDoubled kills the shop before and after the writes of
// an order's life, starts it again, and wants the invariants within 30 seconds and in the
// end what the life comes to without a kill: everything once, and WeChat's books the shop's.
//
// A seed chooses what is bought, what WeChat does with its answers and callbacks, when the
// page comes back, and whether the shop dies again while it recovers. Without more, some lives
// are killed at a few points of one seed. Environment variables ask for more, or for less:
//
//	CRASH_SEEDS=20    every named write of so many seeds, and so often: "update orders: M4 paid"
//	                  and the like, before and after, each time in another life that makes it
//	CRASH_WRITE=M4    only the named writes that match
//	CRASH_SEED=42     begin with this seed, by default with the time
//	CRASH_LIFE=timed  only the lives whose names match, at every write of them
//	CRASH_POINT="before 12"   only this point
//	CRASH_WORKERS=8   so many shops at a time
func TestKilledAtAnyWriteNothingIsLostOrDoubled(t *testing.T) {
	r := newCrashRun(t)
	site := newCrashSite(t)
	t.Run("killed", func(t *testing.T) {
		for i := range int(r.number("CRASH_WORKERS", 4)) {
			t.Run("shop "+strconv.Itoa(i+1), func(t *testing.T) {
				t.Parallel()
				r.work(t, site.pool(t))
			})
		}
	})
	r.report()
}

// crashRun hands lives out and sums up what became of them.
type crashRun struct {
	t      *testing.T
	plan   func(*crashRun, crashJob, []string) // adds the kills of a life after its writes are known
	point  shoptest.Point                      // where alone lives are killed, if that is asked for
	writes *regexp.Regexp                      // the names to be killed at, where it goes by names
	began  time.Time
	until  time.Time // when no life begins any more, zero: never

	mu     sync.Mutex
	more   *sync.Cond
	jobs   []crashJob
	open   int // handed out, and not yet over
	seeds  map[uint64]*crashSeed
	made   map[string][]crashJob // named write → where it is made, of all seeds
	topped bool                  // named writes with too few kills have been given more

	deaths  map[string]map[uint64]int // named point → seed → first kills there
	lived   map[string]bool           // life and named point, where one was killed
	again   map[string]int            // named point → kills there while recovering from the first
	points  int                       // that were asked for
	missed  int                       // of them not come to: that write was not made this time
	kills   int                       // second ones included
	second  int
	anew    int // orders placed under a new key after a kill
	slowest time.Duration
	failed  int
}

// crashJob is a life of one seed, to be killed at a point, or to learn its writes. Where the
// point is not come to, there may be others that do as well.
type crashJob struct {
	life   life
	seed   uint64
	at     shoptest.Point
	others []crashJob
}

func newCrashRun(t *testing.T) *crashRun {
	r := &crashRun{
		t: t, began: time.Now(), writes: regexp.MustCompile(os.Getenv("CRASH_WRITE")),
		seeds: map[uint64]*crashSeed{}, made: map[string][]crashJob{}, deaths: map[string]map[uint64]int{}, lived: map[string]bool{}, again: map[string]int{},
	}
	r.more = sync.NewCond(&r.mu)
	switch env := os.Getenv; {
	case env("CRASH_POINT") != "":
		var err error
		if r.point, err = shoptest.ReadPoint(env("CRASH_POINT")); err != nil {
			t.Fatal(err)
		}
		r.plan = (*crashRun).planPoint
	case env("CRASH_LIFE") != "":
		r.plan = (*crashRun).planAll
	case env("CRASH_SEEDS") != "" || env("CRASH_SEED") != "" || env("CRASH_WRITE") != "":
		r.plan = (*crashRun).planNamed
	}
	first, n := r.number("CRASH_SEED", uint64(time.Now().Unix())), r.number("CRASH_SEEDS", 1)
	only := regexp.MustCompile(os.Getenv("CRASH_LIFE"))
	for seed := first; seed < first+n; seed++ {
		r.seeds[seed] = &crashSeed{}
		for _, l := range lives {
			if only.MatchString(l.name) {
				r.jobs = append(r.jobs, crashJob{life: l, seed: seed})
				r.seeds[seed].left++
			}
		}
	}
	if r.plan == nil {
		r.plan = (*crashRun).planSome
		r.shorten(first)
	}
	t.Logf("seeds %d to %d, %d lives", first, first+n-1, len(r.jobs))
	return r
}

// shorten leaves some lives of a seed, unless all are asked for.
func (r *crashRun) shorten(seed uint64) {
	rollFor(seed, "lives").Shuffle(len(r.jobs), func(i, k int) { r.jobs[i], r.jobs[k] = r.jobs[k], r.jobs[i] })
	r.jobs = r.jobs[:shortLives]
	r.until = r.began.Add(shortTime)
}

// A plain `go test` looks at
const (
	shortLives  = 8                // lives, each killed at
	shortPoints = 2                // points; none of them
	shortTime   = 25 * time.Second // begins later than this,
	shortLeast  = 4                // but for the first few
)

func (r *crashRun) number(name string, otherwise uint64) uint64 {
	r.t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		r.t.Fatalf("%s is no number: %v", name, err)
	}
	return n
}

// work lives what there is to live: each life once without a kill, to learn its writes, and
// then with one.
func (r *crashRun) work(t *testing.T, shops *crasherPool) {
	defer shops.drop()
	for {
		j, ok := r.next()
		if !ok {
			return
		}
		r.over(j, r.live(t, shops, j))
	}
}

// next is a life to live; ok is false at the end, and after too many failures.
func (r *crashRun) next() (j crashJob, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		late := !r.until.IsZero() && time.Now().After(r.until) && r.kills >= shortLeast
		if r.failed >= 20 || late {
			return j, false
		}
		if len(r.jobs) > 0 {
			j, r.jobs = r.jobs[0], r.jobs[1:]
			r.open++
			return j, true
		}
		if r.open == 0 && !r.topUp() {
			return j, false
		}
		if len(r.jobs) == 0 {
			r.more.Wait()
		}
	}
}

// live lives one life in a test of its own, nil where that failed.
func (r *crashRun) live(t *testing.T, shops *crasherPool, j crashJob) (p *plot) {
	c := shops.get()
	ok := t.Run(j.String(), func(t *testing.T) {
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("CRASH_SEED=%d CRASH_LIFE=%q CRASH_POINT=%q; killed %q\nwarnings of the shop:\n%s",
					j.seed, j.life.name, j.at, killedOf(p), shoptest.Warnings(c.Log.String()))
			}
		})
		c.Log.Reset()
		p = c.live(t, j.life, j.seed, j.at)
		if j.at.N == 0 {
			wantPoints(p, t, j)
		}
	})
	r.count(j, p, ok)
	if !ok {
		shops.drop()
		return nil
	}
	return p
}

func killedOf(p *plot) []string {
	if p == nil {
		return nil
	}
	return p.killed
}

func (r *crashRun) count(j crashJob, p *plot, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ok {
		r.failed++
	}
	if p == nil || j.at.N == 0 {
		return
	}
	r.points++
	if len(p.killed) == 0 {
		r.missed++
		return
	}
	r.kills += len(p.killed)
	r.second += len(p.killed) - 1
	r.anew += p.anew
	for _, at := range p.killed[1:] {
		r.again[at]++
	}
	r.slowest = max(r.slowest, p.slowest)
	at := p.killed[0]
	if r.deaths[at] == nil {
		r.deaths[at] = map[uint64]int{}
	}
	r.deaths[at][j.seed]++
	r.lived[j.life.name+": "+at] = true
}

// over takes in what a life has shown, and plans what follows from it.
func (r *crashRun) over(j crashJob, p *plot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.more.Broadcast()
	r.open--
	switch {
	case j.at.N == 0:
		var writes []string
		if p != nil {
			writes = p.seen
		}
		r.plan(r, j, writes)
	case p != nil && len(p.killed) == 0 && len(j.others) > 0:
		next := j.others[0]
		next.others = j.others[1:]
		r.jobs = append(r.jobs, next)
	}
}

// wantPoints wants the writes that a life cannot do without to be among its points.
func wantPoints(p *plot, t *testing.T, j crashJob) {
	t.Helper()
	for _, write := range j.life.wants {
		if !slices.ContainsFunc(p.seen, func(name string) bool {
			return name == write || strings.HasPrefix(name, write+": ")
		}) {
			t.Errorf("%s, seed %d: no write %q among\n%s", j.life.name, j.seed, write, strings.Join(p.seen, "\n"))
		}
	}
}
