package hub

// A handshake leaves more garbage than a socket weighs, and the runtime keeps the room for the next
// ones: after a storm of handshakes it would be kept for nothing by sockets that rest.

// storm watches sockets come, a round of the beat at a time.
type storm struct {
	seen uint64 // those that had come by the last round
	came uint64 // those that have come since a storm was last over
}

// stormSockets is how many make a storm.
const stormSockets = 1000

// over reports that there has been a storm and that next to nobody came in the round that ends, when
// accepted have come since the start. It says so once for each storm.
func (s *storm) over(accepted uint64) bool {
	now := accepted - s.seen
	calm := now <= s.came/50
	s.seen, s.came = accepted, s.came+now
	if s.came < stormSockets || !calm {
		return false
	}
	s.came = 0
	return true
}
