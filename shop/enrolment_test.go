package shop

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestP01TheFreeStageOpensTheCourseThroughItsLastDay(t *testing.T) {
	s := newStory(t, ladderCourse())
	if _, cash := s.buys("s1", "2025-03-01 10:00"); cash != 0 {
		t.Errorf("cost %d fen, want 0", cash)
	}
	s.open("2025-03-01 10:00", "2025-04-01")
	s.offered("2025-03-01 10:01", "s2 200, full 999")
}

func TestP03TheLastInstantIsOpenAndTheNextIsNot(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01 10:00")
	s.closed("2025-03-01 09:59:59")
	s.open("2025-04-01 23:59:59.999", "2025-04-01")
	s.closed("2025-04-02 00:00:00.000")
	s.offered("2025-04-02", "s2 200, full 999")
	if open, until := s.e.Access(at("2025-05-01")); open || lastDay(until) != "2025-04-01" {
		t.Errorf("after the end: open %t, until %v; want the end that was", open, until)
	}
}

func TestP04EarlyRenewalLosesNoDay(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01 10:00")
	if _, cash := s.buys("s2", "2025-03-20 09:00"); cash != 200*yuan {
		t.Errorf("cost %d fen, want 20000", cash)
	}
	s.open("2025-03-20 09:00", "2025-05-01")
	s.open("2025-04-02 00:00:00", "2025-05-01")
	s.closed("2025-05-02")
	if g := s.e.Grants[1]; g.StateAt(at("2025-03-20")) != GrantScheduled || g.StateAt(at("2025-04-02")) != GrantActive {
		t.Errorf("S2 is %s before and %s after it begins", g.StateAt(at("2025-03-20")), g.StateAt(at("2025-04-02")))
	}
}

func TestP05AReturnAfterAGapBeginsANewRunAtTheSamePrice(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01 10:00")
	s.refused("s1", "2025-07-10", ErrTrialUsed, "s2 200, full 999")
	if _, cash := s.buys("s2", "2025-07-10 12:00"); cash != 200*yuan {
		t.Errorf("cost %d fen, want 20000", cash)
	}
	s.open("2025-07-10 12:00", "2025-08-10")
	s.buys("s3", "2025-08-10 23:59:59")
	s.open("2025-08-10 23:59:59", "2025-09-10")
}

func TestRunsAreAnchoredOnTheirFirstGrant(t *testing.T) {
	t.Run("renewals from 31 January go to 28 February and 31 March", func(t *testing.T) {
		s := newStory(t, ladderCourse())
		s.buys("s1", "2025-01-31 20:00")
		s.open("2025-01-31 20:00", "2025-02-28")
		s.buys("s2", "2025-02-28 23:59:59")
		s.open("2025-02-28 23:59:59", "2025-03-31")
		s.buys("s3", "2025-03-01")
		s.open("2025-03-01", "2025-04-30")
	})
	t.Run("a return on the instant after the end is a new run", func(t *testing.T) {
		s := newStory(t, ladderCourse())
		s.buys("s1", "2025-01-31 20:00")
		s.buys("s2", "2025-03-01 00:00:00")
		s.open("2025-03-01", "2025-04-01")
	})
	t.Run("days and months mix in one run", func(t *testing.T) {
		c := ladderCourse()
		publish(c, Ladder{}, period("week", Day, 7, 50), period("month", Month, 1, 150))
		s := newStory(t, c)
		s.buys("week", "2025-01-31 09:00")
		s.open("2025-01-31 09:00", "2025-02-07")
		s.buys("month", "2025-02-01")
		s.open("2025-02-01", "2025-03-07")
		s.buys("month", "2025-02-08")
		s.open("2025-02-08", "2025-04-07")
	})
}

func TestP13BuyingOutDuringTheFreeStageOpensForEverAtOnce(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01 10:00")
	if _, cash := s.buys("full", "2025-03-05 10:00"); cash != 999*yuan {
		t.Errorf("cost %d fen, want 99900", cash)
	}
	s.open("2025-03-05 10:00", "ever")
	s.open("2099-01-01", "ever")
	s.offered("2025-03-06", "")
	s.refused("s2", "2025-03-06", ErrAlreadyOwned, "")
}

