package notice

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	v1 "github.com/go-json-experiment/json/v1"

	"mstm/shop"
)

// BroadcastRequest is what marketing asks for. Without channels it is live and inbox; without a time it is now.
type BroadcastRequest struct {
	Title    string                  `json:"title"`
	Body     string                  `json:"body"`
	Link     string                  `json:"link"`
	Audience shop.Audience           `json:"audience"`
	Channels []shop.BroadcastChannel `json:"channels"`
	SendAt   *time.Time              `json:"send_at"`
}

// Create accepts the broadcast of a request, in the name of the user or key by. One idempotency key of theirs has one
// broadcast: a repeat is answered with it, and fresh is false. For mayAsk see Accept.
func (b *Broadcaster) Create(ctx context.Context, in BroadcastRequest, by, key string, mayAsk func() error) (accepted BroadcastReport, fresh bool, err error) {
	x, err := in.broadcast(b.Links, b.WeChatSender.Announces())
	if err == nil {
		err = nameBroadcast(x, by, key)
	}
	if err == nil {
		x, fresh, err = b.Accept(ctx, x, mayAsk)
	}
	if err != nil {
		return BroadcastReport{}, false, err
	}
	accepted, err = b.report(ctx, x)
	return accepted, fresh, err
}

// DryRun is how many people a request would go to now, and whether a second person would have to confirm that. An empty
// audience is 0 here, and no error.
func (b *Broadcaster) DryRun(ctx context.Context, in BroadcastRequest) (people int64, needsConfirmation bool, err error) {
	x, err := in.broadcast(b.Links, b.WeChatSender.Announces())
	if err == nil {
		err = x.CheckTime(b.Now())
	}
	if err != nil {
		return 0, false, err
	}
	people, err = b.Count(ctx, x.Audience)
	return people, b.NeedsConfirmation(people), err
}

// broadcast makes a broadcast of a request, or refuses it. byWeChat is whether the shop can announce an activity that way.
func (in BroadcastRequest) broadcast(links shop.Links, byWeChat bool) (*shop.Broadcast, error) {
	title, err := shop.CleanLine("title", in.Title, 1, shop.MaxBroadcastTitle)
	if err != nil {
		return nil, err
	}
	body, err := shop.CleanText("body", in.Body, 1, shop.MaxBroadcastBody)
	if err != nil {
		return nil, err
	}
	link, err := links.Clean(in.Link)
	if err != nil {
		return nil, err
	}
	if err := in.Audience.Check(); err != nil {
		return nil, err
	}
	channels, err := cleanChannels(in.Channels, byWeChat)
	if err != nil {
		return nil, err
	}
	x := &shop.Broadcast{Title: title, Body: body, Link: link, Audience: in.Audience, Channels: channels}
	if in.SendAt != nil {
		at := in.SendAt.UTC()
		x.SendAt = &at
	}
	return x, nil
}

// cleanChannels are the channels in their own order, each once; nil means live and inbox.
func cleanChannels(in []shop.BroadcastChannel, byWeChat bool) ([]shop.BroadcastChannel, error) {
	all := []shop.BroadcastChannel{shop.ByLive, shop.ByInbox}
	if in == nil {
		return all, nil
	}
	if byWeChat {
		all = append(all, shop.ByWeChat)
	}
	unknown := func(c shop.BroadcastChannel) bool { return !slices.Contains(all, c) }
	if len(in) == 0 || len(in) > len(all) || slices.ContainsFunc(in, unknown) {
		return nil, shop.ErrInvalidField.At("channels")
	}
	return slices.DeleteFunc(all, func(c shop.BroadcastChannel) bool { return !slices.Contains(in, c) }), nil
}

// nameBroadcast gives a broadcast the id that the key of its maker stands for, so that a key has one broadcast, and notes
// what it says, so that a repeat is recognised: also one from the version before, so both stay as they are.
func nameBroadcast(x *shop.Broadcast, by, key string) error {
	said, err := json.Marshal(x.View(shop.MessageCounts{}), json.Deterministic(true), v1.OmitEmptyWithLegacySemantics(true))
	if err != nil {
		return err
	}
	body := sha256.Sum256(said)
	id := sha256.Sum256([]byte("broadcast\x00" + by + "\x00" + key))
	x.BodyHash = hex.EncodeToString(body[:])
	x.ID = strings.ToLower(base32.StdEncoding.EncodeToString(id[:20]))[:26]
	x.CreatedBy = by
	return nil
}
