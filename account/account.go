// Package account is who a user is: registering, logging in, sessions, passwords and how often they may be guessed, the
// proof that the owner is there, roles, programs' keys, phone numbers, WeChat for binding, paying and logging in, and deletion. A handler
// decodes a request, calls one method of this package and encodes what it returns.
package account

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
	"mstm/store/redisstore"
)

// Config is what Accounts work with. Every field without a note is needed.
type Config struct {
	Users    *store.Users
	Tokens   *store.Tokens
	Bindings *store.Bindings
	Audit    *store.Audit
	Limits   *redisstore.Limits
	Places   *redisstore.Places
	Proofs   *store.Proofs
	Settings *store.Settings

	Orders Orders // the open ones of an account that is deleted
	Carts  Carts  // likewise
	Notes  Notes  // likewise
	// Agreements are what people agreed to of the Papers.
	Agreements *store.Agreements
	Papers     *store.Papers
	// StaffNotes are what staff write about accounts.
	StaffNotes Notes
	Hub        *hub.Hub

	// RegisterProofAfter is how often an address registers within ten minutes without a proof of work; 0: always.
	RegisterProofAfter int
	Passwords          *Passwords // nil: NewPasswords(PasswordOptions{})
	Now                func() time.Time
	Log                *slog.Logger
}

// ConfigOf is a Config with the collections of a database.
func ConfigOf(db *store.DB) Config {
	return Config{
		Users: db.Users, Tokens: db.Tokens, Bindings: db.Bindings, Audit: db.Audit, Limits: db.Limits, Places: db.Places,
		Proofs: db.Proofs, Settings: db.Settings, Carts: db.Carts, Notes: db.Notes, Agreements: db.Agreements, Papers: db.Papers, StaffNotes: db.StaffNotes,
	}
}

// Orders are all users' orders.
type Orders interface {
	// CancelOpen cancels what a user has not paid yet.
	CancelOpen(ctx context.Context, userID string) error
}

// Carts are all users' carts.
type Carts interface {
	Empty(ctx context.Context, userID string) (shop.Cart, error)
}

// Notes are what all users write beside lessons.
type Notes interface {
	// DeleteOf removes all notes of a user.
	DeleteOf(ctx context.Context, userID string) error
}

// Accounts are all users' accounts and sessions. The methods may be called from any goroutine.
type Accounts struct {
	Config
	Agreed Consents // to the shop's papers

	phones  *PhoneConfig // nil: no account has a number
	pages   pages
	guesses guesses
	proofs  proofs
}

// New makes the accounts of a shop.
func New(cfg Config) (_ *Accounts, err error) {
	if cfg.Passwords == nil {
		if cfg.Passwords, err = NewPasswords(PasswordOptions{}); err != nil {
			return nil, err
		}
	}
	return &Accounts{
		Config: cfg, pages: pages{cfg.Hub, cfg.Log}, guesses: guesses{cfg.Limits, cfg.Places, cfg.Log},
		Agreed: Consents{cfg.Papers, cfg.Agreements, cfg.Now, cfg.Log},
		proofs: proofs{
			after: cfg.RegisterProofAfter, limits: cfg.Limits, settings: cfg.Settings, spent: cfg.Proofs, passwords: cfg.Passwords,
			now: cfg.Now, log: cfg.Log,
		},
	}, nil
}

// Visitor is the sender of a request, as far as accounts need it.
type Visitor struct {
	Addr      string // IP address; "" where it is not known
	English   bool   // reads English rather than Chinese
	Agent     string // the request's User-Agent
	RequestID string // for the log
	Who       string // id of the user or key behind the request, for the log; "" before a login
}

// log writes what an auditor looks for: logins, refusals, changes of an account.
func (v Visitor) log(ctx context.Context, log *slog.Logger, what string, attrs ...slog.Attr) {
	attrs = append(attrs, slog.String("request_id", v.RequestID), slog.String("user", v.Who))
	log.LogAttrs(ctx, slog.LevelInfo, what, attrs...)
}

// pages are the open pages of all users.
type pages struct {
	hub *hub.Hub
	log *slog.Logger
}

// afterwards is the context of what follows a change that is done: it goes on when the caller hangs up, but not for long.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), time.Second)
}

// show publishes what has just been changed. A hub that is down costs the pages their news, not the caller the answer.
func (p pages) show(ctx context.Context, e shop.Event) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if _, err := p.hub.Publish(ctx, hub.Event(e)); err != nil && !errors.Is(err, hub.ErrPending) { // what stands in line is heard when Redis is back
		p.log.WarnContext(ctx, "event not published", "type", e.Type, "err", err)
	}
}

// end ends the sockets of a user's client, "" for all clients. Their tokens are dead already, so a failure is only logged.
func (p pages) end(ctx context.Context, userID, client, except string, why hub.EndReason) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if err := p.hub.End(ctx, userID, client, except, why); err != nil && !errors.Is(err, hub.ErrPending) {
		p.log.WarnContext(ctx, "sockets not ended", "user", userID, "err", err)
	}
}

// endOthers is end for all pages but the one that has the answer with the session's next token.
func (p pages) endOthers(ctx context.Context, userID, old, fresh string) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if err := p.hub.EndOthers(ctx, userID, old, fresh); err != nil {
		p.log.WarnContext(ctx, "sockets not ended", "user", userID, "err", err)
	}
}

// auditRow is the row of what happened to an account; an id makes a repeat of it the same row.
func auditRow(id, user, act, by string, at time.Time) store.AuditRow {
	return store.AuditRow{ID: id, Object: "user:" + user, Act: act, By: by, At: at.UTC()}
}
