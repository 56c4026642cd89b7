package hub

import (
	"context"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// A revocation may be lost: with Redis, or with the instance that dies before it publishes. So the hub asks
// the stores now and then whether the tokens of the sockets are still good: each token once in timing.recheck;
// all tokens every timing.apart while this instance has no contact with Redis; and all tokens at once when a log has lost
// continuity, because it may have held a revocation.

const (
	checkers    = 4               // questions at once
	askedAtOnce = 500             // identities in one question
	askedSlots  = 10              // of the roster, in one step of the slow round
	apartAfter  = 2 * time.Second // without an answer of Redis
	// forgetting is how long the caches of tokens may keep a dead token.
	forgetting = 100 * time.Millisecond
)

// recheckAll asks for a round now.
func (h *Hub) recheckAll() {
	select {
	case h.rechecks <- struct{}{}:
	default:
	}
}

// isApart reports whether this instance may miss entries of the other instances.
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

// recheck ends the sockets whose token is dead: they come back with their token, which is refused then. Tokens that cannot
// be checked now are checked on the next round.
func (h *Hub) recheck(ctx context.Context, sessions []*session) {
	var asked []*session
	var ids []Identity
	for _, s := range sessions {
		if id := s.owner.identity(); id.User != "" {
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
					s := asked[from+i]
					s.owner.endToken(&s.socket, ids[from+i].Session)
				}
			}
			return nil
		})
	}
	_ = asking.Wait() // none of them returns an error
}

// recheckMark starts a note to all instances: recheck the sockets of the user whose id follows. It is sent if
// the log does not take a revocation: a Redis that is full still passes notes on.
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

// recheckLater checks a session that an order has spared: its token may be replaced by then.
func (s *session) recheckLater() {
	if s.hub.cfg.StillGood != nil {
		time.AfterFunc(s.hub.timing.spared, func() { s.hub.recheck(context.Background(), []*session{s}) })
	}
}
