package notice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"mstm/runner"
	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// WeChatSenderConfig is what a WeChatSender works with. All of it is needed but what
// says otherwise.
type WeChatSenderConfig struct {
	Store     SenderCollections
	Account   *wechat.Account
	Templates Templates
	PublicURL string           // before the links of messages
	Wake      func()           // optional: has this instance look at what is due now
	Now       func() time.Time // the shop's clock
	Log       *slog.Logger
}

// WeChatSender sends what waits in `deliveries` as WeChat messages, on every instance.
//
// Why a message arrives once: a delivery is one row for a kind, a subject and a user. Before
// WeChat is asked, the row says so (AskedAt) and is hidden from the other instances for a while.
// After a crash in between, another instance asks again under the same client_msg_id, by which
// WeChat recognises a repeat for some ten minutes. After that, and where WeChat has no such id, a
// message with an unknown outcome is given up: it is in the inbox, and a second copy would be
// worse than none.
type WeChatSender struct {
	WeChatSenderConfig
	places chan struct{} // one for each message that is being sent

	mu     sync.Mutex // guards all below
	paused map[string]pause
	readAt time.Time // in real time, when paused was read; zero: to be read
}

// NewWeChatSender is a WeChatSender; its Wakeups are to be run.
func NewWeChatSender(cfg WeChatSenderConfig) *WeChatSender {
	return &WeChatSender{WeChatSenderConfig: cfg, places: make(chan struct{}, couriers)}
}

const (
	couriers     = 8                // messages at a time
	marketers    = 6                // of them activities at most, so that a buyer's message does not wait for marketing
	pausesAge    = time.Second      // of real time, for which it is known what is stopped
	sendTime     = 8 * time.Second  // for one message, its access token included
	leaseFor     = 30 * time.Second // others leave a message alone that is being sent
	repeatWithin = 8 * time.Minute  // WeChat knows a client_msg_id for about ten
	firstPause   = 5 * time.Second
	longestPause = 5 * time.Minute
	askAgain     = 7 * 24 * time.Hour // whether a former follower follows again, should the event be lost
)

// Post notes a message that is to be sent to a learner, if they have a WeChat. It is safe to
// do twice, and asks WeChat nothing.
func (c *WeChatSender) Post(ctx context.Context, d shop.Delivery) error {
	if c == nil {
		return nil
	}
	b, err := c.Store.Bindings.Get(ctx, d.UserID)
	if err != nil || b.Openid == "" {
		return err
	}
	fresh, err := c.Store.Deliveries.Insert(ctx, d)
	if fresh {
		c.Poke()
	}
	return err
}

// Poke makes the sender look for work now.
func (c *WeChatSender) Poke() {
	if c != nil && c.Wake != nil {
		c.Wake()
	}
}

// Wakeups handle the wakeups of messages. All share the sender's places, of which activities have some
// at most, so that a buyer's message does not wait for marketing.
func (c *WeChatSender) Wakeups() []runner.Handler {
	return []runner.Handler{
		{Kind: shop.WakeMessage, Places: couriers, Look: c.look},
		{Kind: shop.WakeActivity, Places: marketers, Look: c.look},
	}
}

// look looks at the message of a wakeup.
func (c *WeChatSender) look(ctx context.Context, w shop.Wakeup) (settled bool, err error) {
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	// A shop that closes ends what it is at; what it has not begun waits for another.
	ctx = context.WithoutCancel(ctx)
	settled, err = c.visit(ctx, w)
	switch {
	case errors.Is(err, errElsewhere):
		return false, nil
	case err != nil:
		kind, _, _ := strings.Cut(w.Key(), ":")
		c.Log.WarnContext(ctx, "delivery waits for its next try", "kind", kind, "err", err)
	}
	return settled && err == nil, err
}

// visit looks at a message, and mends a wakeup that is early.
func (c *WeChatSender) visit(ctx context.Context, w shop.Wakeup) (settled bool, err error) {
	d, err := c.Store.Deliveries.Get(ctx, w.Key())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return c.Store.Wakeups.Orphan(ctx, w)
	case err != nil:
		return false, err
	case d.State != shop.DeliveryWaiting:
		return c.Store.Wakeups.Remove(ctx, w)
	case d.NextAt.After(c.Now()):
		return c.Store.Wakeups.Reschedule(ctx, w, d.NextAt)
	}
	pauses, err := c.pausesNow(ctx)
	if err != nil {
		return false, err
	}
	return true, c.carry(ctx, *d, pauses)
}

// lasts is how long a message is news.
func lasts(kind string) time.Duration {
	switch {
	case kind == shop.NoticeOrderClosing:
		return 10 * time.Minute
	case shop.TopicOf(kind) == shop.TopicOrders:
		return 72 * time.Hour
	}
	return 24 * time.Hour
}

// carry takes one delivery to its end, or to its next try.
func (c *WeChatSender) carry(ctx context.Context, d shop.Delivery, pauses map[string]pause) error {
	now := c.Now()
	if now.Sub(d.CreatedAt) > lasts(d.Kind) {
		return c.finish(ctx, d, shop.DeliveryFailed, unsent(d, shop.FailedLate))
	}
	if halted, err := c.halted(ctx, d); halted || err != nil {
		return err
	}
	to, skip, err := c.recipient(ctx, d)
	if err != nil {
		return c.putOff(ctx, d, now.Add(firstPause), err)
	}
	t, ok := c.Templates[messageKind(d.Kind)]
	switch {
	case skip != "":
		return c.finish(ctx, d, shop.DeliverySkipped, skip)
	case !ok:
		return c.finish(ctx, d, shop.DeliverySkipped, shop.SkipNoTemplate)
	case c.unrepeatable(d, to, t, now):
		return c.finish(ctx, d, shop.DeliveryFailed, shop.FailedUnknown)
	}
	if until, stopped := stoppedUntil(pauses, d.Kind, t, now); stopped {
		return c.putOff(ctx, d, until, nil)
	}
	return c.send(ctx, d, to, t)
}

