package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Binding is what a learner has of WeChat. The row is small and is read by the user's id,
// because every price of a free stage asks for its keys.
type Binding struct {
	UserID string `bson:"_id"`
	// Openid is the WeChat that is bound now; "" is none.
	Openid  string    `bson:"openid"`
	BoundAt time.Time `bson:"bound_at"`
	// Login tells that this WeChat may log in to the account: its owner has shown to be the
	// account's as well. Whoever scans a code shows no such thing.
	Login bool `bson:"login"`
	// Payer is the WeChat in which the learner last opened the shop's pages, for paying there.
	// It proves nothing about who the learner is.
	Payer string `bson:"payer"`
	// Keys are the person keys of every WeChat that was ever bound. They stay when it is
	// unbound: the person is still the same.
	Keys []string `bson:"keys"`

	// What the WeChat that is bound has told the official account (followers.go).
	Unfollowed bool      `bson:"unfollowed,omitempty"`
	FollowAt   time.Time `bson:"follow_at"` // when WeChat said so
	Consents   []Consent `bson:"consents,omitempty"`

	V int64 `bson:"v"`
}

// wechat says whose a WeChat is. Inserting or conditionally changing it decides, so a
// WeChat is bound to one account at a time.
type wechat struct {
	ID     string `bson:"_id"` // openid
	UserID string `bson:"user_id"`
}

var errNoBinding = errors.New("no binding")

// Binding reads what a learner has of WeChat; an empty one where that is nothing.
func (s *Store) Binding(ctx context.Context, userID string) (Binding, error) {
	b, err := findByID[Binding](ctx, s.coll("bindings"), userID, errNoBinding)
	if errors.Is(err, errNoBinding) {
		return Binding{UserID: userID}, nil
	}
	if err != nil {
		return Binding{}, fmt.Errorf("binding: %w", err)
	}
	return *b, nil
}

// Bindings reads what these learners have of WeChat, in no order; who has nothing is left out.
func (s *Store) Bindings(ctx context.Context, userIDs []string) ([]Binding, error) {
	return findByIDs[Binding](ctx, s, s.coll("bindings"), userIDs)
}

