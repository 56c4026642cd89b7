package operations

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/acceptance/shoptest"
	"mstm/store/embedded"
	"mstm/store/storetest"
)

// writeBefore writes what the version before wakeups has left in its database when it was killed, with the shop's
// clock at a time: each line of the file is a collection and a document, in MongoDB's extended JSON, as that
// version wrote it.
func writeBefore(t *testing.T, uri string, now time.Time) {
	t.Helper()
	text, err := os.ReadFile("acceptance/operations/testdata/before_wakeups.txt")
	if err != nil {
		t.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(context.Background())
	_, name, _ := strings.Cut(strings.TrimPrefix(uri, "mongodb://"), "/")
	db := client.Database(name)
	write := func(collection string, doc any) {
		t.Helper()
		if _, err := db.Collection(collection).InsertOne(t.Context(), doc); err != nil {
			t.Fatalf("%s: %v", collection, err)
		}
	}
	write("settings", bson.M{"_id": "clock", "value": bson.M{"offset_ms": time.Until(now).Milliseconds()}})
	for line := range strings.Lines(string(text)) {
		collection, doc, _ := strings.Cut(line, " ")
		var row bson.D
		if err := bson.UnmarshalExtJSON([]byte(doc), false, &row); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		write(collection, row)
	}
}

// startBefore starts this version on such a database, with a sandbox that has none of its trades.
func startBefore(t *testing.T, now time.Time) *shoptest.Shop {
	t.Helper()
	dir := t.TempDir()
	if uri := storetest.Own(t, dir); uri != "" {
		writeBefore(t, uri, now)
	} else {
		m, err := embedded.StartMongo(dir, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		writeBefore(t, m.URI+"mstm", now)
		if err := m.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return shoptest.Start(t, shoptest.WithDataDir(dir))
}

// TestDataBeforeWakeups_AfterAKill_IsCarriedOn opens what a killed process of that version has left: an order
// that was paid and not yet opened, one that waits to be paid, an access about to end, a message that waits for
// WeChat, and a broadcast each that is under way, scheduled and paused.
func TestDataBeforeWakeups_AfterAKill_IsCarriedOn(t *testing.T) {
	t.Parallel()
	const (
		paid, pending              = "pt7np7uvct6d4f3e2dn2adqfqf", "nzhaq42on32sntpfdt3cyi324a"
		sending, scheduled, paused = "6qidxbllhgx6jaedzfh5ip4zqg", "ldc4ebnrxnpw7y5fafv6pxe4mp", "wswcalcynz6j77jiw47ujnkfs7"
		order, openid              = "npfguovnwhwdk5lmqie256gp4e", "ofollower"
	)
	s := startBefore(t, shoptest.BeijingTime(t, "2026-03-20 10:01"))
	person := func(name string) *shoptest.Person {
		p := s.Visitor()
		p.Name = name
		return p.Login(name, shoptest.Password, "web")
	}
	buyer := person("settling0")
	buyer.Await(paid, "fulfilled")
	buyer.WantOpenedOnce(paid, "go1")
	waiting := person("waiting")
	if o := waiting.Order(pending); o.State != "pending" {
		t.Errorf("the order that waits to be paid is %s", o.State)
	}

	s.Phone().Post("/sandbox/follow", obj{"openid": openid}).Want(200)
	s.SetClock("2026-03-20T12:00:00+08:00")
	if card := s.AwaitCards(openid, "order_fulfilled"); !strings.Contains(card.URL, order) {
		t.Errorf("the message leads to %s", card.URL)
	}
	s.AwaitLater(waiting, pending, "closed")
	s.Staff("marketer").AwaitBroadcast(sending, "sent")

	s.SetClock("2026-03-21T10:00:01+08:00")
	marketer, ending := s.Staff("marketer"), person("ending")
	marketer.AwaitBroadcast(scheduled, "sent")
	marketer.Anew().Post("/api/hub/broadcasts/"+paused+"/start", nil).Want(200)
	marketer.AwaitBroadcast(paused, "sent")
	shoptest.Eventually(t, 30*time.Second, func() error {
		if n := ending.Notices("activity"); n != 2 {
			return fmt.Errorf("%d of the two activities are in the inbox", n)
		}
		return nil
	})

	s.SetClock("2026-04-03T00:00:01+08:00")
	ending.Again()
	shoptest.Eventually(t, 30*time.Second, func() error {
		if n := ending.Notices("access_ended"); n != 1 {
			return fmt.Errorf("%d notices of the end of an access", n)
		}
		return nil
	})
	shoptest.WantSame(t, "afterwards", s.Staff("finance").Invariants())
	for _, left := range []string{"due", "turns", "due_deliveries"} {
		shoptest.Eventually(t, 60*time.Second, func() error { // it is looked for twice a minute
			rows, err := shoptest.Rows(s.Database(), left, nil)
			if err == nil && len(rows) != 0 {
				err = fmt.Errorf("left in %s: %v", left, rows)
			}
			return err
		})
	}
}
