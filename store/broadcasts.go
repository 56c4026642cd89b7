package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Broadcasts are marketing's.
type Broadcasts struct {
	*base
	docs      Collection[shop.Broadcast]
	audiences *Audiences
	wakeups   *Wakeups

	posted *cached[[]shop.Broadcast]
}

func newBroadcasts(b *base) *Broadcasts {
	docs := newCollection[shop.Broadcast](b, "broadcasts")
	docs.missing = shop.ErrBroadcastNotFound
	docs.version = func(d *shop.Broadcast) *int64 { return &d.V }
	s := &Broadcasts{base: b, docs: docs}
	s.posted = newCached[[]shop.Broadcast](b.bus, changePosted, postedAge)
	return s
}

// Insert adds a broadcast with the users that its audience lists, and reports
// whether its id was free. The list is written first, under what the request says: a
// broadcast never lacks it, nor gets that of another request which died before this one.
func (s *Broadcasts) Insert(ctx context.Context, b *shop.Broadcast) (bool, error) {
	if len(b.Audience.UserIDs) > 0 {
		b.List = b.ID + "." + b.BodyHash
		if err := s.audiences.PutList(ctx, b.List, b.Audience.UserIDs); err != nil {
			return false, err
		}
	}
	if b.DueAt != nil {
		if err := s.wakeups.insert(ctx, broadcastWakeup(b)); err != nil {
			return false, err
		}
	}
	return s.docs.Insert(ctx, b)
}

func broadcastWakeup(b *shop.Broadcast) shop.Wakeup {
	return shop.NewWakeup(shop.WakeBroadcast, b.ID, *b.DueAt)
}

// Get reads a broadcast; shop.ErrBroadcastNotFound where there is none.
func (s *Broadcasts) Get(ctx context.Context, id string) (*shop.Broadcast, error) {
	return s.docs.Get(ctx, id)
}

// Page lists those in a state, or all where it is "", newest first.
func (s *Broadcasts) Page(ctx context.Context, state shop.BroadcastState, limit int, cursor string) ([]shop.Broadcast, string, error) {
	filter := bson.M{}
	if state != "" {
		filter["state"] = state
	}
	return s.docs.Page(ctx, filter, limit, cursor, func(b shop.Broadcast) (any, string) { return b.CreatedAt, b.ID })
}

// InStates lists all in one of some states, in no order.
func (s *Broadcasts) InStates(ctx context.Context, states ...shop.BroadcastState) ([]shop.Broadcast, error) {
	return s.docs.All(ctx, bson.M{"state": bson.M{"$in": states}})
}

// StartedSince lists the ids of those that were started since a time, in no order.
func (s *Broadcasts) StartedSince(ctx context.Context, t time.Time) (ids []string, err error) {
	all, err := s.docs.All(ctx, bson.M{"started_at": bson.M{"$gte": t.UTC()}}, options.Find().SetProjection(bson.M{"_id": 1}))
	for _, b := range all {
		ids = append(ids, b.ID)
	}
	return ids, err
}

// Change is the collection's Change; the instances hear of a broadcast that is posted by it. A change
// that makes a broadcast due, or due sooner, writes its wakeup first, in the same try: so the broadcast
// is looked at again also where a look is under way (see Rest).
func (s *Broadcasts) Change(ctx context.Context, id string, change func(*shop.Broadcast) error) (*shop.Broadcast, error) {
	return s.ChangeHeld(ctx, id, func(b *shop.Broadcast) error {
		due := b.DueAt
		if err := change(b); err != nil {
			return err
		}
		if b.DueAt != nil && (due == nil || b.DueAt.Before(*due)) {
			return s.wakeups.put(ctx, broadcastWakeup(b))
		}
		return nil
	})
}

// ChangeHeld is Change for the instance that has the broadcast's wakeup and ends its look by Rest.
func (s *Broadcasts) ChangeHeld(ctx context.Context, id string, change func(*shop.Broadcast) error) (*shop.Broadcast, error) {
	wasPosted := false
	b, wrote, err := s.docs.tryChange(ctx, id, nil, func(b *shop.Broadcast) error {
		wasPosted = b.PostedAt != nil
		return change(b)
	})
	if wrote && !wasPosted && b.PostedAt != nil {
		s.changed(ctx, changePosted, id)
	}
	return b, err
}

// Rest ends a look at a broadcast, whose wakeup was read before: it is looked at again when it is due, if it is,
// and the wakeup has not been written since. The broadcast gets another version first, so a writer that
// read it before fails, and one that reads it from then on and makes it due writes the wakeup again.
func (s *Broadcasts) Rest(ctx context.Context, w shop.Wakeup) (settled bool, err error) {
	b, err := s.docs.Change(ctx, w.Key(), func(*shop.Broadcast) error { return nil })
	switch {
	case errors.Is(err, shop.ErrBroadcastNotFound):
		return s.wakeups.Orphan(ctx, w)
	case err != nil:
		return false, err
	case b.DueAt == nil:
		return s.wakeups.Remove(ctx, w)
	}
	return s.wakeups.Reschedule(ctx, w, *b.DueAt)
}

