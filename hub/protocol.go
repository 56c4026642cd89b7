package hub

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mstm/hub/conn"
	"mstm/hub/feed"
)

const (
	maxFollows   = 32              // topics of one socket
	maxSince     = 2 * maxFollows  // topics in hello's since, the refused ones included
	authPatience = 5 * time.Second // for one check of a token and what hello needs
)

// clientFrame is what a client may send. since is a map in hello and a string in follow.
type clientFrame struct {
	Op    string          `json:"op"`
	Token string          `json:"token"`
	Topic string          `json:"topic"`
	Since json.RawMessage `json:"since"`
}

// Handle implements conn.Handler.
func (s *session) Handle(text bool, body []byte) {
	var f clientFrame
	switch {
	case !text:
		s.misuse("BINARY_FRAME")
	case !utf8.Valid(body) || json.Unmarshal(body, &f) != nil:
		s.misuse(badFrame)
	case !s.greeted && f.Op != "hello":
		s.misuse("HELLO_EXPECTED")
	default:
		s.obey(f)
	}
}

func (s *session) obey(f clientFrame) {
	ctx, cancel := context.WithTimeout(context.Background(), authPatience)
	defer cancel()
	switch f.Op {
	case "hello":
		s.hello(ctx, f)
	case "follow":
		s.follow(ctx, f)
	case "unfollow":
		s.unfollow(f.Topic)
	case "token":
		s.renew(ctx, f.Token)
	case "ping":
		s.Answer(conn.PongFrame())
	default:
		s.misuse("UNKNOWN_OP")
	}
}

const badFrame = "BAD_FRAME"

// misuse answers with what was wrong, and in which members of the frame, and ends the socket.
func (s *session) misuse(code string, members ...string) {
	s.refuse(code, members...)
	s.End(conn.ProtocolMisuse)
}

// refuse answers with an error frame. Its detail names what the code is about.
func (s *session) refuse(code string, about ...string) {
	detail := strings.Join(append([]string{s.hub.cfg.Explain(code)}, about...), ": ")
	s.Answer(conn.ErrorFrame(code, detail))
}

// hello identifies the client, follows its topics and answers ready. The topics are user (with
// a token), activity, and any other that since names: a page that comes back needs one frame.
func (s *session) hello(ctx context.Context, f clientFrame) {
	if s.greeted {
		s.misuse("HELLO_TWICE")
		return
	}
	since := map[string]string{}
	if len(f.Since) > 0 && json.Unmarshal(f.Since, &since) != nil || len(since) > maxSince {
		s.misuse(badFrame, "since")
		return
	}
	s.greet(ctx, f.Token, since)
	s.Touch()
}

// greet is hello without its frame: an event stream says it in its request.
func (s *session) greet(ctx context.Context, token string, since map[string]string) {
	topics := map[string]conn.Standing{}
	if token != "" {
		st, err := s.login(ctx, token, since[ownTopic], false)
		if err != nil {
			s.End(closeReasonOf(err))
			return
		}
		topics[ownTopic] = st
	}
	if !s.helloTopics(ctx, since, topics) {
		s.End(conn.TryLater)
		return
	}
	s.greeted = true
	s.Start(topics)
}

// helloTopics follows activity and the topics that since names. Refusals are answered after ready. It reports
// whether activity is followed, which each ready that answers a hello has: a hub that has just started, or has lost
// Redis, may not know its place yet.
func (s *session) helloTopics(ctx context.Context, since map[string]string, topics map[string]conn.Standing) bool {
	wanted := append([]string{Activity}, slices.Sorted(maps.Keys(since))...)
	for _, shown := range wanted {
		if _, done := topics[shown]; done {
			continue
		}
		st, code := s.join(ctx, shown, since[shown], false)
		if code == "" {
			topics[shown] = st
			continue
		}
		if shown == Activity {
			return false
		}
		s.refuseTopic(code, shown)
		if code == tooManyTopics {
			break
		}
	}
	return true
}

