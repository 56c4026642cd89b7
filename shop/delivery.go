package shop

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Delivery is one WeChat message to one person, from the wish to tell it until WeChat has
// said what became of it. It is a copy: what it says is in the inbox too.
type Delivery struct {
	ID        string            `bson:"_id"` // kind:ref:user, see NewDelivery
	UserID    string            `bson:"user_id"`
	Kind      string            `bson:"kind"` // the notice's, or KindActivity
	Ref       string            `bson:"ref"`
	Broadcast string            `bson:"broadcast,omitempty"` // its id, where it is one's
	Data      map[string]string `bson:"data"`                // what the message says, by the names of MessageFields
	Link      string            `bson:"link,omitempty"`      // a page of the shop (/orders/…), or https://…

	// Rank is the order of sending: of what is due, the lowest first.
	Rank     int           `bson:"rank"`
	State    DeliveryState `bson:"state"`
	Code     string        `bson:"code,omitempty"` // why it failed or was skipped: ours, or WeChat's errcode
	Attempts int           `bson:"attempts"`       // times that WeChat was asked
	NextAt   time.Time     `bson:"next_at"`        // when to try next, while it waits
	// AskedAt is since when WeChat may have the message without our knowing; nil: it has not.
	AskedAt   *time.Time `bson:"asked_at"`
	MsgID     int64      `bson:"msgid,omitempty"` // WeChat's number of it
	CreatedAt time.Time  `bson:"created_at"`
	SentAt    *time.Time `bson:"sent_at"`
	V         int64      `bson:"v"` // grows with every change
}

// DeliveryState is what became of a delivery so far.
type DeliveryState string

// The states of a delivery. A waiting one comes to skipped, failed or sent; of a sent one
// WeChat may tell that it arrived (delivered) or not (failed).
const (
	DeliveryWaiting   DeliveryState = "waiting"
	DeliverySent      DeliveryState = "sent" // WeChat has taken it
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryFailed    DeliveryState = "failed"
	DeliverySkipped   DeliveryState = "skipped" // it was not to be sent: see the Skip codes
)

// Why a delivery was skipped.
const (
	SkipNoWeChat      = "NO_WECHAT"      // no WeChat is bound
	SkipNotFollowing  = "NOT_FOLLOWING"  // the WeChat does not follow the account
	SkipNotSubscribed = "NOT_SUBSCRIBED" // an activity, and the person has not asked for such a message
	SkipOptedOut      = "OPTED_OUT"      // the person does not want messages of this kind
	SkipNoTemplate    = "NO_TEMPLATE"    // the settings name no template for the kind
	SkipCancelled     = "CANCELLED"      // its broadcast was cancelled
	SkipOver          = "OVER"           // an order about to close was paid or closed before the message went
)

// Why a delivery failed, where the reason is the shop's and not an answer of WeChat.
const (
	FailedLate    = "TOO_LATE"        // it could not be sent while it was news
	FailedUnknown = "OUTCOME_UNKNOWN" // WeChat may have it; a second try could arrive twice
)

// MessageReason is why so many people did not get a broadcast's WeChat message. Code is a Skip or Failed code, or an
// errcode of WeChat.
type MessageReason struct {
	State  DeliveryState `json:"state"` // DeliveryFailed or DeliverySkipped
	Code   string        `json:"code"`
	People int64         `json:"people"`
}

// MessageReasons are the reasons that deliveries of a broadcast have, by their codes, the most frequent first. sent counts
// skipped people without a delivery, too: those have not asked for such a message.
func MessageReasons(sent MessageCounts, failed, skipped map[string]int64) (all []MessageReason) {
	rest := sent.Skipped
	for _, n := range skipped {
		rest -= n
	}
	if rest > 0 {
		skipped = maps.Clone(skipped)
		if skipped == nil {
			skipped = map[string]int64{}
		}
		skipped[SkipNotSubscribed] += rest
	}
	for code, n := range failed {
		all = append(all, MessageReason{DeliveryFailed, code, n})
	}
	for code, n := range skipped {
		all = append(all, MessageReason{DeliverySkipped, code, n})
	}
	slices.SortFunc(all, func(a, b MessageReason) int {
		return cmp.Or(cmp.Compare(b.People, a.People), strings.Compare(string(a.State), string(b.State)), strings.Compare(a.Code, b.Code))
	})
	return all
}

// KindActivity is the kind of a broadcast's deliveries.
const KindActivity = "activity"

// NewDelivery is a delivery that waits to be sent. For one kind, ref and user there is one.
func NewDelivery(userID, kind, ref string, now time.Time) Delivery {
	return Delivery{
		ID: deliveryID(userID, kind, ref), UserID: userID, Kind: kind, Ref: ref,
		Rank: TopicOf(kind).rank(), State: DeliveryWaiting, NextAt: now.UTC(), CreatedAt: now.UTC(),
	}
}

func deliveryID(userID, kind, ref string) string { return kind + ":" + ref + ":" + userID }

// Topic is a group of kinds that a learner may not want as WeChat messages.
type Topic string

// The topics, in the order in which they are sent: a payment overtakes marketing.
const (
	TopicOrders     Topic = "orders"
	TopicReminders  Topic = "reminders"
	TopicActivities Topic = "activities"
)

// TopicOf is the topic of a kind of notice.
func TopicOf(kind string) Topic {
	switch {
	case kind == KindActivity:
		return TopicActivities
	case strings.HasPrefix(kind, "access_"), kind == NoticeOrderClosing:
		return TopicReminders
	}
	return TopicOrders
}

// Valid reports whether there is such a topic.
func (t Topic) Valid() bool { return t == TopicOrders || t == TopicReminders || t == TopicActivities }

func (t Topic) rank() int {
	switch t {
	case TopicOrders:
		return 0
	case TopicReminders:
		return 1
	}
	return 2
}

// Notifications says which topics a user wants: as WeChat messages, and activities in the inbox
// too. A user wants all of them until switching one off.
type Notifications struct {
	Orders     bool `json:"orders"`
	Reminders  bool `json:"reminders"`
	Activities bool `json:"activities"`
}

// Muted is what a user switched off, as it is stored: the zero value is nothing.
type Muted struct {
	Orders     bool `bson:"orders,omitempty"`
	Reminders  bool `bson:"reminders,omitempty"`
	Activities bool `bson:"activities,omitempty"`
}

// Notifications is what the person wants.
func (m Muted) Notifications() Notifications {
	return Notifications{Orders: !m.Orders, Reminders: !m.Reminders, Activities: !m.Activities}
}

// Wants reports whether the person wants messages of the topic.
func (u *User) Wants(t Topic) bool {
	switch t {
	case TopicOrders:
		return !u.Muted.Orders
	case TopicReminders:
		return !u.Muted.Reminders
	}
	return !u.Muted.Activities
}
