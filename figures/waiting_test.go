package figures

import (
	"context"
	"testing"
	"time"

	"mstm/shop"
	"mstm/shop/stats"
	"mstm/store/storetest"
)

// strays says how many unmatched payments are open.
type strays int64

func (n strays) CountUnmatched(context.Context) (int64, error) { return int64(n), nil }

// TestWaiting_EachRole_SeesItsOwn has one thing of each kind wait beside one that does not.
func TestWaiting_EachRole_SeesItsOwn(t *testing.T) {
	db, ctx := storetest.Open(t), t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(db.Figures.Put(ctx, stats.PageNow, stats.Sums{stats.Exceptions: 2}))
	must(db.Figures.Put(ctx, stats.PageOfCheck, stats.Sums{stats.CheckedAt: noon.Unix(), stats.Violations: 3}))
	for day, state := range map[shop.Date]shop.ReconciliationState{"2026-03-01": shop.ReconciliationDifferences, "2026-03-02": shop.ReconciliationOK} {
		r, _, err := db.Reconciliations.Begin(ctx, day, "shop", false, noon)
		must(err)
		r.State, r.Differences = state, []shop.Difference{{State: shop.DifferenceOpen}, {State: shop.DifferenceRepaired}}
		_, err = db.Reconciliations.End(ctx, r)
		must(err)
	}
	started, before := noon.Add(-time.Hour), noon.Add(-stats.FailedFor-time.Minute)
	for id, b := range map[string]shop.Broadcast{
		"b1": {State: shop.BroadcastPaused, StartedAt: &started}, "b2": {State: shop.BroadcastUnconfirmed}, "b3": {State: shop.BroadcastUnconfirmed},
		"b4": {State: shop.BroadcastSent, StartedAt: &before}, "b5": {State: shop.BroadcastSent, StartedAt: &started},
	} {
		b.ID = id
		_, err := db.Broadcasts.Insert(ctx, &b)
		must(err)
		for user, state := range map[string]shop.DeliveryState{"u1": shop.DeliveryFailed, "u2": shop.DeliverySent, "u3": shop.DeliveryFailed} {
			d := shop.NewDelivery(user, shop.KindActivity, id, noon)
			d.State, d.Broadcast = state, id
			if id == "b1" && user == "u3" {
				continue
			}
			_, err := db.Deliveries.Insert(ctx, d)
			must(err)
		}
	}
	for id, state := range map[string]shop.MediaJobState{"m1": shop.JobFailed, "m2": shop.JobDone} {
		must(db.Media.Insert(ctx, &shop.Media{ID: id, State: shop.MediaReady, Kind: shop.KindVideo, Job: &shop.MediaJob{Kind: shop.JobTranscode, State: state}}))
	}

	money := []stats.WaitingRow{{Kind: "exceptions", Count: 2}, {Kind: "unmatched", Count: 4}, {Kind: "differences", Count: 1, Ref: "2026-03-01"}}
	broadcasts := []stats.WaitingRow{{Kind: "unconfirmed", Count: 2}, {Kind: "paused", Count: 1, Ref: "b1"}, {Kind: "messages", Count: 3, Ref: "b5"}}
	files := []stats.WaitingRow{{Kind: "transcodings", Count: 1}}
	all := append(append(append([]stats.WaitingRow{}, money...), broadcasts...), files...)
	w := NewWaiting(db, strays(4), func() time.Time { return noon })
	for _, tt := range []struct {
		role     shop.Role
		rows     []stats.WaitingRow
		accounts bool
	}{{shop.RoleFinance, money, true}, {shop.RoleMarketer, broadcasts, false}, {shop.RoleEditor, files, false}, {shop.RoleSupport, nil, false}, {shop.RoleAdmin, all, true}} {
		t.Run(string(tt.role), func(t *testing.T) {
			got, err := w.Report(ctx, []shop.Role{tt.role})
			if err != nil || len(got.Items) != len(tt.rows) {
				t.Fatalf("%v, not %v: %v", got.Items, tt.rows, err)
			}
			for i, row := range tt.rows {
				if got.Items[i] != row {
					t.Errorf("%v, not %v", got.Items[i], row)
				}
			}
			if a := got.Accounts; (a != nil) != tt.accounts || a != nil && (a.Violations != 3 || !a.CheckedAt.Equal(noon)) {
				t.Errorf("the accounts are %v", a)
			}
		})
	}
}
