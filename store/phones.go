package store

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
	"mstm/shop/phone"
)

// phoneClaim is the claim of an account on a phone number. Its insert or conditional change decides. A claim counts
// where its account has the number written down too (shop.User.Phone), or is still to be made; any other is what was left of a
// change that was cut short, and gives way.
type phoneClaim struct {
	ID     string `bson:"_id"` // E.164
	UserID string `bson:"user_id"`
	Take   string `bson:"take"` // another one each time that the number is claimed
}

// same is the condition that a claim is still this one.
func (c phoneClaim) same() bson.M { return bson.M{"_id": c.ID, "user_id": c.UserID, "take": c.Take} }

// Phones are the phone numbers of accounts, each of one account at a time, and the codes that prove them.
type Phones struct {
	*base
	claims Collection[phoneClaim]
	codes  Collection[phone.Code]
	users  *Users
}

func newPhones(b *base, users *Users) *Phones {
	codes := newCollection[phone.Code](b, "sms_codes")
	codes.version = func(c *phone.Code) *int64 { return &c.V }
	codes.blank = func(id string) *phone.Code { return &phone.Code{ID: id} }
	return &Phones{base: b, users: users, claims: newCollection[phoneClaim](b, "phones"), codes: codes}
}

// holder is the account of a claim; nil where it has the number no more. fresh reports an account that is still to be made.
func (s *Phones) holder(ctx context.Context, c *phoneClaim) (u *shop.User, fresh bool, err error) {
	u, err = s.users.Get(ctx, c.UserID)
	switch {
	case errors.Is(err, shop.ErrUserNotFound):
		return nil, true, nil
	case err != nil:
		return nil, false, err
	case u.DeletedAt != nil || u.Phone != c.ID:
		return nil, false, nil
	}
	return u, false, nil
}

// Holder is the account that has a number; shop.ErrPhoneUnknown where none has.
func (s *Phones) Holder(ctx context.Context, number string) (*shop.User, error) {
	held, err := s.claims.Get(ctx, number)
	if errors.Is(err, ErrNotFound) {
		return nil, shop.ErrPhoneUnknown
	}
	if err != nil {
		return nil, err
	}
	u, _, err := s.holder(ctx, held)
	if err == nil && u == nil {
		err = shop.ErrPhoneUnknown
	}
	return u, err
}

// Register makes the account u for a number, and is the number's account afterwards: that one, or the one that was
// first. made reports whether this call made it.
//
// The number is claimed first, and the claim fixes the account's id: where a process dies between the two writes, the next
// registration of the number finishes with that id.
func (s *Phones) Register(ctx context.Context, u *shop.User, number string) (has *shop.User, made bool, err error) {
	u.ID, u.Phone = newID(), number
	err = untilDone("register "+phone.Masked(number), func() (bool, error) {
		held, err := s.claim(ctx, phoneClaim{ID: number, UserID: u.ID, Take: newID()})
		if err != nil || held == nil {
			return false, err
		}
		if has, _, err = s.holder(ctx, held); err != nil || has != nil {
			return has != nil, err
		}
		u.ID = held.UserID
		err = s.users.Insert(ctx, u)
		if errors.Is(err, shop.ErrUsernameTaken) {
			return false, nil // another call has made it: it is read next
		}
		if err != nil {
			return false, err
		}
		made = true
		has = u
		return true, nil
	})
	return has, made, err
}

// claim makes a claim where the number is free or its claim counts no more, and is the claim in force; nil: it changed hands
// between the two.
func (s *Phones) claim(ctx context.Context, mine phoneClaim) (*phoneClaim, error) {
	if fresh, err := s.claims.Insert(ctx, &mine); fresh || err != nil {
		return &mine, err
	}
	held, err := s.claims.Get(ctx, mine.ID)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if has, fresh, err := s.holder(ctx, held); err != nil || has != nil && held.UserID != mine.UserID || fresh {
		return held, err
	}
	won, err := s.claims.Replace(ctx, held.same(), &mine)
	if err != nil || !won {
		return nil, err
	}
	return &mine, nil
}

// Bind gives an account a number in place of the one before; shop.ErrPhoneTaken where another account has it. Doing it
// again changes nothing.
func (s *Phones) Bind(ctx context.Context, userID, number string) error {
	u, err := s.users.Get(ctx, userID)
	if err != nil {
		return err
	}
	mine := phoneClaim{ID: number, UserID: userID, Take: newID()}
	err = untilDone("claim a number", func() (bool, error) {
		held, err := s.claim(ctx, mine)
		if err == nil && held != nil && held.UserID != userID {
			err = shop.ErrPhoneTaken
		}
		return held != nil, err
	})
	if err != nil {
		return err
	}
	set, err := s.users.docs.Update(ctx, phoneUnchanged(u), bson.M{"$set": bson.M{"phone": number}})
	if err == nil && set {
		err = s.confirm(ctx, mine)
	}
	if err != nil {
		return err
	}
	if !set { // another change of the number was first, or the account is gone
		return errors.Join(shop.ErrEditConflict, s.free(ctx, userID, number))
	}
	if u.Phone != number {
		return s.free(ctx, userID, u.Phone)
	}
	return nil
}

