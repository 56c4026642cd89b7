package hub

import (
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mstm/hub/conn"
	"mstm/hub/feed"
)

// session is a socket with its user and the topics that it follows. An idle socket costs this: session_test.go holds
// its size.
type session struct {
	conn.Socket
	hub  *Hub
	addr string
	slot rosterSlot // the roster's

	expires atomic.Int64 // Unix milliseconds when the token expires; 0: never

	mu       sync.Mutex
	identity Identity // User is empty: not logged in
	since    int64    // Unix milliseconds when the check of its token began
	dead     string   // the token's session that is over: nothing is sent until there is another; "": none
	renewing bool     // a token is being checked

	// The reader's, and the goroutine's it waits for.
	greeted bool // its hello was taken
	follows []*follower
}

func (h *Hub) newSession(to net.Conn, addr string) *session {
	s := &session{hub: h, addr: addr}
	h.conns.Attach(&s.Socket, to, s)
	return s
}

// Leave implements conn.Handler.
func (s *session) Leave() {
	for _, f := range s.follows {
		s.hub.partitionOf(f.topic.name).remove(f)
	}
	s.follows = nil
	s.Abort()
	s.hub.roster.remove(s)
}

// owner is the identity at this moment.
func (s *session) owner() Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity
}

// loggedIn is the identity and since when it is known to be good, Unix milliseconds.
func (s *session) loggedIn() (Identity, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity, s.since
}

// become takes an identity; its token was found good by a check that began at since.
func (s *session) become(id Identity, since time.Time) {
	expires := int64(0)
	if !id.ExpiresAt.IsZero() {
		expires = id.ExpiresAt.UnixMilli()
	}
	s.expires.Store(expires)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identity, s.since = id, since.UnixMilli()
	s.SetUser(id.User)
}

// sendReady says where the socket stands in one topic, before the topic's events that follow.
func (s *session) sendReady(topic string, st conn.Standing) {
	s.OfferReady(shownTopic(topic), laneOf(topic), st)
}

// replay queues what a socket has missed in one topic.
func (s *session) replay(events []*event) {
	frames := make([]*conn.Event, 0, len(events))
	for _, ev := range events {
		if s.sees(ev) {
			frames = append(frames, &ev.Event)
		}
	}
	s.Replay(frames)
}

// sees reports whether an event is one for the session's owner: the console's topic hides some types from some.
func (s *session) sees(ev *event) bool {
	shows := s.hub.cfg.DeskShows
	return ev.topic != Desk || shows == nil || shows(s.owner().DeskRoles, ev.kind)
}

// following is the index of a topic in follows, or -1.
func (s *session) following(name string) int {
	return slices.IndexFunc(s.follows, func(f *follower) bool { return f.topic.name == name })
}

// mute holds the events of a session whose token is dead back until it brings the next token, and ends the session if
// that does not come in time.
func (s *session) mute() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead == "" && s.Mute() {
		s.dead = s.identity.Session
		time.AfterFunc(s.hub.timing.renewal, s.endMuted)
	}
}

// endMuted ends a muted session, unless its next token is being checked: that check decides.
func (s *session) endMuted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead != "" && !s.renewing {
		s.End(conn.CheckAgain)
	}
}

// unmute lets a session that has brought a token get its events again, and reports whether it is another token.
func (s *session) unmute(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead == token {
		return false
	}
	s.dead = ""
	s.Unmute()
	return true
}

// endToken ends a session if it still has the token.
func (s *session) endToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.identity.Session == token {
		s.End(conn.CheckAgain)
	}
}

// laneOf is the lane of a topic: the own lane for learners' topics, the shared lane for all others.
func laneOf(topic string) conn.Lane {
	if isUserTopic(topic) {
		return conn.Own
	}
	return conn.Shared
}

// positions is where this instance is in every partition.
func (h *Hub) positions() []feed.Position {
	all := make([]feed.Position, len(h.partitions))
	for i, p := range h.partitions {
		all[i] = p.log.Head().Position
	}
	return all
}
