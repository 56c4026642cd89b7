package notice

import (
	"context"
	"strconv"
	"strings"
	"time"

	"mstm/shop"
)

// OrderFulfilled posts to the buyer that the courses of an order are open, and which could not be
// opened.
func (in *Inbox) OrderFulfilled(ctx context.Context, o *shop.Order) error {
	opened, refused := titles(o, shop.LineGranted), titles(o, shop.LineRefused)
	what := orderNews(o, shop.NoticeOrderFulfilled, o.ID, o.Paid, in.Now())
	switch {
	case len(opened) == 0:
		what.form = shop.FormNotFulfilled
	case len(refused) > 0:
		what.form = shop.FormPartlyFulfilled
	}
	what.facts = func(locale string) map[string]string {
		return map[string]string{"courses": quoted(opened, locale), "refused": quoted(refused, locale), "order": o.ID}
	}
	return in.notify(ctx, what)
}

// Refunded posts to the buyer that a refund of an order went through.
func (in *Inbox) Refunded(ctx context.Context, o *shop.Order, r *shop.Refund) error {
	what := orderNews(o, shop.NoticeOrderRefunded, r.OutRefundNo, r.Amount, in.Now())
	if r.Amount == 0 {
		what.form = shop.FormWithdrawn
	}
	return in.notify(ctx, what)
}

// PaidBack posts to the buyer that money which paid for nothing is back.
func (in *Inbox) PaidBack(ctx context.Context, o *shop.Order, r *shop.Refund) error {
	return in.notify(ctx, orderNews(o, shop.NoticePaidBack, r.OutRefundNo, r.Amount, in.Now()))
}

// OrderClosing reminds the buyer that an order is not paid yet and closes soon.
func (in *Inbox) OrderClosing(ctx context.Context, o *shop.Order) error {
	now := in.Now()
	what := orderNews(o, shop.NoticeOrderClosing, o.ID, o.Total, now)
	facts, message := what.facts, what.message
	what.facts = func(locale string) map[string]string {
		all := facts(locale)
		all["until"] = shop.MinuteOf(o.ExpiresAt)
		all["minutes"] = strconv.Itoa(int((o.ExpiresAt.Sub(now) + time.Minute - 1) / time.Minute))
		return all
	}
	what.message = func(locale string) map[string]string {
		all := message(locale)
		all["until"] = shop.MinuteOf(o.ExpiresAt)
		return all
	}
	return in.notify(ctx, what)
}

// orderNews is news of an order and an amount of money.
func orderNews(o *shop.Order, kind, ref string, amount shop.Fen, now time.Time) news {
	all := titles(o, "")
	return news{
		userID: o.UserID, kind: kind, ref: ref, link: "/orders/" + o.ID,
		facts: func(locale string) map[string]string {
			return map[string]string{"courses": quoted(all, locale), "amount": amount.Yuan(), "order": o.ID}
		},
		message: func(string) map[string]string {
			return map[string]string{
				"courses": strings.Join(all, "、"), "order": o.ID, "amount": amount.Yuan() + "元", "time": shop.MinuteOf(now),
			}
		},
	}
}

// titles are the courses of the lines that came to a result, "" for all.
func titles(o *shop.Order, result shop.LineResult) (all []string) {
	for _, l := range o.Lines {
		if result == "" || l.Result == result {
			all = append(all, l.Title)
		}
	}
	return all
}

// quoted are titles as a sentence names them.
func quoted(titles []string, locale string) string {
	if len(titles) == 0 {
		return ""
	}
	if locale == shop.LocaleEn {
		return "“" + strings.Join(titles, "”, “") + "”"
	}
	return "《" + strings.Join(titles, "》《") + "》"
}
