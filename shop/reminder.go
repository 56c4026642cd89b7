package shop

import "time"

// ReminderKind says which of the four reminders of an access that ends it is. It is the
// kind of the notice too.
type ReminderKind string

// No payment happens by itself, so each learner is reminded in time: 7, 3 and 1 days before the
// end of access, and when it has ended.
const (
	EndsIn7     ReminderKind = "access_ends_in_7"
	EndsIn3     ReminderKind = "access_ends_in_3"
	EndsIn1     ReminderKind = "access_ends_in_1"
	AccessEnded ReminderKind = "access_ended"
)

// reminders are the kinds in the order in which they come due.
var reminders = [...]struct {
	kind ReminderKind
	days int // before the end
}{{EndsIn7, 7}, {EndsIn3, 3}, {EndsIn1, 1}, {AccessEnded, 0}}

// Reminder is the message about an access that ends or has ended. Next are the offers to go on
// with, none while the course is not on sale.
type Reminder struct {
	Kind     ReminderKind
	CourseID string
	Title    string // of the course
	LastDay  Date   // the last day of access
	DaysLeft int    // calendar days of access in Asia/Shanghai, today's included; 0 when it has ended
	OnSale   bool
	Next     []Offer
}

// NextReminder is the first instant after now at which an access that ends at end (the
// first instant too late) is to be looked at: midnight in Asia/Shanghai when 7, 3 and 1
// whole days are left, and the end itself. ok is false once that is over.
func NextReminder(end, now time.Time) (at time.Time, ok bool) {
	for _, r := range reminders {
		if at := daysBefore(end, r.days); at.After(now) {
			return at, true
		}
	}
	return time.Time{}, false
}

// Remind is the reminder due now for a learner with this past and an access that ends at end; ok
// is false where none is due. None is due after the access was prolonged, bought for ever or
// refunded, and none while a refund is under way. Of several reminders that have come due, only
// the latest is sent.
func (c *Course) Remind(s PurchaseHistory, end, now time.Time) (r Reminder, ok bool) {
	kind, due := reminderAt(end, now)
	if !due || !s.Enrolment.endsAt(end, now) {
		return Reminder{}, false
	}
	r = Reminder{
		Kind: kind, CourseID: c.ID, Title: c.Title, LastDay: DateOf(end).Add(-1),
		OnSale: c.State == CourseOnSale, Next: Available(c.Offers(s, now)),
	}
	if now.Before(end) {
		r.DaysLeft = DateOf(now).To(r.LastDay)
	}
	return r, true
}

// reminderAt is the last reminder that has come due by now, if one has.
func reminderAt(end, now time.Time) (kind ReminderKind, due bool) {
	for _, r := range reminders {
		if now.Before(daysBefore(end, r.days)) {
			break
		}
		kind, due = r.kind, true
	}
	return kind, due
}

// endsAt reports whether the learner's access ends, or ended, at end and nothing is under
// way that would change it. Access that a refund ended did not end by itself.
func (e *Enrolment) endsAt(end, now time.Time) bool {
	open, until := e.Access(now)
	return until != nil && until.Equal(end) && open == now.Before(end) && !e.refunding()
}

func daysBefore(end time.Time, days int) time.Time {
	return end.Add(-time.Duration(days) * 24 * time.Hour) // +08:00 has no summer time
}
