package checkout

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"mstm/shop"
	"mstm/store"
)

// Stories say all that the shop keeps about an order, for the console.
type Stories struct {
	basics
	orders     *store.Orders
	users      *store.Users
	enrolments *store.Enrolments
	unmatched  *store.UnmatchedPayments
	notices    *store.Notices
	deliveries *store.Deliveries
	invariants *Invariants
}

// Story is everything that explains what became of a buyer's money.
type Story struct {
	Order      *shop.Order
	Username   string
	Unmatched  []Unmatched // payments under one of its numbers that did not fit
	Lines      []shop.LineStanding
	Messages   []Message
	Violations []shop.Violation
}

// Message is a notice about the order, and what became of it as a message in WeChat.
type Message struct {
	Kind     string     `json:"kind"`
	Title    string     `json:"title"`
	PostedAt time.Time  `json:"posted_at"`
	ReadAt   *time.Time `json:"read_at,omitempty"`
	WeChat   *Sending   `json:"wechat,omitempty"` // missing: none was to be sent
}

// Sending is how far a WeChat message has come.
type Sending struct {
	State  shop.DeliveryState `json:"state"`
	Code   string             `json:"code,omitempty"` // why it failed or was skipped
	SentAt *time.Time         `json:"sent_at,omitempty"`
}

// Of reads an order with its story.
func (c *Stories) Of(ctx context.Context, orderID string) (*Story, error) {
	o, err := c.orders.Get(ctx, orderID)
	if err != nil {
		return nil, err
	}
	return c.Tell(ctx, o)
}

// Owner is the user that placed an order.
func (c *Stories) Owner(ctx context.Context, orderID string) (string, error) {
	o, err := c.orders.Get(ctx, orderID)
	if err != nil {
		return "", err
	}
	return o.UserID, nil
}

// Tell is Of for an order that was just read or written.
func (c *Stories) Tell(ctx context.Context, o *shop.Order) (s *Story, err error) {
	s = &Story{Order: o}
	if u, err := c.users.Get(ctx, o.UserID); err == nil {
		s.Username = u.Username
	} else if !errors.Is(err, shop.ErrUserNotFound) {
		return nil, err
	}
	for _, a := range o.Attempts {
		more, err := c.unmatched.Of(ctx, a.OutTradeNo)
		if err != nil {
			return nil, err
		}
		for _, x := range more {
			s.Unmatched = append(s.Unmatched, Unmatched{x, o.ID, standingOf(&x, o)})
		}
	}
	if s.Lines, err = c.lines(ctx, o); err != nil {
		return nil, err
	}
	if s.Messages, err = c.messages(ctx, o); err != nil {
		return nil, err
	}
	s.Violations, err = c.invariants.OfOrder(ctx, o.ID)
	return s, err
}

func (c *Stories) lines(ctx context.Context, o *shop.Order) ([]shop.LineStanding, error) {
	enrolled, err := c.enrolments.ByID(ctx, enrolmentIDs(o))
	if err != nil {
		return nil, err
	}
	of := func(course string) *shop.Enrolment { return enrolled[shop.EnrolmentID(o.UserID, course)] }
	return shop.StandingsOf(o, of, c.now()), nil
}

func enrolmentIDs(o *shop.Order) (ids []string) {
	for _, l := range o.Lines {
		ids = append(ids, shop.EnrolmentID(o.UserID, l.CourseID))
	}
	return ids
}

// messages are the order's notices that were posted, oldest first.
func (c *Stories) messages(ctx context.Context, o *shop.Order) ([]Message, error) {
	about := shop.NoticesAbout(o)
	var ids, deliveries []string
	for _, n := range about {
		ids, deliveries = append(ids, n.ID(o.UserID)), append(deliveries, n.DeliveryID(o.UserID))
	}
	posted, err := c.notices.ByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	sent, err := c.deliveries.ByID(ctx, deliveries)
	if err != nil {
		return nil, err
	}
	all := []Message{}
	for i, id := range ids {
		n := posted[id]
		if n == nil {
			continue
		}
		m := Message{Kind: n.Kind, Title: n.Title, PostedAt: n.CreatedAt.UTC(), ReadAt: n.ReadAt}
		if d := sent[deliveries[i]]; d != nil {
			m.WeChat = &Sending{d.State, d.Code, d.SentAt}
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b Message) int { return a.PostedAt.Compare(b.PostedAt) })
	return all, nil
}

// OfOrder holds one order, and the enrolments of its courses, against the invariants, as Check does all of them.
func (c *Invariants) OfOrder(ctx context.Context, orderID string) ([]shop.Violation, error) {
	return c.twice(ctx, func(ctx context.Context) ([]shop.Violation, error) {
		k := &checker{store: c.store, now: c.now(), claims: map[string]store.Claim{}, due: map[string]bool{}, audited: map[string]int{}}
		err := k.order(ctx, orderID)
		return k.found, err
	})
}

// order looks at one order with what belongs to it. The order is read last: what leads to it is older.
func (k *checker) order(ctx context.Context, id string) error {
	_, err := k.store.Wakeups.Get(ctx, id)
	k.due[id] = err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	claims, err := k.store.Claims.Of(ctx, id)
	if err != nil {
		return err
	}
	for _, claim := range claims {
		k.claims[claim.ID] = claim
	}
	o, err := k.store.Orders.Get(ctx, id)
	if err != nil {
		return err
	}
	if k.audited[id], err = k.store.Audit.CountMovesOf(ctx, o); err != nil {
		return err
	}
	if err := k.orderBatch(ctx, []*shop.Order{o}); err != nil {
		return err
	}
	enrolled, err := k.store.Enrolments.ByID(ctx, enrolmentIDs(o))
	if err != nil {
		return err
	}
	var all []*shop.Enrolment
	for _, e := range enrolled {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *shop.Enrolment) int { return strings.Compare(a.ID, b.ID) })
	return k.enrolmentBatch(ctx, all)
}
