package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/wechat"
)

// weChatPages are the shop's pages in WeChat's browser.
type weChatPages struct {
	official  *wechat.Account // nil: none
	publicURL string
}

// pageConfig is what a page hands to wx.config, in WeChat's words.
type pageConfig struct {
	AppID     string `json:"appId"`
	Timestamp int64  `json:"timestamp"`
	Nonce     string `json:"nonceStr"`
	Signature string `json:"signature"`
}

// config answers GET /api/wechat/js-config?url= with the signature of a page of this shop, and of no other's.
func (h *weChatPages) config(w http.ResponseWriter, r *http.Request) error {
	q, err := rest.Query(r)
	if err != nil {
		return err
	}
	page := q.Get("url")
	if !isOurs(page, h.publicURL) {
		return shop.ErrInvalidQuery.At("url")
	}
	if h.official == nil {
		return shop.ErrWeChatUnavailable
	}
	c, err := h.official.SignPage(r.Context(), page)
	if err != nil {
		return errors.Join(shop.ErrWeChatUnavailable, err)
	}
	return rest.Encode(w, http.StatusOK, pageConfig{c.AppID, c.Timestamp, c.Nonce, c.Signature})
}

const longestPage = 2048 // bytes of an address

// isOurs reports whether an address is one of the shop's origin, as the browser writes it.
func isOurs(page, publicURL string) bool {
	if len(page) > longestPage || strings.ContainsAny(page, " \t\r\n") {
		return false
	}
	p, err := url.Parse(page)
	ours, _ := url.Parse(publicURL)
	return err == nil && ours != nil && p.Scheme == ours.Scheme && p.Host == ours.Host && p.User == nil && strings.HasPrefix(p.Path, "/")
}
