package feed

import (
	"context"
	"strings"
)

// Entry is one place of a partition's log.
type Entry struct {
	Position
	Before string // the tag of the entry before it, where the channel has brought it
	Tag    string
	Topic  string
	Body   string
	State  State
}

// State says whether an entry is the whole state of its topic and type, and at which version: of state only the newest
// has to arrive, of news, which the zero value is, each entry. Two writers may publish in the other order than they
// wrote, so a lower version never replaces a higher one.
type State struct {
	Whole   bool
	Version int64
}

// OrderMark starts the body of an entry that is for the instances, not for followers.
const OrderMark = "!"

// Order is the body of an entry that is for the instances.
func Order(body string) (text string, is bool) { return strings.CutPrefix(body, OrderMark) }

// Draft is an entry that has no place in the log yet.
type Draft struct {
	Topic, Body string
	Once        string // not empty: appended at most once per 24 h under this key
	State       State
	Tag         string // the same for every try; Publish sets it
}

// Log keeps the entries of the partitions. Partitions are named by their index. Calls end with their context.
type Log interface {
	// Append puts a draft at the end of a partition, sends it over the channel and returns its position. A
	// repeat of the same Once, or of the same tag within minutes, appends nothing and returns the first position.
	Append(ctx context.Context, part int, d Draft) (position string, err error)
	// Open makes sure that a partition has an epoch, and another one than spent.
	Open(ctx context.Context, part int, spent string) error
	// Heads returns where the partitions end; one without an epoch does not exist. It also lets something come over
	// the subscription to just these partitions on this instance.
	Heads(ctx context.Context, parts []int) ([]Head, error)
	// Read returns at most limit entries from..to (to 0: to the end) and where the partition ended at the same moment.
	Read(ctx context.Context, part int, from, to uint64, limit int) (Head, []Entry, error)
}

// Channel sends what is appended to every instance.
type Channel interface {
	// Subscribe calls the listener until the subscription fails or ctx ends.
	Subscribe(ctx context.Context, parts []int, to Listener) error
	// Send sends a note that no log keeps.
	Send(ctx context.Context, part int, note string) error
	// Parse reads the entry in a text that a listener was given; anything else is a note.
	Parse(text string) (e Entry, ok bool)
}

// Listener takes what comes over a subscription. Its methods do not block.
type Listener interface {
	// Joined: the subscription, or a part of it, is new. What was sent before is missing.
	Joined()
	// Alive: an echo has come.
	Alive()
	// Hear takes one text, which Channel.Parse reads.
	Hear(part int, text string)
}