// unsent is why a delivery failed without being sent, or says that the outcome is unknown.
func unsent(d shop.Delivery, code string) string {
	if d.AskedAt != nil {
		return shop.FailedUnknown
	}
	return code
}

// recipient is the binding that a delivery goes to, or why it does not go.
func (c *WeChatSender) recipient(ctx context.Context, d shop.Delivery) (b store.Binding, skip string, err error) {
	if b, err = c.Store.Bindings.Get(ctx, d.UserID); err != nil {
		return b, "", err
	}
	if b.Openid == "" {
		return b, shop.SkipNoWeChat, nil
	}
	u, err := c.Store.Users.Get(ctx, d.UserID)
	switch {
	case errors.Is(err, shop.ErrUserNotFound):
		return b, shop.SkipNoWeChat, nil
	case err != nil:
		return b, "", err
	case !u.Wants(shop.TopicOf(d.Kind)):
		return b, shop.SkipOptedOut, nil
	}
	if d.Kind == shop.KindActivity {
		// Without a consent on record WeChat would refuse; one that is being used up by a repeat
		// of this very message was on record before.
		if t, ok := c.Templates[shop.KindActivity]; ok && d.AskedAt == nil && b.Consent(t.ID) == 0 {
			return b, shop.SkipNotSubscribed, nil
		}
		return b, "", nil
	}
	if b.Unfollowed && c.Now().Sub(b.FollowAt) < askAgain {
		return b, shop.SkipNotFollowing, nil
	}
	return b, "", nil
}

// unrepeatable reports whether WeChat may have the message and could not tell a repeat: its
// memory of the client_msg_id is over, or, of a subscription notice, a second consent would
// let a second message through.
func (c *WeChatSender) unrepeatable(d shop.Delivery, to store.Binding, t Template, now time.Time) bool {
	if d.AskedAt == nil {
		return false
	}
	if d.Kind == shop.KindActivity {
		return to.Consent(t.ID) > 1
	}
	return now.Sub(*d.AskedAt) > repeatWithin
}

// send asks WeChat, after writing down that it will.
func (c *WeChatSender) send(ctx context.Context, d shop.Delivery, to store.Binding, t Template) error {
	before := d.AskedAt
	now := c.Now().UTC()
	d.Attempts++
	d.NextAt = now.Add(leaseFor)
	if before == nil {
		d.AskedAt = &now
	}
	if won, err := c.Store.Deliveries.Note(ctx, &d); err != nil {
		return err
	} else if !won {
		return errElsewhere
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	m := wechat.Message{Openid: to.Openid, TemplateID: t.ID, Fields: t.fill(d), URL: c.link(d.Link), ClientMsgID: clientMsgID(d.ID)}
	var err error
	if d.Kind == shop.KindActivity {
		err = c.Account.SendSubscribed(ctx, m)
	} else {
		d.MsgID, err = c.Account.SendTemplate(ctx, m)
	}
	return c.settle(context.WithoutCancel(ctx), d, before, m, err)
}

// link is where a touch on the message leads.
func (c *WeChatSender) link(link string) string {
	if strings.HasPrefix(link, "/") {
		return c.PublicURL + link
	}
	return link
}

// clientMsgID names the delivery to WeChat in 32 characters.
func clientMsgID(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// finish notes what became of a delivery.
func (c *WeChatSender) finish(ctx context.Context, d shop.Delivery, state shop.DeliveryState, code string) error {
	d.State, d.Code, d.AskedAt = state, code, nil
	if state == shop.DeliverySent {
		now := c.Now().UTC()
		d.SentAt = &now
	}
	return c.save(ctx, d)
}

// errElsewhere ends a look at a message that was written since it was read: another sender has it, or
// WeChat has said what became of it.
var errElsewhere = errors.New("the message was written elsewhere")

func (c *WeChatSender) save(ctx context.Context, d shop.Delivery) error {
	won, err := c.Store.Deliveries.Save(ctx, &d)
	if err == nil && !won {
		err = errElsewhere
	}
	return err
}

// putOff notes when to try again, and why.
func (c *WeChatSender) putOff(ctx context.Context, d shop.Delivery, until time.Time, why error) error {
	d.NextAt = until.UTC()
	return errors.Join(why, c.save(ctx, d))
}

// retryPause is the pause after so many attempts.
func retryPause(attempts int) time.Duration {
	return min(firstPause<<min(max(attempts-1, 0), 8), longestPause)
}

// code is WeChat's errcode of a refusal, for the record.
func code(err error) string {
	var answer *wechat.Refusal
	if errors.As(err, &answer) {
		return answer.Code
	}
	return ""
}

// alarm is a log line that a person is called for.
func (c *WeChatSender) alarm(ctx context.Context, what string, args ...any) {
	c.Log.ErrorContext(ctx, what, append(args, "alarm", true)...)
}
