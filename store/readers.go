package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

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
	s := &Readers{base: b, docs: newCollection[Reader](b, "readers")}
	s.docs.version = func(d *Reader) *int64 { return &d.V }
	s.docs.blank = newReader
	return s
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
