package sandbox

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"mstm/shop"
)

// defaultOpenid is the phone's first owner, the acting person of requests that name no openid.
const defaultOpenid = "oSandboxBuyer00000000000001"

// payRequest names a trade in one of the ways a phone meets it.
type payRequest struct {
	CodeURL    string       `json:"code_url,omitempty"`
	H5URL      string       `json:"h5_url,omitempty"`
	PrepayID   string       `json:"prepay_id,omitempty"`
	OutTradeNo string       `json:"out_trade_no,omitempty"`
	JSAPI      *jsapiParams `json:"jsapi,omitempty"` // what the page would hand to WeixinJSBridge; its signature is checked
	Openid     string       `json:"openid,omitempty"`
}

type jsapiParams struct {
	AppID     string `json:"appId"`
	TimeStamp string `json:"timeStamp"`
	NonceStr  string `json:"nonceStr"`
	Package   string `json:"package"`
	SignType  string `json:"signType"`
	PaySign   string `json:"paySign"`
}

// receipt is what the payer sees afterwards.
type receipt struct {
	OutTradeNo    string    `json:"out_trade_no"`
	TransactionID string    `json:"transaction_id"`
	Total         shop.Fen  `json:"total_fen"`
	Openid        string    `json:"openid"`
	PaidAt        time.Time `json:"paid_at"`
}

// pay answers POST /sandbox/pay: what happens when a phone has scanned a code and its owner agreed.
func (s *phones) pay(r *request) (any, error) {
	in, err := s.payRequest(r)
	if err != nil {
		return nil, err
	}
	t, err := s.payTrade(in)
	if err != nil {
		return nil, err
	}
	s.nudge()
	return receipt{t.OutTradeNo, t.TransactionID, t.Total, t.Openid, t.PaidAt.UTC()}, nil
}

// looked is what the payer is shown before paying.
type looked struct {
	Merchant    string   `json:"merchant"`
	Description string   `json:"description"`
	OutTradeNo  string   `json:"out_trade_no"`
	Total       shop.Fen `json:"total_fen"`
}

// look answers POST /sandbox/look: what pay would pay, and nothing is paid.
func (s *phones) look(r *request) (any, error) {
	in, err := s.payRequest(r)
	if err != nil {
		return nil, err
	}
	var t *trade
	err = s.db.View(func(tx *bbolt.Tx) (err error) {
		t, err = s.payable(tx, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	return looked{merchantName, t.Description, t.OutTradeNo, t.Total}, nil
}

// payRequest reads what is to be paid. The phone checks what a page gave it.
func (s *phones) payRequest(r *request) (in payRequest, err error) {
	if err := r.decode(&in); err != nil || in.JSAPI == nil {
		return in, err
	}
	in.PrepayID = in.JSAPI.Package
	return in, s.keys.checkPaySign(*in.JSAPI)
}

// checkPaySign is the phone's own check of what a page gave it.
func (k *keys) checkPaySign(p jsapiParams) error {
	sum := sha256.Sum256([]byte(p.AppID + "\n" + p.TimeStamp + "\n" + p.NonceStr + "\n" + p.Package + "\n"))
	raw, err := base64.StdEncoding.DecodeString(p.PaySign)
	if err != nil || p.SignType != "RSA" || p.AppID != k.id.AppID ||
		rsa.VerifyPKCS1v15(&k.merchant.PublicKey, crypto.SHA256, sum[:], raw) != nil {
		return &refusal{http.StatusBadRequest, "PAY_SIGN_ERROR", "支付验证签名失败", ""}
	}
	return nil
}

// payTrade moves a trade to SUCCESS, once, and makes the callback event.
func (s *phones) payTrade(in payRequest) (*trade, error) {
	var t *trade
	err := s.db.Update(func(tx *bbolt.Tx) (err error) {
		if t, err = s.payable(tx, in); err != nil {
			return err
		}
		s.settle(t, in.Openid)
		if err := put(tx, bucketTrades, t.OutTradeNo, t); err != nil {
			return err
		}
		fault, _ := s.faults.drawCallback("payment", t.OutTradeNo, false)
		_, err = s.callbacks.addEvent(tx, s.callbacks.paymentEvent(t), fault)
		return err
	})
	return t, err
}

// settle is the payment itself.
func (s *phones) settle(t *trade, openid string) {
	now := s.now()
	t.State, t.PaidAt = success, now
	t.TransactionID = "4200" + digits(6) + now.In(beijing).Format("20060102") + digits(10)
	if openid != "" {
		t.Openid = openid
	}
	if t.Openid == "" {
		t.Openid = s.openidOr("")
	}
}

// payable finds the trade meant and says why it cannot be paid, if it cannot.
func (s *phones) payable(tx *bbolt.Tx, in payRequest) (*trade, error) {
	t, code, err := s.find(tx, in)
	now := s.now()
	switch {
	case err != nil:
		return nil, err
	case t == nil:
		return nil, &refusal{http.StatusNotFound, "CODE_UNKNOWN", "二维码无效或已失效", ""}
	case t.paid():
		return nil, &refusal{http.StatusConflict, "TRADE_PAID", "该订单已支付", ""}
	case t.State == closed:
		return nil, &refusal{http.StatusConflict, "TRADE_CLOSED", "该订单已关闭", ""}
	case now.After(t.ExpiresAt):
		return nil, &refusal{http.StatusConflict, "TRADE_EXPIRED", "该订单已过支付时间", ""}
	case code != "" && now.After(t.PayBefore):
		return nil, &refusal{http.StatusConflict, "CODE_EXPIRED", "二维码已过期", ""}
	case t.Kind == jsapi && in.Openid != "" && in.Openid != t.Openid:
		return nil, &refusal{http.StatusConflict, "PAYER_MISMATCH", "下单账号与支付账号不一致", ""}
	}
	return t, nil
}

// find looks a trade up by code or number; t is nil when there is none.
func (s *phones) find(tx *bbolt.Tx, in payRequest) (t *trade, code string, err error) {
	for _, c := range []string{in.CodeURL, in.H5URL, in.PrepayID} {
		if code == "" {
			code = strings.TrimPrefix(c, "prepay_id=")
		}
	}
	code, _, _ = strings.Cut(code, "&redirect_url=") // the one thing a page may append to an h5_url
	no := in.OutTradeNo
	if code != "" {
		no = string(tx.Bucket([]byte(bucketCodes)).Get([]byte(code)))
	}
	if no == "" {
		return nil, code, nil
	}
	t, err = loadTrade(tx, no, s.now())
	return t, code, err
}

// payEarly pays a trade before its prepay is answered, and delivers the callback first: WeChat's
// callback can overtake its own answer.
func (s *phones) payEarly(ctx context.Context, t *trade, f CallbackFault) error {
	var e *event
	err := s.db.Update(func(tx *bbolt.Tx) (err error) {
		s.settle(t, "")
		if err := put(tx, bucketTrades, t.OutTradeNo, t); err != nil {
			return err
		}
		e, err = s.callbacks.addEvent(tx, s.callbacks.paymentEvent(t), f)
		return err
	})
	if err == nil && s.callbacks.takeOff(e.Key) {
		s.callbacks.deliver(ctx, e.Key)
	}
	return err
}