func TestAddIsIdempotentByTheOrder(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01")
	line := s.quote("s2", "2025-03-10").OrderLines()[0]
	first, err := s.e.Add("x", line, 1, line.Price, false, at("2025-03-10"))
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []func(string) bool{nil, s.e.Freeze, s.e.Revoke} {
		if state != nil {
			state("x")
		}
		before := slices.Clone(s.e.Grants)
		again, err := s.e.Add("x", line, 7, 1, true, at("2025-06-10"))
		if err != nil || again.From != first.From || !again.Until.Equal(*first.Until) || again.Paid != first.Paid || again.Version != 1 {
			t.Errorf("the second call gave %+v, %v; want the grant that is there", again, err)
		}
		if len(s.e.Grants) != len(before) || s.e.Grants[1].State != before[1].State {
			t.Errorf("the second call changed the enrolment: %+v", s.e.Grants)
		}
	}
}

func TestAddRefusesWhatTheLearnerHasByNow(t *testing.T) {
	line := func(p PricePolicy) OrderLine {
		return OrderLine{CourseID: "c", PolicyID: p.ID, Kind: p.Kind, Stage: p.Stage, Period: p.Period, List: p.Price, Price: p.Price}
	}
	tests := []struct {
		name   string
		before func(*story)
		late   OrderLine
		want   *Error // nil: granted
	}{
		{"C20 lifetime beside lifetime", func(s *story) { s.buys("full", "2025-03-01") }, line(lifetime("full", 999)), ErrAlreadyOwned},
		{"a stage beside lifetime", func(s *story) { s.buys("s1", "2025-03-01"); s.buys("full", "2025-03-02") }, line(stage("s2", 2, 200)), ErrAlreadyOwned},
		{"stage 1 twice", func(s *story) { s.buys("s1", "2025-03-01") }, line(stage("s1", 1, 0)), ErrTrialUsed},
		{"stage 1 after a paid period", func(s *story) { s.buys("month", "2025-03-01") }, line(stage("s1", 1, 0)), ErrTrialUsed},
		{"P18 stage 2 twice", func(s *story) { s.buys("s1", "2025-03-01"); s.buys("s2", "2025-03-02") }, line(stage("s2", 2, 200)), ErrStageAlreadyUsed},
		{"stage 3 without stage 2", func(s *story) { s.buys("s1", "2025-03-01") }, line(stage("s3", 3, 300)), ErrStageNotEligible},
		{"stage 2 after a paid stage 1 was refunded", func(s *story) {
			s.c.Versions[1].Policies[0].Price = 100 * yuan
			s.buys("s1", "2025-03-01")
			s.refunds("o1", "2025-03-02", 100*yuan)
		}, line(stage("s2", 2, 200)), ErrStageNotEligible},
		{"stage 3 after stage 2 was refunded", func(s *story) {
			s.buys("s1", "2025-03-01")
			s.buys("s2", "2025-03-02")
			s.refunds("o2", "2025-03-03", 200*yuan)
		}, line(stage("s3", 3, 300)), ErrStageNotEligible},
		{"stage 3 while stage 2 is being refunded", func(s *story) {
			s.buys("s1", "2025-03-01")
			s.buys("s2", "2025-03-02")
			s.e.Freeze("o2")
		}, line(stage("s3", 3, 300)), ErrRefundUnderWay},
		{"P15 stage 2 as the first, the free stage was used elsewhere", func(s *story) { s.trial = true }, line(stage("s2", 2, 200)), nil},
		{"stage 3 as the first", func(s *story) { s.trial = true }, line(stage("s3", 3, 300)), ErrStageNotEligible},
		{"lifetime during a period", func(s *story) { s.buys("month", "2025-03-01") }, line(lifetime("full", 999)), nil},
		{"a period that came due beside another not begun is honoured", func(s *story) {
			s.buys("month", "2025-03-01")
			s.buys("month", "2025-03-02")
		}, line(period("month", Month, 1, 150)), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := ladderCourse()
			publish(c, Ladder{}, append(c.Current().Policies, period("month", Month, 1, 150))...)
			s := newStory(t, c)
			tt.before(s)
			n := len(s.e.Grants)
			_, err := s.e.Add("late", tt.late, 2, tt.late.Price, tt.late.List == 0, at("2025-03-04"))
			if tt.want == nil && err != nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if added := len(s.e.Grants) - n; (added == 1) != (err == nil) {
				t.Errorf("%d grants were added with %v", added, err)
			}
		})
	}
}

