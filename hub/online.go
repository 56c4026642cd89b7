package hub

import (
	"context"
	"errors"
	"time"
)

// Online is who is there, on all instances: what the others have is as old as two seconds, and
// an instance that died counts for six.
type Online struct {
	Instances int `json:"instances"`
	Sockets   int `json:"sockets"`   // handshakes under way included
	Anonymous int `json:"anonymous"` // of the sockets; nobody has logged in on these
	Users     int `json:"users"`     // each counted once, on however many sockets and instances
	// Topics by the name clients use; "user" is each learner's own.
	Topics map[string]Followers `json:"topics"`
	// Complete is false while another instance has not told everything or Redis is away.
	Complete bool `json:"complete"`
}

// Followers is who follows a topic. Users leaves out those who have not logged in.
type Followers struct {
	Users   int `json:"users"`
	Sockets int `json:"sockets"`
}

// Online counts who is there. It looks at every user once: for a page or a scrape, not for
// every request.
func (h *Hub) Online() Online {
	f, here := &h.fleet, h.roster.size()
	f.mu.RLock()
	defer f.mu.RUnlock()
	others := f.others(h.timing.fleet)
	sum := Online{Instances: 1 + len(others), Sockets: here, Complete: h.fleetKnown(others)}
	h.presence.mu.Lock()
	defer h.presence.mu.Unlock()
	tallies := []tally{h.presence.here}
	for _, p := range others {
		sum.Sockets += p.sockets
		tallies = append(tallies, p.counts)
	}
	sum.Topics = followers(tallies)
	own := sum.Topics[ownTopic]
	sum.Users, sum.Anonymous = own.Users, max(0, sum.Sockets-own.Sockets)
	return sum
}

// followers adds tallies up; whoever is in several counts once.
func followers(tallies []tally) map[string]Followers {
	all := map[string]Followers{}
	for i, t := range tallies {
		for topic, users := range t {
			if topic == addressTopic {
				continue
			}
			sum := all[topic]
			for user, n := range users {
				sum.Sockets += int(n)
				if user != "" && !known(tallies[:i], spot{topic, user}) {
					sum.Users++
				}
			}
			all[topic] = sum
		}
	}
	return all
}

func known(tallies []tally, s spot) bool {
	for _, t := range tallies {
		if t.at(s) > 0 {
			return true
		}
	}
	return false
}

// ErrFleetUnknown is what OnlineUsers says while it cannot tell; it can again within seconds of
// Redis being there.
var ErrFleetUnknown = errors.New("hub: does not know now who is on the other instances")

// OnlineUsers lists the users with an open socket on any instance, each once, in no order. It
// costs no call to Redis. What came or went on another instance in the last two seconds may
// be missing. The error is ErrFleetUnknown: try again.
func (h *Hub) OnlineUsers(context.Context) ([]string, error) {
	f := &h.fleet
	f.mu.RLock()
	defer f.mu.RUnlock()
	others := f.others(h.timing.fleet)
	if !h.fleetKnown(others) {
		return nil, ErrFleetUnknown
	}
	h.presence.mu.Lock()
	defer h.presence.mu.Unlock()
	tallies := []tally{h.presence.here}
	for _, p := range others {
		tallies = append(tallies, p.counts)
	}
	var users []string
	for i, t := range tallies {
		for user := range t[ownTopic] {
			if !known(tallies[:i], spot{ownTopic, user}) {
				users = append(users, user)
			}
		}
	}
	return users, nil
}

// fleetKnown reports whether the others have told everything. f.mu is held.
func (h *Hub) fleetKnown(others []*peer) bool {
	f, tick := &h.fleet, h.timing.fleet
	if f.joined.IsZero() || time.Since(f.joined) < fleetSettles*tick || time.Since(f.heard) > fleetSilence*tick {
		return false
	}
	for _, p := range others {
		if !p.whole {
			return false
		}
	}
	return true
}
