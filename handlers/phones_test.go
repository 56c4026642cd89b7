package handlers

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"mstm/account"
	"mstm/shop"
	"mstm/sms"
	"mstm/store"
)

// textBook is a provider of text messages: it keeps what arrived.
type textBook struct {
	mu   sync.Mutex
	came map[string][]string // codes by number, oldest first
	fail error               // instead of taking the next
}

func (b *textBook) SendCode(_ context.Context, phone, code string, minutes int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	if minutes < 3 || minutes > 5 {
		return fmt.Errorf("good for %d minutes", minutes)
	}
	b.came[phone] = append(b.came[phone], code)
	return nil
}

// last is the newest code at a number.
func (b *textBook) last(t *testing.T, phone string) string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.came[phone]) == 0 {
		t.Fatalf("no message reached %s", phone)
	}
	return b.came[phone][len(b.came[phone])-1]
}

// phoneWorld is a shop that sends text messages, behind a proxy.
func phoneWorld(t *testing.T, options ...func(*Deps)) (*world, *textBook) {
	b := &textBook{came: map[string][]string{}}
	return newWorldWith(t, accountOptions{hashing: account.PasswordOptions{Params: cheap}, texts: b}, append(options, behindAProxy)...), b
}

const aNumber, aNumberE164 = "138 0000 1234", "+8613800001234"

// code has a code sent from an address and reads it off the phone.
func (w *world) code(b *textBook, purpose, device, addr string) string {
	w.t.Helper()
	w.do("POST", "/api/sms-codes", "", map[string]any{"phone": aNumber, "purpose": purpose, "device": device}, "X-Forwarded-For", addr).is(204)
	return b.last(w.t.(*testing.T), aNumberE164)
}

// joined is a learner that came by the number.
func (w *world) joined(b *textBook, device, addr string) answer {
	w.t.Helper()
	return w.do("POST", "/api/login/phone", "", map[string]any{"phone": aNumber, "code": w.code(b, "login", device, addr), "device": device}, "X-Forwarded-For", addr).is(200)
}

type begunSession struct {
	Token string
	User  struct{ ID string }
}

func TestPhone_UnknownNumber_RegistersAndComesBackToTheSameAccount(t *testing.T) {
	w, b := phoneWorld(t)
	first := as[begunSession](w.joined(b, "d1", "192.0.2.1"))
	me := as[struct {
		Phone       string
		HasPassword bool `json:"has_password"`
	}](w.do("GET", "/api/me", first.Token, nil).is(200))
	if me.Phone != "138****1234" || me.HasPassword {
		t.Errorf("the account says %+v", me)
	}
	again := as[begunSession](w.joined(b, "d2", "192.0.2.1"))
	if again.User.ID != first.User.ID {
		t.Errorf("the second login is of %s, not %s", again.User.ID, first.User.ID)
	}
	w.do("GET", "/api/me", first.Token, nil).is(200)
}

func TestPhone_CodeIsGoodOnceAndForOnePurpose(t *testing.T) {
	w, b := phoneWorld(t)
	code := w.code(b, "login", "", "192.0.2.1")
	in := map[string]any{"phone": aNumber, "code": code, "password": aPassword}
	w.do("POST", "/api/password/reset", "", in).is(422, "CODE_WRONG")
	w.do("POST", "/api/login/phone", "", map[string]any{"phone": aNumber, "code": code}).is(200)
	w.do("POST", "/api/login/phone", "", map[string]any{"phone": aNumber, "code": code}).is(422, "CODE_WRONG")
}

