package shop

import (
	"slices"
	"testing"
	"time"
)

// books day: 5 March 2025 in Beijing.
const booksDay Date = "2025-03-05"

var booksNoon = booksDay.Start().Add(12 * time.Hour)

// orderInBooks is an order of 500 fen, paid at noon, with a refund of 200 that went through.
func orderInBooks() *Order {
	paid, accepted := booksNoon, booksNoon.Add(time.Hour)
	return &Order{
		ID: "o1", State: OrderPartiallyRefunded, Total: 500, Paid: 500, Refunded: 200,
		Attempts: []Attempt{
			{OutTradeNo: "o101", State: AttemptClosed, Amount: 500},
			{OutTradeNo: "o102", State: AttemptSucceeded, Amount: 500, TransactionID: "t1", PaidAt: &paid},
		},
		Refunds: []Refund{
			{OutRefundNo: "o1r01", OutTradeNo: "o102", State: RefundSucceeded, Amount: 200, CreatedAt: accepted, AcceptedAt: &accepted},
		},
	}
}

func billOfBooks() []BillEntry {
	return []BillEntry{
		{At: booksNoon, OutTradeNo: "o102", TransactionID: "t1", Amount: 500},
		{At: booksNoon, OutTradeNo: "o102", OutRefundNo: "o1r01", TransactionID: "t1", Amount: 200, State: RefundSucceeded},
	}
}

func TestABillIsComparedWithTheBooks(t *testing.T) {
	nextDay := booksNoon.AddDate(0, 0, 1)
	rows := []struct {
		name  string
		spoil func(o *Order, bill *[]BillEntry)
		want  []string
	}{
		{"agrees", func(*Order, *[]BillEntry) {}, nil},
		{"has a fen more than we", func(_ *Order, b *[]BillEntry) { (*b)[0].Amount++ }, []string{"AMOUNT_DIFFERS o102"}},
		{"has a refund of a fen less", func(_ *Order, b *[]BillEntry) { (*b)[1].Amount-- }, []string{"REFUND_AMOUNT_DIFFERS o1r01"}},
		{"lacks the refund", func(_ *Order, b *[]BillEntry) { *b = (*b)[:1] }, []string{"REFUND_HERE_NOT_THERE o1r01"}},
		{"is empty", func(_ *Order, b *[]BillEntry) { *b = nil }, []string{"PAID_HERE_NOT_THERE o102", "REFUND_HERE_NOT_THERE o1r01"}},
		{"has money for an attempt that we closed", func(_ *Order, b *[]BillEntry) {
			*b = append(*b, BillEntry{OutTradeNo: "o101", Amount: 500})
		}, []string{"PAID_THERE_NOT_HERE o101"}},
		{"has an unknown number", func(_ *Order, b *[]BillEntry) {
			*b = append(*b, BillEntry{OutTradeNo: "x01", Amount: 1})
		}, []string{"UNKNOWN_NUMBER x01"}},
		{"has an unknown refund", func(_ *Order, b *[]BillEntry) {
			*b = append(*b, BillEntry{OutTradeNo: "o102", OutRefundNo: "o1r02", Amount: 1})
		}, []string{"UNKNOWN_NUMBER o1r02"}},
		{"has another transaction", func(_ *Order, b *[]BillEntry) { (*b)[0].TransactionID = "t2" }, []string{"TRANSACTION_DIFFERS o102"}},
		{"names a payment twice", func(_ *Order, b *[]BillEntry) { *b = append(*b, (*b)[0]) }, []string{"UNEXPECTED_ROW o102"}},
		{"has a row that is neither", func(_ *Order, b *[]BillEntry) { (*b)[0].OtherState = "REVOKED" }, []string{"UNEXPECTED_ROW o102"}},
		{"accepted what we have not handed over yet", func(o *Order, _ *[]BillEntry) { o.Refunds[0].State = RefundApproved }, []string{"REFUND_THERE_NOT_HERE o1r01"}},
		{"knows that the refund went through", func(o *Order, _ *[]BillEntry) { o.Refunds[0].State = RefundProcessing }, []string{"REFUND_STATE_DIFFERS o1r01"}},
		{"does not know yet that the refund went through", func(_ *Order, b *[]BillEntry) { (*b)[1].State = RefundProcessing }, nil},
		{"is of the day before ours", func(o *Order, _ *[]BillEntry) { o.Attempts[1].PaidAt = &nextDay }, []string{"OTHER_DAY o102"}},
		{"has no rejected refund, and neither have we", func(o *Order, _ *[]BillEntry) {
			o.Refunds = append(o.Refunds, Refund{OutRefundNo: "o1r02", State: RefundRejected, Amount: 100, CreatedAt: booksNoon})
		}, nil},
	}
	for _, row := range rows {
		t.Run("the bill "+row.name, func(t *testing.T) {
			o, bill, b := orderInBooks(), billOfBooks(), NewBooks()
			row.spoil(o, &bill)
			b.Add(o)
			var got []string
			for _, d := range Reconcile(booksDay, bill, b) {
				no := d.OutRefundNo
				if no == "" {
					no = d.OutTradeNo
				}
				got = append(got, string(d.Kind)+" "+no)
				if d.State != DifferenceOpen {
					t.Errorf("%s is %s", d.Key(), d.State)
				}
			}
			if !slices.Equal(got, row.want) {
				t.Fatalf("%q, not %q", got, row.want)
			}
		})
	}
}

