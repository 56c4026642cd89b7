package broadcasts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/acceptance/shoptest"
	"mstm/shop"
)

// crowd is shoptest.Crowd.
func crowd(t testing.TB, db *mongo.Database, name string, n int) []string {
	t.Helper()
	return shoptest.Crowd(t, db, name, n)
}

// insertAll puts documents into a collection, in batches.
func insertAll(t testing.TB, db *mongo.Database, collection string, docs []any) {
	t.Helper()
	for some := range slices.Chunk(docs, 1000) {
		if _, err := db.Collection(collection).InsertMany(context.Background(), some); err != nil {
			t.Fatal(err)
		}
	}
}

// first reads the first item of a list.
func first(a shoptest.Answer, v any) {
	a.T.Helper()
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if a.Into(&list); len(list.Items) == 0 {
		a.T.Fatalf("%s answered an empty list", a.What)
	}
	shoptest.Answer{T: a.T, What: a.What, Status: a.Status, Header: a.Header, Body: list.Items[0]}.Into(v)
}

// noticesOf is how often each user has a broadcast in the inbox by a notice of the user's own.
func noticesOf(t testing.TB, db *mongo.Database, broadcast string) map[string]int {
	t.Helper()
	var all []shop.Notice
	if err := shoptest.Find(db, "notices", bson.M{"broadcast": broadcast}, &all); err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, n := range all {
		times[n.UserID]++
	}
	return times
}

// has reports whether a broadcast is in the person's inbox.
func has(p *shoptest.Person, broadcast string) bool {
	p.T.Helper()
	items, _ := inbox(p)
	return slices.ContainsFunc(items, func(n shoptest.Notice) bool { return n.ID == "activity:"+broadcast })
}

func audiencesAsCounted(t *testing.T, s *shoptest.Shop) {
	c := s.Sell(shoptest.Usual())
	trial, owner, muted, away, renewed := s.NewLearner(), s.NewLearner(), s.NewLearner(), s.NewLearner(), s.NewLearner()
	people := map[string]*shoptest.Person{"trial": trial, "owner": owner, "muted": muted, "away": away, "renewed": renewed}
	muted.Patch("/api/me", obj{"notifications": obj{"activities": false}}).Want(200)
	s.Buy(trial, 0, c.S1)
	s.Buy(owner, 99900, c.Full)
	s.Buy(muted, 0, c.S1)
	s.Buy(renewed, 0, c.S1)
	db, id := s.Database(), map[string]string{}
	for name, p := range people {
		id[name] = p.ID()
	}
	ids := []string{id["trial"], id["away"], "ghost"}
	s.Move("2025-02-20 10:00") // their tokens live until March 12
	s.Buy(renewed, 20000, c.S2)

	marketer := s.Staff("marketer")
	check := func(kind string, audience obj, counted, optedOut int64, names ...string) {
		t.Helper()
		var dry struct {
			Audience int64 `json:"audience"`
		}
		marketer.StaffAgain() // the clock was moved by days
		marketer.Post("/api/hub/broadcasts?dry_run=1", shoptest.Activity(kind, audience)).Want(200).Into(&dry)
		if dry.Audience != counted {
			t.Errorf("%s: a dry run counts %d, want %d", kind, dry.Audience, counted)
		}
		b := broadcast(marketer, shoptest.Activity(kind, audience))
		b = marketer.AwaitBroadcast(b.ID, "sent")
		if c := b.Counts; c.Audience != counted || c.OptedOut != optedOut || c.Told+c.OptedOut != counted || c.Inbox != c.Told {
			t.Errorf("%s: %+v of %d", kind, c, counted)
		}
		var have []string
		own := noticesOf(t, db, b.ID)
		for name, p := range people {
			if kind == "all" && has(p, b.ID) || own[id[name]] == 1 {
				have = append(have, name)
			}
		}
		if slices.Sort(have); !slices.Equal(have, names) {
			t.Errorf("%s: reached %v, want %v", kind, have, names)
		}
	}
	s.Move("2025-03-05 10:00")
	check("expiring", obj{"kind": "expiring", "days": 7, "course_id": c.Id}, 2, 1, "trial")
	s.Move("2025-03-11 10:00")
	check("course", obj{"kind": "course", "course_id": c.Id}, 4, 1, "owner", "renewed", "trial")
	check("category", obj{"kind": "category", "category_id": s.Category()}, 4, 1, "owner", "renewed", "trial")
	check("trial_not_continued", obj{"kind": "trial_not_continued"}, 2, 1, "trial")
	check("users", obj{"kind": "users", "user_ids": ids}, 2, 0, "away", "trial")
	users, err := shoptest.Rows(db, "users", bson.M{})
	if err != nil {
		t.Fatal(err)
	}
	check("all", obj{"kind": "all"}, int64(len(users)), 1, "away", "owner", "renewed", "trial")

	page := away.Socket()
	shoptest.Eventually(t, time.Minute, func() error {
		var dry struct {
			Audience int64 `json:"audience"`
		}
		marketer.Post("/api/hub/broadcasts?dry_run=1", shoptest.Activity("online", obj{"kind": "online"})).Want(200).Into(&dry)
		if dry.Audience != 1 {
			return fmt.Errorf("%d are online", dry.Audience)
		}
		return nil
	})
	check("online", obj{"kind": "online"}, 1, 0, "away")
	heard := 0
	for _, f := range page.Events(1, time.Minute) {
		if f.Type == "notice.posted" && f.Topic == "user" && strings.Contains(string(f.Data), `"title":"online"`) {
			heard++
		}
	}
	if heard != 1 {
		t.Errorf("the open page received it %d times", heard)
	}
}

