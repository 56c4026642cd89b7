package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/sync/errgroup"

	"mstm/wechat/sandbox"
)

// aloneFlags are the flags of `mstm sandbox`.
type aloneFlags struct {
	addr, dir, url, shop, events string
	forward                      forwards
}

// forwards are addresses that callbacks are sent to in place of others.
type forwards []struct{ from, to string }

// parseForwards takes one FROM=TO each.
func parseForwards(words []string) (f forwards, err error) {
	for _, word := range words {
		from, to, ok := strings.Cut(word, "=http")
		if !ok || from == "" {
			return nil, fmt.Errorf("-forward: %q is not FROM=TO, as in https://shop.example=http://127.0.0.1:3000", word)
		}
		f = append(f, struct{ from, to string }{from, "http" + to})
	}
	return f, nil
}

// apply is where a callback for address goes.
func (f forwards) apply(address string) string {
	for _, w := range f {
		if rest, ok := strings.CutPrefix(address, w.from); ok {
			return w.to + rest
		}
	}
	return address
}

// sandboxCommand is `mstm sandbox`: the one command that has flags, and no settings.
func sandboxCommand(log *slog.Logger, out io.Writer) *cli.Command {
	var f aloneFlags
	text := func(name, value, usage string, to *string) *cli.StringFlag {
		return &cli.StringFlag{Name: name, Value: value, Usage: usage, Destination: to}
	}
	return &cli.Command{
		Name: "sandbox", Usage: "run the local WeChat alone, for other programs to be tested against", HideHelpCommand: true,
		Flags: []cli.Flag{
			text("addr", "127.0.0.1:8090", "where the sandbox listens", &f.addr),
			text("dir", "./sandbox", "folder of its keys and its memory; made on the first run, kept for the next", &f.dir),
			text("url", "", "how programs and browsers reach it; http:// and -addr when empty", &f.url),
			text("shop", "http://127.0.0.1:8080", "the shop's address: its host is the domain that page authorisation comes back to", &f.shop),
			text("events", "", "where the official account's events are posted; SHOP/api/wechat/events when empty", &f.events),
			&cli.StringSliceFlag{Name: "forward", Usage: "FROM=TO: a callback whose notify_url begins with FROM goes to TO instead; may be repeated"},
		},
		DisableSliceFlagSeparator: true, // an address may have a comma
		Action: func(ctx context.Context, c *cli.Command) (err error) {
			if c.Args().Present() {
				return fmt.Errorf("mstm sandbox: what is %q?", c.Args().First())
			}
			if f.forward, err = parseForwards(c.StringSlice("forward")); err != nil {
				return err
			}
			f.shop = strings.TrimRight(f.shop, "/")
			f.events = cmp.Or(f.events, f.shop+"/api/wechat/events")
			return sandboxAlone(ctx, log, f, out)
		},
	}
}

// sandboxAlone runs the local WeChat without a shop, and prints the settings that other programs
// need.
func sandboxAlone(ctx context.Context, log *slog.Logger, f aloneFlags, out io.Writer) (err error) {
	if os.Getenv("MSTM_ENV") == "production" {
		return errors.New("MSTM_ENV: the sandbox does not run in production")
	}
	ln, err := listen("-addr", f.addr)
	if err != nil {
		return err
	}
	defer closing(&err, ln.Close)
	box, err := sandbox.New(sandbox.Config{
		Dir: f.dir, PublicURL: cmp.Or(f.url, "http://"+reachable(ln.Addr())), ShopURL: f.shop,
		EventsURL: f.events, Forward: f.forward.apply, Log: log,
	})
	if err != nil {
		return err
	}
	defer closing(&err, box.Close)
	if err := printAlone(out, f, box.Settings()); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return box.Run(ctx) })
	g.Go(func() error { return serve(ctx, ln, box.Handler(), time.Second) })
	return g.Wait()
}

// printAlone says what a program needs to take the sandbox for WeChat.
func printAlone(out io.Writer, f aloneFlags, s sandbox.Settings) error {
	_, err := fmt.Fprintf(out, `The sandbox stands in for https://api.mch.weixin.qq.com, https://api.weixin.qq.com,
https://mp.weixin.qq.com and https://open.weixin.qq.com. Point your program at

  %[1]s

  merchant number (mchid)       %[2]s
  appid                         %[3]s
  merchant's serial             %[4]s
  merchant's private key        %[5]s
  APIv3 key                     %[6]s
  WeChat Pay's public key       %[7]s
  its id                        %[8]s
  platform certificates         GET %[1]s/v3/certificates, as at WeChat
  official account: secret      %[9]s
  events: token                 %[10]s
  events: EncodingAESKey        %[11]s
  text messages (Tencent Cloud) SecretId %[14]s, SecretKey %[15]s, SdkAppId %[16]s

The same as settings of MSTM: %[12]s/sandbox.env
Callbacks of payments go to the notify_url of each trade, events in safe mode to %[13]s
The phone to pay with, and the switches for what should go wrong: %[1]s/phone
The same by curl, explained: %[1]s/sandbox. To pay what your program has got a code_url for:

  curl -d '{"code_url":"weixin://…"}' %[1]s/sandbox/pay

`, s.BaseURL, s.MchID, s.AppID, s.Serial, s.PrivateKeyFile, s.APIv3Key, s.PublicKeyFile, s.PublicKeyID,
		s.AppSecret, s.EventToken, s.AESKey, f.dir, f.events, s.TextSecretID, s.TextSecretKey, s.TextAppID)
	for _, w := range f.forward {
		_, err = fmt.Fprintf(out, "Callbacks for %s… go to %s…\n", w.from, w.to)
	}
	return err
}
