package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// Notices are the inboxes.
type Notices struct {
	*base
	docs       Collection[shop.Notice]
	broadcasts *Broadcasts
}

func newNotices(b *base) *Notices {
	docs := newCollection[shop.Notice](b, "notices")
	docs.missing = shop.ErrNoticeNotFound
	return &Notices{base: b, docs: docs}
}

// Insert puts a notice into its reader's inbox and reports whether this call did it: the same id
// twice is one notice.
func (s *Notices) Insert(ctx context.Context, n *shop.Notice) (bool, error) {
	return s.docs.Insert(ctx, n)
}

// InsertAll puts one broadcast's notices into their readers' inboxes, many at once. Those
// that are there already stay as they are.
func (s *Notices) InsertAll(ctx context.Context, all []shop.Notice) error {
	rows := slices.Clone(all)
	for i := range rows {
		rows[i].Title, rows[i].Body, rows[i].Link = "", "", "" // the broadcast's
	}
	_, err := s.docs.InsertAll(ctx, rows)
	return err
}

// Count is how many people have a broadcast in the inbox by a notice of their own.
func (s *Notices) Count(ctx context.Context, broadcastID string) (int64, error) {
	return s.docs.Count(ctx, bson.M{"broadcast": broadcastID})
}

// Of lists a user's notices, newest first, or only those not read yet. shared are
// those that are in the inbox without a document of the user's own, newest first too; the
// caller has chosen them by unread.
func (s *Notices) Of(ctx context.Context, userID string, unread bool, shared []shop.Notice, limit int, cursor string) (items []shop.Notice, next string, err error) {
	filter := bson.M{"user_id": userID}
	if unread {
		filter["read_at"] = nil
	}
	key := func(n shop.Notice) (any, string) { return n.CreatedAt, n.ID }
	own, more, err := s.docs.Page(ctx, filter, limit, cursor, key)
	if err != nil {
		return nil, "", err
	}
	if err := s.fillIn(ctx, own); err != nil {
		return nil, "", err
	}
	if cursor != "" {
		p, err := parseCursor(cursor)
		if err != nil {
			return nil, "", err
		}
		end := shop.Notice{ID: p.ID, CreatedAt: p.At.Time()}
		shared = slices.DeleteFunc(slices.Clone(shared), func(n shop.Notice) bool { return inboxOrder(n, end) <= 0 })
	}
	limit = pageSize(limit)
	items = append(own, shared[:min(len(shared), limit+1)]...)
	slices.SortFunc(items, inboxOrder)
	if len(items) <= limit && more == "" {
		return items, "", nil
	}
	items = items[:min(len(items), limit)]
	next, err = cursorAfter(key(items[len(items)-1]))
	return items, next, err
}

// inboxOrder is the order of an inbox.
func inboxOrder(a, b shop.Notice) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
}

// fillIn gives the notices of broadcasts what they say.
func (s *Notices) fillIn(ctx context.Context, notices []shop.Notice) error {
	var ids []string
	for _, n := range notices {
		if n.Broadcast != "" {
			ids = append(ids, n.Broadcast)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	all, err := s.broadcasts.docs.ByIDs(ctx, ids)
	if err != nil {
		return err
	}
	for i := range notices {
		for _, b := range all {
			if n := &notices[i]; n.Broadcast == b.ID {
				n.Title, n.Body, n.Link = b.Title, b.Body, b.Link
			}
		}
	}
	return nil
}

// CountUnread is how many of a user's notices are not read yet.
func (s *Notices) CountUnread(ctx context.Context, userID string) (int64, error) {
	return s.docs.Count(ctx, bson.M{"user_id": userID, "read_at": nil})
}

// Read marks a notice as read, and, if clicked, its link as followed; another user's notice is
// shop.ErrNoticeNotFound, like a missing one. Doing it again changes nothing.
func (s *Notices) Read(ctx context.Context, userID, id string, clicked bool, now time.Time) error {
	n, err := s.docs.Get(ctx, id)
	if err != nil {
		return err
	}
	if n.UserID != userID {
		return shop.ErrNoticeNotFound
	}
	if _, err := s.markRead(ctx, id, now); err != nil || !clicked {
		return err
	}
	_, err = s.docs.Update(ctx, bson.M{"_id": id, "clicked_at": nil}, bson.M{"$set": bson.M{"clicked_at": now.UTC()}})
	return failed("click notice", err)
}

// ReadAll marks all of a user's notices as read and returns how many were not.
func (s *Notices) ReadAll(ctx context.Context, userID string, now time.Time) (int, error) {
	read, err := s.docs.UpdateAll(ctx, bson.M{"user_id": userID, "read_at": nil}, bson.M{"$set": bson.M{"read_at": now.UTC()}})
	return int(read), err
}

func (s *Notices) markRead(ctx context.Context, id string, now time.Time) (bool, error) {
	return s.docs.Update(ctx, bson.M{"_id": id, "read_at": nil}, bson.M{"$set": bson.M{"read_at": now.UTC()}})
}

// Get reads a notice as it was posted; shop.ErrNoticeNotFound where there is none.
func (s *Notices) Get(ctx context.Context, id string) (*shop.Notice, error) {
	return s.docs.Get(ctx, id)
}

// Each calls each with every notice.
func (s *Notices) Each(ctx context.Context, each func(*shop.Notice) error) error {
	return s.docs.Each(ctx, bson.M{}, each)
}

// ByID reads the notices with these ids; missing ones are left out.
func (s *Notices) ByID(ctx context.Context, ids []string) (map[string]*shop.Notice, error) {
	all, err := s.docs.ByIDs(ctx, ids)
	return byID(all, func(n *shop.Notice) string { return n.ID }), err
}

// Existing says which of the notices with these ids there are.
func (s *Notices) Existing(ctx context.Context, ids []string) (map[string]bool, error) {
	all, err := s.docs.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(all))
	for _, n := range all {
		there[n.ID] = true
	}
	return there, nil
}
