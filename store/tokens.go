package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// TokenRow is what a token stands for. It carries all that a request needs to know about its
// sender, so that a profile is never read for it.
type TokenRow struct {
	ID        string      `bson:"_id"` // user:key, see Device
	UserID    string      `bson:"user_id"`
	Client    string      `bson:"client"`
	Hash      []byte      `bson:"hash"` // SHA-256 of the secret
	Roles     []shop.Role `bson:"roles"`
	CreatedAt time.Time   `bson:"created_at"`
	ExpiresAt time.Time   `bson:"expires_at"` // first instant too late

	// SteppedUpAt is when the login was last proved again: the session's, and not the account's.
	SteppedUpAt time.Time `bson:"stepped_up_at,omitempty"`
	// SeenAt is when it was last used, to seenEvery; zero: not since CreatedAt.
	SeenAt time.Time `bson:"seen_at,omitempty"`
	// System and App are what the device's name is made of; "": not known.
	System string `bson:"system,omitempty"`
	App    string `bson:"app,omitempty"`
	// StaffPassword says whether the account's password has the length that staff need. A row from
	// before that was known has none: its owner goes on until the next login or change of roles.
	StaffPassword *bool `bson:"staff_password,omitempty"`
}

// StaffIdle is how long a staff member's session lasts without use. A request is use; a socket that is
// open or comes back is not, since a page does that alone.
const StaffIdle = 12 * time.Hour

// ProvedAt is when the account's owner last proved to be there: at the login or since.
func (r TokenRow) ProvedAt() time.Time {
	if r.SteppedUpAt.After(r.CreatedAt) {
		return r.SteppedUpAt
	}
	return r.CreatedAt
}

// WantsStaffPassword reports whether the session is of staff with a password that is too short.
func (r TokenRow) WantsStaffPassword() bool {
	return shop.IsStaff(r.Roles) && r.StaffPassword != nil && !*r.StaffPassword
}

// LastUse is when the session was last used, to seenEvery.
func (r TokenRow) LastUse() time.Time {
	if r.SeenAt.After(r.CreatedAt) {
		return r.SeenAt
	}
	return r.CreatedAt
}

// isOver reports whether the session has ended by itself.
func (r TokenRow) isOver(now time.Time) bool {
	return !now.Before(r.ExpiresAt) || shop.IsStaff(r.Roles) && now.Sub(r.LastUse()) >= StaffIdle
}

// Session names the login that made the token: the hash in hex. It is no credential.
func (r TokenRow) Session() string { return hex.EncodeToString(r.Hash) }

// Key names the session among those of its user, see Device.
func (r TokenRow) Key() string {
	_, key, _ := strings.Cut(r.ID, ":")
	return key
}

// clients are the names that a login may give its client.
var clients = [...]string{
	"web", "phone", "tablet", "desktop", "wechat", "miniprogram", "app", "ios", "android", "console",
}

// Clients are the names of all clients.
func Clients() []string { return slices.Clone(clients[:]) }

// ValidClient reports whether there is a client of this name.
func ValidClient(s string) bool { return slices.Contains(clients[:], s) }

// storedKey is the form of a key in a row. Rows from before there was a list of clients' names may have
// any name.
var storedKey = regexp.MustCompile(`^[0-9a-z]{1,16}$`)

func tokenID(userID, key string) string { return userID + ":" + key }

// newSecret makes 256 random bits as text and the hash to keep of them.
func newSecret() (text string, hash []byte) {
	var secret [32]byte
	rand.Read(secret[:]) // never fails
	sum := sha256.Sum256(secret[:])
	return base64.RawURLEncoding.EncodeToString(secret[:]), sum[:]
}

// hashSecret is the hash of a secret's text; ok is false where it cannot be one of ours.
func hashSecret(text string) (hash []byte, ok bool) {
	secret, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(secret) != 32 {
		return nil, false
	}
	sum := sha256.Sum256(secret)
	return sum[:], true
}

// Tokens are the sessions: one row for each user and device.
type Tokens struct {
	*base
	docs Collection[TokenRow]

	tokens *tokenCache
	uses   *sessionUses
}

func newTokens(b *base) *Tokens {
	docs := newCollection[TokenRow](b, "user_tokens")
	docs.missing = shop.ErrUnauthenticated
	return &Tokens{base: b, docs: docs, tokens: newTokenCache(b.bus), uses: newSessionUses()}
}

