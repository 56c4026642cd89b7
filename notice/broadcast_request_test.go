package notice

import (
	"errors"
	"slices"
	"testing"
	"time"

	"mstm/shop"
)

// TestBroadcastRequest_AsTheVersionBeforeSentIt_IsTheSameBroadcast holds a repeat that comes after an upgrade: its id and the
// hash of what it says were written down by the version before.
func TestBroadcastRequest_AsTheVersionBeforeSentIt_IsTheSameBroadcast(t *testing.T) {
	at := time.Date(2026, 11, 11, 8, 0, 0, 5_000_000, time.FixedZone("", 8*60*60))
	x, err := BroadcastRequest{
		Title: " 双十一 <b>", Body: "一\n二", Link: "https://shop.example/courses/go1?a=1#x", Audience: shop.Audience{Kind: shop.AudienceAll},
		Channels: []shop.BroadcastChannel{shop.ByInbox, shop.ByLive}, SendAt: &at,
	}.broadcast(shop.Links{PublicURL: "https://shop.example"}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := nameBroadcast(x, "key:k1", "k-0123456789"); err != nil {
		t.Fatal(err)
	}
	const id, hash = "cu437hwola7q2vcv42yn5x3tfd", "030f401ca2e6bffe8c309ed7e1bc6f07691f3c97187c463ceb58c390c7195ad5"
	if x.ID != id || x.BodyHash != hash || x.CreatedBy != "key:k1" || x.Title != "双十一 <b>" || x.Link != "/courses/go1?a=1#x" {
		t.Errorf("%+v", x)
	}
}

func TestBroadcastRequest_Channels_AreThoseThatTheShopHas(t *testing.T) {
	ask := func(byWeChat bool, channels ...shop.BroadcastChannel) ([]shop.BroadcastChannel, error) {
		x, err := BroadcastRequest{Title: "t", Body: "b", Audience: shop.Audience{Kind: shop.AudienceAll}, Channels: channels}.broadcast(shop.Links{}, byWeChat)
		if err != nil {
			return nil, err
		}
		return x.Channels, nil
	}
	for name, row := range map[string]struct {
		byWeChat bool
		ask      []shop.BroadcastChannel
		want     []shop.BroadcastChannel // nil: refused
	}{
		"none":                     {false, nil, []shop.BroadcastChannel{shop.ByLive, shop.ByInbox}},
		"an empty list":            {false, []shop.BroadcastChannel{}, nil},
		"in their own order":       {true, []shop.BroadcastChannel{shop.ByWeChat, shop.ByLive}, []shop.BroadcastChannel{shop.ByLive, shop.ByWeChat}},
		"WeChat that is not there": {false, []shop.BroadcastChannel{shop.ByWeChat}, nil},
		"an unknown one":           {true, []shop.BroadcastChannel{"pigeon"}, nil},
	} {
		got, err := ask(row.byWeChat, row.ask...)
		var e *shop.Error
		if row.want == nil && (!errors.As(err, &e) || e.Param != "channels") || row.want != nil && (err != nil || !slices.Equal(got, row.want)) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
