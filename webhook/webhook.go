// Package webhook sends what happens in the shop to its owner's other programs: endpoints.go is what an administrator does to an
// endpoint, events.go makes deliveries of what happened, sender.go delivers them. package webhooks (in shop) has the rules.
//
// How nothing is lost: what moves an order or an enrolment owes the event as a duty, or in its wakeup, and that is done again until
// the deliveries are written, each under an id that follows from event and endpoint. Each endpoint has a wakeup; the instance that
// holds it sends what is due, and writes down what came of each attempt. A process that dies after the request and before that sends
// the event again under the same webhook-id: at least once. Nothing is promised about the order of events.
package webhook

import (
	"log/slog"
	"time"

	"mstm/shop/webhooks"
	"mstm/store"
)

// Config is what the parts work with. All of it is needed but what says otherwise.
type Config struct {
	Endpoints  *store.Webhooks
	Deliveries *store.WebhookDeliveries
	Wakeups    *store.Wakeups
	Audit      *store.Audit
	Addresses  webhooks.Addresses
	Now        func() time.Time // the shop's clock
	Real       func() time.Time // optional: the time that signatures name, which never leaps; nil: time.Now
	Wake       func()           // has wakeups looked for now
	Log        *slog.Logger
}

// basics are what every part needs.
type basics struct {
	Config
}

// now is the shop's clock in the milliseconds that the database keeps.
func (b basics) now() time.Time { return b.Now().UTC().Truncate(time.Millisecond) }

// Webhooks are the parts.
type Webhooks struct {
	Endpoints *Endpoints
	Events    *Events
	Sender    *Sender
}

// New makes the parts; the Sender's Wakeups are to be handled.
func New(cfg Config) *Webhooks {
	if cfg.Real == nil {
		cfg.Real = time.Now
	}
	b := basics{cfg}
	events := &Events{b}
	return &Webhooks{Endpoints: &Endpoints{basics: b, events: events}, Events: events, Sender: newSender(b)}
}
