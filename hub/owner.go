package hub

import (
	"sync"
	"sync/atomic"
	"time"

	"mstm/hub/conn"
)

// owner is the user that a session belongs to, and the state of the user's token: good, being checked, or dead. Methods
// that hold the session's events back or end it take the session's socket, so that both change in one step.
type owner struct {
	expires atomic.Int64 // Unix milliseconds when the token expires; 0: never

	mu       sync.Mutex
	id       Identity // User is empty: not logged in
	since    int64    // Unix milliseconds when the check of its token began
	dead     string   // the token's session that is over: nothing is sent until there is another; "": none
	renewing bool     // a token is being checked
}

// identity is the identity at this moment.
func (o *owner) identity() Identity {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.id
}

// loggedIn is the identity and since when it is known to be good, Unix milliseconds.
func (o *owner) loggedIn() (Identity, int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.id, o.since
}

// become takes an identity; its token was found good by a check that began at since.
func (o *owner) become(socket *conn.Socket, id Identity, since time.Time) {
	expires := int64(0)
	if !id.ExpiresAt.IsZero() {
		expires = id.ExpiresAt.UnixMilli()
	}
	o.expires.Store(expires)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.id, o.since = id, since.UnixMilli()
	socket.SetUser(id.User)
}

// isExpired reports whether the token has expired at a moment, Unix milliseconds.
func (o *owner) isExpired(now int64) bool {
	expires := o.expires.Load()
	return expires != 0 && expires <= now
}

// checking notes whether a token is being checked.
func (o *owner) checking(under bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.renewing = under
}

// mute holds the events of a session whose token is dead back until the session brings the next token, and reports
// whether they were sent until now.
func (o *owner) mute(socket *conn.Socket) (was bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dead != "" || !socket.Mute() {
		return false
	}
	o.dead = o.id.Session
	return true
}

// endMuted ends a muted session, unless its next token is being checked: that check decides.
func (o *owner) endMuted(socket *conn.Socket) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dead != "" && !o.renewing {
		socket.End(conn.CheckAgain)
	}
}

// unmute lets a session that has brought a token get its events again, and reports whether it is another token.
func (o *owner) unmute(socket *conn.Socket, token string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dead == token {
		return false
	}
	o.dead = ""
	socket.Unmute()
	return true
}

// endToken ends a session if it still has the token.
func (o *owner) endToken(socket *conn.Socket, token string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.id.Session == token {
		socket.End(conn.CheckAgain)
	}
}
