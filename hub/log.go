package hub

import (
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// stateMark begins the version of an entry that is whole state, behind the entry's tag: TAG:VERSION. News has the tag
// alone. An instance of the version before takes the whole for the tag, which it only compares, and reads the version from
// the body. An entry that such an instance wrote has no version here and passes as news.
const stateMark = ":"

// withState is a tag as the log has it.
func withState(tag string, s state) string {
	if !s.whole {
		return tag
	}
	return tag + stateMark + strconv.FormatInt(s.version, 10)
}

// cutState splits what withState has made.
func cutState(text string) (tag string, s state) {
	tag, version, whole := strings.Cut(text, stateMark)
	s.version, _ = strconv.ParseInt(version, 10, 64) // "" of news is 0
	s.whole = whole
	return tag, s
}

// parseMessage reads "EPOCH OFFSET BEFORE TAG TOPIC BODY".
func parseMessage(payload string) (epoch string, e entry, ok bool) {
	epoch, rest, _ := strings.Cut(payload, " ")
	offset, rest, _ := strings.Cut(rest, " ")
	before, rest, _ := strings.Cut(rest, " ")
	tag, rest, _ := strings.Cut(rest, " ")
	e.before, _ = cutState(before)
	e.tag, e.state = cutState(tag)
	e.topic, e.body, ok = strings.Cut(rest, " ")
	n, err := strconv.ParseUint(offset, 10, 53)
	e.offset = n
	return epoch, e, ok && err == nil && epoch != "" && validTopic(e.topic)
}

// heads reads where the link's logs are and sends an echo, in one round trip.
func (l *link) heads(ctx context.Context) ([]head, error) {
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	pipe := l.hub.cfg.Redis.Pipeline()
	if l.hub.sharded {
		pipe.SPublish(ctx, l.echo, "")
	} else {
		pipe.Publish(ctx, l.echo, "")
	}
	cmds := make([]*redis.SliceCmd, len(l.partitions))
	for i, p := range l.partitions {
		cmds[i] = pipe.HMGet(ctx, p.meta, metaFields...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	heads := make([]head, len(cmds))
	for i, cmd := range cmds {
		heads[i] = headOf(cmd.Val())
	}
	return heads, nil
}

// metaFields are what is known of a log besides its entries.
var metaFields = []string{"epoch", "head", "tag"}

// headOf reads the metaFields; a log that does not exist has no epoch.
func headOf(fields []any) (h head) {
	if len(fields) != len(metaFields) {
		return h
	}
	h.epoch, _ = fields[0].(string)
	offset, _ := fields[1].(string)
	h.offset, _ = strconv.ParseUint(offset, 10, 64)
	tag, _ := fields[2].(string)
	h.tag, _ = cutState(tag)
	return h
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

// continues reports whether the log that ends at now is the one that ended at h once, by the entries
// read from h on. It is not where a replica took over without the tail and the lost offsets were
// given to other entries.
func (h head) continues(now head, entries []entry) bool {
	switch {
	case now.offset <= h.offset:
		return now == h
	case len(entries) > 0 && entries[0].offset == h.offset:
		return entries[0].tag == h.tag
	}
	return true // as far as is known
}

// dense reports whether entries is what follows offset without a hole.
func dense(entries []entry, offset uint64) bool {
	for i, e := range entries {
		if e.offset != offset+uint64(i)+1 {
			return false
		}
	}
	return len(entries) > 0
}

// latest turns the dense tail of entries that ends at head into events.
func latest(head head, entries []entry) []*event {
	var events []*event
	first := len(entries)
	for want := head.offset; first > 0 && entries[first-1].offset == want; first-- {
		want--
	}
	for _, e := range entries[first:] {
		events = append(events, newEvent(head.epoch, e))
	}
	return events
}

func (h *Hub) head(ctx context.Context, p *partition) (head, error) {
	fields, err := h.cfg.Redis.HMGet(ctx, p.meta, metaFields...).Result()
	return headOf(fields), err
}

// readLog reads entries of a log together with its head, in one transaction: without it, a
// log that was replaced in between would be taken for the old one.
func (h *Hub) readLog(ctx context.Context, p *partition, from uint64, to string, limit int64) (head, []entry, error) {
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	pipe := h.cfg.Redis.TxPipeline()
	meta := pipe.HMGet(ctx, p.meta, metaFields...)
	span := pipe.XRangeN(ctx, p.log, strconv.FormatUint(from, 10), to, limit)
	if _, err := pipe.Exec(ctx); err != nil {
		return head{}, nil, err
	}
	var entries []entry
	for _, m := range span.Val() {
		e, ok := parseStreamEntry(m)
		if !ok {
			break
		}
		entries = append(entries, e)
	}
	return headOf(meta.Val()), entries, nil
}

// readSpan reads all entries from..to of a log.
func (h *Hub) readSpan(ctx context.Context, p *partition, from, to uint64) (epoch string, all []entry, err error) {
	for from <= to {
		head, part, err := h.readLog(ctx, p, from, strconv.FormatUint(to, 10), readBatch)
		if err != nil {
			return "", nil, err
		}
		if (epoch != "" && head.epoch != epoch) || !dense(part, from-1) {
			return "", nil, nil // no longer there as a whole
		}
		epoch = head.epoch
		all = append(all, part...)
		from += uint64(len(part))
	}
	return epoch, all, nil
}

func parseStreamEntry(m redis.XMessage) (e entry, ok bool) {
	offset, _, _ := strings.Cut(m.ID, "-")
	n, err := strconv.ParseUint(offset, 10, 53)
	e.offset = n
	e.topic, _ = m.Values["t"].(string)
	e.body, _ = m.Values["b"].(string)
	tag, _ := m.Values["i"].(string)
	e.tag, e.state = cutState(tag)
	return e, err == nil && e.topic != "" && e.body != ""
}
