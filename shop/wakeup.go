package shop

import (
	"strings"
	"time"
)

// WakeupKind is what a wakeup is for.
type WakeupKind string

// The kinds of wakeups. The key of each is an id.
const (
	WakeOrder     WakeupKind = "order"      // of an order
	WakeAccessEnd WakeupKind = "access_end" // user:course:unix seconds of the end
	WakeBroadcast WakeupKind = "broadcast"  // of a broadcast
	WakeMessage   WakeupKind = "message"    // of a delivery
	WakeActivity  WakeupKind = "activity"   // of a broadcast's delivery
	WakePlan      WakeupKind = "plan"       // course:plan
	WakeWebhook   WakeupKind = "webhook"    // of an endpoint
)

// A Wakeup says when something is to be looked at next. It is written before the thing that it
// is about and deleted after that has come to rest, so that looking for work reads these few rows
// and nothing is ever forgotten. What is to be done is read from the thing itself, so a wakeup too
// many does no harm.
//
// A lease (By and Until) saves double work: other instances leave the row alone until it ends.
// Seq is another with each write but a lease's renewal; an instance ends its look by a write on the
// Seq that it read, so that a look that was asked for during it comes.
type Wakeup struct {
	ID    string     `bson:"_id"` // kind:key
	Kind  WakeupKind `bson:"kind"`
	Rank  int        `bson:"rank"`  // of what is due, the lowest goes first
	At    time.Time  `bson:"at"`    // by the shop's clock
	Since time.Time  `bson:"since"` // when the row was written first, in real time
	Seq   string     `bson:"seq"`
	By    string     `bson:"by"`    // the instance that has the lease; "": none
	Until time.Time  `bson:"until"` // the lease's end in real time: the shop's clock may leap
	Tries int        `bson:"tries"` // looks in a row that failed
}

// WakeupID is the id of the wakeup of a kind with a key.
func WakeupID(kind WakeupKind, key string) string { return string(kind) + ":" + key }

// NewWakeup is a wakeup that no instance has.
func NewWakeup(kind WakeupKind, key string, at time.Time) Wakeup {
	return Wakeup{ID: WakeupID(kind, key), Kind: kind, Rank: kind.rank(), At: at.UTC()}
}

// Key is what the wakeup is about.
func (w Wakeup) Key() string { return strings.TrimPrefix(w.ID, string(w.Kind)+":") }

// rank puts money first. Of messages, an order's go before a reminder and that before marketing's.
func (k WakeupKind) rank() int {
	if k == WakeOrder {
		return 0
	}
	return 1
}

// WakeupRanks are all ranks that a wakeup can have, one of a delivery among them.
func WakeupRanks() []int { return []int{0, 1, 2} }

const (
	// WakeupLease is how long an instance may be silent before another does its work. The
	// instance renews it while it works.
	WakeupLease = 5 * time.Second

	firstWakeupPause   = time.Second
	longestWakeupPause = 15 * time.Second

	orphanAge = 24 * time.Hour
)

// Pause is how long a wakeup rests after a look that failed.
func (w Wakeup) Pause() time.Duration {
	return min(firstWakeupPause<<min(max(w.Tries, 0), 4), longestWakeupPause)
}

// Orphan is for a wakeup whose thing is not there: it is being written, so there is another look after a
// pause, or its writer died before, which is sure after a day.
func (w Wakeup) Orphan(real time.Time) (pause time.Duration, again bool) {
	age := real.Sub(w.Since)
	return max(age, firstWakeupPause), age < orphanAge
}