func TestAddRefusesAFullPriceWhoseCreditWasPaidBack(t *testing.T) {
	c := ladderCourse()
	c.Versions[0].Ladder.CreditMode = CreditPaidTotal
	s := newStory(t, c)
	s.buys("s1", "2025-03-01")
	s.buys("s2", "2025-03-02")
	line := s.quote("full", "2025-03-03").OrderLines()[0]
	if line.Price != 799*yuan {
		t.Fatalf("placed at %d fen, want 79900", line.Price)
	}
	s.refunds("o2", "2025-03-03", 200*yuan)
	if _, err := s.e.Add("late", line, 1, line.Price, false, at("2025-03-03")); !errors.Is(err, ErrPriceChanged) {
		t.Errorf("got %v, want PRICE_CHANGED: the 200 yuan went back", err)
	}
}

func TestAPeriodLineWithoutAPeriodIsAnErrorOfOurs(t *testing.T) {
	e := NewEnrolment("u", "c", at("2025-03-01"))
	_, err := e.Add("x", OrderLine{Kind: KindPeriod, PolicyID: "p"}, 1, 0, false, at("2025-03-01"))
	if err == nil || CodeOf(err) != "" || len(e.Grants) != 0 {
		t.Errorf("got %v with %d grants, want an error without a code and none", err, len(e.Grants))
	}
}

func TestFreezeRevokeAndTheCounter(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01")
	s.buys("s2", "2025-03-10")
	if !s.e.Freeze("o2") || s.e.Freeze("o2") {
		t.Error("freezing counts once")
	}
	s.open("2025-03-11", "2025-04-01")
	if s.e.StagesHad(false) != 2 {
		t.Errorf("the counter is %d while the refund is under way, want 2", s.e.StagesHad(false))
	}
	if !s.e.Unfreeze("o2") || s.e.Unfreeze("o2") {
		t.Error("unfreezing counts once")
	}
	s.open("2025-03-11", "2025-05-01")
	if !s.e.Freeze("o2") || !s.e.Revoke("o2") || s.e.Revoke("o2") || s.e.Unfreeze("o2") || s.e.Freeze("o2") {
		t.Error("a revoked grant stays revoked")
	}
	s.open("2025-03-11", "2025-04-01")
	if s.e.StagesHad(false) != 1 {
		t.Errorf("the counter is %d after the refund, want 1", s.e.StagesHad(false))
	}
	if s.e.Revoke("nobody's") || len(s.e.Grants) != 2 {
		t.Error("an order without a grant changes nothing, and no grant is deleted")
	}
}

