package shoptest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/hub/hubtest"
	"mstm/shop"
)

// Broadcast is a broadcast as the console reads it.
type Broadcast struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Counts struct {
		Audience int64 `json:"audience"`
		Told     int64 `json:"told"`
		OptedOut int64 `json:"opted_out"`
		Live     int64 `json:"live"`
		Inbox    int64 `json:"inbox"`
	} `json:"counts"`
	Funnel struct {
		Read    int64 `json:"read"`
		Clicked int64 `json:"clicked"`
		Bought  int64 `json:"bought"`
	} `json:"funnel"`
	History []struct {
		Move string `json:"move"`
		By   string `json:"by"`
	} `json:"history"`
}

// Crowd puts n learners straight into a database, without a way to log in; their ids are name00000 and so on.
func Crowd(t testing.TB, db *mongo.Database, name string, n int) (ids []string) {
	t.Helper()
	docs := []any{}
	for i := range n {
		u := shop.User{ID: fmt.Sprintf("%s%05d", name, i), Name: name, Roles: []shop.Role{shop.RoleLearner}, CreatedAt: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}
		ids, docs = append(ids, u.ID), append(docs, u)
	}
	for some := range slices.Chunk(docs, 1000) {
		if _, err := db.Collection("users").InsertMany(context.Background(), some); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// Enrol gives learners a course for ever, straight in a database.
func Enrol(t testing.TB, db *mongo.Database, course string, ids []string) {
	t.Helper()
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	docs := make([]any, len(ids))
	for i, id := range ids {
		docs[i] = shop.Enrolment{ID: id + ":" + course, UserID: id, CourseID: course, V: 1, CreatedAt: at, Grants: []shop.Grant{
			{OrderID: "given" + id, Kind: shop.KindLifetime, From: at, State: shop.GrantLive, At: at},
		}}
	}
	if _, err := db.Collection("enrolments").InsertMany(context.Background(), docs); err != nil {
		t.Fatal(err)
	}
}

// Activity is a broadcast to an audience, as a request.
func Activity(title string, audience Obj) Obj {
	return Obj{"title": title, "body": "全场课程限时优惠。\n周日结束。", "link": "/courses/go1", "audience": audience}
}

// AwaitBroadcast waits until a broadcast has reached a state.
func (p *Person) AwaitBroadcast(id, state string) (b Broadcast) {
	p.T.Helper()
	Eventually(p.T, 40*time.Second, func() error {
		var list struct {
			Items []Broadcast `json:"items"`
		}
		p.Get("/api/hub/broadcasts?limit=100").Want(200).Into(&list) // without funnels, which are counted each time
		for _, b := range list.Items {
			if b.ID == id && b.State == state {
				return nil
			}
		}
		time.Sleep(50 * time.Millisecond)
		return fmt.Errorf("broadcast %s is not %s: %+v", id, state, list.Items)
	})
	p.Get("/api/hub/broadcasts/" + id).Want(200).Into(&b)
	return b
}

// Told waits for the live word of a broadcast on a page.
func Told(c *hubtest.Client, id string) hubtest.Frame {
	return c.WaitFor("notice.posted of "+id, 20*time.Second, func(f hubtest.Frame) bool {
		return f.Type == "notice.posted" && strings.Contains(string(f.Data), `"activity:`+id+`"`)
	})
}

// Tellings are how often a page has heard of a broadcast.
func Tellings(c *hubtest.Client, id string) (n int) {
	for _, f := range c.All() {
		if f.Type == "notice.posted" && strings.Contains(string(f.Data), `"activity:`+id+`"`) {
			n++
		}
	}
	return n
}
