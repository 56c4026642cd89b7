package checkout

import (
	"log/slog"
	"testing"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/shop/stats"
	"mstm/store"
	"mstm/store/storetest"
)

// TestNightlyCheck_NotesWhatItFinds_OnceANight has a shop go through two nights with an order that is broken in the second one.
func TestNightlyCheck_NotesWhatItFinds_OnceANight(t *testing.T) {
	db, log := storetest.Open(t), slog.New(slog.DiscardHandler)
	now := time.Date(2026, 3, 4, 4, 0, 0, 0, time.UTC) // noon in China
	c := New(Config{Store: CollectionsOf(db), Hub: hub.New(hub.Config{Redis: db.Redis(), Log: log}), Now: func() time.Time { return now }, Log: log})
	want := func(when string, orders, violations int64, at time.Time) {
		t.Helper()
		if err := c.Invariants.checkIfDue(t.Context()); err != nil {
			t.Fatal(when, err)
		}
		pages, err := db.Figures.Read(t.Context(), [2]string{stats.PageOfCheck, stats.PageOfCheck})
		if a := stats.AccountsOf(pages[stats.PageOfCheck]); err != nil || a == nil || *a != (stats.Accounts{Violations: violations, Orders: orders, CheckedAt: at}) {
			t.Fatalf("%s: %+v, %v", when, a, err)
		}
	}
	first := now
	want("a new shop", 0, 0, first)
	o := &shop.Order{ID: store.NewID(), UserID: "lin", State: shop.OrderPaid, Paid: 7, CreatedAt: now} // paid, and nothing says what for
	if _, err := db.Orders.Insert(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	now = now.Add(16 * time.Hour)
	want("before the hour of the check", 0, 0, first)
	now = now.Add(time.Hour)
	found, err := c.Invariants.Check(t.Context())
	if err != nil || len(found) == 0 {
		t.Fatalf("%v, %v: the order is whole", found, err)
	}
	second := now
	want("after it", 1, int64(len(found)), second)
	now = now.Add(time.Hour)
	want("an hour later", 1, int64(len(found)), second)
	if _, err := c.Invariants.CheckAndNote(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("by hand", 1, int64(len(found)), now)
}
