// Package notice tells people what happened: at once on every open page, in the inbox for
// the one who closed it, and by WeChat. The inbox is the truth; the other channels only
// make it quicker.
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

// Config is what a Desk works with. All of it is needed but
// what says otherwise.
type Config struct {
	Store *store.Store
	Hub   *hub.Hub
	Now   func() time.Time // the shop's clock
	Log   *slog.Logger

	Courier *Courier // sends WeChat messages; nil: there are none
}

// Desk sends notices.
type Desk struct{ Config }

// New is a Desk.
func New(cfg Config) *Desk { return &Desk{cfg} }

// news is one thing to tell somebody. For one kind and ref a learner gets one notice, however
// often it is told.
type news struct {
	userID, kind, ref string // ref is what it is about
	form              string // of the wording; "": the kind's
	link              string

	// Both by the reader's language: what the wording's placeholders stand for, and what a
	// WeChat message says of it.
	facts, message func(locale string) map[string]string
}

// tell puts a notice into a learner's inbox and shows it on the open pages.
func (d *Desk) tell(ctx context.Context, what news) error {
	n, err := d.keep(ctx, what)
	if err != nil {
		return err
	}
	if err := d.show(ctx, n); err != nil {
		// It is in the inbox; a page that comes back reads it there.
		d.Log.WarnContext(ctx, "notice not shown live", "notice", n.ID, "err", err)
	}
	return nil
}

// keep puts a notice into a learner's inbox, where it is once, and notes the WeChat message
// that says the same. It is worded now, in the language that the reader has now, and stays as
// it is: what somebody was told is not to change under them. A notice that is there already is
// answered as it was told.
func (d *Desk) keep(ctx context.Context, what news) (shop.Notice, error) {
	locale, err := d.language(ctx, what.userID)
	if err != nil {
		return shop.Notice{}, err
	}
	text, err := d.word(ctx, what, locale)
	if err != nil {
		return shop.Notice{}, err
	}
	n := shop.Notice{
		ID: shop.NoticeID(what.userID, what.kind, what.ref), UserID: what.userID, Kind: what.kind,
		Title: text.Title, Body: text.Body, Link: what.link, CreatedAt: d.Now().UTC(),
	}
	fresh, err := d.Store.InsertNotice(ctx, &n)
	if err != nil {
		return n, err
	}
	if !fresh {
		told, err := d.Store.Notice(ctx, n.ID)
		if err != nil {
			return n, err
		}
		n = *told
	}
	m := shop.NewDelivery(what.userID, what.kind, what.ref, d.Now())
	m.Data, m.Link = what.message(locale), what.link
	return n, d.Courier.Post(ctx, m)
}

// language is the one that somebody is written to in.
func (d *Desk) language(ctx context.Context, userID string) (string, error) {
	u, err := d.Store.User(ctx, userID)
	if errors.Is(err, shop.ErrUserNotFound) {
		return shop.LocaleZh, nil
	}
	if err != nil {
		return "", err
	}
	return u.Language(), nil
}

// word is what is told in a language, by the template of the console where there is one.
func (d *Desk) word(ctx context.Context, what news, locale string) (shop.Wording, error) {
	form := what.form
	if form == "" {
		form = what.kind
	}
	f, err := shop.NoticeFormNamed(form)
	if err != nil {
		return shop.Wording{}, err
	}
	edited, err := d.Store.NoticeTemplates(ctx)
	if err != nil {
		return shop.Wording{}, err
	}
	return f.Texts(edited).In(locale).Fill(what.facts(locale)), nil
}

// show shows a notice on the reader's open pages, once.
func (d *Desk) show(ctx context.Context, n shop.Notice) error {
	_, err := d.Hub.Publish(ctx, hub.Event{Topic: hub.UserTopic(n.UserID), Type: "notice.posted", Data: n.View(), Once: "notice:" + n.ID})
	return err
}
