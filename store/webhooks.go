package store

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
	"mstm/shop/webhooks"
)

// webhooksAge is how old a list of the endpoints may be, whatever the bus says.
const webhooksAge = time.Minute

// Webhooks are the endpoints that events are sent to.
type Webhooks struct {
	*base
	docs Collection[webhooks.Endpoint]
	list *cached[[]webhooks.Endpoint]
}

func newWebhooks(b *base) *Webhooks {
	docs := newCollection[webhooks.Endpoint](b, "webhooks")
	docs.missing = shop.ErrWebhookNotFound
	docs.version = func(e *webhooks.Endpoint) *int64 { return &e.V }
	s := &Webhooks{base: b, docs: docs}
	s.list = newCached[[]webhooks.Endpoint](b.bus, changeWebhooks, webhooksAge)
	return s
}

// Listed are all endpoints, from memory while word of changes would arrive. The caller must not change them.
func (s *Webhooks) Listed(ctx context.Context) ([]webhooks.Endpoint, error) {
	return s.list.get(ctx, s.All)
}

// All lists the endpoints as they are in the database, the oldest first.
func (s *Webhooks) All(ctx context.Context) ([]webhooks.Endpoint, error) {
	return s.docs.All(ctx, bson.M{}, options.Find().SetSort(bson.D{{Key: "created_at", Value: 1}, {Key: "_id", Value: 1}}))
}

// Get reads an endpoint; shop.ErrWebhookNotFound.
func (s *Webhooks) Get(ctx context.Context, id string) (*webhooks.Endpoint, error) {
	return s.docs.Get(ctx, id)
}

// Insert adds an endpoint, which gets the next event already, on every instance that hears of it.
func (s *Webhooks) Insert(ctx context.Context, e *webhooks.Endpoint) error {
	_, err := s.docs.Insert(ctx, e)
	if err == nil {
		s.changed(ctx, changeWebhooks, e.ID)
	}
	return err
}

// Change is the collection's Change; shop.ErrWebhookNotFound.
func (s *Webhooks) Change(ctx context.Context, id string, change func(*webhooks.Endpoint) error) (*webhooks.Endpoint, error) {
	e, wrote, err := s.docs.tryChange(ctx, id, nil, change)
	if wrote {
		s.changed(ctx, changeWebhooks, id)
	}
	return e, err
}

// Delete removes an endpoint; shop.ErrWebhookNotFound. Its deliveries go at its next wakeup.
func (s *Webhooks) Delete(ctx context.Context, id string) error {
	done, err := s.docs.DeleteByID(ctx, id)
	if err == nil && !done {
		return shop.ErrWebhookNotFound
	}
	if err == nil {
		s.changed(ctx, changeWebhooks, id)
	}
	return err
}

// WebhookDeliveries are events on their way to endpoints. Each endpoint has one wakeup, from its first delivery until it is deleted.
type WebhookDeliveries struct {
	*base
	docs    Collection[webhooks.Delivery]
	wakeups *Wakeups
}

func newWebhookDeliveries(b *base, wakeups *Wakeups) *WebhookDeliveries {
	docs := newCollection[webhooks.Delivery](b, "webhook_deliveries")
	docs.missing = shop.ErrDeliveryNotFound
	docs.version = func(d *webhooks.Delivery) *int64 { return &d.V }
	return &WebhookDeliveries{base: b, docs: docs, wakeups: wakeups}
}

// Insert adds a delivery, if it is not there yet, and has its endpoint looked at. A process that dies between the two leaves a delivery
// that is found at the endpoint's next look; the caller's own repeat comes sooner.
func (s *WebhookDeliveries) Insert(ctx context.Context, d *webhooks.Delivery) error {
	if _, err := s.docs.Insert(ctx, d); err != nil {
		return err
	}
	return s.Wake(ctx, d.Endpoint, d.NextAt)
}

// Wake has an endpoint looked at from a time on, whenever it was due.
func (s *WebhookDeliveries) Wake(ctx context.Context, endpoint string, at time.Time) error {
	w := shop.NewWakeup(shop.WakeWebhook, endpoint, at)
	w.Seq = NewID()
	done, err := s.wakeups.docs.Update(ctx, bson.M{"_id": w.ID}, bson.M{"$set": bson.M{"at": w.At, "seq": w.Seq}})
	if err != nil || done {
		return err
	}
	return s.wakeups.put(ctx, w)
}

// Get reads a delivery of an endpoint; shop.ErrDeliveryNotFound.
func (s *WebhookDeliveries) Get(ctx context.Context, endpoint, id string) (*webhooks.Delivery, error) {
	d, err := s.docs.Get(ctx, id)
	if err == nil && d.Endpoint != endpoint {
		return nil, shop.ErrDeliveryNotFound
	}
	return d, err
}

