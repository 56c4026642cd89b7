package feed

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is a Log and a Channel. Instances of other versions use the same keys and messages: their forms stay.
type Redis struct {
	client  redis.UniversalClient
	cluster *redis.ClusterClient // nil: not a Cluster; else a channel lives where its slot does
	keys    []keys               // by partition
}

// keys are one partition's, all in one Cluster slot.
type keys struct {
	channel, echo   string // echo is this instance's own
	meta, log, once string
	ttlMS           int64
}

const (
	// StreamLength is how many entries a partition keeps ("MAXLEN ~", so a little more).
	// A cart event may weigh tens of KiB: this bounds what carts cost to some hundred MiB.
	StreamLength = 4096
	onceFor      = 24 * time.Hour
	// The client of Redis repeats a command whose answer was lost, so a draft without a Once is given one
	// for as long as that may take: the system keeps what was sent into a broken network, and sends it once more when
	// that heals, though the client has given the connection up.
	resentFor = 2 * time.Minute
	plainOnce = "~"
)

// NewRedis makes a log of partitions under a prefix. instance names this instance, without spaces.
func NewRedis(client redis.UniversalClient, prefix, instance string, specs []Spec) *Redis {
	r := &Redis{client: client}
	r.cluster, _ = client.(*redis.ClusterClient)
	for _, spec := range specs {
		r.keys = append(r.keys, keysOf(prefix, instance, spec))
	}
	return r
}

func keysOf(prefix, instance string, spec Spec) keys {
	slot := prefix + ":hub:{" + spec.Name + "}:"
	return keys{
		channel: slot + "live", echo: slot + "echo:" + instance,
		meta: slot + "meta", log: slot + "log", once: slot + "once:", ttlMS: spec.TTL.Milliseconds(),
	}
}

// IsCluster reports whether each partition has a node of its own to subscribe to.
func (r *Redis) IsCluster() bool { return r.cluster != nil }

// ChannelKey is the Redis channel of a partition, LogKey the key of its stream, and OnceKey the key that a Once has in it.
func (r *Redis) ChannelKey(part int) string           { return r.keys[part].channel }
func (r *Redis) LogKey(part int) string               { return r.keys[part].log }
func (r *Redis) OnceKey(part int, once string) string { return r.keys[part].once + once }

// stateMark begins the version of an entry that is whole state, behind the entry's tag: TAG:VERSION. News has the tag
// alone. An instance of the version before takes the whole for the tag, which it only compares, and reads the version from
// the body. An entry that such an instance wrote has no version here and passes as news.
const stateMark = ":"

// withState is a tag as the log has it.
func withState(tag string, s State) string {
	if !s.Whole {
		return tag
	}
	return tag + stateMark + strconv.FormatInt(s.Version, 10)
}

// cutState splits what withState has made.
func cutState(text string) (tag string, s State) {
	tag, version, whole := strings.Cut(text, stateMark)
	s.Version, _ = strconv.ParseInt(version, 10, 64) // "" of news is 0
	s.Whole = whole
	return tag, s
}

// appendScript gives an entry its offset, keeps it and sends it, in one step: so order =
// offset = order of sending. The epoch is created with the log: if Redis lost the meta hash,
// a stream that survived it is of another epoch and goes. Each entry has a tag, and what is sent
// names the tag before it: two logs may have the same epoch and the same offsets, where a replica took
// over without the tail and wrote on, but not the same tags. PUBLISH is last: an instance that gets an
// entry finds it in the stream. HSET is first: a Redis that is full refuses it, and with that the script as a whole,
// but refuses nothing after a first write, which a DEL would be.
//
// KEYS meta, log, once · ARGV channel, topic, body, maxlen, ttl ms, new epoch, once ms,
// PUBLISH or SPUBLISH, tag
var appendScript = redis.NewScript(`
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

// Append implements Log.
func (r *Redis) Append(ctx context.Context, part int, d Draft) (position string, err error) {
	k, once, keep := &r.keys[part], d.Once, onceFor
	if once == "" {
		once, keep = plainOnce+d.Tag, resentFor
	}
	send := "PUBLISH"
	if r.IsCluster() {
		send = "SPUBLISH"
	}
	return appendScript.Run(ctx, r.client, []string{k.meta, k.log, k.once + once},
		k.channel, d.Topic, d.Body, StreamLength, k.ttlMS, newEpoch(), keep.Milliseconds(), send, withState(d.Tag, d.State)).Text()
}

// openScript makes sure that a log has an epoch, and another one than that which is found to be
// taken by two logs.
//
// KEYS meta, log · ARGV new epoch, epoch that is not to stay
var openScript = redis.NewScript(`
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch or epoch == ARGV[2] then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'head', '0', 'tag', '')
  redis.call('DEL', KEYS[2])
