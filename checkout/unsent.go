package checkout

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// unsentMost is how much late news is shown in one go.
const unsentMost = 200

// orLater notes news that could not be published, to be shown when Redis takes it. A message that cannot be sent
// holds up neither a grant nor a refund, so the error is nil unless the note itself failed, or nothing will ever
// take such news.
func (c *News) orLater(ctx context.Context, err error, u store.Unsent) error {
	if err == nil || errors.Is(err, hub.ErrBadEvent) || errors.Is(err, hub.ErrTooLarge) {
		return err
	}
	return c.unsent.Note(ctx, u)
}

// TellUnsent shows open pages what they have not been shown, as far as Redis takes it; the error says why not all.
func (c *News) TellUnsent(ctx context.Context) error {
	for ctx.Err() == nil {
		all, err := c.unsent.List(ctx, unsentMost)
		if err != nil || len(all) == 0 {
			return err
		}
		var g errgroup.Group
		g.SetLimit(sweepers)
		ctx := store.WithRedisBudget(ctx) // one for all: where Redis is away for one it is for the others
		for _, u := range all {
			g.Go(func() error { return c.tellLate(ctx, u) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// tellLate shows one piece of late news and forgets it.
func (c *News) tellLate(ctx context.Context, u store.Unsent) error {
	err := c.showAgain(ctx, u)
	if errors.Is(err, hub.ErrBadEvent) || errors.Is(err, hub.ErrTooLarge) {
		c.log.ErrorContext(ctx, "news cannot be shown", "kind", u.Kind, "ref", u.Ref, "err", err)
		err = nil
	}
	if err != nil {
		return err
	}
	return c.unsent.Done(ctx, u)
}

// showAgain shows a thing as it is now; one that is gone needs no showing.
func (c *News) showAgain(ctx context.Context, u store.Unsent) error {
	switch u.Kind {
	case store.UnsentOrder, store.UnsentCart:
		o, err := c.orders.Get(ctx, u.Ref)
		switch {
		case errors.Is(err, shop.ErrOrderNotFound):
			return nil
		case err != nil:
			return err
		case u.Kind == store.UnsentCart:
			return c.takeBought(ctx, o)
		}
		return errors.Join(c.publishOrder(ctx, o), c.publishPayment(ctx, o))
	case store.UnsentUnmatched:
		x, err := c.unmatched.Get(ctx, u.Ref)
		if err != nil || x.Decision != nil {
			return err
		}
		return c.publish(ctx, shop.UnmatchedOpened(x.ID, x.Payment))
	case store.UnsentEnrolment:
		e, err := c.enrolments.Get(ctx, u.UserID, u.Ref)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return c.publishEnrolment(ctx, u.Why, e)
	}
	return c.teller.ShowAgain(ctx, u)
}
