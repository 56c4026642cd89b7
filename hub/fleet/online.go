package fleet

import (
	"errors"
	"time"
)

// Online is the sum over all instances: the counts of the other instances are as old as two seconds, and
// an instance that died counts for six.
type Online struct {
	Instances int `json:"instances"`
	Sockets   int `json:"sockets"`   // handshakes under way included
	Anonymous int `json:"anonymous"` // of the sockets; without a login
	Users     int `json:"users"`     // each counted once, on however many sockets and instances
	// Topics by the name that clients use; "user" is each learner's own.
	Topics map[string]Followers `json:"topics"`
	// Complete is false while another instance has not sent all its counts or Redis is away.
	Complete bool `json:"complete"`
}

// Followers counts one topic. Users leaves out sockets without a login.
type Followers struct {
	Users   int `json:"users"`
	Sockets int `json:"sockets"`
}

// Online adds the counts of all instances up. It looks at every user once: for a page or a scrape, not
// for every request.
func (f *Fleet) Online() Online {
	here := f.cfg.Sockets()
	f.mu.RLock()
	defer f.mu.RUnlock()
	others := f.livePeers()
	sum := Online{Instances: 1 + len(others), Sockets: here, Complete: f.isKnown(others)}
	f.presence.mu.Lock()
	defer f.presence.mu.Unlock()
	all := []counts{f.presence.here}
	for _, p := range others {
		sum.Sockets += p.sockets
		all = append(all, p.counts)
	}
	sum.Topics = followers(all)
	own := sum.Topics[f.cfg.Own]
	sum.Users, sum.Anonymous = own.Users, max(0, sum.Sockets-own.Sockets)
	return sum
}

// followers adds the counts of instances up; a user on several instances counts once.
func followers(all []counts) map[string]Followers {
	topics := map[string]Followers{}
	for i, c := range all {
		for topic, users := range c {
			if topic == addressTopic {
				continue
			}
			sum := topics[topic]
			for user, n := range users {
				sum.Sockets += int(n)
				if user != "" && !counted(all[:i], Key{topic, user}) {
					sum.Users++
				}
			}
			topics[topic] = sum
		}
	}
	return topics
}

func counted(all []counts, k Key) bool {
	for _, c := range all {
		if c.at(k) > 0 {
			return true
		}
	}
	return false
}

// ErrUnknown is the answer of Users while the counts of the other instances are not known; they are again within
// seconds of Redis being there.
var ErrUnknown = errors.New("hub: the counts of the other instances are not known now")

// Users lists the users with an open socket on any instance, each once, in no order. It
// costs no call to Redis. A socket that came or went on another instance in the last two seconds may
// be missing. The error is ErrUnknown: try again.
func (f *Fleet) Users() ([]string, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	others := f.livePeers()
	if !f.isKnown(others) {
		return nil, ErrUnknown
	}
	f.presence.mu.Lock()
	defer f.presence.mu.Unlock()
	all := []counts{f.presence.here}
	for _, p := range others {
		all = append(all, p.counts)
	}
	var users []string
	for i, c := range all {
		for user := range c[f.cfg.Own] {
			if !counted(all[:i], Key{f.cfg.Own, user}) {
				users = append(users, user)
			}
		}
	}
	return users, nil
}

// Elsewhere is how many sockets the other instances have at k, by their last messages. Sockets that came or
// went there in the last two seconds are not known yet: a cap may be off by so many. The counts of an
// instance that dies are free after six seconds.
func (f *Fleet) Elsewhere(k Key) (n int) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, p := range f.livePeers() {
		n += int(p.counts.at(k))
	}
	return n
}

// livePeers are the instances that are not silent. f.mu is held, for reading at least.
func (f *Fleet) livePeers() (list []*peer) {
	now := time.Now()
	for _, p := range f.peers {
		if now.Sub(p.heard) < silenceTicks*f.Tick {
			list = append(list, p)
		}
	}
	return list
}

// isKnown reports whether the other instances have sent all their counts. f.mu is held, for reading at least.
func (f *Fleet) isKnown(others []*peer) bool {
	if f.joined.IsZero() || time.Since(f.joined) < settleTicks*f.Tick || time.Since(f.heard) > silenceTicks*f.Tick {
		return false
	}
	for _, p := range others {
		if !p.whole {
			return false
		}
	}
	return true
}
