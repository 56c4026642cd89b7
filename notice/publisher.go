package notice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// Publisher publishes events of marketing's programs. One reaches the pages that are open, and those that come back soon;
// what must not be missed is a broadcast.
type Publisher struct {
	Hub       *hub.Hub
	Catalogue *store.CatalogueCache
}

// ProgramEvent is an event of a program. Data is JSON, empty for {}. For Once see hub.Event.
type ProgramEvent struct {
	Topic, Type, Once string
	Data              []byte
}

// maxEventData is the size of a published event's data in bytes.
const maxEventData = 16 << 10

// Publish publishes one event and returns its place in its topic. Types of the shop's own events, topics other than
// everybody's and those of courses, and data beyond 16 KiB are refused. While Redis is away an event has no place: pending
// says that some pages have it already, so that it is not to be sent again.
func (p *Publisher) Publish(ctx context.Context, e ProgramEvent) (pos string, pending bool, err error) {
	if err := p.checkTopic(ctx, e.Topic); err != nil {
		return "", false, err
	}
	if !isEventType(e.Type) || shop.IsEventType(e.Type) {
		return "", false, shop.ErrInvalidField.At("type")
	}
	if len(e.Data) > maxEventData {
		return "", false, shop.ErrInvalidField.At("data")
	}
	data := bytes.TrimSpace(e.Data)
	if len(data) == 0 {
		data = []byte("{}")
	}
	pos, err = p.Hub.Publish(ctx, hub.Event{Topic: e.Topic, Type: e.Type, Once: e.Once, Data: json.RawMessage(data)})
	if pending = errors.Is(err, hub.ErrPending); pending {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", shop.ErrHubUnavailable, err)
	}
	return pos, pending, err
}

// checkTopic lets through the topics of marketing: everybody, and the pages of one course. A learner's own topic and the
// console's are the shop's.
func (p *Publisher) checkTopic(ctx context.Context, topic string) error {
	if topic == hub.Activity {
		return nil
	}
	id, ok := strings.CutPrefix(topic, "course:")
	if !ok || !shop.ValidID(id) {
		return shop.ErrTopicUnknown.At("topic")
	}
	all, err := p.Catalogue.Get(ctx)
	if err != nil {
		return err
	}
	if c, ok := all.Course(id); !ok || c.State == shop.CourseDraft {
		return shop.ErrTopicUnknown.At("topic")
	}
	return nil
}

// isEventType admits words like activity.begins.
func isEventType(t string) bool {
	return t != "" && len(t) <= 64 && strings.Trim(t, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}
