package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"mstm/hub/conn"
	"mstm/hub/feed"
)

// Event is what happened, for all followers of Topic.
type Event struct {
	Topic, Type string
	Once        string // not empty: published at most once per 24 h under this key
	Whole       bool   // the data is the whole state: of one topic and type, the newest event says all that older ones said
	Version     int64  // of whole state: a lower one never replaces a higher one
	Data        any    // marshalled to JSON; at most 128 KiB
}

// What Publish refuses.
var (
	ErrBadEvent = errors.New("hub: event has no valid topic or type")
	ErrTooLarge = errors.New("hub: event is larger than 128 KiB")
	// ErrPending: the pages of this instance have the event, and it is queued for Redis, which does not take it now. To
	// publish it again without a Once would double it.
	ErrPending = feed.ErrPending
)

const (
	maxEventBytes = 128 << 10
	maxTypeBytes  = 64
)

// Publish gives e a position in its topic, keeps it for resume and sends it to every instance,
// this one included, and returns the position. A repeat of the same Once within 24 hours
// publishes nothing and returns the first one's position. Errors: ErrBadEvent, ErrTooLarge,
// what Redis says; where that wraps ErrPending, the pages of this instance have the event, and the others get it
// when Redis is back, if this instance lives till then (see feed/pending.go).
func (h *Hub) Publish(ctx context.Context, e Event) (pos string, err error) {
	if !validTopic(e.Topic) || !validType(e.Type) {
		return "", fmt.Errorf("%w: topic %q, type %q", ErrBadEvent, e.Topic, e.Type)
	}
	body, err := eventBody(e)
	if err != nil {
		return "", err
	}
	pos, err = h.feed.Publish(ctx, partitionIndex(e.Topic), feed.Draft{
		Topic: e.Topic, Body: body, Once: e.Once, State: feed.State{Whole: e.Whole, Version: e.Version},
	})
	if err != nil {
		return "", fmt.Errorf("publish %s: %w", e.Type, err)
	}
	h.count.published.Add(1)
	return pos, nil
}

// eventBody is the part of the frame that does not depend on the position: `"type":…,"data":…`.
func eventBody(e Event) (string, error) {
	data, err := json.Marshal(e.Data)
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrBadEvent, e.Type, err)
	}
	if len(data) > maxEventBytes {
		return "", fmt.Errorf("%w: %s", ErrTooLarge, e.Type)
	}
	return `"type":"` + e.Type + `","data":` + string(data), nil
}

// typeOf is the type in what eventBody has made.
func typeOf(body string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(body, `"type":"`), `"`)
	return strings.Clone(kind)
}

// validType admits words with dots between.
func validType(t string) bool {
	if t == "" || len(t) > maxTypeBytes {
		return false
	}
	return strings.Trim(t, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// event is an entry made ready to be sent. The frame is built once and shared by all followers.
type event struct {
	conn.Event
	pos   feed.Position // a pending event has none
	tag   string
	topic string
	kind  string      // its type, on the topic desk only
	order *revocation // not nil: not an event for clients but an order to end sockets
}

func newEvent(e feed.Entry) *event {
	ev := &event{pos: e.Position, tag: strings.Clone(e.Tag), topic: strings.Clone(e.Topic)}
	if order, ok := parseRevocation(e.Body); ok {
		ev.order = order
		return ev
	}
	ev.Topic, ev.Lane, ev.Place = shownTopic(ev.topic), laneOf(ev.topic), ev.pos.Shown()
	if ev.topic == Desk {
		ev.kind = typeOf(e.Body)
	}
	if e.State.Whole {
		ev.Kind, ev.Version = typeOf(e.Body), e.State.Version
	}
	ev.Frame = conn.EventFrame(ev.Topic, ev.Place, e.Body)
	return ev
}

// placed is ev with a place of its own.
func (ev *event) placed(place string) *event {
	other := *ev
	other.Event = ev.Event.Placed(place)
	return &other
}

// At implements feed.Event.
func (ev *event) At() (p *feed.Position, tag string) { return &ev.pos, ev.tag }

// Weight implements feed.Event.
func (ev *event) Weight() int { return len(ev.Frame) + len(ev.topic) + 128 }

// Placed implements feed.Event.
func (ev *event) Placed(place string) feed.Event { return ev.placed(place) }
