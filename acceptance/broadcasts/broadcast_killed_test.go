package broadcasts

import (
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
	"mstm/shop"
	"mstm/store/storetest"
)

// TestAKilledSenderIsReplaced kills the instance that sends a broadcast half way, after it has
// reached people and before it has counted them: another goes on, no learner gets it twice, and
// the counts are right.
func TestAKilledSenderIsReplaced(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	survivor := shoptest.Start(t, shoptest.WithStores(mongo, redis))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("warnings of the other instance:\n%s", shoptest.Warnings(survivor.Log.String()))
		}
	})
	dir, err := os.MkdirTemp("", "mstm-") // short, for the socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	killed := shoptest.NewProcess(t, dir, append(shoptest.SandboxEnv(t, survivor), "MONGODB_URI="+mongo, "REDIS_URL="+redis)...)
	killed.Start()
	db, marketer, learner := shoptest.OpenDatabase(t, mongo), survivor.Staff("marketer"), survivor.NewLearner()
	ids := crowd(t, db, "000000", 60) // the first batch has 50, so the learner is in the second
	ids = append(append(ids, learner.ID()), crowd(t, db, "zzzzzz", 300)...)
	here, there := learner.Socket(), hubtest.Dial(t, killed.Url+"/ws", learner.Token)
	since := there.Ready().Topics["user"].Pos

	b := sendAndKill(t, marketer, killed, ids)
	before := len(noticesOf(t, db, b.ID))
	shoptest.Eventually(t, 3*time.Second, func() error { // sooner than the other could
		if shoptest.Tellings(here, b.ID) != 1 {
			return fmt.Errorf("the learner is not among the reached and uncounted: the test shows nothing")
		}
		return nil
	})
	survivor.Pass(shop.BroadcastLease + time.Second)
	b = marketer.AwaitBroadcast(b.ID, "sent")
	t.Logf("killed %s with %d of %d reached; %+v", killed.Burnt(), before, len(ids), b.Counts)
	if before == 0 || before >= len(ids) {
		t.Errorf("%d of %d were reached by the killed instance: not half way", before, len(ids))
	}

	if c, n := b.Counts, int64(len(ids)); c.Told != n || c.Inbox != n || c.Audience != n {
		t.Errorf("counts %+v of %d", c, n)
	}
	times := noticesOf(t, db, b.ID)
	for _, id := range ids {
		if times[id] != 1 {
			t.Errorf("%s has it %d times in the inbox", id, times[id])
		}
	}
	// A page of the dead instance comes back to the other, where it has to miss nothing.
	there.Close()
	back := hubtest.Resume(t, survivor.Url+"/ws", learner.Token, map[string]string{"user": since})
	if !back.Ready().Topics["user"].Resumed {
		t.Fatal("the page could not go on where it was")
	}
	for _, page := range []*hubtest.Client{here, back} {
		shoptest.Told(page, b.ID)
	}
	time.Sleep(100 * time.Millisecond) // for what must not come
	for name, page := range map[string]*hubtest.Client{"of the other": here, "that came back": back} {
		if n := shoptest.Tellings(page, b.ID); n != 1 {
			t.Errorf("a page %s received it %d times", name, n)
		}
	}
}

// sendAndKill has a process accept a broadcast to these users and kill itself after reaching some
// of them. Now and then the other instance is quicker to send; then it tries again.
func sendAndKill(t *testing.T, marketer *shoptest.Person, p *shoptest.Process, ids []string) (b shoptest.Broadcast) {
	t.Helper()
	body := shoptest.Activity("半路", obj{"kind": "users", "user_ids": slices.Clone(ids)})
	for try := range 5 {
		body["title"] = fmt.Sprint("半路 ", try)
		key := rand.Text()
		p.Arm(shoptest.Point{When: "before", Write: "update broadcasts", N: 3}) // after it was taken, and counted once
		p.As(marketer.Token).With("Idempotency-Key", key).Post("/api/hub/broadcasts", body).Want(201).Into(&b)
		select {
		case <-p.Ended:
			return b
		case <-sent(marketer, b.ID):
			p.Kill()
			p.Burnt()
			p.Start()
		}
	}
	t.Fatal("the process was never the one that sends")
	return b
}

// sent is closed when a broadcast was sent.
func sent(p *shoptest.Person, id string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			var b shoptest.Broadcast
			a, err := p.Try("GET", "/api/hub/broadcasts/"+id, nil)
			if err != nil || a.Status != 200 {
				return
			}
			if a.Into(&b); b.State == "sent" {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return done
}
