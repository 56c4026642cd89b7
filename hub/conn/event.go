package conn

// Event is one frame, built once and shared by all sockets that it is offered to. Nothing changes it afterwards.
type Event struct {
	Frame   []byte
	Topic   string // as clients know it; "": an answer to the client
	Place   string // what a client that has had the event comes back with
	Kind    string // of whole state: its type; "": it is news and replaces nothing
	Version int64  // of whole state: a lower one never replaces a higher one
	Lane    Lane
	Free    int32 // bytes of the frame that do not count against a lane
}

// Replaces reports whether old has nothing to say beside the later ev.
func (ev *Event) Replaces(old *Event) bool {
	return ev.Kind != "" && ev.Kind == old.Kind && ev.Topic == old.Topic && ev.Version >= old.Version
}

// size is what counts of an event that waits, bytes. A place that names pending events does not: with hundreds of those
// it is most of the frame, and all followers share that.
func (ev *Event) size() int { return len(ev.Frame) - int(ev.Free) }

// Placed is ev with a place of its own in the frame.
func (ev *Event) Placed(place string) (other Event) {
	other = *ev
	if frame, ok := replacePlace(ev.Frame, place); ok {
		other.Frame, other.Place, other.Free = frame, place, int32(len(place))
	}
	return other
}
