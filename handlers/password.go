package handlers

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"

	"mstm/shop"
)

// Lengths of a password in bytes. The catalogue of the shop is behind a buyer's, money and
// everybody's data behind a staff member's.
const (
	minPassword      = 8
	minStaffPassword = 15
	maxPassword      = 256
)

// argonParams are OWASP's (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
func argonParams() *argon2id.Params {
	return &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// HashPassword is the PHC string that is kept of a password, for accounts made without a
// request.
func HashPassword(password string) (string, error) {
	return argon2id.CreateHash(password, argonParams())
}

// hashQueue is how long a login waits for its turn at hashing.
const hashQueue = time.Second

// hashing lets as many password hashes run as there are cores: each takes tens of
// milliseconds and 19 MiB, so a flood of logins would otherwise take the machine down.
type hashing struct {
	params *argon2id.Params
	turns  chan struct{}
	wait   time.Duration
	dummy  string // hash of a password that nobody has
	common map[string]bool
}

func newHashing() (*hashing, error) {
	h := &hashing{
		params: argonParams(), turns: make(chan struct{}, runtime.GOMAXPROCS(0)),
		wait: hashQueue, common: commonPasswords(),
	}
	var err error
	if h.dummy, err = argon2id.CreateHash(rand.Text(), h.params); err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	return h, nil
}

// turn waits for a place among those who hash; the caller calls done.
func (h *hashing) turn(ctx context.Context) (done func(), err error) {
	timer := time.NewTimer(h.wait)
	defer timer.Stop()
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns }, nil
	case <-timer.C:
		return nil, shop.ErrUnavailable.With("retry_after_s", 2)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hash is the PHC string of a new password.
func (h *hashing) hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return argon2id.CreateHash(password, h.params)
}

// matches reports whether the password is that of stored, and whether stored was made
// with weaker parameters than today's. An empty stored is a user that does not exist: it
// costs the same time and never matches.
func (h *hashing) matches(ctx context.Context, password, stored string) (ok, weak bool, err error) {
	done, err := h.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	if stored == "" {
		_, _, err = argon2id.CheckHash(password, h.dummy)
		return false, false, err
	}
	ok, used, err := argon2id.CheckHash(password, stored)
	if err != nil {
		return false, false, fmt.Errorf("stored password hash: %w", err)
	}
	return ok, h.isWeak(used), nil
}

func (h *hashing) isWeak(used *argon2id.Params) bool {
	p := h.params
	return used.Memory < p.Memory || used.Iterations < p.Iterations || used.SaltLength < p.SaltLength || used.KeyLength < p.KeyLength
}

// checkNew refuses a password that is too short, too long, or one of the first that
// anybody tries. There are no rules about its characters, and nothing is trimmed.
func (h *hashing) checkNew(password, username string, least int) error {
	switch {
	case len(password) < least:
		return shop.ErrPasswordTooShort.At("password").With("min_bytes", least)
	case len(password) > maxPassword:
		return shop.ErrPasswordTooLong.At("password").With("max_bytes", maxPassword)
	case h.isCommon(password, username):
		return shop.ErrPasswordCommon.At("password")
	}
	return nil
}

// isCommon knows the listed passwords in any case, with figures or signs put behind them,
// repeats of one or two characters, runs of the keyboard, and the username itself.
func (h *hashing) isCommon(password, username string) bool {
	p := strings.ToLower(password)
	stem := strings.TrimRight(p, "0123456789!@#$%^&*.-_?")
	return h.common[p] || h.common[stem] || stem == username || p == username || letters(p) <= 2 || isRun(p)
}

// letters counts the different characters of p.
func letters(p string) int {
	seen := map[rune]bool{}
	for _, r := range p {
		seen[r] = true
	}
	return len(seen)
}

// isRun reports whether p is a stretch of a row of the keyboard, of the alphabet or of
// the figures, in either direction.
func isRun(p string) bool {
	const rows = "01234567890123456789 09876543210987654321 abcdefghijklmnopqrstuvwxyz zyxwvutsrqponmlkjihgfedcba " +
		"qwertyuiop asdfghjkl zxcvbnm poiuytrewq lkjhgfdsa mnbvcxz"
	return !strings.Contains(p, " ") && strings.Contains(rows, p)
}

//go:embed common_passwords.txt
var commonPasswordList string

func commonPasswords() map[string]bool {
	common := map[string]bool{}
	for word := range strings.FieldsSeq(commonPasswordList) {
		common[word] = true
	}
	return common
}
