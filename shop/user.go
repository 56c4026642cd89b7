package shop

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxName is the length of the names of people and API keys, in characters.
const MaxName = 40

// Role is what a member of staff may do besides reading.
type Role string

// Everybody with an account is a learner. An editor keeps the catalogue, a marketer sends
// broadcasts, finance sees orders and refunds them, support helps learners: it sees people and
// orders, refunds within the shop's rule and gives access by hand. An admin may do everything.
const (
	RoleLearner  Role = "learner"
	RoleEditor   Role = "editor"
	RoleMarketer Role = "marketer"
	RoleFinance  Role = "finance"
	RoleAdmin    Role = "admin"
	RoleSupport  Role = "support"
)

// Roles are all there are. A new one comes last: RoleBits counts by the place.
func Roles() []Role {
	return []Role{RoleLearner, RoleEditor, RoleMarketer, RoleFinance, RoleAdmin, RoleSupport}
}

// Valid reports whether there is such a role.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// JoinRoles lists roles for people and logs.
func JoinRoles(roles []Role, between string) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, between)
}

// MayActAs reports whether these roles permit what needs role.
func MayActAs(roles []Role, role Role) bool {
	return slices.Contains(roles, role) || slices.Contains(roles, RoleAdmin)
}

// MayServe is ErrOwnAccount where staff would decide about money or access of its own account. An administrator may: the
// shop of one person has no other.
func MayServe(staff string, roles []Role, owner string) error {
	if staff == owner && !slices.Contains(roles, RoleAdmin) {
		return ErrOwnAccount
	}
	return nil
}

// IsStaff reports whether these roles make more than a learner.
func IsStaff(roles []Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return r != RoleLearner })
}

// Scopes of API keys: what a program may do with one.
const (
	ScopePublish   = "hub:publish"
	ScopeBroadcast = "hub:broadcast"
)

// Scopes are all there are.
func Scopes() []string { return []string{ScopeBroadcast, ScopePublish} }

// CheckScopes puts the scopes of a new key in one order, each once. It refuses a key that may do nothing, and scopes that
// do not exist.
func CheckScopes(scopes []string) ([]string, error) {
	all := Scopes()
	if len(scopes) == 0 || len(scopes) > len(all) {
		return nil, ErrInvalidField.At("scopes")
	}
	for i, scope := range scopes {
		if !slices.Contains(all, scope) {
			return nil, ErrInvalidField.At(fmt.Sprintf("scopes[%d]", i))
		}
	}
	scopes = slices.Clone(scopes)
	slices.Sort(scopes)
	return slices.Compact(scopes), nil
}

// User is an account. Username is "" for an account made by WeChat or by a phone number that chose none.
type User struct {
	ID           string `bson:"_id" json:"id"`
	Username     string `bson:"username,omitempty" json:"username"`
	Name         string `bson:"name" json:"name"`
	PasswordHash string `bson:"password_hash,omitempty" json:"-"` // argon2id, PHC string
	Roles        []Role `bson:"roles" json:"roles"`

	// RolesV is the number of the change of roles that gave them, 0 for the first; AdminSince that of the
	// one that last made the account an administrator. Keys that it made before are over.
	RolesV     int64 `bson:"roles_v,omitempty" json:"-"`
	AdminSince int64 `bson:"admin_since,omitempty" json:"-"`

	// StaffPassword reports whether the password has the length that staff need; nil: not known, because
	// it was set before the length was stored, and not typed since.
	StaffPassword *bool `bson:"staff_password,omitempty" json:"-"`

	// Passwordless is an account without a password: it can log in by WeChat or by its phone number alone.
	Passwordless bool `bson:"passwordless,omitempty" json:"-"`

	// Phone is the account's number, in E.164; "": none. It counts where the number's claim names this account.
	Phone string `bson:"phone,omitempty" json:"-"`

	CreatedAt time.Time `bson:"created_at" json:"created_at"`
	Muted     Muted     `bson:"muted" json:"-"`            // what is not wanted of messages
	Locale    string    `bson:"locale,omitempty" json:"-"` // of what the shop writes to them; "": LocaleZh

	// Blocked is why the account may not log in; nil: it may.
	Blocked *Block `bson:"blocked,omitempty" json:"-"`

	// DeletedAt is when the owner deleted the account. The row stays, without a name or a
	// password, because orders belong to it.
	DeletedAt *time.Time `bson:"deleted_at,omitempty" json:"deleted_at,omitempty"`
}

// Block keeps an account from logging in. ID makes a repeat of the same act the same block.
type Block struct {
	ID     string    `bson:"id"`
	By     string    `bson:"by"` // user id
	Reason string    `bson:"reason"`
	At     time.Time `bson:"at"`
}

// IsAdmin reports whether the account is there and may do everything.
func (u *User) IsAdmin() bool { return u.DeletedAt == nil && slices.Contains(u.Roles, RoleAdmin) }

// HasStaffPassword reports whether the password is known to have the length that staff need.
func (u *User) HasStaffPassword() bool { return u.StaffPassword != nil && *u.StaffPassword }

// NormalUsername is the form in which usernames are compared: case folded, each character in its
// plain form (NFKC), so that a full-width letter is the same as the letter.
func NormalUsername(name string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(name))))
}

// The languages of what the shop writes by itself.
const (
	LocaleZh = "zh-CN"
	LocaleEn = "en"
)

// Language is the language of the user's messages.
func (u *User) Language() string {
	if u.Locale == LocaleEn {
		return LocaleEn
	}
	return LocaleZh
}
