package app

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"mstm/notice"
	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
	"mstm/wechat/sandbox"
)

// localWeChat is the sandbox with the address that it answers at.
type localWeChat struct {
	*sandbox.Sandbox
	ln  net.Listener
	url string
}

// openSandbox opens the local WeChat, with its keys and memory beside the shop's data; nil
// where the settings want none.
func openSandbox(cfg Settings, shopURL string, clk *clock, db *store.DB, log *slog.Logger) (*localWeChat, error) {
	if !cfg.sandboxed() {
		return nil, nil
	}
	ln, err := listen("SANDBOX_ADDR", cfg.SandboxAddr)
	if err != nil {
		return nil, err
	}
	w := &localWeChat{ln: ln, url: "http://" + reachable(ln.Addr())}
	w.Sandbox, err = sandbox.New(sandbox.Config{
		Dir: cfg.DataDir + "/sandbox", PublicURL: w.url, ShopURL: shopURL, Now: clk.now,
		SetClock: func(ctx context.Context, now time.Time) error { return clk.set(ctx, db, now) },
		Log:      log,
	})
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return w, nil
}

// address is where the sandbox answers, "" where there is none.
func (w *localWeChat) address() string {
	if w == nil {
		return ""
	}
	return w.url
}

// start runs the sandbox among the other parts.
func (w *localWeChat) start(g *group) {
	if w == nil {
		return
	}
	g.Go(func() error { return w.Run(g.ctx) })
	g.Go(func() error { return serve(g.ctx, w.ln, w.Handler(), time.Second) })
}

// close ends the sandbox, after the parts.
func (w *localWeChat) close() error {
	if w == nil {
		return nil
	}
	if err := w.ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return errors.Join(err, w.Close())
	}
	return w.Close()
}

// openPay is the client of WeChat Pay, and the shop's identity there.
func openPay(ctx context.Context, cfg Settings, sb *localWeChat, publicURL string, answered wechat.Answered, log *slog.Logger) (*wechat.Pay, shop.Merchant, error) {
	pay, err := payConfig(cfg, sb, publicURL, log)
	if err != nil {
		return nil, shop.Merchant{}, err
	}
	pay.Answered = answered
	client, err := wechat.NewPay(ctx, pay)
	return client, shop.Merchant{AppID: pay.AppID, MchID: pay.MchID}, err
}

// payConfig is how WeChat Pay is reached: as the settings say, or in the sandbox.
func payConfig(cfg Settings, sb *localWeChat, publicURL string, log *slog.Logger) (wechat.PayConfig, error) {
	pay := wechat.PayConfig{
		NotifyURL: publicURL + "/api/wechat/pay-notify", RefundNotifyURL: publicURL + "/api/wechat/refund-notify", Log: log,
	}
	if !cfg.Pay.set() {
		s := sb.Settings()
		pay.BaseURL, pay.MchID, pay.AppID, pay.Serial = s.BaseURL, s.MchID, s.AppID, s.Serial
		pay.PrivateKey, pay.APIv3Key, pay.PublicKeyID, pay.PublicKey = s.PrivateKey, s.APIv3Key, s.PublicKeyID, s.PublicKey
		return pay, nil
	}
	return cfg.Pay.Config(pay)
}

// Config completes the configuration of a client with the merchant that the settings name.
func (p PaySettings) Config(pay wechat.PayConfig) (_ wechat.PayConfig, err error) {
	pay.BaseURL, pay.MchID, pay.AppID, pay.Serial = p.BaseURL, p.MchID, p.AppID, p.Serial
	pay.APIv3Key, pay.PublicKeyID = p.APIv3Key, p.PublicKeyID
	if pay.PrivateKey, err = readKey("WECHAT_PAY_PRIVATE_KEY_FILE", p.PrivateKeyFile, utils.LoadPrivateKeyWithPath); err != nil {
		return pay, err
	}
	if p.PublicKeyFile != "" {
		pay.PublicKey, err = readKey("WECHAT_PAY_PUBLIC_KEY_FILE", p.PublicKeyFile, utils.LoadPublicKeyWithPath)
	}
	return pay, err
}

// openWeChatSender sends the account's messages; nil where there is no account.
func openWeChatSender(cfg Settings, sb *localWeChat, account *wechat.Account, publicURL string, clk *clock, db *store.DB, wake func(), log *slog.Logger) (*notice.WeChatSender, error) {
	if account == nil {
		return nil, nil
	}
	text := cfg.MP.Templates
	if !cfg.MP.set() {
		text = sb.Settings().Templates
	}
	templates, err := notice.ParseTemplates(text)
	if err != nil {
		return nil, fmt.Errorf("WECHAT_MP_TEMPLATES: %w", err)
	}
	return notice.NewWeChatSender(notice.WeChatSenderConfig{
		Store: notice.SenderCollectionsOf(db), Account: account, Templates: templates, PublicURL: publicURL, Wake: wake, Now: clk.now, Log: log,
	}), nil
}

// openAccount is the official account: as the settings say, or the sandbox's. nil: neither.
func openAccount(cfg Settings, sb *localWeChat, clk *clock, db *store.DB, answered wechat.Answered) (*wechat.Account, error) {
	mp := wechat.AccountConfig{
		BaseURL: cfg.MP.BaseURL, AppID: cfg.MP.AppID, Secret: cfg.MP.Secret, Token: cfg.MP.Token, AESKey: cfg.MP.AESKey, Now: clk.now,
		PlainEvents: cfg.MP.plain(), SharedCache: db.SharedCache, Answered: answered,
	}
	switch {
	case cfg.MP.set():
	case cfg.Pay.set():
		return nil, nil
	default:
		s := sb.Settings()
		mp.BaseURL, mp.AppID, mp.Secret, mp.Token, mp.AESKey = s.BaseURL, s.AppID, s.AppSecret, s.EventToken, s.AESKey
	}
	return wechat.NewAccount(mp)
}

// readKey reads a PEM file and names the setting that is wrong; the file's content is in
// no error.
func readKey[K rsa.PrivateKey | rsa.PublicKey](setting, path string, load func(string) (*K, error)) (*K, error) {
	key, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %q cannot be read as a PEM key", setting, path)
	}
	return key, nil
}
