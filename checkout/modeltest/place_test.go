package modeltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"mstm/checkout"
	"mstm/shop"
	"mstm/store"
)

// request is one placing, as the learner's page sent it and may send it again.
type request struct {
	key     string
	lines   []shop.LineRequest
	seen    shop.Fen
	channel shop.Channel
	reply   []byte // the answer, nil while there is none
	begun   bool   // it may stand for an order, although the page has no answer
}

// reply is what the page was answered.
type reply struct {
	Status int
	Order  struct {
		ID    string          `json:"id"`
		State shop.OrderState `json:"state"`
	} `json:"order"`
	Reused bool `json:"reused"`
	raw    []byte
}

// newRequest wants one or all courses, each under a random policy, for the price that the
// model says it has.
func (h *history) newRequest() *request {
	r := &request{key: store.NewID(), channel: choose(h, []shop.Channel{shop.ChannelNative, shop.ChannelNative, shop.ChannelH5})}
	courses := h.courses
	if h.chance(60) {
		courses = []*course{choose(h, h.courses)}
	}
	for _, c := range courses {
		r.lines = append(r.lines, shop.LineRequest{CourseID: c.id, PolicyID: h.policy(c)})
	}
	_, r.seen = h.expect(r, "")
	return r
}

// policy is mostly one that can be bought, sometimes any.
func (h *history) policy(c *course) string {
	all := []string{stage1, stage2, stage3, monthly, tenDays, full}
	if h.chance(80) {
		can := slices.DeleteFunc(slices.Clone(all), func(id string) bool { return c.refusal(id, h.pasts[c.id], h.w.clock.read()) != "" })
		if len(can) > 0 {
			return choose(h, can)
		}
	}
	known := slices.DeleteFunc(all, func(id string) bool {
		return !slices.ContainsFunc(c.lists, func(l priceList) bool { _, ok := l.prices[id]; return ok })
	})
	return choose(h, known)
}

// expect is what the model says to a request now: the code of its refusal, or its total.
// The grants of one order are left out.
func (h *history) expect(r *request, without string) (code string, total shop.Fen) {
	for _, l := range r.lines {
		c := h.course(l.CourseID)
		p := slices.DeleteFunc(slices.Clone(h.pasts[c.id]), func(x had) bool { return x.order == without })
		refusal := c.refusal(l.PolicyID, p, h.w.clock.read())
		switch {
		case refusal == "":
			price, _ := c.price(l.PolicyID, p)
			total += price
		case code == "" || code == refusal:
			code = refusal
		default:
			code = "LINES_NOT_SELLABLE"
		}
	}
	if code == "" && total > r.seen {
		code = "PRICE_CHANGED"
	}
	return code, total
}

func (h *history) course(id string) *course {
	return h.courses[slices.IndexFunc(h.courses, func(c *course) bool { return c.id == id })]
}

// send sends a request to one instance.
func (h *history) send(i *instance, r *request) (out reply, err error) {
	err = i.call(h.ctx, func(ctx ctx) error {
		i.store.Limits.Forgive(ctx, checkout.NewTrades, h.user) // a history goes by in seconds
		answer, err := i.checkout.Placing.Place(ctx, checkout.PlaceRequest{
			UserID: h.user, Key: r.key, Lines: r.lines, Seen: r.seen,
			PayRequest: checkout.PayRequest{Channel: r.channel, Payer: shop.Payer{IP: "203.0.113.7"}},
		}, renderPlaced)
		if err != nil {
			return err
		}
		out.Status, out.raw = answer.Status, answer.Body
		return json.Unmarshal(answer.Body, &out)
	})
	return out, err
}

// renderPlaced is an answer; what matters is that a repeat has the same bytes.
func renderPlaced(p checkout.Placed) (store.Answer, error) {
	body, err := json.Marshal(struct {
		Order   shop.OrderView    `json:"order"`
		Payment *shop.PaymentView `json:"payment,omitempty"`
		Reused  bool              `json:"reused,omitempty"`
		Lowered bool              `json:"lowered,omitempty"`
	}{p.Order.View(), p.Payment, p.Reused, p.Lowered})
	status := 201
	if p.Reused {
		status = 200
	}
	return store.Answer{Status: status, Body: body}, err
}

// outcome says in the story how something ended.
func outcome(err error) string {
	var no *shop.Error
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, errKilled):
		return "killed over it"
	case errors.As(err, &no):
		return no.Code
	}
	return err.Error()
}

// coded wants a refusal to have a code that a page can act on.
func (h *history) coded(doing string, err error) {
	if err == nil || errors.Is(err, errKilled) {
		return
	}
	if code := shop.CodeOf(err); code == "" || code == shop.ErrInternal.Code || code == shop.ErrUnavailable.Code {
		h.fail("%s failed: %v", doing, err)
	}
}

// order places an order under a new key.
func order(h *history) func(bool) { return h.place(h.anybody(), h.newRequest()) }

// orderStale places one with a total that is not right any more, or was never.
func orderStale(h *history) func(bool) {
	r := h.newRequest()
	r.seen = max(0, r.seen+choose(h, []shop.Fen{-1, -100, 1, 5000}))
	return h.place(h.anybody(), r)
}

