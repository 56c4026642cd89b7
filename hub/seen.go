package hub

import (
	"slices"

	"mstm/hub/conn"
	"mstm/hub/feed"
)

// seenFor is how many events of a topic a follower's marks are kept for: what they belong to is lost by then, or the
// instance that has it is cut off for long. The follower reads the state then, which shows it.
const seenFor = 1024

// seenPending is what one follower has had of a topic as pending events and is not to get again.
type seenPending struct {
	marks []string
	left  int // events until it is forgotten
	// The follower came ahead of its instance, which has not come to follower.after yet. lead are the tags of what it
	// has had of the log between the two: one of them may be pending here, where Redis took it and its answer was lost.
	ahead bool
	lead  []string
}

func newSeen(marks []string) *seenPending {
	if len(marks) == 0 {
		return nil
	}
	return &seenPending{marks: marks, left: seenFor}
}

// aheadOf is what a follower has had that came ahead of its instance.
func (j *join) aheadOf(marks []string) *seenPending {
	return &seenPending{marks: marks, left: seenFor, ahead: true, lead: j.lead}
}

// all is the marks; nil has none.
func (s *seenPending) all() []string {
	if s == nil {
		return nil
	}
	return s.marks
}

// take reports whether the event of a tag is one of them, which it is then no more.
func (s *seenPending) take(tag string) bool {
	i := slices.Index(s.all(), feed.Mark(tag))
	if i < 0 {
		return false
	}
	s.marks = slices.Delete(slices.Clone(s.marks), i, i+1)
	return true
}

// pass takes an event that comes to the follower: nil where it has had it, else the event with a place that covers
// what it has had.
func (f *follower) pass(ev *event) *event {
	s := f.seen
	had := s.take(ev.tag) || ev.pos.Offset == 0 && slices.Contains(s.lead, ev.tag)
	if ev.pos.Offset > f.after {
		s.ahead, s.lead = false, nil
	}
	switch {
	case len(s.marks) == 0 && !s.ahead:
		f.seen = nil
	case ev.pos.Epoch == "":
	case s.left > 1:
		s.left--
	default:
		f.seen = nil
		before := feed.Position{Epoch: ev.pos.Epoch, Offset: ev.pos.Offset - 1}
		f.session.sendReady(f.topic.name, conn.Standing{Pos: before.String(), Resumed: false})
	}
	if had {
		return nil
	}
	if place := f.notBehind(feed.WithMarks(ev.Place, f.seen.all())); place != ev.Place {
		return ev.placed(place)
	}
	return ev
}

// notBehind is a place that does not go back behind where the follower came from.
func (f *follower) notBehind(place string) string {
	pos, marks, ok := feed.ParsePlace(place)
	if !ok || pos.Offset >= f.after {
		return place
	}
	pos.Offset = f.after
	return feed.WithMarks(pos.String(), marks)
}

// place is where the follower is.
func (f *follower) place(at feed.Held) string {
	return f.notBehind(feed.WithMarks(at.Place(f.topic.name), f.seen.all()))
}

// fresh leaves of the events that a socket has missed, which are in spans of the log, those that it has not had, each
// with a place that covers what it has had of those behind.
func (s *seenPending) fresh(missed []*event, spans ...[]feed.Event) (events []*event) {
	if s == nil {
		return missed
	}
	for _, span := range spans {
		for _, next := range span {
			ev := next.(*event)
			is := len(missed) > 0 && missed[0] == ev
			if is {
				missed = missed[1:]
			}
			if had := s.take(ev.tag); is && !had {
				events = append(events, ev.placed(feed.WithMarks(ev.Place, s.marks)))
			}
		}
	}
	return events
}

// without leaves of a socket's marks those of events that are not pending here as well: no client gets a pending event
// twice.
func without(marks []string, pending []feed.Event) (rest []string) {
	for _, m := range marks {
		if !slices.ContainsFunc(pending, func(ev feed.Event) bool { return feed.Mark(ev.(*event).tag) == m }) {
			rest = append(rest, m)
		}
	}
	return rest
}

// pending is what is pending here and the socket has not had, after all that has a position up to base.
func (j *join) pending(here []feed.Event, base string) (events []*event) {
	passed := slices.Clone(j.marks)
	for _, next := range here {
		ev := next.(*event)
		if mark := feed.Mark(ev.tag); !slices.Contains(j.marks, mark) {
			passed = append(passed, mark)
			events = append(events, ev.placed(feed.WithMarks(base, passed)))
		}
	}
	return events
}
