package app

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-isatty"

	"mstm/store/sample"
)

// announce says at which addresses the shop is open and what stands in for something real: to people on a
// terminal as a banner, to all others in a log line each.
func (a *App) announce() error {
	if a.Settings.MP.plain() {
		a.Log.Warn("WECHAT_MP_EVENTS: in plain mode nothing vouches for what an event says; the safe mode does")
	}
	if a.Banner != nil {
		return a.writeBanner(a.Banner)
	}
	embeddedMongo, embeddedRedis := a.Store.Embedded()
	if embeddedMongo {
		a.Log.Info("no MONGODB_URI: the embedded FerretDB keeps the data", "data_dir", a.Settings.DataDir)
	}
	if embeddedRedis {
		a.Log.Info("no REDIS_URL: the embedded miniredis keeps the carts", "data_dir", a.Settings.DataDir)
	}
	if !a.Settings.Pay.set() {
		a.Log.Info("no WECHAT_PAY_ settings: the sandbox takes WeChat's place", "sandbox", a.SandboxURL)
	}
	a.Log.Info("the shop is open", "url", a.URL, "sandbox", a.SandboxURL, "env", a.Settings.Env)
	return nil
}

// writeBanner prints what a person needs to begin: addresses, accounts, and where the data is.
func (a *App) writeBanner(w io.Writer) error {
	var b strings.Builder
	row := func(name, format string, values ...any) {
		fmt.Fprintf(&b, "  %-10s"+format+"\n", append([]any{name}, values...)...)
	}
	b.WriteString("\n")
	row("Shop", "%s  (%s)", a.URL, a.Settings.Env)
	if a.SandboxURL != "" {
		stands := "beside the real WeChat, for its clock"
		if !a.Settings.Pay.set() {
			stands = "in WeChat's place: no WECHAT_PAY_ settings"
		}
		row("Sandbox", "%s/phone  (%s)", a.SandboxURL, stands)
	}
	row("Data", "%s", a.whereDataIs())
	if a.Settings.seeded() {
		var names []string
		for _, account := range sample.Accounts() {
			names = append(names, account.Username)
		}
		row("Accounts", "%s; the password of each is NAME-demo-password", strings.Join(names, ", "))
	}
	row("Stop", "Ctrl-C; the data stays")
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// whereDataIs names the stores and no address of theirs, which may hold a password.
func (a *App) whereDataIs() string {
	mongo, redis := a.Store.Embedded()
	dir, err := filepath.Abs(a.Settings.DataDir)
	if err != nil {
		dir = a.Settings.DataDir
	}
	switch {
	case mongo && redis:
		return dir + "  (embedded: no MONGODB_URI, no REDIS_URL)"
	case mongo:
		return dir + "  (embedded: no MONGODB_URI) and REDIS_URL"
	case redis:
		return "MONGODB_URI and " + dir + "  (carts, embedded: no REDIS_URL)"
	}
	return "MONGODB_URI and REDIS_URL"
}

// terminal is the file where a person looks at it, and nil where a program reads it.
func terminal(f *os.File) io.Writer {
	if isatty.IsTerminal(f.Fd()) && cmp.Or(os.Getenv("TERM"), "dumb") != "dumb" {
		return f
	}
	return nil
}
