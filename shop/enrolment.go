package shop

import (
	"slices"
	"time"
)

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
	Refunded Fen        `bson:"refunded_fen,omitempty"` // paid back without undoing the grant
	From     time.Time  `bson:"from"`
	Until    *time.Time `bson:"until"`
	Run      Run        `bson:"run"`
	State    GrantState `bson:"state"`
	At       time.Time  `bson:"at"` // when it was granted

	CreditOrders []string `bson:"credit_orders,omitempty"` // lifetime: the orders whose stage money was the credit
}

// Run is an unbroken stretch of access up to and including a grant: the day it began,
// and what has been bought since, so that month ends are clamped from the anchor.
type Run struct {
	Anchor time.Time `bson:"anchor"` // midnight in Asia/Shanghai of the first grant's day
	Months int       `bson:"months"`
	Days   int       `bson:"days"`
}

// NewEnrolment is the empty enrolment of a learner in a course.
func NewEnrolment(userID, courseID string, now time.Time) *Enrolment {
	return &Enrolment{ID: EnrolmentID(userID, courseID), UserID: userID, CourseID: courseID, Grants: []Grant{}, CreatedAt: now.UTC()}
}

// Grant finds the grant of an order. The methods that only read accept nil: a learner that never
// had this enrolment.
func (e *Enrolment) Grant(orderID string) (Grant, bool) {
	if g := e.grant(orderID); g != nil {
		return *g, true
	}
	return Grant{}, false
}

func (e *Enrolment) grant(orderID string) *Grant {
	if e == nil {
		return nil
	}
	if i := slices.IndexFunc(e.Grants, func(g Grant) bool { return g.OrderID == orderID }); i >= 0 {
		return &e.Grants[i]
	}
	return nil
}

// any reports whether one of the grants is as asked.
func (e *Enrolment) any(is func(Grant) bool) bool {
	return e != nil && slices.ContainsFunc(e.Grants, is)
}

// Live are the grants that were not revoked, in the order they were granted.
func (e *Enrolment) Live() (live []Grant) {
	if e == nil {
		return nil
	}
	for _, g := range e.Grants {
		if g.State != GrantRevoked {
			live = append(live, g)
		}
	}
	return live
}

// OwnsLifetime reports whether the course is the learner's for ever. It stays so while a
// refund of that is under way.
func (e *Enrolment) OwnsLifetime() bool {
	return e.any(func(g Grant) bool { return g.Kind == KindLifetime && g.State != GrantRevoked })
}

// HeldVersion is the version of the price policies that the learner is promised: the one
// of the first grant that was not revoked, 0 without one.
func (e *Enrolment) HeldVersion() int {
	if live := e.Live(); len(live) > 0 {
		return live[0].Version
	}
	return 0
}

// StagesHad is the learner's stage counter: the highest stage granted and not revoked.
// A refund never gives a free stage back, so that one counts even when it was revoked;
// trialUsed says that this person had stage 1 under whatever account.
func (e *Enrolment) StagesHad(trialUsed bool) (n int) {
	if trialUsed {
		n = 1
	}
	for _, g := range e.Live() {
		n = max(n, g.Stage)
	}
	for e.any(func(g Grant) bool { return g.Stage == n+1 && g.Free }) {
		n++
	}
	return n
}

// hadStage reports whether stage n is behind the learner.
func (e *Enrolment) hadStage(n int, trialUsed bool) bool {
	return n <= e.StagesHad(trialUsed) || e.any(func(g Grant) bool { return g.Stage == n && g.Free })
}

// gaveBack reports whether stage n was granted, paid and refunded.
func (e *Enrolment) gaveBack(n int) bool {
	return e.any(func(g Grant) bool { return g.Stage == n && !g.Free && g.State == GrantRevoked })
}

// paidEnrolment reports whether the learner has something in the course that was not free.
func (e *Enrolment) paidEnrolment() bool {
	return e.any(func(g Grant) bool { return !g.Free && g.State != GrantRevoked })
}

// refunding reports whether a grant waits for its refund.
func (e *Enrolment) refunding() bool {
	return e.any(func(g Grant) bool { return g.State == GrantFrozen })
}

// Access reports whether paid lessons are open at now, and until when: the first instant
// too late, through every period that follows without a gap, nil for ever. Where they are
// not open, until is when the last access ends or ended, nil if there was none.
func (e *Enrolment) Access(now time.Time) (open bool, until *time.Time) {
	t := now
	for g, ok := e.activeAt(t); ok; g, ok = e.activeAt(t) {
		if g.Until == nil {
			return true, nil
		}
		open, t = true, *g.Until
	}
	if open {
		t = t.UTC()
		return true, &t
	}
	return false, e.lastEnd()
}

// OpenBy is the grant that opens the course at now, one without an end before others.
func (e *Enrolment) OpenBy(now time.Time) (Grant, bool) { return e.activeAt(now) }

// activeAt is a grant that opens the course at t, one without an end first.
func (e *Enrolment) activeAt(t time.Time) (found Grant, ok bool) {
	for _, g := range e.Live() {
		if g.StateAt(t) != GrantActive {
			continue
		}
		if g.Until == nil {
			return g, true
		}
		found, ok = g, true
	}
	return found, ok
}

// lastEnd is the end of the latest period that was not revoked, nil without one.
func (e *Enrolment) lastEnd() (end *time.Time) {
	for _, g := range e.Live() {
		if g.Until != nil && (end == nil || g.Until.After(*end)) {
			u := g.Until.UTC()
			end = &u
		}
	}
	return end
}

// StateAt is the enrolment's state: active while lessons are open, else scheduled, frozen
// or expired by what the grants still hold, and revoked when nothing is left of them.
func (e *Enrolment) StateAt(now time.Time) GrantState {
	if open, _ := e.Access(now); open {
		return GrantActive
	}
	for _, s := range []GrantState{GrantScheduled, GrantFrozen, GrantExpired} {
		if e.any(func(g Grant) bool { return g.StateAt(now) == s }) {
			return s
		}
	}
	return GrantRevoked
}

// EnrolmentView is the enrolment as a learner's pages see it. Until is null for ever (and
// where state is revoked, when nothing is open); Stage is how many stages were had.
type EnrolmentView struct {
	CourseID string      `json:"course_id"`
	State    GrantState  `json:"state"`
	Until    *time.Time  `json:"until"`
	Stage    int         `json:"stage"`
	Grants   []GrantView `json:"grants"`
}

// GrantView is one grant as a learner's pages see it.
type GrantView struct {
	OrderID  string     `json:"order_id"`
	PolicyID string     `json:"policy_id"`
	Kind     PolicyKind `json:"kind"`
	Stage    int        `json:"stage,omitempty"`
	From     time.Time  `json:"from"`
	Until    *time.Time `json:"until"`
	State    GrantState `json:"state"`
}

// View is the enrolment at now, with times in UTC.
func (e *Enrolment) View(now time.Time) EnrolmentView {
	_, until := e.Access(now)
	v := EnrolmentView{CourseID: e.CourseID, State: e.StateAt(now), Until: until, Stage: e.StagesHad(false), Grants: []GrantView{}}
	for _, g := range e.Grants {
		v.Grants = append(v.Grants, g.view(now))
	}
	return v
}

func (g Grant) view(now time.Time) GrantView {
	return GrantView{
		OrderID: g.OrderID, PolicyID: g.PolicyID, Kind: g.Kind, Stage: g.Stage,
		From: g.From.UTC(), Until: utcOrNil(g.Until), State: g.StateAt(now),
	}
}
