package notice

import (
	"context"
	"errors"
	"time"

	"mstm/hub"
	"mstm/runner"
	"mstm/shop"
	"mstm/store"
)

// How broadcasts are sent. A batch is what one conditional write says is done; between two batches
// everything else overtakes, and a pause or cancel takes effect.
const (
	sendMost    = 64                     // broadcasts at once on an instance
	batchSize   = 200                    // people at most; a slow machine has smaller ones
	batchFirst  = 50                     // people in the first
	batchLeast  = 10                     // people
	batchPace   = 100 * time.Millisecond // from one batch to the next at least: 2000 people a second
	batchLong   = 500 * time.Millisecond // a batch should take less, so that a stop takes effect soon
	batchLive   = 8                      // live events under way at once
	showingTime = 250 * time.Millisecond // between two words of progress
)

// Wakeups handle the wakeups of broadcasts: a broadcast is sent by the instance that has the lease of its
// wakeup, and when that instance dies another goes on from the last batch. No user gets it twice, because a
// notice has one id and a live event one Once key, the same on every instance.
func (b *Broadcaster) Wakeups() runner.Handler {
	return runner.Handler{Kind: shop.WakeBroadcast, Places: sendMost, Look: func(ctx context.Context, w shop.Wakeup) (bool, error) {
		ctx = store.Background(ctx, store.Lists)
		err := b.look(ctx, w.Key())
		if err == nil || errors.Is(err, shop.ErrBroadcastNotFound) {
			return b.Store.Broadcasts.Rest(ctx, w)
		}
		if ctx.Err() == nil {
			b.Log.WarnContext(ctx, "a broadcast waits for its next look", "broadcast", w.Key(), "err", err)
		}
		return false, err
	}}
}

// errTakenOver ends a sender that has lost its broadcast to another sender, to a pause or to a
// cancel.
var errTakenOver = errors.New("the broadcast is another sender's, or was stopped")

// look does what is due for a broadcast: starts it, sends it, or clears up after it.
func (b *Broadcaster) look(ctx context.Context, id string) error {
	run := store.NewID()
	x, err := b.Store.Broadcasts.ChangeHeld(ctx, id, func(x *shop.Broadcast) error { return x.Take(run, b.Now()) })
	if errors.Is(err, shop.ErrBroadcastState) {
		return nil // another instance was quicker
	}
	if err != nil {
		return err
	}
	if x.State != shop.BroadcastSending {
		return b.clearUp(ctx, x)
	}
	// The first progress event comes a quarter of a second later: the recipients go first.
	err = b.send(ctx, &sending{Broadcaster: b, run: run, x: x, size: batchFirst, shown: time.Now()})
	if errors.Is(err, errTakenOver) {
		return nil
	}
	if err != nil {
		b.letGo(ctx, id, run)
	}
	return err
}

// letGo gives a broadcast up that cannot be sent now, or because this instance ends: any may
// go on at its next wakeup.
func (b *Broadcaster) letGo(ctx context.Context, id, run string) {
	_, err := b.Store.Broadcasts.ChangeHeld(context.WithoutCancel(ctx), id, func(x *shop.Broadcast) error {
		if x.Run != run {
			return store.Unchanged()
		}
		now := b.Now().UTC()
		x.DueAt = &now
		return nil
	})
	if err != nil {
		b.Log.WarnContext(ctx, "a broadcast waits for the end of its lease", "broadcast", id, "err", err)
	}
}

// clearUp is for a broadcast that is not being sent: its sender died before it could count
// what it did, or its funnel is final.
func (b *Broadcaster) clearUp(ctx context.Context, taken *shop.Broadcast) error {
	var missed shop.BroadcastCounts
	var funnel *shop.Funnel
	var err error
	switch taken.State {
	case shop.BroadcastCancelled:
		missed, err = b.uncounted(ctx, taken)
	case shop.BroadcastSent:
		funnel, err = b.Funnel(ctx, taken)
	}
	if err != nil {
		return err
	}
	x, err := b.Store.Broadcasts.ChangeHeld(ctx, taken.ID, func(x *shop.Broadcast) error {
		if x.Run != taken.Run || x.State != taken.State {
			return store.Unchanged() // another instance does it, or a later move has made it due
		}
		x.ClearUp(missed, funnel)
		return nil
	})
	if err == nil {
		b.moved(ctx, x) // for a move that was written before a crash, and not audited
	}
	return err
}

// uncounted are the people that have a stopped broadcast in the inbox and are not counted. People
// that had it on a page only are not known.
func (b *Broadcaster) uncounted(ctx context.Context, x *shop.Broadcast) (c shop.BroadcastCounts, err error) {
	switch {
	case !x.By(shop.ByInbox):
		return c, nil
	case x.Audience.Kind != shop.AudienceAll:
		n, err := b.Store.Notices.Count(ctx, x.ID)
		c.Told = max(0, n-x.Counts.Inbox)
		c.Inbox = c.Told
		return c, err
	case x.PostedAt == nil || x.Shown:
		return c, nil
	}
	return b.countAll(ctx, x, nil)
}

// sending is one broadcast while one sender is at it.
type sending struct {
	*Broadcaster
	run   string
	x     *shop.Broadcast // as it was last written
	shown time.Time       // the last word of progress
	size  int             // of the next batch
}

