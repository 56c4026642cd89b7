package figures

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/shop/stats"
	"mstm/store"
	"mstm/store/storetest"
)

var noon = time.Date(2026, 3, 4, 4, 0, 0, 0, time.UTC)

// quietHub counts what is published, and has no sockets.
type quietHub struct{ published atomic.Int64 }

func (h *quietHub) Publish(context.Context, hub.Event) (string, error) {
	h.published.Add(1)
	return "", nil
}
func (h *quietHub) Online() hub.Online { return hub.Online{Sockets: 5} }

func newFigures(db *store.DB) *Figures {
	return New(Config{Store: CollectionsOf(db), Hub: &quietHub{}, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
}

// want wants the pages to be what all sources of the shop count for.
func want(t *testing.T, db *store.DB) {
	t.Helper()
	sum := stats.Pages{}
	add := func(s stats.Source) { sum.Add(s.Pages) }
	err := errors.Join(
		db.Orders.Each(t.Context(), func(o *shop.Order) error { add(stats.Order(o)); return nil }),
		db.Users.Each(t.Context(), func(u *shop.User) error { add(stats.User(u)); return nil }),
		db.Enrolments.Each(t.Context(), func(e *shop.Enrolment) error { add(stats.Enrolment(e)); return nil }))
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.Figures.Read(t.Context(), [2]string{"", "~"})
	delete(got, stats.PageOfRecount)
	if diff := got.Minus(sum); len(diff) > 0 || err != nil {
		t.Fatalf("the figures differ by %v from what they are made of: %v", diff, err)
	}
}

// change lets an order go on: it is paid, or money of it goes back, or comes back to the shop.
func change(dice *rand.Rand, o *shop.Order) error {
	at := noon.Add(time.Duration(dice.IntN(72)) * time.Hour)
	switch {
	case o.PaidAt == nil:
		o.State, o.Paid, o.PaidAt, o.Transaction = shop.OrderFulfilled, o.Total, &at, "T"+o.ID
		o.Attempts = []shop.Attempt{{OutTradeNo: o.ID + "01", State: shop.AttemptSucceeded, Amount: o.Total, TransactionID: o.Transaction, PaidAt: &at}}
	case len(o.Refunds) == 0:
		o.Refunds = []shop.Refund{{
			OutRefundNo: o.ID + "r01", OutTradeNo: o.ID + "01", State: shop.RefundProcessing, Amount: 7, CreatedAt: at,
			Lines: []shop.RefundPart{{CourseID: "go1", Amount: 5}},
		}}
	default:
		all := []shop.RefundState{shop.RefundSucceeded, shop.RefundAbnormal, shop.RefundClosed, shop.RefundProcessing}
		o.Refunds[0].State = all[dice.IntN(len(all))]
	}
	return nil
}

// die is Count in a process that dies between two of its writes.
func die(ctx context.Context, dice *rand.Rand, f *Figures) error {
	rows, err := f.Store.Figures.Queue(ctx, countMost)
	if err != nil {
		return err
	}
	all, _, err := f.sources(ctx, rows)
	if err != nil {
		return err
	}
	left := dice.IntN(3*len(all) + 1) // writes
	var marks []store.FigureMark
	for _, src := range all {
		if left--; left < 0 {
			return nil
		}
		mark, _, err := f.Store.Figures.Prepare(ctx, src)
		if err != nil {
			return err
		}
		marks = append(marks, *mark)
	}
	for _, m := range marks {
		for _, page := range m.Pages() {
			if left--; left < 0 {
				return nil
			}
			if err := f.Store.Figures.Apply(ctx, page, marks); err != nil {
				return err
			}
		}
	}
	return nil // before it clears anything
}

// TestCount_DyingAnywhere_CountsEachOrderOnce has several count at the same time, some of which die on the way.
func TestCount_DyingAnywhere_CountsEachOrderOnce(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	seed := storetest.Seed(t)
	dice := rand.New(rand.NewPCG(seed, 1))
	var orders []*shop.Order
	for i := range 8 {
		id := fmt.Sprintf("order%02d", i)
		if err := db.Users.Insert(t.Context(), &shop.User{ID: "user" + id, Username: "user" + id, CreatedAt: noon}); err != nil {
			t.Fatal(err)
		}
		o := shop.NewOrder(id, "user"+id, []shop.OrderLine{{CourseID: "go1", PolicyID: "full", Price: shop.Fen(100 + i)}}, noon)
		if _, err := db.Orders.Insert(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		orders = append(orders, o)
	}
	for round := range 12 {
		for range 4 {
			i := dice.IntN(len(orders))
			o, err := db.Orders.Change(t.Context(), orders[i].ID, func(o *shop.Order) error { return change(dice, o) })
			if err == nil && dice.IntN(2) == 0 {
				err = db.Figures.EnqueueOrder(t.Context(), o)
			}
			if err != nil {
				t.Fatal(err)
			}
			orders[i] = o
		}
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				f, dice := newFigures(db), rand.New(rand.NewPCG(seed, uint64(10*round+i)))
				err := die(t.Context(), dice, f)
				if i == 0 {
					_, err = f.Count(t.Context())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	for _, o := range orders { // as it is before an order comes to rest
		if err := db.Figures.EnqueueOrder(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	f := newFigures(db)
	shouldEnd := time.Now().Add(30 * time.Second)
	for rows := []store.FigureRow{{}}; len(rows) > 0 && time.Now().Before(shouldEnd); {
		_, err := f.Count(t.Context())
		if err == nil {
			rows, err = db.Figures.Queue(t.Context(), 100)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want(t, db)
	if done, err := f.Recount(t.Context()); err != nil || done != (Recounted{}) {
		t.Errorf("the recount found %+v wrong: %v", done, err)
	}
}

func TestRecount_ShopOfTheVersionBefore_HasAllItsFigures(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	enrolment := shop.NewEnrolment("ann", "go1", noon)
	enrolment.Grants = []shop.Grant{{OrderID: "o1", Kind: shop.KindStage, Stage: 1, State: shop.GrantLive, At: noon}}
	if _, err := db.Enrolments.Change(t.Context(), "ann", "go1", func(e *shop.Enrolment) error { e.Grants = enrolment.Grants; return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := db.Orders.Insert(t.Context(), shop.NewOrder(fmt.Sprintf("order%d", i), "ann", []shop.OrderLine{{CourseID: "go1", PolicyID: "full", Price: 100}}, noon)); err != nil {
			t.Fatal(err)
		}
	}
	db.Figures.Noted() // its instances note nothing
	f := newFigures(db)
	if err := f.recountIfDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, db)
	r, err := f.Report(t.Context(), []shop.Role{shop.RoleAdmin}, 1)
	if err != nil || *r.Days[0].Orders != 3 || r.Recounted == nil || r.Missed != 0 || *r.Now.Online != 5 {
		t.Fatalf("%+v, %v", r, err)
	}
	if len(r.Funnel) != 1 || r.Funnel[0].Weeks[0].Stages[0] != 1 {
		t.Errorf("the funnel is %+v", r.Funnel)
	}
}

func TestRecount_FiguresThatAreWrong_AreRepairedAndSaidSo(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	f, page := newFigures(db), stats.PageOfDay(shop.DateOf(noon))
	if _, err := db.Orders.Insert(t.Context(), shop.NewOrder("order1", "ann", []shop.OrderLine{{CourseID: "go1", PolicyID: "full", Price: 100}}, noon)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Recount(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Figures.Put(t.Context(), page, stats.Sums{stats.Orders: 9, stats.In: 1}); err != nil {
		t.Fatal(err)
	}
	done, err := f.Recount(t.Context())
	if err != nil || done.Figures != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	want(t, db)
	if r, err := f.Report(t.Context(), []shop.Role{shop.RoleFinance}, 1); err != nil || r.Repaired != 2 || *r.Days[0].Orders != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPeaks_LowerOnes_ChangeNothing(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	page := stats.PageOfPeaks("2026-03-04")
	for _, n := range []int64{3, 7, 5} {
		if err := db.Figures.Raise(t.Context(), page, stats.Sums{stats.Online: n}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := db.Figures.Read(t.Context(), [2]string{page, page}); err != nil || got[page][stats.Online] != 7 {
		t.Errorf("%v, %v", got, err)
	}
}
