package handlers

import (
	"bytes"
	"encoding/csv"
	"errors"
	"net/http"

	"mstm/shop"
)

// exportFinance answers GET /api/admin/finance?from=&to= with the movements of money of the
// days from … to in Asia/Shanghai (both included, at most 92) as CSV: a line for each, the
// sums of each day after it, those of all at the end. The sums of a day equal WeChat's bill.
func (s *Server) exportFinance(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r)
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
	cash, err := s.Checkout.CashBook(r.Context(), from, to)
	if err != nil {
		return err
	}
	names, err := s.usernames(r, cash)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	out := csv.NewWriter(&body)
	out.UseCRLF = true // RFC 4180
	rows := shop.FinanceRows(cash, func(id string) string { return names[id] })
	if err := errors.Join(out.Write(shop.FinanceHeader()), out.WriteAll(rows)); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="finance-`+string(from)+`-`+string(to)+`.csv"`)
	write(w, http.StatusOK, body.Bytes())
	return nil
}

// usernames are the names of the movements' owners. Who is gone has none.
func (s *Server) usernames(r *http.Request, cash []shop.Cash) (map[string]string, error) {
	names := map[string]string{}
	for _, c := range cash {
		if _, known := names[c.UserID]; known {
			continue
		}
		u, err := s.Store.User(r.Context(), c.UserID)
		switch {
		case errors.Is(err, shop.ErrUserNotFound):
			names[c.UserID] = ""
		case err != nil:
			return nil, err
		default:
			names[c.UserID] = u.Username
		}
	}
	return names, nil
}

// date reads a day in Asia/Shanghai, or refuses it as what the caller says.
func date(s string, refusal error) (shop.Date, error) {
	d, err := shop.ParseDate(s)
	if err != nil {
		return "", refusal
	}
	return d, nil
}