// Put makes a new token for a device of a user after a login and returns its text, which is stored
// nowhere. An old one of the same device is dead from then on. However many log in at once, there is one
// row, holding the token of the last.
func (s *Tokens) Put(ctx context.Context, u *shop.User, d Device, now time.Time, ttl time.Duration) (string, TokenRow, error) {
	if !shop.ValidID(u.ID) || !ValidClient(d.Client) || !storedKey.MatchString(d.Key) {
		return "", TokenRow{}, shop.ErrInvalidField.At("client")
	}
	now = now.UTC().Truncate(time.Millisecond) // what the database keeps
	secret, hash := newSecret()
	long := u.HasStaffPassword()
	row := TokenRow{
		ID: tokenID(u.ID, d.Key), UserID: u.ID, Client: d.Client, Hash: hash, Roles: u.Roles, System: d.System, App: d.App,
		CreatedAt: now, ExpiresAt: now.Add(ttl), StaffPassword: &long,
	}
	if err := s.docs.Put(ctx, row.ID, &row); err != nil { // others may log in or out: then the other is right
		return "", TokenRow{}, err
	}
	s.changed(ctx, changeTokens, u.ID)
	return secret + "." + u.ID + "." + d.Key, row, nil
}

// Authenticate finds a token's row; shop.ErrUnauthenticated where there is none, it was replaced,
// or it has expired. Mostly the answer comes from a cache that forgets a changed token at once;
// while changes would not arrive, the row is read.
func (s *Tokens) Authenticate(ctx context.Context, token string, now time.Time) (TokenRow, error) {
	id, hash, ok := parseToken(token)
	if !ok {
		return TokenRow{}, shop.ErrUnauthenticated
	}
	row, cached := s.tokens.get(id)
	if !cached || !row.isFor(hash, now) { // used elsewhere, it is less idle than the cache knows
		var err error
		if row, err = s.read(ctx, id); err != nil {
			return TokenRow{}, err
		}
	}
	if !row.isFor(hash, now) {
		return TokenRow{}, shop.ErrUnauthenticated
	}
	return row, nil
}

// TokenOwner is what can have a token: a device of a user's, by its key.
type TokenOwner struct{ UserID, Key string }

// Current are the tokens that these have now, in their order; one without an ID where there is none. The answer may
// come from the cache, as Authenticate's does; what is not there is read at once.
func (s *Tokens) Current(ctx context.Context, owners []TokenOwner, now time.Time) ([]TokenRow, error) {
	rows, at := make([]TokenRow, len(owners)), map[string][]int{}
	var unknown []string
	for i, o := range owners {
		id := tokenID(o.UserID, o.Key)
		row, cached := s.tokens.get(id)
		switch {
		case cached && !row.isOver(now): // used elsewhere, it may be less idle than the cache knows
			rows[i] = row
		case at[id] == nil:
			unknown = append(unknown, id)
			fallthrough
		default:
			at[id] = append(at[id], i)
		}
	}
	if len(unknown) > 0 {
		seen := s.tokens.generation()
		read, err := s.docs.All(ctx, bson.M{"_id": bson.M{"$in": unknown}})
		if err != nil {
			return nil, err
		}
		for _, row := range read {
			s.tokens.put(row, seen)
			for _, i := range at[row.ID] {
				rows[i] = row
			}
		}
	}
	for i := range rows {
		if rows[i].isOver(now) {
			rows[i] = TokenRow{}
		}
	}
	return rows, nil
}

// parseToken splits secret.user.key into the row's key and the hash of the secret.
func parseToken(token string) (id string, hash []byte, ok bool) {
	secret, rest, _ := strings.Cut(token, ".")
	userID, key, _ := strings.Cut(rest, ".")
	hash, ok = hashSecret(secret)
	if !ok || !shop.ValidID(userID) || !storedKey.MatchString(key) {
		return "", nil, false
	}
	return tokenID(userID, key), hash, true
}

func (r TokenRow) isFor(hash []byte, now time.Time) bool {
	return subtle.ConstantTimeCompare(r.Hash, hash) == 1 && !r.isOver(now)
}

func (s *Tokens) read(ctx context.Context, id string) (TokenRow, error) {
	seen := s.tokens.generation()
	row, err := s.docs.Get(ctx, id)
	if err != nil {
		return TokenRow{}, err
	}
	s.tokens.put(*row, seen)
	return *row, nil
}

