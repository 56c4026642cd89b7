package handlers

import (
	"log/slog"
	"testing"
	"time"

	"mstm/handlers/desk"
	"mstm/handlers/rest"
	"mstm/hub/hubtest"
	"mstm/runner"
	"mstm/shop"
)

func TestPlan_ItsTimeComes_OpenPageShowsTheCourseOnSale(t *testing.T) {
	w := newWorld(t)
	admin, editor := w.staff("ada", shop.RoleAdmin), w.staff("edith", shop.RoleEditor)
	c := as[desk.Course](w.do("POST", "/api/admin/courses", editor, aCourse).is(201))
	path := "/api/admin/courses/" + c.ID
	w.do("PUT", path+"/plan", editor, `{}`).is(400, "INVALID_FIELD")
	w.do("PUT", path+"/plan", editor, map[string]any{"publish_at": time.Now().Add(-time.Second)}).is(422, "PLAN_TIME")
	w.do("PUT", path+"/plan", editor, map[string]any{"publish_at": time.Now().Add(time.Hour), "v": c.V + 9}).is(409, "EDIT_CONFLICT")
	at := time.Now().Add(time.Second)
	planned := as[desk.Course](w.do("PUT", path+"/plan", editor, map[string]any{"publish_at": at, "v": c.V}).is(200))
	if planned.State != shop.CourseDraft || planned.Plan.State != shop.PlanWaiting || planned.Plan.ByName != "edith" {
		t.Fatalf("planned: %+v", planned.Plan)
	}
	list := as[rest.Page[desk.CourseCard]](w.do("GET", "/api/admin/courses", editor, nil).is(200))
	if len(list.Items) != 1 || list.Items[0].Plan == nil || list.Items[0].Plan.ByName != "edith" {
		t.Errorf("the list: %+v", list.Items)
	}
	page := hubtest.Dial(t, w.url+"/ws", "")
	page.Follow("course:"+c.ID, "")

	looks := runner.NewWakeups(runner.WakeupsConfig{Queue: w.store.Wakeups, By: "one", Now: func() time.Time { return at }, Log: slog.New(slog.DiscardHandler)})
	looks.Handle(w.deps.Catalogue.Plans.Wakeups())
	time.Sleep(time.Until(at)) // the plan is carried out by the shop's clock, which is this world's
	if err := looks.LookOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	var heard shop.CourseChange
	page.Wait("course.changed", soon).Into(t, &heard)
	now := as[desk.Course](w.do("GET", path, editor, nil).is(200))
	if !heard.OnSale || now.State != shop.CourseOnSale || now.Plan.State != shop.PlanDone || now.Plan.EndedAt == nil {
		t.Fatalf("heard %+v; %s, %+v", heard, now.State, now.Plan)
	}
	var acts []string
	for _, row := range auditOf(w, admin, "object=course:"+c.ID+"&who=edith") {
		acts = append(acts, row.Act)
	}
	if len(acts) != 4 { // made, planned, carried out, and that the plan is done
		t.Errorf("the audit: %v", acts)
	}
	if gone := as[desk.Course](w.do("DELETE", path+"/plan", editor, nil).is(200)); gone.Plan != nil {
		t.Errorf("withdrawn: %+v", gone.Plan)
	}
	w.do("DELETE", path+"/plan", editor, nil).is(200)
}

func TestCopy_RepeatedUnderItsKey_IsOneDraftOfItsOwn(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", shop.RoleEditor)
	c := as[desk.Course](w.do("POST", "/api/admin/courses", editor, aCourse).is(201))
	path := "/api/admin/courses/" + c.ID
	w.do("PUT", path+"/lessons/"+c.Chapters[0].Lessons[1].ID+"/text", editor, `{"text":"# 变量"}`).is(200)
	w.do("POST", path+"/publish", editor, nil).is(200)
	made := as[desk.Course](w.do("POST", path+"/copy", editor, nil, "Idempotency-Key", "copy-one-course").is(201))
	again := as[desk.Course](w.do("POST", path+"/copy", editor, nil, "Idempotency-Key", "copy-one-course").is(201))
	if made.ID == c.ID || again.ID != made.ID || made.State != shop.CourseDraft || made.Title != "Go 语言（副本）" || made.Version != 1 || made.Learners != 0 {
		t.Errorf("copied: %+v, then %s", made, again.ID)
	}
	if made.Cover != "/covers/"+made.ID+".svg" || made.Ladder != c.Ladder || made.Plan != nil {
		t.Errorf("copied: %+v", made)
	}
	for i, p := range made.Policies {
		if p.ID == c.Policies[i].ID || p.Name != c.Policies[i].Name || p.Price != c.Policies[i].Price || p.Default != c.Policies[i].Default {
			t.Errorf("policy %d: %+v of %+v", i, p, c.Policies[i])
		}
	}
	for i, l := range made.Chapters[0].Lessons {
		if from := c.Chapters[0].Lessons[i]; l.ID == from.ID || l.Title != from.Title || l.URL != from.URL {
			t.Errorf("lesson %d: %+v of %+v", i, l, from)
		}
	}
	text := as[map[string]any](w.do("GET", "/api/admin/courses/"+made.ID+"/lessons/"+made.Chapters[0].Lessons[1].ID+"/text", editor, nil).is(200))
	if text["text"] != "# 变量" {
		t.Errorf("the text: %v", text)
	}
	other := as[desk.Course](w.do("POST", path+"/copy", editor, nil).is(201))
	if other.ID == made.ID {
		t.Error("another copy is the first one")
	}
	w.do("POST", "/api/admin/courses/nothing/copy", editor, nil).is(404, "COURSE_NOT_FOUND")
}
