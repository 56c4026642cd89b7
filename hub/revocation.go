package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"mstm/hub/conn"
	"mstm/hub/feed"
)

// EndReason says why a user's sockets are ended, and with that the close reason that they get.
type EndReason string

const (
	// Refused: the token is no longer good (revoked, password changed, account disabled): 4001.
	Refused EndReason = "refused"
	// Replaced: the same client logged in again: the event Config.Replaced, then 4002.
	Replaced EndReason = "replaced"
	// LoggedOut: the learner logged out: 4004.
	LoggedOut EndReason = "logged_out"
)

// revocation is the order to end sockets of one user. It travels in the user's log like an event,
// so an instance that lost the link to Redis for a moment still obeys it, in order.
type revocation struct {
	Client string    `json:"client,omitempty"`
	Except string    `json:"except,omitempty"` // sessions, with spaces between
	Renew  string    `json:"renew,omitempty"`  // one of them, which is dead: its sockets are to bring their next token
	Reason EndReason `json:"reason"`
	AtMS   int64     `json:"at_ms"` // when it was given, by the clock of the instance that gave it
}

func parseRevocation(body string) (*revocation, bool) {
	text, ok := feed.Order(body)
	if !ok {
		return nil, false
	}
	var order revocation
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		order.Reason = Refused // of a newer version: the safe reading is to end them all
	}
	return &order, true
}

// concerns reports whether a socket with this identity is to be ended.
func (r *revocation) concerns(id *Identity) bool {
	if r.Client != "" && r.Client != id.Client {
		return false
	}
	return !r.spares(id)
}

// renews reports whether a socket with this identity may stay if it brings its next token at once.
func (r *revocation) renews(id *Identity) bool { return r.Renew != "" && id.Session == r.Renew }

// spares reports whether this identity's session is one of those that are not ended.
func (r *revocation) spares(id *Identity) bool {
	return id.Session != "" && slices.Contains(strings.Fields(r.Except), id.Session)
}

// closeReason is how a socket is ended that logged in at sinceMS. One that logged in after the order
// was given has a token that was good then: the order has come late, or a clock is wrong. It
// comes back at once and its token decides.
func (r *revocation) closeReason(sinceMS int64) conn.CloseReason {
	if sinceMS > r.AtMS {
		return conn.CheckAgain
	}
	switch r.Reason {
	case Replaced:
		return conn.SessionReplaced
	case LoggedOut:
		return conn.LoggedOut
	default:
		return conn.TokenRefused
	}
}

// verdict is closeReason for a socket that has logged in just now.
func (r *revocation) verdict(sinceMS int64) error {
	if r.closeReason(sinceMS) == conn.CheckAgain {
		return errEndedLater
	}
	return errEnded
}

// End closes the sockets of a user on every instance within a second: those of one client, or
// of all when client is empty, but not those of the sessions in except, which has spaces between. The caller makes the
// tokens invalid first: End then also catches a socket that is just saying hello. If Redis
// is away, this instance's sockets are ended all the same and the error is returned; those on the others
// end when those instances find that their tokens are dead (see recheck.go).
func (h *Hub) End(ctx context.Context, user, client, except string, reason EndReason) error {
	return h.order(ctx, user, &revocation{Client: client, Except: except, Reason: reason})
}

// EndOthers is End for a session that has got another token, such as by a new password, while all of the user's
// tokens from before are dead. The sockets of the new session stay. Those of the old one hear nothing more until
// they bring the new token, which only the answer to the change has: a socket that has not within timing.renewal is
// ended with 4103, and what waited for it is dropped.
func (h *Hub) EndOthers(ctx context.Context, user, old, fresh string) error {
	return h.order(ctx, user, &revocation{Except: old + " " + fresh, Renew: old, Reason: Refused})
}

// order obeys an order to end at once and gives it to the other instances.
func (h *Hub) order(ctx context.Context, user string, order *revocation) error {
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
		h.feed.Send(ctx, p.index, recheckMark+user) // where this fails, the other instances are apart
		return fmt.Errorf("end sockets: %w", err)
	}
	return nil
}

// obey ends the followers the order concerns. One that has come with a later position may have a token
// that was made after the order; but a position is what a client says, so its token decides.
func (p *partition) obey(_ feed.Held, topic string, pos feed.Position, order *revocation) {
	t := p.topics[topic]
	if t == nil {
		return
	}
	for _, f := range t.followers {
		id, since := f.session.loggedIn()
		if order.renews(&id) {
			f.session.mute()
			continue
		}
		if !order.concerns(&id) {
			if order.spares(&id) {
				f.session.recheckLater()
			}
			continue
		}
		how := order.closeReason(since)
		if f.after > pos.Offset {
			how = conn.CheckAgain
		}
		if last := p.hub.replaced; how == conn.SessionReplaced && last != "" {
			f.session.Answer(conn.EventFrame(shownTopic(topic), pos.Shown(), last))
		}
		f.session.End(how)
	}
}
