package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Wakeups say when orders, ends of access, broadcasts and messages are to be looked at. An
// instance takes a row before its look, on the Seq that it read: of many instances one wins.
type Wakeups struct {
	*base
	docs  wakeupRows
	quiet quiet
}

func newWakeups(b *base) *Wakeups {
	return &Wakeups{base: b, docs: wakeupRows{Collection: newCollection[shop.Wakeup](b, "wakeups")}}
}

// Due lists the rows that are to be looked at and that no instance has: the lowest rank first,
// within it the longest overdue. now is the shop's clock, real the time; no kinds are all.
func (s *Wakeups) Due(ctx context.Context, now, real time.Time, limit int, kinds ...shop.WakeupKind) ([]shop.Wakeup, error) {
	writes := s.docs.writes.Load()
	if s.quiet.lasts(writes, now) {
		return nil, nil
	}
	// The ranks are named, so that the index is read from each one's first row to now, and not to its end.
	filter := bson.M{"rank": bson.M{"$in": shop.WakeupRanks()}, "at": bson.M{"$lte": now.UTC()}, "until": bson.M{"$lte": real.UTC()}}
	if len(kinds) > 0 {
		filter["kind"] = bson.M{"$in": kinds}
	}
	due, err := s.docs.All(ctx, filter,
		options.Find().SetSort(bson.D{{Key: "rank", Value: 1}, {Key: "at", Value: 1}}).SetLimit(int64(limit)))
	if err != nil || len(due) > 0 || len(kinds) > 0 || s.embeddedMongo == nil || !s.quiet.since(writes) {
		return due, err
	}
	first, err := s.firstDue(ctx)
	if err == nil {
		s.quiet.begin(writes, first)
	}
	return due, err
}

// firstDue is the row that comes due first, in a list. Only the embedded store, which reads all rows anyway, is asked.
func (s *Wakeups) firstDue(ctx context.Context) ([]shop.Wakeup, error) {
	return s.docs.All(ctx, bson.M{}, options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(1))
}

// Overdue counts the rows that should have been looked at by now, and says when the first of them was due.
func (s *Wakeups) Overdue(ctx context.Context, now time.Time) (n int64, first time.Time, err error) {
	filter := bson.M{"rank": bson.M{"$in": shop.WakeupRanks()}, "at": bson.M{"$lte": now.UTC()}}
	due, err := s.docs.All(ctx, filter, options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(1))
	if err != nil || len(due) == 0 {
		return 0, time.Time{}, err
	}
	n, err = s.docs.Count(ctx, filter)
	return n, due[0].At, err
}

// wakeupRows are the rows, and how often this process has written one of them.
type wakeupRows struct {
	Collection[shop.Wakeup]
	writes atomic.Int64
}

func (r *wakeupRows) Insert(ctx context.Context, w *shop.Wakeup) (bool, error) {
	defer r.writes.Add(1)
	return r.Collection.Insert(ctx, w)
}

func (r *wakeupRows) InsertAll(ctx context.Context, all []shop.Wakeup) (int, error) {
	defer r.writes.Add(1)
	return r.Collection.InsertAll(ctx, all)
}

func (r *wakeupRows) InsertOrUpdate(ctx context.Context, id string, w *shop.Wakeup, update bson.M) error {
	defer r.writes.Add(1)
	return r.Collection.InsertOrUpdate(ctx, id, w, update)
}

func (r *wakeupRows) Replace(ctx context.Context, filter bson.M, w *shop.Wakeup) (bool, error) {
	defer r.writes.Add(1)
	return r.Collection.Replace(ctx, filter, w)
}

func (r *wakeupRows) Update(ctx context.Context, filter, update bson.M) (bool, error) {
	defer r.writes.Add(1)
	return r.Collection.Update(ctx, filter, update)
}

// quiet is a time in which no row comes due. The embedded store reads every row for each list, some twice a second: with
// a row for each learner whose access ends, that would be most of what an idle shop costs. It has one writer, this process,
// so between two writes what comes due first is known.
type quiet struct {
	mu     sync.Mutex
	writes int64     // of the last list that had nothing
	until  time.Time // of the shop's clock; zero: not known
	ends   time.Time // real: rows are read again, whatever is known
}

// quietMost is how long nothing is read, for a write that took effect after it was given up.
const quietMost = 10 * time.Second

// lasts reports whether nothing can be due, so many writes having been made.
func (q *quiet) lasts(writes int64, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.writes == writes && now.Before(q.until) && time.Now().Before(q.ends)
}

