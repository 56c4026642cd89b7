// Package explore walks through every state that an order can come to, with the enrolments
// that it opens: each write of the shop, each act of the buyer and of WeChat is one step,
// steps of all three interleave freely, messages are lost, late and doubled, and processes
// die between any two writes. The orders and enrolments are the real ones of package shop;
// the invariants of shop.CheckOrder and shop.CheckEnrolment hold in every state, and a
// state that is left alone must come to an end that gives everybody what is theirs.
package explore

import (
	"fmt"
	"strings"
)

// node is one state with the step that led to it first. The search goes breadth first, so
// the way back to the start is a shortest one.
type node struct {
	from *node
	step string
	w    *world
}

// report is what a search saw.
type report struct {
	states, transitions int
	whole               bool   // every reachable state was seen
	broken              string // the violation, "" for none
	way                 []string
}

// String is the counter-example, a step a line, or the size of what was searched.
func (r report) String() string {
	if r.broken == "" {
		return fmt.Sprintf("%d states, %d transitions, whole: %t", r.states, r.transitions, r.whole)
	}
	return fmt.Sprintf("after %d states: %s\n  %s", r.states, r.broken, strings.Join(r.way, "\n  "))
}

// search visits the states that can be reached from w, at most so many, and stops at the
// first that breaks an invariant.
func search(w *world, most int) report {
	r := report{whole: true}
	seen, known := map[digest]bool{w.key(): true}, endings{}
	queue := []*node{{step: "start", w: w}}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		r.states++
		if bad := n.w.broken(); bad != "" {
			return r.stop(n, bad)
		}
		if bad := known.left(n.w); bad != "" {
			return r.stop(n, "left alone from here: "+bad)
		}
		if r.states+len(queue) >= most {
			r.whole = false
			continue
		}
		for step, next := range n.w.steps() {
			r.transitions++
			if key := next.key(); !seen[key] {
				seen[key] = true
				queue = append(queue, &node{from: n, step: step, w: next})
			}
		}
		n.w = nil // the way back needs the steps alone
	}
	return r
}

func (r report) stop(n *node, bad string) report {
	r.broken = bad
	for ; n != nil; n = n.from {
		r.way = append([]string{n.step}, r.way...)
	}
	return r
}
