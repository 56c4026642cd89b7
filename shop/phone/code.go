package phone

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"
)

// Purpose is what a code is for: a code for one thing is none for another.
type Purpose string

// What a code is for: logging in or registering, a new password, and binding a number to an account.
const (
	Login Purpose = "login"
	Reset Purpose = "reset"
	Bind  Purpose = "bind"
)

// Valid reports whether there is such a purpose.
func (p Purpose) Valid() bool { return p == Login || p == Reset || p == Bind }

const (
	// CodeLife is how long a code is good for.
	CodeLife = 5 * time.Minute
	// codeAgain is what a code must have left of it to be sent again in place of a new one.
	codeAgain = 3 * time.Minute
	// CodeTries is how often a code may be tried.
	CodeTries = 5
	// mostAskers is how many places have tries of their own at one code.
	mostAskers = 3
)

// Code is the one live code of a number for a purpose. The code itself is not kept: it follows from Salt and a key of the
// shop's, so that it can be sent again. A code asked for again stays the same while it is fresh: else a stranger that asks for
// codes for another's number would make each of them useless before its owner has typed it.
//
// Each place that asked has CodeTries tries, all other places have CodeTries together: strangers' guesses use up none of the
// owner's. At most CodeTries × (mostAskers + 1) of a million are tried before the code is over.
type Code struct {
	ID        string    `bson:"_id"`  // CodeID
	Salt      string    `bson:"salt"` // "": used up
	ExpiresAt time.Time `bson:"expires_at"`
	Askers    []Asker   `bson:"askers"`
	Strangers int       `bson:"strangers"` // tries of places that did not ask
	V         int64     `bson:"v"`
}

// Asker is a place that asked for a code, with the tries that it has made.
type Asker struct {
	Place string `bson:"place"`
	Tries int    `bson:"tries"`
}

// CodeID is the id of the code of a number. user is the account that a number is to be bound to, "" for other purposes.
func CodeID(p Purpose, number, user string) string { return string(p) + ":" + number + ":" + user }

// Text is the code as it is sent and typed: six digits.
func (c *Code) Text(key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("mstm code " + c.ID + " " + c.Salt))
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(mac.Sum(nil))%1_000_000)
}

// MinutesLeft is how long the code is good for, in whole minutes; some seconds more or less do not count.
func (c *Code) MinutesLeft(now time.Time) int {
	return int((c.ExpiresAt.Sub(now) + 10*time.Second) / time.Minute)
}

// Ask is a place's wish for a code: the one that is there where it is fresh enough and the place has tries left, else a new one
// made of salt.
func (c *Code) Ask(place, salt string, now time.Time) {
	mine := c.asker(place)
	if !c.isLive(now) || c.ExpiresAt.Sub(now) < codeAgain || mine != nil && mine.Tries >= CodeTries {
		c.Salt, c.ExpiresAt = salt, now.Add(CodeLife).UTC()
		c.Askers, c.Strangers, mine = nil, 0, nil
	}
	if mine == nil && len(c.Askers) < mostAskers {
		c.Askers = append(c.Askers, Asker{Place: place})
	}
}

// Tries is how often the code was tried in vain.
func (c *Code) Tries() int {
	n := c.Strangers
	for _, a := range c.Askers {
		n += a.Tries
	}
	return n
}

// Outcome is what came of a try.
type Outcome int

// A try is right, wrong, or one too many: then it is not compared.
const (
	Wrong Outcome = iota
	Right
	Spent
)

// Try compares with the code what was typed at a place, which may be known by several names. A wrong one is counted in c, which the caller writes before it answers.
func (c *Code) Try(places []string, typed, key string, now time.Time) Outcome {
	if !c.isLive(now) {
		return Wrong
	}
	tries := &c.Strangers
	for _, place := range places {
		if mine := c.asker(place); mine != nil {
			tries = &mine.Tries
			break
		}
	}
	if *tries >= CodeTries {
		return Spent
	}
	if subtle.ConstantTimeCompare([]byte(typed), []byte(c.Text(key))) == 1 {
		return Right
	}
	*tries++
	return Wrong
}

// UseUp ends the code.
func (c *Code) UseUp() { c.Salt = "" }

func (c *Code) isLive(now time.Time) bool { return c.Salt != "" && now.Before(c.ExpiresAt) }

func (c *Code) asker(place string) *Asker {
	for i := range c.Askers {
		if c.Askers[i].Place == place {
			return &c.Askers[i]
		}
	}
	return nil
}