// EachBinding calls each with what every learner after the given one has of WeChat, in order.
func (s *Store) EachBinding(ctx context.Context, after string, each func(*Binding) error) error {
	return walk(ctx, s.coll("bindings"), bson.M{"_id": bson.M{"$gt": after}}, each, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
}

// weChatKeys are the person keys of a WeChat, hashed: trials outlive the account, and an
// openid in them would be personal data that nobody can delete. unionid may be "".
func weChatKeys(openid, unionid string) []string {
	keys := []string{personKey("openid", openid)}
	if unionid != "" {
		keys = append(keys, personKey("unionid", unionid))
	}
	return keys
}

func personKey(kind, id string) string {
	sum := sha256.Sum256([]byte("mstm person " + kind + ":" + id))
	return "wx" + hex.EncodeToString(sum[:])
}

// BindWeChat binds a WeChat to an account; doing it again changes nothing. One that
// another account has moves: from is that account, "" where there was none. What either
// side used of free stages counts for the other from then on.
//
// The keys come first: whoever takes a trial from then on takes it under them too
// (TakeTrial looks twice), and what was taken before is copied. Whose the WeChat is comes
// last, so that a repeat after a crash does all of it again.
func (s *Store) BindWeChat(ctx context.Context, userID, openid, unionid string, now time.Time) (from string, err error) {
	if err := s.shareKeys(ctx, userID, openid, unionid); err != nil {
		return "", err
	}
	if from, err = s.claimWeChat(ctx, userID, openid); err != nil {
		return "", err
	}
	return from, s.keepWeChat(ctx, userID, openid, false, now)
}

// keepWeChat writes down at the account the WeChat that it has claimed.
func (s *Store) keepWeChat(ctx context.Context, userID, openid string, login bool, now time.Time) error {
	var before string
	_, err := s.changeBinding(ctx, userID, func(b *Binding) bool {
		before = b.Openid
		if b.Openid == openid && (b.Login || !login) {
			return false
		}
		if b.Openid != openid {
			b.Openid, b.BoundAt = openid, now.UTC()
			b.Unfollowed, b.FollowAt, b.Consents = false, time.Time{}, nil
		}
		b.Login = login
		return true
	})
	if err != nil {
		return err
	}
	if before != "" && before != openid {
		if err := s.freeWeChat(ctx, userID, before); err != nil {
			return err
		}
	}
	return s.confirm(ctx, userID, openid)
}

// confirm takes the WeChat off the account again where another has claimed it meanwhile:
// that one could not see it here yet.
func (s *Store) confirm(ctx context.Context, userID, openid string) error {
	held, err := findByID[wechat](ctx, s.coll("wechats"), openid, errNoBinding)
	switch {
	case err == nil && held.UserID == userID:
		return nil
	case err == nil, errors.Is(err, errNoBinding):
		return s.unbind(ctx, userID, openid)
	}
	return failedBinding(err)
}

// shareKeys adds a WeChat's person keys to an account for good, and lets what either used of
// free stages count for the other.
func (s *Store) shareKeys(ctx context.Context, userID, openid, unionid string) error {
	_, err := s.changeBinding(ctx, userID, func(b *Binding) bool {
		had := len(b.Keys)
		b.Keys = slices.Clone(b.Keys)
		for _, k := range weChatKeys(openid, unionid) {
			if !slices.Contains(b.Keys, k) {
				b.Keys = append(b.Keys, k)
			}
		}
		return len(b.Keys) > had
	})
	if err != nil {
		return err
	}
	return s.shareTrials(ctx, userID)
}

// claimWeChat makes the WeChat this account's. From another account it is unbound first:
// should the process die in between, it is nobody's, and the next try goes on.
func (s *Store) claimWeChat(ctx context.Context, userID, openid string) (from string, err error) {
	for range maxConflicts {
		fresh, err := s.insertOnce(ctx, s.coll("wechats"), wechat{openid, userID})
		if fresh || err != nil {
			return from, failedBinding(err)
		}
		held, err := findByID[wechat](ctx, s.coll("wechats"), openid, errNoBinding)
		if errors.Is(err, errNoBinding) {
			continue // given up between the two
		}
		if err != nil || held.UserID == userID {
			return from, failedBinding(err)
		}
		if err := s.unbind(ctx, held.UserID, openid); err != nil {
			return "", err
		}
		won, err := s.updateIf(ctx, s.coll("wechats"), bson.M{"_id": openid, "user_id": held.UserID}, bson.M{"$set": bson.M{"user_id": userID}})
		if err != nil {
			return "", failedBinding(err)
		}
		if won {
			// Once more: the other may have been at binding it, and have written it down
			// since. What it writes from now on it takes back itself (confirm).
			return held.UserID, s.unbind(ctx, held.UserID, openid)
		}
	}
	return "", fmt.Errorf("claim WeChat: %w: too many writers", shop.ErrUnavailable)
}

// UnbindWeChat takes the WeChat off an account; having none is what was wanted. Its keys
// stay with the account.
func (s *Store) UnbindWeChat(ctx context.Context, userID string) error {
	b, err := s.Binding(ctx, userID)
	if err != nil || b.Openid == "" {
		return err
	}
	if err := s.unbind(ctx, userID, b.Openid); err != nil {
		return err
	}
	return s.freeWeChat(ctx, userID, b.Openid)
}

func (s *Store) unbind(ctx context.Context, userID, openid string) error {
	_, err := s.changeBinding(ctx, userID, func(b *Binding) bool {
		if b.Openid != openid {
			return false
		}
		b.Openid, b.BoundAt, b.Login = "", time.Time{}, false
		b.Unfollowed, b.FollowAt, b.Consents = false, time.Time{}, nil
		return true
	})
	return err
}

// freeWeChat makes a WeChat nobody's, where it is this account's.
func (s *Store) freeWeChat(ctx context.Context, userID, openid string) error {
	_, err := s.deleteIf(ctx, s.coll("wechats"), bson.M{"_id": openid, "user_id": userID})
	return failedBinding(err)
}

// SetPayer remembers in which WeChat the learner pays.
func (s *Store) SetPayer(ctx context.Context, userID, openid string) error {
	_, err := s.changeBinding(ctx, userID, func(b *Binding) bool {
		changed := b.Payer != openid
		b.Payer = openid
		return changed
	})
	return err
}

// PayByBound remembers that the learner pays in the WeChat that is bound: they came by it.
func (s *Store) PayByBound(ctx context.Context, userID string) error {
	_, err := s.changeBinding(ctx, userID, func(b *Binding) bool {
		changed := b.Openid != "" && b.Payer != b.Openid
		if changed {
			b.Payer = b.Openid
		}
		return changed
	})
	return err
}

// forgetWeChat deletes what an account had of WeChat. Its trials keep the keys.
func (s *Store) forgetWeChat(ctx context.Context, userID string) error {
	if err := s.UnbindWeChat(ctx, userID); err != nil {
		return err
	}
	_, err := s.deleteByID(ctx, s.coll("bindings"), userID)
	return failedBinding(err)
}

// changeBinding lets change work on the binding as it is and writes it unless change
// says that nothing changed; where somebody else wrote it meanwhile, again.
func (s *Store) changeBinding(ctx context.Context, userID string, change func(*Binding) bool) (Binding, error) {
	for range maxConflicts {
		b, err := s.Binding(ctx, userID)
		if err != nil {
			return b, err
		}
		seen := b.V
		if !change(&b) {
			return b, nil
		}
		b.V++
		won := false
		if seen == 0 {
			won, err = s.insertOnce(ctx, s.coll("bindings"), b)
		} else {
			won, err = s.replaceIf(ctx, s.coll("bindings"), bson.M{"_id": userID, "v": seen}, b)
		}
		if won || err != nil {
			return b, failedBinding(err)
		}
	}
	return Binding{}, fmt.Errorf("change binding: %w: too many writers", shop.ErrUnavailable)
}

func failedBinding(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("bind WeChat: %w", err)
}
