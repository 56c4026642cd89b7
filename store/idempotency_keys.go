package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Asked is a request that came with an Idempotency-Key. Route is its method and pattern;
// BodyHash is the same for two requests that ask for the same.
type Asked struct {
	Caller, Key     string // keys are the caller's own: a user's id, or "key:" and the id of an API key
	Route, BodyHash string
}

// Answer is an answer as it was, or will be, given: to the byte the same for every repeat.
type Answer struct {
	Status int
	Body   []byte
}

// RoutePlace places orders: the one route with keys that outlive their answers (see
// IdempotencyKeys.Forget).
const RoutePlace = "POST /api/orders"

// IdempotencyKey is what a caller's key stands for: the request that it came with, the id
// of what that makes, and the answer once there is one.
//
// A request may die at any point and be sent again at any moment, on any instance, while
// its first try still runs or never will again. No try waits for another, and no clock decides
// whether a try is dead or slow: what is done under a key is done under MadeID, so that two tries
// do it once, and the answer that is kept first is the answer of both.
type IdempotencyKey struct {
	ID        string    `bson:"_id"`             // caller:SHA-256 of the key
	Route     string    `bson:"route,omitempty"` // "" in rows from when orders alone had keys
	BodyHash  string    `bson:"body_hash"`
	MadeID    string    `bson:"order_id"`         // of the order, or else the name under which other things are done
	Status    int       `bson:"status,omitempty"` // of the answer, 0 while there is none
	Reply     []byte    `bson:"reply,omitempty"`
	CreatedAt time.Time `bson:"created_at"`
	ExpiresAt time.Time `bson:"expires_at,omitempty"` // when it may be forgotten; zero: never

	Fresh bool `bson:"-"` // this very request made the row, so MadeID is its own
}

// keyLife is how long a key is kept at least, by the shop's clock. A day is promised.
const keyLife = 48 * time.Hour

// idempotencyKeys has the name from when orders alone had keys: older rows are in it.
const idempotencyKeys = "order_keys"

// IdempotencyKeys are the keys that requests came with.
type IdempotencyKeys struct {
	*base
	docs   Collection[IdempotencyKey]
	orders *Orders
}

func newIdempotencyKeys(b *base) *IdempotencyKeys {
	return &IdempotencyKeys{base: b, docs: newCollection[IdempotencyKey](b, idempotencyKeys)}
}

// Once answers a request that may have been made before. Its first answer is kept and given
// again; where there is none yet, do is called, and must do what it does once for one
// MadeID. An error of do is not kept: the same request runs again. The key stays its
// request's: with another it is shop.ErrIdempotencyMismatch.
func (s *IdempotencyKeys) Once(ctx context.Context, asked Asked, now time.Time, do func(*IdempotencyKey) (Answer, error)) (Answer, error) {
	k, err := s.claim(ctx, asked, now)
	switch {
	case err != nil:
		return Answer{}, err
	case k.BodyHash != asked.BodyHash || k.route() != asked.Route:
		return Answer{}, shop.ErrIdempotencyMismatch
	case k.Status != 0:
		return Answer{k.Status, k.Reply}, nil
	}
	a, err := do(k)
	if err != nil {
		return Answer{}, err
	}
	return s.answer(ctx, k, a)
}

func (k *IdempotencyKey) route() string {
	if k.Route == "" {
		return RoutePlace
	}
	return k.Route
}

// claim makes the key this request's, or reads what stands there.
func (s *IdempotencyKeys) claim(ctx context.Context, asked Asked, now time.Time) (*IdempotencyKey, error) {
	sum := sha256.Sum256([]byte(asked.Key))
	k := &IdempotencyKey{
		ID: asked.Caller + ":" + hex.EncodeToString(sum[:]), Route: asked.Route, BodyHash: asked.BodyHash,
		MadeID: NewID(), CreatedAt: now.UTC(), ExpiresAt: now.Add(keyLife).UTC(),
	}
	var stands *IdempotencyKey
	err := untilDone("claim idempotency key", func() (done bool, err error) {
		stands = k
		if k.Fresh, err = s.docs.Insert(ctx, k); k.Fresh || err != nil {
			return k.Fresh, err
		}
		stands, err = s.Get(ctx, k.ID)
		if errors.Is(err, ErrNotFound) {
			return false, nil
		}
		return true, err
	})
	return stands, err
}

