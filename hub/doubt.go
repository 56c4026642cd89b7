package hub

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// An order to end sockets may be lost: with Redis, or with the instance that was to give it. So the hub asks
// now and then whether those who have logged in still may be here, and at once when a log has lost
// continuity, which may have held such an order.

// doubters is how many are asked about at once.
const doubters = 4

// doubt asks for a round now.
func (h *Hub) doubt() {
	select {
	case h.doubted <- struct{}{}:
	default:
	}
}

// keepAsking asks about every socket once in timing.recheck until ctx ends, a slot of the roster at a time.
func (h *Hub) keepAsking(ctx context.Context) {
	if h.cfg.StillGood == nil {
		return
	}
	tick := time.NewTicker(h.timing.recheck / beats)
	defer tick.Stop()
	for i := 0; ; i = (i + 1) % beats {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.ask(ctx, h.roster.slotOf(i, nil))
		case <-h.doubted:
			for slot := range beats {
				h.ask(ctx, h.roster.slotOf(slot, nil))
			}
		}
	}
}

// ask lets those come back with their token who may not be here any more. Whom it cannot be told of now
// are asked about another time.
func (h *Hub) ask(ctx context.Context, sockets []*socket) {
	var asking errgroup.Group
	asking.SetLimit(doubters)
	for _, s := range sockets {
		id := s.who()
		if id.User == "" || ctx.Err() != nil {
			continue
		}
		asking.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, authPatience)
			defer cancel()
			if good, err := h.cfg.StillGood(ctx, id); err == nil && !good {
				s.endSession(id.Session)
			}
			return nil
		})
	}
	_ = asking.Wait() // none of them gives one
}

// askLater asks about a socket whose session an order has spared: of a page that has a newer token by then. Whoever
// else has come with the old one has not.
func (s *socket) askLater() {
	if s.hub.cfg.StillGood != nil {
		time.AfterFunc(s.hub.timing.renewal, func() { s.hub.ask(context.Background(), []*socket{s}) })
	}
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
