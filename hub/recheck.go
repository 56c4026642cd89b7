package hub

import (
	"context"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// An order to end sockets may be lost: with Redis, or with the instance that was to give it. So the hub asks
// the stores now and then whether the tokens of the sockets are still good: each once in timing.recheck;
// every timing.apart while this instance does not hear Redis, and an order may have been given elsewhere; and at once
// when a log has lost continuity, which may have held such an order.

const (
	checkers    = 4               // questions at once
	askedAtOnce = 500             // identities in one question
	askedSlots  = 10              // of the roster, in one step of the slow round
	apartAfter  = 2 * time.Second // without an answer of Redis
	// forgetting is how long the caches of tokens may take to hear that one is dead.
	forgetting = 100 * time.Millisecond
)

// recheckAll asks for a round now.
func (h *Hub) recheckAll() {
	select {
	case h.rechecks <- struct{}{}:
	default:
	}
}

// isApart reports whether this instance may miss what the others say.
func (h *Hub) isApart() bool {
	return time.Since(h.feed.InSync()) > apartAfter
}

// keepRechecking asks about the sessions until ctx ends.
func (h *Hub) keepRechecking(ctx context.Context) {
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
			h.recheck(ctx, h.roster.slotsOf(next, askedSlots))
			next = (next + askedSlots) % beats
		case <-apart.C:
			if h.isApart() {
				h.recheck(ctx, h.roster.slotsOf(0, beats))
			}
		case <-h.rechecks:
			h.recheck(ctx, h.roster.slotsOf(0, beats))
		}
	}
}

// recheck lets those sockets come back with their token whose token is dead. Sockets whose token cannot be checked now
// are checked in the next round.
func (h *Hub) recheck(ctx context.Context, sessions []*session) {
	var asked []*session
	var ids []Identity
	for _, s := range sessions {
		if id := s.owner(); id.User != "" {
			asked, ids = append(asked, s), append(ids, id)
		}
	}
	var asking errgroup.Group
	asking.SetLimit(checkers)
	for from := 0; from < len(asked) && ctx.Err() == nil; from += askedAtOnce {
		to := min(from+askedAtOnce, len(asked))
		asking.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, authPatience)
			defer cancel()
			good, err := h.cfg.StillGood(ctx, ids[from:to])
			for i := 0; err == nil && i < to-from; i++ {
				if !good[i] {
					asked[from+i].endToken(ids[from+i].Session)
				}
			}
			return nil
		})
	}
	_ = asking.Wait() // none of them returns an error
}

// recheckMark starts a note to all instances: the id of a user follows, whose sockets are to be asked about. It is sent where
// the log does not take the order to end them: a Redis that is full still passes notes on.
const recheckMark = "?"

// takeRecheckNote reports whether a note asks for a recheck, and makes it then.
func (h *Hub) takeRecheckNote(p *partition, note string) bool {
	user, is := strings.CutPrefix(note, recheckMark)
	if !is || h.cfg.StillGood == nil {
		return is
	}
	var sessions []*session
	at := p.log.Lock()
	if t := p.topics[UserTopic(user)]; t != nil {
		for _, f := range t.followers {
			sessions = append(sessions, f.session)
		}
	}
	at.Unlock()
	if len(sessions) > 0 {
		time.AfterFunc(forgetting, func() { h.recheck(context.Background(), sessions) })
	}
	return true
}

// recheckLater asks about a session whose session an order has spared: it may be replaced by then.
func (s *session) recheckLater() {
	if s.hub.cfg.StillGood != nil {
		time.AfterFunc(s.hub.timing.spared, func() { s.hub.recheck(context.Background(), []*session{s}) })
	}
}
