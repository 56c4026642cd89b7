package feed

import (
	"strconv"
	"strings"
)

// Position is a point in a partition's log. Offsets are dense from 1 within an epoch; another
// epoch is another log, and nothing can be said about what lies between the two.
type Position struct {
	Epoch  string
	Offset uint64
}

// Head is where a log ends: at its last entry, which has Tag.
type Head struct {
	Position
	Tag string
}

// Span is a part of a log: (From, To] of Epoch.
type Span struct {
	Epoch    string
	From, To uint64
}

// String is the form that clients get and give back: "EPOCH-OFFSET".
func (p Position) String() string {
	return p.Epoch + "-" + strconv.FormatUint(p.Offset, 10)
}

// Shown is String, but empty while there is no contact with the log.
func (p Position) Shown() string {
	if p.Epoch == "" {
		return ""
	}
	return p.String()
}

// ParsePosition reads what String wrote. ok is false for anything else.
func ParsePosition(s string) (p Position, ok bool) {
	i := strings.LastIndexByte(s, '-')
	if i < 1 || len(s) > 64 {
		return Position{}, false
	}
	n, err := strconv.ParseUint(s[i+1:], 10, 53)
	return Position{Epoch: s[:i], Offset: n}, err == nil
}

// A place is what a client gets as pos and gives back as since: a position, and the marks of events behind it
// that the client has had as pending events, from an instance that had no contact with the log.
// "EPOCH-OFFSET.MARK.MARK" means: everything up to the offset, and these. So a client that comes back, to
// whichever instance, gets none of them again.

const (
	markBytes  = 6 // of a tag: enough to tell apart what a log holds behind a place
	placeBytes = 64 + MaxPending*(markBytes+1)
)

// Mark is the part of a tag that places carry.
func Mark(tag string) string { return tag[:min(markBytes, len(tag))] }

// ParsePlace reads what a client sent as since. ok is false for what is no place.
func ParsePlace(s string) (pos Position, marks []string, ok bool) {
	if len(s) > placeBytes {
		return Position{}, nil, false
	}
	base, rest, some := strings.Cut(s, ".")
	if some {
		marks = strings.Split(strings.Clone(rest), ".")
	}
	pos, ok = ParsePosition(base)
	return pos, marks, ok
}

// WithMarks adds marks to a place.
func WithMarks(place string, marks []string) string {
	if place == "" || len(marks) == 0 {
		return place
	}
	return place + "." + strings.Join(marks, ".")
}

// continues reports whether the log that ends at now is the one that ended at h once, by the entries
// read from h on. It is not where a replica took over without the tail and the lost offsets were
// given to other entries.
func (h Head) continues(now Head, entries []Entry) bool {
	switch {
	case now.Offset <= h.Offset:
		return now == h
	case len(entries) > 0 && entries[0].Offset == h.Offset:
		return entries[0].Tag == h.Tag
	}
	return true // as far as is known
}

// denseTail is the part of entries that ends at the head without a hole.
func (h Head) denseTail(entries []Entry) []Entry {
	first := len(entries)
	for want := h.Offset; first > 0 && entries[first-1].Offset == want; first-- {
		want--
	}
	return entries[first:]
}
