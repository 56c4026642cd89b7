package notice

import (
	"testing"

	"mstm/shop"
)

func TestWhatAReminderReads(t *testing.T) {
	month, week := &shop.Period{Unit: shop.Month, Count: 1}, &shop.Period{Unit: shop.Day, Count: 7}
	second := shop.Offer{Kind: shop.KindStage, Name: "第二个月", Stage: 2, Period: month, Price: 20000}
	gift := shop.Offer{Kind: shop.KindStage, Name: "第二周", Stage: 2, Period: week}
	again := shop.Offer{Kind: shop.KindPeriod, Name: "周卡", Period: week, Price: 1999}
	full := shop.Offer{Kind: shop.KindLifetime, Name: "全款", Price: 99900}
	reminder := func(kind shop.ReminderKind, left int, next ...shop.Offer) shop.Reminder {
		return shop.Reminder{Kind: kind, CourseID: "c", Title: "围棋", LastDay: "2025-04-01", DaysLeft: left, OnSale: true, Next: next}
	}
	offSale := reminder(shop.EndsIn7, 7)
	offSale.OnSale = false
	endedOffSale := reminder(shop.AccessEnded, 0)
	endedOffSale.OnSale = false
	tests := []struct {
		name        string
		r           shop.Reminder
		locale      string
		title, body string
		next        string // of the WeChat message
	}{
		{"a week before it names the next stage and the full price", reminder(shop.EndsIn7, 7, second, full), "zh-CN", "课程还有 7 天到期",
			"《围棋》可以学到 2025 年 4 月 1 日 24:00，到期不会自动扣费。想继续学习，可以选择：下一阶段「第二个月」200.00 元，1 个月；「全款」999.00 元，永久有效。", "第二个月 200.00元"},
		{"a late one says the days that are really left", reminder(shop.EndsIn3, 2, full), "zh-CN", "课程还有 2 天到期",
			"《围棋》可以学到 2025 年 4 月 1 日 24:00，到期不会自动扣费。想继续学习，可以选择：「全款」999.00 元，永久有效。", "全款 999.00元"},
		{"a stage that costs nothing is called free", reminder(shop.EndsIn1, 1, gift), "zh-CN", "课程今天到期",
			"《围棋》可以学到 2025 年 4 月 1 日 24:00，到期不会自动扣费。想继续学习，可以选择：下一阶段「第二周」免费，7 天。", "第二周 免费"},
		{"a period is no stage", reminder(shop.AccessEnded, 0, again), "zh-CN", "课程已到期",
			"《围棋》的学习权限到 2025 年 4 月 1 日为止，现已结束。学习进度会保留，到期不会自动扣费。想继续学习，可以选择：「周卡」19.99 元，7 天。", "周卡 19.99元"},
		{"P26 off sale it says so instead", offSale, "zh-CN", "课程还有 7 天到期",
			"《围棋》可以学到 2025 年 4 月 1 日 24:00，到期不会自动扣费。这门课程已下架，暂时不能续费。", "已下架，暂时不能续费"},
		{"P26 at the end too", endedOffSale, "zh-CN", "课程已到期",
			"《围棋》的学习权限到 2025 年 4 月 1 日为止，现已结束。学习进度会保留，到期不会自动扣费。这门课程已下架，暂时不能续费。", "已下架，暂时不能续费"},
		{"with nothing to buy it offers nothing", reminder(shop.EndsIn1, 1), "zh-CN", "课程今天到期",
			"《围棋》可以学到 2025 年 4 月 1 日 24:00，到期不会自动扣费。", "无需续费"},
		{"in English", reminder(shop.EndsIn7, 7, second, full), "en", "7 days of access left",
			"“围棋” is open until the end of 1 April 2025, Beijing time. Nothing is charged by itself. To go on: the next stage “第二个月”, ¥200.00, 1 month; “全款”, ¥999.00, for ever.", "第二个月 ¥200.00"},
		{"in English, on the last day", reminder(shop.EndsIn1, 1, gift), "en", "Your access ends today",
			"“围棋” is open until the end of 1 April 2025, Beijing time. Nothing is charged by itself. To go on: the next stage “第二周”, free, 7 days.", "第二周 free"},
		{"in English, off sale", endedOffSale, "en", "Your access has ended",
			"Access to “围棋” ended with 1 April 2025. Your progress is kept, and nothing is charged by itself. The course is off sale and cannot be renewed now.", "Off sale"},
		{"in English, with nothing to buy", reminder(shop.EndsIn1, 1), "en", "Your access ends today",
			"“围棋” is open until the end of 1 April 2025, Beijing time. Nothing is charged by itself.", "Nothing to renew"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			what := endNews("u", tt.r)
			form, err := shop.NoticeFormNamed(what.kind)
			if err != nil {
				t.Fatal(err)
			}
			got := form.Default.In(tt.locale).Fill(what.facts(tt.locale))
			if got.Title != tt.title || got.Body != tt.body {
				t.Errorf("got %q\n%q, want %q\n%q", got.Title, got.Body, tt.title, tt.body)
			}
			if m := what.message(tt.locale); m["next"] != tt.next || m["course"] != "围棋" || m["last_day"] != "2025-04-01" {
				t.Errorf("the message says %v, want the next step %q", m, tt.next)
			}
		})
	}
}
