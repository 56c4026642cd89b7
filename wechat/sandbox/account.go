package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/julienschmidt/httprouter"
	"github.com/skip2/go-qrcode"
	"go.etcd.io/bbolt"
)

// accountRoutes is the official account, under the real paths of its three hosts.
func (s *official) accountRoutes(r *httprouter.Router) {
	r.POST("/cgi-bin/stable_token", s.account("stable_token", s.stableToken))
	r.POST("/cgi-bin/qrcode/create", s.account("qrcode", s.withToken(s.createQRCode)))
	r.GET("/cgi-bin/user/info", s.account("user_info", s.withToken(s.userInfo)))
	r.GET("/sns/oauth2/access_token", s.account("oauth_token", s.exchangeCode))
	r.GET("/cgi-bin/showqrcode", s.showQRCode)
	r.GET("/connect/oauth2/authorize", s.local(s.authorizePage))

	r.POST("/sandbox/scan", s.control(s.followers.scanCode))
	r.POST("/sandbox/follow", s.control(s.followers.follow))
	r.POST("/sandbox/unfollow", s.control(s.followers.unfollow))
	r.POST("/sandbox/push", s.control(s.followers.push))
	r.GET("/sandbox/events", s.control(s.followers.showEventMode))
	r.PUT("/sandbox/events", s.control(s.followers.setEventMode))
	r.POST("/sandbox/events/check", s.control(s.followers.checkEventsURL))
	r.GET("/sandbox/followers", s.control(s.followers.listFollowers))
	r.GET("/sandbox/access-token", s.control(s.showToken))
	r.PUT("/sandbox/access-token", s.control(s.setTokenLife))
	r.POST("/sandbox/access-token/expire", s.control(s.expireToken))
	scriptedPages{s}.routes(r)
	s.messageRoutes(r)
}

// errcode is an error of the official account's API, which has status 200.
type errcode struct {
	code    int
	message string
}

func (e *errcode) Error() string { return fmt.Sprintf("%d %s", e.code, e.message) }

// account adapts an endpoint of the official account: faults, and errors as errcode.
func (s *official) account(name string, do endpoint) httprouter.Handle {
	return func(w http.ResponseWriter, hr *http.Request, params httprouter.Params) {
		f := s.faults.drawAPI(name, "")
		if f.DropBefore {
			cut()
		}
		r, err := newRequest(w, hr, params)
		var out any
		if err == nil && (f.Status == 0 && f.Errcode == 0 || f.After) {
			out, err = do(r)
		}
		pause(hr.Context(), time.Duration(f.DelayMS)*time.Millisecond)
		switch {
		case f.Drop:
			cut()
		case f.Errcode != 0:
			s.answerAccount(w, hr, nil, &errcode{f.Errcode, "sandbox fault"})
		case f.Status != 0:
			s.controls.answerFault(w, hr, f)
		default:
			s.answerAccount(w, hr, out, err)
		}
	}
}

func (s *official) answerAccount(w http.ResponseWriter, r *http.Request, out any, err error) {
	var e *errcode
	if err != nil && !errors.As(err, &e) {
		s.log.ErrorContext(r.Context(), "sandbox request failed", "path", r.URL.Path, "err", err)
		e = &errcode{-1, "system error"}
	}
	if e != nil {
		out = map[string]any{"errcode": e.code, "errmsg": e.message + " rid: " + randomHex(4) + "-" + randomHex(4)}
	}
	body, err := json.Marshal(out)
	if err != nil {
		body = []byte(`{"errcode":-1,"errmsg":"system error"}`)
	}
	send(w, http.StatusOK, "application/json; encoding=utf-8", body)
}

// decodeAccount reads a body as the official account's API does.
func decodeAccount(r *request, v any) error {
	switch {
	case len(r.body) == 0:
		return &errcode{44002, "empty post data"}
	case strings.Contains(string(r.body), `\u`):
		return &errcode{40033, `invalid charset, \uxxxx is not accepted`}
	case json.Unmarshal(r.body, v) != nil:
		return &errcode{47001, "data format error"}
	}
	return nil
}

// qrCode is a parametric code.
type qrCode struct {
	Ticket string    `json:"ticket"`
	Scene  string    `json:"scene"`
	URL    string    `json:"url"`
	Ends   time.Time `json:"ends"`
}

// createQRCode answers POST /cgi-bin/qrcode/create for temporary codes.
func (s *official) createQRCode(r *request) (any, error) {
	var in struct {
		ExpireSeconds int64  `json:"expire_seconds"`
		ActionName    string `json:"action_name"`
		ActionInfo    struct {
			Scene struct {
				Str string `json:"scene_str"`
				ID  uint32 `json:"scene_id"`
			} `json:"scene"`
		} `json:"action_info"`
	}
	if err := decodeAccount(r, &in); err != nil {
		return nil, err
	}
	scene := in.ActionInfo.Scene.Str
	if in.ActionName == "QR_SCENE" {
		scene = fmt.Sprint(in.ActionInfo.Scene.ID)
	}
	switch {
	case !slices.Contains([]string{"QR_STR_SCENE", "QR_SCENE"}, in.ActionName):
		return nil, &errcode{40035, "invalid action_name: the sandbox makes temporary codes only"}
	case scene == "" || scene == "0" || len(scene) > 64:
		return nil, &errcode{40053, "invalid action info"}
	case in.ExpireSeconds < 0 || in.ExpireSeconds > 2_592_000:
		return nil, &errcode{40052, "invalid expire_seconds"}
	case in.ExpireSeconds == 0:
		in.ExpireSeconds = 60
	}
	// The characters + / = are in real tickets and break addresses that do not escape them.
	code := qrCode{Ticket: "gQ/" + randomHex(30) + "+A==", Scene: scene, URL: "http://weixin.qq.com/q/" + randomHex(12),
		Ends: s.now().Add(time.Duration(in.ExpireSeconds) * time.Second)}
	err := s.db.Update(func(tx *bbolt.Tx) error { return put(tx, bucketQRCodes, code.Ticket, code) })
	return map[string]any{"ticket": code.Ticket, "expire_seconds": in.ExpireSeconds, "url": code.URL}, err
}

