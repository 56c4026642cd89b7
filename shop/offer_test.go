package shop

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestP02TheFreeStageIsHadOnce(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01 10:00")
	s.refused("s1", "2025-03-10", ErrTrialUsed, "s2 200, full 999")
}

func TestP07NoStageIsSkipped(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.refused("s2", "2025-03-01", ErrStageNotEligible, "s1 0, full 999")
	s.buys("s1", "2025-03-01 10:00")
	s.refused("s3", "2025-03-10", ErrStageNotEligible, "s2 200, full 999")
}

func TestP08AfterTheLadderOnlyTheFullPriceIsLeft(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01")
	s.buys("s2", "2025-04-10")
	s.buys("s3", "2025-05-20")
	s.offered("2025-05-20", "full 999")
	s.offered("2026-05-20", "full 999")
	s.refused("s2", "2026-05-20", ErrStageAlreadyUsed, "full 999")
	s.buys("full", "2026-05-20")
	s.open("2026-05-20", "ever")
}

func TestCredit(t *testing.T) {
	credited := func(t *testing.T) *story {
		s := newStory(t, ladderCourse())
		s.c.Versions[0].Ladder.CreditMode = CreditPaidTotal
		s.buys("s1", "2025-03-01")
		s.buys("s2", "2025-04-02")
		s.buys("s3", "2025-05-03")
		return s
	}
	full := func(s *story, when string) QuoteLine { return s.quote("full", when).Lines[0] }

	t.Run("P09 the cash of the stages counts towards the full price", func(t *testing.T) {
		s := credited(t)
		l := full(s, "2025-05-10")
		if l.Price != 499*yuan || l.List != 999*yuan || l.Credit != 500*yuan || !slices.Equal(l.CreditOrders, []string{"o2", "o3"}) || l.CreditUse != "" {
			t.Errorf("got %+v", l)
		}
		if _, cash := s.buys("full", "2025-05-10"); cash != 499*yuan || s.e.Grants[3].Paid != 499*yuan {
			t.Errorf("cash %d, recorded %d", cash, s.e.Grants[3].Paid)
		}
	})
	t.Run("P12 it takes the price to nothing and no further", func(t *testing.T) {
		s := credited(t)
		publish(s.c, Ladder{CreditMode: CreditPaidTotal}, stage("s1", 1, 0), stage("s2", 2, 200), stage("s3", 3, 300), lifetime("full", 399))
		l := full(s, "2025-05-10")
		if l.Price != 0 || l.Credit != 399*yuan || l.NeedlessRefund != 0 {
			t.Errorf("got %+v", l)
		}
	})
	t.Run("it takes exactly the price to nothing", func(t *testing.T) {
		s := credited(t)
		publish(s.c, Ladder{CreditMode: CreditPaidTotal}, lifetime("full", 500))
		if l := full(s, "2025-05-10"); l.Price != 0 || l.Credit != 500*yuan {
			t.Errorf("got %+v", l)
		}
	})
	t.Run("it is taken off the promised price", func(t *testing.T) {
		s := credited(t)
		publish(s.c, Ladder{CreditMode: CreditPaidTotal}, lifetime("full", 1299))
		if l := full(s, "2025-05-10"); l.Price != 499*yuan || l.List != 1299*yuan {
			t.Errorf("got %+v", l)
		}
	})
	t.Run("a refunded stage does not count, nor one whose refund is under way", func(t *testing.T) {
		s := credited(t)
		s.e.Freeze("o3")
		if l := full(s, "2025-05-10"); l.Credit != 200*yuan || !slices.Equal(l.CreditOrders, []string{"o2"}) {
			t.Errorf("frozen: got %+v", l)
		}
		s.e.Revoke("o3")
		if l := full(s, "2025-05-10"); l.Credit != 200*yuan {
			t.Errorf("revoked: got %+v", l)
		}
	})
	t.Run("what finance gave back of a stage is no credit", func(t *testing.T) {
		s := credited(t)
		if !s.e.SetRefunded("o3", 120*yuan) || s.e.SetRefunded("o3", 120*yuan) {
			t.Error("the same total counts once")
		}
		if l := full(s, "2025-05-10"); l.Credit != 380*yuan {
			t.Errorf("got %+v", l)
		}
	})
	t.Run("neither periods nor another stage fall in price", func(t *testing.T) {
		s := credited(t)
		publish(s.c, Ladder{CreditMode: CreditPaidTotal}, stage("s4", 4, 400), period("year", Month, 12, 600))
		s.offered("2025-06-10", "s4 400, year 600, full 499")
	})
	t.Run("the mode that counts is the current version's", func(t *testing.T) {
		s := credited(t)
		publish(s.c, Ladder{CreditMode: CreditNone}, lifetime("full", 999))
		if l := full(s, "2025-05-10"); l.Credit != 0 || l.Price != 999*yuan {
			t.Errorf("got %+v", l)
		}
	})
	t.Run("money paid for periods is no credit", func(t *testing.T) {
		c := ladderCourse()
		publish(c, Ladder{CreditMode: CreditPaidTotal}, period("month", Month, 1, 150), lifetime("full", 999))
		s := newStory(t, c)
		s.buys("month", "2025-03-01")
		if l := full(s, "2025-03-02"); l.Credit != 0 || l.Price != 999*yuan {
			t.Errorf("got %+v", l)
		}
	})
}