// Due lists deliveries of an endpoint that wait for a try at now or before, the longest overdue first.
func (s *WebhookDeliveries) Due(ctx context.Context, endpoint string, now time.Time, limit int) ([]webhooks.Delivery, error) {
	return s.docs.All(ctx, bson.M{"endpoint": endpoint, "state": webhooks.Waiting, "next_at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "next_at", Value: 1}}).SetLimit(int64(limit)))
}

// Next is when a delivery of an endpoint is tried next; the zero time where none waits.
func (s *WebhookDeliveries) Next(ctx context.Context, endpoint string) (time.Time, error) {
	first, err := s.docs.All(ctx, bson.M{"endpoint": endpoint, "state": webhooks.Waiting},
		options.Find().SetSort(bson.D{{Key: "next_at", Value: 1}}).SetLimit(1))
	if err != nil || len(first) == 0 {
		return time.Time{}, err
	}
	return first[0].NextAt, nil
}

// Note writes what came of an attempt at a delivery that was read, and returns it as it is then. Where another writer was first (a
// replay, another instance), note works on what that one left.
func (s *WebhookDeliveries) Note(ctx context.Context, d *webhooks.Delivery, note func(*webhooks.Delivery)) (*webhooks.Delivery, error) {
	after, wrote, err := s.docs.tryChange(ctx, d.ID, d, func(d *webhooks.Delivery) error { note(d); return nil })
	if wrote {
		s.tally.add("webhook:" + string(after.State))
	}
	if errors.Is(err, shop.ErrDeliveryNotFound) {
		return d, nil // its endpoint was deleted
	}
	return after, err
}

// Replay has a delivery tried again from now on; shop.ErrDeliveryNotFound.
func (s *WebhookDeliveries) Replay(ctx context.Context, endpoint, id string, now time.Time) (*webhooks.Delivery, error) {
	if _, err := s.Get(ctx, endpoint, id); err != nil {
		return nil, err
	}
	d, err := s.docs.Change(ctx, id, func(d *webhooks.Delivery) error { d.Replay(now); return nil })
	if err != nil {
		return nil, err
	}
	return d, s.Wake(ctx, endpoint, now)
}

// ReplayFailed has those deliveries tried again that have failed and were made at since or later, and counts them.
func (s *WebhookDeliveries) ReplayFailed(ctx context.Context, endpoint string, since, now time.Time) (int64, error) {
	n, err := s.docs.UpdateAll(ctx, bson.M{"endpoint": endpoint, "state": webhooks.Failed, "created_at": bson.M{"$gte": since.UTC()}}, bson.M{
		"$set": bson.M{"state": webhooks.Waiting, "code": "", "tries": 0, "next_at": now.UTC()}, "$inc": bson.M{"v": int64(1)},
	})
	if err != nil || n == 0 {
		return n, err
	}
	return n, s.Wake(ctx, endpoint, now)
}

// Hold ends the waiting of all deliveries of an endpoint that is paused, but for tests.
func (s *WebhookDeliveries) Hold(ctx context.Context, endpoint string) error {
	n, err := s.docs.UpdateAll(ctx, bson.M{"endpoint": endpoint, "state": webhooks.Waiting, "test": false}, bson.M{
		"$set": bson.M{"state": webhooks.Failed, "code": webhooks.CodePaused}, "$inc": bson.M{"v": int64(1)},
	})
	for range n {
		s.tally.add("webhook:held")
	}
	return err
}

// Page lists the deliveries of an endpoint, newest first; a state narrows it, "" does not.
func (s *WebhookDeliveries) Page(ctx context.Context, endpoint string, state webhooks.DeliveryState, limit int, cursor string) ([]webhooks.Delivery, string, error) {
	filter := bson.M{"endpoint": endpoint}
	if state != "" {
		filter["state"] = state
	}
	return s.docs.Page(ctx, filter, limit, cursor, func(d webhooks.Delivery) (any, string) { return d.CreatedAt, d.ID })
}

// Forget deletes deliveries of an endpoint from before a time, limit at most, and counts them. MongoDB deletes them by itself in
// production (see expiring); a clock that leaps, and the embedded store, need this.
func (s *WebhookDeliveries) Forget(ctx context.Context, endpoint string, before time.Time, limit int) (int, error) {
	old, err := s.docs.All(ctx, bson.M{"endpoint": endpoint, "created_at": bson.M{"$lt": before.UTC()}},
		options.Find().SetSort(bson.D{{Key: "created_at", Value: 1}, {Key: "_id", Value: 1}}).SetLimit(int64(limit)).SetProjection(bson.M{"_id": 1}))
	if err != nil {
		return 0, err
	}
	for i := range old {
		if _, err := s.docs.DeleteByID(ctx, old[i].ID); err != nil {
			return i, err
		}
	}
	return len(old), nil
}