// since notes a list that had nothing, and reports whether nothing was written since the last such.
func (q *quiet) since(writes int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	same := q.writes == writes
	q.writes, q.until = writes, time.Time{}
	return same
}

// begin notes which row comes due first; none does for ever.
func (q *quiet) begin(writes int64, first []shop.Wakeup) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.writes != writes {
		return
	}
	q.ends = time.Now().Add(quietMost)
	q.until = q.ends.AddDate(100, 0, 0)
	if len(first) > 0 {
		q.until = first[0].At
	}
}

// Take gives the lease of a row to an instance, and reports whether it did: not where the row was
// written since it was read. w then is the row as it stands.
func (s *Wakeups) Take(ctx context.Context, w *shop.Wakeup, by string, until time.Time) (bool, error) {
	next := *w
	next.By, next.Until, next.Seq = by, until.UTC(), NewID()
	won, err := s.docs.Replace(ctx, bson.M{"_id": w.ID, "seq": w.Seq}, &next)
	if won {
		*w = next
	}
	return won, err
}

// Renew prolongs the lease of an instance, and reports whether it still has it.
func (s *Wakeups) Renew(ctx context.Context, id, by string, until time.Time) (bool, error) {
	return s.docs.Update(ctx, bson.M{"_id": id, "by": by}, bson.M{"$set": bson.M{"until": until.UTC()}})
}

// Release ends the lease that an instance has on a row, and leaves the row as it is otherwise.
func (s *Wakeups) Release(ctx context.Context, id, by string) error {
	_, err := s.docs.Update(ctx, bson.M{"_id": id, "by": by}, bson.M{"$set": free(bson.M{})})
	return err
}

// Retry has a row that was taken looked at again after a failed look, unless it was written since:
// then it is due when that write says.
func (s *Wakeups) Retry(ctx context.Context, w shop.Wakeup, at time.Time) error {
	won, err := s.end(ctx, w, at, w.Tries+1)
	if err != nil || won {
		return err
	}
	return s.Release(ctx, w.ID, w.By)
}

// Reschedule ends a look: the row is due again at a time, and no lease is left of the instance that w says
// has it. It reports whether it did: not where the row was written since w was read.
func (s *Wakeups) Reschedule(ctx context.Context, w shop.Wakeup, at time.Time) (bool, error) {
	return s.end(ctx, w, at, 0)
}

func (s *Wakeups) end(ctx context.Context, w shop.Wakeup, at time.Time, tries int) (bool, error) {
	set := bson.M{"at": at.UTC(), "seq": NewID(), "tries": tries}
	if w.By != "" {
		set = free(set)
	}
	return s.docs.Update(ctx, bson.M{"_id": w.ID, "seq": w.Seq}, bson.M{"$set": set})
}

// Remove ends a look after which nothing happens by itself any more. It reports whether it did:
// not where the row was written since w was read.
//
// The look must have written the thing after it read w, or have given it another version (as
// OrderWakeups.Done and Broadcasts.Rest): a writer that read the thing before that fails, and one that has
// read it since has written the row first.
func (s *Wakeups) Remove(ctx context.Context, w shop.Wakeup) (bool, error) {
	return s.docs.Delete(ctx, bson.M{"_id": w.ID, "seq": w.Seq})
}

// Orphan ends a look that did not find the thing that a row is about.
func (s *Wakeups) Orphan(ctx context.Context, w shop.Wakeup) (settled bool, err error) {
	if pause, again := w.Orphan(time.Now()); again {
		return s.Reschedule(ctx, w, s.now().Add(pause))
	}
	return s.Remove(ctx, w)
}

// Get reads the row of an id; ErrNotFound where nothing will happen by itself.
func (s *Wakeups) Get(ctx context.Context, id string) (*shop.Wakeup, error) {
	return s.docs.Get(ctx, id)
}

// put writes a row, or, where there is one, has that looked at at the row's time. An instance that
// has it keeps its lease: the look that it is at ends, and then comes the next.
func (s *Wakeups) put(ctx context.Context, w shop.Wakeup) error {
	_, err := s.written(ctx, w)
	return err
}

// written is put that returns the row, but for the lease that an instance may have.
func (s *Wakeups) written(ctx context.Context, w shop.Wakeup) (shop.Wakeup, error) {
	w.Seq, w.Since = NewID(), time.Now().UTC()
	return w, s.docs.InsertOrUpdate(ctx, w.ID, &w, bson.M{"$set": bson.M{"at": w.At, "seq": w.Seq}})
}

// insert writes a row where there is none.
func (s *Wakeups) insert(ctx context.Context, w shop.Wakeup) error {
	w.Seq, w.Since = NewID(), time.Now().UTC()
	_, err := s.docs.Insert(ctx, &w)
	return err
}