func TestAPaidStageNotBegunIsCreditedOrPaidBackAndNeverBoth(t *testing.T) {
	for _, tt := range []struct {
		name           string
		mode           CreditMode
		bought         string
		price, back    Fen
		use            CreditUse
		credit, orders int
	}{
		{"without credit its price goes back", CreditNone, "2025-03-20", 999, 200, UseAsRefund, 0, 1},
		{"with credit it counts", CreditPaidTotal, "2025-03-20", 799, 0, UseAsCredit, 1, 0},
		{"one that has begun does not go back", CreditNone, "2025-04-02", 999, 0, "", 0, 0},
		{"one that has begun counts without a word", CreditPaidTotal, "2025-04-02", 799, 0, "", 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStory(t, ladderCourse())
			s.c.Versions[0].Ladder.CreditMode = tt.mode
			s.buys("s1", "2025-03-01")
			s.buys("s2", "2025-03-10")
			q := s.quote("full", tt.bought)
			l, o := q.Lines[0], q.OrderLines()[0]
			if l.Price != tt.price*yuan || l.NeedlessRefund != tt.back*yuan || l.CreditUse != tt.use ||
				len(o.CreditOrders) != tt.credit || len(o.Needless) != tt.orders {
				t.Errorf("got %+v, needless %v", l, o.Needless)
			}
		})
	}
	t.Run("the free stage is never needless", func(t *testing.T) {
		c := ladderCourse()
		publish(c, Ladder{}, append(c.Current().Policies, period("week", Day, 7, 50))...)
		c.Versions[1].Policies[1].Price = 0
		s := newStory(t, c)
		s.buys("s1", "2025-03-01")
		s.buys("s2", "2025-03-02")
		if l := s.quote("full", "2025-03-03").Lines[0]; l.NeedlessRefund != 0 || l.CreditUse != "" {
			t.Errorf("got %+v", l)
		}
	})
}

func TestP15AFreeStageUsedElsewhereIsUsed(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.trial = true
	s.refused("s1", "2025-03-01", ErrTrialUsed, "s2 200, full 999")
	s.buys("s2", "2025-03-01")
	s.offered("2025-03-02", "s3 300, full 999")
	s.refunds("o1", "2025-03-03", 200*yuan)
	s.offered("2025-03-03", "s2 200, full 999")
}

