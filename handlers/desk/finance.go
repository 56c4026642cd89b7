package desk

import (
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/shop"
)

// finance exports the movements of money.
type Finance struct {
	Checkout *checkout.Checkout
	Log      *slog.Logger
}

// exportTime bounds how long one finance export may take to send.
const exportTime = 10 * time.Minute

// financeSheet is a finance export in one format. Once it has begun to be sent the answer
// cannot become a refusal any more.
type financeSheet interface {
	rows([]shop.FinanceRow) error
	end() error
	begun() bool
	close()
}

// Export answers GET /api/admin/finance?from=&to=&format= with the movements of money
// of the days from … to in Asia/Shanghai (both included, at most 92) as CSV, or as a workbook
// with format=xlsx: a line for each, the sums of each day after it, those of all at the end.
// The sums of a day equal WeChat's bill.
func (h *Finance) Export(w http.ResponseWriter, r *http.Request) error {
	q, err := rest.Query(r)
	if err != nil {
		return err
	}
	from, err := date(q.Get("from"), shop.ErrInvalidQuery.At("from"))
	if err != nil {
		return err
	}
	to, err := date(q.Get("to"), shop.ErrInvalidQuery.At("to"))
	if err != nil {
		return err
	}
	name := "finance-" + string(from) + "-" + string(to)
	var sheet financeSheet
	switch q.Get("format") {
	case "", "csv":
		sheet = &financeCSV{w: w, name: name}
	case "xlsx":
		if sheet, err = newFinanceBook(w, name); err != nil {
			return err
		}
	default:
		return shop.ErrInvalidQuery.At("format")
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportTime)) // without it the server's own holds
	return h.write(r, from, to, sheet)
}

// write writes the rows some days at a time. What cannot be completed is cut off: a
// file that ends early must not look whole.
func (h *Finance) write(r *http.Request, from, to shop.Date, sheet financeSheet) error {
	defer sheet.close()
	err := h.Checkout.Cash.Export(r.Context(), from, to, sheet.rows)
	if err == nil {
		err = sheet.end()
	}
	if err != nil && sheet.begun() {
		h.Log.WarnContext(r.Context(), "finance export cut off", "err", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// date reads a day in Asia/Shanghai, or refuses it as what the caller says.
func date(s string, refusal error) (shop.Date, error) {
	d, err := shop.ParseDate(s)
	if err != nil {
		return "", refusal
	}
	return d, nil
}

// days are the days from … to of a list in Asia/Shanghai, both included, as instants; zero where the query has none.
func days(q url.Values) (from, until time.Time, err error) {
	if q.Get("from") != "" {
		first, err := date(q.Get("from"), shop.ErrInvalidQuery.At("from"))
		if err != nil {
			return from, until, err
		}
		from = first.Start()
	}
	if q.Get("to") != "" {
		last, err := date(q.Get("to"), shop.ErrInvalidQuery.At("to"))
		if err != nil {
			return from, until, err
		}
		until = last.End()
	}
	return from, until, nil
}
