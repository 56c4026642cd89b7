package notice

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mstm/shop"
)

// OrderFulfilled tells the buyer that the courses of an order are open, and which could
// not be opened.
func (d *Desk) OrderFulfilled(ctx context.Context, o *shop.Order) error {
	opened, refused := titles(o, shop.LineGranted), titles(o, shop.LineRefused)
	n := shop.Notice{Title: "课程已开通", Body: fmt.Sprintf("%s 已开通，现在就可以学习。", opened), Link: "/orders/" + o.ID}
	switch {
	case opened == "":
		n.Title, n.Body = "课程未能开通", fmt.Sprintf("%s 您已经拥有，款项会原路退回。", refused)
	case refused != "":
		n.Body += fmt.Sprintf(" %s 您已经拥有，款项会原路退回。", refused)
	}
	return d.tell(ctx, o.UserID, shop.NoticeOrderFulfilled, o.ID, n, orderFacts(o, o.Paid, d.Now()))
}

// Refunded tells the buyer that a refund of an order went through.
func (d *Desk) Refunded(ctx context.Context, o *shop.Order, r *shop.Refund) error {
	n := shop.Notice{Title: "退款成功", Body: fmt.Sprintf("%s 元已原路退回。", r.Amount.Yuan()), Link: "/orders/" + o.ID}
	if r.Amount == 0 {
		n.Title, n.Body = "课程已退出", "这笔订单没有付款，学习权限已结束。"
	}
	return d.tell(ctx, o.UserID, shop.NoticeOrderRefunded, r.OutRefundNo, n, orderFacts(o, r.Amount, d.Now()))
}

// PaidBack tells the buyer that money which paid for nothing is back.
func (d *Desk) PaidBack(ctx context.Context, o *shop.Order, r *shop.Refund) error {
	return d.tell(ctx, o.UserID, shop.NoticePaidBack, r.OutRefundNo, shop.Notice{
		Title: "多付的款项已退回",
		Body:  fmt.Sprintf("%s 元已原路退回。", r.Amount.Yuan()),
		Link:  "/orders/" + o.ID,
	}, orderFacts(o, r.Amount, d.Now()))
}

// orderFacts is what a WeChat message about an order says.
func orderFacts(o *shop.Order, amount shop.Fen, now time.Time) map[string]string {
	courses := make([]string, 0, len(o.Lines))
	for _, l := range o.Lines {
		courses = append(courses, l.Title)
	}
	return map[string]string{
		"courses": strings.Join(courses, "、"), "order": o.ID, "amount": amount.Yuan() + "元", "time": shop.MinuteOf(now),
	}
}

func titles(o *shop.Order, result shop.LineResult) string {
	var all []string
	for _, l := range o.Lines {
		if l.Result == result {
			all = append(all, "《"+l.Title+"》")
		}
	}
	return strings.Join(all, "")
}
