package notice

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mstm/shop"
)

// AccessEnds reminds a learner that access to a course ends, or says that it has ended, and
// what it costs to go on. Each kind is told once for each last day. An error after which the
// notice is in the inbox says that open pages have not heard of it: the caller comes again.
func (d *Desk) AccessEnds(ctx context.Context, userID string, r shop.Reminder) error {
	n, err := d.keep(ctx, userID, string(r.Kind), r.CourseID+":"+string(r.LastDay), shop.Notice{
		Title: endTitle(r), Body: endBody(r), Link: "/courses/" + r.CourseID,
	}, endFacts(r))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, showTime)
	defer cancel()
	return d.show(ctx, n)
}

const showTime = 2 * time.Second // for one live event

// endFacts is what a WeChat message about an access that ends says.
func endFacts(r shop.Reminder) map[string]string {
	next := "已下架，暂时不能续费"
	if r.OnSale {
		next = "无需续费"
	}
	if r.OnSale && len(r.Next) > 0 {
		next = r.Next[0].Name + " " + r.Next[0].Price.Yuan() + "元"
	}
	return map[string]string{"course": r.Title, "last_day": string(r.LastDay), "days": strconv.Itoa(r.DaysLeft), "next": next}
}

func endTitle(r shop.Reminder) string {
	switch {
	case r.Kind == shop.AccessEnded:
		return "课程已到期"
	case r.DaysLeft == 1:
		return "课程今天到期"
	}
	return fmt.Sprintf("课程还有 %d 天到期", r.DaysLeft)
}

func endBody(r shop.Reminder) string {
	if r.Kind == shop.AccessEnded {
		return fmt.Sprintf("《%s》的学习权限到 %s为止，现已结束。学习进度会保留，到期不会自动扣费。%s", r.Title, r.LastDay.Chinese(), goOn(r))
	}
	return fmt.Sprintf("《%s》可以学到 %s 24:00，到期不会自动扣费。%s", r.Title, r.LastDay.Chinese(), goOn(r))
}

// goOn says how to go on learning and what that costs.
func goOn(r shop.Reminder) string {
	switch {
	case !r.OnSale:
		return "这门课程已下架，暂时不能续费。"
	case len(r.Next) == 0:
		return ""
	}
	ways := make([]string, 0, len(r.Next))
	for _, o := range r.Next {
		ways = append(ways, way(o))
	}
	return "想继续学习，可以选择：" + strings.Join(ways, "；") + "。"
}

// way is one offer, as `下一阶段「第二个月」200.00 元，1 个月`.
func way(o shop.Offer) string {
	price, lasts := o.Price.Yuan()+" 元", "永久有效"
	if o.Price == 0 {
		price = "免费"
	}
	if p := o.Period; p != nil {
		lasts = fmt.Sprintf("%d %s", p.Count, map[shop.PeriodUnit]string{shop.Month: "个月", shop.Day: "天"}[p.Unit])
	}
	name := "「" + o.Name + "」"
	if o.Kind == shop.KindStage {
		name = "下一阶段" + name
	}
	return name + price + "，" + lasts
}
