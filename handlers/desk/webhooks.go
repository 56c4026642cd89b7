package desk

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/shop/webhooks"
	"mstm/webhook"
)

// Webhooks are the endpoints that events are sent to.
type Webhooks struct {
	Endpoints *webhook.Endpoints
	Now       func() time.Time
}

// Webhook is an endpoint without its secret.
type Webhook struct {
	ID             string          `json:"id"`
	URL            string          `json:"url"`
	Name           string          `json:"name"`
	Types          []webhooks.Type `json:"types"`
	State          webhooks.State  `json:"state"`
	Reason         webhooks.Reason `json:"reason,omitempty"` // why it is paused
	PausedAt       *time.Time      `json:"paused_at,omitempty"`
	FailingSince   *time.Time      `json:"failing_since,omitempty"`
	OldSecretUntil *time.Time      `json:"old_secret_until,omitempty"` // until when the secret before signs too
	CreatedAt      time.Time       `json:"created_at"`
}

func (h *Webhooks) view(e *webhooks.Endpoint) Webhook {
	return Webhook{
		ID: e.ID, URL: e.URL, Name: e.Name, Types: e.Types, State: e.State, Reason: e.Reason, PausedAt: utc(e.PausedAt), FailingSince: utc(e.FailingSince),
		OldSecretUntil: utc(e.OldUntil(h.Now())), CreatedAt: rest.UTC(e.CreatedAt),
	}
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	at := rest.UTC(*t)
	return &at
}

// NewWebhook is an endpoint with its secret, which no other answer has.
type NewWebhook struct {
	Webhook
	Secret string `json:"secret"`
}

// Delivery is an event on its way to an endpoint. Body is in the answer about one delivery alone.
type Delivery struct {
	ID        string                 `json:"id"`
	Event     string                 `json:"event_id"` // the webhook-id
	Type      webhooks.Type          `json:"type"`
	State     webhooks.DeliveryState `json:"state"`
	Code      string                 `json:"code,omitempty"`
	NextAt    *time.Time             `json:"next_at,omitempty"` // of one that waits
	CreatedAt time.Time              `json:"created_at"`
	Attempts  []webhooks.Attempt     `json:"attempts"` // the oldest first
	Body      string                 `json:"body,omitempty"`
}

func viewDelivery(d *webhooks.Delivery) Delivery {
	v := Delivery{ID: d.ID, Event: d.Event, Type: d.Type, State: d.State, Code: d.Code, CreatedAt: rest.UTC(d.CreatedAt), Attempts: []webhooks.Attempt{}}
	if d.State == webhooks.Waiting {
		v.NextAt = utc(&d.NextAt)
	}
	for _, a := range d.Attempts {
		a.At = rest.UTC(a.At)
		v.Attempts = append(v.Attempts, a)
	}
	return v
}

// form is the body that makes or edits an endpoint.
type form struct {
	URL   string          `json:"url"`
	Name  string          `json:"name"`
	Types []webhooks.Type `json:"types"`
}

func endpointID(r *http.Request) (string, error) {
	return rest.PathID(r, "webhook", shop.ErrWebhookNotFound)
}

// List answers GET /api/admin/webhooks.
func (h *Webhooks) List(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Endpoints.All(r.Context())
	if err != nil {
		return err
	}
	list := rest.Page[Webhook]{Items: []Webhook{}}
	for i := range all {
		list.Items = append(list.Items, h.view(&all[i]))
	}
	return rest.Encode(w, http.StatusOK, list)
}

// Create answers POST /api/admin/webhooks `{url,name,types}`. The secret is in this answer and nowhere else.
func (h *Webhooks) Create(w http.ResponseWriter, r *http.Request) error {
	var in form
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	e, secret, err := h.Endpoints.Create(r.Context(), rest.LearnerID(r.Context()), webhook.Form(in))
	if err != nil {
		return err
	}
	rest.LogEvent(r, "webhook created", slog.String("webhook", e.ID))
	return rest.Encode(w, http.StatusCreated, NewWebhook{h.view(e), secret})
}

// Edit answers PUT /api/admin/webhooks/:webhook `{url,name,types}`.
func (h *Webhooks) Edit(w http.ResponseWriter, r *http.Request) error {
	var in form
	id, err := endpointID(r)
	if err != nil {
		return err
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	e, err := h.Endpoints.Edit(r.Context(), id, rest.LearnerID(r.Context()), webhook.Form(in))
	return h.answer(w, e, err)
}

func (h *Webhooks) answer(w http.ResponseWriter, e *webhooks.Endpoint, err error) error {
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, h.view(e))
}