// pace chooses the size of the next batch by how long one took.
func (s *sending) pace(took time.Duration) {
	switch {
	case took > batchLong:
		s.size = max(s.size/2, batchLeast)
	case took < batchPace:
		s.size = min(s.size*2, batchSize)
	}
}

// note writes what was done, if the broadcast is still this sender's, and ends the sender after a
// pause or cancel.
func (s *sending) note(ctx context.Context, done func(*shop.Broadcast)) error {
	x, err := s.Store.Broadcasts.ChangeHeld(context.WithoutCancel(ctx), s.x.ID, func(x *shop.Broadcast) error {
		if x.Run != s.run {
			return errTakenOver
		}
		done(x)
		x.Hold(s.Now())
		return nil
	})
	if err != nil {
		return err
	}
	s.x = x
	stopped := x.State != shop.BroadcastSending
	if stopped || time.Since(s.shown) > showingTime {
		s.progress(ctx, x)
		s.shown = time.Now()
	}
	if stopped {
		return errTakenOver
	}
	return nil
}

// send sends a broadcast from where it is to its end.
func (b *Broadcaster) send(ctx context.Context, s *sending) error {
	send := s.sendToAudience
	if s.x.Audience.Kind == shop.AudienceAll {
		send = s.sendToAll
	}
	if err := s.ask(ctx); err != nil {
		return err
	}
	if !s.x.Handed {
		if err := send(ctx); err != nil {
			return err
		}
		if err := s.note(ctx, func(x *shop.Broadcast) { x.Handed = true }); err != nil {
			return err
		}
	}
	if done, err := s.messagesSent(ctx); err != nil || !done {
		return err
	}
	x, err := b.Store.Broadcasts.ChangeHeld(ctx, s.x.ID, func(x *shop.Broadcast) error {
		if x.Run != s.run || x.State != shop.BroadcastSending {
			return errTakenOver
		}
		return x.Finish(b.Now())
	})
	if err != nil {
		return err
	}
	b.moved(ctx, x)
	return nil
}

// ask has a broadcast that begins at its time wait for a second person where the audience has grown to
// more than one may decide about, and where its sponsor may not send broadcasts any more.
func (s *sending) ask(ctx context.Context) error {
	if !s.x.Waited() {
		return nil
	}
	n := s.x.Counts.Audience
	good, err := s.Store.APIKeys.MayBroadcast(ctx, s.x.Sponsor(), s.Now())
	if err != nil {
		return err
	}
	if s.x.Grows() {
		if n, err = s.Count(ctx, s.x.Audience); err != nil {
			return err
		}
	}
	if good && !(s.x.Grows() && s.NeedsConfirmation(n)) {
		return nil
	}
	x, err := s.Store.Broadcasts.ChangeHeld(ctx, s.x.ID, func(x *shop.Broadcast) error {
		if x.Run != s.run || x.State != shop.BroadcastSending {
			return errTakenOver
		}
		return x.Ask(n, s.Now())
	})
	if err != nil {
		return err
	}
	s.moved(ctx, x)
	return errTakenOver
}

// sendToAll puts the broadcast into every inbox by one write, and shows it on every open page by
// one event. The inbox comes first, so that a reader that follows the event finds it there.
func (s *sending) sendToAll(ctx context.Context) error {
	if s.x.By(shop.ByInbox) && s.x.PostedAt == nil {
		err := s.note(ctx, func(x *shop.Broadcast) {
			if now := s.Now().UTC(); x.State == shop.BroadcastSending {
				x.PostedAt = &now
			}
		})
		if err != nil {
			return err
		}
	}
	if err := s.showEverybody(ctx); err != nil || !s.x.By(shop.ByWeChat) {
		return err
	}
	return s.announceToAll(ctx)
}

func (s *sending) showEverybody(ctx context.Context) error {
	if s.x.Shown {
		return nil
	}
	if s.x.By(shop.ByLive) {
		_, err := s.Hub.Publish(store.WithRedisBudget(ctx), hub.Event(shop.BroadcastPosted(s.x, "")))
		if err != nil && ctx.Err() == nil {
			err = s.Store.Unsent.Note(ctx, s.unsent("")) // the other channels do not wait for Redis
		}
		if err != nil {
			return err
		}
	}
	counts, err := s.countAll(ctx, s.x, s.online(ctx))
	if err != nil {
		return err
	}
	return s.note(ctx, func(x *shop.Broadcast) { x.Shown, x.Counts = true, x.Counts.Plus(counts) })
}

// countAll counts the users that a broadcast to all has reached, and those of them that are
// online.
func (b *Broadcaster) countAll(ctx context.Context, x *shop.Broadcast, online map[string]bool) (c shop.BroadcastCounts, err error) {
	err = b.Store.Users.EachOptedOut(ctx, func(userID string) error {
		c.OptedOut++
		delete(online, userID)
		return nil
	})
	if err != nil {
		return c, err
	}
	all, err := b.Store.Users.Count(ctx)
	c.Told = all - c.OptedOut
	if x.By(shop.ByInbox) {
		c.Inbox = c.Told
	}
	if x.By(shop.ByLive) {
		c.Live = int64(len(online))
	}
	return c, err
}
