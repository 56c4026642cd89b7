package hub

import (
	"context"
	"errors"
	"time"

	"mstm/hub/conn"
	"mstm/hub/feed"
)

// login makes the socket the token's owner and follows their topic.
func (s *session) login(ctx context.Context, token, since string, greet bool) (conn.Standing, error) {
	known, began := s.hub.positions(), time.Now()
	id, err := s.authenticate(ctx, token)
	if err != nil {
		return conn.Standing{}, err
	}
	s.owner.become(&s.socket, id, began)
	for _, f := range s.follows { // a visitor's so far
		s.hub.fleet.Move(f.topic.name, "", id.User)
	}
	name := UserTopic(id.User)
	f, st, err := s.hub.join(ctx, join{
		session: s, topic: name, since: since, known: known[partitionIndex(name)], greet: greet,
	})
	if err != nil {
		return conn.Standing{}, err
	}
	s.follows = append(s.follows, f)
	return st, nil
}

var errTokenRefused = errors.New("hub: token refused")

var errTokenExpired = errors.New("hub: token expired")

// authenticate returns the owner of a token. The token goes nowhere else.
func (s *session) authenticate(ctx context.Context, token string) (Identity, error) {
	id, err := s.hub.cfg.Authenticate(ctx, token)
	switch {
	case errors.Is(err, ErrTryLater), errors.Is(err, context.DeadlineExceeded):
		s.hub.log.Warn("hub cannot check a token now")
		return Identity{}, ErrTryLater
	case err != nil, !validID(id.User):
		s.hub.count.tokensRefused.Add(1)
		return Identity{}, errTokenRefused
	case !id.ExpiresAt.IsZero() && !s.hub.cfg.Now().Before(id.ExpiresAt):
		return Identity{}, errTokenExpired
	}
	return id, nil
}

// closeReasonOf is how a socket ends that could not log in.
func closeReasonOf(err error) conn.CloseReason {
	switch {
	case errors.Is(err, errTokenExpired):
		return conn.TokenExpired
	case errors.Is(err, errTooManySockets):
		return conn.TooManySockets
	case errors.Is(err, errTooManyElsewhere):
		return conn.TooManyElsewhere
	case errors.Is(err, ErrTryLater):
		return conn.TryLater
	case errors.Is(err, errEndedLater):
		return conn.CheckAgain
	default:
		return conn.TokenRefused
	}
}

// renew takes a newer token of the same user and answers ready without topics. A socket without
// a login becomes the token's owner's. Another user's token ends the socket: its topics
// and its waiting events belong to the first user.
func (s *session) renew(ctx context.Context, token string) {
	if s.owner.identity().User == "" {
		if _, err := s.login(ctx, token, "", true); err != nil {
			s.socket.End(closeReasonOf(err))
		}
		return
	}
	s.owner.checking(true)
	defer s.owner.checking(false)
	known, began := s.hub.positions(), time.Now()
	id, err := s.authenticate(ctx, token)
	switch {
	case err != nil:
		s.socket.End(closeReasonOf(err))
	case id.User != s.owner.identity().User:
		s.socket.End(conn.IdentityChanged)
	case !s.owner.unmute(&s.socket, id.Session):
		s.socket.End(conn.CheckAgain) // this instance does not know yet that the token is dead
	default:
		s.renewed(id, began, known)
	}
}

// renewed puts the new identity in place unless it was ended in the meantime.
func (s *session) renewed(id Identity, began time.Time, known []feed.Position) {
	name := UserTopic(id.User)
	p := s.hub.partitionOf(name)
	at := p.log.Lock()
	s.owner.become(&s.socket, id, began)
	err := current(at, name, known[p.index], s)
	at.Unlock()
	if err != nil {
		s.socket.End(closeReasonOf(err))
		return
	}
	if !id.Desk {
		s.drop(Desk)
	}
	s.socket.AnswerReady(map[string]conn.Standing{})
}
