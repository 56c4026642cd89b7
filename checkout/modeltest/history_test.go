package modeltest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
	"mstm/store"
)

// history is one learner's random life in the shop, chosen by its seed alone, and what the
// model believes of it.
type history struct {
	w       *world
	ctx     context.Context
	seed    uint64
	rng     *rand.Rand
	user    string
	courses []*course

	story    []string
	requests []*request
	charges  map[string]*charge // by out_trade_no: what WeChat took from the learner
	forged   map[string]bool    // orders about which WeChat seemed to tell nonsense

	orders []*shop.Order // as they were seen last, oldest first
	pasts  map[string]past
	lines  map[string]string // the lines of each order when it was first seen
	moves  map[string]int    // how many moves of each order were looked at
	exact  bool              // nothing is left undone: what the model predicts must happen
	loose  bool              // something still goes on behind an answer
	faulty bool              // WeChat misbehaves
	tally  tally
}

// charge is money that WeChat took.
type charge struct {
	order  string
	amount shop.Fen
	told   bool // a callback about it was answered with success
}

// tally counts what happened in histories.
type tally struct {
	Histories, Actions, Crashes, Placed, Free, Payments, Callbacks, Late, Duplicates, Refunds, Exceptions, Prices, Refusals int
}

func (t *tally) add(o tally) {
	t.Histories += o.Histories
	t.Actions += o.Actions
	t.Crashes += o.Crashes
	t.Placed += o.Placed
	t.Free += o.Free
	t.Payments += o.Payments
	t.Callbacks += o.Callbacks
	t.Late += o.Late
	t.Duplicates += o.Duplicates
	t.Refunds += o.Refunds
	t.Exceptions += o.Exceptions
	t.Prices += o.Prices
	t.Refusals += o.Refusals
}

// wrong ends a history: the shop is not what the model says.
type wrong struct{ what string }

func (h *history) fail(format string, args ...any) { panic(wrong{fmt.Sprintf(format, args...)}) }

// must ends a history that could not go on.
func (h *history) must(err error) {
	if err != nil {
		h.fail("%v", err)
	}
}

// tell adds a line to the story.
func (h *history) tell(format string, args ...any) {
	h.story = append(h.story, fmt.Sprintf("%2d  %s  ", h.tally.Actions, h.w.clock.stands(h.w.clock.read()))+fmt.Sprintf(format, args...))
}

// run lives one history and returns what the shop did wrong, nil if nothing.
func run(w *world, seed uint64) (t tally, err error) {
	h := &history{
		w: w, ctx: context.Background(), seed: seed, rng: rand.New(rand.NewPCG(seed, 0x6d73746d)),
		user: store.NewID(), charges: map[string]*charge{}, forged: map[string]bool{}, lines: map[string]string{}, moves: map[string]int{},
	}
	defer func() {
		t = h.tally
		switch r := recover().(type) {
		case nil:
		case wrong:
			err = errors.New(h.report(r.what))
		default:
			panic(r)
		}
	}()
	h.begin()
	for range 6 + h.rng.IntN(15) {
		h.step()
	}
	h.end()
	h.tally.Histories++
	return h.tally, nil
}

func (h *history) report(what string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "MODEL_SEED=%d: %s\n\n%s\n\nthe orders:\n", h.seed, what, strings.Join(h.story, "\n"))
	for _, o := range h.orders {
		fmt.Fprintf(&b, "  %s %s total %d paid %d refunded %d\n", h.name(o.ID), o.State, o.Total, o.Paid, o.Refunded)
		for _, r := range o.History {
			fmt.Fprintf(&b, "      %s %s %s→%s by %s\n", h.w.clock.stands(r.At), r.Move, r.From, r.To, r.By)
		}
	}
	fmt.Fprintf(&b, "\nthe shop said:\n%s\n", h.w.log.last(25))
	return b.String()
}

