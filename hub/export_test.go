package hub

import (
	"time"

	"mstm/hub/conn"
	"mstm/hub/feed"
)

// Quicken shortens the protocol's intervals, before the hub is used.
func (h *Hub) Quicken() {
	h.timing = timing{
		recheck: time.Second, apart: 100 * time.Millisecond, spared: 250 * time.Millisecond, renewal: 250 * time.Millisecond,
	}
	h.conns.Timing = conn.Timing{
		Hello: time.Second, Ping: 250 * time.Millisecond, Silent: 1500 * time.Millisecond,
		Stuck: 500 * time.Millisecond, Linger: 500 * time.Millisecond, Stream: time.Minute,
	}
	h.feed.Probe, h.fleet.Tick = 50*time.Millisecond, 50*time.Millisecond
}

// Stick sets when a socket that takes nothing is ended, and what it has left then to read so,
// before the hub is used.
func (h *Hub) Stick(stuck, linger time.Duration) {
	h.conns.Timing.Stuck, h.conns.Timing.Linger = stuck, linger
}

// RenewWithin sets how long a socket has for its next token, and when one that was spared is asked about, before the
// hub is used.
func (h *Hub) RenewWithin(d time.Duration) { h.timing.renewal, h.timing.spared = d, d }

// Hold stops the partition of a topic, and with it all that is fed behind it, until release.
func (h *Hub) Hold(topic string) (release func()) {
	return h.partitionOf(topic).log.Lock().Unlock
}

// EndStreamsAfter shortens the life of event streams, before the hub is used.
func (h *Hub) EndStreamsAfter(d time.Duration) { h.conns.Timing.Stream = d }

// Narrow lets this many handshakes in at once, and then next to none, before the hub is used.
func (h *Hub) Narrow(burst int) {
	h.admission = conn.NewAdmissionLimiter(0.001, burst, h.cfg.MaxPerAddress)
}

// ChannelOf is the Redis channel of a topic's partition.
func ChannelOf(topic string) string {
	return wireOfTests().ChannelKey(partitionIndex(topic))
}

// InSyncAt is when this instance was last known to be up to date, Unix milliseconds.
func (h *Hub) InSyncAt() int64 { return h.feed.InSync().UnixMilli() }

// EarlyEvents is how many events of a partition may be pending while Redis is away.
const EarlyEvents = feed.MaxPending

// Waiting is how many events of a topic's partition are pending.
func (h *Hub) Waiting(topic string) int {
	at := h.partitionOf(topic).log.Lock()
	defer at.Unlock()
	return at.PendingCount()
}

// OnceKey is the Redis key that a Once of a topic has.
func OnceKey(topic, once string) string {
	return wireOfTests().OnceKey(partitionIndex(topic), once)
}

// wireOfTests is the keys and channels that the tests' hubs use.
func wireOfTests() *feed.Redis { return feed.NewRedis(nil, "mstm", "", partitionSpecs()) }
