package account

import (
	"context"
	"log/slog"
	"regexp"

	altcha "github.com/altcha-org/altcha-lib-go"

	"mstm/shop"
	"mstm/shop/papers"
)

var usernamePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{2,31}$`)

var errUsername = shop.ErrInvalidField.At("username").Because(
	"用户名须为 3 到 32 个字符：字母、数字、点、下划线或连字符，并以字母或数字开头",
	"A username has 3 to 32 characters: letters, digits, dots, underscores or hyphens, and begins with a letter or a digit.")

// Registration is what a new user chooses.
type Registration struct {
	Credentials
	Name  string          // that others see; "": the username
	Proof *altcha.Payload // of work; nil: none
	// Consents are the editions of the shop's papers that the user agrees to.
	Consents []papers.Edition
}

// Register makes an account for a learner, who is logged in. It refuses names, passwords and clients that cannot be, an
// address that registers too often (shop.ErrTooManyRequests) or without the proof of work that is asked for
// (shop.ErrProofRequired), a user that does not agree to the shop's papers (shop.ErrNoConsent), and a username that is taken.
func (a *Accounts) Register(ctx context.Context, v Visitor, in Registration) (Session, error) {
	agreed, err := a.Agreed.check(ctx, in.Consents)
	if err != nil {
		return Session{}, err
	}
	if err := a.proofs.check(ctx, v, ProofOfRegistering, in.Proof); err != nil {
		return Session{}, err
	}
	var u *shop.User
	err = a.Passwords.join(ctx, func() (err error) {
		if u, err = a.newLearner(&in); err == nil {
			err = a.guesses.mayRegister(ctx, v)
		}
		if err == nil {
			err = a.proofs.spend(ctx, v, ProofOfRegistering, in.Proof)
		}
		if err == nil {
			u.PasswordHash, err = a.Passwords.create(in.Password)
		}
		return err
	})
	if err != nil {
		return Session{}, err
	}
	if v.English {
		u.Locale = shop.LocaleEn // until they choose
	}
	u.StaffPassword = new(hasStaffLength(in.Password))
	if err := a.Users.Insert(ctx, u); err != nil {
		return Session{}, err
	}
	a.Agreed.note(ctx, u.ID, agreed, ByRegistering)
	v.log(ctx, a.Log, "registered", slog.String("who", u.ID))
	return a.open(ctx, v, u, in.Client, in.Device)
}

// newLearner checks what a registration says. The name that others see is the username until the learner chooses one.
func (a *Accounts) newLearner(in *Registration) (*shop.User, error) {
	if err := in.normalise(); err != nil {
		return nil, err
	}
	if !usernamePattern.MatchString(in.Username) {
		return nil, errUsername
	}
	if err := a.Passwords.checkNew(in.Password, in.Username, minPassword); err != nil {
		return nil, err
	}
	name, err := shop.CleanLine("name", in.Name, 0, shop.MaxName)
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = in.Username
	}
	return &shop.User{Username: in.Username, Name: name, Roles: []shop.Role{shop.RoleLearner}, CreatedAt: a.Now().UTC()}, nil
}