// name is a short one for an order: its place among all.
func (h *history) name(id string) string {
	if i := slices.IndexFunc(h.orders, func(o *shop.Order) bool { return o.ID == id }); i >= 0 {
		return fmt.Sprintf("order %d (%s)", i+1, id)
	}
	return "order " + id
}

// begin empties the world, sets its clock, and puts one or two courses on sale.
func (h *history) begin() {
	h.must(h.w.wipe(h.ctx))
	h.w.turn.Store(0)
	day := time.Date(2025, 1, 1+h.rng.IntN(800), h.rng.IntN(24), h.rng.IntN(60), 0, 0, shanghai)
	if h.chance(25) {
		day = time.Date(2025, time.Month(1+h.rng.IntN(24)), 31, h.rng.IntN(24), 59, 50, 0, shanghai) // about the end of a month
	}
	h.w.clock.set(day)
	for n := range 1 + h.rng.IntN(2) {
		c := &course{id: fmt.Sprintf("c%d%s", n+1, h.user[:8]), onSale: true}
		h.courses = append(h.courses, c)
		list := h.newList()
		sc := &shop.Course{ID: c.id, State: shop.CourseOnSale, Title: "Course " + c.id, Chapters: []shop.Chapter{{Title: "1", Lessons: make([]shop.Lesson, 10)}}}
		list.at = h.w.clock.now()
		// The first version is published by hand, because the ids of its policies are new.
		sc.Versions = []shop.PolicyVersion{{Version: 1, PublishedAt: list.at, Policies: list.policies(), Ladder: list.ladder()}}
		c.lists = append(c.lists, list)
		h.revive()
		if _, err := h.anybody().store.Courses.Insert(h.ctx, sc); err != nil {
			h.fail("insert the course: %v", err)
		}
		h.tell("course %s: %s", c.id, list)
	}
	h.look()
}

// newList invents a price list.
func (h *history) newList() priceList {
	l := priceList{prices: map[string]shop.Fen{
		stage1: 0, stage2: h.fen(10000, 30000), stage3: h.fen(20000, 40000), full: h.fen(39900, 129900),
		monthly: h.fen(5000, 20000), tenDays: h.fen(1, 4000),
	}, credit: h.chance(50)}
	if h.chance(20) {
		l.prices[stage1] = h.fen(1, 5000)
	}
	for _, gone := range []string{stage3, monthly, tenDays, full} {
		if h.chance(15) {
			delete(l.prices, gone)
		}
	}
	if h.chance(30) {
		l.lapse = 1 + h.rng.IntN(60)
	}
	return l
}

func (l priceList) policies() (all []shop.PricePolicy) {
	for _, id := range []string{stage1, stage2, stage3, monthly, tenDays, full} {
		price, ok := l.prices[id]
		if !ok {
			continue
		}
		p := shop.PricePolicy{ID: id, Kind: shop.KindStage, Name: id, Stage: stageOf[id], Price: price, Period: &shop.Period{Unit: shop.Month, Count: 1}}
		switch id {
		case full:
			p.Kind, p.Period = shop.KindLifetime, nil
		case monthly:
			p.Kind = shop.KindPeriod
		case tenDays:
			p.Kind, p.Period = shop.KindPeriod, &shop.Period{Unit: shop.Day, Count: 10}
		}
		all = append(all, p)
	}
	all[0].Default = true
	return all
}

func (l priceList) ladder() shop.Ladder {
	mode := shop.CreditNone
	if l.credit {
		mode = shop.CreditPaidTotal
	}
	return shop.Ladder{CreditMode: mode, LapseAfterDays: l.lapse}
}

func (l priceList) String() string {
	return fmt.Sprintf("%v, credit %t, lapse %d", l.prices, l.credit, l.lapse)
}

func (h *history) chance(percent int) bool { return h.rng.IntN(100) < percent }

func (h *history) fen(from, to int) shop.Fen { return shop.Fen(from + h.rng.IntN(to-from)) }

func choose[T any](h *history, all []T) T { return all[h.rng.IntN(len(all))] }

