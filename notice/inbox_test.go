package notice

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
)

// newInbox is an inbox on real stores with two readers: lin in Chinese, ann in English.
func newInbox(t *testing.T) (*Inbox, *store.DB) {
	t.Helper()
	db := storetest.Open(t)
	for name, locale := range map[string]string{"lin": "", "ann": shop.LocaleEn} {
		if err := db.Users.Insert(t.Context(), &shop.User{ID: name, Name: name, Locale: locale, CreatedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.DiscardHandler)
	return New(Config{Store: InboxCollectionsOf(db), Hub: hub.New(hub.Config{Redis: db.Redis(), Log: log}), Now: time.Now, Log: log}), db
}

// inboxOf is a user's inbox, as `title body`, newest first.
func inboxOf(t *testing.T, db *store.DB, user, kind, ref string) string {
	t.Helper()
	n, err := db.Notices.Get(context.Background(), shop.NoticeID(user, kind, ref))
	if err != nil {
		t.Fatal(err)
	}
	return n.Title + " | " + n.Body
}

func TestANoticeIsInTheReadersLanguageAndNeverChanges(t *testing.T) {
	inbox, db := newInbox(t)
	paidBack := func(user, refund string) {
		t.Helper()
		o := &shop.Order{ID: "o" + user, UserID: user, Lines: []shop.OrderLine{{Title: "围棋"}}}
		if err := inbox.PaidBack(t.Context(), o, &shop.Refund{OutRefundNo: refund, Amount: 19900}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(user, refund, text string) {
		t.Helper()
		if got := inboxOf(t, db, user, shop.NoticePaidBack, refund); got != text {
			t.Errorf("%s reads %q, want %q", user, got, text)
		}
	}
	for _, user := range []string{"lin", "ann", "gone"} {
		paidBack(user, user+"1")
	}
	want("lin", "lin1", "多付的款项已退回 | 199.00 元已原路退回。")
	want("ann", "ann1", "What you paid twice is back | ¥199.00 went back the way it came.")
	want("gone", "gone1", "多付的款项已退回 | 199.00 元已原路退回。")

	if _, err := db.NoticeTemplates.Put(t.Context(), shop.NoticeTemplate{Form: shop.NoticePaidBack, By: "edith", At: time.Now(), Texts: &shop.Wordings{
		Zh: shop.Wording{Title: "到账 {amount}", Body: "{courses} 多付的钱回来了"}, En: shop.Wording{Title: "¥{amount} is back", Body: "For {courses}."},
	}}); err != nil {
		t.Fatal(err)
	}
	paidBack("lin", "lin1") // again, as after a crash
	paidBack("lin", "lin2")
	paidBack("ann", "ann2")
	want("lin", "lin1", "多付的款项已退回 | 199.00 元已原路退回。")
	want("lin", "lin2", "到账 199.00 | 《围棋》 多付的钱回来了")
	want("ann", "ann2", "¥199.00 is back | For “围棋”.")
}

func TestNoticesOfAnOrder(t *testing.T) {
	inbox, db := newInbox(t)
	expires := time.Now().Add(9*time.Minute + 30*time.Second)
	order := func(id string, results ...shop.LineResult) *shop.Order {
		o := &shop.Order{ID: id, Total: 20000, ExpiresAt: expires}
		for i, r := range results {
			o.Lines = append(o.Lines, shop.OrderLine{Title: []string{"围棋", "象棋", "军棋"}[i], Result: r})
		}
		return o
	}
	until := shop.MinuteOf(expires)
	for _, tt := range []struct {
		name   string
		post   func(*shop.Order) error
		order  *shop.Order
		kind   string
		ref    string
		zh, en string
	}{
		{"all open", func(o *shop.Order) error { return inbox.OrderFulfilled(t.Context(), o) }, order("o1", shop.LineGranted, shop.LineGranted), shop.NoticeOrderFulfilled, "o1",
			"课程已开通 | 《围棋》《象棋》已开通，现在就可以学习。", "Your course is open | “围棋”, “象棋”: you can start learning now."},
		{"one had before", func(o *shop.Order) error { return inbox.OrderFulfilled(t.Context(), o) }, order("o2", shop.LineGranted, shop.LineRefused), shop.NoticeOrderFulfilled, "o2",
			"课程已开通 | 《围棋》已开通，现在就可以学习。《象棋》您已经拥有，款项会原路退回。",
			"Your course is open | “围棋”: you can start learning now. You have “象棋” already; that money goes back the way it came."},
		{"all had before", func(o *shop.Order) error { return inbox.OrderFulfilled(t.Context(), o) }, order("o3", shop.LineRefused), shop.NoticeOrderFulfilled, "o3",
			"课程未能开通 | 《围棋》您已经拥有，款项会原路退回。", "The course was not opened | You have “围棋” already; the money goes back the way it came."},
		{"refunded", func(o *shop.Order) error {
			return inbox.Refunded(t.Context(), o, &shop.Refund{OutRefundNo: "r4", Amount: 20000})
		}, order("o4", shop.LineGranted), shop.NoticeOrderRefunded, "r4",
			"退款成功 | 200.00 元已原路退回。", "Your refund went through | ¥200.00 went back the way it came."},
		{"left a free stage", func(o *shop.Order) error { return inbox.Refunded(t.Context(), o, &shop.Refund{OutRefundNo: "r5"}) }, order("o5", shop.LineGranted), shop.NoticeOrderRefunded, "r5",
			"课程已退出 | 这笔订单没有付款，学习权限已结束。", "You have left the course | Nothing was paid for this order. Your access has ended."},
		{"about to close", func(o *shop.Order) error { return inbox.OrderClosing(t.Context(), o) }, order("o6", "", ""), shop.NoticeOrderClosing, "o6",
			"订单即将关闭 | 《围棋》《象棋》的订单还没有付款，应付 200.00 元，" + until + " 之后自动关闭。",
			"Your order is about to close | Your order for “围棋”, “象棋” is not paid yet: ¥200.00. It closes by itself after " + until + " (Beijing time)."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for user, text := range map[string]string{"lin": tt.zh, "ann": tt.en} {
				tt.order.UserID = user
				if err := tt.post(tt.order); err != nil {
					t.Fatal(err)
				}
				if got := inboxOf(t, db, user, tt.kind, tt.ref); got != text {
					t.Errorf("%s reads %q, want %q", user, got, text)
				}
			}
		})
	}
}
