package feed

import "slices"

// ring keeps the newest events of one partition in memory, so that a socket that comes back
// costs no call to the log. Offsets in it are dense.
type ring struct {
	events []Event
	bytes  int
	floor  uint64 // offset of the last event that is no longer in it
}

// What a ring holds at most. Frames are shared with the sockets' queues.
const (
	ringEvents = 1024
	ringBytes  = 1 << 20
)

// restart empties the ring; the next event to come is floor+1.
func (r *ring) restart(floor uint64) { *r = ring{floor: floor} }

func (r *ring) push(e Event) {
	r.events = append(r.events, e)
	r.bytes += e.Weight()
	for len(r.events) > ringEvents || (r.bytes > ringBytes && len(r.events) > 1) {
		oldest, _ := r.events[0].At()
		r.bytes -= r.events[0].Weight()
		r.floor = oldest.Offset
		r.events[0] = nil
		r.events = r.events[1:]
	}
}

// find is where the entry with this tag stands.
func (r *ring) find(tag string) (pos Position, ok bool) {
	for _, e := range slices.Backward(r.events) {
		if pos, has := e.At(); has == tag {
			return *pos, true
		}
	}
	return Position{}, false
}

// after returns what came after offset, which is at least floor.
func (r *ring) after(offset uint64) []Event {
	return r.events[min(offset-r.floor, uint64(len(r.events))):]
}
