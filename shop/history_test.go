package shop

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// history is one random life of a learner in a course with changing prices. Every step is followed
// by a check of the promises from outside: by sums and orders of times, not by the way the rules
// are written.
type history struct {
	*story
	rnd *rand.Rand
	now time.Time

	received, returned Fen
}

func TestRandomHistoriesKeepThePromises(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			c := ladderCourse()
			publish(c, Ladder{}, append(c.Current().Policies, period("month", Month, 1, 150), period("days", Day, 7, 50))...)
			h := &history{story: newStory(t, c), rnd: rand.New(rand.NewPCG(seed, 1)), now: at("2025-01-29 15:04")}
			for range 40 {
				h.step()
				if h.check(); t.Failed() {
					return
				}
			}
		})
	}
}

func (h *history) step() {
	switch h.rnd.IntN(6) {
	case 0, 1:
		h.now = h.now.Add(time.Duration(h.rnd.Int64N(int64(40 * 24 * time.Hour))))
	case 2:
		h.republish()
	case 3:
		h.giveBack()
	default:
		h.purchase()
	}
}

// republish makes every price new and sometimes drops the ladder or the full price.
func (h *history) republish() {
	price := func() Fen { return Fen(h.rnd.IntN(500)) }
	list := []PricePolicy{period("month", Month, 1+h.rnd.IntN(3), 1+price()), period("days", Day, 1+h.rnd.IntN(40), 1+price())}
	if h.rnd.IntN(4) > 0 {
		list = append(list, stage("s1", 1, 0), stage("s2", 2, 1+price()), stage("s3", 3, 1+price()))
	}
	if h.rnd.IntN(4) > 0 {
		list = append(list, lifetime("full", 500+price()))
	}
	ladder := Ladder{CreditMode: []CreditMode{CreditNone, CreditPaidTotal}[h.rnd.IntN(2)], LapseAfterDays: h.rnd.IntN(3) * 60}
	if err := h.c.Publish(list, ladder, ids(), h.now); err != nil {
		h.Fatal(err)
	}
}

// purchase buys one of the offers, and settles what the full price makes needless.
func (h *history) purchase() {
	can := Available(h.c.Offers(h.history(), h.now))
	if len(can) == 0 {
		return
	}
	o := can[h.rnd.IntN(len(can))]
	if o.Kind == KindLifetime && h.rnd.IntN(4) > 0 {
		return // it ends the story, so it comes seldom
	}
	if bound, ok := h.promise(o); ok && o.Price > bound {
		h.Fatalf("%s costs the holder %d fen, promised %d", o.PolicyID, o.Price, bound)
	}
	wasOpen, before := h.e.Access(h.now)
	order, cash := h.buys(o.PolicyID, h.now.In(shanghai).Format("2006-01-02 15:04:05.999999999"))
	h.received += cash
	isOpen, after := h.e.Access(h.now)
	if !isOpen || wasOpen && after != nil && (before == nil || !after.After(*before)) {
		h.Fatalf("%s moved the end from %v to %v (open %t)", o.PolicyID, before, after, isOpen)
	}
	for _, id := range h.lines[order].Needless {
		q, err := NeedlessRefund(h.order(id), "c", h.e, h.now)
		if err != nil {
			h.Fatalf("needless %s: %v", id, err)
		}
		h.returned += q.Amount
		h.e.Revoke(id)
	}
}

// promise is what the version of the first grant asked for the same step.
func (h *history) promise(o Offer) (Fen, bool) {
	for _, g := range h.e.Grants {
		if g.State == GrantRevoked {
			continue
		}
		held, _ := h.c.Version(g.Version)
		for _, p := range held.Policies {
			if p.Kind == o.Kind && p.Stage == o.Stage && p.Kind != KindPeriod {
				return p.Price, true
			}
		}
		break
	}
	return 0, false
}

// giveBack asks to refund some grant; only the newest may go.
func (h *history) giveBack() {
	if len(h.e.Grants) == 0 {
		return
	}
	id := h.e.Grants[h.rnd.IntN(len(h.e.Grants))].OrderID
	q, err := RefundAmount(h.order(id), "c", h.e, h.rnd.IntN(40), 100, h.now)
	if err != nil {
		return
	}
	if live := h.e.Live(); live[len(live)-1].OrderID != id {
		h.Fatalf("%s went back before %s", id, live[len(live)-1].OrderID)
	}
	h.returned += q.Amount
	h.e.Revoke(id)
}

func (h *history) check() {
	stages, waiting := map[int]int{}, 0
	var lastEnd time.Time
	var kept, credit Fen
	for _, g := range h.e.Live() {
		kept += g.Paid
		credit += h.lines[g.OrderID].Credit
		if stages[g.Stage]++; g.Stage > 0 && stages[g.Stage] > 1 {
			h.Errorf("stage %d is held twice", g.Stage)
		}
		if g.From.After(h.now) {
			waiting++
		}
		if g.Until == nil {
			continue
		}
		if g.From.Before(lastEnd) || !g.Until.After(g.From) {
			h.Errorf("%s runs from %s to %s, over the one before it, which ends %s", g.OrderID, g.From, g.Until, lastEnd)
		}
		lastEnd = *g.Until
	}
	if waiting > 1 {
		h.Errorf("%d periods wait to begin", waiting)
	}
	if h.returned > h.received || kept > h.received {
		h.Errorf("received %d, returned %d, kept for grants %d", h.received, h.returned, kept)
	}
	if credit > kept {
		h.Errorf("credit of %d fen for %d paid", credit, kept)
	}
	if had := h.e.StagesHad(h.trial); h.trial && had < 1 {
		h.Errorf("the free stage came back")
	}
}
