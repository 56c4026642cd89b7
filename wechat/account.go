package wechat

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// AccountConfig is what the console of an official account shows, and where to reach WeChat.
type AccountConfig struct {
	// BaseURL replaces scheme and host of the three addresses of WeChat (api, mp and open); empty
	// means WeChat itself.
	BaseURL string

	AppID, Secret string
	Token         string // signs what WeChat posts to us
	AESKey        string // EncodingAESKey, 43 characters: encrypts it; empty with PlainEvents alone
	PlainEvents   bool   // takes what is not encrypted too, see ParseEvent

	Timeout     time.Duration    // of one call, 3 s when zero: events have to be answered within five
	Now         func() time.Time // by which access tokens end; time.Now when nil
	SharedCache SharedCache      // where instances share the access token; nil: each asks for itself
	Answered    Answered         // optional: counts
}

// The hosts that BaseURL stands in for.
const (
	apiHost  = "https://api.weixin.qq.com"
	mpHost   = "https://mp.weixin.qq.com"
	openHost = "https://open.weixin.qq.com"
)

// Account is a client of one official account (公众号). It is safe for concurrent use. Protocol
// facts come from WeChat's documentation (developers.weixin.qq.com/doc/offiaccount).
type Account struct {
	cfg    AccountConfig
	aesKey []byte
	http   *http.Client
	token  *credential // the access token
	ticket *credential // of pages
}