// DeleteAll ends all of a user's tokens.
func (s *Tokens) DeleteAll(ctx context.Context, userID string) error {
	defer s.changed(ctx, changeTokens, userID)
	rows, err := s.of(ctx, userID)
	for _, row := range rows {
		_, e := s.docs.DeleteByID(ctx, row.ID)
		err = errors.Join(err, e)
	}
	return failed("delete tokens", err)
}

// Fresh is the row of a session as the database has it now, whatever the cache has.
func (s *Tokens) Fresh(ctx context.Context, row TokenRow) (TokenRow, error) {
	return s.read(ctx, row.ID)
}

// StepUp writes down that a session's owner has proved to be there. It reports false where the session
// was replaced or ended.
func (s *Tokens) StepUp(ctx context.Context, row TokenRow, staffPassword bool, now time.Time) (bool, error) {
	defer s.changed(ctx, changeTokens, row.UserID)
	now = now.UTC().Truncate(time.Millisecond)
	ok, err := s.docs.Update(ctx, bson.M{"_id": row.ID, "hash": row.Hash},
		bson.M{"$set": bson.M{"stepped_up_at": now, "seen_at": now, "staff_password": staffPassword}})
	return ok, failed("step up", err)
}

func (s *Tokens) setRoles(ctx context.Context, u *shop.User) error {
	defer s.changed(ctx, changeTokens, u.ID)
	rows, err := s.of(ctx, u.ID)
	for _, row := range rows {
		_, e := s.docs.Update(ctx, bson.M{"_id": row.ID},
			bson.M{"$set": bson.M{"roles": u.Roles, "staff_password": u.HasStaffPassword()}})
		err = errors.Join(err, e)
	}
	return failed("set the tokens' roles", err)
}

func (s *Tokens) of(ctx context.Context, userID string) ([]TokenRow, error) {
	return s.docs.All(ctx, bson.M{"user_id": userID})
}

const (
	tokensCached   = 50_000 // rows; about 20 MB
	tokensCacheTTL = 30 * time.Second
)

// tokenCache keeps rows of user_tokens for a short while, by user, and forgets a user's
// when the bus says so.
type tokenCache struct {
	bus *bus

	mu   sync.Mutex
	gen  uint64 // counts what was forgotten
	rows map[string]cachedToken
	keys map[string]map[string]struct{} // user id → row ids
}

type cachedToken struct {
	row TokenRow
	at  time.Time // a monotonic reading: not the shop's clock
}

func newTokenCache(b *bus) *tokenCache {
	c := &tokenCache{bus: b}
	c.clear()
	b.onChange(c.forget)
	return c
}

func (c *tokenCache) clear() {
	c.rows, c.keys = map[string]cachedToken{}, map[string]map[string]struct{}{}
}

// generation is taken before a row is read from the database, and given back to put.
func (c *tokenCache) generation() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gen
}

// get finds a row by its key, unless word of its change could have been missed.
func (c *tokenCache) get(id string) (TokenRow, bool) {
	if !c.bus.healthy() {
		return TokenRow{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	cached, ok := c.rows[id]
	return cached.row, ok && time.Since(cached.at) < tokensCacheTTL
}

// put keeps a row, unless something was forgotten since seen: then the row may be what
// was forgotten.
func (c *tokenCache) put(row TokenRow, seen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen != seen {
		return
	}
	if len(c.rows) >= tokensCached {
		c.clear() // rare, and refilled by one look-up per user
	}
	c.rows[row.ID] = cachedToken{row, time.Now()}
	if c.keys[row.UserID] == nil {
		c.keys[row.UserID] = map[string]struct{}{}
	}
	c.keys[row.UserID][row.ID] = struct{}{}
}

// noteUse updates when a cached row was last used, if it is cached and is still that session's.
func (c *tokenCache) noteUse(row TokenRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cached, ok := c.rows[row.ID]; ok && bytes.Equal(cached.row.Hash, row.Hash) {
		cached.row.SeenAt = row.SeenAt
		c.rows[row.ID] = cached
	}
}

func (c *tokenCache) forget(ch change) {
	if ch.Kind != changeTokens && ch.Kind != changeAll {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	if ch.Kind == changeAll {
		c.clear()
		return
	}
	for id := range c.keys[ch.ID] {
		delete(c.rows, id)
	}
	delete(c.keys, ch.ID)
}
