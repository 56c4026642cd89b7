package notice

import (
	"context"
	"time"

	"mstm/shop"
	"mstm/store"
)

// Announces reports whether the shop can announce activities by WeChat: there is an account, and a
// template for them. For marketing WeChat has subscription notices only: each goes to a follower
// that asked for one, once per request.
func (c *WeChatSender) Announces() bool {
	if c == nil {
		return false
	}
	_, ok := c.Templates[shop.KindActivity]
	return ok
}

// wants reports whether a bound WeChat may be sent an activity: it still follows the account and
// has asked for such a message.
func (c *WeChatSender) wants(b store.Binding) bool {
	return b.Openid != "" && !b.Unfollowed && b.Consent(c.Templates[shop.KindActivity].ID) > 0
}

// Announce notes a broadcast's message for those users that may be sent one by WeChat. Doing it
// again changes nothing.
func (c *WeChatSender) Announce(ctx context.Context, b *shop.Broadcast, userIDs []string) error {
	if !c.Announces() || len(userIDs) == 0 {
		return nil
	}
	bound, err := c.Store.Bindings.List(ctx, userIDs)
	if err != nil {
		return err
	}
	now := c.Now()
	data := map[string]string{"title": b.Title, "body": b.Body, "time": shop.MinuteOf(now)}
	var all []shop.Delivery
	for _, binding := range bound {
		if !c.wants(binding) {
			continue
		}
		d := shop.NewDelivery(binding.UserID, shop.KindActivity, b.ID, now)
		d.Broadcast, d.Data, d.Link = b.ID, data, b.Link
		all = append(all, d)
	}
	if _, err = c.Store.Deliveries.InsertAll(ctx, all); err == nil && len(all) > 0 {
		c.Poke()
	}
	return err
}

// announceToAll goes through the users with a bound WeChat, a batch at a time, from the position
// of the sending. A repeated batch has no effect.
func (s *sending) announceToAll(ctx context.Context) error {
	if !s.WeChatSender.Announces() {
		return nil
	}
	var batch []string
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		began, place := time.Now(), batch[len(batch)-1]
		there, err := s.Store.Users.Living(ctx, batch)
		if err != nil {
			return err
		}
		var wanting []string
		for _, id := range batch {
			if u := there[id]; u != nil && u.Wants(shop.TopicActivities) {
				wanting = append(wanting, id)
			}
		}
		batch = batch[:0]
		if err := s.WeChatSender.Announce(ctx, s.x, wanting); err != nil {
			return err
		}
		if err := s.note(ctx, func(x *shop.Broadcast) { x.Place = place }); err != nil {
			return err
		}
		took := time.Since(began)
		s.pace(took)
		return rest(ctx, batchPace-took)
	}
	err := s.Store.Bindings.Each(ctx, s.x.Place, func(b *store.Binding) error {
		if !s.WeChatSender.wants(*b) {
			return nil
		}
		if batch = append(batch, b.UserID); len(batch) < s.size {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// messagesSent reports whether no WeChat message of the broadcast waits. While one does the
// broadcast is being sent, so that it can be stopped, and is let go until the next look.
func (s *sending) messagesSent(ctx context.Context) (bool, error) {
	left, err := s.Messages(ctx, s.x)
	if err != nil || left.Waiting == 0 {
		return err == nil, err
	}
	x, err := s.Store.Broadcasts.ChangeHeld(ctx, s.x.ID, func(x *shop.Broadcast) error {
		if x.Run != s.run || x.State != shop.BroadcastSending {
			return errTakenOver
		}
		x.Await(s.Now())
		return nil
	})
	if err != nil {
		return false, err
	}
	s.showProgress(ctx, x, left)
	return false, nil
}
