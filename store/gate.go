package store

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"mstm/shop"
)

// gate lets a bounded number of commands be at the database at a time: one at the embedded
// store, as many as there are connections at a real one. A class and those below it may
// take a share of the places together, so that there is always room above. Commands that
// wait are let in by class, and within one the person's with the fewest goes first: a person
// with a hundred commands holds up themselves and not a person with one.
type gate struct {
	mu    sync.Mutex
	most  [Classes]int // places for a class and those below it
	taken [Classes]int
	lines [Classes]line
	let   uint // commands that were let in after a wait
}

// The bounds of the lines. A page's first command is refused where its class has this many
// waiting, or has not moved for so long; a command of the embedded store takes 1 to 5 ms.
const (
	maxLine   = 1024
	maxLists  = 256
	lineStuck = 3 * time.Second
)

// lowTurn is how often the lowest class that waits goes first, and the person who has waited for
// a turn longest, so that none starves.
const lowTurn = 8

func newGate(places int) *gate {
	g := &gate{most: [Classes]int{places, places * 3 / 4, places / 2, places / 4}}
	for c := range g.most {
		g.most[c] = max(1, g.most[c])
		g.lines[c].byWho = map[string]*queue{}
	}
	return g
}

// enter waits for a place; the caller calls leave. It fails where ctx ends first, and where
// the class is full and the command is its request's first.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	if isInside(ctx) {
		return func() {}, nil
	}
	t := ticketOf(ctx)
	first := t.used.Add(1) == 1 && t.bound
	g.mu.Lock()
	if g.room(t.class) {
		g.taken[t.class]++
		g.mu.Unlock()
		return func() { g.leave(t.class) }, nil
	}
	l := &g.lines[t.class]
	if first && l.full(t.class) {
		g.mu.Unlock()
		return nil, fmt.Errorf("%w: %w", shop.ErrOverloaded, shop.ErrUnavailable)
	}
	w := l.add(t.who)
	g.mu.Unlock()
	select {
	case <-w.ready:
		return func() { g.leave(t.class) }, nil
	case <-ctx.Done():
		g.giveUp(t.class, w)
		return nil, ctx.Err()
	}
}

// room reports whether a command of the class may go in. It is never so where one of a
// higher class waits.
func (g *gate) room(c Class) bool {
	below := 0
	for k := Class(Classes - 1); k >= 0; k-- {
		below += g.taken[k]
		if k <= c && below >= g.most[k] {
			return false
		}
	}
	return true
}

func (g *gate) leave(c Class) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken[c]--
	g.letIn()
}

// letIn fills the free places from the lines.
func (g *gate) letIn() {
	for {
		c, ok := g.next()
		if !ok {
			return
		}
		g.taken[c]++
		close(g.lines[c].take(g.lowTurn()).ready)
		g.let++
	}
}

func (g *gate) lowTurn() bool { return g.let%lowTurn == lowTurn-1 }

// next is the class whose turn it is.
func (g *gate) next() (Class, bool) {
	for i := range Class(Classes) {
		c := i
		if g.lowTurn() {
			c = Classes - 1 - i
		}
		if g.lines[c].n > 0 && g.room(c) {
			return c, true
		}
	}
	return 0, false
}

// giveUp takes a command out of its line, or gives back the place that it was let into
// just now.
func (g *gate) giveUp(c Class, w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.ready:
		g.taken[c]--
		g.letIn()
	default:
		g.lines[c].remove(w)
	}
}

// line are the waiting commands of one class, a queue for each person, in turn.
type line struct {
	n     int
	moved time.Time // when one was let in, or the first began to wait
	turns list.List // of *queue
	byWho map[string]*queue
}

type queue struct {
	who     string
	waiters list.List // of *waiter
	turn    *list.Element
}

type waiter struct {
	ready chan struct{} // closed when it may go in
	queue *queue
	at    *list.Element
}

// full reports whether no further request may begin to wait.
func (l *line) full(c Class) bool {
	most := maxLine
	if c == Lists {
		most = maxLists
	}
	return c != Settlement && (l.n >= most || l.n > 0 && time.Since(l.moved) > lineStuck)
}

func (l *line) add(who string) *waiter {
	q := l.byWho[who]
	if q == nil {
		q = &queue{who: who}
		q.turn = l.turns.PushBack(q)
		l.byWho[who] = q
	}
	if l.n == 0 {
		l.moved = time.Now()
	}
	l.n++
	w := &waiter{ready: make(chan struct{}), queue: q}
	w.at = q.waiters.PushBack(w)
	return w
}

// take removes the command whose turn it is: of the person with the fewest, or, in order, of
// the one who has waited for a turn longest.
func (l *line) take(inOrder bool) *waiter {
	q := l.turns.Front().Value.(*queue)
	for e := l.turns.Front(); e != nil && !inOrder && q.waiters.Len() > 1; e = e.Next() {
		if other := e.Value.(*queue); other.waiters.Len() < q.waiters.Len() {
			q = other
		}
	}
	w := q.waiters.Front().Value.(*waiter)
	l.turns.MoveToBack(q.turn)
	l.remove(w)
	l.moved = time.Now()
	return w
}

func (l *line) remove(w *waiter) {
	q := w.queue
	q.waiters.Remove(w.at)
	l.n--
	if q.waiters.Len() == 0 {
		l.turns.Remove(q.turn)
		delete(l.byWho, q.who)
	}
}
