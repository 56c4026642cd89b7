package feed

import "slices"

// ring keeps the newest events of one partition in memory, so that a socket that comes back
// costs no call to the log. Offsets in it are dense.
type ring struct {
	buffer []Event // before first: room to move into
	first  int
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

// events are in the ring until the next push.
func (r *ring) events() []Event { return r.buffer[r.first:] }

func (r *ring) push(e Event) {
	if len(r.buffer) == cap(r.buffer) && r.first >= len(r.buffer)/2 { // a full ring allocates nothing
		n := copy(r.buffer, r.events())
		clear(r.buffer[n:])
		r.buffer, r.first = r.buffer[:n], 0
	}
	r.buffer = append(r.buffer, e)
	r.bytes += e.Weight()
	for n := len(r.events()); n > ringEvents || (r.bytes > ringBytes && n > 1); n-- {
		oldest := r.buffer[r.first]
		at, _ := oldest.At()
		r.bytes -= oldest.Weight()
		r.floor = at.Offset
		r.buffer[r.first] = nil
		r.first++
	}
}

// find is where the entry with this tag stands.
func (r *ring) find(tag string) (pos Position, ok bool) {
	for _, e := range slices.Backward(r.events()) {
		if pos, has := e.At(); has == tag {
			return *pos, true
		}
	}
	return Position{}, false
}

// after returns what came after offset, which is at least floor. It is valid until the next push.
func (r *ring) after(offset uint64) []Event {
	all := r.events()
	return all[min(offset-r.floor, uint64(len(all))):]
}
