package crash

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
	"mstm/shop"
)

// life is one way that an order can go, and every write of it a point to die at.
type life struct {
	name  string
	given func(*plot) // what was before, without kills
	lived func(*plot) // what the shop is killed over; each of its steps may come again
	then  func(*plot) // what comes after, without kills (optional)
	wants []string    // writes that must be among its points
}

// plot is one life as it is lived: what the seed has chosen, and what must come of it.
type plot struct {
	*crasher
	dice  *rand.Rand // what happens: the same at every point of a seed
	luck  *rand.Rand // what happens after a kill: when the page comes back, whether it comes again
	point shoptest.Point

	user    string
	learner *shoptest.Person
	finance *shoptest.Person
	since   string        // where the learner's page left off before all this
	kept    shoptest.Wish // in the cart, and not bought

	basket []shoptest.Wish
	total  int64
	placed shoptest.Placed
	later  string              // an order that stands on the placed one
	ends   map[string][]string // order → the histories that it may come to

	disarmed bool // no fuse kills any more

	killed  []string      // where, in order
	anew    int           // how often the buyer ordered under a new key after a kill
	slowest time.Duration // from a restart until the invariants held
	seen    []string      // every write of the life, in a run without a kill
}

// rollFor is the randomness of a seed for one purpose.
func rollFor(seed uint64, what string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(what)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// live lives a life to its end, with a kill at the point, and checks what has come of it.
func (c *crasher) live(t *testing.T, l life, seed uint64, at shoptest.Point) *plot {
	t.Helper()
	c.belong(t)
	token := c.site.tokens[c.lives-1]
	p := &plot{
		crasher: c, point: at, dice: rollFor(seed, l.name), luck: rollFor(seed, l.name+at.String()),
		user: strings.Split(token, ".")[1], learner: c.As(token), finance: c.As(c.finance), ends: map[string][]string{},
	}
	p.learner.Patient, p.finance.Patient = true, true
	c.wechat.Faults(obj{})
	p.openPage()
	l.given(p)
	p.Arm(at)
	l.lived(p)
	p.disarm()
	if l.then != nil {
		l.then(p)
		p.rest()
	}
	wantWhole(p)
	return p
}

// openPage notes where the learner's live stream stands.
func (p *plot) openPage() {
	p.T.Helper()
	shoptest.Eventually(p.T, time.Minute, func() error {
		page := hubtest.Dial(p.T, p.Url+"/ws", p.learner.Token)
		defer page.Close()
		if p.since = page.Ready().Topics["user"].Pos; p.since == "" {
			return fmt.Errorf("the hub does not know yet where the learner's topic stands")
		}
		return nil
	})
}

// disarm ends the part in which the shop is killed.
func (p *plot) disarm() {
	p.T.Helper()
	p.disarmed = true
	where := p.Burnt()
	if p.point.N == 0 {
		p.seen = p.Process.Seen()
	}
	if where != "" { // just now
		p.mourn(where)
	}
}

// died takes note that the shop does not answer because it was killed, and starts it again.
func (p *plot) died() {
	p.T.Helper()
	p.AwaitEnd()
	where := p.Burnt()
	if where == "" {
		p.T.Fatalf("the shop ended by itself: %v\n%s", p.Err, p.Log)
	}
	p.mourn(where)
}

// mourn starts the shop again after a kill. By luck it will be killed once more, while it
// recovers; by luck the page comes back before the sweeper has looked. 20 seconds later no lease
// of a dead process is left, and all invariants hold.
func (p *plot) mourn(where string) {
	p.T.Helper()
	<-p.Ended
	p.killed = append(p.killed, where)
	if len(p.killed) == 1 && p.luck.IntN(3) == 0 && !p.disarmed {
		p.Arm(shoptest.Point{When: []string{"before", "after"}[p.luck.IntN(2)], N: 1 + p.luck.IntN(10)})
	}
	if !p.started() {
		p.died()
		return
	}
	if p.luck.IntN(2) == 0 {
		p.pass(20 * time.Second)
	}
	began := time.Now()
	wantInvariants(p)
	p.slowest = max(p.slowest, time.Since(began))
}

// started starts the shop and reports whether it came up before it was killed once more.
func (p *plot) started() bool {
	p.T.Helper()
	p.Launch()
	shoptest.Eventually(p.T, time.Minute, func() error {
		if p.Gone() {
			return nil
		}
		a, err := p.As("").Try("GET", "/readyz", nil)
		if err == nil && a.Status != 200 {
			err = fmt.Errorf("not ready: %s", a.Body)
		}
		return err
	})
	return !p.Gone()
}

// alive starts the shop again where it was killed, and reports whether it was still alive.
func (p *plot) alive() bool {
	p.T.Helper()
	if p.Gone() {
		p.died()
		return false
	}
	return true
}

// insist sends a request until it is answered: a page that heard nothing, or that WeChat is
// busy, tries again.
func (p *plot) insist(who *shoptest.Person, method, path string, body any) (a shoptest.Answer) {
	p.T.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		a, err := who.Try(method, path, body)
		switch {
		case err != nil:
			p.died()
		case a.Status != 503:
			return a
		default:
			time.Sleep(100 * time.Millisecond)
		}
		if time.Now().After(deadline) {
			p.T.Fatalf("%s %s is not answered: %d %s %v", method, path, a.Status, a.Body, err)
		}
	}
}

