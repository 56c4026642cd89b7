package modeltest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"mstm/cart"
	"mstm/checkout"
	"mstm/hub"
	"mstm/notice"
	"mstm/runner"
	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// instance is one process of the shop, without its HTTP: its own connections to the
// database, to Redis and to WeChat, which are all cut when it is killed.
type instance struct {
	name     string
	world    *world
	gate     *gate
	store    *store.DB
	checkout *checkout.Checkout
	wakeups  *runner.Wakeups
	pay      *wechat.Pay
	line     *http.Server // its line to WeChat

	mu    sync.Mutex // orders the last call before end
	ended bool
	calls sync.WaitGroup
}

// errKilled ends a call to an instance that is killed during it.
var errKilled = errors.New("killed")

func (w *world) open(name string) (_ *instance, err error) {
	i := &instance{name: name, world: w}
	if i.gate, err = w.mongo.gate(); err != nil {
		return nil, err
	}
	ctx := context.Background()
	i.store, err = store.Open(ctx, store.Config{
		MongoURI: i.gate.uri, RedisURL: "redis://" + w.redis.Addr(), Log: w.logger(), Now: w.clock.now,
	})
	if err != nil {
		return nil, err
	}
	if err := i.callWeChat(ctx); err != nil {
		return nil, err
	}
	live := hub.New(hub.Config{Redis: i.store.Redis(), Now: w.clock.now, Log: w.logger()})
	s := w.wechat.Settings()
	i.checkout = checkout.New(checkout.Config{
		Store: checkout.CollectionsOf(i.store), Hub: live, Pay: i.pay, Merchant: shop.Merchant{AppID: s.AppID, MchID: s.MchID},
		Teller: notice.New(notice.Config{Store: notice.InboxCollectionsOf(i.store), Hub: live, Now: w.clock.now, Log: w.logger()}),
		Carts:  cart.New(cart.Config{Store: cart.CollectionsOf(i.store), Hub: live, Now: w.clock.now, Log: w.logger()}),
		Now:    w.clock.now, Log: w.logger(), RemindBefore: 10 * time.Minute,
	})
	i.wakeups = runner.NewWakeups(runner.WakeupsConfig{
		Queue: i.store.Wakeups, By: store.NewID(), Now: w.clock.now, Real: w.clock.now, Log: w.logger(),
	})
	i.wakeups.Handle(i.checkout.Wakeups()...)
	i.gate.dying = func() {
		go func() { _ = i.store.Redis().Close() }()
		w.funerals.Go(func() { i.end() })
	}
	return i, nil
}

// callWeChat opens the line to WeChat. A killed process neither says nor hears anything.
func (i *instance) callWeChat(ctx context.Context) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	wechatAPI := i.world.wechat.Handler()
	i.line = &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if i.gate.isDead() {
				panic(http.ErrAbortHandler)
			}
			wechatAPI.ServeHTTP(rw, r)
		})}
	go func() { _ = i.line.Serve(ln) }()
	s := i.world.wechat.Settings()
	i.pay, err = wechat.NewPay(ctx, wechat.PayConfig{
		BaseURL: "http://" + ln.Addr().String(), MchID: s.MchID, AppID: s.AppID, Serial: s.Serial,
		PrivateKey: s.PrivateKey, APIv3Key: s.APIv3Key, PublicKeyID: s.PublicKeyID, PublicKey: s.PublicKey,
		NotifyURL: i.world.frontAt + "/pay-notify", RefundNotifyURL: i.world.frontAt + "/refund-notify",
		BreakerAfter: 1 << 30, // a breaker goes by real time, and a history does not
		Log:          i.world.logger(),
	})
	return err
}

// callTime is the longest that a call may take, by real time: one that waits for ever is a failure with a story.
const callTime = time.Minute

// call has the instance do something, as a request would. A call that is killed is not waited for
// any more.
func (i *instance) call(ctx context.Context, do func(context.Context) error) error {
	done := make(chan error, 1)
	asked, end := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	if !i.begin(func() { defer end(); done <- do(asked) }) {
		end()
		return errKilled
	}
	select {
	case err := <-done:
		if i.gate.isDead() {
			return errKilled
		}
		return err
	case <-i.gate.died:
		return errKilled
	}
}

// begin starts a call, unless the instance is no more.
func (i *instance) begin(call func()) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ended || i.gate.isDead() {
		return false
	}
	i.calls.Go(call)
	return true
}

// rest waits until the instance has done what it does behind its answers, or is killed.
func (i *instance) rest() {
	_ = i.call(context.Background(), i.checkout.Close)
}

// end waits for what still goes on in a dead or closing instance, then frees it.
func (i *instance) end() {
	i.mu.Lock()
	i.ended = true
	i.mu.Unlock()
	i.calls.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = i.checkout.Close(ctx)
	i.pay.Close()
	_ = i.line.Close()
	_ = i.store.Close(ctx)
}

// bury ends a living instance in good order.
func (w *world) bury(i *instance) {
	i.end()
	i.gate.close()
}

// payNotified and refundNotified are what the shop's HTTP does with WeChat's callbacks.
func (i *instance) payNotified(ctx context.Context, r *http.Request) error {
	_, tx, err := i.pay.ParsePayment(r)
	if err != nil || !tx.Paid() {
		return err
	}
	_, err = i.checkout.Settlements.Settle(ctx, checkout.PaymentOf(tx), "wechat")
	return err
}

func (i *instance) refundNotified(ctx context.Context, r *http.Request) error {
	_, refund, err := i.pay.ParseRefund(r)
	if err != nil {
		return err
	}
	return i.checkout.WeChatRefunds.Notified(ctx, refund)
}