end
return 1`)

// Open implements Log.
func (r *Redis) Open(ctx context.Context, part int, spent string) error {
	k := &r.keys[part]
	return openScript.Run(ctx, r.client, []string{k.meta, k.log}, newEpoch(), spent).Err()
}

// metaFields are what is known of a log besides its entries.
var metaFields = []string{"epoch", "head", "tag"}

// headOf reads the metaFields; a log that does not exist has no epoch.
func headOf(fields []any) (h Head) {
	if len(fields) != len(metaFields) {
		return h
	}
	h.Epoch, _ = fields[0].(string)
	offset, _ := fields[1].(string)
	h.Offset, _ = strconv.ParseUint(offset, 10, 64)
	tag, _ := fields[2].(string)
	h.Tag, _ = cutState(tag)
	return h
}

// Heads implements Log, in one round trip.
func (r *Redis) Heads(ctx context.Context, parts []int) ([]Head, error) {
	pipe := r.client.Pipeline()
	echo := r.keys[parts[0]].echo
	if r.IsCluster() {
		pipe.SPublish(ctx, echo, "")
	} else {
		pipe.Publish(ctx, echo, "")
	}
	cmds := make([]*redis.SliceCmd, len(parts))
	for i, part := range parts {
		cmds[i] = pipe.HMGet(ctx, r.keys[part].meta, metaFields...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	heads := make([]Head, len(cmds))
	for i, cmd := range cmds {
		heads[i] = headOf(cmd.Val())
	}
	return heads, nil
}

// Read implements Log, in one transaction: without it, a log that was replaced in between would be taken for the
// old one.
func (r *Redis) Read(ctx context.Context, part int, from, to uint64, limit int) (Head, []Entry, error) {
	k, end := &r.keys[part], "+"
	if to > 0 {
		end = strconv.FormatUint(to, 10)
	}
	pipe := r.client.TxPipeline()
	meta := pipe.HMGet(ctx, k.meta, metaFields...)
	span := pipe.XRangeN(ctx, k.log, strconv.FormatUint(from, 10), end, int64(limit))
	if _, err := pipe.Exec(ctx); err != nil {
		return Head{}, nil, err
	}
	head := headOf(meta.Val())
	var entries []Entry
	for _, m := range span.Val() {
		e, ok := parseStreamEntry(head.Epoch, m)
		if !ok {
			break
		}
		entries = append(entries, e)
	}
	return head, entries, nil
}

func parseStreamEntry(epoch string, m redis.XMessage) (e Entry, ok bool) {
	offset, _, _ := strings.Cut(m.ID, "-")
	n, err := strconv.ParseUint(offset, 10, 53)
	e.Position = Position{epoch, n}
	e.Topic, _ = m.Values["t"].(string)
	e.Body, _ = m.Values["b"].(string)
	tag, _ := m.Values["i"].(string)
	e.Tag, e.State = cutState(tag)
	return e, err == nil && e.Topic != "" && e.Body != ""
}

// Parse implements Channel: "EPOCH OFFSET BEFORE TAG TOPIC BODY".
func (r *Redis) Parse(text string) (e Entry, ok bool) {
	epoch, rest, _ := strings.Cut(text, " ")
	offset, rest, _ := strings.Cut(rest, " ")
	before, rest, _ := strings.Cut(rest, " ")
	tag, rest, _ := strings.Cut(rest, " ")
	e.Before, _ = cutState(before)
	e.Tag, e.State = cutState(tag)
	e.Topic, e.Body, ok = strings.Cut(rest, " ")
	n, err := strconv.ParseUint(offset, 10, 53)
	e.Position = Position{epoch, n}
	return e, ok && err == nil && epoch != "" && e.Topic != ""
}

// Send implements Channel.
func (r *Redis) Send(ctx context.Context, part int, note string) error {
	send := r.client.Publish
	if r.IsCluster() {
		send = r.client.SPublish
	}
	return send(ctx, r.keys[part].channel, note).Err()
}

// errMoved: a Cluster's node has given the slot of the channel away and sends nothing more.
var errMoved = errors.New("hub: the slot has moved")

// Subscribe implements Channel.
func (r *Redis) Subscribe(ctx context.Context, parts []int, to Listener) error {
	open := r.client.Subscribe
	if r.IsCluster() {
		open = r.client.SSubscribe
		defer r.cluster.ReloadState(context.WithoutCancel(ctx)) // the slot may have another owner by then
	}
	s := r.subscriptionTo(parts, to)
	sub := open(ctx, s.channels...)
	// Receive does not watch ctx while it waits: closing is what wakes it.
	stop := context.AfterFunc(ctx, func() { sub.Close() })
	defer func() {
		if stop() {
			sub.Close()
		}
	}()
	for {
		got, err := sub.Receive(ctx)
		if err != nil {
			return err
		}
		if err := s.take(got); err != nil {
			return err
		}
	}
}

// subscription gives a listener what comes over some channels.
type subscription struct {
	to       Listener
	echo     string
	channels []string
	parts    map[string]int // by channel
}

func (r *Redis) subscriptionTo(parts []int, to Listener) *subscription {
	s := &subscription{to: to, echo: r.keys[parts[0]].echo, parts: map[string]int{}}
	s.channels = []string{s.echo}
	for _, part := range parts {
		channel := r.keys[part].channel
		s.channels = append(s.channels, channel)
		s.parts[channel] = part
	}
	return s
}

// take handles one thing from the subscription.
func (s *subscription) take(got any) error {
	switch got := got.(type) {
	case *redis.Subscription:
		if got.Kind == "sunsubscribe" {
			return errMoved
		}
		s.to.Joined()
	case *redis.Message:
		if part, known := s.parts[got.Channel]; known {
			s.to.Hear(part, got.Payload)
		} else if got.Channel == s.echo {
			s.to.Alive()
		}
	}
	return nil
}
