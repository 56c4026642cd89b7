package hub

import "time"

// Quicken shortens the protocol's intervals, before the hub is used.
func (h *Hub) Quicken() {
	h.timing = timing{
		hello: time.Second, ping: 250 * time.Millisecond, silent: 1500 * time.Millisecond,
		stuck: 500 * time.Millisecond, linger: 500 * time.Millisecond,
		probe: 50 * time.Millisecond, stream: time.Minute, recheck: time.Second,
		apart: 100 * time.Millisecond, spared: 250 * time.Millisecond, renewal: 250 * time.Millisecond,
	}
	h.fleet.Tick = 50 * time.Millisecond
}

// Stick sets when a socket that takes nothing is ended, and what it has left then to read so,
// before the hub is used.
func (h *Hub) Stick(stuck, linger time.Duration) { h.timing.stuck, h.timing.linger = stuck, linger }

// RenewWithin sets how long a socket has for its next token, and when one that was spared is asked about, before the
// hub is used.
func (h *Hub) RenewWithin(d time.Duration) { h.timing.renewal, h.timing.spared = d, d }

// Hold stops the partition of a topic, and with it all that is fed behind it, until release.
func (h *Hub) Hold(topic string) (release func()) {
	p := h.partitionOf(topic)
	p.mu.Lock()
	return p.mu.Unlock
}

// EndStreamsAfter shortens the life of event streams, before the hub is used.
func (h *Hub) EndStreamsAfter(d time.Duration) { h.timing.stream = d }

// Narrow lets this many handshakes in at once, and then next to none, before the hub is used.
func (h *Hub) Narrow(burst int) { h.door = newDoor(0.001, burst, h.cfg.MaxPerAddress) }

// ChannelOf is the Redis channel of a topic's partition.
func ChannelOf(topic string) string {
	return newPartitions("mstm", nil)[partitionIndex(topic)].channel
}

// InSyncAt is when this instance was last known to be up to date, Unix milliseconds.
func (h *Hub) InSyncAt() int64 { return min(h.links[0].inSync.Load(), h.links[1].inSync.Load()) }

// EarlyEvents is how many events of a partition stand in line while Redis is away.
const EarlyEvents = earlyEvents

// Waiting is how many events of a topic's partition were early and are not heard yet.
func (h *Hub) Waiting(topic string) int {
	p := h.partitionOf(topic)
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.early)
}

// OnceKey is the Redis key that a Once of a topic has.
func OnceKey(topic, once string) string {
	return newPartitions("mstm", nil)[partitionIndex(topic)].once + once
}
