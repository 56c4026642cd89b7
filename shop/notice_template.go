package shop

import (
	"slices"
	"time"
)

// NoticeTemplate is how people at the console have worded one form of notice. Without one, or
// with Texts nil, the form has the program's own wording. V grows with every edit, resets
// included.
type NoticeTemplate struct {
	Form  string    `bson:"_id"`
	Texts *Wordings `bson:"texts"`
	V     int64     `bson:"v"`
	By    string    `bson:"by"`
	At    time.Time `bson:"at"`
}

// Forms of notices that are not the kind itself: one kind of news may need several wordings.
const (
	FormPartlyFulfilled = "order_partly_fulfilled" // of NoticeOrderFulfilled: the buyer had some of it by then
	FormNotFulfilled    = "order_not_fulfilled"    // of NoticeOrderFulfilled: the buyer had all of it by then
	FormWithdrawn       = "order_withdrawn"        // of NoticeOrderRefunded: nothing was paid
)

// FieldType says what a placeholder stands for.
type FieldType string

// The types of placeholders.
const (
	FieldText   FieldType = "text"
	FieldAmount FieldType = "amount" // in yuan with two decimals: 199.00
	FieldDate   FieldType = "date"   // a day in Asia/Shanghai
	FieldTime   FieldType = "time"   // a minute in Asia/Shanghai: 2025-04-01 10:30
	FieldNumber FieldType = "number"
)

// NoticeField is a placeholder of a form, with what it could stand for in each language.
type NoticeField struct {
	Name   string            `json:"name"`
	Type   FieldType         `json:"type"`
	Sample map[string]string `json:"sample"`
}

// NoticeForm is one wording of the notices that the shop writes by itself.
type NoticeForm struct {
	Name    string
	Fields  []NoticeField
	Default Wordings
}

// NoticeForms are all there are, in the order in which a learner may come to read them.
func NoticeForms() []NoticeForm { return noticeForms }

// NoticeFormNamed finds a form; ErrTemplateNotFound where there is none.
func NoticeFormNamed(name string) (NoticeForm, error) {
	i := slices.IndexFunc(noticeForms, func(f NoticeForm) bool { return f.Name == name })
	if i < 0 {
		return NoticeForm{}, ErrTemplateNotFound
	}
	return noticeForms[i], nil
}

// Check refuses a wording with a placeholder that the form does not know.
func (f NoticeForm) Check(w Wordings) error {
	known := make([]string, 0, len(f.Fields))
	for _, field := range f.Fields {
		known = append(known, field.Name)
	}
	if err := w.Zh.check("texts."+LocaleZh, known); err != nil {
		return err
	}
	return w.En.check("texts."+LocaleEn, known)
}

// Sample is a wording as a learner could come to read it.
func (f NoticeForm) Sample(w Wordings) Wordings {
	values := func(locale string) map[string]string {
		all := map[string]string{}
		for _, field := range f.Fields {
			all[field.Name] = field.Sample[locale]
		}
		return all
	}
	return Wordings{Zh: w.Zh.Fill(values(LocaleZh)), En: w.En.Fill(values(LocaleEn))}
}

// Texts is the form's wording by the templates of the console. One that an older program
// took and this one cannot fill counts as none.
func (f NoticeForm) Texts(edited map[string]NoticeTemplate) Wordings {
	t, ok := edited[f.Name]
	if !ok || t.Texts == nil || f.Check(*t.Texts) != nil {
		return f.Default
	}
	return *t.Texts
}

func field(name string, typ FieldType, zh, en string) NoticeField {
	return NoticeField{Name: name, Type: typ, Sample: map[string]string{LocaleZh: zh, LocaleEn: en}}
}

