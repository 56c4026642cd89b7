package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Live is an AsyncAPI document that frames of the server are held against, by several goroutines at once.
type Live struct {
	frames map[string]*jsonschema.Schema // by op; that of "event" is for events of types without a message
	events map[string]*jsonschema.Schema // by type
}

// ReadLive reads the document, and rest, the OpenAPI document, to whose schemas it refers. A message whose payload fixes
// the member type is that of this type of event; its name has to be the type.
func ReadLive(live, rest []byte) (*Live, error) {
	r, err := newReader(liveDocument, live)
	if err != nil {
		return nil, err
	}
	if _, err := r.add(restDocument, rest); err != nil {
		return nil, err
	}
	l := &Live{frames: map[string]*jsonschema.Schema{}, events: map[string]*jsonschema.Schema{}}
	messages, _ := r.at("components", "messages")
	for name := range messages {
		schema, err := r.compile([]string{"components", "messages", name, "payload"})
		if err != nil {
			return nil, err
		}
		fixed, _ := r.at("components", "messages", name, "payload", "properties", "type")
		switch fixed["const"] {
		case nil:
			l.frames[name] = schema
		case name:
			l.events[name] = schema
		default:
			return nil, fmt.Errorf("the message %s is of the type %v", name, fixed["const"])
		}
	}
	return l, nil
}

// Types are the types of events that have a message of their own.
func (l *Live) Types() []string { return slices.Sorted(maps.Keys(l.events)) }

// Check says in what a frame is not as the document has it.
func (l *Live) Check(frame []byte) error {
	var head struct{ Op, Type string }
	if err := json.Unmarshal(frame, &head); err != nil {
		return err
	}
	schema := l.events[head.Type]
	if head.Op != "event" || schema == nil {
		schema = l.frames[head.Op]
	}
	if schema == nil {
		return fmt.Errorf("the document has no frame %q", head.Op)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(frame))
	if err != nil {
		return err
	}
	if err := schema.Validate(v); err != nil {
		return fmt.Errorf("frame %.2000s: %w", frame, err)
	}
	return nil
}

// FrameCheck is Live.Check by documents that are read when the first frame comes.
func FrameCheck(live []byte, rest func() ([]byte, error)) func(frame []byte) error {
	read := sync.OnceValues(func() (*Live, error) {
		text, err := rest()
		if err != nil {
			return nil, err
		}
		return ReadLive(live, text)
	})
	return func(frame []byte) error {
		l, err := read()
		if err != nil {
			return err
		}
		return l.Check(frame)
	}
}