// confirm renews the claim of a number that the account has written down, so that a call which saw it before that does not
// take it over; and takes the number off the account again where one has.
func (s *Phones) confirm(ctx context.Context, mine phoneClaim) error {
	next := mine
	next.Take = newID()
	if kept, err := s.claims.Replace(ctx, mine.same(), &next); kept || err != nil {
		return err
	}
	_, err := s.users.docs.Update(ctx, bson.M{"_id": mine.UserID, "phone": mine.ID}, bson.M{"$unset": bson.M{"phone": ""}})
	return errors.Join(shop.ErrPhoneTaken, err)
}

// phoneUnchanged is the account as long as it is there with the number that u has, or none.
func phoneUnchanged(u *shop.User) bson.M {
	if u.Phone == "" {
		return bson.M{"_id": u.ID, "deleted_at": nil, "phone": nil}
	}
	return bson.M{"_id": u.ID, "deleted_at": nil, "phone": u.Phone}
}

// Unbind takes the number off an account that has a username and a password.
func (s *Phones) Unbind(ctx context.Context, u *shop.User) error {
	if u.Phone == "" {
		return nil
	}
	filter := phoneUnchanged(u)
	filter["username"] = u.Username
	filter["password_hash"] = u.PasswordHash
	done, err := s.users.docs.Update(ctx, filter, bson.M{"$unset": bson.M{"phone": ""}})
	if err == nil && !done {
		err = shop.ErrEditConflict
	}
	if err != nil {
		return err
	}
	return s.free(ctx, u.ID, u.Phone)
}

// free deletes the claim of an account on a number that it has no more. The claim is read first: a later one is not given up.
func (s *Phones) free(ctx context.Context, userID, number string) error {
	if number == "" {
		return nil
	}
	held, err := s.claims.Get(ctx, number)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil || held.UserID != userID {
		return err
	}
	if has, fresh, err := s.holder(ctx, held); err != nil || has != nil || fresh {
		return err
	}
	_, err = s.claims.Delete(ctx, held.same())
	return err
}

// AskCode is the code of an id after the wish of a place, see phone.Code.Ask.
func (s *Phones) AskCode(ctx context.Context, id, place string, now time.Time) (*phone.Code, error) {
	c, err := s.codes.Change(ctx, id, func(c *phone.Code) error {
		c.Ask(place, newID(), now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := s.removeOldCodes(ctx, now); err != nil {
		s.log.WarnContext(ctx, "old codes are not removed", "err", err)
	}
	return c, nil
}

// TryCode compares what was typed at a place with the code of an id, see phone.Code.Try. A wrong try is written down before the answer.
func (s *Phones) TryCode(ctx context.Context, id string, places []string, typed, key string, now time.Time) (c *phone.Code, outcome phone.Outcome, err error) {
	c, err = s.codes.Change(ctx, id, func(c *phone.Code) error {
		before := c.Tries()
		if outcome = c.Try(places, typed, key, now); c.Tries() == before {
			return errUnchanged
		}
		return nil
	})
	return c, outcome, err
}

// UseCode ends a code that was right, and reports whether this call did it.
func (s *Phones) UseCode(ctx context.Context, c *phone.Code) (used bool, err error) {
	_, err = s.codes.Change(ctx, c.ID, func(now *phone.Code) error {
		if used = now.Salt == c.Salt; !used {
			return errUnchanged
		}
		now.UseUp()
		return nil
	})
	return used, err
}

// codesRemoved is how many codes that are over one wish for a code removes: more than it adds.
const codesRemoved = 3

// removeOldCodes leaves a code a while longer than it is good: the instances' clocks differ.
func (s *Phones) removeOldCodes(ctx context.Context, now time.Time) error {
	old, err := s.codes.All(ctx, bson.M{"expires_at": bson.M{"$lt": now.Add(-time.Minute).UTC()}}, options.Find().SetLimit(codesRemoved))
	for _, c := range old {
		if err == nil {
			_, err = s.codes.Delete(ctx, bson.M{"_id": c.ID, "v": c.V})
		}
	}
	return err
}
