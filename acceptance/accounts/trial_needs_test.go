package accounts

import (
	"slices"
	"testing"

	"mstm/acceptance/shoptest"
	"mstm/app"
	"mstm/shop"
)

func withTrialNeeds(n shop.TrialNeeds) shoptest.Option {
	return func(s *app.Settings) { s.TrialNeeds = n }
}

// TestTrialNeedsWeChat_UnboundAccount_GetsTheFreeStageOnceBound holds the offer, the quote and
// the order against one another.
func TestTrialNeedsWeChat_UnboundAccount_GetsTheFreeStageOnceBound(t *testing.T) {
	s := shoptest.Start(t, withTrialNeeds(shop.TrialNeedsWeChat))
	learner := s.NewLearner()
	trial := freeStage(s, learner, "go1")
	if trial.Available || trial.Reason != "TRIAL_NEEDS_WECHAT" {
		t.Errorf("offered: %+v", trial)
	}
	line := shoptest.Wish{CourseID: "go1", PolicyID: trial.PolicyID}
	learner.Place(0, line).WantCode(409, "TRIAL_NEEDS_WECHAT")
	var quote struct{ Problems []struct{ Code string } }
	learner.Post("/api/quotes", obj{"lines": []shoptest.Wish{line}}).Want(200).Into(&quote)
	if len(quote.Problems) != 1 || quote.Problems[0].Code != "TRIAL_NEEDS_WECHAT" {
		t.Errorf("quoted: %+v", quote)
	}
	learner.Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Want(201) // what costs is for everybody

	bound := s.NewLearner()
	s.Bind(bound, "o-trial-needs", "")
	if trial := freeStage(s, bound, "go1"); !trial.Available {
		t.Errorf("offered after binding: %+v", trial)
	}
	s.Buy(bound, 0, line)
}

func TestTrialNeedsPhone_AnyAccount_HasNoFreeStageYet(t *testing.T) {
	s := shoptest.Start(t, withTrialNeeds(shop.TrialNeedsPhone))
	learner := s.NewLearner()
	trial := freeStage(s, learner, "go1")
	learner.Place(0, shoptest.Wish{CourseID: "go1", PolicyID: trial.PolicyID}).WantCode(409, "TRIAL_NEEDS_PHONE")
}

// freeStage is the offer of a course's first stage to a person.
func freeStage(s *shoptest.Shop, p *shoptest.Person, course string) shoptest.Offer {
	s.T.Helper()
	var detail struct{ Offers []shoptest.Offer }
	p.Get("/api/courses/" + course).Want(200).Into(&detail)
	i := slices.IndexFunc(detail.Offers, func(o shoptest.Offer) bool { return o.Stage == 1 })
	if i < 0 || detail.Offers[i].Price != 0 {
		s.T.Fatalf("offers of %s: %+v", course, detail.Offers)
	}
	return detail.Offers[i]
}
