package handlers

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/handlers/desk"
	"mstm/learning"
	"mstm/shop"
)

// teaches puts a course with a text lesson on sale and returns the lesson's address, as learners and as editors have it.
func (w *world) teaches(id string, change func(*shop.Lesson)) (c *shop.Course, lesson, text string) {
	w.t.Helper()
	c = ladderCourse(id)
	l := &c.Chapters[0].Lessons[1]
	l.Kind = shop.LessonText
	if change != nil {
		change(l)
	}
	w.sells(c)
	return c, "/api/courses/" + id + "/lessons/" + l.ID, "/api/admin/courses/" + id + "/lessons/" + l.ID + "/text"
}

var pictureAddress = regexp.MustCompile(`<img src="([^"]+)"`)

func TestLessonText_Written_IsReadByLearnersAlone(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", shop.RoleEditor)
	c, lesson, text := w.teaches("go1", nil)
	token, id := w.learner("lin")
	other, _ := w.learner("wang")
	w.grants(id, c, "go1full", time.Now())
	m := w.uploads(editor, aPicture(t))

	if v := as[learning.LessonTextView](w.do("GET", text, editor, nil).is(200)); v.Version != 0 || v.Text != "" || v.HTML != "" {
		t.Fatalf("%+v", v)
	}
	v := as[learning.LessonTextView](w.do("PUT", text, editor, map[string]any{"text": "# 题\n\n一段。<script>alert(1)</script>\n\n![图](media:" + m.ID + ")", "version": 0}).is(200))
	if v.Version != 1 || !strings.Contains(v.HTML, "<h1>题</h1>") || strings.Contains(v.HTML, "script") || v.UpdatedBy == "" || v.UpdatedAt == nil {
		t.Fatalf("%+v", v)
	}
	preview := pictureAddress.FindStringSubmatch(v.HTML)[1]
	w.do("GET", preview, editor, nil).is(200)
	w.do("GET", preview, token, nil).is(403, "PLAYBACK_ADDRESS")

	w.do("GET", text, token, nil).is(403, "FORBIDDEN")
	w.do("PUT", text, token, map[string]any{"text": "a"}).is(403, "FORBIDDEN")
	w.do("GET", lesson, "", nil).is(401)
	w.do("GET", lesson, other, nil).is(403, "ENROLMENT_REQUIRED")
	answer := w.do("GET", lesson, token, nil).is(200)
	l := as[lessonView](answer)
	if l.Kind != "text" || l.Playback == nil || l.Playback.Kind != "text" || l.Playback.URL != "" || !strings.Contains(l.HTML, "<h1>题</h1>") {
		t.Fatalf("%s", answer.Body)
	}
	picture := pictureAddress.FindStringSubmatch(l.HTML)[1]
	cookie, _, _ := strings.Cut(answer.Header.Get("Set-Cookie"), ";")
	if got := w.do("GET", picture, "", nil, "Cookie", cookie).is(200); got.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("%v", got.Header)
	}
	w.do("GET", picture, "", nil).is(403, "PLAYBACK_ADDRESS")
	w.do("GET", picture, other, nil).is(403, "PLAYBACK_ADDRESS")
	w.do("DELETE", "/api/admin/media/"+m.ID, editor, nil).is(409, "MEDIA_IN_USE")
	if strings.Contains(string(w.do("GET", "/api/courses/go1", token, nil).is(200).Body), "一段") {
		t.Fatal("the course's page has the text")
	}

	_, err := w.store.Enrolments.Change(t.Context(), id, "go1", func(e *shop.Enrolment) error { e.Grants = nil; return nil })
	if err != nil {
		t.Fatal(err)
	}
	w.do("GET", picture, "", nil, "Cookie", cookie).is(403, "ENROLMENT_REQUIRED")
	w.do("PUT", text, editor, map[string]any{"text": "没有图", "version": 1}).is(200)
	w.grants(id, c, "go1full", time.Now())
	w.do("GET", picture, "", nil, "Cookie", cookie).is(403, "PLAYBACK_ADDRESS")
	w.do("GET", preview, editor, nil).is(200)
	w.do("POST", "/api/logout", editor, nil)
	if got := w.do("GET", preview, editor, nil); got.Status != 401 && got.Status != 403 {
		t.Errorf("a preview's picture after the session: %d", got.Status)
	}
}

