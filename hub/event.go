package hub

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Event is what happened, for everybody who follows Topic.
type Event struct {
	Topic, Type string
	Once        string // not empty: published at most once per 24 h under this key
	Whole       bool   // the data is the whole state: of one topic and type, the newest event says all that older ones said
	Version     int64  // of whole state: a lower one never replaces a higher one
	Data        any    // marshalled to JSON; at most 128 KiB
}

// What Publish refuses.
var (
	ErrBadEvent = errors.New("hub: event has no valid topic or type")
	ErrTooLarge = errors.New("hub: event is larger than 128 KiB")
)

const (
	maxEventBytes = 128 << 10
	maxTypeBytes  = 64
	onceFor       = 24 * time.Hour
	// The client of Redis sends a command anew whose answer was lost, so what has no Once is given one
	// for as long as that may take: the system keeps what was sent into a broken network, and sends it once more when that
	// heals, though the client has given the connection up.
	resentFor = 2 * time.Minute
	plainOnce = "~"
)

// publishScript gives an event its offset, keeps it and sends it, in one step: so order =
// offset = order of sending. The epoch is created with the log: if Redis lost the meta hash,
// a stream that survived it is of another epoch and goes. Each entry has a tag, and what is sent
// names the tag before it: two logs may have the same epoch and the same offsets, where a replica took
// over without the tail and wrote on, but not the same tags. PUBLISH is last: whoever hears of an
// event finds it in the stream. HSET is first: a Redis that is full refuses it, and with that the script as a whole,
// but refuses nothing after a first write, which a DEL would be.
//
// KEYS meta, log, once · ARGV channel, topic, body, maxlen, ttl ms, new epoch, once ms,
// PUBLISH or SPUBLISH, tag
var publishScript = redis.NewScript(`
local known = redis.call('GET', KEYS[3])
if known then return known end
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'head', 'tag')
local epoch, head, before, tag = meta[1], tonumber(meta[2] or '0'), meta[3] or '', ARGV[9]
local begins = not epoch
if begins then epoch, head, before = ARGV[6], 0, '' end
head = head + 1
redis.call('HSET', KEYS[1], 'epoch', epoch, 'head', head, 'tag', tag)
if begins then redis.call('DEL', KEYS[2]) end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], head .. '-0', 't', ARGV[2], 'b', ARGV[3], 'i', tag)
redis.call('PEXPIRE', KEYS[2], ARGV[5])
local pos = epoch .. '-' .. head
redis.call('SET', KEYS[3], pos, 'PX', ARGV[7])
redis.call(ARGV[8], ARGV[1], epoch .. ' ' .. head .. ' ' .. before .. ' ' .. tag .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return pos`)

// Publish gives e a position in its topic, keeps it for resume and sends it to every instance,
// this one included, and returns the position. A repeat of the same Once within 24 hours
// publishes nothing and returns the first one's position. Errors: ErrBadEvent, ErrTooLarge,
// what Redis says; where that wraps ErrInLine, the pages of this instance have the event, and the others get it
// when Redis is back, if this instance lives till then (see early).
func (h *Hub) Publish(ctx context.Context, e Event) (pos string, err error) {
	if !validTopic(e.Topic) || !validType(e.Type) {
		return "", fmt.Errorf("%w: topic %q, type %q", ErrBadEvent, e.Topic, e.Type)
	}
	body, err := eventBody(e)
	if err != nil {
		return "", err
	}
	pos, err = h.publish(ctx, draft{topic: e.Topic, body: body, once: e.Once, tag: tagOf(e.Once), state: state{e.Whole, e.Version}})
	if err != nil {
		return "", fmt.Errorf("publish %s: %w", e.Type, err)
	}
	h.count.published.Add(1)
	return pos, nil
}

// append puts a draft into the log of its partition.
func (h *Hub) append(ctx context.Context, p *partition, d draft) (string, error) {
	once, keep := d.once, onceFor
	if once == "" {
		once, keep = plainOnce+d.tag, resentFor
	}
	send := "PUBLISH"
	if h.sharded {
		send = "SPUBLISH"
	}
	return publishScript.Run(ctx, h.cfg.Redis, []string{p.meta, p.log, p.once + once},
		p.channel, d.topic, d.body, streamLength, p.ttl.Milliseconds(), newEpoch(), keep.Milliseconds(), send, withState(d.tag, d.state)).Text()
}

// newEpoch is long enough that two logs never share one.
func newEpoch() string { return rand.Text()[:10] }

// newTag is long enough that two entries which could be taken for one another never share one.
func newTag() string { return rand.Text()[:10] }

// eventBody is the part of the frame that does not depend on the position: `"type":…,"data":…`.
func eventBody(e Event) (string, error) {
	data, err := json.Marshal(e.Data)
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrBadEvent, e.Type, err)
	}
	if len(data) > maxEventBytes {
		return "", fmt.Errorf("%w: %s", ErrTooLarge, e.Type)
	}
	return `"type":"` + e.Type + `","data":` + string(data), nil
}

// typeOf is the type in what eventBody has made.
func typeOf(body string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(body, `"type":"`), `"`)
	return strings.Clone(kind)
}

// validType admits words with dots between.
func validType(t string) bool {
	if t == "" || len(t) > maxTypeBytes {
		return false
	}
	return strings.Trim(t, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// entry is one place of a partition's log as this instance read it.
type entry struct {
	offset uint64
	before string // the tag of the entry before it, where it was heard
	tag    string
	topic  string
	body   string
	state  state
}

// event is an entry made ready to be sent, or an answer of the hub, which has neither topic nor
// position. The frame is built once and shared by all followers.
type event struct {
	pos    position // none of an event that is early
	place  string   // what clients see of it, where that is not pos alone; see place.go
	tag    string
	topic  string
	lane   lane
	kind   string // of whole state: its type; "": it is news and replaces nothing
	state  state
	frame  []byte
	ending *ending // not nil: not an event for clients but an order to end sockets
}

func newEvent(epoch string, e entry) *event {
	ev := &event{pos: position{epoch, e.offset}, tag: strings.Clone(e.tag), topic: strings.Clone(e.topic), lane: laneOf(e.topic)}
	if order, ok := parseEnding(e.body); ok {
		ev.ending = order
		return ev
	}
	if e.state.whole {
		ev.kind, ev.state = typeOf(e.body), e.state
	}
	ev.frame = eventFrame(e.topic, ev.pos.shown(), e.body)
	return ev
}

// weight is what an event costs in the ring, bytes.
func (e *event) weight() int { return len(e.frame) + len(e.topic) + 128 }
