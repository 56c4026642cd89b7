package shop

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// ids hands out n1, n2 …
func ids() func() string {
	n := 0
	return func() string { n++; return fmt.Sprintf("n%d", n) }
}

func TestPublishRefuses(t *testing.T) {
	fine := func() []PricePolicy { return []PricePolicy{stage("", 1, 0), stage("", 2, 200), lifetime("", 999)} }
	change := func(i int, f func(*PricePolicy)) []PricePolicy {
		list := fine()
		f(&list[i])
		return list
	}
	tests := []struct {
		name     string
		policies []PricePolicy
		ladder   Ladder
		field    string
	}{
		{"an empty list", nil, Ladder{}, "policies"},
		{"more than twenty", make([]PricePolicy, 21), Ladder{}, "policies"},
		{"an id the course never had", change(1, func(p *PricePolicy) { p.ID = "other" }), Ladder{}, "policies[1].id"},
		{"an id twice", []PricePolicy{lifetime("full", 1), period("month", Month, 1, 1), period("month", Month, 1, 1)}, Ladder{}, "policies[2].id"},
		{"another kind under an old id", []PricePolicy{period("full", Month, 1, 1)}, Ladder{}, "policies[0].kind"},
		{"an unknown kind", change(0, func(p *PricePolicy) { p.Kind = "gift" }), Ladder{}, "policies[0].kind"},
		{"two full prices", append(fine(), lifetime("", 1)), Ladder{}, "policies[3].kind"},
		{"no name", change(2, func(p *PricePolicy) { p.Name = " 　" }), Ladder{}, "policies[2].name"},
		{"a name of 41 characters", change(2, func(p *PricePolicy) { p.Name = strings.Repeat("价", 41) }), Ladder{}, "policies[2].name"},
		{"a name of two lines", change(2, func(p *PricePolicy) { p.Name = "全\n款" }), Ladder{}, "policies[2].name"},
		{"a stage without a number", change(0, func(p *PricePolicy) { p.Stage = 0 }), Ladder{}, "policies[0].stage"},
		{"a negative stage", change(0, func(p *PricePolicy) { p.Stage = -1 }), Ladder{}, "policies[0].stage"},
		{"a full price with a stage", change(2, func(p *PricePolicy) { p.Stage = 3 }), Ladder{}, "policies[2].stage"},
		{"another stage under an old id", []PricePolicy{stage("s2", 1, 0)}, Ladder{}, "policies[0].stage"},
		{"a stage twice", change(1, func(p *PricePolicy) { p.Stage = 1 }), Ladder{}, "policies[1].stage"},
		{"a hole in the ladder", change(1, func(p *PricePolicy) { p.Stage = 3 }), Ladder{}, "policies[1].stage"},
		{"a ladder that begins at 2", []PricePolicy{lifetime("", 1), stage("", 2, 1)}, Ladder{}, "policies[1].stage"},
		{"a negative price", change(2, func(p *PricePolicy) { p.Price = -1 }), Ladder{}, "policies[2].price_fen"},
		{"a price above the highest", change(2, func(p *PricePolicy) { p.Price = MaxPrice + 1 }), Ladder{}, "policies[2].price_fen"},
		{"a stage without a period", change(1, func(p *PricePolicy) { p.Period = nil }), Ladder{}, "policies[1].period"},
		{"a full price with a period", change(2, func(p *PricePolicy) { p.Period = &Period{Month, 1} }), Ladder{}, "policies[2].period"},
		{"an unknown unit", change(0, func(p *PricePolicy) { p.Period = &Period{"week", 1} }), Ladder{}, "policies[0].period.unit"},
		{"no months", change(0, func(p *PricePolicy) { p.Period = &Period{Month, 0} }), Ladder{}, "policies[0].period.count"},
		{"121 months", change(0, func(p *PricePolicy) { p.Period = &Period{Month, 121} }), Ladder{}, "policies[0].period.count"},
		{"3661 days", change(0, func(p *PricePolicy) { p.Period = &Period{Day, 3661} }), Ladder{}, "policies[0].period.count"},
		{"two defaults", []PricePolicy{{Kind: KindLifetime, Name: "a", Default: true}, {Kind: KindPeriod, Name: "b", Period: &Period{Day, 1}, Default: true}}, Ladder{}, "policies[1].default"},
		{"an unknown credit mode", fine(), Ladder{CreditMode: "all"}, "ladder.credit_mode"},
		{"a negative lapse", fine(), Ladder{LapseAfterDays: -1}, "ladder.lapse_after_days"},
		{"a lapse of more than ten years", fine(), Ladder{LapseAfterDays: 3661}, "ladder.lapse_after_days"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := ladderCourse()
			publish(c, Ladder{}, append(c.Current().Policies, period("month", Month, 1, 150))...)
			err := c.Publish(tt.policies, tt.ladder, ids(), at("2025-03-01"))
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Code != "INVALID_FIELD" || refusal.Param != tt.field {
				t.Errorf("got %v, want INVALID_FIELD at %s", err, tt.field)
			}
			if len(c.Versions) != 2 {
				t.Error("the course was changed")
			}
		})
	}
}