// orderAgain sends an earlier request again, byte for byte.
func orderAgain(h *history) func(bool) {
	if len(h.requests) == 0 {
		return order(h)
	}
	return h.place(h.anybody(), choose(h, h.requests))
}

// orderOther sends another body under a key that was answered.
func orderOther(h *history) func(bool) {
	i := slices.IndexFunc(h.requests, func(r *request) bool { return r.reply != nil })
	if i < 0 {
		return order(h)
	}
	r := *h.requests[i]
	r.seen++
	_, err := h.send(h.anybody(), &r)
	h.tell("another body under key %d: %s", i+1, outcome(err))
	if !errors.Is(err, errKilled) && !errors.Is(err, shop.ErrIdempotencyMismatch) {
		h.fail("another body under the same key: %v", err)
	}
	return nil
}

// orderTwice places two orders at once, on both instances if they live, under one key or two.
func orderTwice(h *history) func(bool) {
	a := h.newRequest()
	b := a
	if h.chance(60) {
		b = h.newRequest()
	}
	if h.chance(30) {
		b = &request{key: store.NewID(), lines: a.lines, seen: a.seen, channel: a.channel}
	}
	x, y := h.w.next(), h.w.next()
	var replies [2]reply
	var errs [2]error
	var both sync.WaitGroup
	both.Go(func() { replies[0], errs[0] = h.send(x, a) })
	both.Go(func() { replies[1], errs[1] = h.send(y, b) })
	both.Wait()
	h.tell("%s and %s at once: %s %s: %s; %s %s: %s", x.name, y.name, a.key[:4], a.text(), outcome(errs[0]), b.key[:4], b.text(), outcome(errs[1]))
	for n, r := range []*request{a, b} {
		h.coded("placing at once", errs[n])
		h.remember(r)
		h.answered(r, replies[n], errs[n])
	}
	return nil
}

func (r *request) text() string {
	text := ""
	for _, l := range r.lines {
		text += fmt.Sprintf("%s/%s ", l.CourseID[:2], l.PolicyID)
	}
	return fmt.Sprintf("%sfor %d by %s", text, r.seen, r.channel)
}

func (h *history) remember(r *request) {
	if !slices.Contains(h.requests, r) {
		h.requests = append(h.requests, r)
	}
}

// answered keeps the answer of a key and wants it to be the same for ever.
func (h *history) answered(r *request, out reply, err error) {
	if err != nil {
		r.begun = r.begun || errors.Is(err, errKilled) || errors.Is(err, shop.ErrPayChannelBusy) || errors.Is(err, shop.ErrPayRefused)
		return
	}
	if r.reply != nil && string(r.reply) != string(out.raw) {
		h.fail("key %s was answered %s and then %s", r.key[:4], r.reply, out.raw)
	}
	r.reply = out.raw
}

// place sends a request and judges the answer.
func (h *history) place(i *instance, r *request) func(sure bool) {
	before := h.orders
	repeat := r.reply != nil || r.begun
	reuse := h.reusable(r)
	out, err := h.send(i, r)
	h.remember(r)
	h.tell("order %s (key %s) at %s: %s %s", r.text(), r.key[:4], i.name, outcome(err), out.Order.ID)
	h.coded("placing", err)
	h.answered(r, out, err)
	return func(sure bool) {
		if sure && !repeat && !errors.Is(err, errKilled) {
			h.judgePlaced(r, out, err, reuse, before)
		}
	}
}

// reusable is the open order that answers a request, "" without one.
func (h *history) reusable(r *request) string {
	for _, o := range h.orders {
		if o.State == shop.OrderPending && h.w.clock.read().Before(o.ExpiresAt) && o.SameLines(r.lines) {
			return o.ID
		}
	}
	return ""
}

// judgePlaced holds an answer against the model, which looks at everything that came
// before the new order.
func (h *history) judgePlaced(r *request, out reply, err error, reuse string, before []*shop.Order) {
	if reuse != "" {
		if err != nil || out.Order.ID != reuse || !out.Reused {
			h.fail("placing what %s is open for: %v, answered %s", h.name(reuse), err, out.raw)
		}
		return
	}
	code, total := h.expect(r, out.Order.ID)
	switch {
	case err != nil && shop.CodeOf(err) != code:
		h.fail("placing %s was refused with %s; the model says %q, %d", r.text(), shop.CodeOf(err), code, total)
	case err != nil:
		h.tally.Refusals++
		return
	case code != "":
		h.fail("placing %s was answered %s; the model says %s, %d", r.text(), out.raw, code, total)
	}
	o := h.order(out.Order.ID)
	if o == nil || out.Reused || slices.ContainsFunc(before, func(b *shop.Order) bool { return b.ID == o.ID }) {
		h.fail("placing %s made no new order: %s", r.text(), out.raw)
	}
	if o.Total != total || !o.SameLines(r.lines) {
		h.fail("%s costs %d; the model says %d", h.name(o.ID), o.Total, total)
	}
	h.tally.Prices++
}