func broadcastsScheduled(t *testing.T, s *shoptest.Shop) {
	marketer, learner := s.Staff("marketer"), s.NewLearner()
	page := learner.Socket()
	later := func(title string, in time.Duration) shoptest.Broadcast {
		body := shoptest.Activity(title, obj{"kind": "users", "user_ids": []string{learner.ID()}})
		body["send_at"] = s.Now().Add(in).Format(time.RFC3339)
		b := broadcast(marketer, body)
		if b.State != "scheduled" {
			t.Fatalf("%s is %s", title, b.State)
		}
		return b
	}
	timed, byHand, held, dropped := later("到点", time.Hour), later("手动", time.Hour), later("暂停", time.Hour), later("取消", time.Hour)
	move := func(b shoptest.Broadcast, move string) shoptest.Answer {
		return marketer.Post("/api/hub/broadcasts/"+b.ID+"/"+move, nil)
	}
	move(byHand, "start").Want(200)
	shoptest.Told(page, byHand.ID)
	marketer.AwaitBroadcast(byHand.ID, "sent")
	for range 2 { // the same again changes nothing
		move(held, "pause").Want(200)
		move(dropped, "cancel").Want(200)
	}
	move(dropped, "start").WantCode(409, "BROADCAST_STATE")
	move(byHand, "cancel").WantCode(409, "BROADCAST_STATE")
	s.Pass(59 * time.Minute)
	if b := marketer.AwaitBroadcast(timed.ID, "scheduled"); b.Counts.Told != 0 || shoptest.Tellings(page, timed.ID) != 0 {
		t.Errorf("before its time: %+v", b)
	}
	s.Pass(2 * time.Minute)
	shoptest.Told(page, timed.ID)
	marketer.AwaitBroadcast(timed.ID, "sent")
	marketer.AwaitBroadcast(held.ID, "paused")
	move(held, "start").Want(200)
	shoptest.Told(page, held.ID)
	done := marketer.AwaitBroadcast(held.ID, "sent")
	moves := []string{}
	for _, m := range done.History {
		moves = append(moves, m.Move)
	}
	if want := []string{"accept", "pause", "start", "finish"}; !slices.Equal(moves, want) {
		t.Errorf("history %v, want %v", moves, want)
	}
	wantAudited(t, s, held.ID, "accept demomarketer", "pause demomarketer", "start demomarketer", "finish shop")
	if b := marketer.AwaitBroadcast(dropped.ID, "cancelled"); b.Counts.Told != 0 || shoptest.Tellings(page, dropped.ID) != 0 || has(learner, dropped.ID) {
		t.Errorf("a cancelled one was sent: %+v", b)
	}
}

