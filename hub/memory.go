package hub

// A handshake leaves more garbage than a socket weighs, and the runtime keeps the room for the next
// ones: after a storm of handshakes it would be kept for nothing by sockets that rest. Nor does it collect
// before the heap has doubled, and the heap of many sockets takes long to double: while they rest,
// what the rest of the program drops would come to more than half of what they weigh.

// calm watches sockets come, a round of the beat at a time.
type calm struct {
	seen uint64 // those that had come by the last round
	came uint64 // those that have come since it was calm
}

// crowdSockets is how many make a crowd, with memory worth giving back.
const crowdSockets = 1000

// after reports whether next to no socket came in the round that ends, while or after a crowd was here:
// memory is to be given back then. accepted have come since the start, and here are still here.
func (c *calm) after(accepted uint64, here int) bool {
	now := accepted - c.seen
	crowd := max(c.came, uint64(here))
	rests := now <= crowd/50
	c.seen, c.came = accepted, c.came+now
	if max(c.came, crowd) < crowdSockets || !rests {
		return false
	}
	c.came = 0
	return true
}
