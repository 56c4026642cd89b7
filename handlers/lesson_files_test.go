package handlers

import (
	"mime"
	"strings"
	"testing"
	"time"

	"mstm/handlers/desk"
	"mstm/shop"
)

const someCaptions = "WEBVTT\n\n00:01.000 --> 00:02.000\n你好\n"

func TestLessonFiles_AttachmentsAndCaptions_AreForWhoMayOpenTheLesson(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(d *Deps) { d.Now = func() time.Time { return now } })
	editor := w.staff("edith", shop.RoleEditor)
	film := w.filmed("film1")
	sheet, captions := w.uploads(editor, aPicture(t)), w.uploads(editor, []byte(someCaptions))
	if captions.Kind != shop.KindCaption || captions.Type != "text/vtt" {
		t.Fatalf("%+v", captions)
	}
	c := ladderCourse("go1")
	l := &c.Chapters[0].Lessons[1]
	l.MediaID = film.ID
	l.Attachments = []shop.Attachment{{MediaID: sheet.ID, Name: "第一章 图"}, {MediaID: "gone", Name: "a"}, {MediaID: film.ID, Name: "原片.mp4"}}
	l.Captions = []shop.Caption{{MediaID: captions.ID, Language: "zh", Label: "中文"}, {MediaID: sheet.ID, Language: "en", Label: "no captions"}}
	w.sells(c)
	token, id := w.learner("lin")
	other, otherID := w.learner("wang")
	w.grants(id, c, "go1full", now)
	w.grants(otherID, c, "go1full", now)
	answer := w.do("GET", "/api/courses/go1/lessons/l2", token, nil).is(200)
	v := as[lessonView](answer)
	if len(v.Attachments) != 2 || v.Attachments[0].Name != "第一章 图.png" || v.Attachments[0].Size != sheet.Size || v.Attachments[0].ExpiresAt.Sub(now) > 15*time.Minute {
		t.Fatalf("%+v", v.Attachments)
	}
	if len(v.Playback.Captions) != 1 || v.Playback.Captions[0].Language != "zh" || v.Playback.Captions[0].Label != "中文" {
		t.Fatalf("%+v", v.Playback)
	}
	cookie, _, _ := strings.Cut(answer.Header.Get("Set-Cookie"), ";")
	got := w.do("GET", v.Attachments[0].URL, "", nil, "Cookie", cookie).is(200)
	how, params, err := mime.ParseMediaType(got.Header.Get("Content-Disposition"))
	if err != nil || how != "attachment" || params["filename"] != "第一章 图.png" || got.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Fatalf("%v", got.Header)
	}
	if got := w.do("GET", v.Attachments[1].URL, token, nil, "Range", "bytes=0-5").is(206); string(got.Body) != "source" {
		t.Fatalf("%s", got.Body) // a film that is attached is downloaded as it was uploaded
	}
	if got := w.do("GET", v.Playback.Captions[0].URL, "", nil, "Cookie", cookie).is(200); string(got.Body) != someCaptions || got.Header.Get("Content-Type") != "text/vtt; charset=utf-8" {
		t.Fatalf("%s %v", got.Body, got.Header)
	}
	addresses := []string{v.Attachments[0].URL, v.Attachments[1].URL, v.Playback.Captions[0].URL}
	for _, address := range addresses {
		w.do("GET", address, "", nil).is(403, "PLAYBACK_ADDRESS")
		w.do("GET", address, other, nil).is(403, "PLAYBACK_ADDRESS")
		under := strings.TrimSuffix(address, "file")
		for _, part := range []string{"index.m3u8", "0.key", "poster.jpg", "x"} {
			if got := w.do("GET", under+part, token, nil); got.Status != 403 && got.Status != 404 {
				t.Errorf("%s gives %d", part, got.Status)
			}
		}
	}
	w.do("GET", strings.TrimSuffix(v.Playback.URL, "index.m3u8")+"file", token, nil).is(403, "PLAYBACK_ADDRESS")
	for _, file := range []string{sheet.ID, captions.ID, film.ID} {
		w.do("DELETE", "/api/admin/media/"+file, editor, nil).is(409, "MEDIA_IN_USE")
	}

	t.Run("after their time", func(t *testing.T) {
		began := now
		now = now.Add(11 * time.Minute)
		for _, address := range addresses {
			w.do("GET", address, token, nil).is(403, "PLAYBACK_EXPIRED")
		}
		now = began
	})
	t.Run("taken out of the lesson", func(t *testing.T) {
		_, err := w.store.Courses.Change(t.Context(), "go1", func(c *shop.Course) error {
			c.Chapters[0].Lessons[1].Attachments = c.Chapters[0].Lessons[1].Attachments[1:]
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(soon); w.do("GET", addresses[0], token, nil).Status != 403; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the address still gives the file")
			}
		}
		w.do("GET", addresses[1], token, nil).is(200)
	})
	t.Run("the end of the access", func(t *testing.T) {
		_, err := w.store.Enrolments.Change(t.Context(), id, "go1", func(e *shop.Enrolment) error { e.Grants = nil; return nil })
		if err != nil {
			t.Fatal(err)
		}
		w.do("GET", addresses[1], token, nil).is(403, "ENROLMENT_REQUIRED")
		w.do("GET", addresses[2], token, nil).is(403, "ENROLMENT_REQUIRED")
	})
}

