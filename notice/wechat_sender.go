package notice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"mstm/runner"
	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// WeChatSenderConfig is what a WeChatSender works with. All of it is needed.
type WeChatSenderConfig struct {
	Store     SenderCollections
	Account   *wechat.Account
	Templates Templates
	PublicURL string           // before the links of messages
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
	poke   chan struct{}
	places chan struct{} // one for each message that is being sent
	market chan struct{} // one for each activity among them

	mu     sync.Mutex // guards flying
	flying map[string]bool
}

// NewWeChatSender is a WeChatSender; its Work is to be run.
func NewWeChatSender(cfg WeChatSenderConfig) *WeChatSender {
	return &WeChatSender{
		WeChatSenderConfig: cfg, poke: make(chan struct{}, 1), flying: map[string]bool{},
		places: make(chan struct{}, couriers), market: make(chan struct{}, marketers),
	}
}

const (
	couriers     = 8                // messages at a time
	marketers    = 6                // of them activities at most, so that a buyer's message does not wait for marketing
	roundMost    = 256              // rows read at once
	lookEvery    = time.Second      // of real time, for what another instance left
	sendTime     = 8 * time.Second  // for one message, its access token included
	leaseFor     = 30 * time.Second // others leave a message alone that is being sent
	repeatWithin = 8 * time.Minute  // WeChat knows a client_msg_id for about ten
	firstPause   = 5 * time.Second
	longestPause = 5 * time.Minute
	dropAfter    = 24 * time.Hour     // a row without a delivery: its writer is surely gone by then
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
	if c == nil {
		return
	}
	select {
	case c.poke <- struct{}{}:
	default:
	}
}

// Work sends what is due, on every instance.
func (c *WeChatSender) Work() runner.Work {
	var work sync.WaitGroup
	return runner.Work{
		Name: "WeChat messages", Every: lookEvery, Wake: c.poke, End: work.Wait,
		Look: func(ctx context.Context) (bool, error) { return c.round(ctx, &work) },
	}
}

// round begins to send what is due, as places are free, and reports whether there may be more.
// It comes back early when something new may have to go first: at once where it was noted here,
// after lookEvery where on another instance.
func (c *WeChatSender) round(ctx context.Context, work *sync.WaitGroup) (more bool, err error) {
	due, err := c.Store.Deliveries.Due(ctx, c.Now(), roundMost)
	if err != nil || len(due) == 0 {
		return false, err
	}
	pauses, err := c.pauses(ctx)
	if err != nil {
		return false, err
	}
	mix(due)
	over := time.After(lookEvery)
	for _, row := range due {
		if !c.takeOff(row) {
			continue
		}
		if !c.placed(ctx, row, over) {
			c.land(row)
			return ctx.Err() == nil, nil
		}
		more = true
		work.Go(func() {
			defer c.land(row)
			defer c.leave(row)
			// A shop that closes ends what it is at; what it has not begun waits for another.
			ctx := context.WithoutCancel(ctx)
			if err := c.visit(ctx, row, pauses); err != nil {
				c.Log.WarnContext(ctx, "delivery waits for its next try", "kind", row.Kind, "err", err)
			}
		})
	}
	return more, nil
}

// mix shuffles what goes before nothing else, so that instances do not all begin with the same.
func mix(due []store.DeliveryWakeup) {
	rand.Shuffle(len(due), func(i, j int) {
		if due[i].Rank == due[j].Rank {
			due[i], due[j] = due[j], due[i]
		}
	})
}

// placed waits for a place, or two for an activity. False: something else may have to go first,
// or ctx is over.
func (c *WeChatSender) placed(ctx context.Context, row store.DeliveryWakeup, over <-chan time.Time) bool {
	needed := []chan struct{}{c.places}
	poke := c.poke
	switch {
	case row.Kind == shop.KindActivity:
		needed = []chan struct{}{c.market, c.places}
	case row.Rank == 0:
		poke, over = nil, nil // nothing goes before it
	}
	for i, place := range needed {
		select {
		case <-poke:
		case <-over:
		case <-ctx.Done():
		case place <- struct{}{}:
			continue
		}
		for _, taken := range needed[:i] {
			<-taken
		}
		return false
	}
	return true
}

// leave gives back what placed took.
func (c *WeChatSender) leave(row store.DeliveryWakeup) {
	<-c.places
	if row.Kind == shop.KindActivity {
		<-c.market
	}
}

// takeOff reports whether this process is not at this message yet.
func (c *WeChatSender) takeOff(row store.DeliveryWakeup) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flying[row.ID] {
		return false
	}
	c.flying[row.ID] = true
	return true
}

func (c *WeChatSender) land(row store.DeliveryWakeup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flying, row.ID)
}

// visit looks at the message of a due row, and mends a row that is behind.
func (c *WeChatSender) visit(ctx context.Context, row store.DeliveryWakeup, pauses map[string]pause) error {
	d, err := c.Store.Deliveries.Get(ctx, row.ID)
	there := err == nil
	now := c.Now()
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	case !there && now.Sub(row.Since) < dropAfter:
		return c.Store.Deliveries.Reschedule(ctx, row.ID, now.Add(lookEvery)) // it is being written
	case !there, d.State != shop.DeliveryWaiting:
		return c.Store.Deliveries.Done(ctx, row.ID)
	case d.NextAt.After(now):
		return c.Store.Deliveries.Reschedule(ctx, row.ID, d.NextAt)
	}
	return c.carry(ctx, *d, pauses)
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
	if won, err := c.Store.Deliveries.Save(ctx, &d); !won || err != nil {
		return err // another sender has it
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
	_, err := c.Store.Deliveries.Save(ctx, &d)
	return err
}

// putOff notes when to try again, and why.
func (c *WeChatSender) putOff(ctx context.Context, d shop.Delivery, until time.Time, why error) error {
	d.NextAt = until.UTC()
	_, err := c.Store.Deliveries.Save(ctx, &d)
	return errors.Join(why, err)
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
