package hub

import "time"

// Quicken shortens the protocol's intervals, before the hub is used.
func (h *Hub) Quicken() {
	h.timing = timing{
		hello: time.Second, ping: 100 * time.Millisecond, silent: 1500 * time.Millisecond,
		stuck: 500 * time.Millisecond, linger: 500 * time.Millisecond,
		probe: 50 * time.Millisecond, fleet: 50 * time.Millisecond,
	}
}