func TestLessonFiles_OfAPreview_AreForEverybody(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", shop.RoleEditor)
	sheet, captions := w.uploads(editor, aPicture(t)), w.uploads(editor, []byte(someCaptions))
	m := w.filmed("film1")
	if _, err := w.store.Media.Change(t.Context(), m.ID, func(m *shop.Media) error { m.Poster, m.Video = m.Video.Poster, nil; return nil }); err != nil {
		t.Fatal(err)
	}
	c := ladderCourse("go1")
	l := &c.Chapters[0].Lessons[0]
	l.MediaID, l.Attachments = m.ID, []shop.Attachment{{MediaID: sheet.ID, Name: "a.png"}}
	l.Captions = []shop.Caption{{MediaID: captions.ID, Language: "zh", Label: "中文"}}
	w.sells(c)
	v := as[lessonView](w.do("GET", "/api/courses/go1/lessons/l1", "", nil).is(200))
	for _, address := range []string{v.Attachments[0].URL, v.Playback.Captions[0].URL, v.Playback.URL, v.Playback.Poster} {
		w.do("GET", address, "", nil).is(200)
	}
}

// TestOutline_CaptionsThatAreNone_AreRefused names a picture as captions, and a file that is not there.
func TestOutline_CaptionsThatAreNone_AreRefused(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", shop.RoleEditor)
	picture, captions := w.uploads(editor, aPicture(t)), w.uploads(editor, []byte(someCaptions))
	course := func(lesson map[string]any) answer {
		lesson["title"], lesson["kind"] = "一", "audio"
		return w.do("POST", "/api/admin/courses", editor, map[string]any{
			"title": "课", "category_id": "code", "teacher": map[string]string{"name": "林"},
			"chapters": []any{map[string]any{"title": "一", "lessons": []any{lesson}}},
		})
	}
	caption := func(id string) []any {
		return []any{map[string]any{"media_id": id, "language": "zh-hans", "label": "中文"}}
	}
	course(map[string]any{"captions": caption(picture.ID)}).is(400, "INVALID_FIELD")
	course(map[string]any{"attachments": []any{map[string]any{"media_id": "nothing", "name": "a"}}}).is(400, "INVALID_FIELD")
	made := as[desk.Course](course(map[string]any{"captions": caption(captions.ID), "attachments": []any{map[string]any{"media_id": picture.ID, "name": "图"}}}).is(201))
	if l := made.Chapters[0].Lessons[0]; l.Kind != "audio" || l.Captions[0].Language != "zh-Hans" || l.Attachments[0].Name != "图" {
		t.Fatalf("%+v", l)
	}
}
