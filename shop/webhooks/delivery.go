package webhooks

import (
	"time"
)

// DeliveryState is how far a delivery is.
type DeliveryState string

// The states of a delivery.
const (
	Waiting   DeliveryState = "waiting" // it is tried at NextAt
	Delivered DeliveryState = "delivered"
	Failed    DeliveryState = "failed" // it is tried again only where an administrator asks for it
)

// States are all that a list can be asked for.
func States() []DeliveryState { return []DeliveryState{Waiting, Delivered, Failed} }

// Why a delivery has failed, or an attempt.
const (
	CodeTries   = "TRIES_USED"      // a delivery: no attempt of a day has succeeded
	CodePaused  = "ENDPOINT_PAUSED" // a delivery: its endpoint was paused when it came, or since
	CodeGone    = "GONE"            // a delivery: the endpoint answered 410
	CodeStatus  = "STATUS"          // an attempt: an answer that is not 2xx; redirects are not followed
	CodeTimeout = "TIMEOUT"         // an attempt: no answer within Timeout
	CodeRefused = "ADDRESS_REFUSED" // an attempt: the name leads to an address that is not allowed
	CodeTLS     = "TLS"             // an attempt: the certificate is not good for the name
	CodeConnect = "NO_CONNECTION"   // an attempt: everything else that went wrong on the way
)

const (
	// Timeout is how long an endpoint may take to answer, from the look-up of its name on.
	Timeout = 10 * time.Second

	// KeptFor is how long a delivery and its attempts are kept.
	KeptFor = 30 * 24 * time.Hour

	// newest is how old a thing may be that a delivery is made of. A duty that comes again later than that would otherwise send once
	// more what was sent before: the delivery that would show it is gone.
	newest = KeptFor - 24*time.Hour

	// slack is how much earlier than the endpoint a thing may be: WeChat's times are in whole seconds, and clocks differ.
	slack = time.Minute

	// maxAttempts is how many attempts a delivery keeps, the newest ones; more come only by replays.
	maxAttempts = 30

	// MaxAnswer is how many bytes of an answer are kept.
	MaxAnswer = 512
)

// pauses are those after each failed attempt; after the last the delivery has failed. Together they are a little less than a day.
var pauses = [...]time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// jitter is how much longer a pause may be at most, as a part of it: deliveries that failed together do not all come back together.
const jitter = 0.1

// Tries is how often a delivery is tried before it has failed.
const Tries = len(pauses) + 1

// Delivery is one event on its way to one endpoint. The id follows from both, so that an event goes to an endpoint once, however
// often it is written.
type Delivery struct {
	ID        string        `bson:"_id"`
	V         int64         `bson:"v"`
	Endpoint  string        `bson:"endpoint"`
	Event     string        `bson:"event"` // the id of the event: webhook-id
	Type      Type          `bson:"type"`
	Test      bool          `bson:"test"`
	Body      string        `bson:"body"` // as it is sent, each time the same bytes
	State     DeliveryState `bson:"state"`
	Code      string        `bson:"code,omitempty"` // why it has failed
	Tries     int           `bson:"tries"`          // since it was made, or since the last replay
	NextAt    time.Time     `bson:"next_at"`        // by the shop's clock
	Attempts  []Attempt     `bson:"attempts"`       // the oldest first
	CreatedAt time.Time     `bson:"created_at"`
	ExpiresAt time.Time     `bson:"expires_at"`
}

// Attempt is one request to the endpoint.
type Attempt struct {
	At     time.Time `bson:"at" json:"at"`
	MS     int64     `bson:"ms" json:"ms"`                             // how long it took
	Status int       `bson:"status,omitempty" json:"status,omitempty"` // 0: no answer
	Code   string    `bson:"code,omitempty" json:"code,omitempty"`     // "": it succeeded
	Answer string    `bson:"answer,omitempty" json:"answer,omitempty"` // the first bytes of it
}

// NewDelivery is an event for an endpoint; ok is false where the event is from before the endpoint, or too old.
func NewDelivery(e *Endpoint, ev Event, body []byte, now time.Time) (d Delivery, ok bool) {
	if ev.CreatedAt.Before(e.CreatedAt.Add(-slack)) || now.Sub(ev.CreatedAt) > newest {
		return Delivery{}, false
	}
	return Delivery{
		ID: idOf("delivery", ev.ID, e.ID), Endpoint: e.ID, Event: ev.ID, Type: ev.Type, Test: ev.Type == Test, Body: string(body), State: Waiting,
		NextAt: now.UTC(), Attempts: []Attempt{}, CreatedAt: now.UTC(), ExpiresAt: now.UTC().Add(KeptFor),
	}, true
}

// Note notes an attempt. share, from 0 to less than 1, is which part of the jitter the next pause has.
func (d *Delivery) Note(a Attempt, now time.Time, share float64) {
	d.Attempts = append(d.Attempts, a)
	d.Attempts = d.Attempts[max(0, len(d.Attempts)-maxAttempts):]
	if d.State != Waiting {
		return // another instance was first
	}
	d.Tries++
	switch {
	case a.Code == "":
		d.State = Delivered
	case a.Status == gone:
		d.State, d.Code = Failed, CodeGone
	case d.Tries >= Tries:
		d.State, d.Code = Failed, CodeTries
	default:
		pause := pauses[d.Tries-1]
		d.NextAt = now.UTC().Add(pause + time.Duration(share*jitter*float64(pause)))
	}
}

const gone = 410

// Gone reports whether the endpoint wants no further events.
func (a Attempt) Gone() bool { return a.Status == gone }

// Replay has the delivery tried again from now on, as often as a new one, under the same webhook-id.
func (d *Delivery) Replay(now time.Time) {
	d.State, d.Code, d.Tries, d.NextAt = Waiting, "", 0, now.UTC()
}