func TestStagesHad(t *testing.T) {
	free := func(n int, state GrantState) Grant { return Grant{Kind: KindStage, Stage: n, Free: true, State: state} }
	paid := func(n int, state GrantState) Grant { return Grant{Kind: KindStage, Stage: n, Paid: 1, State: state} }
	tests := []struct {
		name   string
		grants []Grant
		trial  bool
		want   int
	}{
		{"nothing was had", nil, false, 0},
		{"the free stage was used under another account", nil, true, 1},
		{"a free stage counts", []Grant{free(1, GrantLive)}, true, 1},
		{"a free stage counts even when it was given back", []Grant{free(1, GrantRevoked)}, false, 1},
		{"a refunded stage does not", []Grant{free(1, GrantLive), paid(2, GrantRevoked)}, true, 1},
		{"neither does a paid first stage", []Grant{paid(1, GrantRevoked)}, false, 0},
		{"one that is being refunded still does", []Grant{free(1, GrantLive), paid(2, GrantFrozen)}, true, 2},
		{"a stage bought again after its refund counts", []Grant{free(1, GrantLive), paid(2, GrantRevoked), paid(2, GrantLive)}, true, 2},
		{"two free stages are both kept", []Grant{free(1, GrantRevoked), free(2, GrantRevoked)}, false, 2},
		{"a free second stage does not stand for a refunded first", []Grant{paid(1, GrantRevoked), free(2, GrantRevoked)}, false, 0},
		{"it counts again with the first", []Grant{paid(1, GrantRevoked), free(2, GrantRevoked), paid(1, GrantLive)}, false, 2},
		{"periods and the full price are no stages", []Grant{{Kind: KindPeriod, State: GrantLive}, {Kind: KindLifetime, State: GrantLive}}, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (&Enrolment{Grants: tt.grants}).StagesHad(tt.trial); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestTheStateOfAnEnrolment(t *testing.T) {
	s := newStory(t, ladderCourse())
	state := func(when string, want GrantState) {
		t.Helper()
		if got := s.e.StateAt(at(when)); got != want {
			t.Errorf("on %s it is %s, want %s", when, got, want)
		}
	}
	s.buys("s1", "2025-03-01 10:00")
	s.buys("s2", "2025-03-10")
	state("2025-03-10", GrantActive)
	state("2025-05-01 23:59:59", GrantActive)
	state("2025-05-02", GrantExpired)
	s.e.Freeze("o2")
	state("2025-04-10", GrantFrozen)
	s.e.Revoke("o2")
	state("2025-03-11", GrantActive)
	state("2025-04-10", GrantExpired)
	s.e.Revoke("o1")
	state("2025-03-11", GrantRevoked)
	if open, until := s.e.Access(at("2025-03-11")); open || until != nil {
		t.Errorf("revoked: open %t until %v, want closed without an end", open, until)
	}
}

func TestAccessDoesNotReachOverAHole(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01")
	s.buys("s2", "2025-03-02")
	s.buys("s3", "2025-04-05")
	s.e.Revoke("o2") // not what the shop does, last in goes first; the rest must stand all the same
	s.open("2025-03-03", "2025-04-01")
	s.closed("2025-04-06")
	s.open("2025-05-02", "2025-06-01")
	if got := s.e.StateAt(at("2025-04-06")); got != GrantScheduled {
		t.Errorf("in the hole it is %s, want scheduled", got)
	}
}

func TestANilEnrolmentAnswersNothing(t *testing.T) {
	var e *Enrolment
	open, until := e.Access(at("2025-03-01"))
	if open || until != nil || e.Live() != nil || e.OwnsLifetime() || e.StagesHad(true) != 1 || e.HeldVersion() != 0 || e.StateAt(at("2025-03-01")) != GrantRevoked {
		t.Error("nil is not an enrolment without grants")
	}
}

func TestEnrolmentView(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01 10:00")
	s.buys("s2", "2025-03-20 09:00")
	for i := range s.e.Grants { // as a database in another zone gives it back
		s.e.Grants[i].From = s.e.Grants[i].From.In(time.FixedZone("", -5*3600))
	}
	got, err := json.Marshal(s.e.View(at("2025-03-20 09:00")))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"course_id":"c","state":"active","until":"2025-05-01T16:00:00Z","stage":2,"grants":[` +
		`{"order_id":"o1","policy_id":"s1","kind":"stage","stage":1,"from":"2025-03-01T02:00:00Z","until":"2025-04-01T16:00:00Z","state":"active"},` +
		`{"order_id":"o2","policy_id":"s2","kind":"stage","stage":2,"from":"2025-04-01T16:00:00Z","until":"2025-05-01T16:00:00Z","state":"scheduled"}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s.buys("full", "2025-03-21")
	if v := s.e.View(at("2025-03-21")); v.Until != nil || v.State != GrantActive || v.Grants[2].Until != nil {
		t.Errorf("for ever is %+v, want no end", v)
	}
	if got, _ := json.Marshal(NewEnrolment("u", "c", at("2025-03-01")).View(at("2025-03-01"))); string(got) != `{"course_id":"c","state":"revoked","until":null,"stage":0,"grants":[]}` {
		t.Errorf("an empty one is %s", got)
	}
}
