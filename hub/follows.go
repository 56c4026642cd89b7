package hub

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"mstm/hub/conn"
)

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

// alreadyFollowed is the present place of a topic that is followed, and answers it as ready if that is asked for.
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
	id := s.owner.identity()
	switch {
	case shown == ownTopic && id.User != "":
		return UserTopic(id.User), ""
	case shown == Activity:
		return Activity, ""
	case shown == Desk && id.Desk:
		return Desk, ""
	case shown == Desk, shown == ownTopic:
		return "", "TOPIC_FORBIDDEN"
	case isOpenTopic(shown) && validTopic(shown):
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

// drop leaves a topic by the name of the hub, if it is followed.
func (s *session) drop(name string) {
	i := s.following(name)
	if i < 0 {
		return
	}
	s.hub.partitionOf(name).remove(s.follows[i])
	s.follows = append(s.follows[:i], s.follows[i+1:]...)
}

// following is the index of a topic in follows, or -1.
func (s *session) following(name string) int {
	return slices.IndexFunc(s.follows, func(f *follower) bool { return f.topic.name == name })
}
