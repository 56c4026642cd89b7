package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"mstm/shop"
)

// A WeChatHolder is the account that has claimed a WeChat, as far as it is there.
type WeChatHolder struct {
	// Binding is the account's; it says whether the account has the WeChat, or had it, or is
	// about to.
	Binding
	// User is nil where the account is still on its way: its claim comes first.
	User *shop.User

	claim wechat
}

// Living reports whether there is a holder whose account is there and was not deleted.
func (h *WeChatHolder) Living() bool { return h != nil && h.User != nil && h.User.DeletedAt == nil }

// WeChats are the WeChats that log in to accounts.
type WeChats struct {
	bindings *Bindings
	users    *Users
}

// Holder is the account that has claimed a WeChat; ErrNotFound where none has.
func (s *WeChats) Holder(ctx context.Context, openid string) (*WeChatHolder, error) {
	claim, err := s.bindings.claims.Get(ctx, openid)
	if err != nil {
		return nil, err
	}
	h := &WeChatHolder{claim: *claim}
	if h.Binding, err = s.bindings.Get(ctx, claim.UserID); err != nil {
		return nil, err
	}
	h.User, err = s.users.Get(ctx, claim.UserID)
	if err != nil && !errors.Is(err, shop.ErrUserNotFound) {
		return nil, err
	}
	return h, nil
}

// Register makes an account for a WeChat that has none and that logs in with it; from
// then on no other can be made for it. stale is the holder of a void claim, a deleted account or
// an account that the WeChat was unbound from; nil where there is no claim. It reports whether the
// account is there; otherwise another account has claimed the WeChat since.
//
// The WeChat is claimed first, and the claim fixes the account's id. The account of a claim comes
// next, or never if the process died: WeChats.Finish goes on with the claimed id, as often as
// several logins like.
func (s *WeChats) Register(ctx context.Context, u *shop.User, openid, unionid string, stale *WeChatHolder, now time.Time) (bool, error) {
	u.ID = newID()
	claim := wechat{ID: openid, UserID: u.ID, Take: newID(), Registered: true}
	var mine bool
	var err error
	if stale == nil {
		mine, err = s.bindings.claims.Insert(ctx, &claim)
	} else {
		mine, err = s.bindings.takeOver(ctx, stale.claim, claim)
	}
	if err != nil || !mine {
		return false, err
	}
	if stale != nil { // it may have begun to bind the WeChat again before it lost it
		if err := s.bindings.unbind(ctx, stale.UserID, openid); err != nil {
			return false, err
		}
	}
	return true, s.Finish(ctx, u, openid, unionid, now)
}

// Finish does what follows WeChats.Register's claim, any number of times and several at
// once: u is the account as it is made where it is not there yet, with the claimed id.
func (s *WeChats) Finish(ctx context.Context, u *shop.User, openid, unionid string, now time.Time) error {
	u.Passwordless = true
	fresh, err := s.users.docs.Insert(ctx, u)
	if err != nil {
		return err
	}
	if !fresh {
		if made, err := s.users.Get(ctx, u.ID); err != nil || made.DeletedAt != nil {
			return err // nothing personal comes back onto a deleted account
		}
	}
	if err := s.bindings.shareKeys(ctx, u.ID, openid, unionid, false); err != nil {
		return err
	}
	return s.bindings.keep(ctx, u.ID, openid, true, now)
}

// Allow lets the WeChat that is bound to an account log in to it. It reports false
// where another, or none, is bound by now.
func (s *WeChats) Allow(ctx context.Context, userID, openid string) (bool, error) {
	b, err := s.bindings.change(ctx, userID, func(b *Binding) bool {
		if b.Openid != openid || b.Login {
			return false
		}
		b.Login = true
		return true
	})
	return b.Openid == openid && b.Login, err
}

// Release takes a WeChat off an account as the WeChat's owner wishes.
func (s *WeChats) Release(ctx context.Context, userID, openid string) error {
	return s.bindings.letGo(ctx, userID, openid)
}

// A Consent counts the messages of one subscription template that a follower has agreed to and not
// got yet.
type Consent struct {
	TemplateID string    `bson:"template_id"`
	Left       int       `bson:"left"`
	At         time.Time `bson:"at"` // when they last decided; a repeat of the event says the same
}

// Followers are what the official account knows of bound WeChats.
type Followers struct {
	bindings *Bindings
}

// SetFollowing notes whether a WeChat followed the account at that time. Older news is ignored,
// and so is a WeChat that is not bound.
func (s *Followers) SetFollowing(ctx context.Context, openid string, following bool, at time.Time) error {
	return s.change(ctx, openid, func(b *Binding) bool {
		if !at.After(b.FollowAt) && (at.Before(b.FollowAt) || b.Unfollowed == !following) {
			return false
		}
		b.Unfollowed, b.FollowAt = !following, at.UTC()
		return true
	})
}

// AddConsent notes a decision about messages of a template: one more is allowed, or none. The
// same decision, known by its time, counts once.
func (s *Followers) AddConsent(ctx context.Context, openid, templateID string, accepted bool, at time.Time) error {
	return s.changeConsent(ctx, openid, templateID, func(c *Consent) bool {
		if !at.After(c.At) {
			return false
		}
		c.At = at.UTC()
		if c.Left++; !accepted {
			c.Left = 0
		}
		return true
	})
}

// UseConsent takes one agreement away; none is left where WeChat said so (all).
func (s *Followers) UseConsent(ctx context.Context, openid, templateID string, all bool) error {
	return s.changeConsent(ctx, openid, templateID, func(c *Consent) bool {
		before := c.Left
		if c.Left = max(c.Left-1, 0); all {
			c.Left = 0
		}
		return c.Left != before
	})
}

// Consent is how many messages of a template the follower has agreed to.
func (b Binding) Consent(templateID string) int {
	i := slices.IndexFunc(b.Consents, func(c Consent) bool { return c.TemplateID == templateID })
	if i < 0 {
		return 0
	}
	return b.Consents[i].Left
}

func (s *Followers) changeConsent(ctx context.Context, openid, templateID string, change func(*Consent) bool) error {
	return s.change(ctx, openid, func(b *Binding) bool {
		b.Consents = slices.Clone(b.Consents)
		i := slices.IndexFunc(b.Consents, func(c Consent) bool { return c.TemplateID == templateID })
		if i < 0 {
			i = len(b.Consents)
			b.Consents = append(b.Consents, Consent{TemplateID: templateID})
		}
		return change(&b.Consents[i])
	})
}

// change changes the binding of a WeChat, if it is bound.
func (s *Followers) change(ctx context.Context, openid string, change func(*Binding) bool) error {
	held, err := s.bindings.claims.Get(ctx, openid)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.bindings.change(ctx, held.UserID, func(b *Binding) bool { return b.Openid == openid && change(b) })
	return err
}
