package handlers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/handlers/rest"
	"mstm/hub/hubtest"
	"mstm/learning"
	"mstm/shop"
)

// progressed sends a report of the learner's position, seconds after began.
func (w *world) progressed(token string, began time.Time, lesson string, position, after int) learning.CourseProgressView {
	w.t.Helper()
	at := began.Add(time.Duration(after) * time.Second)
	body := fmt.Sprintf(`{"lesson_id":%q,"position_s":%d,"at":%q}`, lesson, position, at.Format(time.RFC3339Nano))
	return as[learning.CourseProgressView](w.do("PUT", "/api/enrolments/go1/progress", token, body).is(200))
}

func TestProgress_TwoDevices_NeverUndoOneAnother(t *testing.T) {
	w := newWorld(t)
	c := ladderCourse("go1")
	c.Chapters[0].Lessons[1].Duration = 600
	w.sells(c)
	web, id := w.learner("linwei")
	w.grants(id, c, "go1full", time.Now())
	phone := w.login("linwei", "phone")
	began := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	w.progressed(web, began, "l2", 300, 30)
	if p := w.progressed(phone, began, "l2", 100, 20).Lessons["l2"]; p.Position != 300 || p.Furthest != 300 {
		t.Errorf("an older position holds: %+v", p)
	}
	if p := w.progressed(phone, began, "l2", 100, 40).Lessons["l2"]; p.Position != 100 || p.Furthest != 300 || !p.UpdatedAt.Equal(began.Add(40*time.Second)) {
		t.Errorf("a newer position does not hold: %+v", p)
	}
	if p := w.progressed(web, began, "l2", 540, 35); !p.Lessons["l2"].Done || p.Lessons["l2"].Position != 100 || p.Progress.LessonsDone != 1 {
		t.Errorf("90 percent of 600 seconds is not done: %+v", p)
	}
	if p := w.progressed(web, began, "l2", 10, 7200).Lessons["l2"]; p.Position != 10 || !p.Done || time.Until(p.UpdatedAt) > 0 {
		t.Errorf("a clock that is hours fast: %+v", p)
	}
	time.Sleep(2 * time.Millisecond) // newer than the one that counts as now
	if p := w.progressed(phone, time.Now(), "l2", 86400, 0).Lessons["l2"]; p.Position != 600 {
		t.Errorf("behind the end: %+v", p)
	}
	for param, body := range map[string]string{
		"watched_s": `{"lesson_id":"l2","position_s":1,"watched_s":86401}`, "at": `{"lesson_id":"l2","position_s":1,"at":"1970-01-01T00:00:00Z"}`,
		"position_s": `{"lesson_id":"l2","position_s":86401}`,
	} {
		if got := w.do("PUT", "/api/enrolments/go1/progress", web, body).is(400, "INVALID_FIELD"); as[struct{ Param string }](got).Param != param {
			t.Errorf("%s: %s", param, got.Body)
		}
	}
	w.do("PUT", "/api/enrolments/go1/progress", web, `{"lesson_id":"l9","position_s":1}`).is(404, "LESSON_NOT_FOUND")
	w.do("PUT", "/api/enrolments/go9/progress", web, `{"lesson_id":"l2","position_s":1}`).is(404, "COURSE_NOT_FOUND")

	opened := as[lessonView](w.do("GET", "/api/courses/go1/lessons/l2", phone, nil).is(200))
	if opened.Progress == nil || opened.Progress.Furthest != 600 || !opened.Progress.Done {
		t.Errorf("the lesson's own progress: %+v", opened.Progress)
	}
	if l := as[lessonView](w.do("GET", "/api/courses/go1/lessons/l1", "", nil).is(200)); l.Progress != nil {
		t.Errorf("a visitor's progress: %+v", l.Progress)
	}
	list := as[rest.Page[learning.Enrolled]](w.do("GET", "/api/enrolments", phone, nil).is(200)).Items
	if len(list) != 1 || list[0].Progress.LastLessonID != "l2" || list[0].Progress.LessonsDone != 1 || list[0].Progress.Lessons != c.Lessons() || list[0].Progress.Finished {
		t.Errorf("the list: %+v", list)
	}
	all := as[learning.CourseProgressView](w.do("GET", "/api/enrolments/go1/progress", phone, nil).is(200))
	if l := all.Lessons["l2"]; len(all.Lessons) != 1 || l.Position != 600 || !l.Done || all.Progress.LessonsDone != 1 {
		t.Errorf("all progress: %+v", all)
	}
	stranger, _ := w.learner("zhouyi")
	if all := as[learning.CourseProgressView](w.do("GET", "/api/enrolments/go1/progress", stranger, nil).is(200)); len(all.Lessons) != 0 || all.Progress.Lessons != c.Lessons() {
		t.Errorf("the progress of a learner that has opened nothing: %+v", all)
	}
	w.do("GET", "/api/enrolments/go9/progress", phone, nil).is(404, "COURSE_NOT_FOUND")
	w.do("GET", "/api/enrolments/go1/progress", "", nil).is(401)
}

