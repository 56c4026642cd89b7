package checkout

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
)

// pages gives no openid, and notes where its page leads back to.
type pages struct{ openid, back string }

func (p *pages) Payer(context.Context, string) (string, error) { return p.openid, nil }

func (p *pages) PayerPage(_ context.Context, _ string, err error, back string) error {
	p.back = back
	return err
}

// nothing renders no answer: these requests are refused.
func nothing(Placed) (store.Answer, error) { return store.Answer{}, errors.New("placed") }

func TestPlace_HowToPay_IsCheckedBeforeAnythingElse(t *testing.T) {
	db, log, p := storetest.Open(t), slog.New(slog.DiscardHandler), &pages{}
	c := New(Config{
		Store: CollectionsOf(db), Hub: hub.New(hub.Config{Redis: db.Redis(), Log: log}), Payers: p, Now: time.Now, Log: log,
	})
	place := func(r PayRequest) error {
		_, err := c.Placing.Place(t.Context(), PlaceRequest{
			PayRequest: r, UserID: "lin", Key: store.NewID(), Lines: []shop.LineRequest{{CourseID: "go1", PolicyID: "full"}},
		}, nothing)
		return err
	}
	var e *shop.Error
	if err := place(PayRequest{Channel: "cash"}); !errors.As(err, &e) || e.Param != "channel" {
		t.Errorf("an unknown channel: %v", err)
	}
	if err := place(PayRequest{Channel: shop.ChannelJSAPI, Back: "/checkout"}); !errors.Is(err, shop.ErrOpenidRequired) || p.back != "/checkout" {
		t.Errorf("inside WeChat without an openid: %v, back to %q", err, p.back)
	}
	p.openid = "openid-lin"
	if err := place(PayRequest{Channel: shop.ChannelJSAPI, Authorise: true}); !errors.Is(err, shop.ErrOpenidRequired) {
		t.Errorf("with another WeChat at hand: %v", err)
	}
	for range NewTrades.Burst {
		if err := c.Placing.attempts.mayAdd(t.Context(), "lin"); err != nil {
			t.Fatalf("before the limit: %v", err)
		}
		c.Placing.attempts.count(t.Context(), "lin")
	}
	if err := place(PayRequest{}); !errors.As(err, &e) || e.Code != "TOO_MANY_REQUESTS" {
		t.Errorf("an order beyond the limit: %v", err)
	}
	if _, err := c.Payments.Pay(t.Context(), "lin", store.NewID(), PayRequest{}); !errors.As(err, &e) || e.Code != "TOO_MANY_REQUESTS" {
		t.Errorf("another way to pay beyond the limit: %v", err)
	}
}
