package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

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
func HashPassword(password string, o PasswordOptions) (string, error) {
	return argon2id.CreateHash(normalPassword(password), o.params())
}

// normalPassword is the form of a password that is hashed: keyboards write one character in several
// ways (NIST SP 800-63B-4 §3.1.1.2).
func normalPassword(password string) string { return norm.NFKC.String(password) }

// hasStaffLength reports whether a password is as long as a staff member's must be.
func hasStaffLength(password string) bool { return len(normalPassword(password)) >= minStaffPassword }

// passwordForms are the forms in which a password may have been hashed: the normal one, and as it was
// typed, which hashes from before the normal form are of.
func passwordForms(password string) []string {
	normal := normalPassword(password)
	if normal == password {
		return []string{normal}
	}
	return []string{normal, password}
}

// hashQueue is how long a login waits for its turn at hashing.
const hashQueue = time.Second

// PasswordOptions say how passwords are hashed. The zero value is the shop's; tests hash at less cost.
type PasswordOptions struct {
	Params *argon2id.Params // nil: OWASP's
	Queue  time.Duration    // how long a login waits for its turn; 0: a second
}

func (o PasswordOptions) params() *argon2id.Params {
	if o.Params == nil {
		return argonParams()
	}
	return o.Params
}

// Passwords judges, hashes and compares passwords. It lets as many hashes run as there are cores: each takes tens of
// milliseconds and 19 MiB, so a flood of logins would otherwise take the machine down. New
// accounts have one place of their own, and wait while a login hashes or waits: however many
// register, people get in.
type Passwords struct {
	params *argon2id.Params
	turns  chan struct{}
	joins  chan struct{}
	logins atomic.Int64 // that hash or wait
	joined atomic.Int64 // new accounts that wait or are at it
	last   atomic.Int64 // when a login hashed last, in Unix ns
	wait   time.Duration
	dummy  string // hash of a password that no account has
	common map[string]bool
	words  []string // the same
}

// NewPasswords makes the passwords of one process.
func NewPasswords(o PasswordOptions) (*Passwords, error) {
	h := &Passwords{
		params: o.params(), turns: make(chan struct{}, runtime.GOMAXPROCS(0)), joins: make(chan struct{}, 1),
		wait: cmp.Or(o.Queue, hashQueue),
	}
	h.common, h.words = commonPasswords()
	var err error
	if h.dummy, err = argon2id.CreateHash(rand.Text(), h.params); err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	return h, nil
}

// Turn waits for a place among the logins that hash; the caller calls done. Where none is free in time it fails with
// shop.ErrUnavailable.
func (h *Passwords) Turn(ctx context.Context) (done func(), err error) {
	h.logins.Add(1)
	leave, err := h.place(ctx, h.turns)
	if err != nil {
		h.logins.Add(-1)
		return nil, err
	}
	return func() { leave(); h.logins.Add(-1); h.last.Store(time.Now().UnixNano()) }, nil
}

func (h *Passwords) place(ctx context.Context, places chan struct{}) (leave func(), err error) {
	timer := time.NewTimer(h.wait)
	defer timer.Stop()
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-timer.C:
		return nil, shop.ErrUnavailable.With("retry_after_s", 2)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// joinPause is how often a new account looks whether logins leave room.
const joinPause = 5 * time.Millisecond

// Where more than joinCrowd new accounts wait while people log in, the next one begins joinRest
// after the last: the processor is the logins'.
const (
	joinCrowd = 8
	joinRest  = 900 * time.Millisecond
)

// proofCrowd is how many new accounts wait before the next ones need a proof of work to wait too: about
// as many as are hashed within hashQueue.
const proofCrowd = 24

// crowded reports whether more new accounts wait than can be made soon.
func (h *Passwords) crowded() bool { return h.joined.Load() >= proofCrowd }

// standBack lets the time pass that waiting in vain would take: a client that asks again and again
// asks no oftener in a crowd.
func (h *Passwords) standBack(ctx context.Context) error {
	select {
	case <-time.After(h.wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join does the work of a new account, the judging of its password and its hash, in its turn:
// one at a time, once no login hashes or waits, or after a while.
func (h *Passwords) join(ctx context.Context, work func() error) error {
	h.joined.Add(1)
	defer h.joined.Add(-1)
	leave, err := h.place(ctx, h.joins)
	if err != nil {
		return err
	}
	defer func() {
		if h.joined.Load() > joinCrowd && time.Since(time.Unix(0, h.last.Load())) < time.Second {
			time.AfterFunc(joinRest, leave)
			return
		}
		leave()
	}()
	for until := time.Now().Add(h.wait); h.logins.Load() > 0 && time.Now().Before(until); {
		select {
		case <-time.After(joinPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return work()
}

// create is the PHC string of a new account's password, made within join.
func (h *Passwords) create(password string) (string, error) {
	return argon2id.CreateHash(normalPassword(password), h.params)
}

// hash is the PHC string of a new password.
func (h *Passwords) hash(ctx context.Context, password string) (string, error) {
	done, err := h.Turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return h.create(password)
}

// matches reports whether the password is that of stored, and whether stored is to be replaced: made
// with weaker parameters than today's, or of another form than the normal one. An empty stored is a
// user that does not exist: it costs the same time and never matches.
func (h *Passwords) matches(ctx context.Context, password, stored string) (ok, weak bool, err error) {
	done, err := h.Turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	compared := stored
	if stored == "" {
		compared = h.dummy
	}
	for i, form := range passwordForms(password) {
		same, used, err := argon2id.CheckHash(form, compared)
		if err != nil {
			return false, false, fmt.Errorf("stored password hash: %w", err)
		}
		if same && stored != "" {
			return true, i > 0 || h.isWeak(used), nil
		}
	}
	return false, false, nil
}

func (h *Passwords) isWeak(used *argon2id.Params) bool {
	p := h.params
	return used.Memory < p.Memory || used.Iterations < p.Iterations || used.SaltLength < p.SaltLength || used.KeyLength < p.KeyLength
}
