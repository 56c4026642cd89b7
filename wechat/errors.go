package wechat

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
)

// The kinds of failure, for errors.Is. A *Refusal stands behind those that WeChat itself answered.
var (
	// ErrBusy: 429, 5xx, no connection, or an open breaker. Nothing can be assumed of what was asked;
	// ask again later, with the same number and parameters.
	ErrBusy = errors.New("wechat is busy")
	// ErrHeldBack, an ErrBusy: WeChat was not asked, for it takes only so many calls a second that may
	// fail; a moment later it can be.
	ErrHeldBack = fmt.Errorf("%w: too many calls that may fail, not asked", ErrBusy)
	// ErrOutcomeUnknown: no answer in time, or one that could not be verified. It may have been done: query.
	ErrOutcomeUnknown = errors.New("wechat's answer is unknown")
	// ErrTradeUnknown: WeChat has no such out_trade_no (for a refund: none that was paid).
	ErrTradeUnknown = errors.New("wechat knows no such trade")
	// ErrTradePaid: the trade was paid already; it cannot be closed or ordered again.
	ErrTradePaid = errors.New("the trade is paid")
	// ErrTradeClosed: the number is used up; a new attempt needs a new one.
	ErrTradeClosed = errors.New("the trade is closed")
	// ErrRefundUnknown: WeChat has no such out_refund_no; asking for the same refund again is safe.
	ErrRefundUnknown = errors.New("wechat knows no such refund")
	// ErrNotEnough: the merchant's balance does not cover the refund; same number again once it does.
	ErrNotEnough = errors.New("the merchant's balance is too low")
	// ErrRefused: any other 4xx. Asking again with the same parameters will not help.
	ErrRefused = errors.New("wechat refused")
	// ErrNumberUsed, an ErrRefused: the out_trade_no came before with other parameters. It is of no more use.
	ErrNumberUsed = fmt.Errorf("%w: number used with other parameters", ErrRefused)

	// ErrBadSignature: a callback that does not prove it comes from WeChat. Answer 401, store nothing.
	ErrBadSignature = errors.New("callback signature refused")
	// ErrBadCallback: signed by WeChat and yet not what was expected; it cannot be decrypted or read.
	ErrBadCallback = errors.New("callback not understood")
	// ErrNotV3: a callback of the old XML kind, which no v3 key can verify: at most a hint to query.
	ErrNotV3 = errors.New("callback is not of API v3")

	// ErrNoBill: no trade on that day, so WeChat makes no bill. Final.
	ErrNoBill = errors.New("no bill for that day")
	// ErrBillNotReady: WeChat is still making the bill; ask again in half an hour.
	ErrBillNotReady = errors.New("the bill is not ready")

	errLost           = errors.New("connection lost")
	errNoCertificates = errors.New("this merchant has no platform certificates")
)

// Refusal is an error answer of WeChat. Code is WeChat's word, Message its text for people
// (never to be branched on). It unwraps to its kind.
type Refusal struct {
	Status        int
	Code, Message string
	kind          error
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("%v: %d %s %s", r.kind, r.Status, r.Code, r.Message)
}

// Unwrap is the kind of refusal, one of the errors above.
func (r *Refusal) Unwrap() error { return r.kind }

// api names a kind of call, in the words the sandbox's faults use too.
type api string

const (
	apiNative       api = "native"
	apiJSAPI        api = "jsapi"
	apiH5           api = "h5"
	apiQuery        api = "query"
	apiClose        api = "close"
	apiRefund       api = "refund"
	apiRefundQuery  api = "refund_query"
	apiBill         api = "bill"
	apiCertificates api = "certificates"
)

// classify maps an error of the SDK to one of this package's kinds. It keeps no SDK error: their
// texts carry whole headers.
func classify(name api, err error) error {
	var answer *core.APIError
	var network *net.OpError
	var transport *url.Error
	switch {
	case err == nil, errors.Is(err, ErrOutcomeUnknown):
		return err
	case errors.As(err, &answer):
		return &Refusal{answer.StatusCode, answer.Code, answer.Message, kindOf(name, answer.StatusCode, answer.Code)}
	case errors.As(err, &network) && network.Op == "dial":
		return fmt.Errorf("%w: no connection", ErrBusy) // nothing was sent
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, context.Canceled)
	case os.IsTimeout(err), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: no answer in time (%w)", ErrOutcomeUnknown, context.DeadlineExceeded)
	case errors.As(err, &transport):
		return fmt.Errorf("%w: %w: %w", ErrOutcomeUnknown, errLost, transport.Err)
	}
	return fmt.Errorf("%w: %s", ErrOutcomeUnknown, err) // short texts of the SDK's validator and decoder
}

// kindOf reads an error answer. Old pages of WeChat spell codes without underscores.
func kindOf(name api, status int, code string) error {
	switch strings.ReplaceAll(code, "_", "") {
	case "ORDERNOTEXIST":
		return ErrTradeUnknown
	case "ORDERPAID":
		return ErrTradePaid
	case "ORDERCLOSED":
		return ErrTradeClosed
	case "OUTTRADENOUSED":
		return ErrNumberUsed
	case "NOTENOUGH":
		return ErrNotEnough
	case "NOSTATEMENTEXIST":
		return ErrNoBill
	case "STATEMENTCREATING":
		return ErrBillNotReady
	case "FREQUENCYLIMITED", "RATELIMITEXCEED", "RATELIMITEXCEEDED", "SYSTEMERROR":
		return ErrBusy
	case "RESOURCENOTEXISTS":
		return notThere(name)
	}
	switch {
	case status == http.StatusTooManyRequests, status >= 500:
		return ErrBusy
	case status >= 400:
		return ErrRefused
	}
	return ErrOutcomeUnknown
}

// notThere says which resource a RESOURCE_NOT_EXISTS of this call is about.
func notThere(name api) error {
	switch name {
	case apiRefundQuery:
		return ErrRefundUnknown
	case apiRefund:
		return ErrTradeUnknown
	case apiCertificates:
		return errNoCertificates
	}
	return ErrRefused
}

// gotNoAnswer says whether err counts against WeChat's health. A caller that went away does not.
func gotNoAnswer(err error) bool {
	return errors.Is(err, ErrBusy) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errLost)
}
