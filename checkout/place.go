package checkout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"mstm/shop"
	"mstm/store"
)

// PlaceRequest is what a learner asks to buy. Seen is the total in fen that the page
// showed; it is only ever compared. Key is the Idempotency-Key.
type PlaceRequest struct {
	UserID  string
	Key     string
	Lines   []shop.LineRequest
	Seen    shop.Fen
	Channel shop.Channel
	Payer   shop.Payer
}

// hash tells one body from another under the same key.
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

// Status is 201, or 200 where no order was made.
func (p Placed) Status() int {
	if p.Reused {
		return http.StatusOK
	}
	return http.StatusCreated
}

// Reply is an answer as it was, or will be, given: to the byte the same for every repeat.
type Reply struct {
	Status int
	Body   []byte
}

// How long a repeat waits for the answer that its twin is still working on.
const (
	twinPatience = 8 * time.Second
	twinPause    = 50 * time.Millisecond
)

// placeRounds is how often a request tries again that others, of the same learner for the
// same course, get in front of.
const placeRounds = 32

// Place places an order, or answers again what the same key was answered before. render
// turns the outcome into the bytes that are kept. Refusals place nothing and give the key
// back, except those of WeChat, when the order stands and the same key tries again:
// ErrPayChannelBusy, ErrPayRefused, ErrOpenidRequired.
func (c *Checkout) Place(ctx context.Context, req PlaceRequest, render func(Placed) ([]byte, error)) (Reply, error) {
	if err := shop.CheckLines(req.Lines); err != nil {
		return Reply{}, err
	}
	if req.Channel == shop.ChannelJSAPI && req.Payer.Openid == "" {
		return Reply{}, shop.ErrOpenidRequired
	}
	key, err := c.claimKey(ctx, req)
	if err != nil {
		return Reply{}, err
	}
	if key.Status != 0 {
		return Reply{key.Status, key.Reply}, nil
	}
	placed, stands, err := c.place(ctx, key, req)
	if err != nil && stands {
		return Reply{}, errors.Join(err, c.Store.PauseOrderKey(ctx, key))
	}
	if err != nil {
		return Reply{}, errors.Join(err, c.Store.ForgetOrderKey(ctx, key))
	}
	body, err := render(placed)
	if err != nil {
		return Reply{}, err
	}
	key, err = c.Store.AnswerOrderKey(ctx, key.ID, placed.Status(), body)
	if err != nil {
		return Reply{}, err
	}
	return Reply{key.Status, key.Reply}, nil
}

