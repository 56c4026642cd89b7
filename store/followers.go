package store

import (
	"context"
	"errors"
	"slices"
	"time"
)

// A Consent counts the messages of one subscription template that somebody has agreed to and
// not got yet.
type Consent struct {
	TemplateID string    `bson:"template_id"`
	Left       int       `bson:"left"`
	At         time.Time `bson:"at"` // when they last decided; a repeat of the event says the same
}

// Followers are what a bound WeChat has told the official account.
type Followers struct {
	*base
	bindings *Bindings
}

// SetFollowing notes what WeChat said at that time about whether somebody follows the account.
// What it said earlier is ignored, and so is a WeChat that nobody has bound.
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

// Consent is how many messages of a template somebody has agreed to.
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
