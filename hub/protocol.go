package hub

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mstm/hub/conn"
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
	case !s.socket.IsGreeted() && f.Op != "hello":
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
		s.socket.Answer(conn.PongFrame())
	default:
		s.misuse("UNKNOWN_OP")
	}
}

const badFrame = "BAD_FRAME"

// misuse answers with what was wrong, and in which members of the frame, and ends the socket.
func (s *session) misuse(code string, members ...string) {
	s.refuse(code, members...)
	s.socket.End(conn.ProtocolMisuse)
}

// refuse answers with an error frame. Its detail names what the code is about.
func (s *session) refuse(code string, about ...string) {
	detail := strings.Join(append([]string{s.hub.cfg.Explain(code)}, about...), ": ")
	s.socket.Answer(conn.ErrorFrame(code, detail))
}

// hello identifies the client, follows its topics and answers ready. The topics are user (with
// a token), activity, and any other that since names: a page that comes back needs one frame.
func (s *session) hello(ctx context.Context, f clientFrame) {
	if s.socket.IsGreeted() {
		s.misuse("HELLO_TWICE")
		return
	}
	since := map[string]string{}
	if len(f.Since) > 0 && json.Unmarshal(f.Since, &since) != nil || len(since) > maxSince {
		s.misuse(badFrame, "since")
		return
	}
	s.greet(ctx, f.Token, since)
	s.socket.Touch()
}

// greet is hello without its frame: an event stream says it in its request.
func (s *session) greet(ctx context.Context, token string, since map[string]string) {
	topics := map[string]conn.Standing{}
	if token != "" {
		st, err := s.login(ctx, token, since[ownTopic], false)
		if err != nil {
			s.socket.End(closeReasonOf(err))
			return
		}
		topics[ownTopic] = st
	}
	if !s.helloTopics(ctx, since, topics) {
		s.socket.End(conn.TryLater)
		return
	}
	s.socket.Start(topics)
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
