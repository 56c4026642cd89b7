// Package cart is the cart's life: put a course in, choose again, refresh against the
// catalogue, merge, publish. What a learner is answered and what the learner's pages hear is
// the same stored cart: one version never has two contents.
package cart

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mstm/hub"
	"mstm/shop"
)

// Config is what Carts work with. All of it is needed.
type Config struct {
	Store Collections
	Hub   *hub.Hub
	Now   func() time.Time // the shop's clock
	Log   *slog.Logger
}

// Carts are all learners' carts. The methods may be called from any goroutine. Without
// Redis, and for a change also with a full one, they answer shop.ErrCartUnavailable.
type Carts struct{ Config }

// New makes the carts of a shop.
func New(cfg Config) *Carts { return &Carts{cfg} }

const (
	publishTime = time.Second // for one event
	rounds      = 8           // how often a cart that others keep changing is read again
)

// Show is a learner's cart as its courses are sold now. Reading it is one round trip to
// Redis; the catalogue in memory says which courses have changed since their line was
// written, and MongoDB is asked about the learner only for those.
func (c *Carts) Show(ctx context.Context, userID string) (shop.Cart, error) {
	stored, err := c.Store.Carts.Get(ctx, userID)
	if err != nil {
		return shop.Cart{}, err
	}
	return c.current(ctx, userID, stored), nil
}

// current is a cart as its courses are sold now. The learner's pages hear of it where it
// shows something else than the stored one did.
func (c *Carts) current(ctx context.Context, userID string, stored shop.Cart) shop.Cart {
	now := c.refresh(ctx, userID, stored, nil)
	if now.Version != stored.Version {
		_ = c.announce(ctx, userID, now, "") // publish has logged it
	}
	return now
}

// Put adds a course, or chooses its policy again; policyID "" is the default one. With a
// version other than 0, a cart of another version is not overwritten: shop.ErrCartConflict.
// Its `cart`, as that of shop.ErrCartFull, is the one that stands.
func (c *Carts) Put(ctx context.Context, userID, courseID, policyID string, version int64) (shop.Cart, error) {
	line, err := c.line(ctx, userID, courseID, policyID)
	if err != nil {
		return shop.Cart{}, err
	}
	now, err := c.Store.Carts.Put(ctx, userID, line, version)
	var refusal *shop.Error
	switch {
	case errors.Is(err, shop.ErrCartConflict), errors.Is(err, shop.ErrCartFull):
		errors.As(err, &refusal)
		return shop.Cart{}, refusal.With("cart", c.current(ctx, userID, now))
	case err != nil:
		return shop.Cart{}, err
	}
	return c.changed(ctx, userID, now, nil), nil
}

// Remove takes a course out. That it is not there is what was wanted.
func (c *Carts) Remove(ctx context.Context, userID, courseID string) (shop.Cart, error) {
	now, err := c.Store.Carts.Remove(ctx, userID, courseID)
	if err != nil {
		return shop.Cart{}, err
	}
	return c.changed(ctx, userID, now, nil), nil
}

// Empty takes everything out.
func (c *Carts) Empty(ctx context.Context, userID string) (shop.Cart, error) {
	now, err := c.Store.Carts.Empty(ctx, userID)
	if err != nil {
		return shop.Cart{}, err
	}
	return c.changed(ctx, userID, now, nil), nil
}

// RemoveBought takes the lines that a paid order has bought, and only these, out. Lines of
// the same courses that stay are priced again: what the learner owns has changed. An error says that the lines are
// there still, or that not all pages know: a repeat mends either.
func (c *Carts) RemoveBought(ctx context.Context, userID, orderID string, bought []shop.CartBought) error {
	now, changed, err := c.Store.Carts.RemoveBought(ctx, userID, orderID, bought)
	if err != nil {
		return err
	}
	var again []string
	for _, b := range bought {
		if now.Has(b.CourseID) {
			again = append(again, b.CourseID)
		}
	}
	if !changed && len(again) == 0 {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	return c.announce(ctx, userID, c.refresh(ctx, userID, now, again), "bought:"+orderID)
}

// changed refreshes a cart that was just changed and announces it. again names courses whose
// lines are looked at besides those that are outdated. The change is made: the end of the
// request does not stop it.
func (c *Carts) changed(ctx context.Context, userID string, stored shop.Cart, again []string) shop.Cart {
	ctx = context.WithoutCancel(ctx)
	now := c.refresh(ctx, userID, stored, again)
	_ = c.announce(ctx, userID, now, "") // publish has logged it
	return now
}

// announce publishes a cart; under a cause that may come again, each version once. Two changes may be published in the other order than they were
// made, and of several carts that wait for a page the last one may come alone; so the cart
// is looked at again after it was published, until the last one published is the newest.
func (c *Carts) announce(ctx context.Context, userID string, now shop.Cart, cause string) error {
	for range rounds {
		if err := c.publish(ctx, shop.CartChanged(userID, now, cause)); err != nil {
			return err
		}
		newer, err := c.Store.Carts.Get(ctx, userID)
		if err != nil || newer.Version <= now.Version {
			return err
		}
		now = newer
	}
	return nil
}

// publish sends a cart to the learner's pages: codes and figures, no sentences. A hub
// that is down costs the other pages their news, not the caller the answer.
func (c *Carts) publish(ctx context.Context, e shop.Event) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTime)
	defer cancel()
	_, err := c.Hub.Publish(ctx, hub.Event(e))
	if err != nil && !errors.Is(err, hub.ErrPending) { // a pending event arrives when Redis is back
		c.Log.WarnContext(ctx, "event not published", "type", e.Type, "err", err)
	}
	return err
}
