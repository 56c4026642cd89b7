package sandbox

import (
	"net/http"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"mstm/shop"
)

// The ways to pay, named as in the path, and what a transaction calls them.
const (
	native = "native"
	jsapi  = "jsapi"
	h5     = "h5"
)

var tradeTypes = map[string]string{native: "NATIVE", jsapi: "JSAPI", h5: "MWEB"}

// The states of a trade.
const (
	notPaid  = "NOTPAY"
	success  = "SUCCESS"
	refunded = "REFUND"
	closed   = "CLOSED"
)

var stateText = map[string]string{notPaid: "订单未支付", success: "支付成功", refunded: "订单发生过退款", closed: "订单已关闭"}

const unpaidLife = 7 * 24 * time.Hour // then WeChat closes a trade by itself

// trade is one out_trade_no, for ever.
type trade struct {
	OutTradeNo  string    `json:"out_trade_no"`
	Kind        string    `json:"channel"`
	State       string    `json:"state"`
	Description string    `json:"description"`
	Attach      string    `json:"attach,omitempty"`
	Total       shop.Fen  `json:"total_fen"`
	NotifyURL   string    `json:"notify_url"`
	Openid      string    `json:"openid,omitempty"` // for jsapi the only payer allowed; after the payment the payer
	CreatedAt   time.Time `json:"created_at"`
	ExpiresAt   time.Time `json:"expires_at"` // time_expire, or the 7 days
	PayBefore   time.Time `json:"pay_before"` // how long the newest code lives
	Code        string    `json:"code"`       // code_url, prepay_id or h5_url
	Params      string    `json:"params"`     // the first prepay, to compare the next with
	Signer      string    `json:"signer"`     // the Wechatpay-Serial the shop asked for, which callbacks use too

	TransactionID string    `json:"transaction_id,omitempty"`
	PaidAt        time.Time `json:"paid_at,omitzero"`
	Refunds       []string  `json:"refunds,omitempty"` // out_refund_no, oldest first
}

func (t *trade) paid() bool { return t.State == success || t.State == refunded }

// loadTrade reads a trade as it stands at now: an unpaid one is closed by age.
func loadTrade(tx *bbolt.Tx, outTradeNo string, now time.Time) (*trade, error) {
	t, err := get[trade](tx, bucketTrades, outTradeNo)
	if t != nil && t.State == notPaid && now.Sub(t.CreatedAt) > unpaidLife {
		t.State = closed
	}
	return t, err
}

// transactionView is WeChat's transaction object, in answers and callbacks.
type transactionView struct {
	AppID          string      `json:"appid"`
	MchID          string      `json:"mchid"`
	OutTradeNo     string      `json:"out_trade_no"`
	TransactionID  string      `json:"transaction_id,omitempty"`
	TradeType      string      `json:"trade_type,omitempty"`
	TradeState     string      `json:"trade_state"`
	TradeStateDesc string      `json:"trade_state_desc"`
	BankType       string      `json:"bank_type,omitempty"`
	Attach         string      `json:"attach,omitempty"`
	SuccessTime    string      `json:"success_time,omitempty"`
	Payer          *payerView  `json:"payer,omitempty"`
	Amount         *amountView `json:"amount,omitempty"`
}

type payerView struct {
	Openid string `json:"openid"`
}

type amountView struct {
	Total         shop.Fen `json:"total"`
	PayerTotal    shop.Fen `json:"payer_total"`
	Currency      string   `json:"currency"`
	PayerCurrency string   `json:"payer_currency"`
}

// view leaves out what does not exist before the payment; whether WeChat sends the amount then is
// not documented, so a client must live without it.
func (s *merchant) view(t *trade) transactionView {
	out := transactionView{AppID: s.keys.id.AppID, MchID: s.keys.id.MchID, OutTradeNo: t.OutTradeNo, TradeState: t.State, TradeStateDesc: stateText[t.State]}
	if t.paid() {
		out.TransactionID, out.TradeType, out.BankType, out.Attach = t.TransactionID, tradeTypes[t.Kind], "OTHERS", t.Attach
		out.SuccessTime = stamp(t.PaidAt)
		out.Payer = &payerView{t.Openid}
		out.Amount = &amountView{t.Total, t.Total, "CNY", "CNY"}
	}
	return out
}

