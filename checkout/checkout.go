// Package checkout is the life of an order: quote, place, pay, settle, fulfil, close and
// refund. Handlers and the sweeper call the same functions; the rules are shop's.
//
// How it stays right when a process dies, something runs twice, or two run at once: every
// move is one conditional replacement of the order's document (store.Orders.Change); what
// must follow a move is written into that same document as duties; each duty is safe to do
// twice (a keyed insert, a conditional update, an event published once under its key); and a row
// in `wakeups`, written before the order and deleted after it has come to rest, makes sure that a
// sweeper looks again. No lock and no clock decides anything.
//
// To read it in the order of a purchase: quote.go, place.go (claim.go, holder.go: no two open
// orders for one course), pay.go (prepay.go, attempt.go: the order's numbers at WeChat), settle.go
// (the callback), drive.go and look.go (what follows, step by step), duty.go, grant.go, news.go. Its
// ends: close.go; refund.go (what goes back), refund_wechat.go (how), refund_follow.go (what it
// takes away). By themselves go: sweep.go, access_end.go, reconcile.go.
package checkout

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
	"mstm/store/redisstore"
	"mstm/wechat"
)

// Checkout moves orders through their lives: one part a noun, each with the few collections
// that it touches. The methods of all parts may be called from any goroutine.
type Checkout struct {
	Quotes          *Quotes
	Placing         *Placing
	Payments        *Payments
	Settlements     *Settlements
	Closing         *Closing
	Refunds         *Refunds
	WeChatRefunds   *WeChatRefunds
	Driver          *Driver
	Claims          *Claims
	News            *News
	AccessEnds      *AccessEnds
	Reconciliations *Reconciliations
	Cash            *Cash
	Gifts           *Gifts
	Search          *Search
	Invariants      *Invariants
	Stories         *Stories
	Exceptions      *Exceptions

	orders *store.Orders
	busy   *sync.WaitGroup // orders driven behind an answered request
}

// Config is what a Checkout works with. All of it is needed but what says otherwise.
type Config struct {
	Store    Collections
	Hub      *hub.Hub
	Pay      *wechat.Pay
	Merchant shop.Merchant
	Teller   Teller
	Carts    Carts
	Payers   Payers           // nil: no order is paid inside WeChat
	Webhooks Webhooks         // nil: there are none
	Now      func() time.Time // the shop's clock
	Log      *slog.Logger

	RemindBefore time.Duration // how long before it closes the buyer of an unpaid order is reminded; 0: never
	// RefundStepUpAbove is how much of an order, in fen, finance gives back without proving to be there.
	RefundStepUpAbove shop.Fen
}

// basics are what every part needs.
type basics struct {
	now func() time.Time
	log *slog.Logger
}

// alarm is a log line that a person is called for.
func (b basics) alarm(ctx context.Context, what string, args ...any) {
	b.log.ErrorContext(ctx, what, append(args, "alarm", true)...)
}

// New is a Checkout; its Work is to be run. Its clock goes by milliseconds, as the database's times
// do: an order that was just written is the same as one that is read.
func New(cfg Config) *Checkout {
	now, s := cfg.Now, cfg.Store
	if cfg.Webhooks == nil {
		cfg.Webhooks = noWebhooks{}
	}
	b := basics{now: func() time.Time { return now().Truncate(time.Millisecond) }, log: cfg.Log}
	busy, locks := &sync.WaitGroup{}, &keyedLocks{}

	quotes := &Quotes{basics: b, courses: s.Courses, enrolments: s.Enrolments}
	claims := &Claims{basics: b, claims: s.Claims, orders: s.Orders, wakeups: s.Wakeups}
	buyers := &buyers{basics: b, users: s.Users, audit: s.Audit}
	news := &News{basics: b, hub: cfg.Hub, teller: cfg.Teller, carts: cfg.Carts, webhooks: cfg.Webhooks, orders: s.Orders, enrolments: s.Enrolments, playing: s.Playing, unsent: s.Unsent, unmatched: s.UnmatchedPayments}
	grants := &grants{basics: b, orders: s.Orders, courses: s.Courses, enrolments: s.Enrolments, trials: s.Trials, ends: s.AccessEnds, news: news}

	driver := &Driver{basics: b, locks: locks, busy: busy, orders: s.Orders, wakeups: s.Wakeups, audit: s.Audit, figures: s.Figures, claims: claims, buyers: buyers, news: news, grants: grants}
	settlements := &Settlements{
		basics: b, merchant: cfg.Merchant, orders: s.Orders, wakeups: s.Wakeups, unmatched: s.UnmatchedPayments,
		quotes: quotes, claims: claims, buyers: buyers, driver: driver, news: news,
	}
	attempts := &attempts{basics: b, pay: cfg.Pay, orders: s.Orders, limits: s.Limits, settlements: settlements, news: news}
	closing := &Closing{basics: b, teller: cfg.Teller, orders: s.Orders, claims: claims, buyers: buyers, attempts: attempts, news: news, driver: driver}
	refunds := &Refunds{
		basics: b, stepUpAbove: cfg.RefundStepUpAbove, locks: locks, orders: s.Orders, wakeups: s.Wakeups, enrolments: s.Enrolments, courses: s.Courses,
		progress: s.Progress, driver: driver,
	}
	weChatRefunds := &WeChatRefunds{basics: b, pay: cfg.Pay, merchant: cfg.Merchant, orders: s.Orders, wakeups: s.Wakeups, driver: driver}
	// What the driver does to an order may have the order driven on: each knows the other.
	driver.attempts, driver.closing, driver.refunds, driver.weChatRefunds = attempts, closing, refunds, weChatRefunds

	payments := &Payments{
		basics: b, locks: locks, payers: cfg.Payers, orders: s.Orders, attempts: attempts, driver: driver,
		prepays: &prepays{basics: b, pay: cfg.Pay, orders: s.Orders, attempts: attempts},
	}
	invariants := &Invariants{basics: b, store: s, news: news}
	return &Checkout{
		Quotes: quotes, Payments: payments, Settlements: settlements, Closing: closing, Refunds: refunds, WeChatRefunds: weChatRefunds,
		Driver: driver, Claims: claims, News: news,
		Placing: &Placing{
			basics: b, locks: locks, remindBefore: cfg.RemindBefore, orders: s.Orders, keys: s.IdempotencyKeys, wakeups: s.Wakeups,
			quotes: quotes, claims: claims, payments: payments, attempts: attempts, news: news,
			holders: &holders{basics: b, orders: s.Orders, claims: claims, driver: driver},
		},
		AccessEnds: &AccessEnds{basics: b, teller: cfg.Teller, ends: s.AccessEnds, courses: s.Courses, enrolments: s.Enrolments, buyers: buyers, news: news},
		Reconciliations: &Reconciliations{
			basics: b, busy: busy, pay: cfg.Pay, reconciliations: s.Reconciliations, orders: s.Orders, wakeups: s.Wakeups, audit: s.Audit, settings: s.Settings,
			settlements: settlements, weChatRefunds: weChatRefunds, driver: driver,
		},
		Cash: &Cash{orders: s.Orders, users: s.Users},
		Gifts: &Gifts{
			basics: b, users: s.Users, courses: s.Courses, orders: s.Orders, enrolments: s.Enrolments, wakeups: s.Wakeups, claims: claims, driver: driver,
		},
		Search:     &Search{orders: s.Orders, users: s.Users},
		Invariants: invariants,
		Exceptions: &Exceptions{
			basics: b, pay: cfg.Pay, orders: s.Orders, wakeups: s.Wakeups, unmatched: s.UnmatchedPayments, claims: claims, audit: s.Audit, driver: driver,
		},
		Stories: &Stories{
			basics: b, orders: s.Orders, users: s.Users, enrolments: s.Enrolments, unmatched: s.UnmatchedPayments, notices: s.Notices,
			deliveries: s.Deliveries, invariants: invariants,
		},
		orders: s.Orders, busy: busy,
	}
}

