package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"mstm/shop"
)

// The states of a refund that are not a trade's.
const (
	processing = "PROCESSING"
	abnormal   = "ABNORMAL"
	hold       = "HOLD" // never by itself; only in faults
)

const (
	refundWindow = 365 * 24 * time.Hour
	refundPause  = time.Minute // between two refunds of one trade
	maxRefunds   = 50          // of one trade
)

// refund is one out_refund_no, for ever.
type refund struct {
	OutRefundNo   string    `json:"out_refund_no"`
	RefundID      string    `json:"refund_id"`
	OutTradeNo    string    `json:"out_trade_no"`
	TransactionID string    `json:"transaction_id"`
	Status        string    `json:"status"`
	Reason        string    `json:"reason,omitempty"`
	NotifyURL     string    `json:"notify_url,omitempty"`
	Signer        string    `json:"signer"`
	Refund        shop.Fen  `json:"refund_fen"`
	Total         shop.Fen  `json:"total_fen"`
	CreatedAt     time.Time `json:"created_at"`
	SuccessTime   time.Time `json:"success_time,omitzero"`
	SettleAs      string    `json:"settle_as"`          // how it ends by itself
	SettleAt      time.Time `json:"settle_at,omitzero"` // and when
}

// refundView is WeChat's refund object.
type refundView struct {
	RefundID            string           `json:"refund_id"`
	OutRefundNo         string           `json:"out_refund_no"`
	TransactionID       string           `json:"transaction_id"`
	OutTradeNo          string           `json:"out_trade_no"`
	Channel             string           `json:"channel"`
	UserReceivedAccount string           `json:"user_received_account"`
	SuccessTime         string           `json:"success_time,omitempty"`
	CreateTime          string           `json:"create_time"`
	Status              string           `json:"status"`
	FundsAccount        string           `json:"funds_account"`
	Amount              refundAmountView `json:"amount"`
}

type refundAmountView struct {
	Total            shop.Fen `json:"total"`
	Refund           shop.Fen `json:"refund"`
	PayerTotal       shop.Fen `json:"payer_total"`
	PayerRefund      shop.Fen `json:"payer_refund"`
	SettlementRefund shop.Fen `json:"settlement_refund"`
	SettlementTotal  shop.Fen `json:"settlement_total"`
	DiscountRefund   shop.Fen `json:"discount_refund"`
	Currency         string   `json:"currency"`
}

const receivedAccount = "支付用户零钱"

func (f *refund) view() refundView {
	out := refundView{RefundID: f.RefundID, OutRefundNo: f.OutRefundNo, TransactionID: f.TransactionID, OutTradeNo: f.OutTradeNo,
		Channel: "ORIGINAL", UserReceivedAccount: receivedAccount, CreateTime: stamp(f.CreatedAt), Status: f.Status, FundsAccount: "AVAILABLE",
		Amount: refundAmountView{Total: f.Total, Refund: f.Refund, PayerTotal: f.Total, PayerRefund: f.Refund,
			SettlementRefund: f.Refund, SettlementTotal: f.Total, Currency: "CNY"}}
	if f.Status == success {
		out.SuccessTime = stamp(f.SuccessTime)
	}
	return out
}

// refundRequest is the documented request.
type refundRequest struct {
	TransactionID string `json:"transaction_id"`
	OutTradeNo    string `json:"out_trade_no"`
	OutRefundNo   string `json:"out_refund_no"`
	Reason        string `json:"reason"`
	NotifyURL     string `json:"notify_url"`
	Amount        *struct {
		Refund   shop.Fen `json:"refund"`
		Total    shop.Fen `json:"total"`
		Currency string   `json:"currency"`
	} `json:"amount"`
}

var refundNumberForm = regexp.MustCompile(`^[0-9A-Za-z_*@|-]{1,64}$`)

func (in refundRequest) check() error {
	switch {
	case in.TransactionID == "" && in.OutTradeNo == "":
		return paramError("out_trade_no", "transaction_id 和 out_trade_no 必须二选一")
	case !refundNumberForm.MatchString(in.OutRefundNo):
		return paramError("out_refund_no", "商户退款单号格式错误")
	case utf8.RuneCountInString(in.Reason) > 80 || wide(in.Reason):
		return paramError("reason", "长度不能超过 80，且不含 4 字节字符")
	case in.Amount == nil || in.Amount.Refund < 1 || in.Amount.Total < 1:
		return paramError("amount/refund", "金额须为大于 0 的整数，单位为分")
	case in.Amount.Currency != "CNY":
		return paramError("amount/currency", "只支持 CNY")
	}
	return nil
}

