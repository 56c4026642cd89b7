package checkout

import (
	"context"
	"errors"

	"mstm/shop"
)

// Payers are the WeChats that pay for users in WeChat's own browser.
type Payers interface {
	// Payer is the openid that pays for a user, "" for none.
	Payer(ctx context.Context, userID string) (openid string, err error)

	// PayerPage adds to shop.ErrOpenidRequired the page inside WeChat that gives the openid; from there the user comes
	// back to the page given.
	PayerPage(ctx context.Context, userID string, err error, back string) error
}

// PayRequest is how a buyer wants to pay.
type PayRequest struct {
	Channel   shop.Channel // "": native
	Payer     shop.Payer   // the address; the openid is the user's, see Payers
	Authorise bool         // the WeChat at hand is another than the known one, and is authorised again
	Back      string       // the page that a buyer comes back to from authorising
}

// resolve checks the channel, finds the openid that pays, and refuses a person that has had too many ways to pay from
// WeChat of late.
func (c *Payments) resolve(ctx context.Context, userID string, r *PayRequest) (err error) {
	switch r.Channel {
	case "":
		r.Channel = shop.ChannelNative
	case shop.ChannelNative, shop.ChannelJSAPI, shop.ChannelH5:
	default:
		return shop.ErrInvalidField.At("channel")
	}
	if r.Channel == shop.ChannelJSAPI && !r.Authorise && c.payers != nil {
		if r.Payer.Openid, err = c.payers.Payer(ctx, userID); err != nil {
			return err
		}
	}
	return c.attempts.mayAdd(ctx, userID)
}

// withPage adds the page that gives an openid to the refusal that asks for one.
func (c *Payments) withPage(ctx context.Context, userID string, err error, back string) error {
	if c.payers == nil || !errors.Is(err, shop.ErrOpenidRequired) {
		return err
	}
	return c.payers.PayerPage(ctx, userID, err, back)
}