// claimKey makes the key this request's. Where a twin holds it, its answer is waited for;
// a twin that does not answer has died, and this request goes on in its place.
func (c *Checkout) claimKey(ctx context.Context, req PlaceRequest) (*store.OrderKey, error) {
	patience := time.NewTimer(twinPatience)
	defer patience.Stop()
	for {
		key, fresh, err := c.Store.ClaimOrderKey(ctx, req.UserID, req.Key, req.hash(), c.Now())
		if errors.Is(err, shop.ErrOrderNotFound) {
			continue // the twin was refused and gave the key back
		}
		if err != nil || fresh {
			return key, err
		}
		if key.BodyHash != req.hash() {
			return nil, shop.ErrIdempotencyMismatch
		}
		if key.Status != 0 {
			return key, nil
		}
		if mine, err := c.Store.ResumeOrderKey(ctx, key); err != nil || mine {
			return key, err
		}
		select {
		case <-time.After(twinPause):
		case <-patience.C:
			return key, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// place makes the order of a key, or finds it where an earlier try came so far. stands
// tells that an order exists although there is an error.
func (c *Checkout) place(ctx context.Context, key *store.OrderKey, req PlaceRequest) (_ Placed, stands bool, err error) {
	for range placeRounds {
		o, err := c.Store.Order(ctx, key.OrderID)
		switch {
		case err == nil && o.CloseReason == shop.CloseAbandoned:
			if err := c.Store.RenewOrderKey(ctx, key); err != nil {
				return Placed{}, false, err
			}
			continue
		case err == nil:
			p, err := c.withPayment(ctx, o, req.Channel, req.Payer)
			p.Lowered = o.Total < req.Seen
			return p, true, err
		case !errors.Is(err, shop.ErrOrderNotFound):
			return Placed{}, false, err
		}
		reused, err := c.make(ctx, key.OrderID, req)
		if err != nil {
			return Placed{}, false, err
		}
		if reused != nil {
			p, err := c.withPayment(ctx, reused, req.Channel, req.Payer)
			p.Reused = true
			return p, false, err
		}
	}
	return Placed{}, false, shop.ErrOrderInProgress
}

// make claims the courses, prices them and writes the order. It answers an open order for
// the same lines instead, where there is one; nil, nil means: look again.
func (c *Checkout) make(ctx context.Context, orderID string, req PlaceRequest) (reused *shop.Order, err error) {
	if err := c.refuseUnknown(ctx, req); err != nil {
		return nil, err
	}
	// One at a time of each learner: many clicks at once would only get in each other's way.
	unlock, err := c.locks.lock(ctx, "place:"+req.UserID)
	if err != nil {
		return nil, err
	}
	defer unlock()
	holder, err := c.claimCourses(ctx, req.UserID, orderID, courseIDs(req.Lines))
	if err != nil {
		return nil, err
	}
	if holder != "" {
		return c.makeRoom(ctx, holder, req)
	}
	// Priced after the claims: from here on no other order of this learner can change what
	// these courses cost, or whether they may be bought.
	quote, err := c.Quote(ctx, req.UserID, req.Lines)
	if err == nil {
		err = shop.CheckTotal(quote, req.Seen)
	}
	if err != nil {
		return nil, errors.Join(err, c.release(ctx, req.UserID, orderID, courseIDs(req.Lines)))
	}
	return nil, c.write(ctx, orderID, req, quote)
}

// refuseUnknown answers for courses whose ids could not be ours, before anything is
// written under them.
func (c *Checkout) refuseUnknown(ctx context.Context, req PlaceRequest) error {
	for _, l := range req.Lines {
		if shop.ValidID(l.CourseID) {
			continue
		}
		quote, err := c.Quote(ctx, req.UserID, req.Lines)
		if err != nil {
			return err
		}
		return shop.CheckTotal(quote, req.Seen)
	}
	return nil
}

// write inserts the order with its first payment attempt. The reminder comes first: an
// order that exists is looked at, whatever happens here next.
func (c *Checkout) write(ctx context.Context, orderID string, req PlaceRequest, quote shop.Quote) error {
	now := c.Now()
	o := shop.NewOrder(orderID, req.UserID, quote.OrderLines(), now)
	o.RemindBefore(c.RemindBefore)
	if o.State == shop.OrderPending {
		if _, err := o.AddAttempt(req.Channel, req.Payer, now); err != nil {
			return err
		}
	}
	if err := c.Store.Remind(ctx, orderID, now.Add(lookSoon)); err != nil {
		return err
	}
	_, err := c.Store.InsertOrder(ctx, o) // not fresh: a twin wrote it, or it was given up; the caller looks again
	if err == nil && o.State == shop.OrderPending {
		c.announceQuietly(ctx, o)
	}
	return err
}

func (c *Checkout) announceQuietly(ctx context.Context, o *shop.Order) {
	if err := c.announceOrder(ctx, o); err != nil {
		c.Log.WarnContext(ctx, "order not announced", "order", o.ID, "err", err)
	}
}

// lookSoon is when an order is looked at by the sweeper that nobody drives meanwhile.
const lookSoon = 5 * time.Second

// courseIDs are the courses in the order in which they are claimed: always the same, so
// that two orders for the same courses meet at the first one.
func courseIDs(lines []shop.LineRequest) []string {
	ids := make([]string, 0, len(lines))
	for _, l := range lines {
		ids = append(ids, l.CourseID)
	}
	slices.SortFunc(ids, strings.Compare)
	return ids
}
