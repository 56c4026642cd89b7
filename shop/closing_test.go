package shop

import (
	"testing"
	"time"
)

func TestWhenTheBuyerOfAnUnpaidOrderIsReminded(t *testing.T) {
	placed := time.Date(2025, 3, 1, 2, 0, 0, 0, time.UTC)
	lines := []OrderLine{{CourseID: "c", Price: 20000}}
	order := func(lines ...OrderLine) *Order {
		o := NewOrder("o", "u", lines, placed)
		o.RemindBefore(10 * time.Minute)
		return o
	}
	due := func(o *Order, after time.Duration) bool {
		name, ok := o.NextDuty(placed.Add(after))
		return ok && name == DutyTellClosing
	}
	o := order(lines...)
	if at, ok := o.NextLook(); !ok || !at.Equal(placed.Add(20*time.Minute)) {
		t.Errorf("it is looked at %v", at)
	}
	if due(o, 20*time.Minute-time.Millisecond) || !due(o, 20*time.Minute) {
		t.Error("it is not due ten minutes before the end")
	}
	if !o.Reminds(placed.Add(PayWithin-time.Millisecond)) || o.Reminds(placed.Add(PayWithin)) {
		t.Error("it is not announced until the end")
	}
	o.DutyDone(DutyTellClosing, 1)
	if due(o, 25*time.Minute) {
		t.Error("it is due twice")
	}

	cancelled := order(lines...)
	if err := cancelled.Close(CloseUser, placed.Add(time.Minute), "u"); err != nil {
		t.Fatal(err)
	}
	if due(cancelled, 20*time.Minute) || cancelled.Reminds(placed.Add(20*time.Minute)) {
		t.Error("a cancelled order is reminded of")
	}
	if _, ok := order(OrderLine{CourseID: "c"}).Duties[DutyTellClosing]; ok {
		t.Error("an order that costs nothing is reminded of")
	}
	never := NewOrder("o", "u", lines, placed)
	never.RemindBefore(0)
	if due(never, 25*time.Minute) {
		t.Error("it is reminded of although it must not be")
	}
}
