package crash

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"mstm/acceptance/shoptest"
)

// crashSeed is what is known of a seed before its kills are chosen.
type crashSeed struct {
	left int // lives with writes not known yet
	made map[string][]crashJob
}

func (j crashJob) String() string {
	if j.at.N == 0 {
		return fmt.Sprintf("%s, seed %d", j.life.name, j.seed)
	}
	return fmt.Sprintf("%s, seed %d, %s", j.life.name, j.seed, j.at)
}

// killed is the same life of the same seed, to be killed at a point.
func (j crashJob) killed(at shoptest.Point) crashJob {
	return crashJob{life: j.life, seed: j.seed, at: at}
}

// first puts lives before all others, so that the kills of one seed are over before the next.
func (r *crashRun) first(jobs ...crashJob) { r.jobs = append(jobs, r.jobs...) }

// planSome kills a life at a few points.
func (r *crashRun) planSome(j crashJob, writes []string) {
	points := pointsOf(writes)
	dice := rollFor(j.seed, "points of "+j.life.name)
	dice.Shuffle(len(points), func(i, k int) { points[i], points[k] = points[k], points[i] })
	for _, p := range points[:min(shortPoints, len(points))] {
		r.first(j.killed(p))
	}
}

// planAll kills it at every write.
func (r *crashRun) planAll(j crashJob, writes []string) {
	for _, p := range pointsOf(writes) {
		r.jobs = append(r.jobs, j.killed(p))
	}
}

func (r *crashRun) planPoint(j crashJob, _ []string) { r.first(j.killed(r.point)) }

func pointsOf(writes []string) (points []shoptest.Point) {
	for i := range writes {
		points = append(points, shoptest.Point{When: "before", N: i + 1}, shoptest.Point{When: "after", N: i + 1})
	}
	return points
}

// planNamed kills a seed once before and once after each write of one name, as soon as the
// writes of all its lives are known.
func (r *crashRun) planNamed(j crashJob, writes []string) {
	s := r.seeds[j.seed]
	s.left--
	if s.made == nil {
		s.made = map[string][]crashJob{}
	}
	times := map[string]int{}
	for _, name := range writes {
		if r.writes.MatchString(name) && !stray.MatchString(name) {
			times[name]++
		}
	}
	for name, n := range times {
		at := j.killed(shoptest.Point{N: n, Write: name}) // so often does this life make it
		s.made[name], r.made[name] = append(s.made[name], at), append(r.made[name], at)
	}
	if s.left > 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.made)) {
		for k, when := range sides {
			r.first(r.turns(s.made[name], when, j.seed+uint64(k*len(lives)/2)))
		}
	}
}

// stray matches what an order's life does not make: accesses of learners before end, for time
// passes, and an order that this process has not seen before is one of theirs.
var stray = regexp.MustCompile("^(update orders|(update|delete) wakeups: access_end|insert notices: access_.*)$")

var sides = []string{"before", "after"}

// turns picks, among the lives of a seed that make a write, the life to be killed there; each seed
// picks another. The seed also chooses at which of its times. Where the picked life does not come
// to the write this time, others follow.
func (r *crashRun) turns(made []crashJob, when string, turn uint64) crashJob {
	place := func(j crashJob) int {
		i := slices.IndexFunc(lives, func(l life) bool { return l.name == j.life.name })
		return (i + len(lives) - int(turn%uint64(len(lives)))) % len(lives)
	}
	made = slices.SortedFunc(slices.Values(made), func(a, b crashJob) int { return cmp.Compare(place(a), place(b)) })
	var all []crashJob
	for i, j := range made[:min(len(made), 4)] {
		at := shoptest.Point{When: when, N: 1, Write: j.at.Write}
		if i == 0 {
			at.N += rollFor(j.seed, j.life.name+when+at.Write).IntN(j.at.N)
		}
		if all = append(all, j.killed(at)); at.N > 1 {
			at.N = 1
			all = append(all, j.killed(at))
		}
	}
	all[0].others = all[1:]
	return all[0]
}

// topUp gives more kills to the named writes that were killed at less often than there are
// seeds, for not every seed makes them, and reports whether it did.
func (r *crashRun) topUp() bool {
	if r.topped || len(r.made) == 0 {
		return false
	}
	r.topped = true
	for _, name := range slices.Sorted(maps.Keys(r.made)) {
		for _, when := range sides {
			for n := r.killsAt(when + " " + name); n < len(r.seeds); n++ {
				j := r.made[name][n%len(r.made[name])]
				at := shoptest.Point{When: when, N: 1 + n%j.at.N, Write: name, Again: n + 1}
				again := j.killed(at)
				if at.N > 1 {
					at.N = 1
					again.others = []crashJob{j.killed(at)}
				}
				r.jobs = append(r.jobs, again)
			}
		}
	}
	r.more.Broadcast()
	r.t.Logf("%s: every seed is done, and %d kills more are wanted", time.Since(r.began).Round(time.Second), len(r.jobs))
	return len(r.jobs) > 0
}

func (r *crashRun) killsAt(at string) (n int) {
	for _, k := range r.deaths[at] {
		n += k
	}
	return n
}

// report says what was done, by name where it goes by names, and what was not.
func (r *crashRun) report() {
	r.t.Helper()
	if len(r.made) > 0 {
		r.reportNames()
	}
	r.t.Logf("%d points asked for, %d of them not come to; %d kills, %d of them second ones; %d new orders under another key; %d named points, %d with their lives; the invariants held within %s of a restart; %d failures; %s",
		r.points, r.missed, r.kills, r.second, r.anew, len(r.deaths), len(r.lived), r.slowest.Round(time.Millisecond), r.failed, time.Since(r.began).Round(time.Second))
	if r.kills == 0 {
		r.t.Error("no process was killed")
	}
	if r.slowest > 30*time.Second {
		r.t.Errorf("the invariants held only after %s", r.slowest)
	}
}

func (r *crashRun) reportNames() {
	r.t.Helper()
	var table, few []string
	pairs, hit := 0, 0
	for _, name := range slices.Sorted(maps.Keys(r.made)) {
		inLives := map[string]bool{}
		for _, j := range r.made[name] {
			inLives[j.life.name] = true
		}
		for _, when := range sides {
			at := when + " " + name
			n := r.killsAt(at)
			of := 0
			for l := range inLives {
				if r.lived[l+": "+at] {
					of++
				}
			}
			pairs, hit = pairs+len(inLives), hit+of
			table = append(table, fmt.Sprintf("%-60s %3d kills, %2d seeds, %2d of %2d lives", at, n, len(r.deaths[at]), of, len(inLives)))
			if n < len(r.seeds) {
				few = append(few, fmt.Sprintf("%s: %d", at, n))
			}
		}
	}
	r.t.Logf("killed\n%s", strings.Join(table, "\n"))
	r.t.Logf("%d named writes, before and after; %d of %d pairs of a life and a point", len(r.made), hit, pairs)
	var again []string
	for _, at := range slices.Sorted(maps.Keys(r.again)) {
		again = append(again, fmt.Sprintf("%-60s %3d", at, r.again[at]))
	}
	r.t.Logf("killed once more, while recovering\n%s", strings.Join(again, "\n"))
	if len(few) > 0 {
		r.t.Logf("NOT killed at %d times:\n%s", len(r.seeds), strings.Join(few, "\n"))
	}
}
