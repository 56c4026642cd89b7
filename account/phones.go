package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	altcha "github.com/altcha-org/altcha-lib-go"

	"mstm/shop"
	"mstm/shop/phone"
	"mstm/sms"
	"mstm/store"
	"mstm/store/redisstore"
)

// ProofOfTexting is the purpose of a proof of work for a text message.
const ProofOfTexting = "sms"

// How often codes are sent: to a number, which its owner reads and the shop pays for, and at the wish of an address. A number
// has its own count at each place from which its account was entered: strangers that ask in its name leave that.
var (
	TextsNumber     = redisstore.Limit{Name: "sms-number", Burst: 3, Every: time.Minute}
	TextsNumberDay  = redisstore.Limit{Name: "sms-number-day", Burst: 10, Every: 24 * time.Hour / 10}
	TextsAddress    = redisstore.Limit{Name: "sms-address", Burst: 20, Every: time.Minute}
	TextsAddressDay = redisstore.Limit{Name: "sms-address-day", Burst: 200, Every: 24 * time.Hour / 200}
)

// PhoneConfig is what Phones work with.
type PhoneConfig struct {
	Phones    *store.Phones
	Sender    sms.Sender // nil: the shop sends no text messages, and all is shop.ErrPhoneOff
	Countries []string   // calling codes of numbers that are taken
	MaxPerDay int        // messages of the whole shop; 0: any number
}

// Phones are the phone numbers of accounts: logging in by a code in a text message, a new password, changing the number.
// The methods may be called from any goroutine.
type Phones struct {
	PhoneConfig
	accounts *Accounts
}

// NewPhones makes the phone numbers of accounts.
func NewPhones(accounts *Accounts, cfg PhoneConfig) *Phones {
	accounts.phones = &cfg
	return &Phones{cfg, accounts}
}

// On reports whether the shop sends text messages.
func (p *Phones) On() bool { return p.Sender != nil }

// CodeWish asks for a code by text message.
type CodeWish struct {
	Phone   string
	Purpose phone.Purpose
	Device  string          // the browser's own id; "": the address stands for it
	UserID  string          // the account that the number is to be bound to; "": no login
	Proof   *altcha.Payload // of work; nil: none
}

// SendCode sends a code to a number. What it does, answers and takes is the same whether an account has the number or not.
func (p *Phones) SendCode(ctx context.Context, v Visitor, in CodeWish) error {
	number, err := p.number(in.Phone)
	switch {
	case err != nil:
		return err
	case !in.Purpose.Valid():
		return shop.ErrInvalidField.At("purpose")
	case in.Device != "" && !deviceID.MatchString(in.Device):
		return shop.ErrInvalidField.At("device")
	case in.Purpose == phone.Bind && in.UserID == "":
		return shop.ErrUnauthenticated
	case in.Purpose != phone.Bind:
		in.UserID = ""
	}
	if err := p.accounts.proofs.check(ctx, v, ProofOfTexting, in.Proof); err != nil {
		return err
	}
	place := placesOf(v, in.Device)[0]
	if err := p.maySend(ctx, v, number, place); err != nil {
		return err
	}
	if err := p.accounts.proofs.spend(ctx, v, ProofOfTexting, in.Proof); err != nil {
		return err
	}
	key, err := p.key(ctx)
	if err != nil {
		return err
	}
	now := p.accounts.Now()
	c, err := p.Phones.AskCode(ctx, phone.CodeID(in.Purpose, number, in.UserID), place, now)
	if err != nil {
		return err
	}
	v.log(ctx, p.accounts.Log, "code sent", slog.String("phone", phone.Masked(number)), slog.String("purpose", string(in.Purpose)))
	return p.sent(ctx, number, p.Sender.SendCode(ctx, number, c.Text(key), c.MinutesLeft(now)))
}

// sent is the answer to a wish by what the provider said.
func (p *Phones) sent(ctx context.Context, number string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sms.ErrTooMany):
		return shop.TooManyRequests(TextsNumber.Every)
	case errors.Is(err, sms.ErrNumber):
		return shop.ErrPhoneInvalid.At("phone")
	}
	p.accounts.Log.ErrorContext(ctx, "a text message is not sent", "phone", phone.Masked(number), "err", err)
	return shop.ErrSMSFailed
}

