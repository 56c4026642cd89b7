package fleet

import (
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// message is one entry of the fleet's stream. Instances of other versions read it: the field
// names in values stay.
type message struct {
	from    string
	seq     uint64
	sockets int
	counts  string // see writeCounts
	whole   bool   // counts replaces all earlier counts of the instance
	asks    string // everyInstance, or the instances that are asked for all their counts
	bye     bool
}

const everyInstance = "*"

func (m message) values() []any {
	all := []any{"i", m.from, "n", m.seq, "s", m.sockets}
	for _, f := range []struct {
		name, text string
		on         bool
	}{{"c", m.counts, m.counts != ""}, {"w", "1", m.whole}, {"a", m.asks, m.asks != ""}, {"b", "1", m.bye}} {
		if f.on {
			all = append(all, f.name, f.text)
		}
	}
	return all
}

func readMessage(entry redis.XMessage) (m message) {
	text := func(name string) string { v, _ := entry.Values[name].(string); return v }
	m.from, m.counts, m.asks = text("i"), text("c"), text("a")
	m.seq, _ = strconv.ParseUint(text("n"), 10, 64)
	m.sockets, _ = strconv.Atoi(text("s"))
	m.whole, m.bye = text("w") != "", text("b") != ""
	return m
}

// asksInstance reports whether the instance is asked for all its counts.
func (m message) asksInstance(instance string) bool {
	return m.asks == everyInstance || strings.Contains(" "+m.asks+" ", " "+instance+" ")
}