// wantAudited wants these moves of a broadcast in the audit, in this order, each once.
func wantAudited(t *testing.T, s *shoptest.Shop, broadcast string, moves ...string) {
	t.Helper()
	db := s.Database()
	shoptest.Eventually(t, time.Minute, func() error {
		var all []struct {
			Act string `bson:"act"`
			By  string `bson:"by"`
		}
		if err := shoptest.Find(db, "audit", bson.M{"object": "broadcast:" + broadcast, "act": bson.M{"$ne": "staff_call"}}, &all); err != nil {
			return err
		}
		var got []string
		for _, a := range all {
			got = append(got, a.Act+" "+a.By)
		}
		if !slices.Equal(got, moves) {
			return fmt.Errorf("audited %v, want %v", got, moves)
		}
		return nil
	})
}

func confirmedBySecondPerson(t *testing.T, s *shoptest.Shop) {
	crowd(t, s.Database(), "many", 300)
	marketer, admin, learner := s.Staff("marketer"), s.Staff("admin"), s.NewLearner()
	program, _ := key(admin, "hub:broadcast")
	var dry struct {
		Needs bool `json:"needs_confirmation"`
	}
	marketer.Post("/api/hub/broadcasts?dry_run=1", shoptest.Activity("大家", obj{"kind": "all"})).Want(200).Into(&dry)
	b := broadcast(marketer, shoptest.Activity("大家", obj{"kind": "all"}))
	if !dry.Needs || b.State != "unconfirmed" || b.Counts.Audience <= 300 {
		t.Fatalf("%t, %+v", dry.Needs, b)
	}
	path := "/api/hub/broadcasts/" + b.ID
	marketer.Post(path+"/confirm", obj{"audience": b.Counts.Audience}).WantCode(409, "SECOND_PERSON_REQUIRED")
	program.Post(path+"/confirm", obj{"audience": b.Counts.Audience}).WantCode(403, "FORBIDDEN")
	admin.Post(path+"/confirm", obj{"audience": b.Counts.Audience - 1}).WantCode(409, "AUDIENCE_CHANGED")
	marketer.Post(path+"/start", nil).WantCode(409, "BROADCAST_STATE")
	if has(learner, b.ID) {
		t.Error("it is in an inbox before it was confirmed")
	}
	admin.Post(path+"/confirm", obj{"audience": b.Counts.Audience}).Want(200)
	marketer.AwaitBroadcast(b.ID, "sent")
	if !has(learner, b.ID) {
		t.Error("it is in no inbox after it was confirmed")
	}
}

// halfWay sends a broadcast to a crowd, and stops it by a move after it has reached some of them.
func halfWay(t *testing.T, marketer *shoptest.Person, ids []string, move string) (b shoptest.Broadcast) {
	t.Helper()
	for range 5 { // where the machine was too slow for stopping it in time
		b = broadcast(marketer, shoptest.Activity("分批", obj{"kind": "users", "user_ids": ids}))
		path := "/api/hub/broadcasts/" + b.ID
		shoptest.Eventually(t, time.Minute, func() error {
			if first(marketer.Get("/api/hub/broadcasts?limit=1").Want(200), &b); b.Counts.Told == 0 {
				return fmt.Errorf("no recipient was reached")
			}
			return nil
		})
		if a := marketer.Post(path+"/"+move, nil); a.Status == 200 {
			return b
		}
	}
	t.Fatal("all were reached five times before it could be stopped")
	return b
}

// atRest waits until no instance sends a broadcast any more, and returns it.
func atRest(t *testing.T, p *shoptest.Person, db *mongo.Database, id string) (b shoptest.Broadcast) {
	t.Helper()
	stopped := time.Now()
	shoptest.Eventually(t, time.Minute, func() error {
		var all []shop.Broadcast
		if err := shoptest.Find(db, "broadcasts", bson.M{"_id": id}, &all); err != nil {
			return err
		}
		if all[0].Run != "" {
			return fmt.Errorf("%s is at it", all[0].Run)
		}
		return nil
	})
	t.Logf("at rest after %s", time.Since(stopped).Round(time.Millisecond))
	p.Get("/api/hub/broadcasts/" + id).Want(200).Into(&b)
	return b
}

