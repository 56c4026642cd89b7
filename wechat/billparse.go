package wechat

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"mstm/shop"
)

// ParseBill reads a trade bill: a header, rows, a second header, one line of sums. Columns are
// found by name, because their order differs by kind of bill. Every value has a backtick in
// front, amounts are yuan with decimals, times are Beijing's. A file with sums that its rows do
// not add up to is refused.
func ParseBill(r io.Reader) ([]BillRow, BillSummary, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() {
		return nil, BillSummary{}, errors.New("the file is empty")
	}
	cols := columnsOf(strings.TrimPrefix(lines.Text(), "\ufeff"))
	rows := []BillRow{}
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if !strings.HasPrefix(line, "`") { // the second header
			sum, err := parseSummary(columnsOf(line), lines)
			if err != nil {
				return nil, BillSummary{}, err
			}
			return rows, sum, sum.check(rows)
		}
		row, err := parseRow(cols, line)
		if err != nil {
			return nil, BillSummary{}, fmt.Errorf("row %d: %w", len(rows)+1, err)
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		return nil, BillSummary{}, err
	}
	return nil, BillSummary{}, errors.New("the file ends before its sums")
}

// columns are the names of a header line, with their places. A name that stands twice counts twice.
type columns struct {
	at map[string]int
	n  int
}

func columnsOf(line string) columns {
	names := strings.Split(strings.TrimRight(line, "\r"), ",")
	c := columns{map[string]int{}, len(names)}
	for i, name := range names {
		c.at[strings.TrimSpace(name)] = i
	}
	return c
}

// cells reads the values of one line by their column's name and keeps the first error.
type cells struct {
	columns columns
	values  []string
	err     error
}

// newCells splits at ",`": a merchant's own commas are escaped, but a bill must not break over one that is not.
func newCells(cols columns, line string) (*cells, error) {
	values := strings.Split(strings.TrimPrefix(line, "`"), ",`")
	if len(values) != cols.n {
		return nil, fmt.Errorf("%d values under %d columns", len(values), cols.n)
	}
	return &cells{columns: cols, values: values}, nil
}

// text is empty where the kind of bill has no such column.
func (c *cells) text(name string) string {
	if i, ok := c.columns.at[name]; ok {
		return c.values[i]
	}
	return ""
}

// plain undoes the escapes in a merchant's words.
func (c *cells) plain(name string) string {
	return strings.NewReplacer(`\ `, ",", `\n`, "\n").Replace(c.text(name))
}

// fen reads an exact amount.
func (c *cells) fen(name string) shop.Fen {
	return c.money(name, false)
}

func (c *cells) money(name string, round bool) shop.Fen {
	s := c.text(name)
	if s == "" {
		return 0
	}
	n, err := parseYuan(s, round)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("%s: %w", name, err)
	}
	return n
}

func (c *cells) fail(name string, err error) {
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("%s: %w", name, err)
	}
}

func parseRow(cols columns, line string) (BillRow, error) {
	c, err := newCells(cols, line)
	if err != nil {
		return BillRow{}, err
	}
	at, err := time.ParseInLocation(time.DateTime, c.text("交易时间"), beijing)
	c.fail("交易时间", err)
	row := BillRow{
		At: at, AppID: c.text("公众账号ID"), MchID: c.text("商户号"), TransactionID: c.text("微信订单号"), OutTradeNo: c.text("商户订单号"),
		Openid: c.text("用户标识"), TradeType: c.text("交易类型"), State: c.text("交易状态"), Currency: c.text("货币种类"),
		Total: c.fen("订单金额"), Settled: c.fen("应结订单金额"), RefundAsked: c.fen("申请退款金额"), Refunded: c.fen("退款金额"),
		RefundType: c.text("退款类型"), RefundState: c.text("退款状态"),
		Description: c.plain("商品名称"), Attach: c.plain("商户数据包"), Fee: c.money("手续费", true),
	}
	if row.IsRefund() { // a payment's row has a 0 here
		row.RefundID, row.OutRefundNo = c.text("微信退款单号"), c.text("商户退款单号")
	}
	if row.OutTradeNo == "" || row.State == "" {
		c.fail("商户订单号", errors.New("missing"))
	}
	return row, c.err
}

// parseSummary reads the line after the second header.
func parseSummary(cols columns, lines *bufio.Scanner) (BillSummary, error) {
	if _, ok := cols.at["总交易单数"]; !ok {
		return BillSummary{}, errors.New("neither a row nor the sums' header")
	}
	if !lines.Scan() {
		return BillSummary{}, errors.New("the file ends before its sums")
	}
	c, err := newCells(cols, strings.TrimRight(lines.Text(), "\r"))
	if err != nil {
		return BillSummary{}, fmt.Errorf("sums: %w", err)
	}
	n, err := strconv.Atoi(c.text("总交易单数"))
	c.fail("总交易单数", err)
	return BillSummary{Count: n, Total: c.fen("订单总金额"), Settled: c.fen("应结订单总金额"), RefundAsked: c.fen("申请退款总金额"),
		Refunded: c.fen("退款总金额"), Fee: c.money("手续费总金额", true)}, c.err
}

// check compares the sums with the rows: a file cut short must not look like missing payments.
func (s BillSummary) check(rows []BillRow) error {
	var total, asked shop.Fen
	for _, r := range rows {
		total += r.Total
		asked += r.RefundAsked
	}
	if s.Count != len(rows) || s.Total != total || s.RefundAsked != asked {
		return fmt.Errorf("the rows do not add up: %d of %d, %d of %d fen, %d of %d fen refunded", len(rows), s.Count, total, s.Total, asked, s.RefundAsked)
	}
	return nil
}

// parseYuan reads yuan with decimals as fen, digit by digit: 19.99 is 1999 and never 1998. Digits
// beyond the second must be zeros unless round says that the nearest fen will do.
func parseYuan(s string, round bool) (shop.Fen, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, part, _ := strings.Cut(digits, ".")
	if whole == "" || len(whole) > 12 || !numeric(whole) || !numeric(part) {
		return 0, fmt.Errorf("%q is no amount", s)
	}
	part += "00"
	n, err := strconv.ParseInt(whole+part[:2], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no amount", s)
	}
	if rest := strings.TrimRight(part[2:], "0"); rest != "" {
		if !round {
			return 0, fmt.Errorf("%q has parts of a fen", s)
		}
		if rest[0] >= '5' {
			n++
		}
	}
	if negative {
		n = -n
	}
	return shop.Fen(n), nil
}

func numeric(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}
