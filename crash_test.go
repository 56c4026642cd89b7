package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestKilledAtAnyWriteNothingIsLostOrDoubled kills the shop before and after each write of
// an order's life, starts it again, and wants the invariants within 30 seconds and in the
// end what the life comes to without a kill: everything once, and WeChat's books the shop's.
//
// A seed chooses what is bought, what WeChat does with its answers and callbacks, when the
// page comes back, and whether the shop dies again while it recovers. Without more, each life
// is killed at a few points of one seed. Environment variables ask for more, or for less:
//
//	CRASH_SEEDS=20    all points of so many seeds
//	CRASH_SEED=42     all points of this seed, or of the seeds from it on
//	CRASH_LIFE=timed  only the lives whose names match
//	CRASH_POINT="before 12"   only this point
//	CRASH_WORKERS=8   so many shops at a time
func TestKilledAtAnyWriteNothingIsLostOrDoubled(t *testing.T) {
	r := newCrashRun(t)
	site := newCrashSite(t)
	t.Run("killed", func(t *testing.T) {
		for i := range int(r.number("CRASH_WORKERS", 6)) {
			t.Run(fmt.Sprintf("shop %d", i+1), func(t *testing.T) {
				t.Parallel()
				r.work(t, site.pool(t))
			})
		}
	})
	r.report()
}

// crashRun hands lives out and sums up what became of them.
type crashRun struct {
	t     *testing.T
	full  bool
	began time.Time

	mu      sync.Mutex
	jobs    []crashJob
	deaths  map[string]map[uint64]int // life and write → seed → kills there
	points  int                       // that were asked for
	missed  int                       // of them not come to: that write was not made this time
	kills   int                       // second ones included
	second  int
	slowest time.Duration
	failed  int
}

// crashJob is a life of one seed, to be killed at its points.
type crashJob struct {
	life life
	seed uint64
}

func newCrashRun(t *testing.T) *crashRun {
	r := &crashRun{t: t, began: time.Now(), deaths: map[string]map[uint64]int{}}
	r.full = os.Getenv("CRASH_SEEDS") != "" || os.Getenv("CRASH_SEED") != ""
	first, n := r.number("CRASH_SEED", uint64(time.Now().Unix())), r.number("CRASH_SEEDS", 1)
	only := regexp.MustCompile(os.Getenv("CRASH_LIFE"))
	for seed := first; seed < first+n; seed++ {
		for _, l := range lives {
			if only.MatchString(l.name) {
				r.jobs = append(r.jobs, crashJob{l, seed})
			}
		}
	}
	t.Logf("seeds %d to %d, %d lives", first, first+n-1, len(r.jobs))
	return r
}

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

// next is a life to live; ok is false at the end, and after too many failures.
func (r *crashRun) next() (j crashJob, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.jobs) == 0 || r.failed >= 20 {
		return j, false
	}
	j, r.jobs = r.jobs[0], r.jobs[1:]
	return j, true
}

// work lives each life once without a kill, to learn its writes, and then with one at each
// of them.
func (r *crashRun) work(t *testing.T, shops *crasherPool) {
	defer shops.drop()
	for {
		j, ok := r.next()
		if !ok {
			return
		}
		p := r.live(t, shops, j, point{})
		if p == nil {
			continue
		}
		p.wantPoints(t, j)
		for _, at := range r.choose(j, p.seen) {
			r.live(t, shops, j, at)
		}
	}
}

// choose picks the points at which a life is killed.
func (r *crashRun) choose(j crashJob, writes []string) (points []point) {
	if text := os.Getenv("CRASH_POINT"); text != "" {
		var p point
		if _, err := fmt.Sscanf(text, "%s %d", &p.when, &p.n); err != nil {
			r.t.Fatalf("CRASH_POINT is no point: %v", err)
		}
		return []point{p}
	}
	for i := range writes {
		points = append(points, point{"before", i + 1}, point{"after", i + 1})
	}
	if r.full {
		return points
	}
	dice := rollFor(j.seed, "points of "+j.life.name)
	dice.Shuffle(len(points), func(i, k int) { points[i], points[k] = points[k], points[i] })
	return points[:min(pointsOfEach, len(points))]
}

