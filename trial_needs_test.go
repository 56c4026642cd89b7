package main

import (
	"slices"
	"testing"

	"mstm/app"
	"mstm/shop"
)

func withTrialNeeds(n shop.TrialNeeds) shopOption {
	return func(s *app.Settings) { s.TrialNeeds = n }
}

// TestTrialNeedsWeChat_UnboundAccount_GetsTheFreeStageOnceBound holds the offer, the quote and
// the order against one another.
func TestTrialNeedsWeChat_UnboundAccount_GetsTheFreeStageOnceBound(t *testing.T) {
	s := startShop(t, withTrialNeeds(shop.TrialNeedsWeChat))
	learner := s.newLearner()
	trial := s.freeStage(learner, "go1")
	if trial.Available || trial.Reason != "TRIAL_NEEDS_WECHAT" {
		t.Errorf("offered: %+v", trial)
	}
	line := wish{"go1", trial.PolicyID}
	learner.place(0, line).wantCode(409, "TRIAL_NEEDS_WECHAT")
	var quote struct{ Problems []struct{ Code string } }
	learner.post("/api/quotes", obj{"lines": []wish{line}}).want(200).into(&quote)
	if len(quote.Problems) != 1 || quote.Problems[0].Code != "TRIAL_NEEDS_WECHAT" {
		t.Errorf("quoted: %+v", quote)
	}
	learner.place(99900, wish{"go1", "go1full"}).want(201) // what costs is for everybody

	bound := s.newLearner()
	s.bind(bound, "o-trial-needs", "")
	if trial := s.freeStage(bound, "go1"); !trial.Available {
		t.Errorf("offered after binding: %+v", trial)
	}
	s.buy(bound, 0, line)
}

func TestTrialNeedsPhone_AnyAccount_HasNoFreeStageYet(t *testing.T) {
	s := startShop(t, withTrialNeeds(shop.TrialNeedsPhone))
	learner := s.newLearner()
	trial := s.freeStage(learner, "go1")
	learner.place(0, wish{"go1", trial.PolicyID}).wantCode(409, "TRIAL_NEEDS_PHONE")
}

// freeStage is the offer of a course's first stage to a person.
func (s *testShop) freeStage(p *person, course string) offerJSON {
	s.t.Helper()
	var detail struct{ Offers []offerJSON }
	p.get("/api/courses/" + course).want(200).into(&detail)
	i := slices.IndexFunc(detail.Offers, func(o offerJSON) bool { return o.Stage == 1 })
	if i < 0 || detail.Offers[i].Price != 0 {
		s.t.Fatalf("offers of %s: %+v", course, detail.Offers)
	}
	return detail.Offers[i]
}
