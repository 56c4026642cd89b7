package handlers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/shop"
)

func TestNotes_OneOwn_AreKeptWithTheirTime(t *testing.T) {
	w := newWorld(t)
	c := ladderCourse("go1")
	w.sells(c)
	token, id := w.learner("linwei")
	other, _ := w.learner("wang")
	path := "/api/courses/go1/lessons/l2/notes"
	w.do("POST", path, token, `{"text":"x"}`).is(403, "ENROLMENT_REQUIRED")
	w.do("POST", path, "", `{"text":"x"}`).is(401)
	w.grants(id, c, "go1full", time.Now())
	late := as[shop.Note](w.do("POST", path, token, `{"text":" 切片与数组\n的区别 ","at_s":75}`).is(201))
	w.do("POST", path, token, `{"text":"总的来说"}`).is(201)
	early := as[shop.Note](w.do("POST", path, token, `{"text":"e","at_s":3}`, "Idempotency-Key", "note-1").is(201))
	if again := as[shop.Note](w.do("POST", path, token, `{"text":"e","at_s":3}`, "Idempotency-Key", "note-1").is(201)); again.ID != early.ID {
		t.Errorf("a note that was sent twice: %+v", again)
	}
	texts := func(token string) (all []string) {
		for _, n := range as[rest.Page[shop.Note]](w.do("GET", path, token, nil).is(200)).Items {
			all = append(all, n.Text)
		}
		return all
	}
	if got := fmt.Sprintf("%q", texts(token)); got != `["总的来说" "e" "切片与数组\n的区别"]` {
		t.Errorf("notes: %s", got)
	}
	if got := texts(other); len(got) != 0 {
		t.Errorf("another learner reads %q", got)
	}
	w.do("PUT", path+"/"+late.ID, other, `{"text":"x"}`).is(404, "NOTE_NOT_FOUND")
	w.do("DELETE", path+"/"+late.ID, other, nil).is(404, "NOTE_NOT_FOUND")
	edited := as[shop.Note](w.do("PUT", path+"/"+late.ID, token, `{"text":"改了","at_s":80}`).is(200))
	if edited.Text != "改了" || *edited.At != 80 || !edited.CreatedAt.Equal(late.CreatedAt) {
		t.Errorf("edited: %+v", edited)
	}
	w.do("DELETE", path+"/"+early.ID, token, nil).is(204)
	w.do("DELETE", path+"/"+early.ID, token, nil).is(404, "NOTE_NOT_FOUND")
	for param, body := range map[string]string{
		"text": `{"text":"` + strings.Repeat("字", 2001) + `"}`, "at_s": `{"text":"x","at_s":-1}`,
	} {
		if got := w.do("POST", path, token, body).is(400, "INVALID_FIELD"); as[struct{ Param string }](got).Param != param {
			t.Errorf("%s: %s", param, got.Body)
		}
	}
	w.do("POST", path, token, `{"text":"a\u202eb"}`).is(400, "INVALID_FIELD")
	w.do("POST", path, token, `{"text":"`+strings.Repeat("字", 2000)+`"}`).is(201)
	_, err := w.store.Notes.Change(t.Context(), id, "go1", "l2", func(n *shop.LessonNotes) error {
		for len(n.Notes) < shop.MaxNotes {
			n.Notes = append(n.Notes, shop.Note{ID: fmt.Sprint("n", len(n.Notes)), Text: "x"})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.do("POST", path, token, `{"text":"x"}`).is(409, "TOO_MANY_NOTES")

	if _, err := w.store.Enrolments.Change(t.Context(), id, "go1", func(e *shop.Enrolment) error { e.Grants = nil; return nil }); err != nil {
		t.Fatal(err)
	}
	if got := texts(token); len(got) != shop.MaxNotes {
		t.Errorf("after the access has ended there are %d", len(got))
	}
	w.do("PUT", path+"/"+late.ID, token, `{"text":"还能改"}`).is(200)
	w.do("DELETE", "/api/me", token, `{"password":"`+aPassword+`"}`).is(204)
	if n, err := w.store.Notes.Get(t.Context(), id, "go1", "l2"); err != nil || len(n.Notes) != 0 {
		t.Errorf("the notes of a deleted account: %d, %v", len(n.Notes), err)
	}
}

func TestLearningCounts_Editors_SeeWherePeopleStop(t *testing.T) {
	w := newWorld(t)
	c := ladderCourse("go1")
	w.sells(c)
	editor := w.staff("edith", shop.RoleEditor)
	counts := func() string {
		n := as[learning.CountsView](w.do("GET", "/api/admin/courses/go1/learning", editor, nil).is(200))
		text := fmt.Sprintf("%d began, %d finished", n.Began, n.Finished)
		for _, l := range n.Lessons {
			text += fmt.Sprintf(", %s %d/%d/%d", l.LessonID, l.Opened, l.Done, l.Last)
		}
		return text
	}
	if got := counts(); got != "0 began, 0 finished, l1 0/0/0, l2 0/0/0" {
		t.Errorf("before: %s", got)
	}
	for i, name := range []string{"linwei", "wang", "zhao"} {
		token, id := w.learner(name)
		w.grants(id, c, "go1full", time.Now())
		w.do("GET", "/api/courses/go1/lessons/l2", token, nil).is(200)
		w.do("GET", "/api/courses/go1/lessons/l2", token, nil).is(200)
		if i > 0 {
			w.do("PUT", "/api/enrolments/go1/progress", token, `{"lesson_id":"l2","done":true}`).is(200)
		}
		if i > 1 {
			w.do("PUT", "/api/enrolments/go1/progress", token, `{"lesson_id":"l1","done":true}`).is(200)
		}
	}
	want := "3 began, 1 finished, l1 1/1/0, l2 3/2/2"
	if got := counts(); got != want {
		t.Errorf("counted: %s, want %s", got, want)
	}
	// A count that was lost, or never made, as of learners from before there were counts.
	if err := w.store.LearningCounts.Add(t.Context(), "go1", map[string]int64{"began": -2, "lessons.l2.done": -5, "lessons.gone.last": 4}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // once a day: the second changes nothing
		if err := w.deps.Learning.Counts.Recount(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := counts(); got != want {
			t.Errorf("counted again: %s, want %s", got, want)
		}
	}
	w.do("GET", "/api/admin/courses/go1/learning", w.staff("mark", shop.RoleMarketer), nil).is(403)
	w.do("GET", "/api/admin/courses/go9/learning", editor, nil).is(404, "COURSE_NOT_FOUND")
}
