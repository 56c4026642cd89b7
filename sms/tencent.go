package sms

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tcerr "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
)

// DefaultBaseURL is where Tencent Cloud takes text messages; DefaultRegion is the data centre that does it.
const (
	DefaultBaseURL = "https://sms.tencentcloudapi.com"
	DefaultRegion  = "ap-guangzhou"
)

// answerTime is how long the provider may take: a person waits for it.
const answerTime = 6 * time.Second

// TencentConfig is an account at Tencent Cloud, with what was approved there. Every field without a note is needed.
type TencentConfig struct {
	BaseURL             string // "": DefaultBaseURL
	SecretID, SecretKey string
	AppID               string // of the application for text messages, SdkAppId
	Sign                string // the name in front of each message, SignName
	Template            string // of the code, with {1} for the code and {2} for the minutes that it is good for
	Region              string // "": DefaultRegion
}

// Tencent sends text messages by Tencent Cloud.
type Tencent struct {
	cfg    TencentConfig
	client *common.Client
}

// NewTencent makes the client of an account.
func NewTencent(cfg TencentConfig) (*Tencent, error) {
	if cfg.BaseURL == "" {
		cfg.BaseURL = DefaultBaseURL
	}
	if cfg.Region == "" {
		cfg.Region = DefaultRegion
	}
	at, err := url.Parse(cfg.BaseURL)
	if err != nil || at.Host == "" {
		return nil, fmt.Errorf("sms: %q is no address", cfg.BaseURL)
	}
	p := profile.NewClientProfile()
	p.HttpProfile.Scheme, p.HttpProfile.Endpoint = strings.ToUpper(at.Scheme), at.Host
	p.HttpProfile.ReqTimeout = int(answerTime / time.Second)
	p.DisableRegionBreaker = true // it would go to another host
	client := common.NewCommonClient(common.NewCredential(cfg.SecretID, cfg.SecretKey), cfg.Region, p)
	client.WithHttpTransport(&http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: answerTime / 2}).DialContext, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: answerTime / 2,
	})
	return &Tencent{cfg, client}, nil
}

// sendRequest and sendResponse are of the call SendSms, version 2021-01-11.
type sendRequest struct {
	*tchttp.BaseRequest
	PhoneNumberSet   []string
	SmsSdkAppId      string
	TemplateId       string
	SignName         string
	TemplateParamSet []string
}

type sendResponse struct {
	*tchttp.BaseResponse
	Response struct {
		SendStatusSet []struct{ SerialNo, PhoneNumber, Code, Message string }
		RequestId     string
	}
}

// SendCode sends a code. It is not tried again here: the person that waits for it may.
func (t *Tencent) SendCode(ctx context.Context, phone, code string, minutes int) error {
	req := &sendRequest{
		BaseRequest: &tchttp.BaseRequest{}, PhoneNumberSet: []string{phone}, SmsSdkAppId: t.cfg.AppID, TemplateId: t.cfg.Template,
		SignName: t.cfg.Sign, TemplateParamSet: []string{code, strconv.Itoa(minutes)},
	}
	req.Init().WithApiInfo("sms", "2021-01-11", "SendSms")
	req.SetContext(ctx)
	res := &sendResponse{BaseResponse: &tchttp.BaseResponse{}}
	if err := t.client.Send(req, res); err != nil {
		return errors.Join(kindOf(codeOf(err)), err)
	}
	if len(res.Response.SendStatusSet) != 1 {
		return fmt.Errorf("%w: %d states for one message, request %s", ErrUnavailable, len(res.Response.SendStatusSet), res.Response.RequestId)
	}
	if s := res.Response.SendStatusSet[0]; s.Code != "Ok" {
		return fmt.Errorf("%w: %s %s, request %s", kindOf(s.Code), s.Code, s.Message, res.Response.RequestId)
	}
	return nil
}

// codeOf is the provider's code of an error, "" where it has none.
func codeOf(err error) string {
	var e *tcerr.TencentCloudSDKError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// kindOf says what a code of the provider's means for the person that waits.
func kindOf(code string) error {
	switch {
	case strings.HasPrefix(code, "LimitExceeded.PhoneNumber"):
		return ErrTooMany
	case code == "InvalidParameterValue.IncorrectPhoneNumber", code == "FailedOperation.PhoneNumberInBlacklist",
		code == "UnsupportedOperation.UnsuportedRegion":
		return ErrNumber
	}
	return ErrUnavailable
}