// action is one thing that may happen. What it returns judges the outcome once all is
// quiet, if there is anything to judge; sure says that the model must be right.
type action func(h *history) (judge func(sure bool))

// step does one thing. Sometimes the next one does not wait until it is over.
func (h *history) step() {
	h.tally.Actions++
	h.w.clock.forward(time.Duration(h.rng.IntN(20_000)) * time.Millisecond)
	if h.faulty && h.chance(50) {
		h.healWeChat()
	}
	if h.chance(70) || h.anybody() == nil {
		h.revive()
	}
	if h.chance(12) {
		h.arm()
	}
	do := h.drawAction()
	if h.chance(20) {
		do(h)
		h.loose = true
		return
	}
	h.try(do)
}

// try does something, waits until it is over, and judges what came of it.
func (h *history) try(do action) {
	if h.anybody() == nil {
		h.revive()
	}
	sure, before := h.sure(), h.killed()
	judge := do(h)
	h.awaitRest()
	if judge != nil {
		judge(sure && h.killed() == before && h.exact)
	}
	if h.anybody() == nil {
		h.revive()
	}
}

// awaitRest waits until all work is done, and checks the outcome.
func (h *history) awaitRest() {
	for _, i := range h.w.instances {
		i.rest()
	}
	h.loose = false
	h.look()
}

// sure reports whether the model's prediction of what happens next must hold.
func (h *history) sure() bool { return h.exact && !h.loose && !h.faulty }

// arm has an instance killed at one of its next writes.
func (h *history) arm() {
	i := h.anybody()
	if i.gate.armed() {
		return
	}
	n, after := 1+h.rng.IntN(14), h.chance(50)
	i.gate.arm(n, after)
	h.tell("%s will be killed %s write %d from now", i.name, map[bool]string{true: "after", false: "before"}[after], n)
}

// revive starts those again that were killed.
func (h *history) revive() {
	for k, i := range h.w.instances {
		if !i.gate.isDead() {
			continue
		}
		fresh, err := h.w.open(i.name)
		if err != nil {
			h.fail("start instance %s again: %v", i.name, err)
		}
		h.w.instances[k] = fresh
		h.tally.Crashes++
		h.tell("%s was killed at %q, and is started again", i.name, i.gate.at)
	}
}

// killed is how many instances have been killed so far.
func (h *history) killed() int {
	n := h.tally.Crashes
	for _, i := range h.w.instances {
		if i.gate.isDead() {
			n++
		}
	}
	return n
}

// anybody is a random living instance, nil without one.
func (h *history) anybody() *instance {
	var alive []*instance
	for _, i := range h.w.instances {
		if !i.gate.isDead() {
			alive = append(alive, i)
		}
	}
	if len(alive) == 0 {
		return nil
	}
	return choose(h, alive)
}

// look reads everything that the learner has in the shop, checks what must hold at any
// moment, and brings the model up to date.
func (h *history) look() {
	docs, err := rows[shop.Order](h.ctx, h.w, "orders", bson.M{"user_id": h.user}, bson.D{{Key: "created_at", Value: 1}, {Key: "_id", Value: 1}})
	h.must(err)
	h.orders, h.exact = nil, true
	for i := range docs {
		o := &docs[i]
		h.orders = append(h.orders, o)
		h.exact = h.exact && o.State != shop.OrderPaid
		for name, d := range o.Duties {
			h.exact = h.exact && (d.Done || name == shop.DutyTellClosing) // which changes nothing
		}
	}
	h.findEarly()
	for _, o := range h.orders {
		h.checkOrder(o)
	}
	h.checkOpen()
	h.pasts = map[string]past{}
	for _, c := range h.courses {
		h.pasts[c.id] = h.pastOf(c, "")
	}
}

// order finds an order as it was seen last.
func (h *history) order(id string) *shop.Order {
	for _, o := range h.orders {
		if o.ID == id {
			return o
		}
	}
	return nil
}
