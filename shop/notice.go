package shop

import "time"

// Notice is one message in a learner's inbox. Its id is user:kind:ref, so that telling
// the same thing twice is one notice.
type Notice struct {
	ID        string     `bson:"_id" json:"id"`
	UserID    string     `bson:"user_id" json:"-"`
	Kind      string     `bson:"kind" json:"kind"`
	Title     string     `bson:"title" json:"title"`
	Body      string     `bson:"body" json:"body"`
	Link      string     `bson:"link,omitempty" json:"link,omitempty"`
	CreatedAt time.Time  `bson:"created_at" json:"created_at"`
	ReadAt    *time.Time `bson:"read_at" json:"read_at,omitempty"`
}

// Kinds of notices about an order.
const (
	NoticeOrderFulfilled = "order_fulfilled"
	NoticeOrderRefunded  = "order_refunded"
	NoticePaidBack       = "paid_back"
	NoticeOrderClosing   = "order_closing" // it is unpaid and about to close
)

// NoticeID is the key of the notice that tells a user about ref (an order, a course and
// day …) in this way.
func NoticeID(userID, kind, ref string) string { return userID + ":" + kind + ":" + ref }
