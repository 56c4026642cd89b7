package shop

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// FinanceDays is how many days one finance export covers at most.
const FinanceDays = 92

// CheckFinanceRange refuses a range of days that ends before it begins or is too long.
func CheckFinanceRange(from, to Date) error {
	switch {
	case to < from:
		return ErrInvalidQuery.At("to")
	case from.To(to) > FinanceDays:
		return ErrInvalidQuery.At("from")
	}
	return nil
}

// CashSums are the sums of some movements, in fen: of one day they equal the sums of
// WeChat's bill of that day (In the 订单总金额, Out the 申请退款总金额).
type CashSums struct {
	Count        int // free orders included
	List, Credit Fen
	In, Out      Fen
}

func (s *CashSums) add(c Cash) {
	s.Count++
	s.List += c.List
	s.Credit += c.Credit
	s.In += c.In
	s.Out += c.Out
}

// SortCash puts movements in the order of the books: by time, then by number.
func SortCash(all []Cash) {
	slices.SortFunc(all, func(a, b Cash) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.OrderID, b.OrderID),
			cmp.Compare(a.OutTradeNo, b.OutTradeNo), cmp.Compare(a.OutRefundNo, b.OutRefundNo))
	})
}

// FinanceHeader is the first line: the columns of the finance export. Amounts are yuan with two decimals;
// what went back is negative, on the date on which WeChat accepted it.
func FinanceHeader() []string {
	return []string{
		"date", "time", "kind", "order", "number", "transaction_id", "user_id", "username",
		"courses", "list", "credit", "cash_in", "cash_out", "state",
	}
}

// FinanceRows are the lines of the finance export: every movement, after each day's last
// one the sums of the day, at the end those of all. The movements are sorted;
// username names a user by id.
func FinanceRows(all []Cash, username func(userID string) string) [][]string {
	var rows [][]string
	var day, total CashSums
	for i, c := range all {
		rows = append(rows, financeRow(c, username(c.UserID)))
		day.add(c)
		total.add(c)
		if last := i == len(all)-1; last || all[i+1].Day() != c.Day() {
			rows = append(rows, day.row(string(c.Day()), "day_total"))
			day = CashSums{}
		}
	}
	return append(rows, total.row("", "total"))
}

func financeRow(c Cash, username string) []string {
	at := c.At.In(shanghai)
	text := []string{
		string(c.Kind), c.OrderID, cmp.Or(c.OutRefundNo, c.OutTradeNo), c.TransactionID, c.UserID, username, strings.Join(c.Courses, "；"),
	}
	for i := range text {
		text[i] = defused(text[i])
	}
	row := append([]string{string(c.Day()), at.Format("15:04:05")}, text...)
	return append(row, c.List.Yuan(), c.Credit.Yuan(), c.In.Yuan(), (-c.Out).Yuan(), c.State)
}

// row is a line of sums; the number of movements stands where a movement has its number.
func (s CashSums) row(date, kind string) []string {
	return []string{
		date, "", kind, "", strconv.Itoa(s.Count), "", "", "", "",
		s.List.Yuan(), s.Credit.Yuan(), s.In.Yuan(), (-s.Out).Yuan(), "",
	}
}

// defused keeps a spreadsheet from taking a text for a formula; full-width signs count in
// Chinese ones.
func defused(s string) string {
	if strings.IndexAny(strings.TrimLeft(s, " \t\r\n"), "=+-@＝＋－＠") == 0 {
		return "'" + s
	}
	return s
}
