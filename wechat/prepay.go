package wechat

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"mstm/shop"
)

// Prepay asks WeChat to be ready for one payment. Repeating it with identical values answers a
// fresh code for the same trade; with any other value WeChat refuses the number.
type Prepay struct {
	Channel     shop.Channel
	OutTradeNo  string // 6–32 of [0-9A-Za-z_-], used once for ever
	Description string // what the payer reads; cut to 127 bytes
	Total       shop.Fen
	ExpiresAt   time.Time // the last moment a payer may pay; WeChat does not close the trade then
	Openid      string    // the payer's, for jsapi
	PayerIP     string    // the payer's real address, for h5
}

// Prepaid is what the page needs: one of the three, by channel.
type Prepaid struct {
	CodeURL string       // native: to be drawn as a QR code, good for 2 h
	JSAPI   *JSAPIParams // jsapi: the argument of getBrandWCPayRequest
	H5URL   string       // h5: to be opened, good for 5 min
}

// JSAPIParams is handed to WeixinJSBridge unchanged; the capitals are WeChat's.
type JSAPIParams struct {
	AppID     string `json:"appId"`
	TimeStamp string `json:"timeStamp"` // seconds, a string
	NonceStr  string `json:"nonceStr"`
	Package   string `json:"package"` // prepay_id=…
	SignType  string `json:"signType"`
	PaySign   string `json:"paySign"`
}

// Prepay places the trade at WeChat. ErrTradePaid and ErrTradeClosed say that the number is done
// with; after ErrBusy or ErrOutcomeUnknown repeat it with the same number, or query.
func (p *Pay) Prepay(ctx context.Context, in Prepay) (Prepaid, error) {
	switch in.Channel {
	case shop.ChannelNative:
		return p.prepayNative(ctx, in)
	case shop.ChannelJSAPI:
		return p.prepayJSAPI(ctx, in)
	case shop.ChannelH5:
		return p.prepayH5(ctx, in)
	}
	return Prepaid{}, fmt.Errorf("wechat prepay: no channel %q", in.Channel)
}

func (p *Pay) prepayNative(ctx context.Context, in Prepay) (out Prepaid, err error) {
	err = p.call(ctx, apiNative, func(ctx context.Context) error {
		svc := native.NativeApiService{Client: p.client}
		resp, _, err := svc.Prepay(ctx, native.PrepayRequest{
			Appid: &p.cfg.AppID, Mchid: &p.cfg.MchID, NotifyUrl: &p.cfg.NotifyURL,
			OutTradeNo: &in.OutTradeNo, Description: description(in.Description), TimeExpire: expiry(in.ExpiresAt),
			Amount: &native.Amount{Total: core.Int64(int64(in.Total)), Currency: core.String(cny)},
		})
		if err != nil {
			return err
		}
		out.CodeURL, err = given("code_url", resp.CodeUrl)
		return err
	})
	return out, err
}

func (p *Pay) prepayH5(ctx context.Context, in Prepay) (out Prepaid, err error) {
	err = p.call(ctx, apiH5, func(ctx context.Context) error {
		svc := h5.H5ApiService{Client: p.client}
		resp, _, err := svc.Prepay(ctx, h5.PrepayRequest{
			Appid: &p.cfg.AppID, Mchid: &p.cfg.MchID, NotifyUrl: &p.cfg.NotifyURL,
			OutTradeNo: &in.OutTradeNo, Description: description(in.Description), TimeExpire: expiry(in.ExpiresAt),
			Amount:    &h5.Amount{Total: core.Int64(int64(in.Total)), Currency: core.String(cny)},
			SceneInfo: &h5.SceneInfo{PayerClientIp: &in.PayerIP, H5Info: &h5.H5Info{Type: core.String("Wap")}},
		})
		if err != nil {
			return err
		}
		out.H5URL, err = given("h5_url", resp.H5Url)
		return err
	})
	return out, err
}

func (p *Pay) prepayJSAPI(ctx context.Context, in Prepay) (out Prepaid, err error) {
	err = p.call(ctx, apiJSAPI, func(ctx context.Context) error {
		svc := jsapi.JsapiApiService{Client: p.client}
		resp, _, err := svc.Prepay(ctx, jsapi.PrepayRequest{
			Appid: &p.cfg.AppID, Mchid: &p.cfg.MchID, NotifyUrl: &p.cfg.NotifyURL,
			OutTradeNo: &in.OutTradeNo, Description: description(in.Description), TimeExpire: expiry(in.ExpiresAt),
			Amount: &jsapi.Amount{Total: core.Int64(int64(in.Total)), Currency: core.String(cny)},
			Payer:  &jsapi.Payer{Openid: &in.Openid},
		})
		if err != nil {
			return err
		}
		id, err := given("prepay_id", resp.PrepayId)
		if err != nil {
			return err
		}
		out.JSAPI, err = p.jsapiParams(ctx, id)
		return err
	})
	return out, err
}

// jsapiParams signs what the page hands to WeChat. The SDK's own PrepayWithRequestPayment panics
// when an answer lacks its prepay_id.
func (p *Pay) jsapiParams(ctx context.Context, prepayID string) (*JSAPIParams, error) {
	nonce, err := utils.GenerateNonce()
	if err != nil {
		return nil, err
	}
	out := &JSAPIParams{
		AppID: p.cfg.AppID, TimeStamp: strconv.FormatInt(time.Now().Unix(), 10),
		NonceStr: nonce, Package: "prepay_id=" + prepayID, SignType: "RSA",
	}
	signed, err := p.client.Sign(ctx, strings.Join([]string{out.AppID, out.TimeStamp, out.NonceStr, out.Package, ""}, "\n"))
	if err != nil {
		return nil, err
	}
	out.PaySign = signed.Signature
	return out, nil
}

const cny = "CNY"

// given refuses an answer that was signed and yet lacks the field it was asked for (a 202, or a gateway's {}).
func given(field string, value *string) (string, error) {
	if value == nil || *value == "" {
		return "", fmt.Errorf("%w: the answer has no %s", ErrOutcomeUnknown, field)
	}
	return *value, nil
}

// description fits WeChat's 127; clip says how. WeChat refuses an empty one.
func description(s string) *string {
	s = strings.TrimSpace(clip(s, 127))
	if strings.Trim(s, "… ") == "" { // a title of emoji alone, cut or not
		s = "课程"
	}
	return &s
}

// clip keeps a limit of WeChat's, counted in bytes because its pages do not say, and drops what does
// not fit three bytes of UTF-8 (emoji), which WeChat refuses.
func clip(s string, limit int) string {
	refused := func(r rune) bool { return r > 0xFFFF || r == utf8.RuneError }
	var kept strings.Builder
	for state := -1; s != ""; {
		var cluster string
		cluster, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		if !strings.ContainsFunc(cluster, refused) { // the rest of an emoji goes with it
			kept.WriteString(cluster)
		}
	}
	return shop.CutBy(kept.String(), func(s string) int { return len(s) }, limit)
}

// expiry is in Beijing time, as WeChat's console shows it.
func expiry(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(beijing).Truncate(time.Second)
	return &t
}

// beijing is the zone of WeChat's dates; China has kept one offset since 1991.
var beijing = time.FixedZone("UTC+8", 8*60*60)
