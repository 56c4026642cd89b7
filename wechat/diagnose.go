package wechat

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

// Verdict is what Diagnose found out about one setting. Setting is the name of a PayConfig
// field, or SettingClock.
type Verdict struct {
	Setting string
	Wrong   bool
	// Why says what is wrong, or why a setting that may be right could not be proved. Empty:
	// the setting is right.
	Why string
}

// SettingClock is this machine's clock, in a Verdict.
const SettingClock = "Clock"

// maxSkew is how far WeChat lets a signature's clock be off.
const maxSkew = 5 * time.Minute

// Diagnose tries cfg out against WeChat and names the setting that is wrong. It asks for the
// platform certificates, places a trade of one fen that cannot be paid, because its code is thrown
// away, closes it, and posts an unsigned callback to the shop's own addresses. Nothing more is
// asked once something is wrong that would make everything else fail. cfg.NotifyURL and
// cfg.RefundNotifyURL are answered by a running shop only.
//
// WeChat answers every wrong signature with one code (SIGN_ERROR); which of number, serial and
// key is at fault stands in its text alone. That text is read here and nowhere else.
func Diagnose(ctx context.Context, cfg PayConfig) []Verdict {
	d := &diagnosis{cfg: cfg}
	if !d.shapes() {
		return d.verdicts
	}
	defer d.http.CloseIdleConnections()
	if d.identity(ctx) && d.trade(ctx) {
		d.callbacks(ctx)
	}
	return d.verdicts
}

type diagnosis struct {
	cfg      PayConfig
	http     *http.Client
	client   *core.Client         // signs, and verifies nothing
	certs    *core.CertificateMap // nil where the merchant has none
	verdicts []Verdict
}

func (d *diagnosis) right(settings ...string) {
	for _, s := range settings {
		d.verdicts = append(d.verdicts, Verdict{Setting: s})
	}
}

func (d *diagnosis) unproved(setting, why string) {
	d.verdicts = append(d.verdicts, Verdict{Setting: setting, Why: why})
}

// wrong always returns false, so that a check can return it and the checks after it are left out.
func (d *diagnosis) wrong(setting, format string, args ...any) bool {
	d.verdicts = append(d.verdicts, Verdict{setting, true, fmt.Sprintf(format, args...)})
	return false
}

// shapes finds what no question to WeChat is needed for.
func (d *diagnosis) shapes() bool {
	base, bad := checkConfig(&d.cfg)
	if bad != nil {
		for _, p := range bad {
			d.wrong(p.field, "%s", p.why)
		}
		return false
	}
	d.http = newHTTPClient(base, nil)
	client, err := core.NewClient(context.Background(), option.WithoutValidator(), option.WithHTTPClient(d.http),
		option.WithMerchantCredential(d.cfg.MchID, d.cfg.Serial, d.cfg.PrivateKey))
	if err != nil {
		return d.wrong("PrivateKey", "no client can be made of it")
	}
	d.client = client
	return true
}

// reply is an answer of WeChat's with its body read.
type reply struct {
	status       int
	header       http.Header
	body         []byte
	code         string
	message      string
	field, issue string
}

// ask sends a signed request. serial names the key that WeChat is to answer with.
func (d *diagnosis) ask(ctx context.Context, method, path, serial string, body any) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*d.cfg.Timeout)
	defer cancel()
	header := http.Header{"Accept-Language": {"zh-CN"}}
	if serial != "" {
		header.Set(consts.WechatPaySerial, serial)
	}
	result, err := d.client.Request(ctx, method, consts.WechatPayAPIServer+path, header, nil, body, consts.ApplicationJSON)
	if result == nil || result.Response == nil {
		return nil, err
	}
	defer result.Response.Body.Close()
	out := &reply{status: result.Response.StatusCode, header: result.Response.Header}
	if out.body, err = io.ReadAll(result.Response.Body); err != nil {
		return nil, err
	}
	var problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Detail  struct {
			Field string `json:"field"`
			Issue string `json:"issue"`
		} `json:"detail"`
	}
	if out.status >= 300 && json.Unmarshal(out.body, &problem) == nil {
		out.code, out.message = problem.Code, problem.Message
		out.field, out.issue = problem.Detail.Field, problem.Detail.Issue
	}
	return out, nil
}

