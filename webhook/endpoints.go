package webhook

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"mstm/shop"
	"mstm/shop/webhooks"
	"mstm/store"
)

// Endpoints are what an administrator does to endpoints and their deliveries. by is the administrator's user id; each act is in the
// audit before it is done.
type Endpoints struct {
	basics
	events *Events
}

// Form is what an administrator says of an endpoint.
type Form struct {
	URL   string
	Name  string
	Types []webhooks.Type
}

func (h *Endpoints) check(in Form) (_ Form, err error) {
	if in.Name, err = shop.CleanLine("name", in.Name, 1, shop.MaxName); err != nil {
		return in, err
	}
	if in.URL, err = h.Addresses.CheckURL(in.URL); err != nil {
		return in, err
	}
	in.Types, err = webhooks.CheckTypes(in.Types)
	return in, err
}

func (f Form) data() map[string]string {
	types := make([]string, len(f.Types))
	for i, t := range f.Types {
		types[i] = string(t)
	}
	return map[string]string{"name": f.Name, "url": f.URL, "types": strings.Join(types, ",")}
}

// record has the audit say what is about to be done.
func (h *basics) record(ctx context.Context, id, act, by string, data map[string]string) error {
	return h.Audit.Add(ctx, store.AuditRow{Object: "webhook:" + id, Act: act, By: by, At: h.now(), Data: data})
}

// All are the endpoints, the oldest first.
func (h *Endpoints) All(ctx context.Context) ([]webhooks.Endpoint, error) {
	return h.Config.Endpoints.All(ctx)
}

// Create makes an endpoint. Its secret is returned here and nowhere else; events from now on are sent to it.
//
// Errors: shop.ErrInvalidField, shop.ErrWebhookAddress, shop.ErrTooManyWebhooks.
func (h *Endpoints) Create(ctx context.Context, by string, in Form) (_ *webhooks.Endpoint, secret string, err error) {
	if in, err = h.check(in); err != nil {
		return nil, "", err
	}
	all, err := h.All(ctx)
	if err != nil {
		return nil, "", err
	}
	if len(all) >= webhooks.MostEndpoints {
		return nil, "", shop.ErrTooManyWebhooks
	}
	e := &webhooks.Endpoint{ID: store.NewID(), URL: in.URL, Name: in.Name, Types: in.Types, State: webhooks.Active, CreatedBy: by, CreatedAt: h.now()}
	key := newKey()
	e.Rotate(key, false, h.now())
	if err := h.record(ctx, e.ID, "webhook_created", by, in.data()); err != nil {
		return nil, "", err
	}
	if err := h.Config.Endpoints.Insert(ctx, e); err != nil {
		return nil, "", err
	}
	return e, webhooks.SecretText(key), nil
}

func newKey() []byte {
	key := make([]byte, webhooks.SecretLen)
	_, _ = rand.Read(key) // never fails
	return key
}

// Edit changes what an administrator says of an endpoint. Deliveries that wait go to the new address.
func (h *Endpoints) Edit(ctx context.Context, id, by string, in Form) (*webhooks.Endpoint, error) {
	in, err := h.check(in)
	if err != nil {
		return nil, err
	}
	return h.change(ctx, id, "webhook_edited", by, in.data(), func(e *webhooks.Endpoint) bool {
		e.URL, e.Name, e.Types = in.URL, in.Name, in.Types
		return true
	})
}

