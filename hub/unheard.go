package hub

import (
	"cmp"
	"slices"
	"sync"
)

// unheard is what this instance has put into a partition's log and not heard from Redis yet. Should Redis
// be gone before it sends that, what is published next must not overtake it.
type unheard struct {
	mu   sync.Mutex
	sent []posted
}

type posted struct {
	draft
	at position
}

// add takes note of a draft that got a position, unless the instance, which has heard the log up to heard,
// has heard it.
func (u *unheard) add(d draft, pos string, heard *position) {
	at, ok := parsePosition(pos)
	if !ok || heard == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forget(*heard)
	if s := (posted{d, at}); s.awaited(*heard) && len(u.sent) < earlyEvents {
		u.sent = append(u.sent, s)
	}
}

// take takes out what was sent of a topic, in order, but for what has been heard.
func (u *unheard) take(topic string, heard position) (all []posted) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forget(heard)
	u.sent = slices.DeleteFunc(u.sent, func(s posted) bool {
		if s.topic == topic {
			all = append(all, s)
		}
		return s.topic == topic
	})
	slices.SortFunc(all, func(a, b posted) int { return cmp.Compare(a.at.offset, b.at.offset) })
	return all
}

func (u *unheard) forget(heard position) {
	u.sent = slices.DeleteFunc(u.sent, func(s posted) bool { return !s.awaited(heard) })
}

// awaited reports whether it is in the log that is followed, and behind what has been heard.
func (s posted) awaited(heard position) bool {
	return s.at.epoch == heard.epoch && s.at.offset > heard.offset
}
