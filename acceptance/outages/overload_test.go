package outages

import (
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// TestOneLearnersFlood_IsRefused_AndPaymentsAndOthersGoOn asks for one learner's orders 200 times
// at once, over and over. Genuine callbacks in between are answered and their orders fulfilled as
// if nothing was, and other learners read on. OVERLOAD=1, for a free machine, floods for nine
// seconds, and wants callbacks within a second, orders within three, and for the others four
// fifths of what they had without the flood.
func TestOneLearnersFlood_IsRefused_AndPaymentsAndOthersGoOn(t *testing.T) {
	_, full := os.LookupEnv("OVERLOAD")
	rounds, lasts, payments, patience := 1, 2*time.Second, 2, 5.0
	if full {
		rounds, lasts, payments, patience = 3, 3*time.Second, 4, 1
	}
	s := shoptest.Start(t)
	var others []*shoptest.Person
	for range 12 {
		others = append(others, s.NewLearner())
	}
	flooder := s.NewLearner()
	paid := unpaid(s, 2*rounds*payments)
	var calm, good int64
	var tally floodTally
	for range rounds { // in turns, for the machine is not the same at all times
		calm += goodput(s, others, lasts, func() { payAmid(s, paid[:payments], lasts, patience) })
		refused := make(chan floodTally, 1)
		go func() { refused <- floodOf(s, flooder, 200, lasts) }()
		good += goodput(s, others, lasts, func() { payAmid(s, paid[payments:2*payments], lasts, patience) })
		tally = tally.plus(<-refused)
		paid = paid[2*payments:]
	}
	t.Logf("others: %d answers, %d without the flood; the flood: %+v", good, calm, tally)
	if tally.tooMany == 0 || tally.other > 0 || tally.without > 0 {
		t.Errorf("the flood was answered %+v", tally)
	}
	if full && good*10 < calm*8 {
		t.Errorf("others had %d answers beside the flood, and %d without", good, calm)
	}
	page := string(s.Visitor().Get("/metrics").Want(200).Body)
	if shed := shoptest.Number(page, `mstm_http_shed_total\{class="lists",why="person"\} (\S+)`); shed != tally.tooMany {
		t.Errorf("%d are counted as shed of %d", shed, tally.tooMany)
	}
}

// unpaidOrder is one that its buyer is about to pay.
type unpaidOrder struct {
	buyer *shoptest.Person
	shoptest.Placed
}

func unpaid(s *shoptest.Shop, n int) (all []unpaidOrder) {
	for range n {
		o := unpaidOrder{buyer: s.NewLearner()}
		o.buyer.Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Want(201).Into(&o.Placed)
		all = append(all, o)
	}
	return all
}

// payAmid pays orders one after the other, and wants the callback of each answered within a
// second and the order fulfilled within three, times patience.
func payAmid(s *shoptest.Shop, orders []unpaidOrder, lasts time.Duration, patience float64) {
	within := func(d time.Duration) time.Duration { return time.Duration(patience * float64(d)) }
	for _, o := range orders {
		next := time.After(lasts / time.Duration(len(orders)+1))
		began := time.Now()
		s.Scan(o.Payment)
		for told := s.Trade(o.Payment.OutTradeNo).Callbacks; len(told) == 0 || len(told[0].Deliveries) == 0; {
			if time.Since(began) > 10*time.Second {
				s.T.Errorf("no callback of order %s was answered", o.Order.ID)
				return
			}
			time.Sleep(5 * time.Millisecond)
			told = s.Trade(o.Payment.OutTradeNo).Callbacks
		}
		answered := time.Since(began)
		if first := s.Trade(o.Payment.OutTradeNo).Callbacks[0].Deliveries[0]; first.Status/100 != 2 || answered > within(time.Second) {
			s.T.Errorf("a callback was answered %d after %s", first.Status, answered)
		}
		o.buyer.Await(o.Order.ID, "fulfilled")
		if took := time.Since(began); took > within(3*time.Second) {
			s.T.Errorf("an order took %s", took)
		}
		<-next
	}
}

// goodput is how many lists some people read in a while, at most ten a second each, while
// something else is done.
func goodput(s *shoptest.Shop, people []*shoptest.Person, lasts time.Duration, beside func()) int64 {
	var n atomic.Int64
	var all sync.WaitGroup
	ends := time.Now().Add(lasts)
	for _, p := range people {
		all.Go(func() {
			for ; time.Now().Before(ends); time.Sleep(100 * time.Millisecond) {
				if status, _, err := raw(p, "GET", "/api/orders"); err == nil && status == 200 {
					n.Add(1)
				}
			}
		})
	}
	beside()
	all.Wait()
	return n.Load()
}

// floodTally is how a flood was answered. without counts refusals that lack Retry-After.
type floodTally struct{ good, tooMany, other, without int64 }

func (a floodTally) plus(b floodTally) floodTally {
	return floodTally{a.good + b.good, a.tooMany + b.tooMany, a.other + b.other, a.without + b.without}
}

func floodOf(s *shoptest.Shop, p *shoptest.Person, parallel int, lasts time.Duration) floodTally {
	ends := time.Now().Add(lasts)
	var good, tooMany, other, without atomic.Int64
	var all sync.WaitGroup
	for range parallel {
		all.Go(func() {
			for time.Now().Before(ends) {
				status, header, err := raw(p, "GET", "/api/orders")
				switch {
				case err == nil && status == 200:
					good.Add(1)
				case err == nil && status == 429:
					tooMany.Add(1)
					if header.Get("Retry-After") == "" {
						without.Add(1)
					}
				default:
					other.Add(1)
				}
			}
		})
	}
	all.Wait()
	return floodTally{good.Load(), tooMany.Load(), other.Load(), without.Load()}
}

var floodClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 300}, Timeout: time.Minute}

// raw asks without holding the answer against the contract, which costs more than the answer.
func raw(p *shoptest.Person, method, path string) (int, http.Header, error) {
	req, err := http.NewRequest(method, p.Url+path, nil)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.Token)
	res, err := floodClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Header, err
}

// TestOneBuyersManyOrders_AreBounded places and cancels as fast as it goes: WeChat is not asked
// for a code more often than a person could want one.
func TestOneBuyersManyOrders_AreBounded(t *testing.T) {
	s := shoptest.Start(t)
	buyer := s.NewLearner()
	good := 0
	for range 40 {
		a := buyer.Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"})
		if a.Status == 429 {
			a.WantCode(429, "TOO_MANY_REQUESTS")
			if a.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			continue
		}
		good++
		var placed shoptest.Placed
		a.Want(201).Into(&placed)
		buyer.Post("/api/orders/"+placed.Order.ID+"/cancel", obj{}).Want(200)
	}
	if good < 10 || good > 25 {
		t.Errorf("%d of 40 orders were placed", good)
	}
	s.NewLearner().Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Want(201) // other learners are not limited
}
