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
	Renew  string    `json:"renew,omitempty"`  // one of Except whose token is dead: its sockets have to bring the next one
	Reason EndReason `json:"reason"`
	AtMS   int64     `json:"at_ms"` // the moment of the order, by the clock of its instance
}

func parseRevocation(body string) (*revocation, bool) {
	text, ok := feed.Order(body)
	if !ok {
		return nil, false
	}
	var order revocation
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		order.Reason = Refused // of a newer version: to end all sockets is safe
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

// closeReason is the reason for a socket that logged in at sinceMS. A socket that logged in after the order
// had a good token then: the order has come late, or a clock is wrong. The client comes
// back at once, and its token decides.
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

// verdict is closeReason for a socket whose login is not complete yet.
func (r *revocation) verdict(sinceMS int64) error {
	if r.closeReason(sinceMS) == conn.CheckAgain {
		return errEndedLater
	}
	return errEnded
}

// End closes the sockets of a user on every instance within a second: those of one client, or
// of all when client is empty, but not the sessions in except, a list with spaces between. The caller makes the
// tokens invalid first: End then also catches a socket that says hello now. If Redis
// is away, the sockets of this instance are ended and the error is returned; the other instances
// end theirs when a recheck finds the dead tokens (see recheck.go).
func (h *Hub) End(ctx context.Context, user, client, except string, reason EndReason) error {
	return h.order(ctx, user, &revocation{Client: client, Except: except, Reason: reason})
}

// EndOthers is End for a session that has got another token, such as by a new password, while all of the user's
// tokens from before are dead. The sockets of the new session stay. Sockets of the old session get nothing more until
// they bring the new token, which only the answer to the change has: a socket without it after timing.renewal is
// ended with 4103, and its waiting events are dropped.
func (h *Hub) EndOthers(ctx context.Context, user, old, fresh string) error {
	return h.order(ctx, user, &revocation{Except: old + " " + fresh, Renew: old, Reason: Refused})
}

// order obeys a revocation at once and publishes it to the other instances.
func (h *Hub) order(ctx context.Context, user string, order *revocation) error {
	topic := UserTopic(user)
	if !validTopic(topic) {
		return fmt.Errorf("%w: user %q", ErrBadEvent, user)
	}
	order.AtMS = time.Now().UnixMilli()
	body, _ := json.Marshal(order) // strings only: cannot fail
	p := h.partitionOf(topic)
	at := p.log.Lock()
	p.obey(at, topic, at.Head().Position, order) // before Redis, which may not answer
	at.Unlock()
	if _, err := h.feed.Publish(ctx, p.index, feed.Draft{Topic: topic, Body: feed.OrderMark + string(body)}); err != nil {
		h.feed.Send(ctx, p.index, recheckMark+user) // if this fails too, the other instances are apart
		return fmt.Errorf("end sockets: %w", err)
	}
	return nil
}

// obey ends the followers that the order concerns. A follower that came with a later position may have a token
// from after the order; but clients choose their positions, so the token decides.
func (p *partition) obey(_ feed.Held, topic string, pos feed.Position, order *revocation) {
	t := p.topics[topic]
	if t == nil {
		return
	}
	for _, f := range t.followers {
		id, since := f.session.owner.loggedIn()
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
			f.session.socket.Answer(conn.EventFrame(shownTopic(topic), pos.Shown(), last))
		}
		f.session.socket.End(how)
	}
}