// showQRCode answers GET /cgi-bin/showqrcode with the picture.
func (s *official) showQRCode(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	var code *qrCode
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		code, err = get[qrCode](tx, bucketQRCodes, r.URL.Query().Get("ticket"))
		return err
	})
	if err != nil || code == nil {
		http.NotFound(w, r)
		return
	}
	picture, err := qrcode.Encode(code.URL, qrcode.Medium, 430)
	if err != nil {
		http.Error(w, "no picture", http.StatusInternalServerError)
		return
	}
	send(w, http.StatusOK, "image/png", picture)
}

// userInfo answers GET /cgi-bin/user/info.
func (s *official) userInfo(r *request) (any, error) {
	f, err := s.followers.follower(r.URL.Query().Get("openid"))
	switch {
	case err != nil:
		return nil, err
	case f == nil:
		return nil, &errcode{40003, "invalid openid"}
	case !f.Following:
		return map[string]any{"subscribe": 0, "openid": f.Openid}, nil
	}
	out := map[string]any{"subscribe": 1, "openid": f.Openid, "language": "zh_CN", "subscribe_time": f.Since.Unix(),
		"remark": "", "groupid": 0, "tagid_list": []int{}, "subscribe_scene": "ADD_SCENE_QR_CODE", "qr_scene": 0, "qr_scene_str": f.Scene}
	if f.Unionid != "" {
		out["unionid"] = f.Unionid
	}
	return out, nil
}

// authCode is an authorisation code of a page inside WeChat.
type authCode struct {
	Openid   string    `json:"openid"`
	Scope    string    `json:"scope"`
	Ends     time.Time `json:"ends"`
	Used     bool      `json:"used"`
	Snapshot bool      `json:"snapshot"`
}

// authorizePage answers GET /connect/oauth2/authorize as the page of a user that agrees: the
// phone's owner, or `openid` in the query. `snapshot=1` is a user that looks at a snapshot.
func (s *official) authorizePage(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	shop, _ := url.Parse(s.cfg.ShopURL)
	switch {
	case q.Get("appid") != s.keys.id.AppID:
		http.Error(w, "10001 invalid appid", http.StatusBadRequest)
		return
	case err != nil || shop == nil || back.Host != shop.Host:
		http.Error(w, "10003 redirect_uri 域名与后台配置不一致", http.StatusBadRequest)
		return
	case q.Get("response_type") != "code" || q.Get("scope") != "snsapi_base" && q.Get("scope") != "snsapi_userinfo":
		http.Error(w, "10005 invalid scope", http.StatusBadRequest)
		return
	}
	code := randomHex(16)
	row := authCode{Openid: s.phones.openidOr(q.Get("openid")), Scope: q.Get("scope"), Ends: s.now().Add(5 * time.Minute), Snapshot: q.Get("snapshot") == "1"}
	if err := s.db.Update(func(tx *bbolt.Tx) error { return put(tx, bucketAuth, code, row) }); err != nil {
		http.Error(w, "system error", http.StatusInternalServerError)
		return
	}
	answer := back.Query()
	answer.Set("code", code)
	answer.Set("state", q.Get("state"))
	back.RawQuery = answer.Encode()
	if b := browserOf(r.Host); b != nil {
		back.Scheme, back.Host = "http", r.Host // the shop, as that browser knows it
	}
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// exchangeCode answers GET /sns/oauth2/access_token. A code is good once.
func (s *official) exchangeCode(r *request) (any, error) {
	q := r.URL.Query()
	switch {
	case q.Get("appid") != s.keys.id.AppID:
		return nil, &errcode{40013, "invalid appid"}
	case q.Get("secret") != s.keys.id.AppSecret:
		return nil, &errcode{40125, "invalid appsecret"}
	case q.Get("grant_type") != "authorization_code":
		return nil, &errcode{40002, "invalid grant_type"}
	}
	row, err := s.useCode(q.Get("code"))
	if err != nil {
		return nil, err
	}
	out := map[string]any{"access_token": randomHex(32), "expires_in": 7200, "refresh_token": randomHex(32), "openid": row.Openid, "scope": row.Scope}
	if row.Snapshot {
		out["is_snapshotuser"] = 1
	}
	return out, nil
}

func (s *official) useCode(code string) (row *authCode, err error) {
	err = s.db.Update(func(tx *bbolt.Tx) (err error) {
		row, err = get[authCode](tx, bucketAuth, code)
		switch {
		case err != nil:
			return err
		case row == nil:
			return &errcode{40029, "invalid code"}
		case row.Used:
			return &errcode{40163, "code been used"}
		case !s.now().Before(row.Ends):
			return &errcode{42003, "code expired"}
		}
		row.Used = true
		return put(tx, bucketAuth, code, row)
	})
	return row, err
}
