package wechat

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/validators"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

	"mstm/shop"
)

const (
	prepayPath = "/v3/pay/transactions/native"
	closePath  = "/v3/pay/transactions/out-trade-no/%s/close"
)

// trade places a trade of one fen and closes it again: only a prepay shows whether the appid is
// bound to the merchant, and only a success is signed by WeChat.
func (d *diagnosis) trade(ctx context.Context) bool {
	no := "CHECK" + time.Now().Format("060102") + rand.Text()[:16]
	body := map[string]any{
		"appid": d.cfg.AppID, "mchid": d.cfg.MchID, "description": "MSTM settings check", "out_trade_no": no,
		"time_expire": time.Now().Add(5 * time.Minute).In(beijing).Format(time.RFC3339), "notify_url": d.cfg.NotifyURL,
		"amount": map[string]any{"total": 1, "currency": cny},
	}
	serial := d.cfg.PublicKeyID
	if serial == "" {
		serial = d.certs.GetNewestSerial(ctx)
	}
	got, err := d.ask(ctx, http.MethodPost, prepayPath, serial, body)
	if err == nil && got.status != http.StatusOK && d.cfg.PublicKeyID != "" {
		// Refused because of the key that was asked for? Without a wish WeChat takes its own.
		if again, errAgain := d.ask(ctx, http.MethodPost, prepayPath, "", body); errAgain == nil && again.status == http.StatusOK {
			d.closeTrade(ctx, no)
			return d.wrong("PublicKeyID", "is no key of WeChat's for this merchant; %s", got.says())
		}
	}
	switch {
	case err != nil:
		d.unproved("AppID", "WeChat did not answer: "+plainNetworkError(err))
		return false
	case got.status != http.StatusOK:
		return d.blamePrepay(got)
	}
	d.closeTrade(ctx, no)
	d.right("AppID")
	return d.signedBy(ctx, got)
}

// closeTrade is good manners: the trade ends by itself after five minutes.
func (d *diagnosis) closeTrade(ctx context.Context, no string) {
	_, _ = d.ask(ctx, http.MethodPost, fmt.Sprintf(closePath, no), "", map[string]any{"mchid": d.cfg.MchID})
}

// blamePrepay reads which field WeChat did not take.
func (d *diagnosis) blamePrepay(got *reply) bool {
	switch about := strings.ToLower(got.field + " " + got.message); {
	case got.code == "APPID_MCHID_NOT_MATCH", strings.Contains(about, "appid"):
		return d.wrong("AppID", "is not bound to this merchant; %s", got.says())
	case strings.Contains(about, "notify_url"):
		return d.wrong("NotifyURL", "is not one that WeChat takes; %s", got.says())
	case kindOf(apiNative, got.status, got.code) == ErrBusy:
		d.unproved("AppID", "WeChat is busy, try again; "+got.says())
		return false
	case got.code == "NO_AUTH":
		return d.wrong("MchID", "has no permission for Native payments on the merchant platform; %s", got.says())
	}
	return d.wrong("MchID", "%s", got.says())
}

// signedBy verifies WeChat's answer with the key in the settings.
func (d *diagnosis) signedBy(ctx context.Context, got *reply) bool {
	signer := got.header.Get(consts.WechatPaySerial)
	var v auth.Verifier
	switch {
	case d.cfg.PublicKey == nil:
		v = verifiers.NewSHA256WithRSAVerifier(d.certs)
	case signer != d.cfg.PublicKeyID:
		return d.wrong("PublicKeyID", "is not the key that WeChat signs with, which is %q", signer)
	default:
		v = verifiers.NewSHA256WithRSAPubkeyVerifier(d.cfg.PublicKeyID, *d.cfg.PublicKey)
	}
	check := &http.Response{Header: got.header, Body: io.NopCloser(bytes.NewReader(got.body))}
	if err := validators.NewWechatPayResponseValidator(v).Validate(ctx, check); err != nil {
		if d.cfg.PublicKey == nil {
			return d.wrong("BaseURL", "what answers there does not sign with the certificates that it lists")
		}
		return d.wrong("PublicKey", "is not the key with the id %s: WeChat's signature does not verify", d.cfg.PublicKeyID)
	}
	if d.cfg.PublicKey != nil {
		d.right("PublicKeyID", "PublicKey")
	}
	return true
}

// callbacks posts an unsigned callback to the shop's own addresses, which a shop that verifies
// refuses with 401. That WeChat itself reaches them from outside, no question from here can show.
func (d *diagnosis) callbacks(ctx context.Context) {
	for _, at := range []struct{ setting, url string }{{"NotifyURL", d.cfg.NotifyURL}, {"RefundNotifyURL", d.cfg.RefundNotifyURL}} {
		if why := d.knock(ctx, at.url); why != "" {
			d.wrong(at.setting, "%s: %s", at.url, why)
			continue
		}
		d.right(at.setting)
	}
}

// knock says what is wrong with a callback's address.
func (d *diagnosis) knock(ctx context.Context, address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return "is no address"
	case u.RawQuery != "":
		return "WeChat takes no address with a query"
	case d.cfg.BaseURL == "" && u.Scheme != "https":
		return "WeChat takes https only"
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("{}"))
	if err != nil {
		return "is no address"
	}
	req.Header.Set("Content-Type", "application/json")
	client := newHTTPClient(nil, nil)
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return plainNetworkError(err) + " (the shop must be running)"
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	switch {
	case res.StatusCode/100 == 3:
		return "redirects, which WeChat does not follow"
	case res.StatusCode/100 == 2:
		return "takes a callback without a signature: that is not this shop"
	case res.StatusCode != http.StatusUnauthorized || !bytes.Contains(answer, []byte(shop.ErrCallbackSignature.Code)):
		return fmt.Sprintf("something else answers there (status %d)", res.StatusCode)
	}
	return ""
}

// plainNetworkError is the reason without the address around it.
func plainNetworkError(err error) string {
	var op *net.OpError
	var dns *net.DNSError
	var transport *url.Error
	switch {
	case errors.As(err, &dns):
		return "there is no host " + dns.Name
	case errors.As(err, &op) && op.Op == "dial":
		return "no connection"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &transport):
		return transport.Err.Error()
	}
	return "no answer"
}
