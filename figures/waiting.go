package figures

import (
	"cmp"
	"context"
	"slices"
	"time"

	"mstm/shop"
	"mstm/shop/stats"
	"mstm/store"
)

// Waiting answers with what waits for a person.
type Waiting struct {
	figures         *store.Figures
	reconciliations *store.Reconciliations
	broadcasts      *store.Broadcasts
	deliveries      *store.Deliveries
	media           *store.Media
	webhooks        *store.Webhooks
	unmatched       Unmatched
	now             func() time.Time
}

// Unmatched are the payments that fit no order and wait for a person.
type Unmatched interface {
	CountUnmatched(context.Context) (int64, error)
}

// NewWaiting is what waits in a shop, by the shop's clock.
func NewWaiting(db *store.DB, unmatched Unmatched, now func() time.Time) *Waiting {
	return &Waiting{
		figures: db.Figures, reconciliations: db.Reconciliations, broadcasts: db.Broadcasts, deliveries: db.Deliveries, media: db.Media, webhooks: db.Webhooks,
		unmatched: unmatched, now: now,
	}
}

// Report is what waits for these roles; each asks only for its own, in at most four reads.
func (w *Waiting) Report(ctx context.Context, roles []shop.Role) (stats.Waiting, error) {
	all := stats.Waiting{Items: []stats.WaitingRow{}}
	for _, part := range []struct {
		role shop.Role
		add  func(context.Context, *stats.Waiting) error
	}{{shop.RoleFinance, w.addMoney}, {shop.RoleMarketer, w.addBroadcasts}, {shop.RoleEditor, w.addFiles}, {shop.RoleAdmin, w.addWebhooks}} {
		if !shop.MayActAs(roles, part.role) {
			continue
		}
		if err := part.add(ctx, &all); err != nil {
			return stats.Waiting{}, err
		}
	}
	return all, nil
}

// addMoney adds what waits for finance. The orders are counted by the figures, seconds after they have changed.
func (w *Waiting) addMoney(ctx context.Context, all *stats.Waiting) error {
	pages, err := w.figures.Read(ctx, [2]string{stats.PageNow, stats.PageNow}, [2]string{stats.PageOfCheck, stats.PageOfCheck})
	if err != nil {
		return err
	}
	unmatched, err := w.unmatched.CountUnmatched(ctx)
	if err != nil {
		return err
	}
	days, err := w.reconciliations.Different(ctx)
	if err != nil {
		return err
	}
	open, newest := int64(0), shop.Date("")
	for _, d := range days {
		open, newest = open+int64(shop.Open(d.Differences)), max(newest, d.Day)
	}
	now := pages[stats.PageNow]
	all.Add(stats.WaitingExceptions, now[stats.Exceptions], "")
	all.Add(stats.WaitingUnmatched, unmatched, "")
	all.Add(stats.WaitingStuck, now[stats.Stuck], "")
	all.Add(stats.WaitingDifferences, open, string(newest))
	all.Accounts = stats.AccountsOf(pages[stats.PageOfCheck])
	return nil
}

// addBroadcasts adds what waits for marketing.
func (w *Waiting) addBroadcasts(ctx context.Context, all *stats.Waiting) error {
	stopped, err := w.broadcasts.InStates(ctx, shop.BroadcastUnconfirmed, shop.BroadcastPaused)
	if err != nil {
		return err
	}
	in := map[shop.BroadcastState][]string{}
	for _, b := range stopped {
		in[b.State] = append(in[b.State], b.ID)
	}
	add := func(kind stats.WaitingKind, ids []string) {
		ref := ""
		if len(ids) == 1 {
			ref = ids[0]
		}
		all.Add(kind, int64(len(ids)), ref)
	}
	add(stats.WaitingUnconfirmed, in[shop.BroadcastUnconfirmed])
	add(stats.WaitingPaused, in[shop.BroadcastPaused])
	recent, err := w.broadcasts.StartedSince(ctx, w.now().Add(-stats.FailedFor))
	if err != nil || len(recent) == 0 {
		return err
	}
	failed, err := w.deliveries.CountFailed(ctx, recent)
	if err != nil {
		return err
	}
	n := int64(0)
	slices.SortFunc(recent, func(a, b string) int { return cmp.Or(cmp.Compare(failed[b], failed[a]), cmp.Compare(a, b)) })
	for _, f := range failed {
		n += f
	}
	all.Add(stats.WaitingMessages, n, recent[0])
	return nil
}

// addWebhooks adds what waits for the administrators.
func (w *Waiting) addWebhooks(ctx context.Context, all *stats.Waiting) error {
	list, err := w.webhooks.Listed(ctx)
	n := int64(0)
	for _, e := range list {
		if e.Waits() {
			n++
		}
	}
	all.Add(stats.WaitingWebhooks, n, "")
	return err
}

// addFiles adds what waits for the editors.
func (w *Waiting) addFiles(ctx context.Context, all *stats.Waiting) error {
	n, err := w.media.CountFailed(ctx)
	all.Add(stats.WaitingTranscodings, n, "")
	return err
}
