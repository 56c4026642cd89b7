package store

import (
	"errors"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// askedUnder is the answer to a request under a key: the id of what was made, or the error.
func askedUnder(t *testing.T, s *DB, key, route, hash string, at time.Time) (string, error) {
	t.Helper()
	a, err := s.IdempotencyKeys.Once(t.Context(), Asked{Caller: "lin", Key: key, Route: route, BodyHash: hash}, at, func(k *IdempotencyKey) (Answer, error) {
		return Answer{Status: 201, Body: []byte(k.MadeID)}, nil
	})
	return string(a.Body), err
}

func TestKeysAreForgottenAfterTwoDaysAndThoseOfOrdersStay(t *testing.T) {
	s, now := open(t, t.TempDir()), time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	first := map[string]string{}
	routes := map[string]string{"refund": "POST /x", "nothing placed": RoutePlace, "order": RoutePlace}
	for key, route := range routes {
		id, err := askedUnder(t, s, key, route, "h", now)
		if err != nil {
			t.Fatal(err)
		}
		first[key] = id
	}
	if _, err := s.Orders.Insert(t.Context(), &shop.Order{ID: first["order"], UserID: "lin", State: shop.OrderPending}); err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{47 * time.Hour, 49 * time.Hour, 1000 * time.Hour} {
		if _, err := s.IdempotencyKeys.Forget(t.Context(), now.Add(after), 10); err != nil {
			t.Fatal(err)
		}
		for key, route := range routes {
			id, err := askedUnder(t, s, key, route, "h", now.Add(after))
			if stays := after < 48*time.Hour || key == "order"; err != nil || (id == first[key]) != stays {
				t.Errorf("after %s the key of %s stands for %s (first %s), %v", after, key, id, first[key], err)
			}
		}
	}
}

// Rows of the version before have no route and never expire: they are of orders.
func TestAKeyOfTheVersionBeforeIsItsOrders(t *testing.T) {
	s, now := open(t, t.TempDir()), time.Now()
	if _, err := askedUnder(t, s, "k", RoutePlace, "h", now); err != nil {
		t.Fatal(err)
	}
	k, err := findAll[IdempotencyKey](t.Context(), s.coll(idempotencyKeys), bson.M{})
	if err != nil || len(k) != 1 {
		t.Fatal(k, err)
	}
	old := bson.M{"_id": k[0].ID, "body_hash": "h", "order_id": "o", "status": 201, "reply": []byte("{}"), "idle": false, "created_at": now}
	if _, err := s.replaceIf(t.Context(), s.coll(idempotencyKeys), bson.M{"_id": k[0].ID}, old); err != nil {
		t.Fatal(err)
	}
	if got, err := askedUnder(t, s, "k", RoutePlace, "h", now); err != nil || got != "{}" {
		t.Errorf("the same request is answered %q, %v", got, err)
	}
	for route, hash := range map[string]string{RoutePlace: "other", "POST /x": "h"} {
		if _, err := askedUnder(t, s, "k", route, hash, now); !errors.Is(err, shop.ErrIdempotencyMismatch) {
			t.Errorf("%s with %s: %v", route, hash, err)
		}
	}
	if n, err := s.IdempotencyKeys.Forget(t.Context(), now.Add(10000*time.Hour), 10); n != 0 || err != nil {
		t.Errorf("%d looked at, %v", n, err)
	}
}

func TestARefusedRequestRunsAgainAndAFreedKeyIsAnybodysRequest(t *testing.T) {
	s, now := open(t, t.TempDir()), time.Now()
	var made []string
	refused := func(k *IdempotencyKey) (Answer, error) {
		made = append(made, k.MadeID)
		return Answer{}, shop.ErrRefundTooSoon
	}
	asked := Asked{Caller: "lin", Key: "k", Route: "POST /x", BodyHash: "h"}
	for range 2 {
		if _, err := s.IdempotencyKeys.Once(t.Context(), asked, now, refused); !errors.Is(err, shop.ErrRefundTooSoon) {
			t.Fatal(err)
		}
	}
	if made[0] != made[1] {
		t.Errorf("two tries of one key make %v", made)
	}
	if _, err := askedUnder(t, s, "k", "POST /x", "other", now); !errors.Is(err, shop.ErrIdempotencyMismatch) {
		t.Errorf("another request under it: %v", err)
	}
	_, err := s.IdempotencyKeys.Once(t.Context(), asked, now, func(k *IdempotencyKey) (Answer, error) {
		freed, err := s.IdempotencyKeys.Free(t.Context(), k)
		if !freed {
			t.Error("not freed")
		}
		return Answer{}, errors.Join(shop.ErrPriceChanged, err)
	})
	if !errors.Is(err, shop.ErrPriceChanged) {
		t.Fatal(err)
	}
	if _, err := askedUnder(t, s, "k", "POST /x", "other", now); err != nil {
		t.Errorf("another request under a freed key: %v", err)
	}
}
