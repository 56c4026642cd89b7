package sandbox

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/julienschmidt/httprouter"

	"mstm/shop"
)

const (
	billHour = 9               // of the next day, Beijing: from then on a bill exists
	billLink = 5 * time.Minute // life of a download_url
)

// billLinkClaims is what a download_url stands for; signed, so that it needs no memory.
type billLinkClaims struct {
	Day   string    `json:"day"`
	Type  string    `json:"type"`
	Gzip  bool      `json:"gzip"`
	Until time.Time `json:"until"`
}

// tradeBill answers the first step: a link to the file and its hash.
func (s *bills) tradeBill(r *request) (any, error) {
	q := r.URL.Query()
	claims := billLinkClaims{Day: q.Get("bill_date"), Type: cmp.Or(q.Get("bill_type"), "ALL"), Gzip: q.Get("tar_type") == "GZIP", Until: s.now().Add(billLink)}
	if !slices.Contains([]string{"ALL", "SUCCESS", "REFUND"}, claims.Type) {
		return nil, paramError("bill_type", "须为 ALL、SUCCESS 或 REFUND")
	}
	if err := s.billable(claims.Day); err != nil {
		return nil, err
	}
	file, rows, err := s.bill(claims)
	if err != nil {
		return nil, err
	}
	if rows == 0 {
		return nil, &refusal{http.StatusBadRequest, "NO_STATEMENT_EXIST", "账单文件不存在", ""}
	}
	sum := sha1.Sum(file) // of the plain text, as in WeChat's own sample
	return map[string]string{"hash_type": "SHA1", "hash_value": hex.EncodeToString(sum[:]), "download_url": s.cfg.PublicURL + "/v3/billdownload/file?token=" + s.keys.seal(claims)}, nil
}

// billable applies the rules of dates: not today, not before the morning after, three months back at most.
func (s *bills) billable(day string) error {
	start, err := time.ParseInLocation(time.DateOnly, day, beijing)
	now := s.now().In(beijing)
	today := now.Format(time.DateOnly)
	switch {
	case err != nil:
		return paramError("bill_date", "须为 yyyy-MM-dd")
	case day >= today:
		return &refusal{http.StatusBadRequest, "INVALID_REQUEST", "只能查询今天以前的账单", ""}
	case start.Before(now.AddDate(0, -3, 0)):
		return &refusal{http.StatusBadRequest, "INVALID_REQUEST", "只能查询三个月内的账单", ""}
	case now.Before(billTime(start)):
		return &refusal{http.StatusBadRequest, "STATEMENT_CREATING", "账单生成中", ""}
	}
	return nil
}

// billTime is when the bill of the day that begins at start is made.
func billTime(start time.Time) time.Time { return start.AddDate(0, 0, 1).Add(billHour * time.Hour) }

// downloadBill answers the second step. The file is not signed, and with tar_type=GZIP it is a
// gzip file rather than a compressed transfer.
func (s *bills) downloadBill(w http.ResponseWriter, hr *http.Request, params httprouter.Params) {
	err := s.keys.authorize(hr, nil, time.Now())
	claims, ok := s.keys.unseal(hr.URL.Query().Get("token"))
	if err == nil && (!ok || s.now().After(claims.Until)) {
		err = &refusal{http.StatusBadRequest, "INVALID_REQUEST", "下载链接已失效，请重新申请账单", ""}
	}
	var file []byte
	if err == nil {
		file, _, err = s.bill(claims)
	}
	if err == nil && s.faults.drawAPI("bill_file", "").Status != 0 {
		file = file[:len(file)/2]
	}
	if err != nil {
		status, body := s.refuse(hr, err)
		send(w, status, "application/json; charset=utf-8", body)
		return
	}
	if claims.Gzip {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(file) // a buffer takes everything
		_ = z.Close()
		file = packed.Bytes()
	}
	send(w, http.StatusOK, "application/octet-stream", file)
}

// seal makes a token of claims that only this sandbox can make.
func (k *keys) seal(c billLinkClaims) string {
	raw, _ := json.Marshal(c) // plain fields
	return base64.RawURLEncoding.EncodeToString(append(k.mac(raw), raw...))
}

func (k *keys) unseal(token string) (c billLinkClaims, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < sha256.Size || !hmac.Equal(raw[:sha256.Size], k.mac(raw[sha256.Size:])) {
		return c, false
	}
	return c, json.Unmarshal(raw[sha256.Size:], &c) == nil
}

func (k *keys) mac(raw []byte) []byte {
	m := hmac.New(sha256.New, []byte(k.id.APIv3Key))
	m.Write(raw)
	return m.Sum(nil)
}

const billHeader = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额"

// The columns by bill type, after billHeader, and those of the summary. Their order differs per type.
var (
	billRefundTimes = ",退款申请时间,退款成功时间"
	billRefundCols  = ",微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态"
	billTail        = ",商品名称,商户数据包,手续费,费率,订单金额"
	billRefundTail  = ",申请退款金额"
	billNote        = ",费率备注"
	billSummaryAll  = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
	billSummaryPaid = "总交易单数,应结订单总金额,手续费总金额,订单总金额"
)

// billRow is one line before it is written.
type billRow struct {
	at time.Time
	t  *trade
	f  *refund // nil for a payment
}

