package main

import (
	"context"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"mstm/store"
	"mstm/wechat"
	"mstm/wechat/sandbox"
)

// openSandbox is the local WeChat, with its keys and memory beside the shop's data.
func openSandbox(cfg settings, addr, shopURL string, clk *clock, db *store.Store, log *slog.Logger) (*sandbox.Sandbox, error) {
	return sandbox.New(sandbox.Config{
		Dir: cfg.DataDir + "/sandbox", PublicURL: "http://" + addr, ShopURL: shopURL, Now: clk.now,
		SetClock: func(ctx context.Context, now time.Time) error { return clk.set(ctx, db, now) },
		Log:      log,
	})
}

// payConfig is how WeChat Pay is reached: as the settings say, or in the sandbox.
func payConfig(cfg settings, sb *sandbox.Sandbox, publicURL string, log *slog.Logger) (wechat.PayConfig, error) {
	pay := wechat.PayConfig{
		NotifyURL: publicURL + "/api/wechat/pay-notify", RefundNotifyURL: publicURL + "/api/wechat/refund-notify", Log: log,
	}
	if !cfg.Pay.set() {
		s := sb.Settings()
		pay.BaseURL, pay.MchID, pay.AppID, pay.Serial = s.BaseURL, s.MchID, s.AppID, s.Serial
		pay.PrivateKey, pay.APIv3Key, pay.PublicKeyID, pay.PublicKey = s.PrivateKey, s.APIv3Key, s.PublicKeyID, s.PublicKey
		return pay, nil
	}
	pay.BaseURL, pay.MchID, pay.AppID, pay.Serial = cfg.Pay.BaseURL, cfg.Pay.MchID, cfg.Pay.AppID, cfg.Pay.Serial
	pay.APIv3Key, pay.PublicKeyID = cfg.Pay.APIv3Key, cfg.Pay.PublicKeyID
	var err error
	if pay.PrivateKey, err = readKey("WECHAT_PAY_PRIVATE_KEY_FILE", cfg.Pay.PrivateKeyFile, utils.LoadPrivateKeyWithPath); err != nil {
		return pay, err
	}
	if cfg.Pay.PublicKeyFile != "" {
		pay.PublicKey, err = readKey("WECHAT_PAY_PUBLIC_KEY_FILE", cfg.Pay.PublicKeyFile, utils.LoadPublicKeyWithPath)
	}
	return pay, err
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
