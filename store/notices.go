package store

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// InsertNotice puts a notice into its reader's inbox and reports whether this call did
// it: the same id twice is told once.
func (s *Store) InsertNotice(ctx context.Context, n *shop.Notice) (bool, error) {
	fresh, err := s.insertOnce(ctx, s.coll("notices"), n)
	if err != nil {
		return false, fmt.Errorf("insert notice: %w", err)
	}
	return fresh, nil
}

// NoticesOf lists a user's notices, newest first, or only those not read yet.
func (s *Store) NoticesOf(ctx context.Context, userID string, unread bool, limit int, cursor string) ([]shop.Notice, string, error) {
	filter := bson.M{"user_id": userID}
	if unread {
		filter["read_at"] = nil
	}
	return page(ctx, s.coll("notices"), filter, limit, cursor, func(n shop.Notice) (any, string) { return n.CreatedAt, n.ID })
}

// UnreadCount is how many of a user's notices are not read yet.
func (s *Store) UnreadCount(ctx context.Context, userID string) (int64, error) {
	n, err := s.coll("notices").CountDocuments(ctx, bson.M{"user_id": userID, "read_at": nil})
	return n, failed("count notices", err)
}

// ReadNotice marks a notice as read; a notice of somebody else is shop.ErrNoticeNotFound
// like one that is not there. Reading it again changes nothing.
func (s *Store) ReadNotice(ctx context.Context, userID, id string, now time.Time) error {
	n, err := findByID[shop.Notice](ctx, s.coll("notices"), id, shop.ErrNoticeNotFound)
	if err != nil {
		return err
	}
	if n.UserID != userID {
		return shop.ErrNoticeNotFound
	}
	_, err = s.markRead(ctx, id, now)
	return err
}

// ReadAllNotices marks all of a user's notices as read and returns how many were not.
func (s *Store) ReadAllNotices(ctx context.Context, userID string, now time.Time) (int, error) {
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

func (s *Store) markRead(ctx context.Context, id string, now time.Time) (bool, error) {
	done, err := s.updateIf(ctx, s.coll("notices"), bson.M{"_id": id, "read_at": nil}, bson.M{"$set": bson.M{"read_at": now.UTC()}})
	if err != nil {
		return false, fmt.Errorf("read notice: %w", err)
	}
	return done, nil
}

// Notice reads a notice as it was told; shop.ErrNoticeNotFound where there is none.
func (s *Store) Notice(ctx context.Context, id string) (*shop.Notice, error) {
	return findByID[shop.Notice](ctx, s.coll("notices"), id, shop.ErrNoticeNotFound)
}
