package checkout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"mstm/shop"
	"mstm/shop/referral"
	"mstm/store"
)

// Placing makes orders of requests.
type Placing struct {
	basics
	locks        *keyedLocks
	remindBefore time.Duration
	orders       *store.Orders
	keys         *store.IdempotencyKeys
	wakeups      *store.OrderWakeups
	quotes       *Quotes
	claims       *Claims
	holders      *holders
	payments     *Payments
	attempts     *attempts
	news         *News
}

// PlaceRequest is what a learner asks to buy, and how it is to be paid. Seen is the total in fen
// that the page showed; it is only ever compared. Key is the Idempotency-Key. Referral is the tag of the link by which the
// learner came; "": none.
type PlaceRequest struct {
	PayRequest
	UserID string
	Key    string
	Lines  []shop.LineRequest
	Seen   shop.Fen

	Referral string
}

// hash is the body's fingerprint: a key that comes with another body is refused. A repeat may come by another link: the order
// keeps the one that it was made with.
func (r PlaceRequest) hash() string {
	body, _ := json.Marshal([]any{r.Lines, r.Seen, r.Channel})
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Placed is the order that came of a request. Reused: it was open already, for the same
// lines. Lowered: it costs less than the page showed.
type Placed struct {
	Order   *shop.Order
	Payment *shop.PaymentView
	Reused  bool
	Lowered bool
}

// placeRounds is how often a request tries again that others, of the same learner for the
// same course, get in front of.
const placeRounds = 32

// twinPause is the pause between two looks at what another try is about to finish.
const twinPause = 50 * time.Millisecond

// overtakerPatience is how long a try waits first for the order of the try that took its key over; each time it was
// overtaken again it waits twice as long, so that two slow tries do not take the key from one another for ever.
const overtakerPatience = time.Second

// errLookAgain ends a try when its key has an answer by now, or was given up.
var errLookAgain = errors.New("the idempotency key was answered or given up")

// Place places an order, or answers again what the same key was answered before. render
// turns the outcome into the answer that is kept. Refusals place nothing and give the key
// back, except those of WeChat, when the order stands and the same key tries again:
// ErrPayChannelBusy, ErrPayRefused, ErrOpenidRequired.
func (c *Placing) Place(ctx context.Context, req PlaceRequest, render func(Placed) (store.Answer, error)) (store.Answer, error) {
	if err := c.payments.resolve(ctx, req.UserID, &req.PayRequest); err != nil {
		return store.Answer{}, err
	}
	answer, err := c.placeOnce(ctx, req, render)
	return answer, c.payments.withPage(ctx, req.UserID, err, req.Back)
}

// placeOnce places an order once for a key.
func (c *Placing) placeOnce(ctx context.Context, req PlaceRequest, render func(Placed) (store.Answer, error)) (store.Answer, error) {
	if err := shop.CheckLines(req.Lines); err != nil {
		return store.Answer{}, err
	}
	if req.Referral != "" && !referral.Valid(req.Referral) {
		return store.Answer{}, shop.ErrInvalidField.At("referral")
	}
	if req.Channel == shop.ChannelJSAPI && req.Payer.Openid == "" {
		return store.Answer{}, shop.ErrOpenidRequired
	}
	asked := store.Asked{Caller: req.UserID, Key: req.Key, Route: store.RoutePlace, BodyHash: req.hash()}
	for range placeRounds {
		answer, err := c.keys.Once(ctx, asked, c.now(), func(key *store.IdempotencyKey) (store.Answer, error) {
			placed, err := c.place(ctx, key, req)
			if err != nil {
				return store.Answer{}, err
			}
			return render(placed)
		})
		if !errors.Is(err, errLookAgain) {
			return answer, err
		}
	}
	return store.Answer{}, shop.ErrOrderInProgress
}

// place makes the order of a key, or finds it where an earlier try came so far. A try makes
// an order under an id of its own alone: it takes the key over from an earlier one, dead or
// slow, by taking the id that the other would have used. So no two tries work on one order
// before it is written, and none waits for one that died.
func (c *Placing) place(ctx context.Context, key *store.IdempotencyKey, req PlaceRequest) (Placed, error) {
	own, overtaken, patience := key.Fresh, false, overtakerPatience
	for range placeRounds {
		o, err := c.orders.Get(ctx, key.MadeID)
		switch {
		case err == nil && o.CloseReason != shop.CloseAbandoned:
			p, err := c.payments.withPayment(ctx, o, req.Channel, req.Payer, payTry(own, o))
			p.Lowered = o.Total < req.Seen
			return p, err
		case err != nil && !errors.Is(err, shop.ErrOrderNotFound):
			return Placed{}, err
		case own && err != nil:
			reused, err := c.makeOrRefuse(ctx, key, req)
			if err != nil {
				return Placed{}, err
			}
			if reused != nil {
				return c.withReused(ctx, key, reused, req)
			}
		case overtaken:
			if err := c.awaitOvertaker(ctx, key, patience); err != nil {
				return Placed{}, err
			}
			overtaken, patience = false, 2*patience
		default:
			if own, err = c.takeOver(ctx, key, req.UserID); err != nil {
				return Placed{}, err
			}
			overtaken = !own
		}
	}
	return Placed{}, shop.ErrOrderInProgress
}

// payTry is the name under which a try prepays: the order's own for the one that wrote it.
func payTry(own bool, o *shop.Order) string {
	if own {
		return o.ID
	}
	return store.NewID()
}

// makeOrRefuse is make, and gives the key back where nothing was made. A key that is this
// try's no longer has what its overtaker made of it.
func (c *Placing) makeOrRefuse(ctx context.Context, key *store.IdempotencyKey, req PlaceRequest) (reused *shop.Order, err error) {
	reused, err = c.make(ctx, key.MadeID, req)
	if !shop.IsRefusal(err) && !errors.Is(err, shop.ErrPayChannelBusy) {
		return reused, err // made, or unknown: the next try takes the key over
	}
	freed, failed := c.keys.Free(ctx, key)
	if failed == nil && !freed {
		return nil, errLookAgain
	}
	return nil, errors.Join(err, failed)
}

// withReused answers with an open order for the same lines. Where a later try has made it
// under this very key, it is the key's own.
func (c *Placing) withReused(ctx context.Context, key *store.IdempotencyKey, o *shop.Order, req PlaceRequest) (Placed, error) {
	p, err := c.payments.withPayment(ctx, o, req.Channel, req.Payer, store.NewID())
	if err != nil {
		return p, err
	}
	now, err := c.keys.Get(ctx, key.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return p, err
	}
	p.Reused = err != nil || now.MadeID != o.ID
	p.Lowered = !p.Reused && o.Total < req.Seen
	return p, nil
}

// takeOver makes the key this try's own, so that no earlier one can place its order any more,
// and reports whether it did: not where that order has come, or a third try was quicker.
func (c *Placing) takeOver(ctx context.Context, key *store.IdempotencyKey, userID string) (own bool, err error) {
	// An earlier try on this instance that is placing has the lock, and is let finish.
	unlock, _, err := c.locks.lock(ctx, "place:"+userID)
	if err != nil {
		return false, err
	}
	defer unlock()
	fresh, err := c.claims.abandon(ctx, key.MadeID)
	if err != nil {
		return false, err
	}
	if !fresh {
		o, err := c.orders.Get(ctx, key.MadeID)
		if err != nil || o.CloseReason != shop.CloseAbandoned {
			return false, err
		}
	}
	now, won, err := c.keys.Renew(ctx, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && now.Status != 0 {
		return false, errLookAgain
	}
	if err != nil {
		return false, err
	}
	*key = *now
	return won, nil
}

// awaitOvertaker waits until the try that took the key over has written its order, but not longer than patience: the
// overtaker may be dead, or slow, and is overtaken in turn.
func (c *Placing) awaitOvertaker(ctx context.Context, key *store.IdempotencyKey, patience time.Duration) error {
	for until := time.Now().Add(patience); time.Now().Before(until); {
		now, err := c.keys.Get(ctx, key.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && now.Status != 0 {
			return errLookAgain
		}
		if err != nil {
			return err
		}
		*key = *now
		if _, err := c.orders.Get(ctx, key.MadeID); !errors.Is(err, shop.ErrOrderNotFound) {
			return err
		}
		if err := pause(ctx, twinPause); err != nil {
			return err
		}
	}
	return nil
}

// pause waits so long, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// make claims the courses, prices them and writes the order. It answers an open order for
// the same lines instead, where there is one; nil, nil means: look again.
func (c *Placing) make(ctx context.Context, orderID string, req PlaceRequest) (reused *shop.Order, err error) {
	if err := c.refuseUnknown(ctx, req); err != nil {
		return nil, err
	}
	// One at a time of each learner: many clicks at once would only get in each other's way.
	unlock, _, err := c.locks.lock(ctx, "place:"+req.UserID)
	if err != nil {
		return nil, err
	}
	defer unlock()
	holder, err := c.claims.take(ctx, req.UserID, orderID, courseIDs(req.Lines))
	if err != nil {
		return nil, err
	}
	if holder != "" {
		return c.holders.makeRoom(ctx, holder, req)
	}
	// Priced after the claims: from here on no other order of this learner can change what
	// these courses cost, or whether they may be bought.
	quote, err := c.quotes.Quote(ctx, req.UserID, req.Lines)
	if err == nil {
		err = shop.CheckTotal(quote, req.Seen)
	}
	if err != nil {
		return nil, errors.Join(err, c.claims.release(ctx, req.UserID, orderID, courseIDs(req.Lines)))
	}
	return nil, c.write(ctx, orderID, req, quote)
}

// refuseUnknown refuses course ids that cannot exist, before anything is written under them.
func (c *Placing) refuseUnknown(ctx context.Context, req PlaceRequest) error {
	for _, l := range req.Lines {
		if shop.ValidID(l.CourseID) {
			continue
		}
		quote, err := c.quotes.Quote(ctx, req.UserID, req.Lines)
		if err != nil {
			return err
		}
		return shop.CheckTotal(quote, req.Seen)
	}
	return nil
}

// write inserts the order with its first payment attempt. The reminder comes first: an
// order that exists is looked at, whatever happens here next.
func (c *Placing) write(ctx context.Context, orderID string, req PlaceRequest, quote shop.Quote) error {
	now := c.now()
	o := shop.NewOrder(orderID, req.UserID, quote.OrderLines(), now)
	o.Referral = req.Referral
	o.RemindBefore(c.remindBefore)
	if o.State == shop.OrderPending {
		a, err := o.AddAttempt(req.Channel, req.Payer, now)
		if err != nil {
			return err
		}
		a.HoldPrepay(payTry(true, o), now)
	}
	if err := c.wakeups.Schedule(ctx, orderID, now.Add(lookSoon)); err != nil {
		return err
	}
	fresh, err := c.orders.Insert(ctx, o) // not fresh: a twin wrote it, or it was given up; the caller looks again
	if err == nil && o.State == shop.OrderPending {
		c.news.announceQuietly(ctx, o)
	}
	if fresh && len(o.Attempts) > 0 {
		c.attempts.count(ctx, req.UserID)
	}
	return err
}

const (
	keysEvery = 10 * time.Minute // of real time
	keysMost  = 200              // keys in one look
)

// ForgetKeys removes the expired idempotency keys; those of orders stay.
func (c *Placing) ForgetKeys(ctx context.Context) error {
	for ctx.Err() == nil {
		seen, err := c.keys.Forget(ctx, c.now(), keysMost)
		if err != nil || seen < keysMost {
			return err
		}
	}
	return ctx.Err()
}