// createRefund answers the refund call; the same number again answers how that refund stands.
func (s *merchant) createRefund(r *request) (any, error) {
	var in refundRequest
	if err := decodeAPI(r, &in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	var out refundView
	err := s.db.Update(func(tx *bbolt.Tx) error {
		f, err := s.acceptRefund(tx, in, r.Header.Get("Wechatpay-Serial"))
		if err == nil {
			out = f.view()
		}
		return err
	})
	s.nudge()
	return out, err
}

func (s *merchant) acceptRefund(tx *bbolt.Tx, in refundRequest, serial string) (*refund, error) {
	t, err := s.refundable(tx, in)
	if err != nil {
		return nil, err
	}
	known, err := get[refund](tx, bucketRefunds, in.OutRefundNo)
	if err != nil {
		return nil, err
	}
	if known != nil {
		if known.OutTradeNo != t.OutTradeNo || known.Refund != in.Amount.Refund || known.Total != in.Amount.Total {
			return nil, &refusal{http.StatusBadRequest, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试", ""}
		}
		return known, nil
	}
	if err := s.roomFor(tx, t, in); err != nil {
		return nil, err
	}
	return s.newRefund(tx, t, in, serial)
}

// refundable finds the paid trade a refund is about.
func (s *merchant) refundable(tx *bbolt.Tx, in refundRequest) (*trade, error) {
	no := in.OutTradeNo
	if no == "" {
		trades, err := list[trade](tx, bucketTrades, "")
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(trades, func(t trade) bool { return t.TransactionID == in.TransactionID }); i >= 0 {
			no = trades[i].OutTradeNo
		}
	}
	t, err := loadTrade(tx, no, s.now())
	if err == nil && (t == nil || !t.paid() || in.TransactionID != "" && t.TransactionID != in.TransactionID) {
		err = &refusal{http.StatusNotFound, "RESOURCE_NOT_EXISTS", "订单不存在", ""}
	}
	return t, err
}

// roomFor applies WeChat's limits to a further refund of t.
func (s *merchant) roomFor(tx *bbolt.Tx, t *trade, in refundRequest) error {
	now := s.now()
	var spent shop.Fen
	for _, no := range t.Refunds {
		f, err := get[refund](tx, bucketRefunds, no)
		if err != nil {
			return err
		}
		if f.Status != closed {
			spent += f.Refund
		}
		if now.Sub(f.CreatedAt).Abs() < refundPause {
			return &refusal{http.StatusTooManyRequests, "FREQUENCY_LIMITED", "同一笔订单两次退款须间隔 1 分钟以上", ""}
		}
	}
	switch {
	case now.Sub(t.PaidAt) > refundWindow:
		return &refusal{http.StatusBadRequest, "TRADE_OVERDUE", "订单已经超过可退款的最大期限", ""}
	case in.Amount.Total != t.Total:
		return &refusal{http.StatusBadRequest, "INVALID_REQUEST", "订单金额与原订单不一致", ""}
	case spent+in.Amount.Refund > t.Total:
		return &refusal{http.StatusBadRequest, "INVALID_REQUEST", "申请退款金额大于可退金额", ""}
	case len(t.Refunds) >= maxRefunds:
		return &refusal{http.StatusBadRequest, "INVALID_REQUEST", "一笔订单最多支持 50 次部分退款", ""}
	}
	return nil
}

// newRefund accepts; from the first refund on, however small, the trade is in REFUND.
func (s *merchant) newRefund(tx *bbolt.Tx, t *trade, in refundRequest, serial string) (*refund, error) {
	now := s.now()
	settleAs, after := s.faults.refundEnd()
	f := &refund{OutRefundNo: in.OutRefundNo, RefundID: "5030" + digits(6) + now.In(beijing).Format("20060102") + digits(10),
		OutTradeNo: t.OutTradeNo, TransactionID: t.TransactionID, Status: processing, Reason: in.Reason, NotifyURL: in.NotifyURL,
		Signer: serial, Refund: in.Amount.Refund, Total: t.Total, CreatedAt: now, SettleAs: settleAs}
	if settleAs != hold {
		f.SettleAt = now.Add(after)
		if err := tx.Bucket([]byte(bucketOpen)).Put([]byte(f.OutRefundNo), []byte("1")); err != nil {
			return nil, err
		}
	}
	t.State, t.Refunds = refunded, append(t.Refunds, f.OutRefundNo)
	if err := put(tx, bucketTrades, t.OutTradeNo, t); err != nil {
		return nil, err
	}
	return f, put(tx, bucketRefunds, f.OutRefundNo, f)
}

// queryRefund answers the refund query.
func (s *merchant) queryRefund(r *request) (any, error) {
	if err := s.settleRefunds(); err != nil {
		return nil, err
	}
	var f *refund
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		f, err = get[refund](tx, bucketRefunds, r.params.ByName("out_refund_no"))
		return err
	})
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, refundNotExist()
	}
	return f.view(), nil
}

func refundNotExist() error {
	return &refusal{http.StatusNotFound, "RESOURCE_NOT_EXISTS", "退款单不存在", ""}
}

