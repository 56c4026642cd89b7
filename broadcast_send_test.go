package main

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

	"mstm/shop"
)

// crowd puts learners straight into a database, where nobody could log in as one of them.
func crowd(t testing.TB, db *mongo.Database, name string, n int) (ids []string) {
	t.Helper()
	docs := []any{}
	for i := range n {
		u := shop.User{ID: fmt.Sprintf("%s%05d", name, i), Name: name, Roles: []shop.Role{shop.RoleLearner}, CreatedAt: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}
		ids, docs = append(ids, u.ID), append(docs, u)
	}
	insertAll(t, db, "users", docs)
	return ids
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
func (a answer) first(v any) {
	a.t.Helper()
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if a.into(&list); len(list.Items) == 0 {
		a.t.Fatalf("%s answered an empty list", a.what)
	}
	answer{a.t, a.what, a.status, a.header, list.Items[0]}.into(v)
}

// noticesOf is how often each user has a broadcast in the inbox by a notice of the user's own.
func noticesOf(t testing.TB, db *mongo.Database, broadcast string) map[string]int {
	t.Helper()
	var all []shop.Notice
	if err := find(db, "notices", bson.M{"broadcast": broadcast}, &all); err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, n := range all {
		times[n.UserID]++
	}
	return times
}

// has reports whether a broadcast is in the person's inbox.
func (p *person) has(broadcast string) bool {
	p.t.Helper()
	items, _ := p.inbox()
	return slices.ContainsFunc(items, func(n noticeJSON) bool { return n.ID == "activity:"+broadcast })
}

func audiencesAsCounted(t *testing.T, s *testShop) {
	c := s.sell(usual())
	trial, owner, muted, away, renewed := s.newLearner(), s.newLearner(), s.newLearner(), s.newLearner(), s.newLearner()
	people := map[string]*person{"trial": trial, "owner": owner, "muted": muted, "away": away, "renewed": renewed}
	muted.patch("/api/me", obj{"notifications": obj{"activities": false}}).want(200)
	s.buy(trial, 0, c.s1)
	s.buy(owner, 99900, c.full)
	s.buy(muted, 0, c.s1)
	s.buy(renewed, 0, c.s1)
	db, id := s.database(), map[string]string{}
	for name, p := range people {
		id[name] = p.id()
	}
	ids := []string{id["trial"], id["away"], "ghost"}
	s.move("2025-02-20 10:00") // their tokens live until March 12
	s.buy(renewed, 20000, c.s2)

	marketer := s.staff("marketer")
	check := func(kind string, audience obj, counted, optedOut int64, names ...string) {
		t.Helper()
		var dry struct {
			Audience int64 `json:"audience"`
		}
		marketer.staffAgain() // the clock was moved by days
		marketer.post("/api/hub/broadcasts?dry_run=1", activity(kind, audience)).want(200).into(&dry)
		if dry.Audience != counted {
			t.Errorf("%s: a dry run counts %d, want %d", kind, dry.Audience, counted)
		}
		b := marketer.broadcast(activity(kind, audience))
		b = marketer.awaitBroadcast(b.ID, "sent")
		if c := b.Counts; c.Audience != counted || c.OptedOut != optedOut || c.Told+c.OptedOut != counted || c.Inbox != c.Told {
			t.Errorf("%s: %+v of %d", kind, c, counted)
		}
		var have []string
		own := noticesOf(t, db, b.ID)
		for name, p := range people {
			if kind == "all" && p.has(b.ID) || own[id[name]] == 1 {
				have = append(have, name)
			}
		}
		if slices.Sort(have); !slices.Equal(have, names) {
			t.Errorf("%s: told %v, want %v", kind, have, names)
		}
	}
	s.move("2025-03-05 10:00")
	check("expiring", obj{"kind": "expiring", "days": 7, "course_id": c.id}, 2, 1, "trial")
	s.move("2025-03-11 10:00")
	check("course", obj{"kind": "course", "course_id": c.id}, 4, 1, "owner", "renewed", "trial")
	check("category", obj{"kind": "category", "category_id": s.category()}, 4, 1, "owner", "renewed", "trial")
	check("trial_not_continued", obj{"kind": "trial_not_continued"}, 2, 1, "trial")
	check("users", obj{"kind": "users", "user_ids": ids}, 2, 0, "away", "trial")
	users, err := rows(db, "users", bson.M{})
	if err != nil {
		t.Fatal(err)
	}
	check("all", obj{"kind": "all"}, int64(len(users)), 1, "away", "owner", "renewed", "trial")

	page := away.socket()
	eventually(t, 20*time.Second, func() error {
		var dry struct {
			Audience int64 `json:"audience"`
		}
		marketer.post("/api/hub/broadcasts?dry_run=1", activity("online", obj{"kind": "online"})).want(200).into(&dry)
		if dry.Audience != 1 {
			return fmt.Errorf("%d are online", dry.Audience)
		}
		return nil
	})
	check("online", obj{"kind": "online"}, 1, 0, "away")
	heard := 0
	for _, f := range page.Events(1, 20*time.Second) {
		if f.Type == "notice.posted" && f.Topic == "user" && strings.Contains(string(f.Data), `"title":"online"`) {
			heard++
		}
	}
	if heard != 1 {
		t.Errorf("the page that is open was told %d times", heard)
	}
}

func broadcastsScheduled(t *testing.T, s *testShop) {
	marketer, learner := s.staff("marketer"), s.newLearner()
	page := learner.socket()
	later := func(title string, in time.Duration) broadcastJSON {
		body := activity(title, obj{"kind": "users", "user_ids": []string{learner.id()}})
		body["send_at"] = s.now().Add(in).Format(time.RFC3339)
		b := marketer.broadcast(body)
		if b.State != "scheduled" {
			t.Fatalf("%s is %s", title, b.State)
		}
		return b
	}
	timed, byHand, held, dropped := later("到点", time.Hour), later("手动", time.Hour), later("暂停", time.Hour), later("取消", time.Hour)
	move := func(b broadcastJSON, move string) answer {
		return marketer.post("/api/hub/broadcasts/"+b.ID+"/"+move, nil)
	}
	move(byHand, "start").want(200)
	told(page, byHand.ID)
	marketer.awaitBroadcast(byHand.ID, "sent")
	for range 2 { // the same again changes nothing
		move(held, "pause").want(200)
		move(dropped, "cancel").want(200)
	}
	move(dropped, "start").wantCode(409, "BROADCAST_STATE")
	move(byHand, "cancel").wantCode(409, "BROADCAST_STATE")
	s.pass(59 * time.Minute)
	if b := marketer.awaitBroadcast(timed.ID, "scheduled"); b.Counts.Told != 0 || tellings(page, timed.ID) != 0 {
		t.Errorf("before its time: %+v", b)
	}
	s.pass(2 * time.Minute)
	told(page, timed.ID)
	marketer.awaitBroadcast(timed.ID, "sent")
	marketer.awaitBroadcast(held.ID, "paused")
	move(held, "start").want(200)
	told(page, held.ID)
	done := marketer.awaitBroadcast(held.ID, "sent")
	moves := []string{}
	for _, m := range done.History {
		moves = append(moves, m.Move)
	}
	if want := []string{"accept", "pause", "start", "finish"}; !slices.Equal(moves, want) {
		t.Errorf("history %v, want %v", moves, want)
	}
	wantAudited(t, s, held.ID, "accept demomarketer", "pause demomarketer", "start demomarketer", "finish shop")
	if b := marketer.awaitBroadcast(dropped.ID, "cancelled"); b.Counts.Told != 0 || tellings(page, dropped.ID) != 0 || learner.has(dropped.ID) {
		t.Errorf("a cancelled one was sent: %+v", b)
	}
}

// wantAudited wants these moves of a broadcast in the audit, in this order, each once.
func wantAudited(t *testing.T, s *testShop, broadcast string, moves ...string) {
	t.Helper()
	db := s.database()
	eventually(t, 20*time.Second, func() error {
		var all []struct {
			Act string `bson:"act"`
			By  string `bson:"by"`
		}
		if err := find(db, "audit", bson.M{"object": "broadcast:" + broadcast}, &all); err != nil {
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

func confirmedBySecondPerson(t *testing.T, s *testShop) {
	crowd(t, s.database(), "many", 300)
	marketer, admin, learner := s.staff("marketer"), s.staff("admin"), s.newLearner()
	program, _ := admin.key("hub:broadcast")
	var dry struct {
		Needs bool `json:"needs_confirmation"`
	}
	marketer.post("/api/hub/broadcasts?dry_run=1", activity("大家", obj{"kind": "all"})).want(200).into(&dry)
	b := marketer.broadcast(activity("大家", obj{"kind": "all"}))
	if !dry.Needs || b.State != "unconfirmed" || b.Counts.Audience <= 300 {
		t.Fatalf("%t, %+v", dry.Needs, b)
	}
	path := "/api/hub/broadcasts/" + b.ID
	marketer.post(path+"/confirm", obj{"audience": b.Counts.Audience}).wantCode(409, "SECOND_PERSON_REQUIRED")
	program.post(path+"/confirm", obj{"audience": b.Counts.Audience}).wantCode(403, "FORBIDDEN")
	admin.post(path+"/confirm", obj{"audience": b.Counts.Audience - 1}).wantCode(409, "AUDIENCE_CHANGED")
	marketer.post(path+"/start", nil).wantCode(409, "BROADCAST_STATE")
	if learner.has(b.ID) {
		t.Error("it is in an inbox before it was confirmed")
	}
	admin.post(path+"/confirm", obj{"audience": b.Counts.Audience}).want(200)
	marketer.awaitBroadcast(b.ID, "sent")
	if !learner.has(b.ID) {
		t.Error("it is in no inbox after it was confirmed")
	}
}

// halfWay sends a broadcast to a crowd, and stops it by a move when some of them were told.
func halfWay(t *testing.T, marketer *person, ids []string, move string) (b broadcastJSON) {
	t.Helper()
	for range 5 { // where the machine was too slow for stopping it in time
		b = marketer.broadcast(activity("分批", obj{"kind": "users", "user_ids": ids}))
		path := "/api/hub/broadcasts/" + b.ID
		eventually(t, 20*time.Second, func() error {
			if marketer.get("/api/hub/broadcasts?limit=1").want(200).first(&b); b.Counts.Told == 0 {
				return fmt.Errorf("nobody was told")
			}
			return nil
		})
		if a := marketer.post(path+"/"+move, nil); a.status == 200 {
			return b
		}
	}
	t.Fatal("all were told five times before it could be stopped")
	return b
}

// atRest waits until nobody sends a broadcast any more, and returns it.
func atRest(t *testing.T, p *person, db *mongo.Database, id string) (b broadcastJSON) {
	t.Helper()
	stopped := time.Now()
	eventually(t, 20*time.Second, func() error {
		var all []shop.Broadcast
		if err := find(db, "broadcasts", bson.M{"_id": id}, &all); err != nil {
			return err
		}
		if all[0].Run != "" {
			return fmt.Errorf("%s is at it", all[0].Run)
		}
		return nil
	})
	t.Logf("at rest after %s", time.Since(stopped).Round(time.Millisecond))
	p.get("/api/hub/broadcasts/" + id).want(200).into(&b)
	return b
}

func stoppedHalfWay(t *testing.T, s *testShop) {
	marketer, db := s.staff("marketer"), s.database()
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
	marketer.post("/api/hub/broadcasts/"+b.ID+"/start", nil).want(200)
	b = marketer.awaitBroadcast(b.ID, "sent")
	if n := len(noticesOf(t, db, b.ID)); n != len(ids) || b.Counts.Told != int64(n) || b.Counts.Inbox != int64(n) || b.Counts.Audience != int64(n) {
		t.Errorf("%d of %d have it: %+v", n, len(ids), b.Counts)
	}
}

func funnelCounted(t *testing.T, s *testShop) {
	c, db := s.sell(usual()), s.database()
	marketer := s.staff("marketer")
	buyer, trier, reader, deaf := s.newLearner(), s.newLearner(), s.newLearner(), s.newLearner()
	listed := obj{"kind": "users", "user_ids": []string{buyer.id(), trier.id(), reader.id(), deaf.id()}}
	everybody := activity("大家", obj{"kind": "all"})
	everybody["link"] = "/courses" // any course counts
	some, other := activity("几位", listed), activity("别的", listed)
	some["link"], other["link"] = "/courses/"+c.id, "/courses/go1" // a course that nobody buys
	var sent []broadcastJSON
	for _, body := range []obj{everybody, some, other} {
		b := marketer.broadcast(body)
		if b.State == "unconfirmed" {
			s.staff("admin").post("/api/hub/broadcasts/"+b.ID+"/confirm", obj{"audience": b.Counts.Audience}).want(200)
		}
		sent = append(sent, marketer.awaitBroadcast(b.ID, "sent"))
		read := "/api/notices/activity:" + b.ID + "/read"
		for range 2 {
			buyer.post(read, obj{"clicked": true}).want(204)
			trier.post(read, obj{"clicked": true}).want(204)
			reader.post(read, nil).want(204)
		}
	}
	s.buy(trier, 0, c.s1)
	s.buy(buyer, 99900, c.full)
	s.buy(deaf, 99900, c.full) // and has not read it
	check := func() {
		t.Helper()
		marketer.staffAgain() // the clock was moved by days
		for i, bought := range []int64{1, 1, 0} {
			var b broadcastJSON
			marketer.get("/api/hub/broadcasts/" + sent[i].ID).want(200).into(&b)
			if got := b.Funnel; got.Read != 3 || got.Clicked != 2 || got.Bought != bought {
				t.Errorf("%d: %+v", i, b.Funnel)
			}
		}
	}
	check()
	s.pass(8 * 24 * time.Hour)
	s.buy(reader, 99900, c.full) // too late to be because of it
	check()
	s.pass(7 * 24 * time.Hour)
	eventually(t, 20*time.Second, func() error {
		final, err := rows(db, "broadcasts", bson.M{"_id": bson.M{"$in": bson.A{sent[0].ID, sent[1].ID, sent[2].ID}}, "due_at": nil})
		if err == nil && len(final) != 3 {
			err = fmt.Errorf("%d of 3 funnels are final", len(final))
		}
		return err
	})
	check()
}
