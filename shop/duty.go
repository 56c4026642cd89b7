package shop

import (
	"slices"
	"time"
)

// DutyName names something that must follow a move. A duty is written in the same update
// as the move that brings it, done at once, and done by a sweeper where the process dies
// in between; each is safe to do twice.
type DutyName string

// The duties of an order, in the order in which they are done.
const (
	DutyAnnouncePaid      DutyName = "announce_paid"      // tell open pages and webhooks that it is paid
	DutyEnrol             DutyName = "enrol"              // grant every line, then M5
	DutyBuyer             DutyName = "buyer"              // pay all back where the account was deleted before the grants stood
	DutyCart              DutyName = "cart"               // take the bought lines out of the cart
	DutyCount             DutyName = "count"              // recount the courses' learners
	DutyRefundRefused     DutyName = "refund_refused"     // pay back the lines that could not be granted
	DutyRefundNeedless    DutyName = "refund_needless"    // pay back stages that the full price made needless
	DutyTell              DutyName = "tell"               // notice to the buyer
	DutyFreeze            DutyName = "freeze"             // stop the grants that a refund under way will end
	DutyRevoke            DutyName = "revoke"             // end the grants that were paid back
	DutyTellRefunded      DutyName = "tell_refunded"      // notice, and webhooks, that the refund went through
	DutyTellPaidBack      DutyName = "tell_paid_back"     // notice that a payment for nothing went back
	DutyAnnounceClosed    DutyName = "announce_closed"    // tell open pages that it is closed
	DutyAnnounceException DutyName = "announce_exception" // show open pages that it waits for a person
	DutyTellClosing       DutyName = "tell_closing"       // notice that it is unpaid and closes soon; moot once it is not pending
)

var dutyOrder = []DutyName{
	DutyAnnouncePaid, DutyEnrol, DutyBuyer, DutyCart, DutyTell, DutyRefundRefused, DutyRefundNeedless,
	DutyFreeze, DutyRevoke, DutyTellRefunded, DutyTellPaidBack, DutyCount, DutyAnnounceClosed, DutyAnnounceException, DutyTellClosing,
}

// AlarmAfterTries is how often a duty may fail before people are called.
const AlarmAfterTries = 3

// Duty is one thing still to be done, or done.
type Duty struct {
	Done  bool      `bson:"done"`
	Owed  int       `bson:"owed"` // how often it came to be owed
	Tries int       `bson:"tries"`
	Next  time.Time `bson:"next"`
	Error string    `bson:"error,omitempty"`
}

// NextDuty is the first duty that is due and none of those to skip; where one waits for its
// next try, those after it are not held up.
func (o *Order) NextDuty(now time.Time, skip ...DutyName) (DutyName, bool) {
	for _, name := range dutyOrder {
		if d := o.Duties[name]; d != nil && !d.Done && !d.Next.After(now) && !slices.Contains(skip, name) {
			return name, true
		}
	}
	return "", false
}

// DutyDone marks a duty as done for the order as it was when the duty had been owed so many times.
// A duty that was owed once more since then stays owed: the work done did not see what is new.
func (o *Order) DutyDone(name DutyName, owed int) {
	if d := o.Duties[name]; d != nil && d.Owed == owed {
		o.done(name)
	}
}

// DutyFailed notes a failure (its stable code or class, no secrets) and when to try
// again: after 1 s, 2 s, 4 s … at most a minute.
func (o *Order) DutyFailed(name DutyName, cause string, now time.Time) {
	d := o.Duties[name]
	if d == nil || d.Done {
		return
	}
	pause := dutyPause(d.Tries)
	d.Tries++
	d.Error, d.Next = cause, now.Add(pause)
}

// DutyWaits puts a duty off that cannot be done before something else ends by itself. That is no
// failed try, and the time until then does not count as the duty's age.
func (o *Order) DutyWaits(name DutyName, cause string, until time.Time) {
	if d := o.Duties[name]; d != nil && !d.Done {
		d.Tries, d.Error, d.Next = 0, cause, until.UTC()
	}
}

// dutyPause is the pause after so many tries have failed before.
func dutyPause(tries int) time.Duration {
	return min(time.Second<<min(tries, 6), time.Minute)
}

// since is when the duty came to be owed, or somewhat later: the tries took time too.
func (d *Duty) since() time.Time {
	at := d.Next
	for n := range d.Tries {
		at = at.Add(-dutyPause(n))
	}
	return at
}

func owePaid(o *Order, now time.Time) {
	o.owe(now, DutyAnnouncePaid, DutyEnrol)
}

func (o *Order) owe(now time.Time, names ...DutyName) {
	for _, n := range names {
		d := o.Duties[n]
		switch {
		case d == nil:
			o.Duties[n] = &Duty{Owed: 1, Next: now.UTC()}
		case d.Done:
			o.Duties[n] = &Duty{Owed: d.Owed + 1, Next: now.UTC()}
		default:
			d.Owed++
			if d.Tries == 0 && now.Before(d.Next) {
				d.Next = now.UTC()
			}
		}
	}
}

func (o *Order) done(name DutyName) {
	if d := o.Duties[name]; d != nil {
		d.Done, d.Error = true, ""
	}
}

// NextLook is when the order needs to be looked at again; ok is false where nothing will
// happen to it by itself any more.
func (o *Order) NextLook() (at time.Time, ok bool) {
	var looks []time.Time
	for _, d := range o.Duties {
		if !d.Done {
			looks = append(looks, d.Next)
		}
	}
	for i := range o.Attempts {
		a := &o.Attempts[i]
		if a.Open() && o.State != OrderException {
			looks = append(looks, a.AskAt())
		}
		if at, ok := o.CloseAt(a); ok {
			looks = append(looks, at)
		}
	}
	for i := range o.Refunds {
		if r := &o.Refunds[i]; r.Open() {
			looks = append(looks, r.AskAt())
		}
	}
	switch {
	case o.State == OrderPending:
		looks = append(looks, o.ExpiresAt)
	case o.State == OrderClosing && o.OpenAttempt() == nil:
		looks = append(looks, *o.ClosingAt)
	}
	if len(looks) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(looks, time.Time.Compare), true
}
