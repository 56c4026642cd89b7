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
		title, body string
	}{
		{"a week before it names the next stage and the full price", reminder(shop.EndsIn7, 7, second, full), "课程还有 7 天到期",
			"《围棋》可以学到 2025 年 4 月 1 日 24:00，到期不会自动扣费。想继续学习，可以选择：下一阶段「第二个月」200.00 元，1 个月；「全款」999.00 元，永久有效。"},
		{"a late one says the days that are really left", reminder(shop.EndsIn3, 2, full), "课程还有 2 天到期",
			"《围棋》可以学到 2025 年 4 月 1 日 24:00，到期不会自动扣费。想继续学习，可以选择：「全款」999.00 元，永久有效。"},
		{"a stage that costs nothing is called free", reminder(shop.EndsIn1, 1, gift), "课程今天到期",
			"《围棋》可以学到 2025 年 4 月 1 日 24:00，到期不会自动扣费。想继续学习，可以选择：下一阶段「第二周」免费，7 天。"},
		{"a period is no stage", reminder(shop.AccessEnded, 0, again), "课程已到期",
			"《围棋》的学习权限到 2025 年 4 月 1 日为止，现已结束。学习进度会保留，到期不会自动扣费。想继续学习，可以选择：「周卡」19.99 元，7 天。"},
		{"P26 off sale it says so instead", offSale, "课程还有 7 天到期",
			"《围棋》可以学到 2025 年 4 月 1 日 24:00，到期不会自动扣费。这门课程已下架，暂时不能续费。"},
		{"P26 at the end too", endedOffSale, "课程已到期",
			"《围棋》的学习权限到 2025 年 4 月 1 日为止，现已结束。学习进度会保留，到期不会自动扣费。这门课程已下架，暂时不能续费。"},
		{"with nothing to buy it offers nothing", reminder(shop.EndsIn1, 1), "课程今天到期",
			"《围棋》可以学到 2025 年 4 月 1 日 24:00，到期不会自动扣费。"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := endTitle(tt.r); got != tt.title {
				t.Errorf("title %q, want %q", got, tt.title)
			}
			if got := endBody(tt.r); got != tt.body {
				t.Errorf("body %q, want %q", got, tt.body)
			}
		})
	}
}