// NewAccount checks cfg. Nothing is asked of WeChat yet.
func NewAccount(cfg AccountConfig) (*Account, error) {
	base, err := parseBase(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	if cfg.AppID == "" || cfg.Secret == "" || cfg.Token == "" {
		return nil, errors.New("wechat: an official account needs appid, secret and token")
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, 3*time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	a := &Account{cfg: cfg, http: newHTTPClient(base, cfg.Answered)}
	a.token, a.ticket = newAccessToken(a), newTicket(a)
	if cfg.AESKey == "" && cfg.PlainEvents {
		return a, nil
	}
	if a.aesKey, err = decodeAESKey(cfg.AESKey); err != nil {
		return nil, err
	}
	return a, nil
}

func parseBase(s string) (*url.URL, error) {
	if s == "" {
		return nil, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("wechat: base URL %q is not scheme://host", s)
	}
	return u, nil
}

// Close lets go of idle connections. No account, nil, has none.
func (a *Account) Close() {
	if a != nil {
		a.http.CloseIdleConnections()
	}
}

// AppID is the account's; an openid means something under it alone.
func (a *Account) AppID() string { return a.cfg.AppID }

// page is the address of one of WeChat's pages, for people rather than for us.
func (a *Account) page(host, path string) string {
	return cmp.Or(strings.TrimSuffix(a.cfg.BaseURL, "/"), host) + path
}

// QRCode is a code that carries a scene. URL is what it encodes; ImageURL shows it.
type QRCode struct {
	Ticket, URL, ImageURL string
	ExpiresIn             time.Duration
}

// CreateQRCode makes a temporary code (QR_STR_SCENE) for a scene of 1 to 64 characters: a scan is
// announced by an event that names the scene. WeChat allows 30 days at most.
func (a *Account) CreateQRCode(ctx context.Context, scene string, ttl time.Duration) (QRCode, error) {
	in := map[string]any{
		"expire_seconds": int64(ttl / time.Second), "action_name": "QR_STR_SCENE",
		"action_info": map[string]any{"scene": map[string]string{"scene_str": scene}},
	}
	var out struct {
		Ticket        string `json:"ticket"`
		URL           string `json:"url"`
		ExpireSeconds int64  `json:"expire_seconds"`
	}
	if err := a.call(ctx, "/cgi-bin/qrcode/create", url.Values{}, in, &out); err != nil {
		return QRCode{}, fmt.Errorf("qrcode: %w", err)
	}
	if out.Ticket == "" || out.URL == "" {
		return QRCode{}, fmt.Errorf("qrcode: %w: an answer without a ticket", ErrOutcomeUnknown)
	}
	image := a.page(mpHost, "/cgi-bin/showqrcode?ticket="+url.QueryEscape(out.Ticket))
	return QRCode{out.Ticket, out.URL, image, time.Duration(out.ExpireSeconds) * time.Second}, nil
}

// Follower is what WeChat knows of a follower of the account. Unionid is "" where the account is
// linked to no Open Platform account; it is the same person's at all accounts that are.
type Follower struct {
	Openid, Unionid string
	Following       bool
}

// Follower asks about an openid. One that is not of this account is ErrRefused.
func (a *Account) Follower(ctx context.Context, openid string) (Follower, error) {
	var out struct {
		Subscribe int    `json:"subscribe"`
		Openid    string `json:"openid"`
		Unionid   string `json:"unionid"`
	}
	q := url.Values{"openid": {openid}, "lang": {"zh_CN"}}
	if err := a.call(ctx, "/cgi-bin/user/info", q, nil, &out); err != nil {
		return Follower{}, fmt.Errorf("follower: %w", err)
	}
	return Follower{Openid: openid, Unionid: out.Unionid, Following: out.Subscribe == 1}, nil
}

// AuthorizeURL is the page inside WeChat that asks nothing (snsapi_base) and comes back to redirect
// with a code and state, which is at most 128 letters and digits. The parameters keep the
// documented order: WeChat checks it.
func (a *Account) AuthorizeURL(redirect, state string) string {
	return a.page(openHost, "/connect/oauth2/authorize?appid="+url.QueryEscape(a.cfg.AppID)+
		"&redirect_uri="+url.QueryEscape(redirect)+"&response_type=code&scope=snsapi_base&state="+url.QueryEscape(state)+"#wechat_redirect")
}

// ErrCode: an authorisation code that is unknown, used or too old, or given to a user that only
// looked at a snapshot of the page (then the openid is of no account). The user has to authorise
// again.
var ErrCode = errors.New("the authorisation code is not valid")

// Exchange turns an authorisation code, which is good for one exchange within five minutes, into the
// openid of the user that authorised.
func (a *Account) Exchange(ctx context.Context, code string) (openid string, err error) {
	var out struct {
		Openid   string `json:"openid"`
		Snapshot int    `json:"is_snapshotuser"`
	}
	q := url.Values{"appid": {a.cfg.AppID}, "secret": {a.cfg.Secret}, "code": {code}, "grant_type": {"authorization_code"}}
	if err := a.send(ctx, "/sns/oauth2/access_token", q, nil, &out); err != nil {
		return "", fmt.Errorf("exchange: %w", err)
	}
	if out.Snapshot == 1 {
		return "", fmt.Errorf("exchange: %w: a snapshot page", ErrCode)
	}
	if out.Openid == "" {
		return "", fmt.Errorf("exchange: %w: an answer without an openid", ErrOutcomeUnknown)
	}
	return out.Openid, nil
}

// call is send with an access token. A token that WeChat does not take is replaced once.
func (a *Account) call(ctx context.Context, path string, q url.Values, in, out any) error {
	token, err := a.token.get(ctx, "")
	if err != nil {
		return fmt.Errorf("%w (%w)", err, errNotSent)
	}
	q.Set("access_token", token)
	err = a.send(ctx, path, q, in, out)
	if !errors.Is(err, errToken) {
		return err
	}
	if token, err = a.token.get(ctx, token); err != nil {
		return fmt.Errorf("%w (%w)", err, errNotSent)
	}
	q.Set("access_token", token)
	return a.send(ctx, path, q, in, out)
}

// send makes one call: POST where there is a body. Its errors carry no address, because the address
// carries secrets.
func (a *Account) send(ctx context.Context, path string, q url.Values, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	req, err := accountRequest(ctx, path, q, in)
	if err != nil {
		return err
	}
	res, err := a.http.Do(req)
	if err != nil {
		return markUnsent(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: status %d", ErrBusy, res.StatusCode)
	}
	var body json.RawMessage
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		return fmt.Errorf("%w: an answer that is no JSON", ErrOutcomeUnknown)
	}
	if err := accountError(body); err != nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("%w: not the documented shape", ErrOutcomeUnknown)
	}
	return nil
}

// accountRequest writes a body as plain UTF-8: WeChat refuses \u escapes (40033).
func accountRequest(ctx context.Context, path string, q url.Values, in any) (*http.Request, error) {
	address := apiHost + path
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	if in == nil {
		return http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(in); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, &body)
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, err
}

// errToken: WeChat does not take the access token (any more).
var errToken = errors.New("the access token is not valid")

// accountError reads errcode, which comes with status 200. The text is WeChat's and names the
// request (rid), no secret.
func accountError(body []byte) error {
	var out struct {
		Code    int    `json:"errcode"`
		Message string `json:"errmsg"`
	}
	if err := json.Unmarshal(body, &out); err != nil || out.Code == 0 {
		return nil
	}
	return &Refusal{http.StatusOK, strconv.Itoa(out.Code), out.Message, accountKind(out.Code)}
}

func accountKind(code int) error {
	switch code {
	case 40001, 40014, 41001, 42001:
		return errToken
	case -1, 45011:
		return ErrBusy
	case 40029, 40163, 42003:
		return ErrCode
	}
	if kind := messageKind(code); kind != nil {
		return kind
	}
	return ErrRefused
}
