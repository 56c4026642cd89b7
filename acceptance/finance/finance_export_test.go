package finance

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"mstm/acceptance/shoptest"
)

// found are the orders that finance finds.
func found(p *shoptest.Person, q string) (ids []string) {
	p.T.Helper()
	var list struct {
		Items []shoptest.Order `json:"items"`
	}
	p.Get("/api/admin/orders?q=" + url.QueryEscape(q)).Want(200).Into(&list)
	for _, o := range list.Items {
		ids = append(ids, o.ID)
	}
	return ids
}

// TestFinanceExport_OpensInExcelAsItIs: a mark before what a spreadsheet would take for a
// number, as WeChat's own bill has it; and the same as a workbook, with types.
func TestFinanceExport_OpensInExcelAsItIs(t *testing.T) {
	s, learner := onDay(shoptest.Start(t), "2031-03-05 14:00")
	c := s.Sell(shoptest.Usual())
	o := s.Buy(learner, 99900, c.Full)
	s.Pass(61e9)
	finance := later(s, "2031-03-06 11:00")
	s.FinanceRefunds(finance, o.ID, obj{"amount_fen": 1}).Want(201)
	later(s, "2031-03-06 11:02")
	learner.Login(learner.Name, shoptest.Password, "web")
	learner.Await(o.ID, "partially_refunded")
	finance = later(s, "2031-03-07 11:00")

	transaction := s.Trade(o.ID + "01").TransactionID
	lines := finances(finance, "2031-03-01", "2031-03-31")
	if got := lines[0]["transaction_id"]; got != "`"+transaction || strings.Trim(transaction, "0123456789") != "" {
		t.Errorf("the transaction %s is exported as %q", transaction, got)
	}
	for _, q := range []string{transaction, "`" + transaction, " " + transaction[:8] + " " + transaction[8:] + " ", "\t" + transaction + "\r\n", wide(transaction), "\u200b" + transaction, o.ID, strings.ToUpper(o.ID), o.ID + "01", o.ID + "r01", learner.Name} {
		shoptest.WantSame(t, "the search for "+q, found(finance, q), o.ID)
	}
	shoptest.WantSame(t, "the search for another transaction", found(finance, transaction[:len(transaction)-1]))

	a := finance.Get("/api/admin/finance?from=2031-03-01&to=2031-03-31&format=xlsx").Want(200)
	if kind := a.Header.Get("Content-Type"); !strings.Contains(kind, "spreadsheetml") || !strings.Contains(a.Header.Get("Content-Disposition"), `.xlsx"`) {
		t.Errorf("Content-Type %q, %q", kind, a.Header.Get("Content-Disposition"))
	}
	book, err := excelize.OpenReader(bytes.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	cell := func(at string, raw bool) string {
		v, err := book.GetCellValue("finance", at, excelize.Options{RawCellValue: raw})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for at, want := range map[string]string{
		"A1": "date", "A2": "2031-03-05", "B2": "14:00:0", "C2": "payment", "D2": o.ID, "F2": transaction, "L2": "999.00", "M2": "0.00",
		"C3": "day_total", "E3": "1", "L3": "999.00", "C4": "refund", "A4": "2031-03-06", "M4": "-0.01", "C6": "total", "L6": "999.00", "M6": "-0.01",
	} {
		if got := cell(at, false); !strings.HasPrefix(got, want) {
			t.Errorf("%s shows %q, want %q", at, got, want)
		}
	}
	for at, want := range map[string]string{"A2": "47912", "L2": "999", "M4": "-0.01", "E3": "1"} { // days since 1899-12-30, and yuan
		if got := cell(at, true); got != want {
			t.Errorf("%s is %q, want the number %s", at, got, want)
		}
		if kind, err := book.GetCellType("finance", at); err != nil || kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
			t.Errorf("%s is of type %v, %v", at, kind, err)
		}
	}
	if kind, err := book.GetCellType("finance", "F2"); err != nil || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
		t.Errorf("the transaction is of type %v, %v", kind, err)
	}
	finance.Get("/api/admin/finance?from=2031-03-01&to=2031-03-31&format=ods").WantCode(400, "INVALID_QUERY")
	finance.Get("/api/admin/finance?from=2031-03-01&to=2031-01-31&format=xlsx").WantCode(400, "INVALID_QUERY")
}

// wide is a number in full-width figures, as a Chinese keyboard may write it.
func wide(s string) string {
	return strings.Map(func(r rune) rune { return r - '0' + '０' }, s)
}
