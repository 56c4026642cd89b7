package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// broadcastBytes is the payload of a broadcast; each server adds what its protocol says.
const broadcastBytes = 200

// patience is for the deliveries of one step.
const patience = 2 * time.Minute

// awaitReady waits until the shop takes requests.
func (s *server) awaitReady() error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		_, err := ask(newRequest("GET", "http://"+s.addr+"/readyz", "", nil))
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// measureHub fills one column of a round: n sockets come, hear broadcasts and leave.
func measureHub(st *site, name string, n int, put func(quantity string, v float64)) error {
	s, err := st.start(name)
	if err != nil {
		return err
	}
	defer s.stop()
	c, err := gather(s, n)
	if err != nil {
		return err
	}
	defer c.leave()
	time.Sleep(2 * time.Second)
	steps := []func(*server, *crowd, func(string, float64)) error{warmUp, oneOutstanding, paced, backlog}
	if name == "mstm" {
		steps = append(steps, st.personal)
	}
	for _, step := range steps {
		if err := step(s, c, put); err != nil {
			return err
		}
		time.Sleep(time.Second)
	}
	if lost := c.lost.Load(); lost > 0 {
		return fmt.Errorf("%d of %d sockets were lost", lost, n)
	}
	return nil
}

// warmUp is what every server gets before it is measured.
func warmUp(s *server, c *crowd, _ func(string, float64)) error {
	return c.hear(s, 3, 1)
}

// hear publishes volleys of broadcasts, each when the one before has arrived everywhere.
func (c *crowd) hear(s *server, volleys, size int) error {
	for range volleys {
		want := c.arrived.Load() + int64(size*len(c.members))
		failed := make([]error, size)
		var all sync.WaitGroup
		for i := range size {
			all.Go(func() { failed[i] = s.broadcast(broadcastBytes) })
		}
		all.Wait()
		if err := errors.Join(failed...); err != nil {
			return err
		}
		if err := c.await(want, patience); err != nil {
			return err
		}
	}
	return nil
}

// perDelivery is the server's processor time for each delivery of some volleys.
func perDelivery(s *server, c *crowd, volleys, size int) (time.Duration, error) {
	before, err := s.cpu()
	if err != nil {
		return 0, err
	}
	if err := c.hear(s, volleys, size); err != nil {
		return 0, err
	}
	after, err := s.cpu()
	return (after - before) / time.Duration(volleys*size*len(c.members)), err
}

// oneOutstanding is what a delivery costs when nothing can be joined.
func oneOutstanding(s *server, c *crowd, put func(string, float64)) error {
	cost, err := perDelivery(s, c, 60, 1)
	put("cpu", float64(cost.Nanoseconds())/1e3)
	return err
}

// backlog is eight broadcasts at once, again and again: what waits may be joined.
func backlog(s *server, c *crowd, put func(string, float64)) error {
	cost, err := perDelivery(s, c, 12, 8)
	if err == nil {
		put("backlog", 1/cost.Seconds())
	}
	return err
}

// paced is how long a broadcast takes to each of the sockets when it meets a server at rest.
func paced(s *server, c *crowd, put func(string, float64)) error {
	const broadcasts, gap = 30, 400 * time.Millisecond
	want := c.arrived.Load() + int64(broadcasts*len(c.members))
	c.timing.Store(true)
	defer c.timing.Store(false)
	tick := time.NewTicker(gap)
	defer tick.Stop()
	for range broadcasts {
		<-tick.C
		if err := s.broadcast(broadcastBytes); err != nil {
			return err
		}
	}
	if err := c.await(want, patience); err != nil {
		return err
	}
	took := c.times()
	put("p50", ms(took[len(took)/2]))
	put("p99", ms(took[len(took)*99/100]))
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// personal is how long it takes from a learner's request to the learner's own socket while
// all the others are idle. Removing a course that is not in the cart is the cheapest request that
// reaches the learner's pages: a script in Redis and the event.
func (st *site) personal(s *server, c *crowd, put func(string, float64)) error {
	const events, gap, learners = 500, 20 * time.Millisecond, 50
	var took []time.Duration
	for i := range events + learners { // the first of each learner only fills caches
		n := i % min(learners, len(st.tokens), len(c.members))
		d, err := c.members[n].tellMe(s, st.tokens[n%len(st.tokens)])
		if err != nil {
			return err
		}
		if i >= learners {
			took = append(took, d)
		}
		time.Sleep(gap)
	}
	slices.Sort(took)
	put("personal p50", ms(took[len(took)/2]))
	put("personal p99", ms(took[len(took)*99/100]))
	return nil
}

// tellMe causes one event of the member's own and waits for it.
func (m *member) tellMe(s *server, token string) (time.Duration, error) {
	req := newRequest(http.MethodDelete, "http://"+s.addr+"/api/cart/go1", token, nil)
	own := make(chan time.Time, 1)
	m.own.Store(&own)
	sent := time.Now()
	if _, err := ask(req); err != nil {
		return 0, err
	}
	select {
	case at := <-own:
		return at.Sub(sent), nil
	case <-time.After(patience):
		return 0, errors.New("an event of a cart did not arrive")
	}
}

// measureIdle fills one column with what a socket costs that has nothing to do. Go returns
// memory by itself, after at most two minutes.
func measureIdle(st *site, name string, n int, settle time.Duration, put func(quantity string, v float64)) error {
	s, err := st.start(name)
	if err != nil {
		return err
	}
	defer s.stop()
	time.Sleep(3 * time.Second)
	before, err := s.resident()
	if err != nil {
		return err
	}
	c, err := gather(s, n)
	if err != nil {
		return err
	}
	defer c.leave()
	time.Sleep(settle)
	after, err := s.resident()
	put("idle", float64(after-before)/float64(n)/1024)
	return err
}
