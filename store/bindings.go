package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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
	// Claiming is a WeChat that is being bound: it is claimed next, then it becomes Openid.
	// Without it a claim before its binding would look like a claim after its binding is gone.
	Claiming string `bson:"claiming,omitempty"`
	// Login says that this WeChat may log in to the account: its owner has proved to own the
	// account too. A scan of a code proves no such thing.
	Login bool `bson:"login"`
	// Payer is the WeChat in which the learner last opened the shop's pages, for paying there.
	// It proves nothing about the learner's identity.
	Payer string `bson:"payer"`
	// Keys are the person keys of every WeChat that was ever bound. They stay when it is
	// unbound: the person is still the same.
	Keys []string `bson:"keys"`

	// What the official account knows of the bound WeChat (wechats.go).
	Unfollowed bool      `bson:"unfollowed,omitempty"`
	FollowAt   time.Time `bson:"follow_at"` // when WeChat said so
	Consents   []Consent `bson:"consents,omitempty"`

	V int64 `bson:"v"`
}

// wechat is the claim of an account on a WeChat. Its insert or conditional change decides, so a
// WeChat is bound to one account at a time.
type wechat struct {
	ID     string `bson:"_id"` // openid
	UserID string `bson:"user_id"`
	// Take is another one each time that the WeChat is claimed: a slow unbinding frees the
	// claim that it saw, and no later one of the same account.
	Take string `bson:"take,omitempty"`
	// Registered says that the account was made for this WeChat: its row follows the claim.
	Registered bool `bson:"registered,omitempty"`
}

// Bindings are what learners have of WeChat, and the claims that say whose a WeChat is.
type Bindings struct {
	*base
	docs   Collection[Binding]
	claims Collection[wechat]
	trials *Trials
	users  *Users
}

func newBindings(b *base) *Bindings {
	docs := newCollection[Binding](b, "bindings")
	docs.version = func(d *Binding) *int64 { return &d.V }
	docs.blank = func(id string) *Binding { return &Binding{UserID: id} }
	s := &Bindings{base: b, docs: docs}
	s.claims = newCollection[wechat](b, "wechats")
	return s
}

// Get reads what a learner has of WeChat; an empty one where that is nothing.
func (s *Bindings) Get(ctx context.Context, userID string) (Binding, error) {
	b, err := s.docs.Get(ctx, userID)
	if errors.Is(err, ErrNotFound) {
		return Binding{UserID: userID}, nil
	}
	if err != nil {
		return Binding{}, err
	}
	return *b, nil
}

// List reads what these learners have of WeChat, in no order; learners without one are left out.
func (s *Bindings) List(ctx context.Context, userIDs []string) ([]Binding, error) {
	return s.docs.ByIDs(ctx, userIDs)
}

