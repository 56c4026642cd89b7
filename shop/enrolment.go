package shop

import "time"

// Enrolment is what one learner may watch of one course, and until when. It is made of
// grants, one for each purchase, and is recomputed from them; it is never deleted.
type Enrolment struct {
	ID        string    `bson:"_id"` // user:course
	UserID    string    `bson:"user_id"`
	CourseID  string    `bson:"course_id"`
	V         int64     `bson:"v"`
	Grants    []Grant   `bson:"grants"`
	CreatedAt time.Time `bson:"created_at"`
}

// EnrolmentID is the key of a learner's enrolment in a course. Everything of which there
// may be one per learner and course has this key.
func EnrolmentID(userID, courseID string) string { return userID + ":" + courseID }

// GrantState is the stored part of a grant's state; whether a live grant is scheduled,
// active or expired follows from the time (Grant.StateAt).
type GrantState string

// A live grant counts; a frozen one waits for its refund; a revoked one is undone.
const (
	GrantLive    GrantState = "live"
	GrantFrozen  GrantState = "frozen"
	GrantRevoked GrantState = "revoked"

	GrantScheduled GrantState = "scheduled"
	GrantActive    GrantState = "active"
	GrantExpired   GrantState = "expired"
)

// Grant is one purchase's part of an enrolment. There is one for each order line, keyed
// by the order. Until is the first instant too late, nil for ever.
type Grant struct {
	OrderID  string     `bson:"order_id"`
	PolicyID string     `bson:"policy_id"`
	Kind     PolicyKind `bson:"kind"`
	Stage    int        `bson:"stage,omitempty"`
	Version  int        `bson:"version"` // the course's current version at the grant: what the holder was promised
	Free     bool       `bson:"free"`    // list price 0: a trial, never given back by a refund
	Paid     Fen        `bson:"paid_fen"`
	From     time.Time  `bson:"from"`
	Until    *time.Time `bson:"until"`
	Run      Run        `bson:"run"`
	State    GrantState `bson:"state"`
	At       time.Time  `bson:"at"` // when it was granted
}

// Run is an unbroken stretch of access up to and including a grant: the day it began,
// and what has been bought since, so that month ends are clamped from the anchor.
type Run struct {
	Anchor time.Time `bson:"anchor"` // midnight in Asia/Shanghai of the first grant's day
	Months int       `bson:"months"`
	Days   int       `bson:"days"`
}