// bill writes the file of one day.
func (s *bills) bill(c billLinkClaims) (file []byte, rows int, err error) {
	lines, err := s.billRows(c)
	if err != nil {
		return nil, 0, err
	}
	var b strings.Builder
	header := billHeader
	if c.Type == "REFUND" {
		header += billRefundTimes
	}
	if c.Type != "SUCCESS" {
		header += billRefundCols
	}
	header += billTail
	if c.Type != "SUCCESS" {
		header += billRefundTail
	}
	b.WriteString(header + billNote + "\r\n")
	var sum billSum
	for _, l := range lines {
		b.WriteString(s.billLine(c, l))
		sum.add(l)
	}
	b.WriteString(sum.text(c.Type))
	return []byte(b.String()), len(lines), nil
}

// billRows collects the day's payments and accepted refunds, oldest first.
func (s *bills) billRows(c billLinkClaims) ([]billRow, error) {
	trades, err := s.merchant.trades()
	if err != nil {
		return nil, err
	}
	refunds, err := s.merchant.refunds()
	if err != nil {
		return nil, err
	}
	on := func(t time.Time) bool { return t.In(beijing).Format(time.DateOnly) == c.Day }
	byNo := map[string]*trade{}
	var rows []billRow
	for i := range trades {
		t := &trades[i]
		byNo[t.OutTradeNo] = t
		if c.Type != "REFUND" && t.paid() && on(t.PaidAt) {
			rows = append(rows, billRow{at: t.PaidAt, t: t})
		}
	}
	for i := range refunds {
		if f := &refunds[i]; c.Type != "SUCCESS" && on(f.CreatedAt) && byNo[f.OutTradeNo] != nil {
			rows = append(rows, billRow{f.CreatedAt, byNo[f.OutTradeNo], f})
		}
	}
	slices.SortStableFunc(rows, func(a, b billRow) int { return a.at.Compare(b.at) })
	return rows, nil
}

// billLine writes one row; every value has a backtick in front, so that spreadsheets leave it alone.
func (s *bills) billLine(c billLinkClaims, l billRow) string {
	state, settled, total := "SUCCESS", l.t.Total, l.t.Total
	if l.f != nil {
		state, settled, total = "REFUND", 0, 0
	}
	v := []string{billStamp(l.at), s.keys.id.AppID, s.keys.id.MchID, "0", "", l.t.TransactionID, l.t.OutTradeNo, l.t.Openid,
		tradeTypes[l.t.Kind], state, "OTHERS", "CNY", yuan(settled), yuan(0)}
	if c.Type == "REFUND" {
		v = append(v, billStamp(l.f.CreatedAt), billStamp(l.f.SuccessTime))
	}
	if c.Type != "SUCCESS" {
		v = append(v, l.refundCells(c.Day)...)
	}
	v = append(v, billText(l.t.Description), billText(l.t.Attach), feeOf(l), "0.60%", yuan(total))
	if c.Type != "SUCCESS" {
		v = append(v, yuan(l.refunded()))
	}
	v = append(v, "")
	return "`" + strings.Join(v, ",`") + "\r\n"
}

// refundCells are the six columns about a refund; a bill has the state of the morning after.
func (l billRow) refundCells(day string) []string {
	if l.f == nil {
		return []string{"0", "0", yuan(0), yuan(0), "", ""}
	}
	start, _ := time.ParseInLocation(time.DateOnly, day, beijing)
	state := processing
	switch {
	case l.f.Status == success && l.f.SuccessTime.Before(billTime(start)):
		state = success
	case l.f.Status == closed:
		state = "FAIL"
	case l.f.Status == abnormal:
		state = "CHANGE"
	}
	return []string{l.f.RefundID, l.f.OutRefundNo, yuan(l.f.Refund), yuan(0), "ORIGINAL", state}
}

func (l billRow) refunded() shop.Fen {
	if l.f == nil {
		return 0
	}
	return l.f.Refund
}

// billSum is the one line at the end.
type billSum struct {
	rows                 int
	paid, refunded, fees shop.Fen // fees in thousandths of a fen
}

func (b *billSum) add(l billRow) {
	b.rows++
	b.refunded += l.refunded()
	b.fees += fee(l)
	if l.f == nil {
		b.paid += l.t.Total
	}
}

func (b *billSum) text(kind string) string {
	if kind == "SUCCESS" {
		return fmt.Sprintf("%s\r\n`%d,`%s,`%s,`%s\r\n", billSummaryPaid, b.rows, yuan(b.paid), fiveDecimals(b.fees), yuan(b.paid))
	}
	return fmt.Sprintf("%s\r\n`%d,`%s,`%s,`%s,`%s,`%s,`%s\r\n", billSummaryAll, b.rows, yuan(b.paid), yuan(b.refunded), yuan(0), fiveDecimals(b.fees), yuan(b.paid), yuan(b.refunded))
}

// fee is 0.6 % in thousandths of a fen, given back with a refund.
func fee(l billRow) shop.Fen {
	if l.f != nil {
		return -l.f.Refund * 6
	}
	return l.t.Total * 6
}

func feeOf(l billRow) string { return fiveDecimals(fee(l)) }

// fiveDecimals writes thousandths of a fen in yuan.
func fiveDecimals(n shop.Fen) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%05d", sign, n/100_000, n%100_000)
}

func yuan(f shop.Fen) string { return fmt.Sprintf("%d.%02d", f/100, f%100) }

func billStamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(beijing).Format(time.DateTime)
}

// billText escapes a merchant's words as WeChat does.
func billText(s string) string {
	return strings.NewReplacer(",", `\ `, "\r", "", "\n", `\n`).Replace(s)
}