// Get reads a key again; ErrNotFound where it was given up.
func (s *IdempotencyKeys) Get(ctx context.Context, id string) (*IdempotencyKey, error) {
	return s.docs.Get(ctx, id)
}

// answer keeps an answer and returns the one that stands: the first to be kept.
func (s *IdempotencyKeys) answer(ctx context.Context, k *IdempotencyKey, a Answer) (Answer, error) {
	won, err := s.docs.Update(ctx, bson.M{"_id": k.ID, "status": nil}, bson.M{"$set": bson.M{"status": a.Status, "reply": a.Body}})
	if won || err != nil {
		return a, err
	}
	first, err := s.Get(ctx, k.ID)
	if errors.Is(err, ErrNotFound) { // forgotten while this try took longer than keys live
		return a, nil
	}
	if err != nil {
		return Answer{}, err
	}
	return Answer{first.Status, first.Reply}, nil
}

// Renew gives an unanswered key another MadeID, because nothing can be made under the one
// it had, and reports whether this call did it. k is as it stands afterwards;
// ErrNotFound where the key was given up.
func (s *IdempotencyKeys) Renew(ctx context.Context, k *IdempotencyKey) (now *IdempotencyKey, won bool, err error) {
	won, err = s.docs.Update(ctx,
		bson.M{"_id": k.ID, "order_id": k.MadeID, "status": nil}, bson.M{"$set": bson.M{"order_id": NewID()}})
	if err != nil {
		return nil, false, err
	}
	now, err = s.Get(ctx, k.ID)
	return now, won, err
}

// Free gives up a key under which nothing was made, and nothing is being made, so that
// its caller may use it for another request; it reports whether the key was still k's.
func (s *IdempotencyKeys) Free(ctx context.Context, k *IdempotencyKey) (bool, error) {
	return s.docs.Delete(ctx, bson.M{"_id": k.ID, "order_id": k.MadeID, "status": nil})
}

// Forget removes keys whose time is over, at most limit, and reports how many it looked
// at. A key that placed an order stays as long as the order does.
func (s *IdempotencyKeys) Forget(ctx context.Context, now time.Time, limit int) (seen int, err error) {
	old, err := s.docs.All(ctx, bson.M{"expires_at": bson.M{"$lte": now.UTC()}},
		options.Find().SetLimit(int64(limit)).SetProjection(bson.M{"reply": 0}))
	if err != nil {
		return 0, err
	}
	for _, k := range old {
		if err := s.forget(ctx, k); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}

func (s *IdempotencyKeys) forget(ctx context.Context, k IdempotencyKey) error {
	same := bson.M{"_id": k.ID, "order_id": k.MadeID}
	if k.route() == RoutePlace {
		o, err := s.orders.Get(ctx, k.MadeID)
		if err != nil && !errors.Is(err, shop.ErrOrderNotFound) {
			return err
		}
		if err == nil && o.CloseReason != shop.CloseAbandoned {
			_, err := s.docs.Update(ctx, same, bson.M{"$unset": bson.M{"expires_at": ""}})
			return err
		}
	}
	_, err := s.docs.Delete(ctx, same)
	return err
}

// KeyedOrder is the order that an idempotency key stands for.
type KeyedOrder struct {
	KeyID  string
	UserID string
	Placed bool // it was answered as placed under this very key
}

// Orders are the orders by the keys that stand for them, each with all of its keys.
func (s *IdempotencyKeys) Orders(ctx context.Context) (map[string][]KeyedOrder, error) {
	keyed := map[string][]KeyedOrder{}
	err := s.docs.Each(ctx, bson.M{}, func(k *IdempotencyKey) error {
		if k.route() == RoutePlace {
			user, _, _ := strings.Cut(k.ID, ":")
			keyed[k.MadeID] = append(keyed[k.MadeID], KeyedOrder{k.ID, user, k.Status == http.StatusCreated})
		}
		return nil
	}, options.Find().SetProjection(bson.M{"_id": 1, "route": 1, "order_id": 1, "status": 1}))
	return keyed, err
}
