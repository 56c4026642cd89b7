package hub

import (
	"net"
	"time"

	"mstm/hub/conn"
	"mstm/hub/feed"
)

// session is a socket with its owner and the topics that it follows: owner.go says whose it is, protocol.go what its
// client may say, login.go how it gets an owner, follows.go how it gets topics. An idle socket costs this:
// session_test.go holds its size.
type session struct {
	socket conn.Socket
	hub    *Hub
	addr   string
	slot   rosterSlot // the roster's
	owner  owner

	follows []*follower // the reader's, and the goroutine's it waits for
}

func (h *Hub) newSession(to net.Conn, addr string) *session {
	s := &session{hub: h, addr: addr}
	h.conns.Attach(&s.socket, to, s)
	return s
}

// Leave implements conn.Handler.
func (s *session) Leave() {
	for _, f := range s.follows {
		s.hub.partitionOf(f.topic.name).remove(f)
	}
	s.follows = nil
	s.socket.Abort()
	s.hub.roster.remove(s)
}

// sendReady says where the socket stands in one topic, before the topic's events that follow.
func (s *session) sendReady(topic string, st conn.Standing) {
	s.socket.OfferReady(shownTopic(topic), laneOf(topic), st)
}

// replay queues what a socket has missed in one topic.
func (s *session) replay(events []*event) {
	frames := make([]*conn.Event, 0, len(events))
	for _, ev := range events {
		if s.sees(ev) {
			frames = append(frames, &ev.Event)
		}
	}
	s.socket.Replay(frames)
}

// sees reports whether an event is one for the session's owner: the console's topic hides some types from some.
func (s *session) sees(ev *event) bool {
	shows := s.hub.cfg.DeskShows
	return ev.topic != Desk || shows == nil || shows(s.owner.identity().DeskRoles, ev.kind)
}

// mute holds the events of a session whose token is dead back until it brings the next token, and ends the session if
// that does not come in time.
func (s *session) mute() {
	if s.owner.mute(&s.socket) {
		time.AfterFunc(s.hub.timing.renewal, func() { s.owner.endMuted(&s.socket) })
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
