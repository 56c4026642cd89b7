package notice

import (
	"context"
	"errors"
	"time"

	"mstm/hub"
	"mstm/shop"
)

// Inbox is a page of somebody's notices, newest first, and how many are unread in all.
type Inbox struct {
	Notices []shop.Notice
	Next    string // cursor of the next page, "" after the last
	Unread  int64

	// Activities is whether the user wants any. An open page hears of those to everybody all
	// the same, and leaves them out.
	Activities bool
}

// Inbox reads a page of a user's inbox: what was told to this user, and what was told to
// everybody since the account is there. That is one document for all; the reader's own says
// how far it was read.
func (d *Desk) Inbox(ctx context.Context, userID string, unread bool, limit int, cursor string) (Inbox, error) {
	u, err := d.Store.Users.Get(ctx, userID)
	if err != nil {
		return Inbox{}, err
	}
	shared, err := d.shared(ctx, u)
	if err != nil {
		return Inbox{}, err
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
	own, err := d.Store.Notices.CountUnread(ctx, userID)
	if err != nil {
		return Inbox{}, err
	}
	box := Inbox{Unread: own + int64(len(fresh)), Activities: u.Wants(shop.TopicActivities)}
	box.Notices, box.Next, err = d.Store.Notices.Of(ctx, userID, unread, shared, limit, cursor)
	return box, err
}

// shared is what was told to everybody, as this user sees it, newest first.
func (d *Desk) shared(ctx context.Context, u *shop.User) ([]shop.Notice, error) {
	posted, err := d.posted(ctx, u)
	if err != nil || len(posted) == 0 {
		return nil, err
	}
	reader, err := d.Store.Readers.Get(ctx, u.ID)
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

// posted is what was told to everybody and concerns this user, newest first. Nobody sees what
// was told before the account was there, and who wants no activities sees none.
func (d *Desk) posted(ctx context.Context, u *shop.User) ([]shop.Broadcast, error) {
	all, err := d.Store.Broadcasts.Posted(ctx)
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
func (d *Desk) postedTo(ctx context.Context, userID string) ([]shop.Broadcast, error) {
	u, err := d.Store.Users.Get(ctx, userID)
	if err != nil {
		return nil, err
	}
	return d.posted(ctx, u)
}

// Read marks one notice of a user as read, by the id that its reader knows, and, if clicked,
// its link as followed; shop.ErrNoticeNotFound where the user has no such notice. The user's
// other pages hear of it.
func (d *Desk) Read(ctx context.Context, userID, id string, clicked bool) error {
	if err := d.read(ctx, userID, id, clicked, d.Now()); err != nil {
		return err
	}
	d.tellRead(ctx, userID, id)
	return nil
}

func (d *Desk) read(ctx context.Context, userID, id string, clicked bool, now time.Time) error {
	broadcastID, ok := shop.BroadcastOf(id)
	if !ok {
		return d.Store.Notices.Read(ctx, userID, id, clicked, now)
	}
	err := d.Store.Notices.Read(ctx, userID, shop.NoticeID(userID, shop.KindActivity, broadcastID), clicked, now)
	if !errors.Is(err, shop.ErrNoticeNotFound) {
		return err
	}
	posted, err := d.postedTo(ctx, userID)
	if err != nil {
		return err
	}
	for _, b := range posted {
		if b.ID == broadcastID {
			return d.Store.Readers.Read(ctx, userID, broadcastID, clicked, now)
		}
	}
	return shop.ErrNoticeNotFound
}

// ReadAll marks everything in a user's inbox as read. The user's other pages hear of it.
func (d *Desk) ReadAll(ctx context.Context, userID string) error {
	posted, err := d.postedTo(ctx, userID)
	if err != nil {
		return err
	}
	if _, err := d.Store.Notices.ReadAll(ctx, userID, d.Now()); err != nil {
		return err
	}
	if err := d.Store.Readers.ReadAll(ctx, userID, posted, d.Now()); err != nil {
		return err
	}
	d.tellRead(ctx, userID, "all")
	return nil
}

// tellRead tells the user's open pages that a notice, or "all", was read. It was: pages that
// do not hear of it see it when they read the inbox again.
func (d *Desk) tellRead(ctx context.Context, userID, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), showTime)
	defer cancel()
	_, err := d.Hub.Publish(ctx, hub.Event{Topic: hub.UserTopic(userID), Type: "notice.read", Data: map[string]string{"id": id}})
	if err != nil && !errors.Is(err, hub.ErrInLine) {
		d.Log.WarnContext(ctx, "reading not shown live", "err", err)
	}
}
