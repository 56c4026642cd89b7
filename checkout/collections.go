package checkout

import (
	"mstm/store"
	"mstm/store/redisstore"
)

// Collections are the collections that the parts of a Checkout read and write; New hands each
// part the few that it touches.
type Collections struct {
	Users             *store.Users
	Courses           *store.Courses
	Orders            *store.Orders
	IdempotencyKeys   *store.IdempotencyKeys
	Claims            *store.Claims
	Wakeups           *store.OrderWakeups
	Enrolments        *store.Enrolments
	AccessEnds        *store.AccessEnds
	Trials            *store.Trials
	Progress          *store.Progress
	Playing           *store.Playing
	UnmatchedPayments *store.UnmatchedPayments
	Reconciliations   *store.Reconciliations
	Notices           *store.Notices
	Deliveries        *store.Deliveries
	Unsent            *store.UnsentNews
	Audit             *store.Audit
	Settings          *store.Settings
	Limits            *redisstore.Limits
}

// CollectionsOf are those of a shop.
func CollectionsOf(db *store.DB) Collections {
	return Collections{
		Users:             db.Users,
		Courses:           db.Courses,
		Orders:            db.Orders,
		IdempotencyKeys:   db.IdempotencyKeys,
		Claims:            db.Claims,
		Wakeups:           db.OrderWakeups,
		Enrolments:        db.Enrolments,
		AccessEnds:        db.AccessEnds,
		Trials:            db.Trials,
		Progress:          db.Progress,
		Playing:           db.Playing,
		UnmatchedPayments: db.UnmatchedPayments,
		Reconciliations:   db.Reconciliations,
		Notices:           db.Notices,
		Deliveries:        db.Deliveries,
		Unsent:            db.Unsent,
		Audit:             db.Audit,
		Settings:          db.Settings,
		Limits:            db.Limits,
	}
}