// stamp is a time as WeChat writes it, in Beijing's offset.
func stamp(t time.Time) string { return t.In(beijing).Format(time.RFC3339) }

var beijing = time.FixedZone("UTC+8", 8*60*60)

// queryTrade answers the query by the merchant's number.
func (s *merchant) queryTrade(r *request) (any, error) {
	if r.URL.Query().Get("mchid") != s.keys.id.MchID {
		return nil, paramError("mchid", "商户号与签名的商户号不一致")
	}
	var t *trade
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		t, err = loadTrade(tx, r.params.ByName("out_trade_no"), s.now())
		return err
	})
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, orderNotExist()
	}
	return s.view(t), nil
}

// queryTransaction answers the query by WeChat's number.
func (s *merchant) queryTransaction(r *request) (any, error) {
	if r.URL.Query().Get("mchid") != s.keys.id.MchID {
		return nil, paramError("mchid", "商户号与签名的商户号不一致")
	}
	trades, err := s.trades()
	if err != nil {
		return nil, err
	}
	id := r.params.ByName("transaction_id")
	i := slices.IndexFunc(trades, func(t trade) bool { return t.TransactionID == id })
	if i < 0 {
		return nil, orderNotExist()
	}
	return s.view(&trades[i]), nil
}

func orderNotExist() error {
	return &refusal{http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在", ""}
}

// closeTrade answers the close call: 204, and again 204 when it is closed already. WeChat's present
// pages let a trade be closed at once; its older ones wanted five minutes between the two;
// close_after_s = 300 sets that rule.
func (s *merchant) closeTrade(r *request) (any, error) {
	var in struct {
		MchID string `json:"mchid"`
	}
	if err := decodeAPI(r, &in); err != nil {
		return nil, err
	}
	if in.MchID != s.keys.id.MchID {
		return nil, paramError("mchid", "商户号与签名的商户号不一致")
	}
	return nil, s.db.Update(func(tx *bbolt.Tx) error {
		t, err := loadTrade(tx, r.params.ByName("out_trade_no"), s.now())
		switch {
		case err != nil:
			return err
		case t == nil:
			return orderNotExist()
		case t.paid():
			return orderPaid()
		case t.State == notPaid && s.now().Before(t.CreatedAt.Add(s.faults.closeAfter())):
			return &refusal{http.StatusBadRequest, "INVALID_REQUEST", "订单生成后不能马上调用关单接口，最短调用时间间隔为5分钟", ""}
		}
		t.State = closed
		return put(tx, bucketTrades, t.OutTradeNo, t)
	})
}

func orderPaid() error {
	return &refusal{http.StatusBadRequest, "ORDERPAID", "该订单已支付", ""}
}

// trades is every trade, by number.
func (s *merchant) trades() (out []trade, err error) {
	now := s.now()
	err = s.db.View(func(tx *bbolt.Tx) (err error) {
		out, err = list[trade](tx, bucketTrades, "")
		return err
	})
	for i := range out {
		if out[i].State == notPaid && now.Sub(out[i].CreatedAt) > unpaidLife {
			out[i].State = closed
		}
	}
	return out, err
}

// listTrades answers GET /sandbox/trades, newest first.
func (s *merchant) listTrades(*request) (any, error) {
	trades, err := s.trades()
	slices.SortStableFunc(trades, func(a, b trade) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return items[trade]{trades}, err
}

// showTrade answers GET /sandbox/trades/:out_trade_no with everything known of one trade.
func (s *merchant) showTrade(r *request) (any, error) {
	var out struct {
		*trade
		Callbacks []event `json:"callbacks"`
	}
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		no := r.params.ByName("out_trade_no")
		if out.trade, err = loadTrade(tx, no, s.now()); err != nil || out.trade == nil {
			return err
		}
		out.Callbacks, err = list[event](tx, bucketEvents, no+"/")
		return err
	})
	if err == nil && out.trade == nil {
		err = orderNotExist()
	}
	return out, err
}
