package hub

import (
	"slices"

	"mstm/hub/conn"
	"mstm/hub/feed"
)

// seenFor is the number of events for which a follower's marks are kept. An event that has not come by then is lost, or
// its instance is cut off for long: the follower reads the state, which shows it.
const seenFor = 1024

// seenPending is the pending events that one follower has had of a topic: it does not get them again from the log.
type seenPending struct {
	marks []string
	left  int // events until it is forgotten
	// ahead: the follower came with a position that its instance has not reached yet. lead is the tags of the entries
	// between the two: one of them may be pending here, if Redis took it and its answer was lost.
	ahead bool
	lead  []string
}

func newSeen(marks []string) *seenPending {
	if len(marks) == 0 {
		return nil
	}
	return &seenPending{marks: marks, left: seenFor}
}

// aheadOf is seenPending for a follower that is ahead of its instance.
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

// take reports whether the event of a tag was seen, and drops its mark.
func (s *seenPending) take(tag string) bool {
	i := slices.Index(s.all(), feed.Mark(tag))
	if i < 0 {
		return false
	}
	s.marks = slices.Delete(slices.Clone(s.marks), i, i+1)
	return true
}

// pass returns the event for this follower: nil if the follower has had it, else the event with a place that names
// the pending events that the follower has had.
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

// notBehind is the place, but never behind the position that the follower came with.
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

// fresh returns the missed events without those that were seen. spans is the log that missed was taken from. Each event
// gets a place that names the seen events behind it.
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

// without drops the marks of events that are pending here too: a pending event is delivered once.
func without(marks []string, pending []feed.Event) (rest []string) {
	for _, m := range marks {
		if !slices.ContainsFunc(pending, func(ev feed.Event) bool { return feed.Mark(ev.(*event).tag) == m }) {
			rest = append(rest, m)
		}
	}
	return rest
}

// pending returns the events that are pending here and that the socket has not had. base is the place of the events before.
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