// insertAll is insert for many.
func (s *Wakeups) insertAll(ctx context.Context, all []shop.Wakeup) (fresh int, err error) {
	for i := range all {
		all[i].Seq, all[i].Since = NewID(), time.Now().UTC()
	}
	return s.docs.InsertAll(ctx, all)
}

// free adds to the fields of an update that no instance has the row.
func free(set bson.M) bson.M {
	set["by"], set["until"] = "", time.Time{}
	return set
}

// OrderWakeups say when orders are to be looked at.
type OrderWakeups struct {
	*Wakeups
	orders *Orders
	before *oldWakeups
}

// Schedule makes sure that the order is looked at no later than at.
func (s *OrderWakeups) Schedule(ctx context.Context, orderID string, at time.Time) error {
	return s.put(ctx, shop.NewWakeup(shop.WakeOrder, orderID, at))
}

// Advance is Schedule for an order that most likely has a row, and returns the row as it is now, but for the
// lease that another instance may have.
func (s *OrderWakeups) Advance(ctx context.Context, orderID string, at time.Time) (*shop.Wakeup, error) {
	w := shop.NewWakeup(shop.WakeOrder, orderID, at)
	w.Seq = NewID()
	done, err := s.docs.Update(ctx, bson.M{"_id": w.ID}, bson.M{"$set": bson.M{"at": w.At, "seq": w.Seq}})
	if err == nil && !done {
		w, err = s.written(ctx, w)
	}
	return &w, err
}

// Get is the order's row; ErrNotFound where it rests.
func (s *OrderWakeups) Get(ctx context.Context, orderID string) (*shop.Wakeup, error) {
	return s.Wakeups.Get(ctx, shop.WakeupID(shop.WakeOrder, orderID))
}

// Done deletes the row of an order that nothing will happen to by itself any more, unless
// the row was touched since w was read, or the order was changed since o was, which must be
// after w. No kill and no slow writer comes between them: the order gets another version
// before its row goes, so a writer that read it before fails, and a writer that reads it from then
// on and wakes it (see Orders.Change) touches the row first.
func (s *OrderWakeups) Done(ctx context.Context, o *shop.Order, w shop.Wakeup) (bool, error) {
	next := *o
	next.V++
	same, err := s.orders.docs.Replace(ctx, bson.M{"_id": o.ID, "state": o.State, "v": o.V}, &next)
	if err != nil || !same {
		return false, err
	}
	return s.Remove(ctx, w)
}

// Orders are the orders with a wakeup: those that are under way.
func (s *OrderWakeups) Orders(ctx context.Context) (map[string]bool, error) {
	due, err := s.before.orders(ctx)
	if err != nil {
		return nil, err
	}
	err = s.docs.Each(ctx, bson.M{"kind": shop.WakeOrder}, func(w *shop.Wakeup) error {
		due[w.Key()] = true
		return nil
	})
	return due, err
}

// An AccessEnd is an access that ends by itself: its learner is reminded, and at the end open
// pages are shown it. There is one wakeup for each end of an enrolment, moved on from look to
// look, so that the rows to read stay few. It is only a wakeup: what is so then is read from the
// enrolment.
type AccessEnd struct {
	ID       string // user:course:unix seconds of the end
	UserID   string
	CourseID string
	End      time.Time // the first instant without access
}

// AccessEndOf is what the wakeup of an end is about.
func AccessEndOf(w shop.Wakeup) (AccessEnd, error) {
	id := w.Key()
	parts := strings.Split(id, ":")
	if len(parts) == 3 {
		if unix, err := strconv.ParseInt(parts[2], 10, 64); err == nil {
			return AccessEnd{ID: id, UserID: parts[0], CourseID: parts[1], End: time.Unix(unix, 0).UTC()}, nil
		}
	}
	return AccessEnd{}, fmt.Errorf("store: no end of access has the id %q", id)
}

// AccessEnds say when to look at accesses that end by themselves.
type AccessEnds struct {
	*Wakeups
}

// Schedule makes sure that a learner's access to a course, which ends at end, is looked at
// from at on.
func (s *AccessEnds) Schedule(ctx context.Context, userID, courseID string, end, at time.Time) error {
	id := fmt.Sprintf("%s:%d", shop.EnrolmentID(userID, courseID), end.Unix())
	return s.insert(ctx, shop.NewWakeup(shop.WakeAccessEnd, id, at))
}

// The version before kept wakeups in three collections and in the broadcasts. Its rows are moved at the
// start, and while instances of that version may still run.

