package personal

import (
	"go.mongodb.org/mongo-driver/v2/bson"
)

// Part is a collection that holds personal data, and what of it an export has.
type Part struct {
	Collection string
	Name       string   // the part's name in the export; "" where Why says the reason
	Fields     []string // those that are exported, by their names in the database; a field is taken with all inside it
	Why        string   // why an export leaves the collection out
	of         func(userID string) bson.M
}

func byID(userID string) bson.M   { return bson.M{"_id": userID} }
func byUser(userID string) bson.M { return bson.M{"user_id": userID} }

// underID finds documents whose id begins with the person's: ids hold no semicolon, which follows the colon.
func underID(userID string) bson.M {
	return bson.M{"_id": bson.M{"$gte": userID + ":", "$lt": userID + ";"}}
}

func aboutUser(userID string) bson.M { return bson.M{"object": "user:" + userID} }

func byPerson(userID string) bson.M { return bson.M{"person": userID} }

// parts are the collections whose documents are about a person. Each collection of the store is here or among technical.
var parts = []Part{
	{Collection: "users", Name: "profile", of: byID, Fields: []string{"_id", "username", "name", "phone", "roles", "created_at", "muted", "locale", "blocked.reason", "blocked.at"}},
	{Collection: "user_tokens", Name: "sessions", of: byUser, Fields: []string{"client", "system", "app", "created_at", "seen_at", "expires_at"}},
	{Collection: "bindings", Name: "wechat", of: byID, Fields: []string{"openid", "bound_at", "login", "payer", "unfollowed", "consents"}},
	{Collection: "agreements", Name: "consents", of: byUser, Fields: []string{"paper", "version", "at", "how"}},
	{Collection: "orders", Name: "orders", of: byUser, Fields: []string{
		"_id", "state", "lines", "total_fen", "paid_fen", "refunded_fen", "close_reason", "created_at", "expires_at", "paid_at", "fulfilled_at", "closed_at",
		"transaction_id",
		"attempts.out_trade_no", "attempts.channel", "attempts.state", "attempts.amount_fen", "attempts.openid", "attempts.payer_ip",
		"attempts.transaction_id", "attempts.created_at", "attempts.paid_at",
		"refunds.out_refund_no", "refunds.state", "refunds.amount_fen", "refunds.reason", "refunds.created_at", "refunds.accepted_at", "refunds.done_at",
		"history.move", "history.from", "history.to", "history.at",
	}},
	{Collection: "enrolments", Name: "enrolments", of: byUser, Fields: []string{
		"course_id", "created_at", "grants.order_id", "grants.policy_id", "grants.kind", "grants.stage", "grants.free", "grants.paid_fen",
		"grants.refunded_fen", "grants.from", "grants.until", "grants.state", "grants.at",
	}},
	{Collection: "trials", Name: "free_stages", of: byPerson, Fields: []string{"course_id", "order_id", "at"}},
	{Collection: "progress", Name: "progress", of: underID, Fields: []string{"_id", "lessons", "finished_at"}},
	{Collection: "lesson_notes", Name: "notes", of: byUser, Fields: []string{"_id", "notes"}},
	{Collection: "playing", Name: "playing", of: byID, Fields: []string{"devices.client", "devices.since", "devices.seen_at"}},
	{Collection: "notices", Name: "notices", of: byUser, Fields: []string{"_id", "kind", "title", "body", "link", "broadcast", "created_at", "read_at", "clicked_at"}},
	{Collection: "readers", Name: "read_activities", of: byID, Fields: []string{"read_to", "marks"}},
	{Collection: "audit", Name: "account_history", of: aboutUser, Fields: []string{"act", "at"}},

	{Collection: "usernames", Why: "the claim of the username, which the profile has"},
	{Collection: "phones", Why: "the claim of the number, which the profile has"},
	{Collection: "wechats", Why: "the claim of the WeChat, which the part wechat has"},
	{Collection: "scenes", Why: "words that are good for minutes"},
	{Collection: "sms_codes", Why: "hashed codes that are good for minutes"},
	{Collection: "claims", Why: "the open order of a course, which the orders have"},
	{Collection: "deliveries", Why: "the sending of notices, which the notices have"},
	{Collection: "webhook_deliveries", Why: "ids that were sent to the owner's other programs, kept for 30 days; the orders and enrolments have the rest"},
	{Collection: "order_keys", Why: "answers that were given, kept for two days or as long as their order"},
	{Collection: "unsent", Why: "live events that wait for seconds"},
	{Collection: "wakeups", Why: "what the shop is about to do for an order"},
	{Collection: "audiences", Why: "who a broadcast goes to, until it is sent"},
	{Collection: "figure_marks", Why: "sums that have counted an order"},
	{Collection: "figure_queue", Why: "sums that are about to count an order"},
	{Collection: "learning_counts", Why: "sums over all learners"},
	{Collection: "quarantine", Why: "payments without an order, which finance gives back"},
	{Collection: "reconciliations", Why: "the books of a day"},
	{Collection: "role_log", Why: "the roles of staff"},
	{Collection: "api_keys", Why: "keys of programs, made by staff"},
	{Collection: "staff_notes", Why: "what staff write for one another; it goes with the account"},
}

// technical are the collections without personal data.
var technical = []string{
	"categories", "courses", "media", "lesson_texts", "broadcasts", "notice_templates", "due", "turns", "due_deliveries", "message_numbers",
	"settings", "proofs", "figures", "shop_papers", "front_pages", "webhooks",
}

// Parts are the collections that hold personal data.
func Parts() []Part { return parts }

// Technical are the collections without personal data.
func Technical() []string { return technical }