// Rotate answers POST /api/admin/webhooks/:webhook/rotate `{keep_old?}`. The new secret is in this answer and nowhere else.
func (h *Webhooks) Rotate(w http.ResponseWriter, r *http.Request) error {
	in := struct {
		KeepOld bool `json:"keep_old"`
	}{true}
	id, err := endpointID(r)
	if err != nil {
		return err
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	e, secret, err := h.Endpoints.Rotate(r.Context(), id, rest.LearnerID(r.Context()), in.KeepOld)
	if err != nil {
		return err
	}
	rest.LogEvent(r, "webhook secret rotated", slog.String("webhook", id))
	return rest.Encode(w, http.StatusOK, NewWebhook{h.view(e), secret})
}

// Pause answers POST /api/admin/webhooks/:webhook/pause.
func (h *Webhooks) Pause(w http.ResponseWriter, r *http.Request) error {
	id, err := endpointID(r)
	if err != nil {
		return err
	}
	e, err := h.Endpoints.Pause(r.Context(), id, rest.LearnerID(r.Context()))
	return h.answer(w, e, err)
}

// Resume answers POST /api/admin/webhooks/:webhook/resume.
func (h *Webhooks) Resume(w http.ResponseWriter, r *http.Request) error {
	id, err := endpointID(r)
	if err != nil {
		return err
	}
	e, err := h.Endpoints.Resume(r.Context(), id, rest.LearnerID(r.Context()))
	return h.answer(w, e, err)
}

// Delete answers DELETE /api/admin/webhooks/:webhook.
func (h *Webhooks) Delete(w http.ResponseWriter, r *http.Request) error {
	id, err := endpointID(r)
	if err != nil {
		return err
	}
	if err := h.Endpoints.Delete(r.Context(), id, rest.LearnerID(r.Context())); err != nil {
		return err
	}
	rest.LogEvent(r, "webhook deleted", slog.String("webhook", id))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// Test answers POST /api/admin/webhooks/:webhook/test: the delivery, which waits.
func (h *Webhooks) Test(w http.ResponseWriter, r *http.Request) error {
	id, err := endpointID(r)
	if err != nil {
		return err
	}
	d, err := h.Endpoints.Test(r.Context(), id, rest.LearnerID(r.Context()))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusAccepted, viewDelivery(d))
}

// Deliveries answers GET /api/admin/webhooks/:webhook/deliveries?state=&limit=&cursor=, newest first, without the bodies.
func (h *Webhooks) Deliveries(w http.ResponseWriter, r *http.Request) error {
	id, err := endpointID(r)
	if err != nil {
		return err
	}
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	state := webhooks.DeliveryState(q.Get("state"))
	if state != "" && !slices.Contains(webhooks.States(), state) {
		return shop.ErrInvalidQuery.At("state")
	}
	all, next, err := h.Endpoints.List(r.Context(), id, state, rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := rest.Page[Delivery]{Items: []Delivery{}, NextCursor: next}
	for i := range all {
		list.Items = append(list.Items, viewDelivery(&all[i]))
	}
	return rest.Encode(w, http.StatusOK, list)
}

// Delivery answers GET /api/admin/webhooks/:webhook/deliveries/:delivery, with the body that is sent.
func (h *Webhooks) Delivery(w http.ResponseWriter, r *http.Request) error {
	id, delivery, err := deliveryID(r)
	if err != nil {
		return err
	}
	d, err := h.Endpoints.Delivery(r.Context(), id, delivery)
	if err != nil {
		return err
	}
	v := viewDelivery(d)
	v.Body = d.Body
	return rest.Encode(w, http.StatusOK, v)
}

func deliveryID(r *http.Request) (endpoint, delivery string, err error) {
	if endpoint, err = endpointID(r); err == nil {
		delivery, err = rest.PathID(r, "delivery", shop.ErrDeliveryNotFound)
	}
	return endpoint, delivery, err
}

// Replay answers POST /api/admin/webhooks/:webhook/deliveries/:delivery/replay: the delivery, which waits.
func (h *Webhooks) Replay(w http.ResponseWriter, r *http.Request) error {
	id, delivery, err := deliveryID(r)
	if err != nil {
		return err
	}
	d, err := h.Endpoints.Replay(r.Context(), id, delivery, rest.LearnerID(r.Context()))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusAccepted, viewDelivery(d))
}

// ReplayFailed answers POST /api/admin/webhooks/:webhook/replay `{since}`: how many deliveries are sent again.
func (h *Webhooks) ReplayFailed(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Since time.Time `json:"since"`
	}
	id, err := endpointID(r)
	if err != nil {
		return err
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Since.IsZero() {
		return shop.ErrInvalidField.At("since")
	}
	n, err := h.Endpoints.ReplayFailed(r.Context(), id, in.Since, rest.LearnerID(r.Context()))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusAccepted, struct {
		Replayed int64 `json:"replayed"`
	}{n})
}
