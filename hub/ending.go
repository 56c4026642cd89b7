package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"mstm/hub/feed"
)

// EndReason says why a user's sockets are ended, and with that how they are told.
type EndReason string

const (
	// Refused: the token is no longer good (revoked, password changed, account disabled): 4001.
	Refused EndReason = "refused"
	// Replaced: the same client logged in again: the event Config.Replaced, then 4002.
	Replaced EndReason = "replaced"
	// LoggedOut: the learner logged out: 4004.
	LoggedOut EndReason = "logged_out"
)

// closing is how a socket ends. Codes 4000–4099 do not come back, 4100–4199 do, after a
// moment between least and most that is drawn for each socket, so that they do not all come
// at once.
type closing struct {
	code        int
	word        string
	least, most time.Duration
	drop        bool // what waits in the queue is not sent
}

// The ways a socket ends. codeOf tests hold them against the contract.
var (
	tokenRefused    = closing{code: 4001, word: "TOKEN_REFUSED", drop: true}
	tokenExpired    = closing{code: 4001, word: "TOKEN_EXPIRED", drop: true}
	sessionReplaced = closing{code: 4002, word: "SESSION_REPLACED"}
	protocolMisuse  = closing{code: 4003, word: "PROTOCOL_MISUSE"}
	messageTooBig   = closing{code: 4003, word: "MESSAGE_TOO_BIG"}
	tooManyMessages = closing{code: 4003, word: "TOO_MANY_MESSAGES"}
	identityChanged = closing{code: 4003, word: "IDENTITY_CHANGED", drop: true}
	loggedOut       = closing{code: 4004, word: "LOGGED_OUT", drop: true}
	tooSlow         = closing{code: 4100, word: "TOO_SLOW", least: time.Second / 2, most: 3 * time.Second, drop: true}
	serverRestart   = closing{code: 4101, word: "SERVER_RESTART", least: time.Second / 5, most: 2 * time.Second}
	silent          = closing{code: 4102, word: "SILENT", least: time.Second / 5, most: 2 * time.Second, drop: true}
	tryLater        = closing{code: 4103, word: "TRY_LATER", least: 2 * time.Second, most: 10 * time.Second}
	checkAgain      = closing{code: 4103, word: "CHECK_AGAIN", least: time.Second / 10, most: time.Second, drop: true}
	tooManySockets  = closing{code: 4104, word: "TOO_MANY_SOCKETS", least: 20 * time.Second, most: time.Minute}
	// What is known of other instances is some seconds old: this one may soon find a place.
	tooManyElsewhere = closing{code: 4104, word: "TOO_MANY_SOCKETS", least: 2 * time.Second, most: 10 * time.Second}
	// What is on the way may keep a client's frames back, which is no misuse of the client's.
	helloTimeout = closing{code: 4102, word: "HELLO_TIMEOUT", least: time.Second / 5, most: 2 * time.Second, drop: true}
)

// slot is the closing of the i-th of n sockets that are to come back evenly spread over a window:
// each gets a part of it for itself, and a moment in that.
func (c closing) slot(i, n int, window time.Duration) closing {
	rest := max(0, window-c.least)
	c.least, c.most = c.least+rest*time.Duration(i)/time.Duration(n), c.least+rest*time.Duration(i+1)/time.Duration(n)
	return c
}

// frame is the close frame for one socket, with its own moment to come back. retry_ms is 0
// where the socket is not to come back.
func (c closing) frame() []byte {
	wait := c.least
	if c.most > c.least {
		wait += rand.N(c.most - c.least)
	}
	return closeFrame(c.code, closeReason(c.word, wait.Milliseconds()))
}

// ending is the order to end sockets of one user. It travels in the user's log like an event,
// so an instance that lost the link to Redis for a moment still obeys it, in order.
type ending struct {
	Client string    `json:"client,omitempty"`
	Except string    `json:"except,omitempty"` // sessions, with spaces between
	Renew  string    `json:"renew,omitempty"`  // one of them, which is dead: its sockets are to bring their next token
	Reason EndReason `json:"reason"`
	AtMS   int64     `json:"at_ms"` // when it was given, by the clock of the instance that gave it
}

