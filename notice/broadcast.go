package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mstm/hub"
	"mstm/shop"
)

// BroadcasterConfig is what a Broadcaster works with. All of it is needed but what says
// otherwise.
type BroadcasterConfig struct {
	Store BroadcasterCollections
	Hub   *hub.Hub
	Now   func() time.Time // the shop's clock
	Log   *slog.Logger

	Links        shop.Links    // where the link of a broadcast may lead
	WeChatSender *WeChatSender // sends WeChat messages; nil: there are none
	Wake         func()        // optional: has this instance look at what is due now
	// ConfirmAbove is how many people a broadcast may go to without the confirmation of a second
	// person; 0: any number.
	ConfirmAbove int64
}

// Broadcaster accepts broadcasts and sends them. One runs on every instance.
type Broadcaster struct {
	BroadcasterConfig
}

// NewBroadcaster is a Broadcaster.
func NewBroadcaster(cfg BroadcasterConfig) *Broadcaster {
	return &Broadcaster{cfg}
}

// Count is how many people an audience has now. A broadcast to all counts the accounts, those that
// want no activities among them.
func (b *Broadcaster) Count(ctx context.Context, a shop.Audience) (int64, error) {
	if err := b.Store.checkAudience(ctx, a); err != nil {
		return 0, err
	}
	switch a.Kind {
	case shop.AudienceAll:
		return b.Store.Users.Count(ctx)
	case shop.AudienceOnline:
		online, err := b.Hub.OnlineUsers(ctx)
		if err != nil {
			err = fmt.Errorf("%w: %w", shop.ErrHubUnavailable, err)
		}
		return int64(len(online)), err
	case shop.AudienceUsers:
		return b.Store.countListed(ctx, a.UserIDs)
	}
	var n int64
	err := b.Store.Audiences.Each(ctx, a, "", "", b.Now(), func(string) error { n++; return nil })
	return n, err
}

// countListed is how many of the users there are.
func (c BroadcasterCollections) countListed(ctx context.Context, userIDs []string) (n int64, err error) {
	for ids := range slices.Chunk(userIDs, batchSize) {
		there, err := c.Users.Living(ctx, ids)
		if err != nil {
			return 0, err
		}
		n += int64(len(there))
	}
	return n, nil
}

// checkAudience refuses an audience of a course or a category that does not exist.
func (c BroadcasterCollections) checkAudience(ctx context.Context, a shop.Audience) error {
	if a.CourseID == "" && a.CategoryID == "" {
		return nil
	}
	all, err := c.Catalogue.Get(ctx)
	if err != nil {
		return err
	}
	if _, ok := all.Course(a.CourseID); a.CourseID != "" && !ok {
		return shop.ErrCourseNotFound.At("audience.course_id")
	}
	known := func(x shop.Category) bool { return x.ID == a.CategoryID }
	if a.CategoryID != "" && !slices.ContainsFunc(all.Categories(), known) {
		return shop.ErrCategoryNotFound.At("audience.category_id")
	}
	return nil
}

// NeedsConfirmation reports whether a broadcast to so many people waits for a second person.
func (b *Broadcaster) NeedsConfirmation(people int64) bool {
	return b.ConfirmAbove > 0 && people > b.ConfirmAbove
}

// Accept takes a new broadcast on, under the id that it has: a repeat of the same request is
// answered with what became of the first, and another under the same id is
// shop.ErrIdempotencyMismatch. Sending begins at once, or at its time, or when a second person
// has confirmed it; mayAsk refuses to put such a one before that person. fresh is false for a repeat.
func (b *Broadcaster) Accept(ctx context.Context, new *shop.Broadcast, mayAsk func() error) (accepted *shop.Broadcast, fresh bool, err error) {
	if accepted, err = b.accepted(ctx, new); err != nil || accepted != nil {
		return accepted, false, err
	}
	if err := new.CheckTime(b.Now()); err != nil {
		return nil, false, err
	}
	n, err := b.Count(ctx, new.Audience)
	if err != nil {
		return nil, false, err
	}
	if n == 0 {
		return nil, false, shop.ErrAudienceEmpty.At("audience")
	}
	if b.NeedsConfirmation(n) && mayAsk != nil {
		if err := mayAsk(); err != nil {
			return nil, false, err
		}
	}
	new.Counts.Audience = n
	if err := new.Accept(b.NeedsConfirmation(n), b.Now()); err != nil {
		return nil, false, err
	}
	fresh, err = b.Store.Broadcasts.Insert(ctx, new)
	if err != nil {
		return nil, false, err
	}
	if !fresh { // the same request at the same moment
		accepted, err = b.accepted(ctx, new)
		return accepted, false, err
	}
	new.Audience.UserIDs = nil // kept apart, and not answered
	b.moved(ctx, new)
	return new, true, nil
}

// accepted is the broadcast that was accepted under new's id, nil where there is none.
func (b *Broadcaster) accepted(ctx context.Context, new *shop.Broadcast) (*shop.Broadcast, error) {
	old, err := b.Store.Broadcasts.Get(ctx, new.ID)
	if errors.Is(err, shop.ErrBroadcastNotFound) {
		return nil, nil
	}
	if err == nil && old.BodyHash != new.BodyHash {
		return nil, shop.ErrIdempotencyMismatch
	}
	return old, err
}
