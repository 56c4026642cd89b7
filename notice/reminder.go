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
// what it costs to go on. Each kind is posted once for each last day.
func (in *Inbox) AccessEnds(ctx context.Context, userID string, r shop.Reminder) error {
	return in.notify(ctx, endNews(userID, r))
}

const showTime = 2 * time.Second // for one live event

// endNews is news of an access that ends.
func endNews(userID string, r shop.Reminder) news {
	return news{
		userID: userID, kind: string(r.Kind), ref: r.CourseID + ":" + string(r.LastDay), link: "/courses/" + r.CourseID,
		facts: func(locale string) map[string]string {
			return map[string]string{
				"course": r.Title, "date": dayIn(locale, r.LastDay), "days": strconv.Itoa(r.DaysLeft), "offer": goOn(locale, r),
			}
		},
		message: func(locale string) map[string]string {
			return map[string]string{
				"course": r.Title, "last_day": string(r.LastDay), "days": strconv.Itoa(r.DaysLeft), "next": nextStep(locale, r),
			}
		},
	}
}

func dayIn(locale string, d shop.Date) string {
	if locale == shop.LocaleEn {
		return d.English()
	}
	return d.Chinese()
}

// phrases are the words of a language for offers.
type phrases struct {
	offSale, nothing string // in a WeChat message
	closed           string // nothing can be bought
	ways, or, end    string // around the ways to go on
	way, stage       string // one way: name, price, how long; the name of a stage
	free, price      string
	forEver          string
	months, days     string
	oneMonth, oneDay string
	messagePrice     string // in a WeChat message
}

var chinese = phrases{
	offSale: "已下架，暂时不能续费", nothing: "无需续费",
	closed: "这门课程已下架，暂时不能续费。",
	ways:   "想继续学习，可以选择：", or: "；", end: "。",
	way: "「%s」%s，%s", stage: "下一阶段%s",
	free: "免费", price: "%s 元", forEver: "永久有效",
	months: "%d 个月", oneMonth: "1 个月", days: "%d 天", oneDay: "1 天",
	messagePrice: "%s元",
}

var english = phrases{
	offSale: "Off sale", nothing: "Nothing to renew",
	closed: "The course is off sale and cannot be renewed now.",
	ways:   "To go on: ", or: "; ", end: ".",
	way: "“%s”, %s, %s", stage: "the next stage %s",
	free: "free", price: "¥%s", forEver: "for ever",
	months: "%d months", oneMonth: "1 month", days: "%d days", oneDay: "1 day",
	messagePrice: "¥%s",
}

func phrasesIn(locale string) phrases {
	if locale == shop.LocaleEn {
		return english
	}
	return chinese
}

// nextStep is the first offer with its price, as short as a WeChat message has it.
func nextStep(locale string, r shop.Reminder) string {
	p := phrasesIn(locale)
	switch {
	case !r.OnSale:
		return p.offSale
	case len(r.Next) == 0:
		return p.nothing
	}
	price := fmt.Sprintf(p.messagePrice, r.Next[0].Price.Yuan())
	if r.Next[0].Price == 0 {
		price = p.free
	}
	return r.Next[0].Name + " " + price
}

// goOn says how to go on learning and what that costs.
func goOn(locale string, r shop.Reminder) string {
	p := phrasesIn(locale)
	switch {
	case !r.OnSale:
		return p.closed
	case len(r.Next) == 0:
		return ""
	}
	ways := make([]string, 0, len(r.Next))
	for _, o := range r.Next {
		ways = append(ways, p.offer(o))
	}
	return p.ways + strings.Join(ways, p.or) + p.end
}

// offer is one way to go on, as `下一阶段「第二个月」200.00 元，1 个月`.
func (p phrases) offer(o shop.Offer) string {
	price, lasts := fmt.Sprintf(p.price, o.Price.Yuan()), p.forEver
	if o.Price == 0 {
		price = p.free
	}
	if o.Period != nil {
		lasts = p.period(*o.Period)
	}
	text := fmt.Sprintf(p.way, o.Name, price, lasts)
	if o.Kind == shop.KindStage {
		text = fmt.Sprintf(p.stage, text)
	}
	return text
}

func (p phrases) period(x shop.Period) string {
	one, many := p.oneDay, p.days
	if x.Unit == shop.Month {
		one, many = p.oneMonth, p.months
	}
	if x.Count == 1 {
		return one
	}
	return fmt.Sprintf(many, x.Count)
}