func TestThePromise(t *testing.T) {
	inStageOne := func(t *testing.T) *story {
		s := newStory(t, ladderCourse())
		s.buys("s1", "2025-03-01")
		return s
	}
	stranger := func(s *story) *story { return newStory(s.T, s.c) }

	t.Run("P19 a dearer stage costs a holder what it did", func(t *testing.T) {
		s := inStageOne(t)
		publish(s.c, Ladder{}, stage("s1", 1, 0), stage("s2", 2, 260), stage("s3", 3, 300), lifetime("full", 999))
		s.costs("s2", "2025-03-10", 200)
		other := stranger(s)
		other.buys("s1", "2025-03-10")
		other.costs("s2", "2025-03-10", 260)
	})
	t.Run("P23 and so does a dearer full price", func(t *testing.T) {
		s := inStageOne(t)
		s.buys("s2", "2025-04-02")
		publish(s.c, Ladder{}, stage("s1", 1, 0), stage("s2", 2, 200), stage("s3", 3, 300), lifetime("full", 1299))
		s.costs("full", "2025-04-10", 999)
		stranger(s).costs("full", "2025-04-10", 1299)
	})
	t.Run("a cut is for everybody", func(t *testing.T) {
		s := inStageOne(t)
		publish(s.c, Ladder{}, stage("s1", 1, 0), stage("s2", 2, 150), stage("s3", 3, 300), lifetime("full", 799))
		s.costs("s2", "2025-03-10", 150)
		s.costs("full", "2025-03-10", 799)
	})
	t.Run("a cut that is over is over, then and now are what counts", func(t *testing.T) {
		s := inStageOne(t)
		publish(s.c, Ladder{}, stage("s1", 1, 0), stage("s2", 2, 100), lifetime("full", 499))
		publish(s.c, Ladder{}, stage("s1", 1, 0), stage("s2", 2, 400), lifetime("full", 1499))
		s.costs("s2", "2025-03-10", 200)
		s.costs("full", "2025-03-10", 999)
	})
	t.Run("it is the version of the first grant, not of a later one", func(t *testing.T) {
		s := inStageOne(t)
		publish(s.c, Ladder{}, stage("s1", 1, 0), stage("s2", 2, 260), stage("s3", 3, 400), lifetime("full", 1299))
		s.buys("s2", "2025-04-02")
		s.costs("s3", "2025-04-02", 300)
	})
	t.Run("it outlives the access", func(t *testing.T) {
		s := inStageOne(t)
		publish(s.c, Ladder{}, stage("s1", 1, 0), stage("s2", 2, 260), lifetime("full", 1299))
		s.costs("s2", "2026-03-10", 200)
	})
	t.Run("it ends when the last grant is refunded", func(t *testing.T) {
		s := inStageOne(t)
		publish(s.c, Ladder{}, stage("s1", 1, 0), stage("s2", 2, 260), lifetime("full", 1299))
		s.refunds("o1", "2025-03-10", 0)
		s.offered("2025-03-10", "s2 260, full 1299")
	})
	t.Run("a period is not under it", func(t *testing.T) {
		c := ladderCourse()
		publish(c, Ladder{}, period("month", Month, 1, 150), lifetime("full", 999))
		s := newStory(t, c)
		s.buys("month", "2025-03-01")
		publish(c, Ladder{}, period("month", Month, 1, 180), lifetime("full", 1299))
		s.costs("month", "2025-03-02", 180)
		s.costs("full", "2025-03-02", 999)
	})
	t.Run("stages are matched by their number, whatever their id", func(t *testing.T) {
		s := inStageOne(t)
		publish(s.c, Ladder{}, stage("n1", 1, 0), stage("n2", 2, 260), stage("n3", 3, 300), lifetime("nfull", 1299))
		s.offered("2025-03-10", "n2 200, nfull 999")
		s.costs("s2", "2025-03-10", 200)
		s.costs("full", "2025-03-10", 999)
		stranger(s).refused("s2", "2025-03-10", ErrPolicyRetired, "n1 0, nfull 1299")
	})
	t.Run("the old id costs the new price where that is lower", func(t *testing.T) {
		s := inStageOne(t)
		publish(s.c, Ladder{}, stage("n1", 1, 0), stage("n2", 2, 120))
		s.costs("s2", "2025-03-10", 120)
	})
	t.Run("a buyer without a grant has none", func(t *testing.T) {
		s := newStory(t, ladderCourse())
		s.trial = true
		publish(s.c, Ladder{}, stage("s1", 1, 0), stage("s2", 2, 260), lifetime("full", 1299))
		s.offered("2025-03-10", "s2 260, full 1299")
	})
}

