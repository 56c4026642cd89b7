package store

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

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

// lowTurn is how often the lowest waiting class goes first, and in it the person that has waited
// longest, so that none starves.
const lowTurn = 8

func newGate(places int) *gate {
	g := &gate{most: [Classes]int{places, places * 3 / 4, places / 2, places * 3 / 8, places / 4}}
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

// next is the class that goes next.
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

// use is how many commands of each class are in, and how many wait.
func (g *gate) use() (running, waiting [Classes]int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.lines {
		waiting[c] = g.lines[c].n
	}
	return g.taken, waiting
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

// take removes the command that goes next: of the person with the fewest, or, in order, of the
// person that has waited longest.
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

// A Class says how much depends on a command to the database. Where commands wait, the
// smaller class goes first.
type Class int

// The classes. A context that names none is of class Reading.
const (
	Settlement Class = iota // money that has been paid: callbacks and sweeps
	Paying                  // placing, paying, cancelling, refunds, logging in
	Reading                 // carts, accounts, one object
	Playback                // keys and playlists of lessons that play
	Lists                   // lists, search, exports, marketing

	Classes = iota // how many there are
)

// String is the class in metrics and logs.
func (c Class) String() string {
	return [Classes]string{"settlement", "paying", "reading", "playback", "lists"}[c]
}

// ticket is what the commands of one request have in common.
type ticket struct {
	class Class
	who   string
	used  atomic.Int64 // commands so far
	bound bool         // its first command is refused where the class is full
}

type ticketKey struct{}

// Request gives a context's commands a class, and the person or address that they count for:
// commands of one class take turns by that name. The first command of a request is refused with
// shop.ErrOverloaded where too many of its class wait already; those that follow always wait.
func Request(ctx context.Context, class Class, who string) context.Context {
	return context.WithValue(ctx, ticketKey{}, &ticket{class: class, who: who, bound: true})
}

// Continue gives a context the class and the account of a context of Request: for what goes on when the deadline of
// that one is over.
func Continue(ctx, request context.Context) context.Context {
	return context.WithValue(ctx, ticketKey{}, ticketOf(request))
}

// Background gives the commands of work that no request waits for a class. It is never
// refused.
func Background(ctx context.Context, class Class) context.Context {
	return context.WithValue(ctx, ticketKey{}, &ticket{class: class})
}

// Commands is how many commands a context of Request has sent.
func Commands(ctx context.Context) int64 { return ticketOf(ctx).used.Load() }

// ticketOf is a context's ticket, or a new one of class Reading.
func ticketOf(ctx context.Context) *ticket {
	if t, ok := ctx.Value(ticketKey{}).(*ticket); ok {
		return t
	}
	return &ticket{class: Reading}
}

// insideKey marks the context of commands that a place at the gate is held for already.
type insideKey struct{}

func inside(ctx context.Context) context.Context { return context.WithValue(ctx, insideKey{}, true) }

func isInside(ctx context.Context) bool { return ctx.Value(insideKey{}) != nil }

// gated is a collection whose commands pass the gate. It has the methods that the
// store uses and no others.
type gated struct {
	raw   *mongo.Collection
	gate  *gate
	space func() error // errNoSpace where a write would find no room
}

func (s *base) coll(name string) gated { return gated{s.db.Collection(name), s.gate, s.space} }

// enterToWrite is a place at the gate for a command that adds to the database.
func (c gated) enterToWrite(ctx context.Context) (leave func(), err error) {
	if err := c.space(); err != nil {
		return nil, err
	}
	return c.gate.enter(ctx)
}

func (c gated) Name() string             { return c.raw.Name() }
func (c gated) Indexes() mongo.IndexView { return c.raw.Indexes() }

// hold takes a place at the gate for several commands, which are sent with the context that
// it returns.
func (c gated) hold(ctx context.Context) (_ context.Context, leave func(), err error) {
	leave, err = c.gate.enter(ctx)
	return inside(ctx), leave, err
}

func (c gated) FindOne(ctx context.Context, filter any, opts ...options.Lister[options.FindOneOptions]) *mongo.SingleResult {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return mongo.NewSingleResultFromDocument(bson.D{}, err, nil)
	}
	defer leave()
	return c.raw.FindOne(ctx, filter, opts...)
}

// Find reads the first batch. What follows is read with advance.
func (c gated) Find(ctx context.Context, filter any, opts ...options.Lister[options.FindOptions]) (*mongo.Cursor, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.Find(ctx, filter, opts...)
}

// advance moves a cursor on, through the gate where that asks the database.
func (c gated) advance(ctx context.Context, cur *mongo.Cursor) (bool, error) {
	if cur.RemainingBatchLength() == 0 && cur.ID() != 0 {
		leave, err := c.gate.enter(ctx)
		if err != nil {
			return false, err
		}
		defer leave()
	}
	return cur.Next(ctx), cur.Err()
}

func (c gated) Aggregate(ctx context.Context, pipeline any, opts ...options.Lister[options.AggregateOptions]) (*mongo.Cursor, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.Aggregate(ctx, pipeline, opts...)
}

func (c gated) CountDocuments(ctx context.Context, filter any, opts ...options.Lister[options.CountOptions]) (int64, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	return c.raw.CountDocuments(ctx, filter, opts...)
}

func (c gated) InsertOne(ctx context.Context, doc any, opts ...options.Lister[options.InsertOneOptions]) (*mongo.InsertOneResult, error) {
	leave, err := c.enterToWrite(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.InsertOne(ctx, doc, opts...)
}

func (c gated) InsertMany(ctx context.Context, docs any, opts ...options.Lister[options.InsertManyOptions]) (*mongo.InsertManyResult, error) {
	leave, err := c.enterToWrite(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.InsertMany(ctx, docs, opts...)
}

func (c gated) UpdateOne(ctx context.Context, filter, update any, opts ...options.Lister[options.UpdateOneOptions]) (*mongo.UpdateResult, error) {
	leave, err := c.enterToWrite(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.UpdateOne(ctx, filter, update, opts...)
}

func (c gated) UpdateMany(ctx context.Context, filter, update any, opts ...options.Lister[options.UpdateManyOptions]) (*mongo.UpdateResult, error) {
	leave, err := c.enterToWrite(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.UpdateMany(ctx, filter, update, opts...)
}

func (c gated) FindOneAndUpdate(ctx context.Context, filter, update any, opts ...options.Lister[options.FindOneAndUpdateOptions]) *mongo.SingleResult {
	leave, err := c.enterToWrite(ctx)
	if err != nil {
		return mongo.NewSingleResultFromDocument(bson.D{}, err, nil)
	}
	defer leave()
	return c.raw.FindOneAndUpdate(ctx, filter, update, opts...)
}

func (c gated) ReplaceOne(ctx context.Context, filter, doc any, opts ...options.Lister[options.ReplaceOptions]) (*mongo.UpdateResult, error) {
	leave, err := c.enterToWrite(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.ReplaceOne(ctx, filter, doc, opts...)
}

func (c gated) DeleteOne(ctx context.Context, filter any, opts ...options.Lister[options.DeleteOneOptions]) (*mongo.DeleteResult, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.DeleteOne(ctx, filter, opts...)
}
