package store

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Enrolments are what learners may watch, and until when.
type Enrolments struct {
	*base
	docs    Collection[shop.Enrolment]
	trials  *Trials
	recent  *recentEnrolments
	figures *Figures
}

func newEnrolments(b *base) *Enrolments {
	docs := newCollection[shop.Enrolment](b, "enrolments")
	docs.version = func(d *shop.Enrolment) *int64 { return &d.V }
	docs.blank = newEnrolment
	return &Enrolments{base: b, docs: docs, recent: newRecentEnrolments(b.bus)}
}

// newEnrolment is the enrolment of a learner without a grant of the course.
func newEnrolment(id string) *shop.Enrolment {
	userID, courseID, _ := strings.Cut(id, ":")
	return &shop.Enrolment{ID: id, UserID: userID, CourseID: courseID, Grants: []shop.Grant{}}
}

// Get reads a learner's enrolment in a course; ErrNotFound where nothing was ever granted.
func (s *Enrolments) Get(ctx context.Context, userID, courseID string) (*shop.Enrolment, error) {
	return s.docs.Get(ctx, shop.EnrolmentID(userID, courseID))
}

// Recent is Get that may answer from memory, for what is asked every few seconds: a change is seen at once on the
// instance that made it, within a second on the others, and after recentAge at the latest. Callers leave what it
// returns as it is.
func (s *Enrolments) Recent(ctx context.Context, userID, courseID string) (*shop.Enrolment, error) {
	id := shop.EnrolmentID(userID, courseID)
	if e, ok := s.recent.get(id); ok {
		return e, nil
	}
	seen := s.recent.generation()
	e, err := s.docs.Get(ctx, id)
	if err == nil {
		s.recent.put(e, seen)
	}
	return e, err
}

// Of lists a learner's enrolments.
func (s *Enrolments) Of(ctx context.Context, userID string) ([]shop.Enrolment, error) {
	return s.docs.All(ctx, bson.M{"user_id": userID})
}

// Change is the collection's Change; where there is no enrolment, change works on an empty one.
func (s *Enrolments) Change(ctx context.Context, userID, courseID string, change func(*shop.Enrolment) error) (*shop.Enrolment, error) {
	e, wrote, err := s.docs.tryChange(ctx, shop.EnrolmentID(userID, courseID), nil, change)
	if wrote || err != nil { // a write that failed may have been done all the same
		s.changed(ctx, changeEnrolments, shop.EnrolmentID(userID, courseID))
	}
	if wrote {
		s.figures.NoteEnrolment(e)
	}
	return e, err
}

// Standing is the learner's past in each of the courses. A course that is missing from the
// answer is one the learner has no past in.
func (s *Enrolments) Standing(ctx context.Context, userID string, courseIDs ...string) (map[string]shop.PurchaseHistory, error) {
	ids := make([]string, 0, len(courseIDs))
	for _, c := range courseIDs {
		ids = append(ids, shop.EnrolmentID(userID, c))
	}
	enrolments, err := s.docs.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	used, err := s.trials.used(ctx, userID, courseIDs)
	if err != nil {
		return nil, err
	}
	lack, err := s.trials.lack(ctx, userID)
	if err != nil {
		return nil, err
	}
	all := map[string]shop.PurchaseHistory{}
	for _, c := range courseIDs {
		if used[c] || lack != nil {
			all[c] = shop.PurchaseHistory{TrialUsed: used[c], TrialLack: lack}
		}
	}
	for i := range enrolments {
		e := &enrolments[i]
		all[e.CourseID] = shop.PurchaseHistory{Enrolment: e, TrialUsed: used[e.CourseID], TrialLack: lack}
	}
	return all, nil
}

// Each calls each with every enrolment.
func (s *Enrolments) Each(ctx context.Context, each func(*shop.Enrolment) error) error {
	return s.docs.Each(ctx, bson.M{}, each)
}

// ByID reads the enrolments with these ids (user:course); missing ones are left out.
func (s *Enrolments) ByID(ctx context.Context, ids []string) (map[string]*shop.Enrolment, error) {
	all, err := s.docs.ByIDs(ctx, ids)
	return byID(all, func(e *shop.Enrolment) string { return e.ID }), err
}

// CountLearners is how many people have a grant of the course that was not revoked.
func (s *Enrolments) CountLearners(ctx context.Context, courseID string) (int64, error) {
	return s.docs.Count(ctx, bson.M{
		"course_id":    courseID,
		"grants.state": bson.M{"$in": bson.A{shop.GrantLive, shop.GrantFrozen}}, // of any grant
	})
}

// EachIn calls each with the enrolments of a course, at most so many.
func (s *Enrolments) EachIn(ctx context.Context, courseID string, most int, each func(*shop.Enrolment)) error {
	return s.docs.Each(ctx, bson.M{"course_id": courseID}, func(e *shop.Enrolment) error { each(e); return nil },
		options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(most)))
}

// How many enrolments are kept for Recent, about 20 MB, and for how long where no change is heard of.
const (
	recentMost = 20_000
	recentAge  = 30 * time.Second
)

// recentEnrolments are enrolments that were read of late. The bus forgets one that has changed, and while changes
// would not arrive none is trusted.
type recentEnrolments struct {
	bus  *bus
	kept *expirable.LRU[string, *shop.Enrolment]

	mu  sync.Mutex
	gen uint64 // counts what was forgotten
}

func newRecentEnrolments(b *bus) *recentEnrolments {
	r := &recentEnrolments{bus: b, kept: expirable.NewLRU[string, *shop.Enrolment](recentMost, nil, recentAge)}
	b.onChange(r.forget)
	return r
}

func (r *recentEnrolments) forget(ch change) {
	if ch.Kind != changeEnrolments && ch.Kind != changeAll {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gen++
	if ch.Kind == changeAll {
		r.kept.Purge()
		return
	}
	r.kept.Remove(ch.ID)
}

func (r *recentEnrolments) get(id string) (*shop.Enrolment, bool) {
	if !r.bus.healthy() {
		return nil, false
	}
	return r.kept.Get(id)
}

// generation is taken before an enrolment is read, and given back to put.
func (r *recentEnrolments) generation() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gen
}

// put keeps an enrolment, unless something was forgotten since seen: then it may be what was forgotten.
func (r *recentEnrolments) put(e *shop.Enrolment, seen uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gen == seen {
		r.kept.Add(e.ID, e)
	}
}