// number is a number as it is typed, in E.164.
func (p *Phones) number(typed string) (string, error) {
	if !p.On() {
		return "", shop.ErrPhoneOff
	}
	return phone.Parse(typed, p.Countries)
}

// key is what codes are made of.
func (p *Phones) key(ctx context.Context) (string, error) {
	return p.accounts.Settings.Secret(ctx, "sms")
}

// placesOf are what a visitor may be known by, the best first: the browser's own id, which strangers cannot know, and
// the address.
func placesOf(v Visitor, device string) []string {
	at := hashedPlace("address", Neighbourhood(v.Addr))
	if device == "" {
		return []string{at}
	}
	return []string{hashedPlace("device", device), at}
}

func hashedPlace(kind, id string) string {
	sum := sha256.Sum256([]byte("mstm place " + kind + ":" + id))
	return hex.EncodeToString(sum[:12])
}

// maySend counts one message.
func (p *Phones) maySend(ctx context.Context, v Visitor, number, place string) error {
	key := number
	if p.accounts.Places.Knows(ctx, number, place) {
		key += "@" + place
	}
	type count struct {
		limit redisstore.Limit
		key   string
	}
	counts := []count{{TextsNumber, key}, {TextsNumberDay, key}}
	if addr := Neighbourhood(v.Addr); addr != "" {
		counts = append([]count{{TextsAddress, addr}, {TextsAddressDay, addr}}, counts...)
	}
	if n := p.MaxPerDay; n > 0 {
		counts = append(counts, count{redisstore.Limit{Name: "sms-day", Burst: n, Every: 24 * time.Hour / time.Duration(n)}, "shop"})
	}
	for _, c := range counts {
		if wait := p.accounts.Limits.Take(ctx, c.limit, c.key); wait > 0 {
			v.log(ctx, p.accounts.Log, "too many text messages", slog.String("limit", c.limit.Name), slog.String("addr", v.Addr))
			return shop.TooManyRequests(wait)
		}
	}
	return nil
}

// tried is a code that was typed for a number.
type tried struct {
	number, typed, device string
	purpose               phone.Purpose
	userID                string // of Bind
}

// check compares a code; a right one is still good, until use. It refuses a wrong one: shop.ErrCodeWrong, shop.ErrCodeSpent.
func (p *Phones) check(ctx context.Context, v Visitor, t tried) (*phone.Code, error) {
	if addr := Neighbourhood(v.Addr); addr != "" {
		if err := p.accounts.guesses.tryWithin(ctx, v, TriesAddress, addr); err != nil {
			return nil, err
		}
	}
	key, err := p.key(ctx)
	if err != nil {
		return nil, err
	}
	c, outcome, err := p.Phones.TryCode(ctx, phone.CodeID(t.purpose, t.number, t.userID), placesOf(v, t.device), t.typed, key, p.accounts.Now())
	if err != nil {
		return nil, err
	}
	if outcome == phone.Right {
		return c, nil
	}
	v.log(ctx, p.accounts.Log, "code refused", slog.String("addr", v.Addr), slog.String("phone", phone.Masked(t.number)))
	if outcome == phone.Spent {
		return nil, shop.ErrCodeSpent.At("code")
	}
	return nil, shop.ErrCodeWrong.At("code")
}

// use ends a code that was right; of several that bring it at once, one does.
func (p *Phones) use(ctx context.Context, c *phone.Code) error {
	mine, err := p.Phones.UseCode(ctx, c)
	if err == nil && !mine {
		err = shop.ErrCodeWrong.At("code")
	}
	return err
}

// noteDevice remembers where an account was entered by its number.
func (p *Phones) noteDevice(ctx context.Context, v Visitor, number, device string) {
	for _, place := range placesOf(v, device) {
		p.accounts.Places.Note(ctx, number, place)
	}
}