// login makes the socket the token's owner and follows their topic.
func (s *session) login(ctx context.Context, token, since string, greet bool) (conn.Standing, error) {
	known, began := s.hub.positions(), time.Now()
	id, err := s.authenticate(ctx, token)
	if err != nil {
		return conn.Standing{}, err
	}
	s.become(id, began)
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

// follow adds a topic and answers ready for it alone. The answer for a topic that is followed already is
// its present place: nothing was missed.
func (s *session) follow(ctx context.Context, f clientFrame) {
	var since string
	if len(f.Since) > 0 && json.Unmarshal(f.Since, &since) != nil {
		s.misuse(badFrame, "since")
		return
	}
	if _, code := s.join(ctx, f.Topic, since, true); code != "" {
		s.refuseTopic(code, f.Topic)
	}
}

// join follows a topic by the name clients use, or says with which code it is refused.
func (s *session) join(ctx context.Context, shown, since string, greet bool) (conn.Standing, string) {
	name, code := s.topicFor(shown)
	if code != "" {
		return conn.Standing{}, code
	}
	if i := s.following(name); i >= 0 {
		return s.alreadyFollowed(s.follows[i], greet), ""
	}
	if len(s.follows) >= maxFollows {
		return conn.Standing{}, tooManyTopics
	}
	f, st, err := s.hub.join(ctx, join{session: s, topic: name, since: since, greet: greet})
	if err != nil {
		return conn.Standing{}, "TRY_LATER"
	}
	s.follows = append(s.follows, f)
	return st, ""
}

func (s *session) alreadyFollowed(f *follower, greet bool) conn.Standing {
	p := s.hub.partitionOf(f.topic.name)
	at := p.log.Lock()
	defer at.Unlock()
	st := conn.Standing{Pos: f.place(at), Resumed: true}
	if greet {
		s.sendReady(f.topic.name, st)
	}
	return st
}

// topicFor is the topic a client means, or why it may not follow it.
func (s *session) topicFor(shown string) (name, code string) {
	id := s.owner()
	switch {
	case shown == ownTopic && id.User != "":
		return UserTopic(id.User), ""
	case shown == Activity:
		return Activity, ""
	case shown == Desk && id.Desk:
		return Desk, ""
	case shown == Desk, shown == ownTopic:
		return "", "TOPIC_FORBIDDEN"
	case strings.HasPrefix(shown, coursePrefix) && validTopic(shown):
		return shown, ""
	default:
		return "", "TOPIC_UNKNOWN"
	}
}

const tooManyTopics = "TOO_MANY_TOPICS"

// refuseTopic refuses a topic. Its name is cut to a length that a person can read.
func (s *session) refuseTopic(code, shown string) {
	if len(shown) > 80 {
		shown = strings.ToValidUTF8(shown[:80], "") + "…"
	}
	s.refuse(code, shown)
}

// unfollow leaves a topic. A learner's own topic cannot be left: revocations
// travel in it.
func (s *session) unfollow(shown string) {
	if shown == ownTopic {
		s.refuseTopic("TOPIC_FORBIDDEN", shown)
		return
	}
	name, code := s.topicFor(shown)
	if code != "" {
		s.refuseTopic(code, shown)
		return
	}
	s.drop(name)
}

func (s *session) drop(name string) {
	i := s.following(name)
	if i < 0 {
		return
	}
	s.hub.partitionOf(name).remove(s.follows[i])
	s.follows = append(s.follows[:i], s.follows[i+1:]...)
}

// renew takes a newer token of the same user and answers ready without topics. A socket without
// a login becomes the token's owner's. Another user's token ends the socket: its topics
// and its waiting events belong to the first user.
func (s *session) renew(ctx context.Context, token string) {
	if s.owner().User == "" {
		if _, err := s.login(ctx, token, "", true); err != nil {
			s.End(closeReasonOf(err))
		}
		return
	}
	s.check(true)
	defer s.check(false)
	known, began := s.hub.positions(), time.Now()
	id, err := s.authenticate(ctx, token)
	switch {
	case err != nil:
		s.End(closeReasonOf(err))
	case id.User != s.owner().User:
		s.End(conn.IdentityChanged)
	case !s.unmute(id.Session):
		s.End(conn.CheckAgain) // this instance does not know yet that the token is dead
	default:
		s.renewed(id, began, known)
	}
}

// check notes whether a token is being checked.
func (s *session) check(under bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewing = under
}

// renewed puts the new identity in place unless it was ended in the meantime.
func (s *session) renewed(id Identity, began time.Time, known []feed.Position) {
	name := UserTopic(id.User)
	p := s.hub.partitionOf(name)
	at := p.log.Lock()
	s.become(id, began)
	err := current(at, name, known[p.index], s)
	at.Unlock()
	if err != nil {
		s.End(closeReasonOf(err))
		return
	}
	if !id.Desk {
		s.drop(Desk)
	}
	s.AnswerReady(map[string]conn.Standing{})
}
