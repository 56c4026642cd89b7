package hub

import (
	"context"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// An order to end sockets may be lost: with Redis, or with the instance that was to give it. So the hub asks
// the stores now and then whether those who have logged in still may be here: each socket once in timing.recheck;
// every timing.apart while this instance does not hear Redis, and an order may have been given elsewhere; and at once
// when a log has lost continuity, which may have held such an order.

const (
	askers      = 4               // questions at once
	askedAtOnce = 500             // identities in one question
	askedSlots  = 10              // of the roster, in one step of the slow round
	apartAfter  = 2 * time.Second // without an answer of Redis
	// forgetting is how long the caches of tokens may take to hear that one is dead.
	forgetting = 100 * time.Millisecond
)

// doubt asks for a round now.
func (h *Hub) doubt() {
	select {
	case h.doubted <- struct{}{}:
	default:
	}
}

// isApart reports whether this instance may miss what the others say.
func (h *Hub) isApart() bool {
	return time.Since(h.feed.InSync()) > apartAfter
}

// keepAsking asks about the sockets until ctx ends.
func (h *Hub) keepAsking(ctx context.Context) {
	if h.cfg.StillGood == nil {
		return
	}
	slow := time.NewTicker(h.timing.recheck * askedSlots / beats)
	defer slow.Stop()
	apart := time.NewTicker(h.timing.apart)
	defer apart.Stop()
	for next := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-slow.C:
			h.ask(ctx, h.roster.slotsOf(next, askedSlots))
			next = (next + askedSlots) % beats
		case <-apart.C:
			if h.isApart() {
				h.ask(ctx, h.roster.slotsOf(0, beats))
			}
		case <-h.doubted:
			h.ask(ctx, h.roster.slotsOf(0, beats))
		}
	}
}

// ask lets those sockets come back with their token whose token is dead. Sockets that the stores cannot tell of now
// are asked about in the next round.
func (h *Hub) ask(ctx context.Context, sockets []*socket) {
	var asked []*socket
	var ids []Identity
	for _, s := range sockets {
		if id := s.who(); id.User != "" {
			asked, ids = append(asked, s), append(ids, id)
		}
	}
	var asking errgroup.Group
	asking.SetLimit(askers)
	for from := 0; from < len(asked) && ctx.Err() == nil; from += askedAtOnce {
		to := min(from+askedAtOnce, len(asked))
		asking.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, authPatience)
			defer cancel()
			good, err := h.cfg.StillGood(ctx, ids[from:to])
			for i := 0; err == nil && i < to-from; i++ {
				if !good[i] {
					asked[from+i].endSession(ids[from+i].Session)
				}
			}
			return nil
		})
	}
	_ = asking.Wait() // none of them gives one
}

// doubtMark starts a note to all instances: the id of a user follows, whose sockets are to be asked about. It is sent where
// the log does not take the order to end them: a Redis that is full still passes notes on.
const doubtMark = "?"

// heedDoubt reports whether a note raises doubt, and asks then.
func (h *Hub) heedDoubt(p *partition, note string) bool {
	user, is := strings.CutPrefix(note, doubtMark)
	if !is || h.cfg.StillGood == nil {
		return is
	}
	var sockets []*socket
	at := p.log.Lock()
	if t := p.topics[UserTopic(user)]; t != nil {
		for _, f := range t.followers {
			sockets = append(sockets, f.socket)
		}
	}
	at.Unlock()
	if len(sockets) > 0 {
		time.AfterFunc(forgetting, func() { h.ask(context.Background(), sockets) })
	}
	return true
}

// askLater asks about a socket whose session an order has spared: it may be replaced by then.
func (s *socket) askLater() {
	if s.hub.cfg.StillGood != nil {
		time.AfterFunc(s.hub.timing.spared, func() { s.hub.ask(context.Background(), []*socket{s}) })
	}
}

// mute holds back what is for a socket whose token is dead until it brings the next one, and ends the socket if it
// does not in time.
func (s *socket) mute() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending || s.dead != "" {
		return
	}
	s.dead = s.identity.Session
	time.AfterFunc(s.hub.timing.renewal, s.endMuted)
}

// endMuted ends a muted socket, unless the check of its next token is under way, which decides.
func (s *socket) endMuted() {
	s.mu.Lock()
	c := nobody
	if s.dead != "" && !s.renewing {
		c = s.endLocked(checkAgain)
	}
	s.mu.Unlock()
	s.hub.writers.heed(s, c, own)
}

// unmute lets a socket hear again that has brought a token, and reports whether it is another one.
func (s *socket) unmute(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead == session {
		return false
	}
	s.dead = ""
	return true
}

// endSession ends a socket that has not been given another token meanwhile.
func (s *socket) endSession(session string) {
	s.mu.Lock()
	c := nobody
	if s.identity.Session == session {
		c = s.endLocked(checkAgain)
	}
	s.mu.Unlock()
	s.hub.writers.heed(s, c, own)
}
