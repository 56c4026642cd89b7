package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// Notices are the inboxes.
type Notices struct {
	*base
}

// Insert puts a notice into its reader's inbox and reports whether this call did
// it: the same id twice is told once.
func (s *Notices) Insert(ctx context.Context, n *shop.Notice) (bool, error) {
	fresh, err := s.insertOnce(ctx, s.coll("notices"), n)
	if err != nil {
		return false, fmt.Errorf("insert notice: %w", err)
	}
	return fresh, nil
}

// InsertAll puts one broadcast's notices into their readers' inboxes, many at once. Those
// that are there already stay as they are.
func (s *Notices) InsertAll(ctx context.Context, all []shop.Notice) error {
	rows := make([]any, len(all))
	for i, n := range all {
		n.Title, n.Body, n.Link = "", "", "" // the broadcast's
		rows[i] = n
	}
	_, err := s.insertFresh(ctx, s.coll("notices"), rows)
	return err
}

// Count is how many people have a broadcast in the inbox by a notice of their own.
func (s *Notices) Count(ctx context.Context, broadcastID string) (int64, error) {
	n, err := s.coll("notices").CountDocuments(ctx, bson.M{"broadcast": broadcastID})
	return n, failed("count notices", err)
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
	own, more, err := page(ctx, s.coll("notices"), filter, limit, cursor, key)
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
	all, err := findByIDs[shop.Broadcast](ctx, s.base, s.coll("broadcasts"), ids)
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
	n, err := s.coll("notices").CountDocuments(ctx, bson.M{"user_id": userID, "read_at": nil})
	return n, failed("count notices", err)
}

// Read marks a notice as read, and, if clicked, its link as followed; a notice of
// somebody else is shop.ErrNoticeNotFound like one that is not there. Doing it again changes
// nothing.
func (s *Notices) Read(ctx context.Context, userID, id string, clicked bool, now time.Time) error {
	n, err := findByID[shop.Notice](ctx, s.coll("notices"), id, shop.ErrNoticeNotFound)
	if err != nil {
		return err
	}
	if n.UserID != userID {
		return shop.ErrNoticeNotFound
	}
	if _, err := s.markRead(ctx, id, now); err != nil || !clicked {
		return err
	}
	_, err = s.updateIf(ctx, s.coll("notices"), bson.M{"_id": id, "clicked_at": nil}, bson.M{"$set": bson.M{"clicked_at": now.UTC()}})
	return failed("click notice", err)
}

// ReadAll marks all of a user's notices as read and returns how many were not.
func (s *Notices) ReadAll(ctx context.Context, userID string, now time.Time) (int, error) {
	unread, err := findAll[shop.Notice](ctx, s.coll("notices"), bson.M{"user_id": userID, "read_at": nil})
	if err != nil {
		return 0, err
	}
	read := 0
	for _, n := range unread {
		done, err := s.markRead(ctx, n.ID, now)
		if err != nil {
			return read, err
		}
		if done {
			read++
		}
	}
	return read, nil
}

func (s *Notices) markRead(ctx context.Context, id string, now time.Time) (bool, error) {
	done, err := s.updateIf(ctx, s.coll("notices"), bson.M{"_id": id, "read_at": nil}, bson.M{"$set": bson.M{"read_at": now.UTC()}})
	if err != nil {
		return false, fmt.Errorf("read notice: %w", err)
	}
	return done, nil
}

// Get reads a notice as it was told; shop.ErrNoticeNotFound where there is none.
func (s *Notices) Get(ctx context.Context, id string) (*shop.Notice, error) {
	return findByID[shop.Notice](ctx, s.coll("notices"), id, shop.ErrNoticeNotFound)
}

// Each calls each with every notice.
func (s *Notices) Each(ctx context.Context, each func(*shop.Notice) error) error {
	return walk(ctx, s.coll("notices"), bson.M{}, each)
}

// Existing says which of the notices with these ids there are.
func (s *Notices) Existing(ctx context.Context, ids []string) (map[string]bool, error) {
	all, err := findByIDs[shop.Notice](ctx, s.base, s.coll("notices"), ids)
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(all))
	for _, n := range all {
		there[n.ID] = true
	}
	return there, nil
}
