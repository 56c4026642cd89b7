package shop

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
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
// WeChat's bill of that day (In the 订单总金额, Out the 申请退款总金额), but for refunds that
// WeChat gave up: the bill lists what was asked for, and their money never left.
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
	s.Out += c.Left()
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
		"courses", "list", "credit", "cash_in", "cash_out", "state", "referral",
	}
}

// FinanceRow is a line of the finance export: a movement, or the sums of a day or of all,
// which have no time (zero) and Count, how many movements they are of.
type FinanceRow struct {
	Day             Date // "" for the sums of all
	At              time.Time
	Kind            string
	Order, Number   string
	Count           int
	TransactionID   string
	UserID          string
	Username        string
	Courses         string
	List, Credit    Fen
	CashIn, CashOut Fen // what went back is negative
	State           string
	Referral        string
}

// IsSum reports whether the row is one of sums.
func (r FinanceRow) IsSum() bool { return r.At.IsZero() }

// FinanceBook makes the lines of the finance export out of movements that come in the order
// of the books, some at a time: every movement, after each day's last one the sums of the
// day, at the end those of all.
type FinanceBook struct {
	day, all CashSums
	today    Date
}

// Rows are the lines that some more movements add; username names a user by id.
func (b *FinanceBook) Rows(cash []Cash, username func(userID string) string) (rows []FinanceRow) {
	for _, c := range cash {
		if c.Day() != b.today {
			rows = append(rows, b.endDay()...)
			b.today = c.Day()
		}
		b.day.add(c)
		b.all.add(c)
		rows = append(rows, c.row(username(c.UserID)))
	}
	return rows
}

// End are the last lines: the sums of the last day and of all.
func (b *FinanceBook) End() []FinanceRow { return append(b.endDay(), b.all.row("", "total")) }

func (b *FinanceBook) endDay() (rows []FinanceRow) {
	if b.today != "" {
		rows = append(rows, b.day.row(b.today, "day_total"))
	}
	b.day = CashSums{}
	return rows
}

func (c Cash) row(username string) FinanceRow {
	return FinanceRow{
		Day: c.Day(), At: c.At, Kind: string(c.Kind), Order: c.OrderID, Number: cmp.Or(c.OutRefundNo, c.OutTradeNo),
		TransactionID: c.TransactionID, UserID: c.UserID, Username: username, Courses: strings.Join(c.Courses, "；"),
		List: c.List, Credit: c.Credit, CashIn: c.In, CashOut: -c.Left(), State: c.State, Referral: c.Referral,
	}
}

func (s CashSums) row(day Date, kind string) FinanceRow {
	return FinanceRow{Day: day, Kind: kind, Count: s.Count, List: s.List, Credit: s.Credit, CashIn: s.In, CashOut: -s.Out}
}

// Text is the row as CSV has it, under FinanceHeader. The number of movements of a row of
// sums stands where a movement has its number.
func (r FinanceRow) Text() []string {
	at, number := "", marked(r.Number)
	if r.IsSum() {
		number = strconv.Itoa(r.Count)
	} else {
		at = r.At.In(shanghai).Format(time.TimeOnly)
	}
	return []string{
		string(r.Day), at, defused(r.Kind), marked(r.Order), number, marked(r.TransactionID), marked(r.UserID), marked(r.Username),
		quoted(r.Courses), r.List.Yuan(), r.Credit.Yuan(), r.CashIn.Yuan(), r.CashOut.Yuan(), r.State, marked(r.Referral),
	}
}

// Cells is the row as a workbook has it: days and times of the clock in China are dates (a
// time.Time, a fraction of a day), amounts are numbers in yuan, the rest is text; nil where
// there is nothing.
func (r FinanceRow) Cells() []any {
	day, at, number := any(nil), any(nil), any(r.Number)
	if r.Day != "" {
		day = r.Day.Start().In(shanghai)
	}
	if r.IsSum() {
		number = r.Count
	} else {
		at = r.At.Sub(r.Day.Start()).Truncate(time.Second).Hours() / 24
	}
	cells := []any{day, at, r.Kind, r.Order, number, r.TransactionID, r.UserID, r.Username, r.Courses}
	for i, c := range cells {
		if text, ok := c.(string); ok {
			cells[i] = defused(text)
		}
	}
	for _, f := range []Fen{r.List, r.Credit, r.CashIn, r.CashOut} {
		cells = append(cells, float64(f)/100)
	}
	return append(cells, r.State, defused(r.Referral))
}

// numeric is what a spreadsheet takes for a number, a date or a truth value and would round
// or rewrite: the numbers of trades, phones, names like 3-4 or sept2, a title of digits.
var numeric = regexp.MustCompile(`(?i)^(?:[0-9][0-9.,:/\-]*(?:e[+-]?[0-9]+)?%?|[0-9]*[ \-/.]?` + month + `[ \-/.]?[0-9]+|[0-9]+[ \-/.]?` + month + `|true|false)$`)

const month = `(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}`

// isNumeric looks at the plain form: full-width figures count as well.
func isNumeric(s string) bool { return numeric.MatchString(Fold(s)) }

// marked is an identifier as a spreadsheet leaves it alone: with WeChat's own mark, a
// backtick, before what it would take for a number.
func marked(s string) string {
	if isNumeric(s) {
		return "`" + s
	}
	return defused(s)
}

// quoted is a text as a spreadsheet leaves it alone: with an apostrophe before what it would
// take for a formula or a number.
func quoted(s string) string {
	if isNumeric(s) {
		return "'" + s
	}
	return defused(s)
}

// defused keeps a spreadsheet from taking a text for a formula; full-width signs count in
// Chinese ones.
func defused(s string) string {
	if strings.IndexAny(strings.TrimLeft(s, " \t\r\n"), "=+-@＝＋－＠") == 0 {
		return "'" + s
	}
	return s
}