func TestOurSumsOfADay(t *testing.T) {
	b := NewBooks()
	b.Add(orderInBooks())
	b.Add(orderInBooks()) // once more changes nothing
	b.Add(&Order{ID: "free", State: OrderFulfilled, CreatedAt: booksNoon})
	if got, want := b.Sums(booksDay), (BillSums{Count: 2, Total: 500, Refund: 200}); got != want {
		t.Fatalf("%+v, not %+v", got, want)
	}
	if got := b.Sums(booksDay.Add(1)); got != (BillSums{}) {
		t.Fatalf("the next day: %+v", got)
	}
}

func TestADayNeverForgetsACase(t *testing.T) {
	amount := Difference{Kind: AmountDiffers, OutTradeNo: "a", State: DifferenceOpen}
	lost := Difference{Kind: PaidThereNotHere, OutTradeNo: "b", State: DifferenceOpen}
	rows := []struct {
		name                 string
		earlier, found, left []Difference
		want                 []DifferenceState // of those found, by number
	}{
		{"nothing was found", nil, nil, nil, nil},
		{"what is left is open", nil, []Difference{amount, lost}, []Difference{amount, lost}, []DifferenceState{DifferenceOpen, DifferenceOpen}},
		{"what the repair took away is repaired", nil, []Difference{amount, lost}, []Difference{amount}, []DifferenceState{DifferenceOpen, DifferenceRepaired}},
		{"what an earlier run found and this one does not is repaired", []Difference{amount}, nil, nil, []DifferenceState{DifferenceRepaired}},
		{"what comes back is open again", []Difference{{Kind: AmountDiffers, OutTradeNo: "a", State: DifferenceRepaired}},
			[]Difference{amount}, []Difference{amount}, []DifferenceState{DifferenceOpen}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := Repaired(row.earlier, row.found, row.left)
			slices.SortFunc(got, func(x, y Difference) int { return len(x.Key()) - len(y.Key()) }) // AMOUNT_ before PAID_
			var states []DifferenceState
			for _, d := range got {
				states = append(states, d.State)
			}
			if !slices.Equal(states, row.want) {
				t.Fatalf("%q, not %q", states, row.want)
			}
		})
	}
}

func TestWhichDaysAreToBeReconciled(t *testing.T) {
	at := func(s string) time.Time {
		t.Helper()
		when, err := time.ParseInLocation("2006-01-02 15:04", s, shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	rows := []struct {
		name  string
		now   string
		since Date
		want  []Date
	}{
		{"a minute before half past ten yesterday waits", "2025-03-06 10:29", "2025-03-05", nil},
		{"at half past ten it is yesterday's turn", "2025-03-06 10:30", "2025-03-05", []Date{"2025-03-05"}},
		{"days before the shop opened have no bill", "2025-03-06 12:00", "2025-03-06", nil},
		{"missed days come first", "2025-03-06 12:00", "2025-03-03", []Date{"2025-03-03", "2025-03-04", "2025-03-05"}},
		{"a week is made up for, no more", "2025-03-20 12:00", "2025-01-01",
			[]Date{"2025-03-13", "2025-03-14", "2025-03-15", "2025-03-16", "2025-03-17", "2025-03-18", "2025-03-19"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := ReconcileDue(at(row.now), row.since); !slices.Equal(got, row.want) {
				t.Fatalf("%v, not %v", got, row.want)
			}
		})
	}
}

func TestARunMayBeTakenOver(t *testing.T) {
	next := booksNoon.Add(30 * time.Minute)
	rows := []struct {
		name   string
		r      Reconciliation
		byHand bool
		after  time.Duration
		want   bool
	}{
		{"no instance while it runs", Reconciliation{State: ReconciliationRunning}, true, 9 * time.Minute, false},
		{"anybody once it has died", Reconciliation{State: ReconciliationRunning}, false, 11 * time.Minute, true},
		{"anybody where the clock was moved back", Reconciliation{State: ReconciliationRunning}, false, -time.Hour, true},
		{"the shop once WeChat may be ready", Reconciliation{State: ReconciliationWaiting, NextAt: &next}, false, 30 * time.Minute, true},
		{"not the shop before", Reconciliation{State: ReconciliationWaiting, NextAt: &next}, false, 29 * time.Minute, false},
		{"a person before", Reconciliation{State: ReconciliationWaiting, NextAt: &next}, true, time.Minute, true},
		{"a person once it is done", Reconciliation{State: ReconciliationOK}, true, time.Hour, true},
		{"not the shop once it is done", Reconciliation{State: ReconciliationDifferences}, false, time.Hour, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			row.r.StartedAt = booksNoon
			if got := row.r.Takeable(row.byHand, booksNoon.Add(row.after)); got != row.want {
				t.Fatalf("%t", got)
			}
		})
	}
}
