package shop

import (
	"fmt"
	"slices"
	"time"
)

// AudienceKind says how the people of a broadcast are chosen.
type AudienceKind string

// The audiences. A deleted account is in none. A user that wants no activities is counted as opted
// out and receives nothing.
const (
	AudienceAll      AudienceKind = "all"                 // every account, and pages of visitors too
	AudienceCourse   AudienceKind = "course"              // learners that have, or had, access to a course and did not give it back
	AudienceCategory AudienceKind = "category"            // the same for every course of a category
	AudienceExpiring AudienceKind = "expiring"            // learners whose access to a course ends within so many days
	AudienceLapsed   AudienceKind = "trial_not_continued" // learners whose free stage is over without a purchase after it
	AudienceUsers    AudienceKind = "users"               // listed by id
	AudienceOnline   AudienceKind = "online"              // with a page open, logged in, when sending begins
)

// Audience chooses the recipients of a broadcast. The kind decides which fields are set; a
// course_id narrows expiring and trial_not_continued down to one course.
type Audience struct {
	Kind       AudienceKind `bson:"kind" json:"kind"`
	CourseID   string       `bson:"course_id,omitempty" json:"course_id,omitempty"`
	CategoryID string       `bson:"category_id,omitempty" json:"category_id,omitempty"`
	Days       int          `bson:"days,omitempty" json:"days,omitempty"` // expiring: 24 hours each, from when sending begins
	UserIDs    []string     `bson:"-" json:"user_ids,omitempty"`          // users: kept apart, see Broadcast.List
}

// MaxListed is how many users an audience may list.
const MaxListed = 2000

// maxExpiringDays is how far ahead an audience may look.
const maxExpiringDays = 365

// Check refuses an audience with fields that do not fit its kind; it sorts the listed users and
// drops repeats.
func (a *Audience) Check() error {
	is := func(kinds ...AudienceKind) bool { return slices.Contains(kinds, a.Kind) }
	switch {
	case !is(AudienceAll, AudienceCourse, AudienceCategory, AudienceExpiring, AudienceLapsed, AudienceUsers, AudienceOnline):
		return ErrInvalidField.At("audience.kind")
	case a.CourseID != "" && (!is(AudienceCourse, AudienceExpiring, AudienceLapsed) || !ValidID(a.CourseID)), a.CourseID == "" && is(AudienceCourse):
		return ErrInvalidField.At("audience.course_id")
	case (a.CategoryID != "") != is(AudienceCategory), a.CategoryID != "" && !ValidID(a.CategoryID):
		return ErrInvalidField.At("audience.category_id")
	case is(AudienceExpiring) && (a.Days < 1 || a.Days > maxExpiringDays), a.Days != 0 && !is(AudienceExpiring):
		return ErrInvalidField.At("audience.days").Because(fmt.Sprintf("天数须为 1 到 %d", maxExpiringDays), fmt.Sprintf("The days are 1 to %d.", maxExpiringDays))
	case len(a.UserIDs) > 0 && !is(AudienceUsers):
		return ErrInvalidField.At("audience.user_ids")
	case len(a.UserIDs) > MaxListed:
		return ErrAudienceTooLarge.At("audience.user_ids")
	case is(AudienceUsers) && len(a.UserIDs) == 0:
		return ErrAudienceEmpty.At("audience.user_ids")
	}
	for _, id := range a.UserIDs {
		if !ValidID(id) {
			return ErrInvalidField.At("audience.user_ids")
		}
	}
	slices.Sort(a.UserIDs)
	a.UserIDs = slices.Compact(a.UserIDs)
	return nil
}

// Listed reports whether the audience is a list of users, and not a question to the data.
func (a Audience) Listed() bool { return a.Kind == AudienceUsers || a.Kind == AudienceOnline }

// Enrolled reports whether an enrolment makes its learner part of the audience at now; inCategory
// reports whether a course belongs to the audience's category.
func (a Audience) Enrolled(e *Enrolment, inCategory func(courseID string) bool, now time.Time) bool {
	if a.CourseID != "" && e.CourseID != a.CourseID || len(e.Live()) == 0 {
		return false
	}
	switch a.Kind {
	case AudienceCourse:
		return true
	case AudienceCategory:
		return inCategory(e.CourseID)
	case AudienceExpiring:
		open, until := e.Access(now)
		return open && until != nil && !until.After(now.AddDate(0, 0, a.Days)) && !e.refunding()
	case AudienceLapsed:
		return e.lapsedTrial(now)
	}
	return false
}

// lapsedTrial reports whether the free stage is over and nothing was bought after it.
func (e *Enrolment) lapsedTrial(now time.Time) bool {
	if open, _ := e.Access(now); open || e.paidEnrolment() {
		return false
	}
	return e.any(func(g Grant) bool { return g.Free && g.Stage == 1 && g.StateAt(now) == GrantExpired })
}
