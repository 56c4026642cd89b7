package stats

import (
	"time"

	"mstm/shop"
)

// WaitingKind is a kind of thing that goes on only when a person decides.
type WaitingKind string

// What waits, and the role that it waits for.
const (
	WaitingExceptions   WaitingKind = "exceptions"    // finance: orders whose payment does not fit
	WaitingUnmatched    WaitingKind = "unmatched"     // finance: payments that fit no order
	WaitingStuck        WaitingKind = "stuck_refunds" // finance: orders with a refund that WeChat could not carry out
	WaitingDifferences  WaitingKind = "differences"   // finance: what WeChat's bills and the orders differ in
	WaitingUnconfirmed  WaitingKind = "unconfirmed"   // marketing: broadcasts that a second person has to confirm
	WaitingPaused       WaitingKind = "paused"        // marketing: broadcasts that were stopped on the way
	WaitingMessages     WaitingKind = "messages"      // marketing: WeChat messages of broadcasts of the last days that failed
	WaitingWebhooks     WaitingKind = "webhooks"      // admins: webhooks that the shop has paused, for their receiver does not take them
	WaitingTranscodings WaitingKind = "transcodings"  // editors: videos that could not be made to be watched
)

// FailedFor is how long failed messages of a broadcast are shown after its start: they cannot be sent again, their reasons
// are to be read.
const FailedFor = 7 * 24 * time.Hour

// WaitingRow is how many things of a kind wait. Ref is the id of the thing where there is only one, or of the one that
// most of them belong to: a broadcast, or the day of a bill; "" where the list of the kind is enough.
type WaitingRow struct {
	Kind  WaitingKind `json:"kind"`
	Count int64       `json:"count"`
	Ref   string      `json:"ref,omitempty"`
}

// Accounts is what the last check of all data against the invariants has found.
type Accounts struct {
	Violations int64     `json:"violations"` // 0: the accounts balance
	Orders     int64     `json:"orders"`     // that were looked at
	CheckedAt  time.Time `json:"checked_at"` // when the look began, to the second
}

// Waiting is what waits for a reader of some roles.
type Waiting struct {
	Items    []WaitingRow `json:"items"`              // of each kind that anything waits of
	Accounts *Accounts    `json:"accounts,omitempty"` // nil: not this reader's, or not checked yet
}

// Add adds a row, if anything waits.
func (w *Waiting) Add(kind WaitingKind, count int64, ref string) {
	if count > 0 {
		w.Items = append(w.Items, WaitingRow{kind, count, ref})
	}
}

// PageOfCheck says when all data was last held against the invariants, and how many things broke them.
const PageOfCheck = "check"

// The figures on PageOfCheck.
const (
	CheckBegunAt  = "begun" // Unix seconds, of the last nightly check, which may not have ended
	CheckedAt     = "at"    // Unix seconds
	CheckedOrders = "orders"
	Violations    = "violations"
)

const (
	checkHour = 5                // in China, of the nightly check
	checkMost = 30 * time.Minute // a nightly check that has not ended after so long has died
)

// BeginCheck notes on the page that a nightly check begins; false where none is due: all data was checked since the last
// checkHour, or another instance checks it now.
func BeginCheck(page Sums, now time.Time) bool {
	due := shop.DateOf(now.Add(-checkHour * time.Hour)).Start().Add(checkHour * time.Hour)
	begun := time.Unix(page[CheckBegunAt], 0)
	if page[CheckedAt] >= due.Unix() || now.Sub(begun).Abs() < checkMost {
		return false
	}
	page[CheckBegunAt] = now.Unix()
	return true
}

// NoteCheck notes on the page what a check has found; false where a later one has noted more.
func NoteCheck(page Sums, a Accounts) bool {
	if page[CheckedAt] > a.CheckedAt.Unix() {
		return false
	}
	page[CheckedAt], page[CheckedOrders], page[Violations] = a.CheckedAt.Unix(), a.Orders, a.Violations
	return true
}

// AccountsOf is the last check by its page; nil before the first.
func AccountsOf(page Sums) *Accounts {
	if page[CheckedAt] == 0 {
		return nil
	}
	return &Accounts{page[Violations], page[CheckedOrders], time.Unix(page[CheckedAt], 0).UTC()}
}
