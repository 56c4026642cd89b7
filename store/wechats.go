package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// HolderOfWeChat is the account that has claimed a WeChat, "" where none has. Its binding
// says whether it has the WeChat (still): a process may have died in between.
func (s *Store) HolderOfWeChat(ctx context.Context, openid string) (userID string, err error) {
	held, err := findByID[wechat](ctx, s.coll("wechats"), openid, errNoBinding)
	if errors.Is(err, errNoBinding) {
		return "", nil
	}
	if err != nil {
		return "", failedBinding(err)
	}
	return held.UserID, nil
}

// RegisterWeChat makes an account for a WeChat that has none and that logs in with it; from
// then on no other can be made for it. stale is the account whose claim means nothing any
// more, "" where there is no claim. It reports whether the account is there; otherwise
// somebody else has claimed the WeChat meanwhile.
//
// The WeChat is claimed first, and the claim fixes the account's id. When a process dies
// before the end, the claim is of an account without a password and without this WeChat, or
// of no account at all: FinishWeChat goes on with that.
func (s *Store) RegisterWeChat(ctx context.Context, u *shop.User, openid, unionid, stale string, now time.Time) (bool, error) {
	u.ID, u.Passwordless = newID(), true
	var mine bool
	var err error
	if stale == "" {
		mine, err = s.insertOnce(ctx, s.coll("wechats"), wechat{openid, u.ID})
	} else {
		mine, err = s.updateIf(ctx, s.coll("wechats"), bson.M{"_id": openid, "user_id": stale}, bson.M{"$set": bson.M{"user_id": u.ID}})
	}
	if err != nil || !mine {
		return false, failedBinding(err)
	}
	return true, s.FinishWeChat(ctx, u, openid, unionid, now)
}

// FinishWeChat does what follows RegisterWeChat's claim, any number of times.
func (s *Store) FinishWeChat(ctx context.Context, u *shop.User, openid, unionid string, now time.Time) error {
	if _, err := s.insertOnce(ctx, s.coll("users"), u); err != nil { // there already: just as well
		return fmt.Errorf("insert user: %w", err)
	}
	if err := s.shareKeys(ctx, u.ID, openid, unionid); err != nil {
		return err
	}
	return s.keepWeChat(ctx, u.ID, openid, true, now)
}

// AllowWeChat lets the WeChat that is bound to an account log in to it. It reports false
// where another, or none, is bound by now.
func (s *Store) AllowWeChat(ctx context.Context, userID, openid string) (bool, error) {
	b, err := s.changeBinding(ctx, userID, func(b *Binding) bool {
		if b.Openid != openid || b.Login {
			return false
		}
		b.Login = true
		return true
	})
	return b.Openid == openid && b.Login, err
}

// ReleaseWeChat takes a WeChat off an account as the WeChat's owner wishes.
func (s *Store) ReleaseWeChat(ctx context.Context, userID, openid string) error {
	if err := s.unbind(ctx, userID, openid); err != nil {
		return err
	}
	return s.freeWeChat(ctx, userID, openid)
}

// SetCredentials gives a username and a password to an account that has neither, and
// reports whether this call did it. A username that somebody has is shop.ErrUsernameTaken.
// When the process dies in between, the name is this account's alone.
func (s *Store) SetCredentials(ctx context.Context, id, name, hash string) (bool, error) {
	u := &shop.User{ID: id, Username: shop.NormalUsername(name)}
	if err := s.claimUsername(ctx, u); err != nil {
		return false, err
	}
	if u.ID != id {
		return false, shop.ErrUsernameTaken
	}
	won, err := s.updateIf(ctx, s.coll("users"), bson.M{"_id": id, "passwordless": true},
		bson.M{"$set": bson.M{"username": u.Username, "password_hash": hash, "passwordless": false}})
	return won, failed("set credentials", err)
}

// unchanged is the account as long as it has the password that u has, or none.
func unchanged(u *shop.User) bson.M {
	if u.Passwordless {
		return bson.M{"_id": u.ID, "passwordless": true}
	}
	return bson.M{"_id": u.ID, "password_hash": u.PasswordHash}
}
