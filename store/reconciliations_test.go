package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mstm/shop"
)

var reconcileNow = time.Date(2025, 3, 6, 2, 30, 0, 0, time.UTC)

func TestOfManyRunsOfADayOneBegins(t *testing.T) {
	s := open(t, t.TempDir())
	var won atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, mine, err := s.Reconciliations.Begin(context.Background(), "2025-03-05", shop.ByShop, false, reconcileNow); err != nil {
				t.Error(err)
			} else if mine {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d runs began", won.Load())
	}
}

func TestARunThatDiedIsTakenOverAndChangesNothingAnyMore(t *testing.T) {
	ctx, s := context.Background(), open(t, t.TempDir())
	died, _, err := s.Reconciliations.Begin(ctx, "2025-03-05", shop.ByShop, false, reconcileNow)
	if err != nil {
		t.Fatal(err)
	}
	if _, mine, err := s.Reconciliations.Begin(ctx, "2025-03-05", "u1", true, reconcileNow.Add(9*time.Minute)); mine || err != nil {
		t.Fatalf("taken over while it ran: %t, %v", mine, err)
	}
	next, mine, err := s.Reconciliations.Begin(ctx, "2025-03-05", shop.ByShop, false, reconcileNow.Add(11*time.Minute))
	if !mine || err != nil {
		t.Fatalf("not taken over: %t, %v", mine, err)
	}
	died.State = shop.ReconciliationDifferences
	if won, err := s.Reconciliations.End(ctx, died); won || err != nil {
		t.Fatalf("the dead one ended: %t, %v", won, err)
	}
	next.State = shop.ReconciliationOK
	if won, err := s.Reconciliations.End(ctx, next); !won || err != nil {
		t.Fatalf("the next one did not end: %t, %v", won, err)
	}
	if r, err := s.Reconciliations.Get(ctx, "2025-03-05"); err != nil || r.State != shop.ReconciliationOK {
		t.Fatalf("%+v, %v", r, err)
	}
}

func TestReconciliationsAreListedNewestDayFirst(t *testing.T) {
	ctx, s := context.Background(), open(t, t.TempDir())
	for d := 1; d <= 5; d++ {
		if _, _, err := s.Reconciliations.Begin(ctx, shop.Date(fmt.Sprintf("2025-03-%02d", d)), shop.ByShop, false, reconcileNow); err != nil {
			t.Fatal(err)
		}
	}
	var got []shop.Date
	for cursor, more := "", true; more; more = cursor != "" {
		items, next, err := s.Reconciliations.Page(ctx, "", 2, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range items {
			got = append(got, r.Day)
		}
		cursor = next
	}
	if fmt.Sprint(got) != "[2025-03-05 2025-03-04 2025-03-03 2025-03-02 2025-03-01]" {
		t.Fatal(got)
	}
	if _, _, err := s.Reconciliations.Page(ctx, "", 2, `{"$gt":""}`); !errors.Is(err, shop.ErrInvalidCursor) {
		t.Fatalf("a forged cursor: %v", err)
	}
}

func TestOrdersAreFoundByTheDayOfTheirCash(t *testing.T) {
	ctx, s := context.Background(), open(t, t.TempDir())
	day, other := reconcileNow, reconcileNow.AddDate(0, 0, 9)
	orders := map[string]*shop.Order{
		"paidthen":     {Total: 1, Attempts: []shop.Attempt{{PaidAt: nil}, {PaidAt: &day}}},
		"paidlater":    {Total: 1, Attempts: []shop.Attempt{{PaidAt: &other}}},
		"refundbegun":  {Total: 1, Refunds: []shop.Refund{{CreatedAt: day}}},
		"refundtaken":  {Total: 1, Refunds: []shop.Refund{{CreatedAt: day.AddDate(0, 0, -9), AcceptedAt: &day}}},
		"refundlater":  {Total: 1, Refunds: []shop.Refund{{CreatedAt: other, AcceptedAt: &other}}},
		"free":         {CreatedAt: day},
		"freelater":    {CreatedAt: other},
		"placedunpaid": {Total: 1, CreatedAt: day},
	}
	for id, o := range orders {
		o.ID, o.UserID = id, "u1"
		if _, err := s.Orders.Insert(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]bool{}
	err := s.Orders.EachWithCash(ctx, day.Add(-time.Hour), day.Add(time.Hour), func(o *shop.Order) error {
		found[o.ID] = true
		return nil
	})
	if err != nil || fmt.Sprint(found) != "map[free:true paidthen:true refundbegun:true refundtaken:true]" {
		t.Fatalf("%v, %v", found, err)
	}
}
