package hub

import (
	"strconv"
	"strings"
)

// position is a place in a partition's log. Offsets are dense from 1 within an epoch; another
// epoch is another log, and nothing can be said about what lies between the two.
type position struct {
	epoch  string
	offset uint64
}

// head is where a log ends: at its last entry, which has tag.
type head struct {
	position
	tag string
}

// String is the form clients get and give back: "EPOCH-OFFSET".
func (p position) String() string {
	return p.epoch + "-" + strconv.FormatUint(p.offset, 10)
}

// shown is String, but empty while there is no contact with the log.
func (p position) shown() string {
	if p.epoch == "" {
		return ""
	}
	return p.String()
}

// parsePosition reads what a client sent as since. ok is false for anything else.
func parsePosition(s string) (p position, ok bool) {
	i := strings.LastIndexByte(s, '-')
	if i < 1 || len(s) > 64 {
		return position{}, false
	}
	n, err := strconv.ParseUint(s[i+1:], 10, 53)
	return position{epoch: s[:i], offset: n}, err == nil
}
