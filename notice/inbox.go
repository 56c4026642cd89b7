package notice

import (
	"context"
	"errors"
	"time"

	"mstm/hub"
	"mstm/shop"
)

// InboxPage is a page of a user's notices, newest first, and how many are unread in all.
type InboxPage struct {
	Notices []shop.Notice
	Next    string // cursor of the next page, "" after the last
	Unread  int64

	// Activities is whether the user wants any. An open page hears of those to everybody all
	// the same, and leaves them out.
	Activities bool
}

// Page reads a page of a user's inbox: the user's own notices, and the broadcasts to all since
// the account exists. Such a broadcast is one document for all users; the reader's own document
// says what was read.
func (in *Inbox) Page(ctx context.Context, userID string, unread bool, limit int, cursor string) (InboxPage, error) {
	u, err := in.Store.Users.Get(ctx, userID)
	if err != nil {
		return InboxPage{}, err
	}
	shared, err := in.shared(ctx, u)
	if err != nil {
		return InboxPage{}, err
	}
	var fresh []shop.Notice
	for _, n := range shared {
		if n.ReadAt == nil {
			fresh = append(fresh, n)
		}
	}
	if unread {
		shared = fresh
	}
	own, err := in.Store.Notices.CountUnread(ctx, userID)
	if err != nil {
		return InboxPage{}, err
	}
	box := InboxPage{Unread: own + int64(len(fresh)), Activities: u.Wants(shop.TopicActivities)}
	box.Notices, box.Next, err = in.Store.Notices.Of(ctx, userID, unread, shared, limit, cursor)
	return box, err
}

// shared are the broadcasts to all, as this user sees them, newest first.
func (in *Inbox) shared(ctx context.Context, u *shop.User) ([]shop.Notice, error) {
	posted, err := in.posted(ctx, u)
	if err != nil || len(posted) == 0 {
		return nil, err
	}
	reader, err := in.Store.Readers.Get(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	var all []shop.Notice
	for i := range posted {
		b := &posted[i]
		n := b.Notice("", *b.PostedAt)
		if reader.HasRead(b.ID, *b.PostedAt) {
			n.ReadAt = b.PostedAt // when is not of interest here
		}
		all = append(all, n)
	}
	return all, nil
}

// posted are the broadcasts to all that concern this user, newest first: none from before the
// account, and none if the user wants no activities.
func (in *Inbox) posted(ctx context.Context, u *shop.User) ([]shop.Broadcast, error) {
	all, err := in.Store.Broadcasts.Posted(ctx)
	if err != nil || !u.Wants(shop.TopicActivities) {
		return nil, err
	}
	for i, b := range all {
		if b.PostedAt.Before(u.CreatedAt) {
			return all[:i], nil
		}
	}
	return all, nil
}

// postedTo is posted by the user's id.
func (in *Inbox) postedTo(ctx context.Context, userID string) ([]shop.Broadcast, error) {
	u, err := in.Store.Users.Get(ctx, userID)
	if err != nil {
		return nil, err
	}
	return in.posted(ctx, u)
}

// maxNoticeID is beyond every user:kind:ref, in bytes.
const maxNoticeID = 200

// Read marks one notice of a user as read, by the id that its reader knows, and, if clicked,
// its link as followed; shop.ErrNoticeNotFound where the user has no such notice. With
// shop.AllNotices it is ReadAll. The user's other pages hear of it.
func (in *Inbox) Read(ctx context.Context, userID, id string, clicked bool) error {
	if id == shop.AllNotices {
		return in.ReadAll(ctx, userID)
	}
	if len(id) > maxNoticeID || shop.Hidden(id, false) {
		return shop.ErrNoticeNotFound
	}
	if err := in.read(ctx, userID, id, clicked, in.Now()); err != nil {
		return err
	}
	in.publishRead(ctx, userID, id)
	return nil
}

func (in *Inbox) read(ctx context.Context, userID, id string, clicked bool, now time.Time) error {
	broadcastID, ok := shop.BroadcastOf(id)
	if !ok {
		return in.Store.Notices.Read(ctx, userID, id, clicked, now)
	}
	err := in.Store.Notices.Read(ctx, userID, shop.NoticeID(userID, shop.KindActivity, broadcastID), clicked, now)
	if !errors.Is(err, shop.ErrNoticeNotFound) {
		return err
	}
	posted, err := in.postedTo(ctx, userID)
	if err != nil {
		return err
	}
	for _, b := range posted {
		if b.ID == broadcastID {
			return in.Store.Readers.Read(ctx, userID, broadcastID, clicked, now)
		}
	}
	return shop.ErrNoticeNotFound
}

// ReadAll marks everything in a user's inbox as read. The user's other pages hear of it.
func (in *Inbox) ReadAll(ctx context.Context, userID string) error {
	posted, err := in.postedTo(ctx, userID)
	if err != nil {
		return err
	}
	if _, err := in.Store.Notices.ReadAll(ctx, userID, in.Now()); err != nil {
		return err
	}
	if err := in.Store.Readers.ReadAll(ctx, userID, posted, in.Now()); err != nil {
		return err
	}
	in.publishRead(ctx, userID, shop.AllNotices)
	return nil
}

// publishRead publishes to the user's open pages that a notice, or shop.AllNotices, was read. An event that
// is lost does no harm: pages see it when they read the inbox again.
func (in *Inbox) publishRead(ctx context.Context, userID, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), showTime)
	defer cancel()
	_, err := in.Hub.Publish(ctx, hub.Event(shop.NoticeRead(userID, id)))
	if err != nil && !errors.Is(err, hub.ErrPending) {
		in.Log.WarnContext(ctx, "reading not shown live", "err", err)
	}
}
