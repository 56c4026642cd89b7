package store

import (
	"context"
	"fmt"
	"time"

	"mstm/shop"
)

// A trial says that a person has used the free stage of a course. Inserting it decides.
// The row outlives the account.
type trial struct {
	ID       string    `bson:"_id"` // course:person key
	CourseID string    `bson:"course_id"`
	OrderID  string    `bson:"order_id"`
	At       time.Time `bson:"at"`
}

func trialID(courseID, personKey string) string { return courseID + ":" + personKey }

// PersonKeys are what a learner is known by across accounts: the user id now; once
// WeChat is bound, the hashed openid and unionid too.
func (s *Store) personKeys(_ context.Context, userID string) ([]string, error) {
	return []string{userID}, nil
}

// TakeTrial uses up the person's free stage of the course for this order and reports
// whether it is this order's: true again when called again.
func (s *Store) TakeTrial(ctx context.Context, userID, courseID, orderID string, now time.Time) (bool, error) {
	keys, err := s.personKeys(ctx, userID)
	if err != nil {
		return false, err
	}
	for _, key := range keys {
		row := trial{ID: trialID(courseID, key), CourseID: courseID, OrderID: orderID, At: now.UTC()}
		fresh, err := s.insertOnce(ctx, s.coll("trials"), row)
		if err != nil {
			return false, fmt.Errorf("trial %s: %w", row.ID, err)
		}
		if fresh {
			continue
		}
		held, err := findByID[trial](ctx, s.coll("trials"), row.ID, shop.ErrTrialUsed)
		if err != nil {
			return false, fmt.Errorf("trial %s: %w", row.ID, err)
		}
		if held.OrderID != orderID {
			return false, nil
		}
	}
	return true, nil
}

// trialsUsed says in which of the courses the person has used the free stage.
func (s *Store) trialsUsed(ctx context.Context, userID string, courseIDs []string) (map[string]bool, error) {
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
	rows, err := findByIDs[trial](ctx, s, s.coll("trials"), ids)
	if err != nil {
		return nil, fmt.Errorf("trials: %w", err)
	}
	used := map[string]bool{}
	for _, r := range rows {
		used[r.CourseID] = true
	}
	return used, nil
}
