package store

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// errNoEnrolment never leaves this file: having no enrolment is no error to anybody.
var errNoEnrolment = errors.New("no enrolment")

// Enrolments are what learners may watch, and until when.
type Enrolments struct {
	*base
	trials *Trials
}

// Get reads a learner's enrolment in a course; nil where nothing was ever granted.
func (s *Enrolments) Get(ctx context.Context, userID, courseID string) (*shop.Enrolment, error) {
	e, err := findByID[shop.Enrolment](ctx, s.coll("enrolments"), shop.EnrolmentID(userID, courseID), errNoEnrolment)
	if errors.Is(err, errNoEnrolment) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("enrolment: %w", err)
	}
	return e, nil
}

// Of lists a learner's enrolments.
func (s *Enrolments) Of(ctx context.Context, userID string) ([]shop.Enrolment, error) {
	return findAll[shop.Enrolment](ctx, s.coll("enrolments"), bson.M{"user_id": userID})
}

// Change reads a learner's enrolment in a course (an empty one where there is
// none), lets change work on it and writes it on condition that nobody else has written
// it meanwhile, else again. Unchanged() from change writes nothing.
func (s *Enrolments) Change(ctx context.Context, userID, courseID string, change func(*shop.Enrolment) error) (*shop.Enrolment, error) {
	for range maxConflicts {
		e, err := s.Get(ctx, userID, courseID)
		if err != nil {
			return nil, err
		}
		if e == nil {
			e = &shop.Enrolment{ID: shop.EnrolmentID(userID, courseID), UserID: userID, CourseID: courseID, Grants: []shop.Grant{}}
		}
		v := e.V
		if err := change(e); errors.Is(err, errUnchanged) {
			return e, nil
		} else if err != nil {
			return e, err
		}
		e.V = v + 1
		won, err := s.put(ctx, e, v)
		if err != nil {
			return nil, fmt.Errorf("change enrolment %s: %w", e.ID, err)
		}
		if won {
			return e, nil
		}
	}
	return nil, fmt.Errorf("change enrolment: %w: too many writers", shop.ErrUnavailable)
}

func (s *Enrolments) put(ctx context.Context, e *shop.Enrolment, seen int64) (bool, error) {
	if seen == 0 {
		return s.insertOnce(ctx, s.coll("enrolments"), e)
	}
	return s.replaceIf(ctx, s.coll("enrolments"), bson.M{"_id": e.ID, "v": seen}, e)
}

// PurchaseHistory is the learner's past in each of the courses. A course that is missing from the
// answer is one the learner has no past in.
func (s *Enrolments) Standing(ctx context.Context, userID string, courseIDs ...string) (map[string]shop.PurchaseHistory, error) {
	ids := make([]string, 0, len(courseIDs))
	for _, c := range courseIDs {
		ids = append(ids, shop.EnrolmentID(userID, c))
	}
	enrolments, err := findByIDs[shop.Enrolment](ctx, s.base, s.coll("enrolments"), ids)
	if err != nil {
		return nil, fmt.Errorf("purchase history: %w", err)
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
	return walk(ctx, s.coll("enrolments"), bson.M{}, each)
}

// ByID reads the enrolments with these ids (user:course); missing ones are left out.
func (s *Enrolments) ByID(ctx context.Context, ids []string) (map[string]*shop.Enrolment, error) {
	all, err := findByIDs[*shop.Enrolment](ctx, s.base, s.coll("enrolments"), ids)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*shop.Enrolment, len(all))
	for _, e := range all {
		found[e.ID] = e
	}
	return found, nil
}

// CountLearners is how many people have a grant of the course that was not revoked.
func (s *Enrolments) CountLearners(ctx context.Context, courseID string) (int64, error) {
	n, err := s.coll("enrolments").CountDocuments(ctx, bson.M{
		"course_id":    courseID,
		"grants.state": bson.M{"$in": bson.A{shop.GrantLive, shop.GrantFrozen}}, // of any grant
	})
	return n, failed("count learners", err)
}