// maxPosted is how many broadcasts to everybody the inboxes show: the latest.
const maxPosted = 100

const postedAge = time.Minute // a safety net

// Posted lists the latest broadcasts to everybody that are in the inboxes, newest first, from
// memory unless one was posted. The caller must not change them.
func (s *Broadcasts) Posted(ctx context.Context) ([]shop.Broadcast, error) {
	return s.posted.get(ctx, s.readPosted)
}

// readPosted lists the latest broadcasts to everybody that are in the inboxes, newest first.
func (s *Broadcasts) readPosted(ctx context.Context) ([]shop.Broadcast, error) {
	return s.docs.All(ctx, bson.M{"posted_at": bson.M{"$gt": time.Unix(0, 0).UTC()}},
		options.Find().SetSort(bson.D{{Key: "posted_at", Value: -1}, {Key: "_id", Value: -1}}).SetLimit(maxPosted))
}

// listChunk is a part of a listed audience.
type listChunk struct {
	ID      string   `bson:"_id"` // list:number
	UserIDs []string `bson:"user_ids"`
}

const listChunkSize = 5000

func listChunkID(list string, n int) string { return fmt.Sprintf("%s:%05d", list, n) }

// Audiences are the recipients of broadcasts.
type Audiences struct {
	*base
	docs       Collection[listChunk]
	users      *Users
	enrolments *Enrolments
	catalogue  *CatalogueCache
}

func newAudiences(b *base) *Audiences {
	return &Audiences{base: b, docs: newCollection[listChunk](b, "audiences")}
}

// PutList keeps a list of users under an id. Each id has one list: putting it again, as
// after a crash, changes nothing.
func (s *Audiences) PutList(ctx context.Context, list string, userIDs []string) error {
	ids := slices.Compact(slices.Sorted(slices.Values(userIDs)))
	for n := 0; ; n++ {
		part := ids[:min(len(ids), listChunkSize)]
		ids = ids[len(part):]
		if _, err := s.docs.Insert(ctx, &listChunk{listChunkID(list, n), part}); err != nil {
			return fmt.Errorf("list an audience: %w", err)
		}
		if len(part) < listChunkSize {
			return nil // the last chunk is the one that is not full
		}
	}
}

// eachListed calls each with the users of a list after the given one, in order.
func (s *Audiences) eachListed(ctx context.Context, list, after string, each func(userID string) error) error {
	for n := 0; ; n++ {
		part, err := s.docs.Get(ctx, listChunkID(list, n))
		if err != nil {
			return fmt.Errorf("list an audience: %w", err)
		}
		for _, id := range part.UserIDs {
			if id <= after {
				continue
			}
			if err := each(id); err != nil {
				return err
			}
		}
		if len(part.UserIDs) < listChunkSize {
			return nil
		}
	}
}

// Each calls each with the users of an audience as it is at now, each once, those after the given
// one only, so that a sender goes on where another stopped. Accounts that are gone may be among
// them (Recipients). list is where a listed audience is kept.
func (s *Audiences) Each(ctx context.Context, a shop.Audience, list, after string, now time.Time, each func(userID string) error) error {
	if a.Listed() {
		return s.eachListed(ctx, list, after, each)
	}
	byID := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}})
	if a.Kind == shop.AudienceAll {
		byID.SetProjection(bson.M{"_id": 1})
		return s.users.docs.Each(ctx, bson.M{"_id": bson.M{"$gt": after}}, func(u *shop.User) error { return each(u.ID) }, byID)
	}
	filter, inCategory, err := s.enrolledIn(ctx, a)
	if err != nil {
		return err
	}
	if after != "" {
		filter["_id"] = bson.M{"$gt": after + ";"} // the byte after the colon of user:course
	}
	// A learner's enrolments stand side by side, because their ids begin alike.
	last := ""
	return s.enrolments.docs.Each(ctx, filter, func(e *shop.Enrolment) error {
		if e.UserID == last || !a.Enrolled(e, inCategory, now) {
			return nil
		}
		last = e.UserID
		return each(e.UserID)
	}, byID)
}

// enrolledIn is a filter of the enrolments that may count for an audience, and which courses
// are in its category.
func (s *Audiences) enrolledIn(ctx context.Context, a shop.Audience) (bson.M, func(string) bool, error) {
	if a.CourseID != "" {
		return bson.M{"course_id": a.CourseID}, nil, nil
	}
	if a.Kind != shop.AudienceCategory {
		return bson.M{}, nil, nil
	}
	all, err := s.catalogue.Get(ctx)
	if err != nil {
		return nil, nil, err
	}
	ids := []string{}
	for _, c := range all.Courses() {
		if c.CategoryID == a.CategoryID {
			ids = append(ids, c.ID)
		}
	}
	in := func(courseID string) bool { return slices.Contains(ids, courseID) }
	return bson.M{"course_id": bson.M{"$in": ids}}, in, nil
}