func TestP21ARetiredLadderIsFinishedByItsHolders(t *testing.T) {
	c := ladderCourse()
	s := newStory(t, c)
	s.buys("s1", "2025-03-01")
	publish(c, Ladder{}, period("year", Month, 12, 600))
	s.offered("2025-03-10", "year 600, s2 200, full 999")
	if _, cash := s.buys("s2", "2025-04-10"); cash != 200*yuan || s.lines["o2"].Version != 1 {
		t.Errorf("S2 cost %d fen of version %d, want 20000 of version 1", cash, s.lines["o2"].Version)
	}
	s.buys("s3", "2025-05-11")
	s.offered("2025-05-12", "year 600, full 999")
	s.costs("full", "2025-06-20", 999)

	t.Run("for everybody else it is gone", func(t *testing.T) {
		n := newStory(t, c)
		n.offered("2025-03-10", "year 600")
		for _, id := range []string{"s1", "s2", "full"} {
			n.refused(id, "2025-03-10", ErrPolicyRetired, "year 600")
		}
	})
	t.Run("a retired period is gone for holders too", func(t *testing.T) {
		publish(c, Ladder{}, period("week", Day, 7, 50))
		y := newStory(t, c)
		y.buys("week", "2025-03-10")
		publish(c, Ladder{}, period("day", Day, 1, 10))
		y.refused("week", "2025-03-20", ErrPolicyRetired, "day 10")
	})
	t.Run("one that was retired before the first grant is not promised", func(t *testing.T) {
		y := newStory(t, c)
		y.buys("day", "2025-03-10")
		y.refused("s1", "2025-03-20", ErrPolicyRetired, "day 10")
		y.refused("full", "2025-03-20", ErrPolicyRetired, "day 10")
	})
}

func TestP26OffSaleNothingIsSoldAndAccessStays(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01")
	s.c.State = CourseOffSale
	for _, id := range []string{"s1", "s2", "full", "never there"} {
		s.refused(id, "2025-03-10", ErrCourseOffSale, "")
	}
	s.open("2025-03-10", "2025-04-01")
	for _, o := range s.c.Offers(s.history(), at("2025-03-10")) {
		if o.Available || o.Reason != "COURSE_OFF_SALE" {
			t.Errorf("offered %+v", o)
		}
	}
	t.Run("an owner owns it first of all", func(t *testing.T) {
		o := newStory(t, ladderCourse())
		o.buys("full", "2025-03-01")
		o.c.State = CourseOffSale
		o.refused("s1", "2025-03-02", ErrAlreadyOwned, "")
	})
}

func TestADraftIsNotThereAndAnUnknownPolicyNeither(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.refused("never there", "2025-03-01", ErrPolicyNotFound, "s1 0, full 999")
	s.c.State = CourseDraft
	if _, err := s.c.Offer("s1", s.history(), at("2025-03-01")); !errors.Is(err, ErrCourseNotFound) {
		t.Errorf("a draft: %v", err)
	}
	if offers := s.c.Offers(s.history(), at("2025-03-01")); offers == nil || len(offers) != 0 {
		t.Errorf("a draft offers %v, want an empty list", offers)
	}
}