func stoppedHalfWay(t *testing.T, s *shoptest.Shop) {
	marketer, db := s.Staff("marketer"), s.Database()
	ids := crowd(t, db, "half", 300)
	b := atRest(t, marketer, db, halfWay(t, marketer, ids, "cancel").ID)
	if b.State != "cancelled" || b.Counts.Told == 0 || b.Counts.Told >= int64(len(ids)) || b.Counts.Inbox != b.Counts.Told {
		t.Errorf("cancelled at %+v", b)
	}
	time.Sleep(300 * time.Millisecond) // for what must not come
	if n := len(noticesOf(t, db, b.ID)); int64(n) != b.Counts.Inbox {
		t.Errorf("%d inboxes have it, %d are counted", n, b.Counts.Inbox)
	}

	b = atRest(t, marketer, db, halfWay(t, marketer, ids, "pause").ID)
	if n := int64(len(noticesOf(t, db, b.ID))); b.State != "paused" || n == 0 || n >= int64(len(ids)) || b.Counts.Told != n {
		t.Errorf("paused at %+v with %d in the inboxes", b, n)
	}
	marketer.Post("/api/hub/broadcasts/"+b.ID+"/start", nil).Want(200)
	b = marketer.AwaitBroadcast(b.ID, "sent")
	if n := len(noticesOf(t, db, b.ID)); n != len(ids) || b.Counts.Told != int64(n) || b.Counts.Inbox != int64(n) || b.Counts.Audience != int64(n) {
		t.Errorf("%d of %d have it: %+v", n, len(ids), b.Counts)
	}
}

func funnelCounted(t *testing.T, s *shoptest.Shop) {
	c, db := s.Sell(shoptest.Usual()), s.Database()
	marketer := s.Staff("marketer")
	buyer, trier, reader, deaf := s.NewLearner(), s.NewLearner(), s.NewLearner(), s.NewLearner()
	listed := obj{"kind": "users", "user_ids": []string{buyer.ID(), trier.ID(), reader.ID(), deaf.ID()}}
	everybody := shoptest.Activity("大家", obj{"kind": "all"})
	everybody["link"] = "/courses" // any course counts
	some, other := shoptest.Activity("几位", listed), shoptest.Activity("别的", listed)
	some["link"], other["link"] = "/courses/"+c.Id, "/courses/go1" // a course without buyers
	var sent []shoptest.Broadcast
	for _, body := range []obj{everybody, some, other} {
		b := broadcast(marketer, body)
		if b.State == "unconfirmed" {
			s.Staff("admin").Post("/api/hub/broadcasts/"+b.ID+"/confirm", obj{"audience": b.Counts.Audience}).Want(200)
		}
		sent = append(sent, marketer.AwaitBroadcast(b.ID, "sent"))
		read := "/api/notices/activity:" + b.ID + "/read"
		for range 2 {
			buyer.Post(read, obj{"clicked": true}).Want(204)
			trier.Post(read, obj{"clicked": true}).Want(204)
			reader.Post(read, nil).Want(204)
		}
	}
	s.Buy(trier, 0, c.S1)
	s.Buy(buyer, 99900, c.Full)
	s.Buy(deaf, 99900, c.Full) // and has not read it
	check := func() {
		t.Helper()
		marketer.StaffAgain() // the clock was moved by days
		for i, bought := range []int64{1, 1, 0} {
			var b shoptest.Broadcast
			marketer.Get("/api/hub/broadcasts/" + sent[i].ID).Want(200).Into(&b)
			if got := b.Funnel; got.Read != 3 || got.Clicked != 2 || got.Bought != bought {
				t.Errorf("%d: %+v", i, b.Funnel)
			}
		}
	}
	check()
	s.Pass(8 * 24 * time.Hour)
	s.Buy(reader, 99900, c.Full) // too late to be because of it
	check()
	s.Pass(7 * 24 * time.Hour)
	shoptest.Eventually(t, time.Minute, func() error {
		final, err := shoptest.Rows(db, "broadcasts", bson.M{"_id": bson.M{"$in": bson.A{sent[0].ID, sent[1].ID, sent[2].ID}}, "due_at": nil})
		if err == nil && len(final) != 3 {
			err = fmt.Errorf("%d of 3 funnels are final", len(final))
		}
		return err
	})
	check()
}
