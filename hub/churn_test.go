//go:build unix

package hub_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// TestDrillChurn lets sockets come and go, 200 a second, politely and not. Nothing of them stays.
func TestDrillChurn(t *testing.T) {
	const perSecond, looks = 200, 5
	warm, d := 300*time.Millisecond, 700*time.Millisecond
	if drillRuns() > 0 {
		warm, d = 30*time.Second, 10*time.Minute
	} else {
		t.Parallel()
	}
	r := startRedis(t)
	p, in := startProcess(t, r.addr), prepare(t, r.addr)
	if drillRuns() > 0 {
		in.publishNumbers(t, hub.Activity, 1, 1100) // what an instance keeps for those that come back is full
	}
	churn := func(d time.Duration, perSecond int) {
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		var all sync.WaitGroup
		for i := range int(d.Seconds() * float64(perSecond)) {
			<-tick.C
			all.Go(func() {
				if err := oneVisit(p.url, i); err != nil {
					t.Error(err)
				}
			})
			if i%50 == 0 {
				in.Publish(context.Background(), hub.Event{Topic: hub.Activity, Type: "number", Data: i}) // one more or less is no matter
			}
		}
		all.Wait()
		eventually(t, "all have gone", func() bool { return p.stats().Sockets == 0 })
		if drillRuns() > 0 {
			time.Sleep(3 * time.Second) // what the last second changed reaches the other instances
		}
	}
	churn(warm, 3*perSecond) // the runtime never forgets the most goroutines it had at once
	churn(warm, perSecond)
	before := p.vitalsOf(looks)
	after := before
	const parts = 10
	for part := range parts {
		churn(d/parts, perSecond)
		after = p.vitalsOf(looks)
		t.Logf("%d came and went: goroutines %d → %d, heap %d → %d KiB, stacks %d → %d KiB",
			int(d.Seconds()*perSecond)*(part+1)/parts, before.Goroutines, after.Goroutines,
			before.Heap/1024, after.Heap/1024, before.Stacks/1024, after.Stacks/1024)
	}
	if drillRuns() == 0 {
		if after.Goroutines > before.Goroutines+10 {
			t.Errorf("goroutines went from %d to %d", before.Goroutines, after.Goroutines)
		}
		return
	}
	within2Percent(t, "goroutines", uint64(before.Goroutines), uint64(after.Goroutines))
	within2Percent(t, "bytes of heap and stacks", before.Heap+before.Stacks, after.Heap+after.Stacks)
}

func within2Percent(t *testing.T, what string, before, after uint64) {
	t.Helper()
	if after > before+before/50 {
		t.Errorf("%s went from %d to %d", what, before, after)
	}
}

// oneVisit is one socket's whole life.
func oneVisit(url string, i int) error {
	g, _, err := comeIn(url, fmt.Sprintf("user%d/web/s", i%1000), "", hubtest.Options{}, time.Now().Add(time.Minute))
	if err != nil {
		return err
	}
	defer g.ws.Close()
	time.Sleep(rand.N(time.Second))
	if i%2 == 0 {
		return g.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Now().Add(time.Second))
	}
	return nil
}
