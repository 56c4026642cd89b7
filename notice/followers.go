package notice

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// Followers are the people that follow the official account, by what WeChat reports of them: that they follow, which
// messages they want, that a message has arrived, that they have scanned an account's code.
type Followers struct {
	Rows   *store.Followers
	Scans  Scans
	Sender *WeChatSender // nil: the account sends no messages
	Log    *slog.Logger
}

// Scans bind WeChats to accounts.
type Scans interface {
	// Scanned binds the WeChat that scanned a code, named by its word. A scan that comes to nothing is
	// shop.ErrWeChatLink or shop.ErrWeChatOwnAccount.
	Scanned(ctx context.Context, openid, word string) error
}

// Apply does what an event of the official account asks for. Doing it again changes nothing.
func (f *Followers) Apply(ctx context.Context, ev wechat.Event) error {
	if err := f.scanned(ctx, ev); err != nil {
		return err
	}
	switch ev.Name {
	case "subscribe", "unsubscribe":
		return f.Rows.SetFollowing(ctx, ev.Openid, ev.Name == "subscribe", ev.At)
	case "subscribe_msg_popup_event", "subscribe_msg_change_event":
		return f.consented(ctx, ev)
	case "TEMPLATESENDJOBFINISH":
		return f.messageFinished(ctx, ev)
	}
	return nil
}

// scanned binds the WeChat of an event with a code. That it comes to nothing is for the log: no repeat could mend it.
func (f *Followers) scanned(ctx context.Context, ev wechat.Event) error {
	word := ev.Scene()
	if word == "" {
		return nil
	}
	err := f.Scans.Scanned(ctx, ev.Openid, word)
	if errors.Is(err, shop.ErrWeChatLink) || errors.Is(err, shop.ErrWeChatOwnAccount) {
		f.Log.InfoContext(ctx, "a scan came to nothing", "event", ev.Name)
		return nil
	}
	return err
}

// consented notes a follower's decisions about messages of activities.
func (f *Followers) consented(ctx context.Context, ev wechat.Event) error {
	for _, c := range ev.Consents {
		if err := f.Rows.AddConsent(ctx, ev.Openid, c.TemplateID, c.Accepted, ev.At); err != nil {
			return err
		}
	}
	return nil
}

// How often and how long apart a message's number is looked for that WeChat names: its event may come before the number is
// written down, and is answered within five seconds.
const (
	numberLooks = 10
	numberPause = 150 * time.Millisecond
)

// messageFinished notes what became of a message. A number that stays unknown is another program's, or its sender died
// before writing it down.
func (f *Followers) messageFinished(ctx context.Context, ev wechat.Event) error {
	if f.Sender == nil {
		return nil
	}
	for range numberLooks {
		known, err := f.Sender.Finished(ctx, ev.MsgID, ev.Status)
		if known || err != nil {
			return err
		}
		if err := rest(ctx, numberPause); err != nil {
			return err
		}
	}
	return nil
}