func parseEnding(body string) (*ending, bool) {
	text, ok := feed.Order(body)
	if !ok {
		return nil, false
	}
	var order ending
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		order.Reason = Refused // of a newer version: the safe reading is to end them all
	}
	return &order, true
}

// concerns reports whether a socket with this identity is to be ended.
func (e *ending) concerns(id *Identity) bool {
	if e.Client != "" && e.Client != id.Client {
		return false
	}
	return !e.spares(id)
}

// renews reports whether a socket with this identity may stay if it brings its next token at once.
func (e *ending) renews(id *Identity) bool { return e.Renew != "" && id.Session == e.Renew }

// spares reports whether this identity's session is one of those that are not ended.
func (e *ending) spares(id *Identity) bool {
	return id.Session != "" && slices.Contains(strings.Fields(e.Except), id.Session)
}

// closing is how a socket is ended that logged in at sinceMS. One that logged in after the order
// was given has a token that was good then: the order has come late, or a clock is wrong. It
// comes back at once and its token decides.
func (e *ending) closing(sinceMS int64) closing {
	if sinceMS > e.AtMS {
		return checkAgain
	}
	switch e.Reason {
	case Replaced:
		return sessionReplaced
	case LoggedOut:
		return loggedOut
	default:
		return tokenRefused
	}
}

// verdict is closing for a socket that has logged in just now.
func (e *ending) verdict(sinceMS int64) error {
	if e.closing(sinceMS) == checkAgain {
		return errEndedLater
	}
	return errEnded
}

// End closes the sockets of a user on every instance within a second: those of one client, or
// of all when client is empty, but not those of the sessions in except, which has spaces between. The caller makes the
// tokens invalid first: End then also catches a socket that is just saying hello. If Redis
// is away, this instance's sockets are ended all the same and the error is returned; those on the others
// end when those instances find that their tokens are dead (see doubt).
func (h *Hub) End(ctx context.Context, user, client, except string, reason EndReason) error {
	return h.order(ctx, user, &ending{Client: client, Except: except, Reason: reason})
}

// EndOthers is End for a session that has got another token, such as by a new password, while all of the user's
// tokens from before are dead. The sockets of the new session stay. Those of the old one hear nothing more until
// they bring the new token, which only the answer to the change has: a socket that has not within timing.renewal is
// ended with 4103, and what waited for it is dropped.
func (h *Hub) EndOthers(ctx context.Context, user, old, fresh string) error {
	return h.order(ctx, user, &ending{Except: old + " " + fresh, Renew: old, Reason: Refused})
}

// order obeys an order to end at once and gives it to the other instances.
func (h *Hub) order(ctx context.Context, user string, order *ending) error {
	topic := UserTopic(user)
	if !validTopic(topic) {
		return fmt.Errorf("%w: user %q", ErrBadEvent, user)
	}
	order.AtMS = time.Now().UnixMilli()
	body, _ := json.Marshal(order) // strings only: cannot fail
	p := h.partitionOf(topic)
	at := p.log.Lock()
	p.obey(at, topic, at.Head().Position, order) // a Redis that does not answer holds up no end
	at.Unlock()
	if _, err := h.feed.Publish(ctx, p.index, feed.Draft{Topic: topic, Body: feed.OrderMark + string(body)}); err != nil {
		h.feed.Send(ctx, p.index, doubtMark+user) // where this fails, the other instances are apart
		return fmt.Errorf("end sockets: %w", err)
	}
	return nil
}

// obey ends the followers the order concerns. One that has come with a later position may have a token
// that was made after the order; but a position is what a client says, so its token decides.
func (p *partition) obey(_ feed.Held, topic string, pos feed.Position, order *ending) {
	t := p.topics[topic]
	if t == nil {
		return
	}
	for _, f := range t.followers {
		id, since := f.socket.loggedIn()
		if order.renews(&id) {
			f.socket.mute()
			continue
		}
		if !order.concerns(&id) {
			if order.spares(&id) {
				f.socket.askLater()
			}
			continue
		}
		how := order.closing(since)
		if f.after > pos.Offset {
			how = checkAgain
		}
		if last := f.socket.hub.replaced; how == sessionReplaced && last != "" {
			f.socket.send(eventFrame(topic, pos.Shown(), last))
		}
		f.socket.end(how)
	}
}