var (
	fieldCourses = field("courses", FieldText, "《Go 语言实战》《围棋入门》", "“Go 语言实战”, “围棋入门”")
	fieldRefused = field("refused", FieldText, "《数据结构》", "“数据结构”")
	fieldOrder   = field("order", FieldText, "k3v7q2m5x4n6b7c2d3f4g5h6j7", "k3v7q2m5x4n6b7c2d3f4g5h6j7")
	fieldAmount  = field("amount", FieldAmount, "200.00", "200.00")
	fieldUntil   = field("until", FieldTime, "2025-04-01 10:30", "2025-04-01 10:30")
	fieldMinutes = field("minutes", FieldNumber, "10", "10")
	fieldCourse  = field("course", FieldText, "Go 语言实战", "Go 语言实战")
	fieldDate    = field("date", FieldDate, "2025 年 4 月 1 日", "1 April 2025")
	fieldDays    = field("days", FieldNumber, "3", "3")
	fieldOffer   = field("offer", FieldText,
		"想继续学习，可以选择：下一阶段「第二个月」200.00 元，1 个月；「全款」999.00 元，永久有效。",
		"To go on: the next stage “第二个月”, ¥200.00, 1 month; “全款”, ¥999.00, for ever.")
)

var noticeForms = []NoticeForm{
	{NoticeOrderClosing, []NoticeField{fieldCourses, fieldAmount, fieldUntil, fieldMinutes, fieldOrder}, Wordings{
		Wording{"订单即将关闭", "{courses}的订单还没有付款，应付 {amount} 元，{until} 之后自动关闭。"},
		Wording{"Your order is about to close", "Your order for {courses} is not paid yet: ¥{amount}. It closes by itself after {until} (Beijing time)."},
	}},
	{NoticeOrderFulfilled, []NoticeField{fieldCourses, fieldOrder}, Wordings{
		Wording{"课程已开通", "{courses}已开通，现在就可以学习。"},
		Wording{"Your course is open", "{courses}: you can start learning now."},
	}},
	{FormPartlyFulfilled, []NoticeField{fieldCourses, fieldRefused, fieldOrder}, Wordings{
		Wording{"课程已开通", "{courses}已开通，现在就可以学习。{refused}您已经拥有，款项会原路退回。"},
		Wording{"Your course is open", "{courses}: you can start learning now. You have {refused} already; that money goes back the way it came."},
	}},
	{FormNotFulfilled, []NoticeField{fieldRefused, fieldOrder}, Wordings{
		Wording{"课程未能开通", "{refused}您已经拥有，款项会原路退回。"},
		Wording{"The course was not opened", "You have {refused} already; the money goes back the way it came."},
	}},
	{NoticeOrderRefunded, []NoticeField{fieldAmount, fieldCourses, fieldOrder}, Wordings{
		Wording{"退款成功", "{amount} 元已原路退回。"},
		Wording{"Your refund went through", "¥{amount} went back the way it came."},
	}},
	{FormWithdrawn, []NoticeField{fieldCourses, fieldOrder}, Wordings{
		Wording{"课程已退出", "这笔订单没有付款，学习权限已结束。"},
		Wording{"You have left the course", "Nothing was paid for this order. Your access has ended."},
	}},
	{NoticePaidBack, []NoticeField{fieldAmount, fieldCourses, fieldOrder}, Wordings{
		Wording{"多付的款项已退回", "{amount} 元已原路退回。"},
		Wording{"What you paid twice is back", "¥{amount} went back the way it came."},
	}},
	{string(EndsIn7), endFields, endsSoon("课程还有 {days} 天到期", "{days} days of access left")},
	{string(EndsIn3), endFields, endsSoon("课程还有 {days} 天到期", "{days} days of access left")},
	{string(EndsIn1), endFields, endsSoon("课程今天到期", "Your access ends today")},
	{string(AccessEnded), []NoticeField{fieldCourse, fieldDate, fieldOffer}, Wordings{
		Wording{"课程已到期", "《{course}》的学习权限到 {date}为止，现已结束。学习进度会保留，到期不会自动扣费。{offer}"},
		Wording{"Your access has ended", "Access to “{course}” ended with {date}. Your progress is kept, and nothing is charged by itself. {offer}"},
	}},
	{NoticeCourseFinished, []NoticeField{fieldCourse}, Wordings{
		Wording{"恭喜学完课程", "《{course}》的全部课时都已学完。"},
		Wording{"You have finished a course", "You have finished every lesson of “{course}”."},
	}},
}

var endFields = []NoticeField{fieldCourse, fieldDate, fieldDays, fieldOffer}

func endsSoon(zh, en string) Wordings {
	return Wordings{
		Wording{zh, "《{course}》可以学到 {date} 24:00，到期不会自动扣费。{offer}"},
		Wording{en, "“{course}” is open until the end of {date}, Beijing time. Nothing is charged by itself. {offer}"},
	}
}
