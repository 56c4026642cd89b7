package notice

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// sendToAudience sends to the people of an audience, a batch at a time.
func (s *sending) sendToAudience(ctx context.Context) error {
	if err := s.listOnline(ctx); err != nil {
		return err
	}
	batch := make([]string, 0, batchSize)
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		began := time.Now()
		counts, err := s.sendBatch(ctx, batch)
		if err != nil {
			return err
		}
		place := batch[len(batch)-1]
		batch = batch[:0]
		if err := s.note(ctx, func(x *shop.Broadcast) { x.Place, x.Counts = place, x.Counts.Plus(counts) }); err != nil {
			return err
		}
		took := time.Since(began)
		s.pace(took)
		return rest(ctx, batchPace-took)
	}
	err := s.Store.Audiences.Each(ctx, s.x.Audience, s.x.List, s.x.Place, *s.x.StartedAt, func(userID string) error {
		if batch = append(batch, userID); len(batch) < s.size {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// listOnline stores the users online, once, for a broadcast to those, so that a sender that takes
// over sends to the same people.
func (s *sending) listOnline(ctx context.Context) error {
	if s.x.Audience.Kind != shop.AudienceOnline || s.x.List != "" {
		return nil
	}
	online, err := s.Hub.OnlineUsers(ctx)
	if err != nil {
		return err
	}
	if err := s.Store.Audiences.PutList(ctx, s.run, online); err != nil {
		return err
	}
	return s.note(ctx, func(x *shop.Broadcast) { x.List = s.run })
}

// sendBatch sends to some people by every channel of the broadcast and counts them. A repeated
// batch reaches no one again and counts the same.
func (s *sending) sendBatch(ctx context.Context, userIDs []string) (c shop.BroadcastCounts, err error) {
	there, err := s.Store.Users.Living(ctx, userIDs)
	if err != nil {
		return c, err
	}
	var notices []shop.Notice
	var reached []string
	for _, id := range userIDs {
		switch u := there[id]; {
		case u == nil:
		case !u.Wants(shop.TopicActivities):
			c.OptedOut++
		default:
			c.Told++
			reached = append(reached, id)
			notices = append(notices, s.x.Notice(id, *s.x.StartedAt))
		}
	}
	if s.x.By(shop.ByInbox) {
		if err := s.Store.Notices.InsertAll(ctx, notices); err != nil {
			return c, err
		}
		c.Inbox = c.Told
	}
	if s.x.By(shop.ByLive) {
		if c.Live, err = s.showBatch(ctx, notices); err != nil {
			return c, err
		}
	}
	if s.x.By(shop.ByWeChat) {
		err = s.WeChatSender.Announce(ctx, s.x, reached)
	}
	return c, err
}

// showBatch shows a notice to each of its readers. A page that is away for a short while gets it on resuming;
// what Redis does not take now is shown later, and holds up no other channel.
func (s *sending) showBatch(ctx context.Context, notices []shop.Notice) (live int64, err error) {
	there := s.online(ctx)
	var mu sync.Mutex
	var unsent []store.Unsent
	var g errgroup.Group
	g.SetLimit(batchLive)
	ctx = store.WithRedisBudget(ctx)
	for _, n := range notices {
		if there[n.UserID] {
			live++
		}
		g.Go(func() error {
			_, err := s.Hub.Publish(ctx, hub.Event(shop.BroadcastPosted(s.x, n.UserID)))
			if err == nil {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			unsent = append(unsent, s.unsent(n.UserID))
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return live, err
	}
	return live, s.Store.Unsent.NoteAll(ctx, unsent)
}

// online are the users with a page open, as far as is known now. An unknown user gets the
// broadcast like the others, and is not counted as live.
func (s *sending) online(ctx context.Context) map[string]bool {
	all, err := s.Hub.OnlineUsers(ctx)
	if err != nil {
		s.Log.WarnContext(ctx, "the users online are not known", "broadcast", s.x.ID, "err", err)
	}
	there := make(map[string]bool, len(all))
	for _, id := range all {
		there[id] = true
	}
	return there
}

// rest waits, or until ctx ends.
func rest(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
