package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mstm/shop"
)

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
