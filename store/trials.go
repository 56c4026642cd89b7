package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// A trial says that a person has used the free stage of a course. Inserting it decides.
// The row outlives the account.
type trial struct {
	ID       string    `bson:"_id"` // course:person key
	CourseID string    `bson:"course_id"`
	Person   string    `bson:"person"` // person key
	OrderID  string    `bson:"order_id"`
	At       time.Time `bson:"at"`
}

func trialID(courseID, personKey string) string { return courseID + ":" + personKey }

func newTrial(courseID, personKey, orderID string, at time.Time) trial {
	return trial{ID: trialID(courseID, personKey), CourseID: courseID, Person: personKey, OrderID: orderID, At: at.UTC()}
}

// Trials are the free stages that people have used.
type Trials struct {
	*base
	docs     Collection[trial]
	bindings *Bindings
	users    *Users

	needs shop.TrialNeeds // what an account needs for a free stage; "": nothing
}

func newTrials(b *base) *Trials {
	docs := newCollection[trial](b, "trials")
	docs.missing = shop.ErrTrialUsed
	return &Trials{base: b, docs: docs}
}

// personKeys are what a learner is known by across accounts: the user id and, of each
// WeChat that was ever bound, the hashed openid and unionid.
func (s *Trials) personKeys(ctx context.Context, userID string) ([]string, error) {
	b, err := s.bindings.Get(ctx, userID)
	if err != nil {
		return nil, err
	}
	return append([]string{userID}, b.Keys...), nil
}

// Take uses up the person's free stage of the course for this order and reports
// whether it is this order's: true again when called again.
//
// The keys are read again at the end. A WeChat that has been bound since is either seen then, or
// its binding began after these rows were there and copies them.
func (s *Trials) Take(ctx context.Context, userID, courseID, orderID string, now time.Time) (bool, error) {
	return s.take(ctx, courseID, orderID, now, func() ([]string, error) { return s.personKeys(ctx, userID) })
}

func (s *Trials) take(ctx context.Context, courseID, orderID string, now time.Time, person func() ([]string, error)) (bool, error) {
	taken := 0
	for {
		keys, err := person()
		if err != nil {
			return false, err
		}
		if len(keys) <= taken { // keys are added at the end
			return true, nil
		}
		for _, key := range keys[taken:] {
			mine, err := s.takeAs(ctx, newTrial(courseID, key, orderID, now))
			if !mine || err != nil {
				return false, err
			}
		}
		taken = len(keys)
	}
}

// takeAs takes it under one key.
func (s *Trials) takeAs(ctx context.Context, row trial) (bool, error) {
	fresh, err := s.docs.Insert(ctx, &row)
	if fresh || err != nil {
		return fresh, failedTrial(row, err)
	}
	held, err := s.docs.Get(ctx, row.ID)
	if err != nil {
		return false, failedTrial(row, err)
	}
	return held.OrderID == row.OrderID, nil
}

func failedTrial(row trial, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("trial of course %s: %w", row.CourseID, err)
}

// share copies every trial of the person to those of the person's WeChat keys that
// do not have it: the row under the user's own id says what this account's orders used. The
// embedded store reads all trials for it, which binding a WeChat may cost.
func (s *Trials) share(ctx context.Context, userID string) error {
	keys, err := s.personKeys(ctx, userID)
	if err != nil {
		return err
	}
	rows, err := s.docs.All(ctx, bson.M{"person": bson.M{"$in": keys}})
	if err != nil {
		return err
	}
	for _, r := range rows {
		for _, key := range keys[1:] {
			if key == r.Person {
				continue
			}
			copied := newTrial(r.CourseID, key, r.OrderID, r.At)
			if _, err := s.docs.Insert(ctx, &copied); err != nil {
				return failedTrial(copied, err)
			}
		}
	}
	return nil
}

// lack is what the account lacks for a free stage by the shop's setting, nil where nothing.
func (s *Trials) lack(ctx context.Context, userID string) (*shop.Error, error) {
	switch s.needs {
	case shop.TrialNeedsWeChat:
		b, err := s.bindings.Get(ctx, userID)
		if err != nil || b.Openid != "" {
			return nil, err
		}
		return shop.ErrTrialNeedsWeChat, nil
	case shop.TrialNeedsPhone:
		u, err := s.users.Get(ctx, userID)
		if err != nil || u.Phone != "" {
			return nil, err
		}
		return shop.ErrTrialNeedsPhone, nil
	}
	return nil, nil
}

// used says in which of the courses the person has used the free stage.
func (s *Trials) used(ctx context.Context, userID string, courseIDs []string) (map[string]bool, error) {
	keys, err := s.personKeys(ctx, userID)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, c := range courseIDs {
		for _, k := range keys {
			ids = append(ids, trialID(c, k))
		}
	}
	rows, err := s.docs.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, r := range rows {
		used[r.CourseID] = true
	}
	return used, nil
}

// Orders says which order used each of these free stages up, by user:course.
func (s *Trials) Orders(ctx context.Context, enrolmentIDs []string) (map[string]string, error) {
	ids := make([]string, 0, len(enrolmentIDs))
	byTrial := map[string]string{}
	for _, id := range enrolmentIDs {
		user, course, _ := strings.Cut(id, ":")
		ids = append(ids, trialID(course, user))
		byTrial[trialID(course, user)] = id
	}
	all, err := s.docs.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	orders := make(map[string]string, len(all))
	for _, t := range all {
		orders[byTrial[t.ID]] = t.OrderID
	}
	return orders, nil
}
