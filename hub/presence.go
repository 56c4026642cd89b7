package hub

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"sync"
)

// spot is what sockets are counted by: a topic as clients know it and whose socket follows it,
// "" for those that nobody has logged in on. Addresses are counted likewise, under addressTopic.
type spot struct{ topic, user string }

const (
	// addressTopic is no topic's name.
	addressTopic = "@"
	// mostTopicsCounted bounds what made-up course topics cost all instances.
	mostTopicsCounted = 10_000
)

// addressSpot counts a client's address. Its hash is what is told: instances need to agree on
// addresses, nobody needs to read them.
func addressSpot(addr string) spot {
	sum := sha256.Sum256([]byte(addr))
	return spot{addressTopic, base64.RawURLEncoding.EncodeToString(sum[:9])}
}

// tally is how many sockets there are at each spot: topic → user → sockets. Zeros are not in it.
type tally map[string]map[string]int32

func (t tally) at(s spot) int32 { return t[s.topic][s.user] }

func (t tally) put(s spot, n int32) {
	users := t[s.topic]
	switch {
	case n > 0 && users == nil:
		t[s.topic] = map[string]int32{s.user: n}
	case n > 0:
		users[s.user] = n
	case users != nil:
		delete(users, s.user)
		if len(users) == 0 {
			delete(t, s.topic)
		}
	}
}

// counted is how many sockets are at a spot now. It says the whole number, not the change: to
// hear it twice does no harm.
type counted struct {
	spot
	n int32
}

// presence counts the sockets of this instance and knows which counts have changed since they
// were last told. Its lock is the last one taken.
type presence struct {
	mu      sync.Mutex
	here    tally
	changed map[spot]struct{}
}

func newPresence() *presence {
	return &presence{here: tally{}, changed: map[spot]struct{}{}}
}

// add counts by more sockets (or fewer) at s.
func (p *presence) add(s spot, by int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addLocked(s, by)
}

func (p *presence) addLocked(s spot, by int32) {
	if by > 0 && len(p.here) >= mostTopicsCounted && p.here[s.topic] == nil && strings.HasPrefix(s.topic, coursePrefix) {
		return
	}
	p.here.put(s, max(0, p.here.at(s)+by))
	p.changed[s] = struct{}{}
}

// at is how many sockets are at s.
func (p *presence) at(s spot) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(p.here.at(s))
}

// move counts a socket as another user's from now on.
func (p *presence) move(topic, from, to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addLocked(spot{topic, from}, -1)
	p.addLocked(spot{topic, to}, 1)
}

// takeChanges returns the counts that have changed since it was called last.
func (p *presence) takeChanges() []counted {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.changed) == 0 {
		return nil
	}
	list := make([]counted, 0, len(p.changed))
	for s := range p.changed {
		list = append(list, counted{s, p.here.at(s)})
	}
	p.changed = map[spot]struct{}{} // clear would keep the memory of the busiest second
	return list
}

// takeAll returns every count, and the zeros that takeChanges would have returned.
func (p *presence) takeAll() (list []counted) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for topic, users := range p.here {
		for user, n := range users {
			list = append(list, counted{spot{topic, user}, n})
		}
	}
	for s := range p.changed {
		if p.here.at(s) == 0 {
			list = append(list, counted{s, 0})
		}
	}
	p.changed = map[spot]struct{}{}
	return list
}

// countsBytes is about how large one piece of told counts may become.
const countsBytes = 32 << 10

// writeCounts writes counts as lines "N TOPIC USER", in pieces.
func writeCounts(list []counted) (pieces []string) {
	var b strings.Builder
	for _, c := range list {
		b.WriteString(strconv.Itoa(int(c.n)))
		b.WriteByte(' ')
		b.WriteString(c.topic)
		b.WriteByte(' ')
		b.WriteString(c.user)
		b.WriteByte('\n')
		if b.Len() >= countsBytes {
			pieces = append(pieces, b.String())
			b.Reset()
		}
	}
	if b.Len() > 0 {
		pieces = append(pieces, b.String())
	}
	return pieces
}

// readCounts puts into t what writeCounts has written. The strings are copies: a line would
// keep its whole piece in memory.
func (t tally) readCounts(piece string) {
	for line := range strings.Lines(piece) {
		number, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		topic, user, ok := strings.Cut(rest, " ")
		n, err := strconv.ParseInt(number, 10, 32)
		if !ok || err != nil {
			continue
		}
		s := spot{topic, user}
		if n > 0 && t[topic] == nil {
			s.topic = strings.Clone(topic)
		}
		if n > 0 && t.at(s) == 0 {
			s.user = strings.Clone(user)
		}
		t.put(s, int32(n))
	}
}
