package shop

import (
	"strings"
	"time"
)

// Notice is one message in a learner's inbox. Its id is user:kind:ref, so that telling
// the same thing twice is one notice.
type Notice struct {
	ID        string     `bson:"_id" json:"id"`
	UserID    string     `bson:"user_id" json:"-"`
	Kind      string     `bson:"kind" json:"kind"`
	Title     string     `bson:"title,omitempty" json:"title"` // of a broadcast: kept there, once
	Body      string     `bson:"body,omitempty" json:"body"`
	Link      string     `bson:"link,omitempty" json:"link,omitempty"`
	CreatedAt time.Time  `bson:"created_at" json:"created_at"`
	ReadAt    *time.Time `bson:"read_at" json:"read_at,omitempty"`

	Broadcast string     `bson:"broadcast,omitempty" json:"-"`  // its id, where the notice is one
	ClickedAt *time.Time `bson:"clicked_at,omitempty" json:"-"` // when its link was followed
}

// Kinds of notices about an order.
const (
	NoticeOrderFulfilled = "order_fulfilled"
	NoticeOrderRefunded  = "order_refunded"
	NoticePaidBack       = "paid_back"
	NoticeOrderClosing   = "order_closing" // it is unpaid and about to close
)

// NoticeCourseFinished is the kind of the notice that congratulates on a finished course.
const NoticeCourseFinished = "course_finished"

// NoticeID is the key of a user's notice of this kind about ref (an order, a course and day …).
func NoticeID(userID, kind, ref string) string { return userID + ":" + kind + ":" + ref }

// NoticeAbout names one notice about an order: its kind, and what it is about.
type NoticeAbout struct{ Kind, Ref string }

// ID is the notice's in the inbox of a user.
func (n NoticeAbout) ID(userID string) string { return NoticeID(userID, n.Kind, n.Ref) }

// DeliveryID is that of its WeChat message to the user.
func (n NoticeAbout) DeliveryID(userID string) string { return deliveryID(userID, n.Kind, n.Ref) }

// NoticesAbout are all that may have been posted about an order.
func NoticesAbout(o *Order) []NoticeAbout {
	all := []NoticeAbout{{NoticeOrderClosing, o.ID}, {NoticeOrderFulfilled, o.ID}}
	for _, r := range o.Refunds {
		if r.Duplicate {
			all = append(all, NoticeAbout{NoticePaidBack, r.OutRefundNo})
		} else {
			all = append(all, NoticeAbout{NoticeOrderRefunded, r.OutRefundNo})
		}
	}
	return all
}

// Notice is the broadcast as an inbox shows it, unread. A broadcast to all users has no document
// for each reader: userID is "" then.
func (b *Broadcast) Notice(userID string, at time.Time) Notice {
	return Notice{
		ID: NoticeID(userID, KindActivity, b.ID), UserID: userID, Kind: KindActivity, Broadcast: b.ID,
		Title: b.Title, Body: b.Body, Link: b.Link, CreatedAt: at.UTC(),
	}
}

// NoticeView is a notice as its reader sees it, in the inbox and in notice.posted alike. A
// broadcast has the same id for everybody. A fleeting one is shown and not kept.
type NoticeView struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Title     string    `json:"title"`
	Body      string    `json:"body"`
	Link      string    `json:"link,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	Read      bool      `json:"read"`
	Fleeting  bool      `json:"fleeting,omitempty"`
}

// DeliveryID is that of the notice's WeChat message.
func (n Notice) DeliveryID() string {
	return deliveryID(n.UserID, n.Kind, strings.TrimPrefix(n.ID, n.UserID+":"+n.Kind+":"))
}

// View is the notice as its reader sees it.
func (n Notice) View() NoticeView {
	v := NoticeView{
		ID: n.ID, Kind: n.Kind, Title: n.Title, Body: n.Body, Link: n.Link,
		CreatedAt: inUTC(n.CreatedAt), Read: n.ReadAt != nil,
	}
	if n.Broadcast != "" {
		v.ID = n.Kind + ":" + n.Broadcast
	}
	return v
}

// BroadcastOf is the broadcast that a reader's notice id names.
func BroadcastOf(noticeID string) (broadcastID string, ok bool) {
	id, ok := strings.CutPrefix(noticeID, KindActivity+":")
	return id, ok && ValidID(id)
}
