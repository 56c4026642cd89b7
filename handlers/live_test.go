package handlers

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// TestWhatHappensWhileAPageReadsReachesItFromTheAnswersPlace changes something in the middle of each
// read and after it; a page that follows from the answer's position must hear of both.
func TestWhatHappensWhileAPageReadsReachesItFromTheAnswersPlace(t *testing.T) {
	w := newWorld(t)
	course := ladderCourse("go1")
	lesson := course.LessonIDs()[0]
	w.sells(course)
	token, id := w.learner("lin")
	w.grants(id, course, "go1full", time.Now())
	topic := hub.UserTopic(id)
	publish := func(what string) {
		before := w.deps.Hub.Position(topic)
		if _, err := w.deps.Hub.Publish(t.Context(), hub.Event{Topic: topic, Type: what}); err != nil {
			t.Error(err)
		}
		for deadline := time.Now().Add(soon); w.deps.Hub.Position(topic) == before; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the event does not arrive")
			}
		}
	}
	publish("before")
	for _, path := range []string{"/api/orders", "/api/notices", "/api/enrolments", "/api/cart"} {
		t.Run(path, func(t *testing.T) {
			w.do("GET", path, token, nil).is(200) // what is cached is cached
			if path != "/api/cart" {
				w.reads.meanwhile(func() { publish("while") })
			}
			read := w.do("GET", path, token, nil).is(200)
			if path == "/api/cart" { // which MongoDB is not asked for
				publish("while")
			}
			publish("after")
			var since map[string]string
			if err := json.Unmarshal([]byte(read.Header.Get("Hub-Position")), &since); err != nil {
				t.Fatalf("Hub-Position %q: %v", read.Header.Get("Hub-Position"), err)
			}
			page := hubtest.Resume(t, w.url+"/ws", token, since)
			if !page.Ready().Topics["user"].Resumed {
				t.Errorf("ready %+v", page.Ready())
			}
			heard := page.Events(2, soon)
			if len(heard) != 2 || heard[0].Type != "while" || heard[1].Type != "after" {
				t.Errorf("the page heard %+v", heard)
			}
		})
	}
	if got := w.do("GET", "/api/orders/nothing", token, nil).is(404); got.Header.Get("Hub-Position") == "" {
		t.Error("an order's answer has no position")
	}
	for path, topics := range map[string][]string{
		"/api/courses/go1": {"course:go1", "user"}, "/api/courses/go1/lessons/" + lesson: {"user"}, "/api/enrolments/go1/progress": {"user"},
		"/api/notices": {"activity", "user"}, "/api/me": {"user"}, "/api/me/sessions": {"user"},
	} {
		var since map[string]string
		read := w.do("GET", path, token, nil).is(200)
		if err := json.Unmarshal([]byte(read.Header.Get("Hub-Position")), &since); err != nil || !slices.Equal(slices.Sorted(maps.Keys(since)), topics) {
			t.Errorf("%s stands at %v, want places in %v (%v)", path, since, topics, err)
		}
	}
	if got := w.do("GET", "/api/courses/go1", "", nil).is(200).Header.Get("Hub-Position"); !strings.HasPrefix(got, `{"course:go1":`) {
		t.Errorf("a visitor's course stands at %q", got)
	}
	if got := w.do("GET", "/api/courses", "", nil).is(200); got.Header.Get("Hub-Position") != "" {
		t.Error("a visitor's answer has a position")
	}
}
