package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/store/redisstore"
)

// How long a code may be scanned, and how long the page has to come in once it was let in.
const (
	LoginCodeTime = 5 * time.Minute
	letInTime     = time.Minute
)

// ScanPage is the page of the shop that a code to log in leads to.
const ScanPage = "/login/scan"

// CodesAddress is how many codes the pages of one address show.
var CodesAddress = redisstore.Limit{Name: "login-code", Burst: 60, Every: 5 * time.Second}

// LoginCodes let a page in without a password: it shows a code, a phone whose owner is logged in scans it, and the owner
// says yes. The page proves with a secret that the code is its own; the code itself, which can be seen from afar, opens
// nothing. A phone's owner that is sent a stranger's code sees which device it would let in, and that it waits for a yes.
type LoginCodes struct {
	accounts  *Accounts
	codes     *redisstore.LoginCodes
	publicURL string
}

// NewLoginCodes makes the codes of a shop that phones reach under an address.
func NewLoginCodes(accounts *Accounts, codes *redisstore.LoginCodes, publicURL string) *LoginCodes {
	return &LoginCodes{accounts, codes, publicURL}
}

// ShownCode is a code as the page has it that shows it.
type ShownCode struct {
	Code   string
	Secret string // of this page alone; kept nowhere else
	URL    string // what the code leads to
	EndsAt time.Time
}

// Begin is a code for a page. Too many of one address are refused.
func (l *LoginCodes) Begin(ctx context.Context, v Visitor) (ShownCode, error) {
	if place := Neighbourhood(v.Addr); place != "" {
		if wait := l.accounts.Limits.Take(ctx, CodesAddress, place); wait > 0 {
			return ShownCode{}, shop.TooManyRequests(wait)
		}
	}
	now := l.accounts.Now().UTC()
	shown := ShownCode{Code: strings.ToLower(rand.Text()), Secret: rand.Text(), EndsAt: now.Add(LoginCodeTime)}
	shown.URL = l.publicURL + ScanPage + "?" + url.Values{"code": {shown.Code}}.Encode()
	d := deviceOf(v, "", "web", "")
	kept := redisstore.LoginCode{Secret: hashed(shown.Secret), System: d.System, App: d.App, BegunAt: now, EndsAt: shown.EndsAt}
	if err := l.codes.Put(ctx, shown.Code, kept, LoginCodeTime); err != nil {
		return ShownCode{}, errors.Join(shop.ErrUnavailable, err)
	}
	return shown, nil
}

func hashed(secret string) string {
	sum := sha256.Sum256([]byte("mstm login code " + secret))
	return hex.EncodeToString(sum[:])
}

// WaitingPage is a page that waits to be let in, as the phone's owner sees it.
type WaitingPage struct {
	DeviceName      string // in the reader's language
	BegunAt, EndsAt time.Time
}

// Waiting is the page that shows a code; shop.ErrLoginCode where the code is over, or another person's yes was faster.
func (l *LoginCodes) Waiting(ctx context.Context, v Visitor, session store.TokenRow, code string) (WaitingPage, error) {
	c, err := l.getFor(ctx, session.UserID, code)
	if err != nil {
		return WaitingPage{}, err
	}
	name := deviceName(store.TokenRow{Client: "web", System: c.System, App: c.App}, v.English)
	return WaitingPage{DeviceName: name, BegunAt: c.BegunAt, EndsAt: c.EndsAt}, nil
}

// LetIn lets the page with a code into a session's account, and shows the page that it may come. Said twice, it is said
// once. Staff are shop.ErrLoginCodeStaff: what they may do is worth a stranger's trick.
func (l *LoginCodes) LetIn(ctx context.Context, v Visitor, session store.TokenRow, code string) error {
	if shop.IsStaff(session.Roles) {
		return shop.ErrLoginCodeStaff
	}
	if _, err := l.getFor(ctx, session.UserID, code); err != nil {
		return err
	}
	mine, err := l.codes.LetIn(ctx, code, session.UserID, session.Session(), letInTime)
	switch {
	case errors.Is(err, redisstore.ErrNoLoginCode) || err == nil && !mine:
		return shop.ErrLoginCode
	case err != nil:
		return errors.Join(shop.ErrUnavailable, err)
	}
	v.log(ctx, l.accounts.Log, "a page is let in by its code")
	l.accounts.pages.show(ctx, shop.LoginAnswered(code, true))
	return nil
}