func TestPublishAccepts(t *testing.T) {
	tests := []struct {
		name     string
		policies []PricePolicy
	}{
		{"the bounds of every number", []PricePolicy{
			{Kind: KindLifetime, Name: strings.Repeat("价", 40), Price: MaxPrice},
			{Kind: KindPeriod, Name: "x", Period: &Period{Month, 120}},
			{Kind: KindPeriod, Name: "x", Period: &Period{Day, 3660}},
		}},
		{"a ladder out of order", []PricePolicy{stage("", 3, 3), stage("", 1, 1), stage("", 2, 2)}},
		{"a policy that an older version had and the newest has not", []PricePolicy{stage("s1", 1, 0), stage("s2", 2, 1)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := ladderCourse()
			publish(c, Ladder{}, lifetime("full", 999))
			if err := c.Publish(tt.policies, Ladder{}, ids(), at("2025-03-01")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPublishAppendsAVersionAndLeavesTheOthers(t *testing.T) {
	c := &Course{ID: "c", State: CourseOnSale}
	newID := ids()
	first := []PricePolicy{{Kind: KindStage, Name: " 首月免费 ", Stage: 1, Period: &Period{Month, 1}}, {Kind: KindLifetime, Name: "全款", Price: 999 * yuan}}
	if err := c.Publish(first, Ladder{}, newID, at("2025-03-01 10:00")); err != nil {
		t.Fatal(err)
	}
	v1, _ := json.Marshal(c.Versions[0])
	want := `{"version":1,"published_at":"2025-03-01T02:00:00Z","policies":[` +
		`{"id":"n1","kind":"stage","name":"首月免费","stage":1,"period":{"unit":"month","count":1},"price_fen":0,"default":true},` +
		`{"id":"n2","kind":"lifetime","name":"全款","price_fen":99900}],"ladder":{"credit_mode":"none","lapse_after_days":0}}`
	if string(v1) != want {
		t.Errorf("got  %s\nwant %s", v1, want)
	}

	second := c.Current().Policies
	second = append([]PricePolicy{}, second...)
	second[0].Default, second[1].Default, second[1].Price = false, true, 899*yuan
	if err := c.Publish(second, Ladder{CreditMode: CreditPaidTotal, LapseAfterDays: 30}, newID, at("2025-04-01")); err != nil {
		t.Fatal(err)
	}
	first[0].Period.Count, second[1].Price = 9, 1 // what an editor's list does later is nothing to the course
	if again, _ := json.Marshal(c.Versions[0]); string(again) != string(v1) {
		t.Errorf("version 1 was edited: %s", again)
	}
	now := c.Current()
	if d, _ := now.Default(); now.Version != 2 || d.ID != "n2" || d.Price != 899*yuan || now.Ladder.LapseAfterDays != 30 || !c.UpdatedAt.Equal(at("2025-04-01")) {
		t.Errorf("version 2 is %+v", now)
	}
}

func FuzzPublish(f *testing.F) {
	f.Add(`[{"kind":"stage","name":"x","stage":1,"period":{"unit":"month","count":1},"price_fen":0}]`, `{}`)
	f.Add(`[{"id":"full","kind":"lifetime","name":"x","price_fen":1},{"kind":"period","name":"y","period":{"unit":"day","count":3660},"price_fen":5}]`, `{"credit_mode":"paid_total"}`)
	f.Fuzz(func(t *testing.T, policies, ladder string) {
		var list []PricePolicy
		var l Ladder
		if json.Unmarshal([]byte(policies), &list) != nil || json.Unmarshal([]byte(ladder), &l) != nil {
			return
		}
		c := ladderCourse()
		if err := c.Publish(list, l, ids(), at("2025-03-01")); err != nil {
			if !errors.Is(err, ErrInvalidField) || len(c.Versions) != 1 {
				t.Fatalf("refused with %v, %d versions", err, len(c.Versions))
			}
			return
		}
		for _, o := range Available(c.Offers(PurchaseHistory{}, at("2025-03-01"))) {
			q, err := MakeQuote([]LineRequest{{"c", o.PolicyID}}, func(string) (*Course, PurchaseHistory, error) { return c, PurchaseHistory{}, nil }, at("2025-03-01"))
			if err != nil || q.Total != o.Price || q.Total < 0 {
				t.Fatalf("offer %+v is quoted as %+v, %v", o, q, err)
			}
			e := NewEnrolment("u", "c", at("2025-03-01"))
			if _, err := e.Add("o", q.OrderLines()[0], 2, q.Total, o.List == 0, at("2025-03-01")); err != nil {
				t.Fatalf("offer %+v is not granted: %v", o, err)
			}
			if open, until := e.Access(at("2025-03-02")); !open || until != nil && !until.After(at("2025-03-02")) {
				t.Fatalf("offer %+v opens nothing", o)
			}
		}
	})
}
