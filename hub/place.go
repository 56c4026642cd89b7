package hub

import (
	"bytes"
	"slices"
	"strings"
)

// A place is what a client gets as pos and gives back as since: a position, and the marks of events behind it that the
// client has had early, from an instance that had no contact with the log. "EPOCH-OFFSET.MARK.MARK" means: everything
// up to the offset, and these. So whoever comes back, to whichever instance, gets none of them again.

const (
	markBytes  = 6 // of a tag: enough to tell apart what a log holds behind a place
	placeBytes = 64 + earlyEvents*(markBytes+1)
	// heardFor is how many events of a topic a follower's marks are kept for: what they belong to is lost by then, or the
	// instance that has it is cut off for long. The follower reads the state then, which shows it.
	heardFor = 1024
)

func markOf(tag string) string { return tag[:min(markBytes, len(tag))] }

// parsePlace reads what a client sent as since. ok is false for what is no place.
func parsePlace(s string) (pos position, marks []string, ok bool) {
	if len(s) > placeBytes {
		return position{}, nil, false
	}
	base, rest, some := strings.Cut(s, ".")
	if some {
		marks = strings.Split(strings.Clone(rest), ".")
	}
	pos, ok = parsePosition(base)
	return pos, marks, ok
}

// with adds marks to a place.
func with(place string, marks []string) string {
	if place == "" || len(marks) == 0 {
		return place
	}
	return place + "." + strings.Join(marks, ".")
}

// shown is the place of an event.
func (ev *event) shown() string {
	if ev.place != "" {
		return ev.place
	}
	return ev.pos.shown()
}

// placed is ev with a place of its own in the frame.
func (ev *event) placed(place string) *event {
	first, payload, _, ok := cutFrame(ev.frame)
	head, rest, found := bytes.Cut(payload, []byte(posMember))
	_, rest, ends := bytes.Cut(rest, []byte(`"`))
	if !ok || !found || !ends {
		return ev
	}
	other := *ev
	other.place = place
	body := slices.Concat(head, []byte(posMember+place+`"`), rest)
	other.frame = append(frameHeader(first, len(body)), body...)
	return &other
}

// heardEarly is what one follower has had of a topic and is not to get again.
type heardEarly struct {
	marks []string
	left  int // events until it is forgotten
	// The follower came ahead of its instance, which has not come to follower.after yet. lead are the tags of what it
	// has had of the log between the two: one of them may be early here, where Redis took it and its answer was lost.
	ahead bool
	lead  []string
}

func newHeard(marks []string) *heardEarly {
	if len(marks) == 0 {
		return nil
	}
	return &heardEarly{marks: marks, left: heardFor}
}

// aheadOf is what a follower has had that came ahead of its instance.
func (j *join) aheadOf(marks []string) *heardEarly {
	return &heardEarly{marks: marks, left: heardFor, ahead: true, lead: j.lead}
}

// all is the marks; nil has none.
func (h *heardEarly) all() []string {
	if h == nil {
		return nil
	}
	return h.marks
}

// take reports whether the event of a tag is one of them, which it is then no more.
func (h *heardEarly) take(tag string) bool {
	i := slices.Index(h.all(), markOf(tag))
	if i < 0 {
		return false
	}
	h.marks = slices.Delete(slices.Clone(h.marks), i, i+1)
	return true
}

// pass takes an event that comes to the follower: nil where it has had it, else the event with a place that covers
// what it has had.
func (f *follower) pass(ev *event) *event {
	h := f.heard
	had := h.take(ev.tag) || ev.pos.offset == 0 && slices.Contains(h.lead, ev.tag)
	if ev.pos.offset > f.after {
		h.ahead, h.lead = false, nil
	}
	switch {
	case len(h.marks) == 0 && !h.ahead:
		f.heard = nil
	case ev.pos.epoch == "":
	case h.left > 1:
		h.left--
	default:
		f.heard = nil
		before := position{ev.pos.epoch, ev.pos.offset - 1}
		f.socket.sendReady(f.topic.name, standing{Pos: before.String(), Resumed: false})
	}
	if had {
		return nil
	}
	if place := f.reached(with(ev.shown(), f.heard.all())); place != ev.shown() {
		return ev.placed(place)
	}
	return ev
}

// reached is a place that does not go back behind where the follower came from.
func (f *follower) reached(place string) string {
	pos, marks, ok := parsePlace(place)
	if !ok || pos.offset >= f.after {
		return place
	}
	pos.offset = f.after
	return with(pos.String(), marks)
}

// fresh leaves of the events that a socket has missed, which are in spans of the log, those that it has not had, each
// with a place that covers what it has had of those behind.
func (h *heardEarly) fresh(missed []*event, spans ...[]*event) (events []*event) {
	if h == nil {
		return missed
	}
	for _, span := range spans {
		for _, ev := range span {
			is := len(missed) > 0 && missed[0] == ev
			if is {
				missed = missed[1:]
			}
			if had := h.take(ev.tag); is && !had {
				events = append(events, ev.placed(with(ev.shown(), h.marks)))
			}
		}
	}
	return events
}

// earlyMarks are the marks of what is early in a topic. p.mu is held.
func (p *partition) earlyMarks(topic string) (marks []string) {
	for _, e := range p.early {
		if e.topic == topic && !strings.HasPrefix(e.body, endingMark) {
			marks = append(marks, markOf(e.tag))
		}
	}
	return marks
}

// place is where those are who have heard all that there is here of a topic. p.mu is held.
func (p *partition) place(topic string) string { return with(p.here(), p.earlyMarks(topic)) }

// placeOf is where one follower is. p.mu is held.
func (p *partition) placeOf(f *follower) string {
	return f.reached(with(p.place(f.topic.name), f.heard.all()))
}

// without leaves of a socket's marks those of events that are not early here as well: what is goes to nobody again.
func without(marks []string, early []*event) (rest []string) {
	for _, m := range marks {
		if !slices.ContainsFunc(early, func(ev *event) bool { return markOf(ev.tag) == m }) {
			rest = append(rest, m)
		}
	}
	return rest
}

// early is what is early here and the socket has not had, after all that has a position up to base.
func (j *join) early(early []*event, base string) (events []*event) {
	passed := slices.Clone(j.marks)
	for _, ev := range early {
		if mark := markOf(ev.tag); !slices.Contains(j.marks, mark) {
			passed = append(passed, mark)
			events = append(events, ev.placed(with(base, passed)))
		}
	}
	return events
}