func TestLessonText_OfADraft_IsHidden(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", shop.RoleEditor)
	made := as[desk.Course](w.do("POST", "/api/admin/courses", editor, map[string]any{
		"title": "课", "category_id": "code", "teacher": map[string]string{"name": "林"},
		"chapters": []any{map[string]any{"title": "一", "lessons": []any{map[string]any{"title": "一", "kind": "text", "preview": true}}}},
	}).is(201))
	lesson := made.Chapters[0].Lessons[0].ID
	w.do("PUT", "/api/admin/courses/"+made.ID+"/lessons/"+lesson+"/text", editor, map[string]any{"text": "一"}).is(200)
	w.do("GET", "/api/courses/"+made.ID+"/lessons/"+lesson, "", nil).is(404, "COURSE_NOT_FOUND")
	w.do("PUT", "/api/admin/courses/"+made.ID+"/lessons/none/text", editor, map[string]any{"text": "一"}).is(404, "LESSON_NOT_FOUND")
	w.do("PUT", "/api/admin/courses/none/lessons/none/text", editor, map[string]any{"text": "一"}).is(404, "COURSE_NOT_FOUND")
}

func TestLessonText_WhatCannotBeShown_IsRefused(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", shop.RoleEditor)
	_, _, text := w.teaches("go1", nil)
	vtt := w.uploads(editor, []byte("WEBVTT\n\n00:01.000 --> 00:02.000\na\n"))
	put := func(source string) answer {
		t.Helper()
		return w.do("PUT", text, editor, map[string]any{"text": source})
	}
	put("![a](https://example.com/a.png)").is(400, "LESSON_TEXT_PICTURE")
	put("![a](media:nothing)").is(400, "LESSON_TEXT_PICTURE")
	put("![a](media:"+vtt.ID+")").is(400, "LESSON_TEXT_PICTURE")
	put(strings.Repeat("> ", 100)+"a").is(400, "LESSON_TEXT_TOO_COMPLEX")
	put(strings.Repeat("课", learning.MaxLessonText/3+1)).is(413, "LESSON_TEXT_TOO_LONG")
	put(strings.Repeat("a", maxTextBody)).is(413, "LESSON_TEXT_TOO_LONG")
	put(strings.Repeat("课", learning.MaxLessonText/3)).is(200)
	w.do("PUT", text, editor, map[string]any{"text": "a", "html": "<b>"}).is(400, "UNKNOWN_FIELD")
	w.do("PUT", text, editor, map[string]any{"version": "1", "text": "a"}).is(400, "INVALID_FIELD")
}

// TestLessonText_TwoEditorsAtOnce_OneIsToldToReadAgain has ten of them write on what they all have read.
func TestLessonText_TwoEditorsAtOnce_OneIsToldToReadAgain(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", shop.RoleEditor)
	_, _, text := w.teaches("go1", nil)
	w.do("PUT", text, editor, map[string]any{"text": "一", "version": 0}).is(200)
	var all sync.WaitGroup
	var mu sync.Mutex
	won, lost := 0, 0
	for n := range 10 {
		all.Go(func() {
			body, _ := json.Marshal(map[string]any{"text": fmt.Sprint("稿", n), "version": 1})
			a := w.do("PUT", text, editor, body, "Content-Type", "application/json")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case a.Status == 200:
				won++
			case a.Status == 409 && strings.Contains(string(a.Body), "EDIT_CONFLICT"):
				lost++
			}
		})
	}
	all.Wait()
	if won != 1 || lost != 9 {
		t.Fatalf("%d edits were kept, %d refused", won, lost)
	}
	if v := as[learning.LessonTextView](w.do("GET", text, editor, nil).is(200)); v.Version != 2 {
		t.Fatalf("%+v", v)
	}
}
