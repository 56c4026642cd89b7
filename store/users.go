package store

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// username is the claim of an account on a name. It stands in a collection of its own, because
// what must be unique has to be an _id, and because users without one are many.
type username struct {
	ID     string `bson:"_id"` // normal form
	UserID string `bson:"user_id"`
}

// Users are the accounts, with their usernames in a collection of their own.
type Users struct {
	*base
	docs      Collection[shop.User]
	usernames Collection[username]
	bindings  *Bindings
	scenes    *Scenes
	tokens    *Tokens
	figures   *Figures
	phones    *Phones
}

func newUsers(b *base) *Users {
	docs := newCollection[shop.User](b, "users")
	docs.missing = shop.ErrUserNotFound
	s := &Users{base: b, docs: docs}
	usernames := newCollection[username](b, "usernames")
	usernames.missing = shop.ErrUserNotFound
	s.usernames = usernames
	return s
}

// Insert makes an account, with the id u.ID or, where that is "", a new one, which
// u then carries. A taken username is shop.ErrUsernameTaken.
//
// The name is claimed first, and the claim fixes the account's id. When a process dies
// between the two writes, the next registration of the name finishes with that id; of
// several at once the one that inserts the account wins.
func (s *Users) Insert(ctx context.Context, u *shop.User) error {
	if u.ID == "" {
		u.ID = newID()
	}
	if u.Username = shop.NormalUsername(u.Username); u.Username != "" {
		if err := s.claimUsername(ctx, u); err != nil {
			return err
		}
	}
	if err := s.figures.EnqueueUser(ctx, u.ID); err != nil {
		return err
	}
	fresh, err := s.docs.Insert(ctx, u)
	if err == nil && !fresh {
		err = shop.ErrUsernameTaken
	}
	return err
}

func (s *Users) claimUsername(ctx context.Context, u *shop.User) error {
	fresh, err := s.usernames.Insert(ctx, &username{u.Username, u.ID})
	if fresh || err != nil {
		return err
	}
	held, err := s.usernames.Get(ctx, u.Username)
	if err != nil {
		return err
	}
	u.ID = held.UserID
	return nil
}

// Get reads an account; shop.ErrUserNotFound where there is none.
func (s *Users) Get(ctx context.Context, id string) (*shop.User, error) {
	return s.docs.Get(ctx, id)
}

// ByUsername reads the account that has a username.
func (s *Users) ByUsername(ctx context.Context, name string) (*shop.User, error) {
	held, err := s.usernames.Get(ctx, shop.NormalUsername(name))
	if err != nil {
		return nil, err
	}
	return s.Get(ctx, held.UserID)
}

// Page lists accounts, newest first; q, if not "", begins the username or name, or, where it begins none, is a part of
// one. An index finds beginnings; parts are looked for among all accounts.
func (s *Users) Page(ctx context.Context, q string, limit int, cursor string) ([]shop.User, string, error) {
	if q == "" {
		return s.page(ctx, bson.M{}, limit, cursor)
	}
	begins := func(q string) bson.Regex { return bson.Regex{Pattern: "^" + regexp.QuoteMeta(q)} }
	users, next, err := s.page(ctx, bson.M{"$or": bson.A{bson.M{"username": begins(shop.NormalUsername(q))}, bson.M{"name": begins(q)}}}, limit, cursor)
	if err != nil || len(users) > 0 {
		return users, next, err
	}
	part := func(q string) bson.Regex { return bson.Regex{Pattern: regexp.QuoteMeta(q), Options: "i"} }
	words := strings.Fields(shop.Fold(q))
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	same := bson.Regex{Pattern: strings.Join(words, `[\s\p{Zs}]+`), Options: "i"} // blanks of any kind and number
	return s.page(ctx, bson.M{"$or": bson.A{bson.M{"username": part(shop.NormalUsername(q))}, bson.M{"name": part(q)}, bson.M{"name": same}}}, limit, cursor)
}

// Staff lists the accounts with a role besides the learner's, newest first.
func (s *Users) Staff(ctx context.Context, limit int, cursor string) ([]shop.User, string, error) {
	roles := slices.DeleteFunc(shop.Roles(), func(r shop.Role) bool { return r == shop.RoleLearner })
	return s.page(ctx, bson.M{"roles": bson.M{"$in": roles}}, limit, cursor)
}

func (s *Users) page(ctx context.Context, filter bson.M, limit int, cursor string) ([]shop.User, string, error) {
	return s.docs.Page(ctx, filter, limit, cursor, func(u shop.User) (any, string) { return u.CreatedAt, u.ID })
}

// ProfileChange is a user's change of the own profile; nil leaves a thing as it is.
type ProfileChange struct {
	Name, Locale *string
	Mute         map[shop.Topic]bool // topics that are wanted no more (true) or again
}

// ChangeProfile changes an account as its owner wants it, unless it was deleted: nothing personal
// comes back onto that.
func (s *Users) ChangeProfile(ctx context.Context, id string, p ProfileChange) error {
	fields := bson.M{}
	if p.Name != nil {
		fields["name"] = *p.Name
	}
	if p.Locale != nil {
		fields["locale"] = *p.Locale
	}
	for topic, muted := range p.Mute {
		fields["muted."+string(topic)] = muted
	}
	return s.set(ctx, bson.M{"_id": id, "deleted_at": nil}, fields)
}

