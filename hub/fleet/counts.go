package fleet

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
)

// Key is what sockets are counted by: a topic under the name that clients know, and the user of the
// socket that follows it, "" for sockets without a login. Addresses are counted likewise: AddressKey.
type Key struct{ Topic, User string }

// addressTopic is no topic's name.
const addressTopic = "@"

// AddressKey counts a client's address by its hash: instances have to agree on addresses and need not
// read them.
func AddressKey(addr string) Key {
	sum := sha256.Sum256([]byte(addr))
	return Key{addressTopic, base64.RawURLEncoding.EncodeToString(sum[:9])}
}

// counts is how many sockets there are at each key: topic → user → sockets. Zeros are left out.
type counts map[string]map[string]int32

func (c counts) at(k Key) int32 { return c[k.Topic][k.User] }

func (c counts) put(k Key, n int32) {
	users := c[k.Topic]
	switch {
	case n > 0 && users == nil:
		c[k.Topic] = map[string]int32{k.User: n}
	case n > 0:
		users[k.User] = n
	case users != nil:
		delete(users, k.User)
		if len(users) == 0 {
			delete(c, k.Topic)
		}
	}
}

// count is how many sockets are at a key now: the whole number, not the change, so that reading it
// twice does no harm.
type count struct {
	Key
	n int32
}

// pieceBytes is about how large the counts in one message become.
const pieceBytes = 32 << 10

// writeCounts writes counts as lines "N TOPIC USER", in pieces.
func writeCounts(list []count) (pieces []string) {
	var b strings.Builder
	for _, c := range list {
		b.WriteString(strconv.Itoa(int(c.n)))
		b.WriteByte(' ')
		b.WriteString(c.Topic)
		b.WriteByte(' ')
		b.WriteString(c.User)
		b.WriteByte('\n')
		if b.Len() >= pieceBytes {
			pieces = append(pieces, b.String())
			b.Reset()
		}
	}
	if b.Len() > 0 {
		pieces = append(pieces, b.String())
	}
	return pieces
}

// read puts into c what writeCounts has written. The strings are copies: a line would
// keep its whole piece in memory.
func (c counts) read(piece string) {
	for line := range strings.Lines(piece) {
		number, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		topic, user, ok := strings.Cut(rest, " ")
		n, err := strconv.ParseInt(number, 10, 32)
		if !ok || err != nil {
			continue
		}
		k := Key{topic, user}
		if n > 0 && c[topic] == nil {
			k.Topic = strings.Clone(topic)
		}
		if n > 0 && c.at(k) == 0 {
			k.User = strings.Clone(user)
		}
		c.put(k, int32(n))
	}
}
