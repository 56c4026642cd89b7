package broadcasts

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
)

// TestPaymentsOvertakeBroadcasts pays orders while one broadcast to everybody follows the other,
// over thousands of open pages, and again while there is none: the word of a payment comes within
// 200 ms of WeChat's (p99) either way. BROADCAST_PAGES says how many pages, 10000 on a machine that
// does nothing else.
func TestPaymentsOvertakeBroadcasts(t *testing.T) {
	text := os.Getenv("BROADCAST_PAGES")
	if text == "" {
		t.Skip("it is measured on a quiet machine: make broadcast")
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	const rounds, payments = 4, 50 // in each round so many without broadcasts, and so many with
	s := openBroadcastSite(t)
	// FerretDB, unlike MongoDB, reads all accounts to count them for a broadcast: so the buyers
	// are few and buy one course after the other, and the other pages are visitors'.
	_, tokens := s.people("payer", payments, func(int) bool { return false })
	courses, _ := s.shops[0].As(tokens[0]).Goods()
	if len(courses) < 2*rounds {
		t.Fatalf("there are %d courses to buy", len(courses))
	}
	buyers := s.openPages(t, tokens, false).all
	visitors := s.openPages(t, make([]string, n-payments), true)
	t.Logf("%d pages are open, %d of them of buyers", len(buyers)+len(visitors.all), len(buyers))

	var calm, busy, calmHeard, busyHeard times
	var sent int
	var during time.Duration
	for i := range rounds {
		scanned, heard := s.payEach(t, buyers, courses[2*i])
		calm, calmHeard = append(calm, scanned...), append(calmHeard, heard...)
		stop := s.broadcastOnAndOn(t, buyers)
		began := time.Now()
		scanned, heard = s.payEach(t, buyers, courses[2*i+1])
		busy, busyHeard = append(busy, scanned...), append(busyHeard, heard...)
		during += time.Since(began)
		sent += stop()
	}
	for _, all := range []times{calm, busy, calmHeard, busyHeard} {
		slices.Sort(all)
	}
	t.Logf("without broadcasts: from WeChat's word to the page %s; from the payment itself %s", calmHeard, calm)
	t.Logf("with broadcasts:    from WeChat's word to the page %s; from the payment itself %s", busyHeard, busy)
	t.Logf("%d broadcasts to %d pages in %s, %.0f events a second", sent, n, during.Round(time.Millisecond), float64(sent*n)/during.Seconds())
	if sent < rounds {
		t.Errorf("only %d broadcasts were sent during it", sent)
	}
	if busyHeard.p99() > 200*time.Millisecond {
		t.Errorf("p99 is %s while there are broadcasts", busyHeard.p99())
	}
}

// payEach has one learner after the other order a course and pay it, and returns how long after
// the payment, and after WeChat's callback, each learner's page had the event.
func (s *broadcastSite) payEach(t *testing.T, buyers []*page, course shoptest.Offered) (paid, heard times) {
	t.Helper()
	for i, buyer := range buyers {
		var placed shoptest.Placed
		s.shops[i%2].As(buyer.token).Place(course.Price, course.Wish).Want(201).Into(&placed)
		time.Sleep(100 * time.Millisecond)
		asked := time.Now()
		s.weChat.Scan(placed.Payment)
		var at time.Time
		shoptest.Eventually(t, time.Minute, func() error {
			if at = buyer.paid(placed.Order.ID); at.IsZero() {
				return fmt.Errorf("order %s is not shown as paid", placed.Order.ID)
			}
			return nil
		})
		paid, heard = append(paid, at.Sub(asked)), append(heard, at.Sub(time.Unix(0, s.callback.Load())))
	}
	return paid, heard
}

// broadcastOnAndOn sends one broadcast to everybody after the other, the next when the buyers' pages
// have the last, until it is stopped, and then says how many.
func (s *broadcastSite) broadcastOnAndOn(t *testing.T, buyers []*page) (stop func() int) {
	var over atomic.Bool
	var sent int
	var work sync.WaitGroup
	work.Go(func() {
		for ; !over.Load(); sent++ {
			if err := s.broadcastOnce(buyers); err != nil {
				t.Error(err)
				return
			}
		}
	})
	return func() int {
		over.Store(true)
		work.Wait()
		return sent
	}
}

func (s *broadcastSite) broadcastOnce(buyers []*page) error {
	begun := time.Now()
	a, err := s.marketers[0].With("Idempotency-Key", rand.Text()).Try("POST", "/api/hub/broadcasts", shoptest.Activity("限时优惠", obj{"kind": "all"}))
	if err != nil || a.Status != 201 {
		return fmt.Errorf("a broadcast was answered %d %s: %w", a.Status, a.Body, err)
	}
	var b shoptest.Broadcast
	if err := json.Unmarshal(a.Body, &b); err != nil {
		return err
	}
	if err := s.awaitSent(b.ID); err != nil {
		return err
	}
	for i := 0; i < len(buyers); {
		if len(buyers[i].tellings(b.ID)) > 0 {
			i++
			continue
		}
		if time.Since(begun) > time.Minute {
			return fmt.Errorf("broadcast %s has reached %d of %d buyers", b.ID, i, len(buyers))
		}
		time.Sleep(time.Millisecond)
	}
	// Nor does FerretDB find those that are due without reading all.
	_, err = s.db.Collection("broadcasts").DeleteOne(context.Background(), bson.M{"_id": b.ID})
	return err
}