func TestProgress_EveryPage_HearsOfIt(t *testing.T) {
	w := newWorld(t)
	w.hubIsUp()
	c := ladderCourse("go1")
	c.Chapters[0].Lessons[1].Duration = 600
	w.sells(c)
	web, id := w.learner("linwei")
	w.grants(id, c, "go1full", time.Now())
	page := hubtest.Dial(t, w.url+"/ws", w.login("linwei", "phone"))
	began := time.Now().Add(-time.Hour)
	w.progressed(web, began, "l2", 42, 30)
	w.progressed(web, began, "l2", 42, 30) // again: changes nothing, and shows nothing
	w.progressed(web, began, "l2", 41, 31)
	var heard []hubtest.Frame // the news of the login itself may come before them
	page.WaitFor("both changes", soon, func(f hubtest.Frame) bool {
		if f.Type == "progress.changed" {
			heard = append(heard, f)
		}
		return len(heard) == 2
	})
	for i, f := range heard {
		var p shop.ProgressChange
		f.Into(t, &p)
		if p.Position != 42-i || p.Furthest != 42 || p.CourseID != "go1" || p.LessonID != "l2" || p.Lessons != c.Lessons() {
			t.Errorf("event %d: %s %+v", i, f.Type, p)
		}
	}
}

func TestProgress_FinishedCourse_IsToldOnce(t *testing.T) {
	w := newWorld(t)
	c := ladderCourse("go1")
	w.sells(c)
	token, id := w.learner("linwei")
	w.grants(id, c, "go1full", time.Now())
	finish := func(token string) {
		for _, l := range c.LessonIDs() {
			w.do("PUT", "/api/enrolments/go1/progress", token, map[string]any{"lesson_id": l, "done": true}).is(200)
		}
	}
	told := func(token string) (n int) {
		for _, x := range as[rest.Page[shop.NoticeView]](w.do("GET", "/api/notices", token, nil).is(200)).Items {
			if x.Kind == "course_finished" {
				n++
			}
		}
		return n
	}
	finish(token)
	finish(w.login("linwei", "phone"))
	list := as[rest.Page[learning.Enrolled]](w.do("GET", "/api/enrolments", token, nil).is(200)).Items
	if told(token) != 1 || !list[0].Progress.Finished {
		t.Errorf("told %d times, %+v", told(token), list[0].Progress)
	}

	// An instance that died after the last lesson was written has congratulated no learner: the next look does.
	other, otherID := w.learner("wang")
	w.grants(otherID, c, "go1full", time.Now())
	for _, l := range c.LessonIDs() {
		if _, _, err := w.store.Progress.Put(t.Context(), otherID, "go1", l, shop.ProgressReport{Done: true}.Of(0, time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	w.do("GET", "/api/enrolments", other, nil).is(200)
	w.do("GET", "/api/enrolments", other, nil).is(200)
	if told(other) != 1 {
		t.Errorf("told %d times", told(other))
	}
}

// TestProgress_EveryTenSeconds_CostsOneCommand: of the enrolment a read of late is enough, and a refund is seen all the
// same.
func TestProgress_EveryTenSeconds_CostsOneCommand(t *testing.T) {
	w := newWorld(t)
	c := ladderCourse("go1")
	w.sells(c)
	token, id := w.learner("linwei")
	w.grants(id, c, "go1full", time.Now())
	began := time.Now().Add(-time.Hour)
	cost := 0
	for i, deadline := 0, time.Now().Add(soon); cost != 1 && time.Now().Before(deadline); i++ { // the caches are trusted from some moment on
		cost = len(w.reads.during(func() { w.progressed(token, began, "l2", 10*i, 10*i+10) }))
	}
	if got := w.reads.during(func() { w.progressed(token, began, "l2", 60, 3000) }); len(got) != 1 || !strings.HasPrefix(got[0], "findAndModify") {
		t.Errorf("a report costs %v", got)
	}
	_, err := w.store.Enrolments.Change(t.Context(), id, "go1", func(e *shop.Enrolment) error { e.Grants = nil; return nil })
	if err != nil {
		t.Fatal(err)
	}
	w.do("PUT", "/api/enrolments/go1/progress", token, `{"lesson_id":"l2","position_s":1}`).is(403, "ENROLMENT_REQUIRED")
}
