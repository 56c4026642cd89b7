package payments

import (
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/app"
)

// gate is the way to an address that can be shut, so that connections are refused, and
// opened again.
type gate struct {
	t        testing.TB
	addr     string
	target   string
	mu       sync.Mutex
	ln       net.Listener
	sessions map[net.Conn]bool
}

func newGate(t testing.TB, target string) *gate {
	t.Helper()
	g := &gate{t: t, addr: "127.0.0.1:0", target: target, sessions: map[net.Conn]bool{}}
	g.open()
	t.Cleanup(g.shut)
	return g
}

// open lets connections through, at the same address as before.
func (g *gate) open() {
	g.t.Helper()
	ln, err := net.Listen("tcp", g.addr)
	if err != nil {
		g.t.Fatal(err)
	}
	g.ln, g.addr = ln, ln.Addr().String()
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			go g.pass(in)
		}
	}()
}

func (g *gate) pass(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", g.target)
	if err != nil {
		return
	}
	defer out.Close()
	g.mu.Lock()
	g.sessions[in] = true
	g.mu.Unlock()
	go func() { _, _ = io.Copy(out, in); out.Close() }()
	_, _ = io.Copy(in, out)
	g.mu.Lock()
	delete(g.sessions, in)
	g.mu.Unlock()
}

// shut ends the connections there are and refuses new ones.
func (g *gate) shut() {
	_ = g.ln.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.sessions {
		c.Close()
	}
}

// TestAWeChatThatRefusesConnectionsCostsPatienceOnly takes WeChat's address away from a shop:
// the order stays and is tried again under its number, the breaker opens and closes again, and
// callbacks are taken all the while.
func TestAWeChatThatRefusesConnectionsCostsPatienceOnly(t *testing.T) {
	weChat := shoptest.Start(t)
	way := newGate(t, strings.TrimPrefix(weChat.Sandbox, "http://"))
	shop := shoptest.Start(t, shoptest.WithSandboxOf(weChat), func(s *app.Settings) { s.Pay.BaseURL = "http://" + way.addr })
	learner := shop.NewLearner()
	prices := map[string]int64{}
	courses := learner.Lifetimes(prices)
	var before shoptest.Placed
	learner.Place(prices[courses[0].PolicyID], courses[0]).Want(201).Into(&before)

	way.shut()
	buyer := learner.With("Idempotency-Key", rand.Text())
	body := shoptest.OrderFor(prices[courses[1].PolicyID], courses[1])
	for range 6 {
		buyer.Post("/api/orders", body).WantCode(503, "PAY_CHANNEL_BUSY")
	}
	pending := newest(learner)
	if n := len(learner.Orders()); n != 2 || pending.State != "pending" {
		t.Fatalf("%d orders, the newest %s", n, pending.State)
	}
	if !strings.Contains(shop.Log.String(), `"api":"native","from":"closed","to":"open"`) {
		t.Error("the breaker stays closed")
	}
	weChat.Scan(before.Payment) // the way from WeChat to the shop is another one
	learner.Await(before.Order.ID, "fulfilled")
	learner.WantOpenedOnce(before.Order.ID, courses[0].CourseID)

	way.open()
	placed := insist(buyer, body)
	if placed.Order.ID != pending.ID || placed.Payment == nil || placed.Payment.OutTradeNo != pending.ID+"01" {
		t.Fatalf("the order that waited is to be paid as %+v", placed)
	}
	if !strings.Contains(shop.Log.String(), `"from":"half-open","to":"closed"`) {
		t.Error("the breaker did not close again")
	}
	weChat.Scan(placed.Payment)
	learner.Await(placed.Order.ID, "fulfilled")
	shoptest.WantSame(t, "the numbers at WeChat", weChat.Trades(placed.Order.ID), "01 SUCCESS")
}

// TestACallbackThatIsRepeatedLaterChangesNothing repeats the payment's callback a hundred times after
// its refund, which it would undo, and again a day later.
func TestACallbackThatIsRepeatedLaterChangesNothing(t *testing.T) {
	s := shoptest.Start(t).At(t, "2025-03-01 10:00")
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	paid := s.Buy(learner, 99900, c.Full)
	no := paid.ID + "01"
	learner.Post("/api/orders/"+paid.ID+"/refund", obj{"reason": "不合适"}).Want(200)
	s.Pass(5 * time.Second)
	refunded := learner.Await(paid.ID, "refunded")
	for _, later := range []time.Duration{0, 24 * time.Hour} {
		s.Pass(later)
		learner.Again()
		shoptest.WantAll(t, fmt.Sprint("callbacks ", later, " later"), s.Resend(no, obj{"count": 100, "parallel": true}), 100, 200)
		if o := learner.Order(paid.ID); fmt.Sprint(o) != fmt.Sprint(refunded) {
			t.Fatalf("%s later the order became %+v", later, o)
		}
		if err := shoptest.GrantState(learner, c.Id, paid.ID, "revoked"); err != nil {
			t.Error(err)
		}
	}
	if n := len(s.RefundsAtWeChat(paid.ID)); n != 1 {
		t.Errorf("%d refunds", n)
	}
}