// settleRefunds ends the refunds that are due, as of the moment they came due. Run calls it, and so
// does every question about refunds, so that a moved clock shows at once.
func (s *merchant) settleRefunds() error {
	now := s.now()
	var due []*refund
	err := s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketOpen)).ForEach(func(no, _ []byte) error {
			f, err := get[refund](tx, bucketRefunds, string(no))
			if f != nil && !f.SettleAt.After(now) {
				due = append(due, f)
			}
			return err
		})
	})
	for _, f := range due {
		var settled *refusal // by another request
		if _, end := s.endRefund(f.OutRefundNo, f.SettleAs, f.SettleAt); end != nil && !errors.As(end, &settled) {
			return end
		}
	}
	return err
}

// endRefund moves a refund on and makes the callback event.
func (s *merchant) endRefund(no, status string, at time.Time) (f *refund, err error) {
	err = s.db.Update(func(tx *bbolt.Tx) error {
		if f, err = get[refund](tx, bucketRefunds, no); err != nil {
			return err
		}
		switch {
		case f == nil:
			return refundNotExist()
		case f.Status != processing && (f.Status != abnormal || status != success):
			return &refusal{http.StatusConflict, "REFUND_SETTLED", "该退款已是终态", ""}
		}
		f.Status = status
		if status == success {
			f.SuccessTime = at
		}
		if err := drop(tx, bucketOpen, no); err != nil {
			return err
		}
		if err := put(tx, bucketRefunds, no, f); err != nil {
			return err
		}
		return s.queueRefundCallback(tx, f)
	})
	return f, err
}

// queueRefundCallback queues the callback; without a notify_url WeChat sends none.
func (s *merchant) queueRefundCallback(tx *bbolt.Tx, f *refund) error {
	if f.NotifyURL == "" {
		return nil
	}
	fault, _ := s.faults.drawCallback("refund", f.OutTradeNo, false)
	_, err := s.callbacks.addEvent(tx, s.refundEvent(f), fault)
	return err
}

// refundEvent is what a settled refund has to say. Its content is not the API's object.
func (s *merchant) refundEvent(f *refund) event {
	content := map[string]any{
		"mchid": s.keys.id.MchID, "transaction_id": f.TransactionID, "out_trade_no": f.OutTradeNo, "refund_id": f.RefundID,
		"out_refund_no": f.OutRefundNo, "refund_status": f.Status, "user_received_account": receivedAccount,
		"amount": map[string]any{"total": f.Total, "refund": f.Refund, "payer_total": f.Total, "payer_refund": f.Refund},
	}
	if f.Status == success {
		content["success_time"] = stamp(f.SuccessTime)
	}
	raw, _ := json.Marshal(content) // plain values
	summary := map[string]string{success: "退款成功", closed: "退款关闭", abnormal: "退款异常"}[f.Status]
	return event{Kind: "refund", Type: "REFUND." + f.Status, Summary: summary, URL: f.NotifyURL, Signer: f.Signer, Content: raw, Key: f.OutTradeNo}
}

// forgedRefund is the refund callback in, over t.
func (s *merchant) forgedRefund(t *trade, in forgery) event {
	f := &refund{OutRefundNo: in.OutRefundNo, RefundID: cmp.Or(in.RefundID, "5030"+digits(24)), OutTradeNo: t.OutTradeNo,
		TransactionID: cmp.Or(in.TransactionID, t.TransactionID, "4200"+digits(24)), Status: cmp.Or(in.RefundStatus, success),
		NotifyURL: t.NotifyURL, Signer: t.Signer, Refund: in.Refund, Total: t.Total, SuccessTime: s.now()}
	if in.Total != nil {
		f.Total = *in.Total
	}
	return s.refundEvent(f)
}

// refunds is every refund, by number.
func (s *merchant) refunds() (out []refund, err error) {
	if err := s.settleRefunds(); err != nil {
		return nil, err
	}
	err = s.db.View(func(tx *bbolt.Tx) (err error) {
		out, err = list[refund](tx, bucketRefunds, "")
		return err
	})
	return out, err
}

// listRefunds answers GET /sandbox/refunds, newest first.
func (s *merchant) listRefunds(*request) (any, error) {
	all, err := s.refunds()
	slices.SortStableFunc(all, func(a, b refund) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return items[refund]{all}, err
}

// settleRefund answers POST /sandbox/refunds/:out_refund_no {"status"}.
func (s *merchant) settleRefund(r *request) (any, error) {
	var in struct {
		Status string `json:"status"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{success, abnormal, closed}, in.Status) {
		return nil, paramError("status", "SUCCESS, ABNORMAL or CLOSED")
	}
	f, err := s.endRefund(r.params.ByName("out_refund_no"), in.Status, s.now())
	s.nudge()
	return f, err
}
