package account

import (
	"golang.org/x/sync/singleflight"

	"mstm/store"
	"mstm/wechat"
)

// WeChatConfig is what WeChat works with.
type WeChatConfig struct {
	WeChats   *store.WeChats
	Scenes    *store.Scenes
	Official  *wechat.Account // the official account; nil: the shop has none, and all is shop.ErrWeChatUnavailable
	PublicURL string          // how WeChat's pages come back to the shop
}

// WeChat binds WeChats to accounts, for messages, for paying and for logging in. The methods may be called from any
// goroutine.
type WeChat struct {
	WeChatConfig
	accounts *Accounts
	payers   singleflight.Group // authorisations for paying that are under way, by word and code
}

// NewWeChat makes the WeChats of accounts.
func NewWeChat(accounts *Accounts, cfg WeChatConfig) *WeChat {
	return &WeChat{WeChatConfig: cfg, accounts: accounts}
}
