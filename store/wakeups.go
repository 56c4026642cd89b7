package store

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Wakeups say when orders, ends of access, broadcasts and messages are to be looked at. An
// instance takes a row before its look, on the Seq that it read: of many instances one wins.
type Wakeups struct {
	*base
	docs Collection[shop.Wakeup]
}

func newWakeups(b *base) *Wakeups {
	return &Wakeups{base: b, docs: newCollection[shop.Wakeup](b, "wakeups")}
}

// Due lists the rows that are to be looked at and that no instance has: the lowest rank first,
// within it the longest overdue. now is the shop's clock, real the time; no kinds are all.
func (s *Wakeups) Due(ctx context.Context, now, real time.Time, limit int, kinds ...shop.WakeupKind) ([]shop.Wakeup, error) {
	filter := bson.M{"at": bson.M{"$lte": now.UTC()}, "until": bson.M{"$lte": real.UTC()}}
	if len(kinds) > 0 {
		filter["kind"] = bson.M{"$in": kinds}
	}
	return s.docs.All(ctx, filter,
		options.Find().SetSort(bson.D{{Key: "rank", Value: 1}, {Key: "at", Value: 1}}).SetLimit(int64(limit)))
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
