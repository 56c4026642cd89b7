package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// maxSessions is how many live sessions a user has at most.
const maxSessions = 10

// Device is where a login is used. A user has one session for each Key: a login under the same one takes the old
// session's place.
type Device struct {
	Key         string // DeviceKey of the device's id; without an id the client's name
	Client      string // one of Clients
	System, App string // what the device's name is made of; "": not known
}

// OnClient is the device of a login that gives no id of its device: there is one for each client.
func OnClient(client string) Device { return Device{Key: client, Client: client} }

// DeviceKey is how a user's device is named in a row and in a token: nothing that shows the same device at another user's.
func DeviceKey(userID, device string) string {
	sum := sha256.Sum256([]byte("mstm device " + userID + " " + device))
	return hex.EncodeToString(sum[:8])
}

// PublicID names a session for its user, and is no credential.
func (r TokenRow) PublicID() string { return hex.EncodeToString(r.Hash[:min(len(r.Hash), 16)]) }

// device is what the row was made for.
func (r TokenRow) device() Device {
	return Device{Key: r.Key(), Client: r.Client, System: r.System, App: r.App}
}

// Renew is Put for the device of a session.
func (s *Tokens) Renew(ctx context.Context, u *shop.User, session TokenRow, now time.Time, ttl time.Duration) (string, TokenRow, error) {
	d := session.device()
	if !ValidClient(d.Client) { // of a session from before there was a list of clients
		d.Client = clients[0]
	}
	return s.Put(ctx, u, d, now, ttl)
}

// Live are a user's sessions that are not over, the one used last first.
func (s *Tokens) Live(ctx context.Context, userID string, now time.Time) ([]TokenRow, error) {
	rows, err := s.of(ctx, userID)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if at, used := s.uses.since(rows[i]); used {
			rows[i].SeenAt = at
		}
	}
	rows = slices.DeleteFunc(rows, func(r TokenRow) bool { return r.isOver(now) })
	slices.SortFunc(rows, func(a, b TokenRow) int { return cmp.Or(b.LastUse().Compare(a.LastUse()), cmp.Compare(a.ID, b.ID)) })
	return rows, nil
}

// End ends a session, unless a login on its device has taken its place or it has ended, and reports whether this call
// did it.
func (s *Tokens) End(ctx context.Context, row TokenRow) (bool, error) {
	defer s.changed(ctx, changeTokens, row.UserID)
	done, err := s.docs.Delete(ctx, bson.M{"_id": row.ID, "hash": row.Hash})
	return done, failed("end a session", err)
}

// EndOldest ends what a user has beyond maxSessions: first what is over, then the sessions that were not used for
// longest, never that of the spared key. It returns the rows that this call has ended, and how many are left.
//
// Each call, after its own login, ends the oldest of what it sees, and each of these is decided by one conditional
// write. So of logins at once the last to see all others leaves no more than may be, and none ends a session that is
// not the oldest: a session that was used in between is not the one that was seen, and is looked at again.
func (s *Tokens) EndOldest(ctx context.Context, userID, spared string, now time.Time) (ended []TokenRow, left int, err error) {
	defer func() {
		if len(ended) > 0 {
			s.changed(ctx, changeTokens, userID)
		}
	}()
	written := false
	err = untilDone("end the oldest sessions", func() (bool, error) {
		rows, err := s.of(ctx, userID)
		left = len(rows)
		if err != nil || left <= maxSessions {
			return true, err
		}
		if !written { // once: sessions are used all the time
			written = true
			return false, s.writeUses(ctx, rows)
		}
		slices.SortFunc(rows, func(a, b TokenRow) int {
			return cmp.Or(cmp.Compare(count(a.Key() == spared), count(b.Key() == spared)),
				cmp.Compare(count(b.isOver(now)), count(a.isOver(now))), a.LastUse().Compare(b.LastUse()), cmp.Compare(a.ID, b.ID))
		})
		for _, row := range rows[:left-maxSessions] {
			done, err := s.endIfUnused(ctx, row)
			if err != nil {
				return false, err
			}
			if done {
				ended = append(ended, row)
			}
		}
		return false, nil // until a look shows that it is done
	})
	return ended, left, err
}

// endIfUnused ends a session that is still as it was seen.
func (s *Tokens) endIfUnused(ctx context.Context, row TokenRow) (bool, error) {
	as := bson.M{"_id": row.ID, "hash": row.Hash, "seen_at": nil}
	if !row.SeenAt.IsZero() {
		as["seen_at"] = row.SeenAt
	}
	return s.docs.Delete(ctx, as)
}

// count is 1 for true.
func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// seenEvery is how often a use is written down at most.
const seenEvery = 5 * time.Minute

// NoteUse takes note that a session was used now, and writes it down unless that was done lately.
func (s *Tokens) NoteUse(ctx context.Context, row TokenRow, now time.Time) error {
	now = now.UTC().Truncate(time.Millisecond)
	s.uses.note(row, now)
	if now.Sub(row.LastUse()) < seenEvery {
		return nil
	}
	return s.writeUse(ctx, row, now)
}

// writeUses writes down the uses that only this instance knows of.
func (s *Tokens) writeUses(ctx context.Context, rows []TokenRow) error {
	for _, row := range rows {
		at, used := s.uses.since(row)
		if !used {
			continue
		}
		if err := s.writeUse(ctx, row, at); err != nil {
			return err
		}
	}
	return nil
}

func (s *Tokens) writeUse(ctx context.Context, row TokenRow, at time.Time) error {
	row.SeenAt = at
	s.tokens.noteUse(row) // first: of many requests at once one writes
	_, err := s.docs.Update(ctx, bson.M{"_id": row.ID, "hash": row.Hash}, bson.M{"$set": bson.M{"seen_at": at}})
	return failed("note the use of a session", err)
}

// usesKept is of how many sessions an instance knows the last use to the millisecond; about 10 MB.
const usesKept = 50_000

// sessionUses are the last uses on this instance, finer than they are written down: the session that was not used for
// longest is to end, and not one that was used a minute ago.
type sessionUses struct {
	last *lru.Cache[string, sessionUse]
}

type sessionUse struct {
	hash []byte
	at   time.Time
}

func newSessionUses() *sessionUses {
	last, err := lru.New[string, sessionUse](usesKept)
	if err != nil {
		panic(fmt.Sprintf("store: %v", err)) // of a size that is no size
	}
	return &sessionUses{last}
}

func (u *sessionUses) note(row TokenRow, now time.Time) {
	u.last.Add(row.ID, sessionUse{row.Hash, now})
}

// since is the last use of a session on this instance, if it is later than what its row says.
func (u *sessionUses) since(row TokenRow) (time.Time, bool) {
	use, known := u.last.Peek(row.ID)
	if !known || !bytes.Equal(use.hash, row.Hash) || !use.at.After(row.LastUse()) {
		return time.Time{}, false
	}
	return use.at, true
}
