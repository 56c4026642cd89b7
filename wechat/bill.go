package wechat

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

	"mstm/shop"
)

// BillRow is one line of a trade bill: a payment, or an accepted refund. A refund's state is that
// of the next morning and is never updated.
type BillRow struct {
	At                      time.Time
	AppID, MchID            string
	TransactionID           string
	OutTradeNo              string
	Openid                  string
	TradeType               string // NATIVE, JSAPI, MWEB
	State                   string // SUCCESS for a payment, REFUND for a refund; REVOKED
	Currency                string
	Total                   shop.Fen // 订单金额, to compare with what was asked; 0 on refund rows
	Settled                 shop.Fen // 应结订单金额, without some coupons; 0 on refund rows
	RefundID, OutRefundNo   string
	RefundAsked             shop.Fen // 申请退款金额
	Refunded                shop.Fen // 退款金额, without coupons
	RefundType, RefundState string   // the bill's words: SUCCESS, PROCESSING, FAIL, CHANGE
	Description, Attach     string
	Fee                     shop.Fen // rounded to the fen; WeChat counts it in thousandths
}

// IsRefund says which of the two a row is.
func (r BillRow) IsRefund() bool { return r.State == "REFUND" }

// BillSummary is the bill's last line.
type BillSummary struct {
	Count       int
	Total       shop.Fen
	Settled     shop.Fen
	RefundAsked shop.Fen
	Refunded    shop.Fen
	Fee         shop.Fen
}

// The kinds of bill: everything, or payments or refunds alone.
const (
	BillAll     = "ALL"
	BillSuccess = "SUCCESS"
	BillRefund  = "REFUND"
)

// TradeBill fetches the bill of one day, a date in Beijing; WeChat has it from about 10:00 on the
// next day, for three months. ErrNoBill: nothing was traded. ErrBillNotReady: ask again in half an
// hour. The file's hash, its number of rows and its sums are checked before it is returned.
func (p *Pay) TradeBill(ctx context.Context, day time.Time, billType string) ([]BillRow, BillSummary, error) {
	link, err := p.billLink(ctx, day, billType)
	if err != nil {
		return nil, BillSummary{}, err
	}
	var file []byte
	err = p.call(ctx, apiBill, func(ctx context.Context) error {
		file, err = p.download(ctx, link)
		return err
	})
	if err != nil {
		return nil, BillSummary{}, err
	}
	rows, sum, err := ParseBill(bytes.NewReader(file))
	if err != nil {
		return nil, BillSummary{}, fmt.Errorf("bill of %s: %w", day.In(beijing).Format(time.DateOnly), err)
	}
	return rows, sum, nil
}

// billLink is the signed answer of the first step.
type billLink struct {
	HashType    string `json:"hash_type"`
	HashValue   string `json:"hash_value"`
	DownloadURL string `json:"download_url"`
}

func (p *Pay) billLink(ctx context.Context, day time.Time, billType string) (link billLink, err error) {
	q := url.Values{"bill_date": {day.In(beijing).Format(time.DateOnly)}, "tar_type": {"GZIP"}}
	if billType != "" {
		q.Set("bill_type", billType)
	}
	err = p.call(ctx, apiBill, func(ctx context.Context) error {
		result, err := p.client.Get(ctx, consts.WechatPayAPIServer+"/v3/bill/tradebill?"+q.Encode())
		if err != nil {
			return err
		}
		if err := core.UnMarshalResponse(result.Response, &link); err != nil || link.DownloadURL == "" {
			return fmt.Errorf("%w: the answer has no download_url", ErrOutcomeUnknown)
		}
		return nil
	})
	return link, err
}

// download fetches the file. It is not signed; its hash is, in the answer that named it.
func (p *Pay) download(ctx context.Context, link billLink) ([]byte, error) {
	result, err := p.unsigned.Get(ctx, link.DownloadURL)
	if err != nil {
		return nil, err
	}
	defer result.Response.Body.Close()
	raw, err := io.ReadAll(result.Response.Body)
	if err != nil {
		return nil, err
	}
	file, err := gunzip(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: the bill does not unpack", ErrOutcomeUnknown)
	}
	// WeChat's sample hashes the plain text; its pages do not say, so the packed file will do too.
	if !strings.EqualFold(link.HashType, "SHA1") || !hashes(link.HashValue, file) && !hashes(link.HashValue, raw) {
		return nil, fmt.Errorf("%w: the bill's hash differs", ErrOutcomeUnknown)
	}
	return file, nil
}

func hashes(want string, file []byte) bool {
	sum := sha1.Sum(file)
	return strings.EqualFold(want, hex.EncodeToString(sum[:]))
}

// gunzip unpacks a gzip file and leaves any other as it is.
func gunzip(raw []byte) ([]byte, error) {
	if !bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		return raw, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	file, err := io.ReadAll(io.LimitReader(z, maxBill+1))
	if err == nil && len(file) > maxBill {
		err = errors.New("too large")
	}
	return file, err
}