// adoptMost is how many old rows are moved at once.
const adoptMost = 200

// oldWakeup is a row of the collections before: due (orders), turns (ends of access) and due_deliveries.
type oldWakeup struct {
	ID    string    `bson:"_id"`
	At    time.Time `bson:"at"`
	Seq   string    `bson:"seq"`
	Kind  string    `bson:"kind"`
	Rank  int       `bson:"rank"`
	Since time.Time `bson:"since"`
}

// oldWakeups are the collections before.
type oldWakeups struct {
	due, turns, deliveries Collection[oldWakeup]
}

func newOldWakeups(b *base) *oldWakeups {
	return &oldWakeups{
		due: newCollection[oldWakeup](b, "due"), turns: newCollection[oldWakeup](b, "turns"), deliveries: newCollection[oldWakeup](b, "due_deliveries"),
	}
}

// orders are the orders that have a row of the version before.
func (s *oldWakeups) orders(ctx context.Context) (map[string]bool, error) {
	due := map[string]bool{}
	err := s.due.Each(ctx, bson.M{}, func(w *oldWakeup) error {
		due[w.ID] = true
		return nil
	})
	return due, err
}

// Adoption moves the wakeups of the version before to where this one looks for them.
type Adoption struct {
	*base
	before     *oldWakeups
	wakeups    *Wakeups
	broadcasts *Broadcasts
}

// Adopt moves what there is. It may be done again, by several instances at once, and beside instances of
// the version before: a row that is moved while an instance of either version looks at it brings one look
// more. all: also broadcasts that are not due yet; else those that no instance of the version before
// has looked at in time.
func (s *Adoption) Adopt(ctx context.Context, all bool) error {
	for _, old := range []struct {
		from Collection[oldWakeup]
		as   func(oldWakeup) shop.Wakeup
	}{
		{s.before.due, func(w oldWakeup) shop.Wakeup { return shop.NewWakeup(shop.WakeOrder, w.ID, w.At) }},
		{s.before.turns, func(w oldWakeup) shop.Wakeup { return shop.NewWakeup(shop.WakeAccessEnd, w.ID, w.At) }},
		{s.before.deliveries, func(w oldWakeup) shop.Wakeup {
			return deliveryWakeup(shop.Delivery{ID: w.ID, Kind: w.Kind, Rank: w.Rank, NextAt: w.At})
		}},
	} {
		if err := s.move(ctx, old.from, old.as); err != nil {
			return err
		}
	}
	return s.adoptBroadcasts(ctx, all)
}

// move moves the rows of a collection, the longest overdue first. A row is written before the old one goes,
// which stays where it was written after the read.
func (s *Adoption) move(ctx context.Context, from Collection[oldWakeup], as func(oldWakeup) shop.Wakeup) error {
	for ctx.Err() == nil {
		rows, err := from.All(ctx, bson.M{}, options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(adoptMost))
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, old := range rows {
			if err := s.sooner(ctx, as(old)); err != nil {
				return err
			}
			filter := bson.M{"_id": old.ID, "at": old.At}
			if old.Seq != "" {
				filter["seq"] = old.Seq
			}
			if _, err := from.Delete(ctx, filter); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// sooner writes a row, or has the one that is there looked at no later than at the row's time. That one gets
// another Seq in any case: a look that is under way does not see what the old row was written for.
func (s *Adoption) sooner(ctx context.Context, w shop.Wakeup) error {
	there, err := s.wakeups.docs.Get(ctx, w.ID)
	if err == nil && there.At.Before(w.At) {
		w.At = there.At
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return s.wakeups.put(ctx, w)
}

// overdueAfter is how long after its time a broadcast is given up by instances of the version before: they
// look at what is due twice a second, and renew what they are sending each second.
const overdueAfter = 2 * shop.BroadcastLease

// adoptBroadcasts gives broadcasts that are due at a time a wakeup. The time stays in them.
func (s *Adoption) adoptBroadcasts(ctx context.Context, all bool) error {
	filter := bson.M{"due_at": bson.M{"$gt": time.Unix(0, 0).UTC()}}
	if !all {
		filter = bson.M{"due_at": bson.M{"$lte": s.now().Add(-overdueAfter).UTC()}}
	}
	return s.broadcasts.docs.Each(ctx, filter, func(b *shop.Broadcast) error {
		w := broadcastWakeup(b)
		there, err := s.wakeups.docs.Get(ctx, w.ID)
		if err == nil && !there.At.After(w.At) {
			return nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		return s.wakeups.put(ctx, w)
	})
}
