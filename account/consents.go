package account

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"mstm/shop"
	"mstm/shop/papers"
	"mstm/store"
)

// The occasions of a consent, as its row has them.
const (
	ByRegistering = "register"
	ByPhone       = "phone"
	ByWeChat      = "wechat"
	ByAsking      = "asked"
)

// Consents are what people agreed to of the shop's papers. The methods may be called from any goroutine.
type Consents struct {
	papers *store.Papers
	rows   *store.Agreements
	now    func() time.Time
	log    *slog.Logger
}

// Agreement is what a person has agreed to, and what the shop still wants.
type Agreement struct {
	Wanted []papers.Edition
	Given  []store.Agreement
}

// Of is the agreement of a person.
func (c Consents) Of(ctx context.Context, userID string) (a Agreement, err error) {
	if a.Given, err = c.rows.Of(ctx, userID); err != nil {
		return a, err
	}
	a.Wanted, err = c.lacking(ctx, userID)
	return a, err
}

// lacking are the editions of now that a person has not agreed to.
func (c Consents) lacking(ctx context.Context, userID string) ([]papers.Edition, error) {
	now, err := c.papers.Current(ctx)
	if err != nil || len(now.Wanted()) == 0 {
		return nil, err
	}
	given, err := c.rows.Given(ctx, userID, now.Wanted())
	return papers.NotIn(now.Wanted(), given), err
}

// Require refuses a person that has not agreed to the editions of now: shop.ErrNoConsent with `papers`.
func (c Consents) Require(ctx context.Context, userID string) error {
	lacking, err := c.lacking(ctx, userID)
	if err == nil && len(lacking) > 0 {
		err = noConsent(lacking)
	}
	return err
}

func noConsent(lacking []papers.Edition) *shop.Error {
	return shop.ErrNoConsent.With("papers", lacking)
}

// check is what of given can be written down: the editions of now. It refuses one that lacks any of them:
// shop.ErrNoConsent with `papers`. Another instance may have published an edition that this one has not heard of, so the
// database has the last word.
func (c Consents) check(ctx context.Context, given []papers.Edition) ([]papers.Edition, error) {
	if err := papers.CheckConsents(given); err != nil {
		return nil, err
	}
	return c.covered(ctx, given)
}

// covered is check of editions that can be.
func (c Consents) covered(ctx context.Context, given []papers.Edition) ([]papers.Edition, error) {
	now, err := c.papers.Current(ctx)
	if err == nil && (len(papers.NotIn(now.Wanted(), given)) > 0 || len(papers.NotIn(given, now.Wanted())) > 0) {
		now, err = c.papers.Read(ctx)
	}
	if err != nil {
		return nil, err
	}
	if lacking := papers.NotIn(now.Wanted(), given); len(lacking) > 0 {
		return nil, noConsent(lacking)
	}
	return now.Wanted(), nil
}

// Give writes down that a person agrees to the editions named. Those of now must be among them or
// among what was agreed to before.
func (c Consents) Give(ctx context.Context, userID string, given []papers.Edition) error {
	had, err := c.rows.Of(ctx, userID)
	if err != nil {
		return err
	}
	all := slices.Clone(given)
	for i := range had {
		all = append(all, had[i].Edition())
	}
	if err := papers.CheckConsents(given); err != nil {
		return err
	}
	wanted, err := c.covered(ctx, all)
	if err != nil {
		return err
	}
	return c.rows.Add(ctx, userID, wanted, ByAsking, c.now())
}

// note writes down a consent that came with the login of a new account. A process that dies before it leaves an account that
// is asked at its next visit, and so does a failure.
func (c Consents) note(ctx context.Context, userID string, agreed []papers.Edition, how string) {
	if err := c.rows.Add(ctx, userID, agreed, how, c.now()); err != nil {
		c.log.WarnContext(ctx, "a consent is not written down and will be asked for", "user", userID, "err", err)
	}
}

// noteGiven writes down what the owner of an account agreed to at a login; what is not the edition of now is left out.
func (c Consents) noteGiven(ctx context.Context, userID string, given []papers.Edition, how string) {
	if len(given) == 0 {
		return
	}
	if agreed, err := c.check(ctx, given); err == nil {
		c.note(ctx, userID, agreed, how)
	}
}