// ReplacePassword replaces the password's hash, on condition that it is still old, and notes whether the
// password has the length that staff need; it reports whether this call did it. The tokens live on:
// DeleteTokens ends them.
func (s *Users) ReplacePassword(ctx context.Context, id, old, hash string, staffPassword bool) (bool, error) {
	err := s.set(ctx, bson.M{"_id": id, "password_hash": old}, bson.M{"password_hash": hash, "staff_password": staffPassword})
	if errors.Is(err, shop.ErrUserNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Delete takes everything personal off an account, on condition that the password's
// hash and the roles are still the given ones, and reports whether this call did it. Orders, enrolments,
// trials and the audit stay, under an id that says nothing. The username is free again;
// where the process dies before that, it stays taken.
func (s *Users) Delete(ctx context.Context, u *shop.User, now time.Time) (bool, error) {
	gone, err := s.docs.Update(ctx, unchanged(u), bson.M{
		"$set":   bson.M{"name": deletedName, "roles": []shop.Role{}, "deleted_at": now.UTC()},
		"$unset": bson.M{"username": "", "password_hash": "", "staff_password": "", "passwordless": "", "blocked": "", "phone": ""},
	})
	if err != nil || !gone {
		return false, failed("delete user", err)
	}
	err = errors.Join(s.tokens.DeleteAll(ctx, u.ID), s.scenes.endAll(ctx, u.ID), s.bindings.forget(ctx, u.ID))
	_, e := s.usernames.Delete(ctx, bson.M{"_id": u.Username, "user_id": u.ID})
	return true, errors.Join(err, failed("free username", e), s.phones.free(ctx, u.ID, u.Phone))
}

// Block keeps an account from logging in, on condition that it is there, is not blocked and has the roles that u has. It
// reports whether this call did it. Its tokens live on: Tokens.DeleteAll ends them.
func (s *Users) Block(ctx context.Context, u *shop.User, b shop.Block) (bool, error) {
	filter := rolesUnchanged(u)
	filter["deleted_at"], filter["blocked"] = nil, nil
	return s.docs.Update(ctx, filter, bson.M{"$set": bson.M{"blocked": b}})
}

// Unblock ends a block, and reports whether this call did it.
func (s *Users) Unblock(ctx context.Context, id string, b shop.Block) (bool, error) {
	return s.docs.Update(ctx, bson.M{"_id": id, "blocked.id": b.ID}, bson.M{"$unset": bson.M{"blocked": ""}})
}

// deletedName is shown where the name was.
const deletedName = "已注销用户"

func (s *Users) set(ctx context.Context, filter, fields bson.M) error {
	ok, err := s.docs.Update(ctx, filter, bson.M{"$set": fields})
	if err == nil && !ok {
		err = shop.ErrUserNotFound
	}
	return err
}

// Living are those of the users that still have an account.
func (s *Users) Living(ctx context.Context, userIDs []string) (map[string]*shop.User, error) {
	all, err := s.docs.ByIDs(ctx, userIDs)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(u shop.User) bool { return u.DeletedAt != nil })
	return byID(all, func(u *shop.User) string { return u.ID }), nil
}

// ByID reads the accounts with these ids, deleted ones among them; missing ones are left out.
func (s *Users) ByID(ctx context.Context, ids []string) (map[string]*shop.User, error) {
	all, err := s.docs.ByIDs(ctx, ids)
	return byID(all, func(u *shop.User) string { return u.ID }), err
}

// Each calls each with every account, deleted ones among them.
func (s *Users) Each(ctx context.Context, each func(*shop.User) error) error {
	return s.docs.Each(ctx, bson.M{}, each)
}

// Count is how many accounts there are.
func (s *Users) Count(ctx context.Context) (int64, error) {
	return s.docs.Count(ctx, bson.M{"deleted_at": nil})
}

// EachOptedOut calls each with every account that wants no activities.
func (s *Users) EachOptedOut(ctx context.Context, each func(userID string) error) error {
	return s.docs.Each(ctx, bson.M{"deleted_at": nil, "muted.activities": true},
		func(u *shop.User) error { return each(u.ID) }, options.Find().SetProjection(bson.M{"_id": 1}))
}

// SetFirstPassword gives a password to an account that has none and no username, and reports whether this call did it.
func (s *Users) SetFirstPassword(ctx context.Context, id, hash string, staffPassword bool) (bool, error) {
	return s.docs.Update(ctx, bson.M{"_id": id, "passwordless": true, "deleted_at": nil},
		bson.M{"$set": bson.M{"password_hash": hash, "staff_password": staffPassword, "passwordless": false}})
}

// SetCredentials gives a username and a password to an account that has neither, and
// reports whether this call did it. A taken username is shop.ErrUsernameTaken. When the process
// dies in between, the name is this account's alone.
func (s *Users) SetCredentials(ctx context.Context, id, name, hash string, staffPassword bool) (bool, error) {
	u := &shop.User{ID: id, Username: shop.NormalUsername(name)}
	if err := s.claimUsername(ctx, u); err != nil {
		return false, err
	}
	if u.ID != id {
		return false, shop.ErrUsernameTaken
	}
	won, err := s.docs.Update(ctx, bson.M{"_id": id, "passwordless": true},
		bson.M{"$set": bson.M{"username": u.Username, "password_hash": hash, "staff_password": staffPassword, "passwordless": false}})
	if err != nil || won {
		return won, failed("set credentials", err)
	}
	// Another call did, maybe with another name: this one is free again then.
	has, err := s.Get(ctx, id)
	if err != nil || has.Username == u.Username {
		return false, err
	}
	_, err = s.usernames.Delete(ctx, bson.M{"_id": u.Username, "user_id": id})
	return false, failed("free username", err)
}

// unchanged is the account as long as it is there with the roles and the password, or none, that u has.
func unchanged(u *shop.User) bson.M {
	m := rolesUnchanged(u)
	if u.Passwordless {
		m["passwordless"] = true
	} else {
		m["password_hash"] = u.PasswordHash
	}
	return m
}
