package app

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mstm/store"
	"mstm/wechat"
)

// settings says what is refused, what is missing, and what is unsafe in production.
func (d *doctor) settings(refused error) {
	const part = "settings"
	cfg, before := d.cfg, len(d.found)
	eachError(refused, func(err error) {
		name, why, ok := strings.Cut(err.Error(), ": ")
		if !ok {
			name, why = "environment", err.Error()
		}
		d.wrong(part, name, "correct it; .env.example explains each setting", "%s", why)
	})
	if cfg.production() {
		d.productionSettings()
	}
	d.secretFile(".env", ".env")
	d.secretFile("WECHAT_PAY_PRIVATE_KEY_FILE", cfg.Pay.PrivateKeyFile)
	if len(d.found) == before {
		d.ok(part, "all", "none is refused, MSTM_ENV is %s", cfg.Env)
	}
}

// productionSettings warns of what production starts with and a shop that is open to the public should not have.
func (d *doctor) productionSettings() {
	const part = "settings"
	cfg := d.cfg
	for _, w := range []struct {
		when          bool
		name, do, why string
	}{
		{!cfg.MP.set(), "WECHAT_MP_APPID", "set the WECHAT_MP_ settings", "there is no official account: no WeChat can be bound, and nothing is paid inside WeChat"},
		{cfg.MP.set() && cfg.MP.Templates == "", "WECHAT_MP_TEMPLATES", "name the account's message templates", "is empty: no WeChat message goes out"},
		{cfg.MP.plain(), "WECHAT_MP_EVENTS", "choose the safe mode on the account's console, and here", "in plain mode nothing vouches for what an event says"},
		{!cfg.SMS.set(), "SMS_SECRET_ID", "set the SMS_ settings", "there are no text messages: no phone numbers, and a forgotten password is lost"},
		{cfg.SMS.set() && cfg.SMS.MaxPerDay == 0, "SMS_MAX_PER_DAY", "set what the shop pays for on its busiest day", "is 0: nothing bounds what is paid for text messages"},
		{cfg.TrialNeeds == "none", "TRIAL_NEEDS", "set it to wechat or phone", "is none: a person with many accounts has many free months"},
		{cfg.RegisterProofAfter == 0, "REGISTER_PROOF_AFTER", "set it to 5", "is 0: accounts are made without a proof of work"},
		{cfg.Media.QuotaGB == 0, "MEDIA_QUOTA_GB", "set the room that files may take", "is 0: uploads may fill the disk or the bill"},
		{cfg.Media.URL == "", "MEDIA_URL", "name a bucket before a second instance starts", "is empty: files are in DATA_DIR of this machine, which one instance alone can serve"},
		{!strings.Contains(cfg.MongoURI, "@"), "MONGODB_URI", "make a user with readWrite on the one database", "names no user: everybody on its network may read and write the shop's data"},
		{cfg.RedisURL != "" && !strings.Contains(cfg.RedisURL, "@"), "REDIS_URL", "set requirepass", "names no password: everybody on its network may read and write carts"},
	} {
		if w.when {
			d.warn(part, w.name, w.do, "%s", w.why)
		}
	}
}

// secretFile warns of a file with secrets that other users of the machine can read; one that is not there is no matter here.
func (d *doctor) secretFile(name, path string) {
	if path == "" {
		return
	}
	if st, err := os.Stat(path); err == nil && st.Mode().Perm()&0o004 != 0 {
		d.warn("settings", name, "chmod 0600 "+path, "every user of this machine may read %s", path)
	}
}

// shop asks the shop that runs here, if one does, and looks at the address that browsers and WeChat come by.
func (d *doctor) shop(ctx context.Context) {
	const part = "shop"
	addr, err := net.ResolveTCPAddr("tcp", d.cfg.Addr)
	if err != nil {
		d.wrong(part, "ADDR", "set host:port", "%v", err)
		return
	}
	if addr.Port == 0 {
		d.ok(part, "ADDR", "any free port: a running shop is not looked for")
	} else if status, text, err := get(ctx, "http://"+reachable(addr)+"/readyz"); err != nil {
		d.ok(part, "ADDR", "no shop runs at %s", addr)
	} else if status == http.StatusOK && strings.Contains(text, `"ready"`) {
		d.running = true
		d.ok(part, "ADDR", "the shop at %s is ready", addr)
	} else if strings.Contains(text, `"mongodb"`) {
		d.running = true
		d.wrong(part, "ADDR", "see what is down below, and the table in docs/operations.md", "the shop at %s is not well: %s", addr, strings.TrimSpace(text))
	} else {
		d.wrong(part, "ADDR", "stop it, or set another ADDR", "something else answers at %s (status %d)", addr, status)
	}
	d.publicURL(ctx)
}