func TestPhone_ForgottenPassword_TheNewOneOpensAndOldSessionsEnd(t *testing.T) {
	w, b := phoneWorld(t)
	old := as[begunSession](w.joined(b, "d1", "192.0.2.1"))
	code := w.code(b, "reset", "d2", "192.0.2.1")
	w.do("POST", "/api/password/reset", "", map[string]any{"phone": aNumber, "code": code, "password": "short", "device": "d2"}).is(422, "PASSWORD_TOO_SHORT")
	fresh := as[begunSession](w.do("POST", "/api/password/reset", "", map[string]any{"phone": aNumber, "code": code, "password": aPassword, "device": "d2"}).is(200))
	w.do("GET", "/api/me", old.Token, nil).is(401)
	w.do("GET", "/api/me", fresh.Token, nil).is(200)
	for _, name := range []string{aNumber, "13800001234", "+86 13800001234"} {
		w.do("POST", "/api/login", "", map[string]any{"username": name, "password": aPassword}).is(200)
	}
	w.do("POST", "/api/login", "", map[string]any{"username": aNumber, "password": "another " + aPassword}).is(401)
	// Once more, of an account that has a password already.
	code = w.code(b, "reset", "d2", "192.0.2.1")
	w.do("POST", "/api/password/reset", "", map[string]any{"phone": aNumber, "code": code, "password": "next " + aPassword}).is(200)
	w.do("POST", "/api/login", "", map[string]any{"username": aNumber, "password": aPassword}).is(401)
	w.do("GET", "/api/me", fresh.Token, nil).is(401)
}

func TestPhone_KnownAndUnknownNumber_AreAnsweredAlike(t *testing.T) {
	w, b := phoneWorld(t)
	w.joined(b, "d1", "192.0.2.1")
	for _, purpose := range []string{"login", "reset"} {
		known := w.do("POST", "/api/sms-codes", "", map[string]any{"phone": aNumber, "purpose": purpose}, "X-Forwarded-For", "192.0.2.7").is(204)
		unknown := w.do("POST", "/api/sms-codes", "", map[string]any{"phone": "13900005678", "purpose": purpose}, "X-Forwarded-For", "192.0.2.7").is(204)
		if string(known.Body) != string(unknown.Body) {
			t.Errorf("%s: %q, %q", purpose, known.Body, unknown.Body)
		}
		b.last(t, "+8613900005678")
	}
	w.do("POST", "/api/password/reset", "", map[string]any{"phone": "13900005678", "code": "000000", "password": aPassword}).is(422, "CODE_WRONG")
	w.do("POST", "/api/password/reset", "", map[string]any{"phone": aNumber, "code": "000000", "password": aPassword}).is(422, "CODE_WRONG")
	w.do("POST", "/api/password/reset", "", map[string]any{"phone": "13900005678", "code": b.last(t, "+8613900005678"), "password": aPassword}).is(404, "PHONE_UNKNOWN")
}