func TestLapse(t *testing.T) {
	ladder := func(t *testing.T) *story {
		s := newStory(t, ladderCourse())
		s.c.Versions[0].Ladder.LapseAfterDays = 30
		s.buys("s1", "2025-03-01 10:00") // through 1 April
		return s
	}
	t.Run("on the thirtieth day after the end the next stage is still there", func(t *testing.T) {
		ladder(t).costs("s2", "2025-05-01 23:59:59.999", 200)
	})
	t.Run("an instant later only the full price is", func(t *testing.T) {
		ladder(t).refused("s2", "2025-05-02 00:00:00", ErrStageLapsed, "full 999")
	})
	t.Run("what was had is still said first", func(t *testing.T) {
		s := ladder(t)
		s.refused("s1", "2025-06-01", ErrTrialUsed, "full 999")
		s.refused("s3", "2025-06-01", ErrStageNotEligible, "full 999")
	})
	t.Run("a period keeps the learner from lapsing, and is there after a lapse", func(t *testing.T) {
		s := ladder(t)
		publish(s.c, s.c.Current().Ladder, append(s.c.Current().Policies, period("month", Month, 1, 150))...)
		s.offered("2025-06-01", "full 999, month 150")
		s.buys("month", "2025-04-20") // through 20 May
		s.costs("s2", "2025-06-01", 200)
	})
	t.Run("without the setting a return is never too late", func(t *testing.T) {
		s := ladder(t)
		s.c.Versions[0].Ladder.LapseAfterDays = 0
		s.costs("s2", "2035-01-01", 200)
	})
	t.Run("the current version decides", func(t *testing.T) {
		s := ladder(t)
		publish(s.c, Ladder{LapseAfterDays: 90}, s.c.Current().Policies...)
		s.costs("s2", "2025-06-01", 200)
	})
	t.Run("the ladder may be begun at any time", func(t *testing.T) {
		c := ladderCourse()
		publish(c, Ladder{LapseAfterDays: 30}, append(c.Current().Policies, period("free day", Day, 1, 0))...)
		s := newStory(t, c)
		s.buys("free day", "2025-03-01")
		s.costs("s1", "2025-09-01", 0)
	})
	t.Run("a learner without access cannot have been away", func(t *testing.T) {
		s := newStory(t, ladder(t).c)
		s.trial = true
		s.costs("s2", "2025-06-01", 200)
	})
}

func TestOnePeriodAtMostHasNotBegun(t *testing.T) {
	c := ladderCourse()
	publish(c, Ladder{}, append(c.Current().Policies, period("month", Month, 1, 150), period("week", Day, 7, 50))...)

	t.Run("after an early stage there is the full price only, until it begins", func(t *testing.T) {
		s := newStory(t, c)
		s.buys("s1", "2025-03-01")
		s.buys("s2", "2025-03-10")
		s.refused("s3", "2025-04-01 23:59:59", ErrPeriodNotBegun, "full 999")
		s.refused("month", "2025-04-01 23:59:59", ErrPeriodNotBegun, "full 999")
		s.offered("2025-04-02 00:00:00", "s3 300, full 999, month 150, week 50")
	})
	t.Run("two kinds of period follow each other", func(t *testing.T) {
		s := newStory(t, c)
		s.buys("week", "2025-03-01")
		s.buys("month", "2025-03-02")
		s.refused("week", "2025-03-03", ErrPeriodNotBegun, "full 999")
		s.buys("week", "2025-03-09")
		s.open("2025-03-09", "2025-04-15")
	})
	t.Run("a stage that was already had is said first", func(t *testing.T) {
		s := newStory(t, c)
		s.buys("s1", "2025-03-01")
		s.buys("s2", "2025-03-10")
		s.refused("s2", "2025-03-11", ErrStageAlreadyUsed, "full 999")
	})
	t.Run("while a refund is under way no period is sold", func(t *testing.T) {
		s := newStory(t, c)
		s.buys("s1", "2025-03-01")
		s.buys("s2", "2025-04-02")
		s.e.Freeze("o2")
		s.refused("s3", "2025-04-03", ErrRefundUnderWay, "full 999")
	})
}

