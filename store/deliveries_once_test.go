package store_test

import (
	"testing"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
)

func TestADeliveryIsThereOnce(t *testing.T) {
	stores := map[string]func(*store.Config){
		"embedded": func(*store.Config) {},
		"shared":   func(c *store.Config) { c.MongoURI = storetest.Mongo(t) },
	}
	for name, which := range stores {
		t.Run(name, func(t *testing.T) { deliveryIsThereOnce(t, storetest.Open(t, which)) })
	}
}

func deliveryIsThereOnce(t *testing.T, s *store.DB) {
	now := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	order := shop.NewDelivery("ada", shop.NoticeOrderFulfilled, "o1", now)
	if fresh, err := s.Deliveries.Insert(t.Context(), order); !fresh || err != nil {
		t.Fatal(fresh, err)
	}
	many := []shop.Delivery{
		shop.NewDelivery("ada", shop.KindActivity, "b1", now), order,
		shop.NewDelivery("bob", shop.KindActivity, "b1", now),
	}
	for i, want := range []int{2, 0} {
		if n, err := s.Deliveries.InsertAll(t.Context(), many); n != want || err != nil {
			t.Errorf("time %d: %d were fresh, %v", i, n, err)
		}
	}
	if n, err := s.Deliveries.InsertAll(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("none: %d, %v", n, err)
	}
}
