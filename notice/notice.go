// Package notice brings messages to people: at once to every open page, into the inbox for later,
// and by WeChat. The inbox is the truth; the other channels only make it quicker.
package notice

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// Config is what an Inbox works with. All of it is needed but
// what says otherwise.
type Config struct {
	Store InboxCollections
	Hub   *hub.Hub
	Now   func() time.Time // the shop's clock
	Log   *slog.Logger

	WeChatSender *WeChatSender // sends WeChat messages; nil: there are none
}

// Inbox sends notices.
type Inbox struct{ Config }

// New is an Inbox.
func New(cfg Config) *Inbox { return &Inbox{cfg} }

// news is one message to a learner. For one kind and ref a learner gets one notice, however often
// it is posted.
type news struct {
	userID, kind, ref string // ref is what it is about
	form              string // of the wording; "": the kind's
	link              string

	// Both by the reader's language: what the wording's placeholders stand for, and what a
	// WeChat message says of it; nil: there is no such message.
	facts, message func(locale string) map[string]string
}

// notify puts a notice into a learner's inbox and shows it on the open pages, now or when Redis takes it.
func (in *Inbox) notify(ctx context.Context, what news) error {
	n, err := in.post(ctx, what)
	if err != nil {
		return err
	}
	if err := in.show(ctx, n); err != nil {
		return in.Store.Unsent.Note(ctx, store.Unsent{Kind: store.UnsentNotice, Ref: n.ID, UserID: n.UserID})
	}
	return nil
}

// post puts a notice into a learner's inbox, once, and notes the WeChat message that says the
// same. The notice is worded now, in the reader's present language, and never changes. A notice
// that is there already is answered as it stands.
func (in *Inbox) post(ctx context.Context, what news) (shop.Notice, error) {
	locale, err := in.language(ctx, what.userID)
	if err != nil {
		return shop.Notice{}, err
	}
	text, err := in.word(ctx, what, locale)
	if err != nil {
		return shop.Notice{}, err
	}
	n := shop.Notice{
		ID: shop.NoticeID(what.userID, what.kind, what.ref), UserID: what.userID, Kind: what.kind,
		Title: text.Title, Body: text.Body, Link: what.link, CreatedAt: in.Now().UTC(),
	}
	fresh, err := in.Store.Notices.Insert(ctx, &n)
	if err != nil {
		return n, err
	}
	if !fresh {
		posted, err := in.Store.Notices.Get(ctx, n.ID)
		if err != nil {
			return n, err
		}
		n = *posted
	}
	if what.message == nil {
		return n, nil
	}
	m := shop.NewDelivery(what.userID, what.kind, what.ref, in.Now())
	m.Data, m.Link = what.message(locale), what.link
	return n, in.WeChatSender.Post(ctx, m)
}

// language is the language of a user's messages.
func (in *Inbox) language(ctx context.Context, userID string) (string, error) {
	u, err := in.Store.Users.Get(ctx, userID)
	if errors.Is(err, shop.ErrUserNotFound) {
		return shop.LocaleZh, nil
	}
	if err != nil {
		return "", err
	}
	return u.Language(), nil
}

// word is the wording in a language, by the template of the console where there is one.
func (in *Inbox) word(ctx context.Context, what news, locale string) (shop.Wording, error) {
	form := what.form
	if form == "" {
		form = what.kind
	}
	f, err := shop.NoticeFormNamed(form)
	if err != nil {
		return shop.Wording{}, err
	}
	edited, err := in.Store.NoticeTemplates.All(ctx)
	if err != nil {
		return shop.Wording{}, err
	}
	return f.Texts(edited).In(locale).Fill(what.facts(locale)), nil
}

// show shows a notice on the reader's open pages, once.
func (in *Inbox) show(ctx context.Context, n shop.Notice) error {
	ctx, cancel := context.WithTimeout(ctx, showTime)
	defer cancel()
	_, err := in.Hub.Publish(ctx, hub.Event(shop.NoticePosted(n)))
	return err
}

// ShowAgain shows open pages a notice or a broadcast that Redis did not take at its time.
func (in *Inbox) ShowAgain(ctx context.Context, u store.Unsent) error {
	if u.Kind == store.UnsentBroadcast {
		return in.showBroadcastAgain(ctx, u)
	}
	n, err := in.Store.Notices.Get(ctx, u.Ref)
	if errors.Is(err, shop.ErrNoticeNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return in.show(ctx, *n)
}

// showBroadcastAgain shows a broadcast that Redis did not take, unless it has been cancelled
// since.
func (in *Inbox) showBroadcastAgain(ctx context.Context, u store.Unsent) error {
	x, err := in.Store.Broadcasts.Get(ctx, u.Ref)
	switch {
	case errors.Is(err, shop.ErrBroadcastNotFound):
		return nil
	case err != nil:
		return err
	case x.StartedAt == nil || x.State == shop.BroadcastCancelled:
		return nil
	}
	_, err = in.Hub.Publish(ctx, hub.Event(shop.BroadcastPosted(x, u.UserID)))
	return err
}

// unsent is the broadcast as pages of a user are to be shown it when Redis takes it; "" is everybody.
func (s *sending) unsent(userID string) store.Unsent {
	return store.Unsent{Kind: store.UnsentBroadcast, Ref: s.x.ID, UserID: userID}
}
