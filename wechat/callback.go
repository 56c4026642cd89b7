package wechat

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"mstm/shop"
)

// maxCallback bounds a callback's body; WeChat's are about 1 KiB.
const maxCallback = 64 << 10

// ParsePayment verifies and decrypts a payment callback. r.Body must be unread: the signature
// covers the raw bytes. The result is genuine, not yet right: mchid, appid, number, amount and
// state are the caller's to compare. Errors: ErrBadSignature, ErrBadCallback, ErrNotV3; none of
// them carries the request.
func (p *Pay) ParsePayment(r *http.Request) (eventID string, tx Transaction, err error) {
	id, plain, err := p.openCallback(r, "transaction")
	if err != nil {
		return "", Transaction{}, err
	}
	var t payments.Transaction
	if err := json.Unmarshal(plain, &t); err != nil {
		return "", Transaction{}, fmt.Errorf("%w: transaction: not the documented shape", ErrBadCallback)
	}
	return id, transaction(&t), nil
}

// ParseRefund verifies and decrypts a refund callback; as ParsePayment.
func (p *Pay) ParseRefund(r *http.Request) (eventID string, rf Refund, err error) {
	id, plain, err := p.openCallback(r, "refund")
	if err != nil {
		return "", Refund{}, err
	}
	// Unlike the API's object the callback names its state refund_status; the SDK has no type for it.
	var in struct {
		MchID         string `json:"mchid"`
		TransactionID string `json:"transaction_id"`
		OutTradeNo    string `json:"out_trade_no"`
		RefundID      string `json:"refund_id"`
		OutRefundNo   string `json:"out_refund_no"`
		Status        string `json:"refund_status"`
		SuccessTime   string `json:"success_time"`
		Amount        struct {
			Total  shop.Fen `json:"total"`
			Refund shop.Fen `json:"refund"`
		} `json:"amount"`
	}
	if err := json.Unmarshal(plain, &in); err != nil {
		return "", Refund{}, fmt.Errorf("%w: refund: not the documented shape", ErrBadCallback)
	}
	return id, Refund{
		MchID: in.MchID, OutRefundNo: in.OutRefundNo, OutTradeNo: in.OutTradeNo, RefundID: in.RefundID,
		TransactionID: in.TransactionID, Status: in.Status, Refund: in.Amount.Refund, Total: in.Amount.Total,
		SuccessTime: clockTime(in.SuccessTime),
	}, nil
}

// openCallback reads the body once, proves it genuine and decrypts its resource of the given kind.
func (p *Pay) openCallback(r *http.Request, kind string) (eventID string, plain []byte, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxCallback))
	if err != nil {
		return "", nil, fmt.Errorf("%w: body: %w", ErrBadCallback, err)
	}
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		return "", nil, ErrNotV3
	}
	if err := p.verify(r, body); err != nil {
		return "", nil, err
	}
	var in notify.Request
	if err := json.Unmarshal(body, &in); err != nil || in.Resource == nil {
		return "", nil, fmt.Errorf("%w: envelope: not the documented shape", ErrBadCallback)
	}
	if got := in.Resource.OriginalType; got != "" && got != kind {
		return "", nil, fmt.Errorf("%w: a %s, not a %s", ErrBadCallback, got, kind)
	}
	plain, err = decrypt(p.cfg.APIv3Key, in.Resource)
	return in.ID, plain, err
}

// verify checks the signature over the raw body and the five minutes around now.
func (p *Pay) verify(r *http.Request, body []byte) error {
	if err := exactHeaders(r.Header); err != nil {
		return err
	}
	probe := r.WithContext(r.Context())
	probe.Body = io.NopCloser(bytes.NewReader(body))
	err := safely(func() error { return p.validator.Validate(r.Context(), probe) })
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadSignature, err)
	}
	return nil
}

// exactHeaders refuses spellings that the SDK would read as the signed values although they are
// not: doubled headers, padded numbers, line breaks in base64. WeChat never sends them.
func exactHeaders(h http.Header) error {
	for _, name := range []string{consts.WechatPaySerial, consts.WechatPaySignature, consts.WechatPayTimestamp, consts.WechatPayNonce} {
		values := h.Values(name)
		if len(values) != 1 || values[0] == "" || strings.TrimSpace(values[0]) != values[0] {
			return fmt.Errorf("%w: %s must be there once", ErrBadSignature, name)
		}
	}
	stamp := h.Get(consts.WechatPayTimestamp)
	if n, err := strconv.ParseInt(stamp, 10, 64); err != nil || strconv.FormatInt(n, 10) != stamp {
		return fmt.Errorf("%w: timestamp is no number", ErrBadSignature)
	}
	signature := h.Get(consts.WechatPaySignature)
	if strings.HasPrefix(signature, "WECHATPAY/SIGNTEST/") {
		return errProbe
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil || base64.StdEncoding.EncodeToString(raw) != signature {
		return fmt.Errorf("%w: signature is no base64", ErrBadSignature)
	}
	if kind := h.Get("Wechatpay-Signature-Type"); kind != "" && kind != "WECHATPAY2-SHA256-RSA2048" {
		return fmt.Errorf("%w: unknown signature type", ErrBadSignature)
	}
	return nil
}

// decrypt opens a resource. GCM panics on a nonce that is not 12 bytes, which only a genuine
// signer can bring about; the answer is an error all the same.
func decrypt(apiV3Key string, res *notify.EncryptedResource) ([]byte, error) {
	if res.Algorithm != "AEAD_AES_256_GCM" || len(res.Nonce) != 12 {
		return nil, fmt.Errorf("%w: unknown encryption", ErrBadCallback)
	}
	plain, err := utils.DecryptAES256GCM(apiV3Key, res.AssociatedData, res.Nonce, res.Ciphertext)
	if err != nil {
		return nil, fmt.Errorf("%w: it does not decrypt with the APIv3 key", ErrBadCallback)
	}
	return []byte(plain), nil
}

// errProbe is WeChat testing that bad signatures are refused.
var errProbe = fmt.Errorf("%w: a signature probe of WeChat", ErrBadSignature)

// IsProbe says whether err is such a test: to be answered like any bad signature, and not worth an alarm.
func IsProbe(err error) bool { return errors.Is(err, errProbe) }