func TestThePaidEnrolmentTakesTheFirstStage(t *testing.T) {
	c := ladderCourse()
	publish(c, Ladder{}, append(c.Current().Policies, period("month", Month, 1, 150), period("free", Day, 1, 0))...)
	s := newStory(t, c)
	s.buys("free", "2025-02-01")
	s.costs("s1", "2025-03-01", 0) // what was free is no paid enrolment
	s.buys("month", "2025-03-01")
	s.refused("s1", "2025-06-01", ErrTrialUsed, "full 999, month 150, free 0")
	s.refused("s2", "2025-06-01", ErrStageNotEligible, "full 999, month 150, free 0")
	s.refunds("o2", "2025-03-02", 150*yuan)
	s.costs("s1", "2025-06-01", 0)
}

func TestFirstOffer(t *testing.T) {
	s := newStory(t, ladderCourse())
	first := func(when, want string) {
		t.Helper()
		if o, err := s.c.FirstOffer(s.history(), at(when)); err != nil || o.PolicyID != want {
			t.Errorf("on %s a new cart line gets %q (%v), want %s", when, o.PolicyID, err, want)
		}
	}
	first("2025-03-01", "s1")
	s.c.Versions[0].Policies[3].Default = true
	first("2025-03-01", "full")
	s.c.Versions[0].Policies[3].Default = false
	s.buys("s1", "2025-03-01")
	first("2025-03-02", "s2")
	s.buys("full", "2025-03-02")
	if _, err := s.c.FirstOffer(s.history(), at("2025-03-03")); !errors.Is(err, ErrAlreadyOwned) {
		t.Errorf("for an owner: %v", err)
	}
	if _, err := (&Course{State: CourseOnSale}).FirstOffer(PurchaseHistory{}, at("2025-03-03")); !errors.Is(err, ErrNoPolicies) {
		t.Errorf("without policies: %v", err)
	}
}

func TestTheOffersOfAVisitor(t *testing.T) {
	got, err := json.Marshal(ladderCourse().Offers(PurchaseHistory{}, time.Time{})[1:])
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"policy_id":"s2","version":1,"kind":"stage","name":"s2","stage":2,"period":{"unit":"month","count":1},"price_fen":20000,"list_price_fen":20000,"credit_fen":0,"available":false,"reason":"STAGE_NOT_ELIGIBLE"},` +
		`{"policy_id":"s3","version":1,"kind":"stage","name":"s3","stage":3,"period":{"unit":"month","count":1},"price_fen":30000,"list_price_fen":30000,"credit_fen":0,"available":false,"reason":"STAGE_NOT_ELIGIBLE"},` +
		`{"policy_id":"full","version":1,"kind":"lifetime","name":"full","price_fen":99900,"list_price_fen":99900,"credit_fen":0,"available":true}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What the list says and what buying gives must agree, whatever the learner's past.
func TestAnOffersReasonIsTheCodeThatBuyingItGives(t *testing.T) {
	c := ladderCourse()
	c.Versions[0].Ladder.LapseAfterDays = 30
	publish(c, c.Current().Ladder, append(c.Current().Policies[:2:2], period("month", Month, 1, 150))...)
	s := newStory(t, c)
	check := func(when string) {
		t.Helper()
		for _, o := range c.Offers(s.history(), at(when)) {
			bought, err := c.Offer(o.PolicyID, s.history(), at(when))
			if CodeOf(err) != o.Reason || (err == nil) != o.Available || err == nil && bought.Price != o.Price {
				t.Errorf("on %s: listed %+v, bought %+v, %v", when, o, bought, err)
			}
		}
	}
	check("2025-03-01")
	s.buys("s1", "2025-03-01")
	check("2025-03-02")
	check("2025-09-02")
	s.buys("s2", "2025-03-03")
	check("2025-03-04")
	s.e.Freeze("o2")
	check("2025-03-04")
	s.e.Revoke("o2")
	check("2025-03-04")
	c.State = CourseOffSale
	check("2025-03-04")
	c.State = CourseOnSale
	publish(c, Ladder{}, lifetime("full", 999))
	s.buys("full", "2025-03-05")
	check("2025-03-06")
}