func (r *reply) says() string {
	return fmt.Sprintf("WeChat says: %d %s %s", r.status, r.code, r.message)
}

// identity asks for the platform certificates, which proves the merchant's identity and the APIv3
// key.
func (d *diagnosis) identity(ctx context.Context) bool {
	got, err := d.ask(ctx, http.MethodGet, "/v3/certificates", "", nil)
	if err != nil {
		return d.wrong("BaseURL", "WeChat cannot be reached there: %s", plainNetworkError(err))
	}
	if !d.clock(got) {
		return false
	}
	switch {
	case got.status == http.StatusOK:
		d.right("BaseURL", "MchID", "Serial", "PrivateKey")
		return d.secret(got.body)
	case got.status == http.StatusUnauthorized:
		return d.blameSignature(got)
	case kindOf(apiCertificates, got.status, got.code) == errNoCertificates:
		d.right("BaseURL", "MchID", "Serial", "PrivateKey")
		d.unproved("APIv3Key", "this merchant has no platform certificates, so only the first callback shows whether the key is right")
		if d.cfg.PublicKey == nil {
			return d.wrong("PublicKeyID", "is missing: this merchant has no platform certificates")
		}
		return true
	case got.code == "":
		return d.wrong("BaseURL", "something answers there that is not WeChat Pay (status %d)", got.status)
	case kindOf(apiCertificates, got.status, got.code) == ErrBusy:
		d.unproved("BaseURL", "WeChat is busy, try again; "+got.says())
		return false
	}
	return d.wrong("MchID", "%s", got.says())
}

// clock compares with the Date of the answer, which refusals carry too.
func (d *diagnosis) clock(got *reply) bool {
	at, err := http.ParseTime(got.header.Get("Date"))
	if err != nil {
		d.unproved(SettingClock, "the answer has no Date to compare with")
		return true
	}
	if skew := time.Since(at).Round(time.Second); skew.Abs() >= maxSkew {
		return d.wrong(SettingClock, "is %s off WeChat's, which refuses more than %s: run NTP", skew, maxSkew)
	}
	d.right(SettingClock)
	return true
}

// blameSignature reads which part of the signature WeChat did not take.
func (d *diagnosis) blameSignature(got *reply) bool {
	d.right("BaseURL")
	switch text := got.message + got.issue; {
	case strings.Contains(text, "timestamp"), strings.Contains(text, "时间戳"):
		return d.wrong(SettingClock, "is too far off WeChat's: run NTP; %s", got.says())
	case strings.Contains(text, "序列号"):
		return d.wrong("Serial", "is not of this merchant's certificate; %s", got.says())
	case strings.Contains(text, "商户号"):
		return d.wrong("MchID", "is not the merchant of this certificate; %s", got.says())
	}
	return d.wrong("PrivateKey", "does not belong to the certificate with this serial; %s", got.says())
}

// secret decrypts the certificates, and keeps them to verify answers with.
func (d *diagnosis) secret(body []byte) bool {
	var list struct {
		Data []struct {
			Serial    string `json:"serial_no"`
			Encrypted struct {
				Nonce      string `json:"nonce"`
				Associated string `json:"associated_data"`
				Ciphertext string `json:"ciphertext"`
			} `json:"encrypt_certificate"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &list); err != nil || len(list.Data) == 0 {
		return d.wrong("BaseURL", "what answers there does not list certificates as WeChat Pay does")
	}
	certs := map[string]*x509.Certificate{}
	for _, c := range list.Data {
		if len(c.Encrypted.Nonce) != 12 {
			return d.wrong("BaseURL", "what answers there does not encrypt as WeChat Pay does")
		}
		text, err := utils.DecryptAES256GCM(d.cfg.APIv3Key, c.Encrypted.Associated, c.Encrypted.Nonce, c.Encrypted.Ciphertext)
		if err != nil {
			return d.wrong("APIv3Key", "does not decrypt what WeChat encrypted for this merchant")
		}
		if certs[c.Serial], err = utils.LoadCertificate(text); err != nil {
			return d.wrong("BaseURL", "what answers there sends no certificates")
		}
	}
	d.certs = core.NewCertificateMap(certs)
	d.right("APIv3Key")
	return true
}
