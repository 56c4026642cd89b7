package hub

import "sync/atomic"

// counters count since the hub was made; feed and conn have their own.
type counters struct {
	accepted, streams, refused, delayed atomic.Uint64
	tokensRefused, published            atomic.Uint64
	resumed, notResumed                 atomic.Uint64
}

// Stats is what this instance has and did; Online counts all instances.
type Stats struct {
	Sockets int `json:"sockets"` // on this instance, handshakes under way included
	Users   int `json:"users"`   // logged in on this instance, each counted once
	Topics  int `json:"topics"`  // with followers on this instance

	Accepted      uint64 `json:"accepted"`
	Streams       uint64 `json:"streams"` // of them, event streams: networks that break WebSockets
	Refused       uint64 `json:"refused"` // origin, caps, closing
	Delayed       uint64 `json:"delayed"` // of the refused: handshakes given a moment of their own to come back
	TokensRefused uint64 `json:"tokens_refused"`

	Published uint64 `json:"published"` // by this instance, repeats of a Once included
	Received  uint64 `json:"received"`  // entries of the logs, from all instances
	Delivered uint64 `json:"delivered"` // to sockets, live
	Replayed  uint64 `json:"replayed"`  // to sockets, on resume
	Writes    uint64 `json:"writes"`    // system calls for the two above

	Resumed    uint64 `json:"resumed"`     // topics that went on without a gap
	NotResumed uint64 `json:"not_resumed"` // topics with "resumed":false though since was given

	Conflated  uint64 `json:"conflated"` // states that gave way to a newer one before they were sent
	Resynced   uint64 `json:"resynced"`  // shared topics that a socket which lags has to read again
	SlowCloses uint64 `json:"slow_closes"`
	Silent     uint64 `json:"silent_closes"`
	Floods     uint64 `json:"flood_closes"`

	LinksLost uint64 `json:"links_lost"` // Redis subscriptions
	Overruns  uint64 `json:"overruns"`   // messages dropped between receiver and feeder, caught up after
	CaughtUp  uint64 `json:"caught_up"`  // entries read from the stream instead of the subscription
	Restarts  uint64 `json:"restarts"`   // partitions that lost continuity

	Healthy bool `json:"healthy"`
}

// Stats counts what is here now and since the start.
func (h *Hub) Stats() Stats {
	c, f, v := &h.count, h.feed, h.conns
	st := Stats{
		Sockets: h.roster.size(), Healthy: h.Healthy() == nil,
		Accepted: c.accepted.Load(), Streams: c.streams.Load(), Refused: c.refused.Load(), TokensRefused: c.tokensRefused.Load(),
		Published: c.published.Load(), Received: f.Received.Load(), Delivered: f.Delivered.Load(),
		Replayed: v.Replayed.Load(), Writes: v.Writes.Load(),
		Resumed: c.resumed.Load(), NotResumed: c.notResumed.Load(),
		Delayed: c.delayed.Load(), Conflated: v.Conflated.Load(), Resynced: v.Resynced.Load(),
		SlowCloses: v.Slow.Load(), Silent: v.Silent.Load(), Floods: v.Floods.Load(),
		LinksLost: f.LinksLost.Load(), Overruns: f.Overruns.Load(),
		CaughtUp: f.CaughtUp.Load(), Restarts: f.Restarts.Load(),
	}
	for i, p := range h.partitions {
		at := p.log.Lock()
		st.Topics += len(p.topics)
		if i >= firstUserPartition {
			st.Users += len(p.topics)
		}
		at.Unlock()
	}
	return st
}