// financeAgain logs finance in once more, as finance does whose session has ended.
func financeAgain(p *plot) {
	p.T.Helper()
	var out struct {
		Token string `json:"token"`
	}
	body := obj{"username": "finance", "password": "finance-demo-password", "client": "web"}
	p.insist(p.finance, "POST", "/api/login", body).Want(200).Into(&out)
	p.finance.Token, p.crasher.finance = out.Token, out.Token
}

// pass lets time pass by, for the shop and for WeChat.
func (p *plot) pass(d time.Duration) {
	p.T.Helper()
	to := p.wechat.now().Add(d)
	p.wechat.ahead.Store(int64(time.Until(to)))
	for {
		a, err := p.Clock().Try("PUT", "/sandbox/clock", obj{"now": to})
		if err == nil {
			a.Want(200)
			return
		}
		p.died()
	}
}

// rest waits until nothing will happen to the learner's orders by themselves any more. Where
// nothing happens now, time passes until something is due.
func (p *plot) rest() {
	p.T.Helper()
	quiet := 0
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(40 * time.Millisecond) {
		if !p.alive() {
			continue
		}
		next, err := p.nextDue()
		switch {
		case err == nil && next == nil && !p.Gone():
			return
		case time.Now().After(deadline):
			p.T.Fatalf("the orders do not come to rest: %v, due %v, now %s\n%s", err, next, p.wechat.now(), p.stands())
		case err != nil || !next.After(p.wechat.now()):
			quiet = 0
			continue
		}
		if quiet++; quiet > 6 {
			p.pass(next.Sub(p.wechat.now()) + time.Millisecond)
			quiet = 0
		}
	}
}

// nextDue is when an order is to be looked at, nil where none is: those of the lives before
// have come to rest.
func (p *plot) nextDue() (next *time.Time, err error) {
	var due []struct {
		At time.Time `bson:"at"`
	}
	if err := shoptest.Find(p.Database(), "wakeups", bson.M{"kind": "order"}, &due); err != nil {
		return nil, err
	}
	for _, d := range due {
		if next == nil || d.At.Before(*next) {
			next = &d.At
		}
	}
	return next, nil
}

// ordersOf are the learner's orders, as they are stored. A shop that was killed once more is started again, for an
// embedded database is gone with it.
func (p *plot) ordersOf() (all []*shop.Order) {
	p.T.Helper()
	shoptest.Eventually(p.T, time.Minute, func() error {
		if !p.alive() {
			return errKilled
		}
		all = nil
		return shoptest.Find(p.Database(), "orders", bson.M{"user_id": p.user}, &all)
	})
	return all
}

func (p *plot) orderOf(id string) *shop.Order {
	p.T.Helper()
	for _, o := range p.ordersOf() {
		if o.ID == id {
			return o
		}
	}
	p.T.Fatalf("there is no order %s", id)
	return nil
}

// stands says how the learner's orders stand, for a failure.
func (p *plot) stands() string {
	var b strings.Builder
	var all []shop.Order
	if err := shoptest.Find(p.Database(), "orders", bson.M{"user_id": p.user}, &all); err != nil {
		return err.Error()
	}
	for _, o := range all {
		fmt.Fprintf(&b, "order %s is %s after %s; attempts", o.ID, o.State, movesOf(&o))
		for _, a := range o.Attempts {
			fmt.Fprintf(&b, " %s %s", a.Channel, a.State)
		}
		for _, r := range o.Refunds {
			fmt.Fprintf(&b, ", refund %d %s", r.Amount, r.State)
		}
		for name, d := range o.Duties {
			if !d.Done {
				fmt.Fprintf(&b, ", owes %s (%d tries, %s)", name, d.Tries, d.Error)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func movesOf(o *shop.Order) string {
	moves := []string{}
	for _, r := range o.History {
		moves = append(moves, string(r.Move))
	}
	return strings.Join(moves, " ")
}
