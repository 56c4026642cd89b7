package notices

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/acceptance/shoptest"
	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
)

// TestTwoInstancesSendEachMessageOnce has two instances send many messages while the access token
// ends every few seconds and answers are lost. MESSAGES sets how many; with 1000 the token lives
// ten seconds.
func TestTwoInstancesSendEachMessageOnce(t *testing.T) {
	n, life := 60, 2
	if text := os.Getenv("MESSAGES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
		life = 10
	}
	uri := storetest.Mongo(t)
	redis := storetest.Redis(t)
	a := shoptest.Start(t, shoptest.WithStores(uri, redis))
	shoptest.Start(t, shoptest.WithStores(uri, redis), shoptest.WithSandboxOf(a))
	db := shoptest.OpenDatabase(t, uri)
	users := [10]string{}
	for i := range users {
		learner, _ := a.Follower()
		users[i] = learner.ID()
	}
	a.Phone().Put("/sandbox/access-token", obj{"life_s": life}).Want(200)
	a.Faults(obj{"api": []obj{{"api": "template_send", "drop": true, "times": 5}}})
	before, began, begun := tokens(a), time.Now(), a.Now()
	postMany(t, uri, redis, users[:], n)
	if life < 10 {
		time.Sleep(2 * time.Second)
		a.Pass(5 * time.Second) // an answer that was lost is asked for again after five seconds
	}
	awaitAllSent(t, db, n)
	took, passed := time.Since(began), a.Now().Sub(begun)

	wantEachOnce(a, n)
	after := tokens(a)
	refreshes := after.Refreshes - before.Refreshes
	lives := int(passed/(time.Duration(life-1)*time.Second)) + 1 // it is renewed a second before its end
	if refreshes > lives || after.Forced > 0 {
		t.Errorf("%d tokens in %s where %d s is a life, %d forced", refreshes, passed, life, after.Forced)
	}
	t.Logf("%d messages, each once, in %s; %d tokens for %d lives of %d s, asked for %d times",
		n, took.Round(time.Millisecond), refreshes, lives, life, after.Asked-before.Asked)
}

// TestTheMessagesOfAKilledInstanceAreSentByAnother kills one of two instances amid its messages:
// the messages that it was sending are sent by the other, once, after the lease on them has ended.
func TestTheMessagesOfAKilledInstanceAreSentByAnother(t *testing.T) {
	const n = 30
	uri, redis := storetest.Mongo(t), storetest.Redis(t)
	other := shoptest.Start(t, shoptest.WithStores(uri, redis))
	killed := shoptest.NewProcess(t, t.TempDir(), append(shoptest.SandboxEnv(t, other), "MONGODB_URI="+uri, "REDIS_URL="+redis)...)
	killed.Start()
	db := shoptest.OpenDatabase(t, uri)
	learner, _ := other.Follower()
	// Its answers take a while, so that it is killed with some under way.
	other.Faults(obj{"api": []obj{{"api": "template_send", "delay_ms": 300}}})
	killed.Arm(shoptest.Point{When: "after", N: 20})
	postMany(t, uri, redis, []string{learner.ID()}, n)
	killed.AwaitEnd()
	at, err := shoptest.Rows(db, "deliveries", bson.M{"state": shop.DeliveryWaiting, "attempts": 1})
	if err != nil || len(at) == 0 {
		t.Fatalf("nothing was under way: %v", err)
	}
	other.Faults(obj{})
	shoptest.Eventually(t, time.Minute, func() error { // the rest, which no instance was sending
		left, err := shoptest.Rows(db, "deliveries", bson.M{"state": shop.DeliveryWaiting, "attempts": 0})
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%d messages wait", len(left))
		}
		return err
	})
	other.Pass(31 * time.Second)
	awaitAllSent(t, db, n)
	wantEachOnce(other, n)
}

// awaitAllSent waits until none of n messages waits, and wants WeChat to have taken all.
func awaitAllSent(t *testing.T, db *mongo.Database, n int) {
	t.Helper()
	shoptest.Eventually(t, 5*time.Minute, func() error {
		time.Sleep(100 * time.Millisecond) // counting is work for the store as well
		left, err := shoptest.Rows(db, "wakeups", bson.M{"kind": bson.M{"$in": bson.A{"message", "activity"}}})
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%d of %d messages wait", len(left), n)
		}
		return err
	})
	left, err := shoptest.Rows(db, "deliveries", bson.M{"state": bson.M{"$nin": bson.A{shop.DeliverySent, shop.DeliveryDelivered}}})
	if err != nil || len(left) > 0 {
		t.Errorf("not sent: %v, %v", left, err)
	}
}

// postMany notes n messages to the users, as another instance would.
func postMany(t *testing.T, mongo, redis string, users []string, n int) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{MongoURI: mongo, RedisURL: redis, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	var all []shop.Delivery
	for i := range n {
		d := shop.NewDelivery(users[i%len(users)], shop.NoticeOrderFulfilled, fmt.Sprintf("o%d", i), time.Now())
		d.Data = map[string]string{"courses": "围棋", "order": d.Ref, "amount": "1.00元", "time": "2025-03-01 10:00"}
		all = append(all, d)
	}
	if fresh, err := s.Deliveries.InsertAll(t.Context(), all); err != nil || fresh != n {
		t.Fatal(fresh, err)
	}
}

// wantEachOnce wants n messages on the phones, each once.
func wantEachOnce(s *shoptest.Shop, n int) {
	s.T.Helper()
	got := map[string]int{}
	for _, c := range s.Cards("") {
		got[c.ClientMsgID]++
	}
	for id, times := range got {
		if times != 1 {
			s.T.Errorf("message %s came %d times", id, times)
		}
	}
	if len(got) != n {
		s.T.Errorf("%d of %d messages came", len(got), n)
	}
}

// tokenJSON is what the sandbox counted of access tokens.
type tokenJSON struct {
	Asked     int `json:"asked"`
	Refreshes int `json:"refreshes"`
	Forced    int `json:"forced"`
}

func tokens(s *shoptest.Shop) (out tokenJSON) {
	s.T.Helper()
	s.Phone().Get("/sandbox/access-token").Want(200).Into(&out)
	return out
}
