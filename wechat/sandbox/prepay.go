package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"mstm/shop"
)

// prepayRequest is the documented request of all three channels.
type prepayRequest struct {
	AppID       string          `json:"appid"`
	MchID       string          `json:"mchid"`
	Description string          `json:"description"`
	OutTradeNo  string          `json:"out_trade_no"`
	TimeExpire  *time.Time      `json:"time_expire,omitempty"`
	Attach      string          `json:"attach,omitempty"`
	NotifyURL   string          `json:"notify_url"`
	GoodsTag    string          `json:"goods_tag,omitempty"`
	Amount      *prepayAmount   `json:"amount"`
	Payer       *payerView      `json:"payer,omitempty"`
	SceneInfo   *sceneInfo      `json:"scene_info,omitempty"`
	Detail      json.RawMessage `json:"detail,omitempty"`
}

type prepayAmount struct {
	Total    shop.Fen `json:"total"`
	Currency string   `json:"currency,omitempty"`
}

type sceneInfo struct {
	PayerClientIP string `json:"payer_client_ip"`
	H5Info        *struct {
		Type string `json:"type"`
	} `json:"h5_info,omitempty"`
}

// decodeAPI reads a body as WeChat does: unknown fields pass, null does not.
func decodeAPI(r *request, v any) error {
	var loose any
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.UseNumber()
	if err := dec.Decode(&loose); err != nil {
		return &refusal{http.StatusBadRequest, "PARAM_ERROR", "请求体不是合法的 JSON", ""}
	}
	if at := findNull(loose, ""); at != "" {
		return paramError(at[1:], "不支持 null")
	}
	if err := json.Unmarshal(r.body, v); err != nil {
		return &refusal{http.StatusBadRequest, "PARAM_ERROR", "参数格式错误", ""}
	}
	return nil
}

// findNull is the path of a null in v, if there is one.
func findNull(v any, at string) string {
	m, _ := v.(map[string]any)
	for name, inner := range m {
		if inner == nil {
			return at + "/" + name
		}
		if found := findNull(inner, at+"/"+name); found != "" {
			return found
		}
	}
	return ""
}

// tradeNo is the trade a call is about, for faults that are narrowed to one.
func (r *request) tradeNo() string {
	if no := r.params.ByName("out_trade_no"); no != "" {
		return no
	}
	var in struct {
		OutTradeNo string `json:"out_trade_no"`
	}
	_ = json.Unmarshal(r.body, &in) // only a label; the endpoint judges the body
	return in.OutTradeNo
}

// prepay answers the three prepay calls.
func (s *merchant) prepay(kind string) endpoint {
	return func(r *request) (any, error) {
		var in prepayRequest
		if err := decodeAPI(r, &in); err != nil {
			return nil, err
		}
		if err := s.checkPrepay(kind, in); err != nil {
			return nil, err
		}
		var t *trade
		err := s.db.Update(func(tx *bbolt.Tx) (err error) {
			t, err = s.place(tx, kind, in, r.Header.Get("Wechatpay-Serial"))
			return err
		})
		if err != nil {
			return nil, err
		}
		if f, early := s.faults.drawCallback("payment", t.OutTradeNo, true); early {
			if err := s.phones.payEarly(r.Context(), t, f); err != nil {
				return nil, err
			}
		}
		field := map[string]string{native: "code_url", jsapi: "prepay_id", h5: "h5_url"}[kind]
		return map[string]string{field: t.Code}, nil
	}
}

var numberForm = regexp.MustCompile(`^[0-9A-Za-z_*|-]{6,32}$`)