// pointsOfEach is at how many points a life is killed where nobody asks for all.
const pointsOfEach = 2

// live lives one life in a test of its own, nil where that failed.
func (r *crashRun) live(t *testing.T, shops *crasherPool, j crashJob, at point) (p *plot) {
	name := fmt.Sprintf("%s, seed %d, %s", j.life.name, j.seed, at)
	if at.when == "" {
		name = fmt.Sprintf("%s, seed %d", j.life.name, j.seed)
	}
	c := shops.get()
	ok := t.Run(name, func(t *testing.T) {
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("CRASH_SEED=%d CRASH_LIFE=%q CRASH_POINT=%q; killed %q\nwarnings of the shop:\n%s",
					j.seed, j.life.name, at, killedOf(p), warnings(c.log.String()))
			}
		})
		c.log.reset()
		p = c.live(t, j.life, j.seed, at)
	})
	r.count(j, at, p, ok)
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

func (r *crashRun) count(j crashJob, at point, p *plot, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ok {
		r.failed++
	}
	if p == nil || at.when == "" {
		return
	}
	r.points++
	if len(p.killed) == 0 {
		r.missed++
		return
	}
	r.kills += len(p.killed)
	r.second += len(p.killed) - 1
	r.slowest = max(r.slowest, p.slowest)
	key := j.life.name + ": " + p.killed[0]
	if r.deaths[key] == nil {
		r.deaths[key] = map[uint64]int{}
	}
	r.deaths[key][j.seed]++
}

// wantPoints wants the writes that a life cannot do without to be among its points.
func (p *plot) wantPoints(t *testing.T, j crashJob) {
	t.Helper()
	for _, write := range j.life.wants {
		if !slices.ContainsFunc(p.seen, func(s string) bool {
			name := strings.TrimPrefix(s, "after ")
			return name == write || strings.HasPrefix(name, write+": ")
		}) {
			t.Errorf("%s, seed %d: no write %q among\n%s", j.life.name, j.seed, write, strings.Join(p.seen, "\n"))
		}
	}
}

// report says what was done, by name where all was asked for.
func (r *crashRun) report() {
	r.t.Helper()
	seeds := map[int]int{} // in how many seeds a name was killed at → names
	names := []string{}
	for name, by := range r.deaths {
		seeds[len(by)]++
		n := 0
		for _, k := range by {
			n += k
		}
		names = append(names, fmt.Sprintf("%s ×%d in %d seeds", name, n, len(by)))
	}
	slices.Sort(names)
	r.t.Logf("%d points asked for, %d of them not come to; %d kills, %d of them second ones; %d named points (seeds each: %v); the invariants held within %s of a restart; %d failures; %s",
		r.points, r.missed, r.kills, r.second, len(names), seeds, r.slowest.Round(time.Millisecond), r.failed, time.Since(r.began).Round(time.Second))
	if r.full {
		r.t.Logf("killed\n%s", strings.Join(names, "\n"))
	}
	if r.kills == 0 {
		r.t.Error("nobody was killed")
	}
}

// crashes counts where a shop was killed.
type crashes struct{ at map[string]int }

func (k *crashes) note(hits []string) {
	if k.at == nil {
		k.at = map[string]int{}
	}
	for _, hit := range hits {
		name, _, _ := strings.Cut(hit, ": ")
		k.at[name]++
	}
}

// wantAt wants these writes to have been among those at which shops were killed.
func (k *crashes) wantAt(t *testing.T, writes ...string) {
	t.Helper()
	t.Logf("killed %v", k.at)
	for _, write := range writes {
		if k.at["before "+write] == 0 || k.at["after "+write] == 0 {
			t.Errorf("never killed both before and after %q", write)
		}
	}
}
