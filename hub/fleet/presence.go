package fleet

import (
	"strings"
	"sync"
)

// mostTopicsCounted bounds what made-up topics cost all instances.
const mostTopicsCounted = 10_000

// presence counts the sockets of this instance and knows which counts have changed since they
// were last sent.
type presence struct {
	open, uncounted string // see Config.Open and Config.Uncounted

	mu      sync.Mutex
	here    counts
	changed map[Key]struct{}
}

func newPresence(open, uncounted string) *presence {
	return &presence{open: open, uncounted: uncounted, here: counts{}, changed: map[Key]struct{}{}}
}

// Add counts by more sockets (or fewer) of this instance at k.
func (f *Fleet) Add(k Key, by int32) { f.presence.add(k, by) }

// Move counts a socket as another user's from now on.
func (f *Fleet) Move(topic, from, to string) { f.presence.move(topic, from, to) }

// Here is how many sockets of this instance are at k.
func (f *Fleet) Here(k Key) int { return f.presence.at(k) }

func (p *presence) add(k Key, by int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addLocked(k, by)
}

func (p *presence) addLocked(k Key, by int32) {
	if p.uncounted != "" && strings.HasPrefix(k.Topic, p.uncounted) {
		return
	}
	if by > 0 && len(p.here) >= mostTopicsCounted && p.here[k.Topic] == nil && strings.HasPrefix(k.Topic, p.open) {
		return
	}
	p.here.put(k, max(0, p.here.at(k)+by))
	p.changed[k] = struct{}{}
}

func (p *presence) at(k Key) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(p.here.at(k))
}

func (p *presence) move(topic, from, to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addLocked(Key{topic, from}, -1)
	p.addLocked(Key{topic, to}, 1)
}

// takeChanges returns the counts that have changed since it was called last.
func (p *presence) takeChanges() []count {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.changed) == 0 {
		return nil
	}
	list := make([]count, 0, len(p.changed))
	for k := range p.changed {
		list = append(list, count{k, p.here.at(k)})
	}
	p.changed = map[Key]struct{}{} // clear would keep the memory of the busiest second
	return list
}

// takeAll returns every count, and the zeros that takeChanges would have returned.
func (p *presence) takeAll() (list []count) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for topic, users := range p.here {
		for user, n := range users {
			list = append(list, count{Key{topic, user}, n})
		}
	}
	for k := range p.changed {
		if p.here.at(k) == 0 {
			list = append(list, count{k, 0})
		}
	}
	p.changed = map[Key]struct{}{}
	return list
}