// checkPrepay is WeChat's look at the fields.
func (s *merchant) checkPrepay(kind string, in prepayRequest) error {
	notify, err := url.Parse(in.NotifyURL)
	switch {
	case in.MchID != s.keys.id.MchID:
		return &refusal{http.StatusBadRequest, "PARAM_ERROR", "商户号与签名的商户号不一致", "/mchid"}
	case in.AppID != s.keys.id.AppID:
		return &refusal{http.StatusBadRequest, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配", ""}
	case in.Description == "" || utf8.RuneCountInString(in.Description) > 127 || wide(in.Description):
		return paramError("description", "长度须为 1 到 127 个字符，且不含 4 字节字符")
	case !numberForm.MatchString(in.OutTradeNo):
		return paramError("out_trade_no", "须为 6 到 32 个数字、字母或 _-|*")
	case err != nil || notify.Host == "" || notify.RawQuery != "" || len(in.NotifyURL) > 255:
		return paramError("notify_url", "须为不带参数的完整地址")
	case in.Amount == nil || in.Amount.Total < 1:
		return paramError("amount/total", "金额须为大于 0 的整数，单位为分")
	case in.Amount.Currency != "" && in.Amount.Currency != "CNY":
		return paramError("amount/currency", "只支持 CNY")
	case utf8.RuneCountInString(in.Attach) > 128:
		return paramError("attach", "长度不能超过 128")
	}
	return checkPayer(kind, in)
}

// checkPayer is what only some channels need: an openid for jsapi, the payer's public address for h5.
func checkPayer(kind string, in prepayRequest) error {
	switch kind {
	case jsapi:
		if in.Payer == nil || in.Payer.Openid == "" || len(in.Payer.Openid) > 128 {
			return paramError("payer/openid", "openid 不能为空")
		}
	case h5:
		if in.SceneInfo == nil || in.SceneInfo.H5Info == nil || in.SceneInfo.H5Info.Type == "" {
			return paramError("scene_info/h5_info/type", "H5 支付须填写场景信息")
		}
		if ip := net.ParseIP(in.SceneInfo.PayerClientIP); ip == nil {
			return paramError("scene_info/payer_client_ip", "须为用户的真实 IP")
		}
	}
	return nil
}

// wide finds characters of four bytes, which WeChat refuses.
func wide(s string) bool {
	for _, r := range s {
		if r > 0xFFFF {
			return true
		}
	}
	return false
}

// place makes the trade, or gives an unpaid one with the same parameters a fresh code.
func (s *merchant) place(tx *bbolt.Tx, kind string, in prepayRequest, serial string) (*trade, error) {
	now := s.now()
	params, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	t, err := loadTrade(tx, in.OutTradeNo, now)
	switch {
	case err != nil:
		return nil, err
	case t == nil:
		t = s.newTrade(kind, in, string(params), now)
	case t.paid():
		return nil, orderPaid()
	case t.State == closed:
		return nil, &refusal{http.StatusBadRequest, "ORDER_CLOSED", "订单已关闭", ""}
	case t.Kind != kind || t.Params != string(params):
		return nil, &refusal{http.StatusForbidden, "OUT_TRADE_NO_USED", "商户订单号重复：参数与首次下单不一致", ""}
	}
	t.Signer = serial
	if err := s.freshCode(tx, t, now); err != nil {
		return nil, err
	}
	return t, put(tx, bucketTrades, t.OutTradeNo, t)
}

func (s *merchant) newTrade(kind string, in prepayRequest, params string, now time.Time) *trade {
	t := &trade{OutTradeNo: in.OutTradeNo, Kind: kind, State: notPaid, Description: in.Description, Attach: in.Attach,
		Total: in.Amount.Total, NotifyURL: in.NotifyURL, CreatedAt: now, ExpiresAt: now.Add(unpaidLife), Params: params}
	if kind == jsapi {
		t.Openid = in.Payer.Openid
	}
	if in.TimeExpire != nil {
		t.ExpiresAt = clamp(*in.TimeExpire, now.Add(time.Minute), t.ExpiresAt) // WeChat raises and cuts without a word
	}
	return t
}

func clamp(t, low, high time.Time) time.Time {
	if t.Before(low) {
		return low
	}
	if t.After(high) {
		return high
	}
	return t
}

// freshCode replaces the trade's code; the one before is dead.
func (s *merchant) freshCode(tx *bbolt.Tx, t *trade, now time.Time) error {
	if t.Code != "" {
		if err := drop(tx, bucketCodes, t.Code); err != nil {
			return err
		}
	}
	life := 2 * time.Hour
	switch t.Kind {
	case native:
		t.Code = "weixin://wxpay/bizpayurl/up?pr=" + randomHex(8) + "&groupid=00"
	case jsapi:
		t.Code = prepayID(now)
	case h5:
		life = 5 * time.Minute
		t.Code = fmt.Sprintf("%s/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=%s&package=%s", s.cfg.PublicURL, prepayID(now), digits(10))
	}
	t.PayBefore = now.Add(life)
	if t.ExpiresAt.Before(t.PayBefore) {
		t.PayBefore = t.ExpiresAt
	}
	return tx.Bucket([]byte(bucketCodes)).Put([]byte(t.Code), []byte(t.OutTradeNo))
}

func prepayID(now time.Time) string {
	return "wx" + now.In(beijing).Format("20060102150405") + randomHex(10)
}