// Each calls each with what every learner after the given one has of WeChat, in order.
func (s *Bindings) Each(ctx context.Context, after string, each func(*Binding) error) error {
	return s.docs.Each(ctx, bson.M{"_id": bson.M{"$gt": after}}, each, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
}

// weChatKeys are the person keys of a WeChat, hashed: trials outlive the account, and an openid in
// them would be personal data without a way to delete it. unionid may be "".
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

// Bind binds a WeChat to an account; doing it again changes nothing. One that
// another account has moves: from is that account, "" where there was none. What either
// side used of free stages counts for the other from then on.
//
// A WeChat that is the only way into its account stays there: shop.ErrWeChatOwnAccount.
//
// The keys come first: trials taken from then on are taken under them too (Trials.Take looks
// twice), and trials taken before are copied. The claim on the WeChat comes last, so that a repeat
// after a crash does all of it again.
func (s *Bindings) Bind(ctx context.Context, userID, openid, unionid string, now time.Time) (from string, err error) {
	if err := s.shareKeys(ctx, userID, openid, unionid, true); err != nil {
		return "", err
	}
	from, err = s.claim(ctx, userID, openid)
	if errors.Is(err, shop.ErrWeChatOwnAccount) {
		err = errors.Join(err, s.unbind(ctx, userID, openid))
	}
	if err != nil {
		return "", err
	}
	if err := s.keep(ctx, userID, openid, false, now); err != nil {
		return "", err
	}
	return from, s.unlessDeleted(ctx, userID)
}

// Finish does what follows Bindings.Bind's claim, any number of times.
func (s *Bindings) Finish(ctx context.Context, userID, openid string, now time.Time) error {
	if err := s.keep(ctx, userID, openid, false, now); err != nil {
		return err
	}
	return s.unlessDeleted(ctx, userID)
}

// unlessDeleted takes everything of WeChat off an account that was deleted while a WeChat was
// being bound to it.
func (s *Bindings) unlessDeleted(ctx context.Context, userID string) error {
	u, err := s.users.Get(ctx, userID)
	if errors.Is(err, shop.ErrUserNotFound) || err == nil && u.DeletedAt == nil {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(shop.ErrWeChatLink, s.forget(ctx, userID))
}

// keep writes down at the account the WeChat that it has claimed.
func (s *Bindings) keep(ctx context.Context, userID, openid string, login bool, now time.Time) error {
	var before string
	_, err := s.change(ctx, userID, func(b *Binding) bool {
		before = b.Openid
		if b.Openid == openid && b.Claiming == "" && (b.Login || !login) {
			return false
		}
		if b.Openid != openid {
			b.Openid, b.BoundAt, b.Login = openid, now.UTC(), false
			b.Unfollowed, b.FollowAt, b.Consents = false, time.Time{}, nil
		}
		b.Login, b.Claiming = b.Login || login, ""
		return true
	})
	if err != nil {
		return err
	}
	if before != "" && before != openid {
		held, err := s.claimOf(ctx, before)
		if err == nil {
			err = s.free(ctx, userID, held)
		}
		if err != nil {
			return err
		}
	}
	return s.confirm(ctx, userID, openid)
}

// confirm takes the WeChat off the account again if another account has claimed it since: that
// account could not see it here yet.
func (s *Bindings) confirm(ctx context.Context, userID, openid string) error {
	held, err := s.claimOf(ctx, openid)
	if err != nil || held.UserID == userID {
		return err
	}
	err = s.unbind(ctx, userID, openid)
	if err == nil && held.Registered {
		err = shop.ErrWeChatOwnAccount
	}
	return err
}

// claimOf is the claim of a WeChat, without an account where there is none.
func (s *Bindings) claimOf(ctx context.Context, openid string) (wechat, error) {
	held, err := s.claims.Get(ctx, openid)
	if errors.Is(err, ErrNotFound) {
		return wechat{ID: openid}, nil
	}
	if err != nil {
		return wechat{}, err
	}
	return *held, nil
}

// shareKeys adds a WeChat's person keys to an account for good, and lets the used free stages of
// each count for the other. claiming says that the WeChat is claimed next.
func (s *Bindings) shareKeys(ctx context.Context, userID, openid, unionid string, claiming bool) error {
	_, err := s.change(ctx, userID, func(b *Binding) bool {
		had, was := len(b.Keys), b.Claiming
		b.Keys = slices.Clone(b.Keys)
		for _, k := range weChatKeys(openid, unionid) {
			if !slices.Contains(b.Keys, k) {
				b.Keys = append(b.Keys, k)
			}
		}
		if claiming && b.Openid != openid {
			b.Claiming = openid
		}
		return len(b.Keys) > had || b.Claiming != was
	})
	if err != nil {
		return err
	}
	return s.trials.share(ctx, userID)
}

// claim makes the WeChat this account's. From another account it is unbound first:
// should the process die in between, it has no account, and the next try goes on.
func (s *Bindings) claim(ctx context.Context, userID, openid string) (from string, err error) {
	mine := wechat{ID: openid, UserID: userID, Take: newID()}
	err = untilDone("claim WeChat", func() (done bool, err error) {
		done, from, err = s.tryClaim(ctx, &mine)
		return done, err
	})
	if err != nil {
		return "", err
	}
	return from, nil
}

// tryClaim is one try to make a claim stand; from is the account that had the WeChat before.
func (s *Bindings) tryClaim(ctx context.Context, mine *wechat) (done bool, from string, err error) {
	if fresh, err := s.claims.Insert(ctx, mine); fresh || err != nil {
		return fresh, "", err
	}
	held, err := s.claimOf(ctx, mine.ID)
	if err != nil || held.UserID == "" {
		return false, "", err // given up between the two
	}
	if held.UserID == mine.UserID {
		mine.Registered = held.Registered
		done, err = s.takeOver(ctx, held, *mine)
		return done, "", err
	}
	if err := s.mayTake(ctx, held); err != nil {
		return false, "", err
	}
	if err := s.unbind(ctx, held.UserID, mine.ID); err != nil {
		return false, "", err
	}
	if done, err = s.takeOver(ctx, held, *mine); err != nil || !done {
		return false, "", err
	}
	// Once more: the other may have been at binding it, and have written it down
	// since. What it writes from now on it takes back itself (confirm).
	return true, held.UserID, s.unbind(ctx, held.UserID, mine.ID)
}

// takeOver puts a claim in the place of the one that was seen and reports whether this call
// did it.
func (s *Bindings) takeOver(ctx context.Context, seen, next wechat) (bool, error) {
	return s.claims.Replace(ctx, seen.same(), &next)
}

// same is the condition that a claim is still this one; those of older versions have no take.
func (w wechat) same() bson.M {
	if w.Take == "" {
		return bson.M{"_id": w.ID, "user_id": w.UserID, "take": nil}
	}
	return bson.M{"_id": w.ID, "user_id": w.UserID, "take": w.Take}
}

// mayTake refuses to move a WeChat away from an account that can be entered by it alone, or
// that is being made for it: what is bought there would be lost. An account that has a
// password once has one for good.
func (s *Bindings) mayTake(ctx context.Context, held wechat) error {
	u, err := s.users.Get(ctx, held.UserID)
	switch {
	case errors.Is(err, shop.ErrUserNotFound):
		if held.Registered {
			return shop.ErrWeChatOwnAccount
		}
		return nil
	case err != nil:
		return err
	case u.Passwordless && u.DeletedAt == nil:
		return shop.ErrWeChatOwnAccount
	}
	return nil
}

// Unbind takes the WeChat off an account; having none is what was wanted. Its keys
// stay with the account.
func (s *Bindings) Unbind(ctx context.Context, userID string) error {
	b, err := s.Get(ctx, userID)
	if err != nil {
		return err
	}
	for _, openid := range []string{b.Openid, b.Claiming} {
		if openid != "" {
			err = errors.Join(err, s.letGo(ctx, userID, openid))
		}
	}
	return err
}

// letGo unbinds a WeChat from an account and deletes the claim. The claim is read first: a later
// claim of the account is not given up.
func (s *Bindings) letGo(ctx context.Context, userID, openid string) error {
	held, err := s.claimOf(ctx, openid)
	if err != nil {
		return err
	}
	if err := s.unbind(ctx, userID, openid); err != nil {
		return err
	}
	return s.free(ctx, userID, held)
}

func (s *Bindings) unbind(ctx context.Context, userID, openid string) error {
	_, err := s.change(ctx, userID, func(b *Binding) bool {
		changed := b.Openid == openid || b.Claiming == openid
		if b.Openid == openid {
			b.Openid, b.BoundAt, b.Login = "", time.Time{}, false
			b.Unfollowed, b.FollowAt, b.Consents = false, time.Time{}, nil
		}
		if b.Claiming == openid {
			b.Claiming = ""
		}
		return changed
	})
	return err
}

// free deletes a claim on a WeChat, if it is still the one seen and this account's.
func (s *Bindings) free(ctx context.Context, userID string, held wechat) error {
	if held.UserID != userID {
		return nil
	}
	_, err := s.claims.Delete(ctx, held.same())
	return err
}

// SetPayer remembers in which WeChat the learner pays.
func (s *Bindings) SetPayer(ctx context.Context, userID, openid string) error {
	_, err := s.change(ctx, userID, func(b *Binding) bool {
		changed := b.Payer != openid
		b.Payer = openid
		return changed
	})
	return err
}

// PayByBound remembers that the learner pays in the WeChat that is bound: they came by it.
func (s *Bindings) PayByBound(ctx context.Context, userID string) error {
	_, err := s.change(ctx, userID, func(b *Binding) bool {
		changed := b.Openid != "" && b.Payer != b.Openid
		if changed {
			b.Payer = b.Openid
		}
		return changed
	})
	return err
}

// forget deletes what an account had of WeChat. Its trials keep the keys.
func (s *Bindings) forget(ctx context.Context, userID string) error {
	if err := s.Unbind(ctx, userID); err != nil {
		return err
	}
	_, err := s.docs.DeleteByID(ctx, userID)
	return err
}

// change is the collection's Change for a change that says whether there is anything to write.
func (s *Bindings) change(ctx context.Context, userID string, change func(*Binding) bool) (Binding, error) {
	b, err := s.docs.Change(ctx, userID, func(b *Binding) error {
		if !change(b) {
			return errUnchanged
		}
		return nil
	})
	if err != nil {
		return Binding{}, err
	}
	return *b, nil
}
