package media_test

import (
	"testing"
	"time"

	"mstm/media"
	"mstm/shop"
	"mstm/store"
)

func (s *site) sweeps(i *instance, rows int, when string) {
	s.t.Helper()
	if err := i.Sweep(s.t.Context()); err != nil || s.rows() != rows {
		s.t.Fatalf("%s: %d rows, want %d; %v", when, s.rows(), rows, err)
	}
}

// TestSweep_LessonRemovedFromAnOldCourse_KeepsItsFileForAWeek has a file that was uploaded, and last written, long before
// the lesson that had it went.
func TestSweep_LessonRemovedFromAnOldCourse_KeepsItsFileForAWeek(t *testing.T) {
	s := newSite(t, openStorage(t, ""))
	i := s.instance()
	m, _ := i.upload("a.png", picture(t, 5000))
	if err := i.Hold(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	lesson := shop.Lesson{ID: "l1", Title: "1", Kind: "video", MediaID: m.ID}
	if _, err := s.db.Courses.Insert(t.Context(), &shop.Course{ID: "c1", Title: "t", Chapters: []shop.Chapter{{Title: "1", Lessons: []shop.Lesson{lesson}}}}); err != nil {
		t.Fatal(err)
	}
	outline := func(lessons ...shop.Lesson) {
		t.Helper()
		_, err := s.db.Courses.Change(t.Context(), "c1", func(c *shop.Course) error { c.Chapters[0].Lessons = lessons; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	s.pass(300 * 24 * time.Hour)
	s.sweeps(i, 1, "in use")
	outline()
	s.sweeps(i, 1, "just taken out of the lesson")
	s.pass(media.UnusedAge - time.Hour)
	s.sweeps(i, 1, "within the week")

	if err := i.Hold(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	outline(lesson)
	s.pass(2 * time.Hour)
	s.sweeps(i, 1, "in use again")
	outline()
	s.sweeps(i, 1, "taken out again")
	s.pass(media.UnusedAge - time.Hour)
	s.sweeps(i, 1, "within the second week")
	s.pass(2 * time.Hour)
	s.sweeps(i, 0, "after the week")
}

// TestSweepAndDelete_FilesOfEveryUse_Stay has files that a lesson attaches, captions with and shows in its text, in rows of
// the version before, which no lesson has held.
func TestSweepAndDelete_FilesOfEveryUse_Stay(t *testing.T) {
	s := newSite(t, openStorage(t, ""))
	i := s.instance()
	ids := map[string]string{}
	for _, use := range []string{"attachment", "caption", "text", "none", "text of a lesson that is gone"} {
		m, _ := i.upload("a.png", picture(t, 500))
		ids[use] = m.ID
	}
	lesson := shop.Lesson{
		ID: "l1", Title: "1", Kind: "text", Attachments: []shop.Attachment{{MediaID: ids["attachment"], Name: "a"}},
		Captions: []shop.Caption{{MediaID: ids["caption"], Language: "zh", Label: "中文"}},
	}
	if _, err := s.db.Courses.Insert(t.Context(), &shop.Course{ID: "c1", Title: "t", Chapters: []shop.Chapter{{Title: "1", Lessons: []shop.Lesson{lesson}}}}); err != nil {
		t.Fatal(err)
	}
	for lesson, use := range map[string]string{"l1": "text", "l2": "text of a lesson that is gone"} {
		if _, err := s.db.LessonTexts.Put(t.Context(), store.LessonText{CourseID: "c1", LessonID: lesson, Text: "a", Media: []string{ids[use]}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, use := range []string{"attachment", "caption", "text"} {
		if err := i.Delete(t.Context(), ids[use]); shop.CodeOf(err) != shop.ErrMediaInUse.Code {
			t.Errorf("%s is deleted: %v", use, err)
		}
	}
	s.pass(media.UnusedAge + time.Hour)
	s.sweeps(i, 3, "unused files go")
}