// CountUnmatched counts the payments that fit no order and wait for a person.
func (c *Checkout) CountUnmatched(ctx context.Context) (int64, error) {
	return c.Exceptions.countOpen(ctx)
}

// OrderOf reads an order for its owner; another user's order is answered like a missing one.
func (c *Checkout) OrderOf(ctx context.Context, userID, orderID string) (*shop.Order, error) {
	return ownOrder(ctx, c.orders, userID, orderID)
}

func ownOrder(ctx context.Context, orders *store.Orders, userID, orderID string) (*shop.Order, error) {
	if !shop.ValidID(orderID) {
		return nil, shop.ErrOrderNotFound
	}
	o, err := orders.Get(ctx, orderID)
	if err != nil {
		return nil, err
	}
	if o.UserID != userID {
		return nil, shop.ErrOrderNotFound
	}
	return o, nil
}

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

// Webhooks sends what happens to the owner's other programs, later. Each call may come twice for the same thing.
type Webhooks interface {
	OrderPaid(ctx context.Context, o *shop.Order) error
	OrderRefunded(ctx context.Context, o *shop.Order) error
	EnrolmentChanged(ctx context.Context, e *shop.Enrolment) error
}

// noWebhooks are those of a shop without them.
type noWebhooks struct{}

func (noWebhooks) OrderPaid(context.Context, *shop.Order) error            { return nil }
func (noWebhooks) OrderRefunded(context.Context, *shop.Order) error        { return nil }
func (noWebhooks) EnrolmentChanged(context.Context, *shop.Enrolment) error { return nil }

// tellingMost bounds these repeats for a course that other processes keep changing; each of them
// publishes its own change.
const tellingMost = 8

// Collections are the collections that the parts of a Checkout read and write; New hands each
// part the few that it touches.
type Collections struct {
	Users             *store.Users
	Courses           *store.Courses
	Orders            *store.Orders
	IdempotencyKeys   *store.IdempotencyKeys
	Claims            *store.Claims
	Wakeups           *store.OrderWakeups
	Enrolments        *store.Enrolments
	AccessEnds        *store.AccessEnds
	Trials            *store.Trials
	Progress          *store.Progress
	Playing           *store.Playing
	UnmatchedPayments *store.UnmatchedPayments
	Reconciliations   *store.Reconciliations
	Notices           *store.Notices
	Deliveries        *store.Deliveries
	Unsent            *store.UnsentNews
	Audit             *store.Audit
	Figures           *store.Figures
	Settings          *store.Settings
	Limits            *redisstore.Limits
}

// CollectionsOf are those of a shop.
func CollectionsOf(db *store.DB) Collections {
	return Collections{
		Users:             db.Users,
		Courses:           db.Courses,
		Orders:            db.Orders,
		IdempotencyKeys:   db.IdempotencyKeys,
		Claims:            db.Claims,
		Wakeups:           db.OrderWakeups,
		Enrolments:        db.Enrolments,
		AccessEnds:        db.AccessEnds,
		Trials:            db.Trials,
		Progress:          db.Progress,
		Playing:           db.Playing,
		UnmatchedPayments: db.UnmatchedPayments,
		Reconciliations:   db.Reconciliations,
		Notices:           db.Notices,
		Deliveries:        db.Deliveries,
		Unsent:            db.Unsent,
		Audit:             db.Audit,
		Figures:           db.Figures,
		Settings:          db.Settings,
		Limits:            db.Limits,
	}
}
