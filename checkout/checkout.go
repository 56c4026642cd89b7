// Package checkout is the life of an order: quote, place, pay, settle, fulfil, close and
// refund. Handlers and the sweeper call the same functions; the rules are shop's.
//
// How it stays right when a process dies, something runs twice, or two run at once: every
// move is one conditional replacement of the order's document (store.Orders.Change); what
// must follow a move is written into that same document as duties; each duty is safe to do
// twice (a keyed insert, a conditional update, an event published once under its key); and a row
// in `due`, written before the order and deleted after it has come to rest, makes sure that a
// sweeper looks again. No lock and no clock decides anything.
package checkout

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// Teller informs a learner by every channel but the live event that checkout publishes itself.
// Each call may come twice for the same thing.
type Teller interface {
	OrderFulfilled(ctx context.Context, o *shop.Order) error
	Refunded(ctx context.Context, o *shop.Order, r *shop.Refund) error
	PaidBack(ctx context.Context, o *shop.Order, r *shop.Refund) error
	OrderClosing(ctx context.Context, o *shop.Order) error
	AccessEnds(ctx context.Context, userID string, r shop.Reminder) error

	// ShowAgain shows open pages a notice or broadcast that they have not been shown; an error: not now either.
	ShowAgain(ctx context.Context, u store.Unsent) error
}

// Carts takes what an order has bought out of the buyer's cart, before the buyer's pages. It
// may be called twice for the same order.
type Carts interface {
	RemoveBought(ctx context.Context, userID, orderID string, bought []shop.CartBought) error
}

// Config is what a Checkout works with. All of it is needed but what says otherwise.
type Config struct {
	Store    Collections
	Hub      *hub.Hub
	Pay      *wechat.Pay
	Merchant shop.Merchant
	Teller   Teller
	Carts    Carts
	Now      func() time.Time // the shop's clock
	Log      *slog.Logger

	RemindBefore time.Duration // how long before it closes the buyer of an unpaid order is reminded; 0: never
}

// Checkout moves orders through their lives. Its methods may be called from any goroutine.
type Checkout struct {
	Config
	busy  sync.WaitGroup // orders driven behind an answered request
	locks keyedLocks
}

// New is a Checkout; its Work is to be run. Its clock goes by milliseconds, as the database's times
// do: an order that was just written is the same as one that is read.
func New(cfg Config) *Checkout {
	now := cfg.Now
	cfg.Now = func() time.Time { return now().Truncate(time.Millisecond) }
	return &Checkout{Config: cfg}
}

// Close waits until the work that was begun behind answered requests is done, or ctx ends.
// What is left then is the sweeper's after the next start.
func (c *Checkout) Close(ctx context.Context) error {
	done := make(chan struct{})
	go func() { c.busy.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// behind drives an order after its request was answered.
func (c *Checkout) behind(ctx context.Context, orderID string) {
	c.goBehind(ctx, orderID, func(ctx context.Context) error { return c.drive(ctx, orderID) })
}

// goBehind does what drives an order after its request was answered.
func (c *Checkout) goBehind(ctx context.Context, orderID string, drive func(context.Context) error) {
	ctx = store.WithRedisBudget(store.Background(context.WithoutCancel(ctx), store.Settlement)) // the request's own may be spent
	c.busy.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, driveTime)
		defer cancel()
		c.logWaiting(ctx, orderID, drive(ctx))
	})
}

// announceEnrolment publishes the state of a course to the learner's open pages, now or when Redis
// takes it.
func (c *Checkout) announceEnrolment(ctx context.Context, why string, e *shop.Enrolment) error {
	err := c.publishEnrolment(ctx, why, e)
	return c.orLater(ctx, err, store.Unsent{Kind: store.UnsentEnrolment, Ref: e.CourseID, UserID: e.UserID, Why: why})
}

// publishEnrolment publishes the state of a course, each state once for one reason. Between the
// read and the publish another process may have changed the enrolment and published the newer
// state; so the enrolment is read again after each publish, until the state published last is the
// current one.
func (c *Checkout) publishEnrolment(ctx context.Context, why string, e *shop.Enrolment) error {
	for range tellingMost {
		view := e.View(c.Now())
		if err := c.publish(ctx, shop.EnrolmentChanged(why, e, view)); err != nil {
			return err
		}
		now, err := c.Store.Enrolments.Get(ctx, e.UserID, e.CourseID)
		if err != nil || now.V == e.V && now.StateAt(c.Now()) == view.State {
			return err
		}
		e = now
	}
	return nil
}

// tellingMost bounds these repeats for a course that other processes keep changing; each of them
// publishes its own change.
const tellingMost = 8

// announceOrder publishes the order's present state to the learner's open pages, now or when Redis takes
// it.
func (c *Checkout) announceOrder(ctx context.Context, o *shop.Order) error {
	return c.orLater(ctx, c.publishOrder(ctx, o), store.Unsent{Kind: store.UnsentOrder, Ref: o.ID, UserID: o.UserID})
}

// publishOrder publishes the order's state, once for each time that it came to this state.
func (c *Checkout) publishOrder(ctx context.Context, o *shop.Order) error {
	return c.publish(ctx, shop.OrderChanged(o))
}

// alarm is a log line that a person is called for.
func (c *Checkout) alarm(ctx context.Context, what string, args ...any) {
	c.Log.ErrorContext(ctx, what, append(args, "alarm", true)...)
}

const (
	announceTime = 2 * time.Second  // for one live event
	driveTime    = 30 * time.Second // for one order behind a request
)

// keyedLocks lets one goroutine of this process at a time work on an order. It only saves
// double work.
type keyedLocks struct {
	mu   sync.Mutex
	held map[string]*keyedLock
}

type keyedLock struct {
	turn  chan struct{} // holds one element while the lock is held
	users int
}

// lock waits for its turn at the key, until ctx ends: shop.ErrUnavailable. waited reports whether
// another holder was before it.
func (l *keyedLocks) lock(ctx context.Context, key string) (unlock func(), waited bool, err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*keyedLock{}
	}
	k := l.held[key]
	if k == nil {
		k = &keyedLock{turn: make(chan struct{}, 1)}
		l.held[key] = k
	}
	k.users++
	waited = k.users > 1
	l.mu.Unlock()
	select {
	case k.turn <- struct{}{}:
		return func() { <-k.turn; l.leave(key, k) }, waited, nil
	case <-ctx.Done():
		l.leave(key, k)
		return nil, waited, fmt.Errorf("wait for %s: %w: %w", key, shop.ErrUnavailable, ctx.Err())
	}
}

func (l *keyedLocks) leave(key string, k *keyedLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.users--; k.users == 0 {
		delete(l.held, key)
	}
}