// change changes an endpoint that is there, and has it looked at.
func (h *Endpoints) change(ctx context.Context, id, act, by string, data map[string]string, change func(*webhooks.Endpoint) bool) (*webhooks.Endpoint, error) {
	if _, err := h.Config.Endpoints.Get(ctx, id); err != nil {
		return nil, err
	}
	if err := h.record(ctx, id, act, by, data); err != nil {
		return nil, err
	}
	e, err := h.Config.Endpoints.Change(ctx, id, func(e *webhooks.Endpoint) error {
		if !change(e) {
			return store.Unchanged()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return e, h.wakeUp(ctx, id)
}

func (h *Endpoints) wakeUp(ctx context.Context, id string) error {
	err := h.Deliveries.Wake(ctx, id, h.now())
	h.Wake()
	return err
}

// Rotate gives an endpoint another secret, which is returned here and nowhere else. The one before signs beside it for a day, or, with
// keepOld false, not any more: for one that has become known.
func (h *Endpoints) Rotate(ctx context.Context, id, by string, keepOld bool) (_ *webhooks.Endpoint, secret string, err error) {
	key, kept := newKey(), "0"
	if keepOld {
		kept = webhooks.OldSecret.String()
	}
	e, err := h.change(ctx, id, "webhook_rotated", by, map[string]string{"old_secret": kept}, func(e *webhooks.Endpoint) bool {
		e.Rotate(key, keepOld, h.now())
		return true
	})
	return e, webhooks.SecretText(key), err
}

// Pause stops the sending to an endpoint. What waits, and what comes until it is resumed, is kept as failed, for a replay.
func (h *Endpoints) Pause(ctx context.Context, id, by string) (*webhooks.Endpoint, error) {
	return h.change(ctx, id, "webhook_paused", by, nil, func(e *webhooks.Endpoint) bool { return e.Pause(webhooks.ByHand, h.now()) })
}

// Resume begins sending again, of what happens from now on.
func (h *Endpoints) Resume(ctx context.Context, id, by string) (*webhooks.Endpoint, error) {
	return h.change(ctx, id, "webhook_resumed", by, nil, (*webhooks.Endpoint).Resume)
}

// Delete ends an endpoint; its deliveries go seconds later.
func (h *Endpoints) Delete(ctx context.Context, id, by string) error {
	e, err := h.Config.Endpoints.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := h.record(ctx, id, "webhook_deleted", by, Form{e.URL, e.Name, e.Types}.data()); err != nil {
		return err
	}
	if err := h.Config.Endpoints.Delete(ctx, id); err != nil {
		return err
	}
	return h.wakeUp(ctx, id)
}

// Test sends an event that says nothing, to a paused endpoint as well, and returns its delivery, which waits.
func (h *Endpoints) Test(ctx context.Context, id, by string) (*webhooks.Delivery, error) {
	e, err := h.Config.Endpoints.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := h.record(ctx, id, "webhook_tested", by, nil); err != nil {
		return nil, err
	}
	ev := webhooks.NewTest(store.NewID(), h.now())
	body, err := ev.Body()
	if err != nil {
		return nil, err
	}
	d, _ := webhooks.NewDelivery(e, ev, body, h.now()) // a test is newer than its endpoint
	if err := h.Deliveries.Insert(ctx, &d); err != nil {
		return nil, err
	}
	h.Wake()
	return &d, nil
}

// List lists the deliveries of an endpoint, newest first, those in a state or, with "", all.
func (h *Endpoints) List(ctx context.Context, id string, state webhooks.DeliveryState, limit int, cursor string) ([]webhooks.Delivery, string, error) {
	if _, err := h.Config.Endpoints.Get(ctx, id); err != nil {
		return nil, "", err
	}
	return h.Deliveries.Page(ctx, id, state, limit, cursor)
}

// Delivery reads a delivery of an endpoint; shop.ErrDeliveryNotFound.
func (h *Endpoints) Delivery(ctx context.Context, id, delivery string) (*webhooks.Delivery, error) {
	return h.Deliveries.Get(ctx, id, delivery)
}

// Replay has a delivery tried again, whatever came of it, under the same webhook-id.
//
// Errors: shop.ErrWebhookNotFound, shop.ErrWebhookPaused, shop.ErrDeliveryNotFound.
func (h *Endpoints) Replay(ctx context.Context, id, delivery, by string) (*webhooks.Delivery, error) {
	if err := h.sendable(ctx, id); err != nil {
		return nil, err
	}
	if _, err := h.Deliveries.Get(ctx, id, delivery); err != nil {
		return nil, err
	}
	if err := h.record(ctx, id, "webhook_replayed", by, map[string]string{"delivery": delivery}); err != nil {
		return nil, err
	}
	d, err := h.Deliveries.Replay(ctx, id, delivery, h.now())
	h.Wake()
	return d, err
}

// ReplayFailed has all deliveries tried again that have failed and were made at since or later, and counts them.
//
// Errors: shop.ErrWebhookNotFound, shop.ErrWebhookPaused.
func (h *Endpoints) ReplayFailed(ctx context.Context, id string, since time.Time, by string) (int64, error) {
	if err := h.sendable(ctx, id); err != nil {
		return 0, err
	}
	if err := h.record(ctx, id, "webhook_replayed", by, map[string]string{"since": since.UTC().Format(time.RFC3339)}); err != nil {
		return 0, err
	}
	n, err := h.Deliveries.ReplayFailed(ctx, id, since, h.now())
	h.Wake()
	return n, err
}

func (h *Endpoints) sendable(ctx context.Context, id string) error {
	e, err := h.Config.Endpoints.Get(ctx, id)
	if err == nil && e.State == webhooks.Paused {
		err = shop.ErrWebhookPaused
	}
	return err
}