// Refuse ends a code that was scanned, unless another person has let its page in.
func (l *LoginCodes) Refuse(ctx context.Context, v Visitor, session store.TokenRow, code string) error {
	c, err := l.getFor(ctx, session.UserID, code)
	if err != nil {
		return err
	}
	taken, err := l.codes.Take(ctx, code, c)
	if err != nil {
		return errors.Join(shop.ErrUnavailable, err)
	}
	if !taken {
		return shop.ErrLoginCode
	}
	v.log(ctx, l.accounts.Log, "a page is refused by its code", slog.String("app", c.App))
	l.accounts.pages.show(ctx, shop.LoginAnswered(code, false))
	return nil
}

// CodeLogin is what a page brings that was let in.
type CodeLogin struct {
	Code, Secret, Client, Device string
}

// Enter begins a session of the person that let a page in. let is false as long as there is none. A code is good for one
// session, and only while the session that said yes goes on.
func (l *LoginCodes) Enter(ctx context.Context, v Visitor, in CodeLogin) (begun Session, let bool, err error) {
	if err := CheckDevice(in.Client, in.Device); err != nil {
		return Session{}, false, err
	}
	if !shop.ValidID(in.Code) {
		return Session{}, false, shop.ErrLoginCode
	}
	c, err := l.get(ctx, in.Code)
	switch {
	case err != nil:
		return Session{}, false, err
	case subtle.ConstantTimeCompare([]byte(hashed(in.Secret)), []byte(c.Secret)) != 1:
		return Session{}, false, shop.ErrLoginCode
	case c.User == "":
		return Session{}, false, nil
	}
	taken, err := l.codes.Take(ctx, in.Code, c)
	if err != nil {
		return Session{}, false, errors.Join(shop.ErrUnavailable, err)
	}
	if !taken {
		return Session{}, false, shop.ErrLoginCode
	}
	u, err := l.host(ctx, c)
	if err != nil {
		return Session{}, false, err
	}
	begun, err = l.accounts.open(ctx, v, u, in.Client, in.Device)
	return begun, err == nil, err
}

// host is the person that let a page in, whose session still goes on.
func (l *LoginCodes) host(ctx context.Context, c redisstore.LoginCode) (*shop.User, error) {
	rows, err := l.accounts.Tokens.Live(ctx, c.User, l.accounts.Now())
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(rows, func(r store.TokenRow) bool { return r.Session() == c.Session }) {
		return nil, shop.ErrLoginCode
	}
	u, err := l.accounts.Users.Get(ctx, c.User)
	if err == nil && (u.DeletedAt != nil || shop.IsStaff(u.Roles)) {
		err = shop.ErrLoginCode
	}
	return u, err
}

// getFor is a code that no other person has answered.
func (l *LoginCodes) getFor(ctx context.Context, user, code string) (redisstore.LoginCode, error) {
	c, err := l.get(ctx, code)
	if err == nil && c.User != "" && c.User != user {
		err = shop.ErrLoginCode
	}
	return c, err
}

func (l *LoginCodes) get(ctx context.Context, code string) (redisstore.LoginCode, error) {
	c, err := l.codes.Get(ctx, code)
	switch {
	case errors.Is(err, redisstore.ErrNoLoginCode), err == nil && c.User == "" && !l.accounts.Now().Before(c.EndsAt):
		return c, shop.ErrLoginCode
	case err != nil:
		return c, errors.Join(shop.ErrUnavailable, err)
	}
	return c, nil
}