// How long before it ends a certificate is worth a word: Let's Encrypt renews a month before.
const certificateSoon = 14 * 24 * time.Hour

// publicURL looks at the address of the load balancer, which may be up while this instance is not.
func (d *doctor) publicURL(ctx context.Context) {
	const part, name = "shop", "PUBLIC_URL"
	u, err := url.Parse(d.cfg.PublicURL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return // the settings say it, where it matters
	}
	host := u.Host
	if u.Port() == "" {
		host += ":443"
	}
	dial := tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}}
	conn, err := dial.DialContext(ctx, "tcp", host)
	if err != nil {
		var untrusted *tls.CertificateVerificationError
		if errors.As(err, &untrusted) {
			d.wrong(part, name, "renew the proxy's certificate", "browsers and WeChat refuse its certificate: %v", untrusted.Err)
			return
		}
		d.warn(part, name, "look at DNS and the proxy; from inside its network a public address may be out of reach", "does not answer from this machine: %v", err)
		return
	}
	defer conn.Close()
	ends := conn.(*tls.Conn).ConnectionState().PeerCertificates[0].NotAfter
	if left := time.Until(ends); left < certificateSoon {
		d.warn(part, name, "renew it, and see why nothing did", "its certificate ends in %d days", int(left.Hours()/24))
	} else {
		d.ok(part, name, "its certificate is good until %s", ends.Format(time.DateOnly))
	}
	if status, text, err := get(ctx, strings.TrimRight(d.cfg.PublicURL, "/")+"/livez"); err != nil || status != http.StatusOK || !strings.Contains(text, `"live"`) {
		d.warn(part, name, "look at the proxy, and whether an instance runs", "/livez is not a shop's (status %d)", status)
	}
}

// get asks an address and reads the first bytes of its answer.
func get(ctx context.Context, address string) (status int, text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	return res.StatusCode, string(b), err
}

// weChat tries WeChat Pay and the official account.
func (d *doctor) weChat(ctx context.Context) {
	const part = "wechat"
	if !d.cfg.Pay.set() {
		d.ok(part, "WECHAT_PAY_", "not set: the sandbox takes WeChat's place")
	} else if addr, err := net.ResolveTCPAddr("tcp", d.cfg.Addr); err == nil {
		pay, err := payConfig(d.cfg, nil, d.cfg.shopURL(addr), d.log)
		if err != nil {
			d.wrong(part, "WECHAT_PAY_", "correct the key files", "%v", err)
		} else {
			d.weChatPay(wechat.Diagnose(ctx, pay))
		}
	}
	if !d.cfg.MP.set() {
		return
	}
	account, err := openAccount(d.cfg, nil, &clock{}, &store.DB{}, nil)
	if err != nil {
		d.wrong(part, "WECHAT_MP_", "correct the setting", "%v", err)
		return
	}
	defer account.Close()
	if err := account.TryToken(ctx); err != nil {
		d.wrong(part, "WECHAT_MP_SECRET", "compare appid and secret with the account's console, and put this machine's address on its list", "WeChat gives out no access token: %v", err)
		return
	}
	d.ok(part, "WECHAT_MP_SECRET", "WeChat gives out an access token")
}

// weChatPay are the verdicts of the self-check. Callbacks are proved by a running shop alone.
func (d *doctor) weChatPay(verdicts []wechat.Verdict) {
	const part = "wechat"
	for _, v := range verdicts {
		name := settingOf[v.Setting]
		switch callback := v.Setting == "NotifyURL" || v.Setting == "RefundNotifyURL"; {
		case v.Wrong && callback && !d.running:
			d.warn(part, name, "start the shop and ask again", "%s", v.Why)
		case v.Wrong:
			d.wrong(part, name, "mstm check-wechat explains it; the merchant platform shows the right value", "%s", v.Why)
		case v.Why != "":
			d.warn(part, name, "ask again, or see the first callback", "%s", v.Why)
		default:
			d.ok(part, name, "")
		}
	}
}

// textMessages looks whether the provider answers. A message would cost money, so none is sent: that id and key belong
// together is not proved.
func (d *doctor) textMessages(ctx context.Context) {
	const part, name = "sms", "SMS_"
	if !d.cfg.SMS.set() {
		d.ok(part, name, "not set: there are no text messages, or the sandbox's phone gets them")
		return
	}
	sender, err := openSMS(d.cfg, nil)
	if err != nil || sender == nil {
		d.wrong(part, name, "correct the setting", "%v", err)
		return
	}
	if err := reachSMS(ctx, d.cfg.SMS.BaseURL); err != nil {
		d.wrong(part, "SMS_BASE_URL", "look at DNS and the firewall", "the provider does not answer: %v", err)
		return
	}
	d.ok(part, name, "the provider answers; id, key, sign and template show with the first message")
}

// absolute is a path for a person that may stand in another folder.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
