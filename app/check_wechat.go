package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"

	"mstm/wechat"
)

// settingOf are the settings that a field of wechat.PayConfig comes from.
var settingOf = map[string]string{
	"BaseURL": "WECHAT_PAY_BASE_URL", "MchID": "WECHAT_PAY_MCHID", "AppID": "WECHAT_PAY_APPID", "Serial": "WECHAT_PAY_SERIAL",
	"PrivateKey": "WECHAT_PAY_PRIVATE_KEY_FILE", "APIv3Key": "WECHAT_PAY_APIV3_KEY", "PublicKeyID": "WECHAT_PAY_PUBLIC_KEY_ID",
	"PublicKey": "WECHAT_PAY_PUBLIC_KEY_FILE", "NotifyURL": "PUBLIC_URL", "RefundNotifyURL": "PUBLIC_URL",
	wechat.SettingClock: "this machine's clock",
}

// checkWeChat tries the WeChat Pay settings out against WeChat, or against the sandbox that
// WECHAT_PAY_BASE_URL names, and prints a line for each: ok, WRONG with the reason, or "?"
// for what could not be proved. Anything wrong is an error. It places a trade of one fen, discards
// its code and closes it. The shop should be running, because its callback address is tried too.
func checkWeChat(ctx context.Context, cfg Settings, log *slog.Logger, out io.Writer) error {
	if !cfg.Pay.set() {
		return errors.New("there are no WECHAT_PAY_ settings to check; the running sandbox's own are in " + cfg.DataDir + "/sandbox/sandbox.env")
	}
	addr, err := net.ResolveTCPAddr("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("ADDR: %w", err)
	}
	pay, err := payConfig(cfg, nil, cfg.shopURL(addr), log)
	if err != nil {
		return err
	}
	var wrong []string
	for _, v := range wechat.Diagnose(ctx, pay) {
		name, word := settingOf[v.Setting], "ok   "
		switch {
		case v.Wrong:
			word = "WRONG"
			if !slices.Contains(wrong, name) {
				wrong = append(wrong, name)
			}
		case v.Why != "":
			word = "?    "
		}
		if _, err := fmt.Fprintln(out, strings.TrimSpace(word+" "+name+"  "+v.Why)); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return errors.New("wrong: " + strings.Join(wrong, ", "))
	}
	return nil
}
