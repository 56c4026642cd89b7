package shop

import (
	"testing"
	"time"
)

// refundedTwice is an order of 219.99 yuan with one refund of each line under way: the learner's, and
// the shop's own for a line that it could not grant.
func refundedTwice(t *testing.T) *Order {
	o, _ := twoCourses(t)
	now := at("2025-04-05")
	o.Duties = map[DutyName]*Duty{}
	o.RefundBook().Begin(OrderRefund{Lines: []RefundQuote{{CourseID: "c", Amount: 20000, EndsAccess: true}}, Amount: 20000}, "asked", "u", now)
	o.Lines[1].Result = LineRefused
	q, ok := o.RefundBook().RefusedRefund()
	if !ok || q.Amount != 1999 || !q.Full {
		t.Fatalf("the refused line gives %+v", q)
	}
	o.RefundBook().Begin(q, ReasonLineRefused, ByShop, now)
	return o
}

func TestTwoRefundsOfOneOrderMayEndInAnyOrder(t *testing.T) {
	now := at("2025-04-05 12:00")
	for _, tt := range []struct {
		name   string
		events []RefundState // of refund 1, 2, 1, 2 …; "" is nothing
		states []OrderState
	}{
		{"both go through", []RefundState{RefundSucceeded, RefundSucceeded}, []OrderState{OrderRefunding, OrderRefunded}},
		{"the second first", []RefundState{"", RefundSucceeded, RefundSucceeded}, []OrderState{OrderRefunding, OrderRefunding, OrderRefunded}},
		{"one is given up", []RefundState{RefundClosed, RefundSucceeded}, []OrderState{OrderRefunding, OrderPartiallyRefunded}},
		{"and paid back by hand later", []RefundState{RefundClosed, RefundSucceeded, RefundSucceeded}, []OrderState{OrderRefunding, OrderPartiallyRefunded, OrderRefunded}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := refundedTwice(t)
			for i, state := range tt.events {
				if state != "" && !o.RefundBook().Answered(o.Refunds[i%2].OutRefundNo, state, now) {
					t.Errorf("answer %d changes nothing", i)
				}
				if o.State != tt.states[i] {
					t.Errorf("after answer %d the order is %s, not %s", i, o.State, tt.states[i])
				}
			}
		})
	}
}

func TestARefundThatWasGivenUpCanBeTriedAgain(t *testing.T) {
	o := refundedTwice(t)
	now := at("2025-04-05 12:00")
	o.RefundBook().Answered(o.Refunds[1].OutRefundNo, RefundSucceeded, now)
	if o.RefundBook().refundable() != ErrRefundUnderWay {
		t.Error("the first is still under way")
	}
	o.Duties[DutyFreeze].Done = true
	o.RefundBook().Answered(o.Refunds[0].OutRefundNo, RefundClosed, now)
	if err := o.RefundBook().refundable(); err != nil {
		t.Error(err)
	}
	if o.Duties[DutyFreeze].Done {
		t.Error("what it froze stays frozen")
	}
}

func TestARefusedLineGivesNoMoreThanIsLeft(t *testing.T) {
	o, _ := twoCourses(t)
	o.Lines[1].Result = LineRefused
	o.Refunded, o.Refunds = 21000, []Refund{wentBack(RefundPart{"c", 20000, true}, RefundPart{"d", 1000, false})}
	if q, ok := o.RefundBook().RefusedRefund(); !ok || q.Amount != 999 || q.Lines[0].Full {
		t.Errorf("%+v, %t", q, ok)
	}
	o.Refunded, o.Refunds = o.Paid, []Refund{wentBack(RefundPart{"c", 20000, true}, RefundPart{"d", 1999, false})}
	if q, ok := o.RefundBook().RefusedRefund(); ok {
		t.Errorf("%+v though all is back", q)
	}
}

func TestADutyOwedAgainWhileItIsDoneStaysOwed(t *testing.T) {
	now := at("2025-04-05 12:00")
	o := &Order{Duties: map[DutyName]*Duty{}}
	o.owe(now.Add(5*time.Second), DutyRevoke)
	owed := o.Duties[DutyRevoke].Owed
	o.owe(now, DutyRevoke) // while another instance does it for the order as it was
	o.DutyDone(DutyRevoke, owed)
	if name, ok := o.NextDuty(now); !ok || name != DutyRevoke {
		t.Error("what came in between is never done")
	}
	o.DutyDone(DutyRevoke, o.Duties[DutyRevoke].Owed)
	if _, ok := o.NextDuty(now); ok {
		t.Error("it is owed for ever")
	}
	o.owe(now, DutyRevoke)
	o.DutyDone(DutyRevoke, owed)
	if _, ok := o.NextDuty(now); !ok {
		t.Error("an old doing ends a new duty")
	}
}
