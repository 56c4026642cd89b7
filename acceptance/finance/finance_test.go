package finance

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/shop"
)

// financeLine is a line of the finance export by its columns.
type financeLine map[string]string

// String is `refund -999.00`, or `payment 499.00 of 999.00 less 500.00`.
func (l financeLine) String() string {
	text := l["date"] + " " + l["kind"] + " in " + l["cash_in"] + " out " + l["cash_out"]
	if l["credit"] != "0.00" {
		text += ", list " + l["list"] + " credit " + l["credit"]
	}
	return strings.TrimSpace(text)
}

// finances are the lines of the export.
func finances(p *shoptest.Person, from, to string) (lines []financeLine) {
	p.T.Helper()
	a := p.Get("/api/admin/finance?from=" + from + "&to=" + to).Want(200)
	if got := a.Header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		p.T.Fatalf("Content-Type %q", got)
	}
	body, marked := bytes.CutPrefix(a.Body, []byte("\uFEFF"))
	if !marked {
		p.T.Fatalf("no byte order mark before %.20q", a.Body)
	}
	all, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		p.T.Fatalf("%v in %s", err, a.Body)
	}
	for _, row := range all[1:] {
		l := financeLine{}
		for i, name := range all[0] {
			l[name] = row[i]
		}
		lines = append(lines, l)
	}
	return lines
}

func stories(lines []financeLine) (all []string) {
	for _, l := range lines {
		all = append(all, l.String())
	}
	return all
}

// P42: finance exports March. Σ cash = Σ gateway bill; 0-yuan orders are listed; credit has a
// column of its own; refunds are negative on their own date.
func TestP42TheFinanceExportEqualsTheBills(t *testing.T) {
	s, learner := onDay(shoptest.Start(t), "2031-03-05 14:00")
	terms := shoptest.Usual()
	terms.Credit = "paid_total"
	c := s.Sell(terms)
	s.Buy(learner, 0, c.S1)
	s.Pass(time.Minute)
	second := s.Buy(learner, 20000, c.S2)
	s.Move("2031-03-06 23:30", learner)
	full := s.Buy(learner, 79900, c.Full)
	s.Move("2031-03-07 09:00", learner)
	learner.Post("/api/orders/"+full.ID+"/refund", obj{"reason": "学不会"}).Want(200)
	learner.Await(full.ID, "refunded")

	finance := later(s, "2031-03-08 11:00")
	lines := finances(finance, "2031-03-01", "2031-03-31")
	shoptest.WantSame(t, "March", stories(lines),
		"2031-03-05 free_order in 0.00 out 0.00",
		"2031-03-05 payment in 200.00 out 0.00",
		"2031-03-05 day_total in 200.00 out 0.00",
		"2031-03-06 payment in 799.00 out 0.00, list 999.00 credit 200.00",
		"2031-03-06 day_total in 799.00 out 0.00, list 999.00 credit 200.00",
		"2031-03-07 refund in 0.00 out -799.00",
		"2031-03-07 day_total in 0.00 out -799.00",
		"total in 999.00 out -799.00, list 1199.00 credit 200.00",
	)
	if l := lines[1]; l["order"] != second.ID || l["number"] != second.ID+"01" || l["username"] != learner.Name || l["transaction_id"] == "" {
		t.Errorf("the payment: %v", l)
	}
	if l := lines[5]; l["number"] != full.ID+"r01" || l["order"] != full.ID {
		t.Errorf("the refund: %v", l)
	}
	wantBills(t, finance, lines)
	shoptest.WantSame(t, "one day alone", stories(finances(finance, "2031-03-07", "2031-03-07")),
		"2031-03-07 refund in 0.00 out -799.00", "2031-03-07 day_total in 0.00 out -799.00", "total in 0.00 out -799.00")
}

// wantBills wants the sums of each day to be those of WeChat's bill.
func wantBills(t *testing.T, finance *shoptest.Person, lines []financeLine) {
	t.Helper()
	for _, l := range lines {
		if l["kind"] != "day_total" {
			continue
		}
		r := reconcile(finance, l["date"])
		if got := "in " + yuanOf(r.Theirs.Total) + " out " + yuanOf(-r.Theirs.Refund); r.State != "ok" || !strings.Contains(l.String(), got) {
			t.Errorf("the bill of %s is %s: %s, the export %s", l["date"], r.State, got, l)
		}
	}
}

func yuanOf(fen int64) string { return shop.Fen(fen).Yuan() }

// A payment that pays for nothing is in the books twice: it came, and it went.
func TestAPaymentForNothingIsExportedWithItsRefund(t *testing.T) {
	s, learner := onDay(shoptest.Start(t), "2031-03-05 14:00")
	c := s.Sell(shoptest.Usual())
	late := s.ClosedButPayable(learner, 99900, c.Full)
	c.TakeDown()
	s.Scan(late.Payment)
	s.WantPaidBack(learner, late.Order.ID, 99900)

	finance := later(s, "2031-03-06 11:00")
	lines := finances(finance, "2031-03-05", "2031-03-05")
	shoptest.WantSame(t, "the day", stories(lines),
		"2031-03-05 duplicate in 999.00 out 0.00", "2031-03-05 duplicate_refund in 0.00 out -999.00",
		"2031-03-05 day_total in 999.00 out -999.00", "total in 999.00 out -999.00")
	wantBills(t, finance, lines)
	shoptest.WantSame(t, "the invariants", finance.Invariants())
}

func TestAFinanceExportOfAWrongRangeIsRefused(t *testing.T) {
	finance := shoptest.Start(t).Staff("finance")
	for _, row := range []struct{ name, query string }{
		{"no days", ""},
		{"one day only", "from=2031-03-05"},
		{"no day", "from=2031-03-05&to=tomorrow"},
		{"a day that is not there", "from=2031-02-30&to=2031-03-05"},
		{"it ends before it begins", "from=2031-03-05&to=2031-03-04"},
		{"93 days", "from=2031-01-01&to=2031-04-03"},
	} {
		t.Run(row.name, func(t *testing.T) {
			finance.Get("/api/admin/finance?"+row.query).WantCode(400, "INVALID_QUERY")
		})
	}
	finance.Get("/api/admin/finance?from=2031-01-01&to=2031-04-02").Want(200)
}
