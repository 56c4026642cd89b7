// Package notice tells people what happened: at once on every open page, in the inbox for
// the one who closed it, and by WeChat. The inbox is the truth; the other channels only
// make it quicker.
package notice

import (
	"context"
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

// tell puts a notice into a learner's inbox and shows it on the open pages. ref is what it
// is about: for one kind and ref a learner gets one notice, however often tell is called.
// data is what a WeChat message says of it.
func (d *Desk) tell(ctx context.Context, userID, kind, ref string, n shop.Notice, data map[string]string) error {
	n, err := d.keep(ctx, userID, kind, ref, n, data)
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
// that says the same.
func (d *Desk) keep(ctx context.Context, userID, kind, ref string, n shop.Notice, data map[string]string) (shop.Notice, error) {
	n.ID = shop.NoticeID(userID, kind, ref)
	n.UserID, n.Kind, n.CreatedAt = userID, kind, d.Now().UTC()
	if _, err := d.Store.InsertNotice(ctx, &n); err != nil {
		return n, err
	}
	m := shop.NewDelivery(userID, kind, ref, d.Now())
	m.Data, m.Link = data, n.Link
	return n, d.Courier.Post(ctx, m)
}

// show shows a notice on the reader's open pages, once.
func (d *Desk) show(ctx context.Context, n shop.Notice) error {
	_, err := d.Hub.Publish(ctx, hub.Event{Topic: hub.UserTopic(n.UserID), Type: "notice.posted", Data: n, Once: "notice:" + n.ID})
	return err
}