// A Reader is how far one user has read the broadcasts that are in every inbox: all up to
// ReadTo, and beyond it those of Marks. The marks of older ones stay for a while, because
// they say when a broadcast was read.
type Reader struct {
	ID     string     `bson:"_id"` // the user's
	V      int64      `bson:"v"`
	ReadTo time.Time  `bson:"read_to"`
	Marks  []ReadMark `bson:"marks"`
}

// ReadMark says when a broadcast was read, and its link followed.
type ReadMark struct {
	Broadcast string     `bson:"broadcast"`
	ReadAt    time.Time  `bson:"read_at"`
	ClickedAt *time.Time `bson:"clicked_at,omitempty"`
}

// maxMarks is how many marks a reader keeps: more than the inboxes show broadcasts.
const maxMarks = 2 * maxPosted

// HasRead reports whether the reader has read a broadcast that was posted at postedAt.
func (r *Reader) HasRead(broadcastID string, postedAt time.Time) bool {
	return !postedAt.After(r.ReadTo) || r.mark(broadcastID) != nil
}

func (r *Reader) mark(broadcastID string) *ReadMark {
	i := slices.IndexFunc(r.Marks, func(m ReadMark) bool { return m.Broadcast == broadcastID })
	if i < 0 {
		return nil
	}
	return &r.Marks[i]
}

// read marks a broadcast as read, or as clicked too, and reports whether that is new.
func (r *Reader) read(broadcastID string, clicked bool, now time.Time) bool {
	m := r.mark(broadcastID)
	fresh := m == nil || clicked && m.ClickedAt == nil
	if m == nil {
		r.Marks = append(r.Marks, ReadMark{Broadcast: broadcastID, ReadAt: now})
		m = &r.Marks[len(r.Marks)-1]
	}
	if clicked && m.ClickedAt == nil {
		m.ClickedAt = &now
	}
	if len(r.Marks) > maxMarks {
		r.Marks = r.Marks[len(r.Marks)-maxMarks:]
	}
	return fresh
}

func newReader(userID string) *Reader { return &Reader{ID: userID, Marks: []ReadMark{}} }

// Readers are how far users have read the broadcasts in every inbox.
type Readers struct {
	*base
	docs    Collection[Reader]
	notices *Notices
}

func newReaders(b *base) *Readers {
	docs := newCollection[Reader](b, "readers")
	docs.version = func(d *Reader) *int64 { return &d.V }
	docs.blank = newReader
	return &Readers{base: b, docs: docs}
}

// Get is how far a user has read; a user that has read nothing yet has a fresh one.
func (s *Readers) Get(ctx context.Context, userID string) (*Reader, error) {
	r, err := s.docs.Get(ctx, userID)
	if errors.Is(err, ErrNotFound) {
		return newReader(userID), nil
	}
	return r, err
}

// Read marks a broadcast that is in every inbox as read by a user, and, if clicked, its
// link as followed. Doing it again changes nothing.
func (s *Readers) Read(ctx context.Context, userID, broadcastID string, clicked bool, now time.Time) error {
	return s.change(ctx, userID, func(r *Reader) bool { return r.read(broadcastID, clicked, now.UTC()) })
}

// ReadAll marks all of these broadcasts as read; the first is the newest that there is.
func (s *Readers) ReadAll(ctx context.Context, userID string, posted []shop.Broadcast, now time.Time) error {
	if len(posted) == 0 {
		return nil
	}
	return s.change(ctx, userID, func(r *Reader) bool {
		fresh := false
		for _, b := range slices.Backward(posted) {
			if !r.HasRead(b.ID, *b.PostedAt) {
				fresh = r.read(b.ID, false, now.UTC()) || fresh
			}
		}
		if fresh {
			r.ReadTo = *posted[0].PostedAt
		}
		return fresh
	})
}

// change is the collection's Change for a change that says whether there is anything to write.
func (s *Readers) change(ctx context.Context, userID string, change func(*Reader) bool) error {
	_, err := s.docs.Change(ctx, userID, func(r *Reader) error {
		if !change(r) {
			return errUnchanged
		}
		return nil
	})
	return err
}

// EachReading calls each with every reading of a broadcast: the user, the time, and whether the
// link was followed.
func (s *Readers) EachReading(ctx context.Context, b *shop.Broadcast, each func(userID string, readAt time.Time, clicked bool) error) error {
	if b.Audience.Kind == shop.AudienceAll {
		return s.docs.Each(ctx, bson.M{"marks.broadcast": b.ID}, func(r *Reader) error {
			m := r.mark(b.ID)
			return each(r.ID, m.ReadAt, m.ClickedAt != nil)
		})
	}
	filter := bson.M{"broadcast": b.ID, "read_at": bson.M{"$gt": time.Unix(0, 0).UTC()}}
	return s.notices.docs.Each(ctx, filter, func(n *shop.Notice) error {
		return each(n.UserID, *n.ReadAt, n.ClickedAt != nil)
	})
}