func TestPhone_ManyGuesses_NoneIsAcceptedAndTheOwnerGetsIn(t *testing.T) {
	w, b := phoneWorld(t)
	code := w.code(b, "login", "owner", "192.0.2.1")
	const guesses, guessers = 2_000, 8
	var mu sync.Mutex
	counts := map[int]int{}
	begun := time.Now()
	var all sync.WaitGroup
	for g := range guessers {
		all.Go(func() {
			for i := g; i < guesses; i += guessers {
				in := map[string]any{"phone": aNumber, "code": fmt.Sprintf("%06d", i*97)}
				if in["code"] == code {
					continue // the one in a million
				}
				if i%3 == 0 {
					in["device"] = fmt.Sprintf("guess%d", i)
				}
				got := w.do("POST", "/api/login/phone", "", in, "X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", i%7, i%250))
				mu.Lock()
				counts[got.Status]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	t.Logf("%d guesses in %s: %v", guesses, time.Since(begun).Round(time.Millisecond), counts)
	if counts[200] != 0 || counts[422]+counts[429] < guesses-1 {
		t.Fatalf("answers: %v", counts)
	}
	w.do("POST", "/api/login/phone", "", map[string]any{"phone": aNumber, "code": code, "device": "owner"}, "X-Forwarded-For", "203.0.113.5").is(200)
}

func TestPhone_AskedInTheOwnersName_TheOwnerStillGetsACode(t *testing.T) {
	w, b := phoneWorld(t)
	w.joined(b, "owner", "192.0.2.1")
	refused := 0
	for i := range 40 {
		got := w.do("POST", "/api/sms-codes", "", map[string]any{"phone": aNumber, "purpose": "login"}, "X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
		if got.Status == 429 {
			refused++
		}
	}
	if refused < 30 {
		t.Errorf("of 40 wishes for one number %d were refused", refused)
	}
	w.joined(b, "owner", "203.0.113.9")
}

func TestPhone_ChangedNumber_NeedsItsCodeAndTheOldOneIsFree(t *testing.T) {
	w, b := phoneWorld(t)
	mine := as[begunSession](w.joined(b, "d1", "192.0.2.1"))
	w.do("POST", "/api/sms-codes", "", map[string]any{"phone": "13900005678", "purpose": "bind"}).is(401)
	w.do("POST", "/api/sms-codes", mine.Token, map[string]any{"phone": "13900005678", "purpose": "bind"}).is(204)
	w.do("PUT", "/api/me/phone", mine.Token, map[string]any{"phone": "13900005679", "code": b.last(t, "+8613900005678")}).is(422, "CODE_WRONG")
	w.do("PUT", "/api/me/phone", mine.Token, map[string]any{"phone": "13900005678", "code": b.last(t, "+8613900005678")}).is(200)
	other := as[begunSession](w.joined(b, "d3", "192.0.2.1"))
	if other.User.ID == mine.User.ID {
		t.Error("the number from before still opens the account")
	}
	w.do("POST", "/api/sms-codes", mine.Token, map[string]any{"phone": aNumber, "purpose": "bind"}).is(204)
	w.do("PUT", "/api/me/phone", mine.Token, map[string]any{"phone": aNumber, "code": b.last(t, aNumberE164)}).is(409, "PHONE_TAKEN")
	w.do("DELETE", "/api/me/phone", mine.Token, nil).is(409, "PHONE_ONLY_LOGIN")
	w.do("PUT", "/api/me/password", mine.Token, map[string]any{"username": "lin", "password": aPassword}).is(200)
	in := as[begunSession](w.do("POST", "/api/login", "", map[string]any{"username": "lin", "password": aPassword}).is(200))
	w.do("DELETE", "/api/me/phone", in.Token, nil).is(204)
	w.do("POST", "/api/login", "", map[string]any{"username": "13900005678", "password": aPassword}).is(401)
}

func TestPhone_ProviderFails_ThePersonIsTold(t *testing.T) {
	w, b := phoneWorld(t)
	for fail, want := range map[error]struct {
		status int
		code   string
	}{
		sms.ErrUnavailable: {503, "SMS_FAILED"}, sms.ErrTooMany: {429, "TOO_MANY_REQUESTS"}, sms.ErrNumber: {422, "PHONE_INVALID"},
	} {
		b.fail = fail
		w.do("POST", "/api/sms-codes", "", map[string]any{"phone": aNumber, "purpose": "login"}).is(want.status, want.code)
	}
}

func TestPhone_StaffAndShopsWithoutMessages_AreToldWhatToDo(t *testing.T) {
	w, b := phoneWorld(t)
	mine := as[begunSession](w.joined(b, "d1", "192.0.2.1"))
	_, _, err := w.store.Roles.Change(t.Context(), mine.User.ID, store.ByOperator, func(*shop.User) ([]shop.Role, error) { return []shop.Role{shop.RoleEditor}, nil })
	if err != nil {
		t.Fatal(err)
	}
	code := w.code(b, "login", "d1", "192.0.2.1")
	w.do("POST", "/api/login/phone", "", map[string]any{"phone": aNumber, "code": code, "device": "d1"}).is(403, "STAFF_NO_PHONE")

	none := newWorld(t)
	none.do("POST", "/api/sms-codes", "", map[string]any{"phone": aNumber, "purpose": "login"}).is(503, "PHONE_OFF")
	none.do("POST", "/api/login/phone", "", map[string]any{"phone": aNumber, "code": "000000"}).is(503, "PHONE_OFF")
	if ways := as[struct{ Phone bool }](none.do("GET", "/api/login/ways", "", nil).is(200)); ways.Phone {
		t.Error("a shop without messages offers them")
	}
}
