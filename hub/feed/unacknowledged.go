package feed

import (
	"cmp"
	"slices"
	"sync"
)

// unacknowledged is the entries that this instance has appended and that have not come back over the channel yet. If
// the log goes away before they come, they are delivered ahead of the next pending event.
type unacknowledged struct {
	mu   sync.Mutex
	sent []appended
}

// appended is a draft that has a position.
type appended struct {
	Draft
	at Position
}

// add takes note of a draft that got a position, unless the instance, which has come to reached,
// has it back already.
func (u *unacknowledged) add(d Draft, pos string, reached *Position) {
	at, ok := ParsePosition(pos)
	if !ok || reached == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.dropUpTo(*reached)
	if a := (appended{d, at}); a.isAwaited(*reached) && len(u.sent) < MaxPending {
		u.sent = append(u.sent, a)
	}
}

// take takes out the entries of a topic that have not come back, in order.
func (u *unacknowledged) take(topic string, reached Position) (all []appended) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.dropUpTo(reached)
	u.sent = slices.DeleteFunc(u.sent, func(a appended) bool {
		if a.Topic == topic {
			all = append(all, a)
		}
		return a.Topic == topic
	})
	slices.SortFunc(all, func(a, b appended) int { return cmp.Compare(a.at.Offset, b.at.Offset) })
	return all
}

func (u *unacknowledged) dropUpTo(reached Position) {
	u.sent = slices.DeleteFunc(u.sent, func(a appended) bool { return !a.isAwaited(reached) })
}

// isAwaited reports whether it is in the log that is followed, and behind what has come back.
func (a appended) isAwaited(reached Position) bool {
	return a.at.Epoch == reached.Epoch && a.at.Offset > reached.Offset
}
