package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"mstm/hub/feed"
)

// Event is what happened, for everybody who follows Topic.
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
	// ErrInLine: Redis has not taken the event, which the pages of this instance have, and it stands in line. To publish
	// it again without a Once would double it.
	ErrInLine = feed.ErrPending
)

const (
	maxEventBytes = 128 << 10
	maxTypeBytes  = 64
)

// Publish gives e a position in its topic, keeps it for resume and sends it to every instance,
// this one included, and returns the position. A repeat of the same Once within 24 hours
// publishes nothing and returns the first one's position. Errors: ErrBadEvent, ErrTooLarge,
// what Redis says; where that wraps ErrInLine, the pages of this instance have the event, and the others get it
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

// event is an entry made ready to be sent, or an answer of the hub, which has neither topic nor
// position. The frame is built once and shared by all followers.
type event struct {
	pos    feed.Position // a pending event has none
	place  string        // what clients see of it, where that is not pos alone; see seen.go
	tag    string
	topic  string
	lane   lane
	kind   string // of whole state: its type; "": it is news and replaces nothing
	state  feed.State
	frame  []byte
	ending *ending // not nil: not an event for clients but an order to end sockets
}

func newEvent(e feed.Entry) *event {
	ev := &event{pos: e.Position, tag: strings.Clone(e.Tag), topic: strings.Clone(e.Topic), lane: laneOf(e.Topic)}
	if order, ok := parseEnding(e.Body); ok {
		ev.ending = order
		return ev
	}
	if e.State.Whole {
		ev.kind, ev.state = typeOf(e.Body), e.State
	}
	ev.frame = eventFrame(e.Topic, ev.pos.Shown(), e.Body)
	return ev
}

// At implements feed.Event.
func (ev *event) At() (p *feed.Position, tag string) { return &ev.pos, ev.tag }

// Weight implements feed.Event.
func (ev *event) Weight() int { return len(ev.frame) + len(ev.topic) + 128 }

// Placed implements feed.Event.
func (ev *event) Placed(place string) feed.Event { return ev.placed(place) }
