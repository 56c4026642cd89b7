package sample

import (
	"strings"
	"testing"
	"unicode/utf8"

	"mstm/lessontext"
	"mstm/shop"
)

// TestTexts_EveryCategory_HasACourseWithTwoWrittenOut renders each text as the shop does.
func TestTexts_EveryCategory_HasACourseWithTwoWrittenOut(t *testing.T) {
	courses, there := map[string]shop.Course{}, map[string]bool{}
	for _, c := range Courses(now) {
		courses[c.ID] = c
	}
	for _, f := range Files() {
		there[f.ID] = true
	}
	written := map[string]int{} // by course
	for _, text := range Texts() {
		c := courses[text.CourseID]
		l, ok := c.Lesson(text.LessonID)
		if !ok || l.Kind != shop.LessonText {
			t.Errorf("%s has no text lesson %s", text.CourseID, text.LessonID)
		}
		if n := utf8.RuneCountInString(text.Text); n < 300 || !strings.Contains(text.Text, "\n## ") {
			t.Errorf("%s %s: %d characters in one part", text.CourseID, text.LessonID, n)
		}
		made, err := lessontext.Render(text.Text)
		if err != nil {
			t.Errorf("%s %s: %v", text.CourseID, text.LessonID, err)
			continue
		}
		for _, id := range made.Pictures() {
			if !there[id] {
				t.Errorf("%s %s shows %s, which is no file of the sample", text.CourseID, text.LessonID, id)
			}
		}
		written[text.CourseID]++
	}
	shelves := map[string]bool{}
	for id, n := range written {
		if n >= 2 {
			shelves[courses[id].CategoryID] = true
		}
	}
	if len(shelves) != len(Categories()) {
		t.Errorf("texts are written out in %v", shelves)
	}
}

func TestFiles_EveryPreviewOfAVideo_Plays(t *testing.T) {
	there, size := map[string]bool{}, 0
	for _, f := range Files() {
		there[f.ID] = true
		if f.ID == filmID || f.ID == tuneID {
			size += len(f.Body)
		}
	}
	if size == 0 || size > 2<<20 {
		t.Errorf("film and sound have %d bytes", size)
	}
	kinds := map[string]int{}
	for _, c := range Courses(now) {
		for _, id := range shop.MediaOf(c.Chapters) {
			if !there[id] {
				t.Errorf("%s names the file %s, which the sample has not", c.ID, id)
			}
		}
		for _, ch := range c.Chapters {
			for _, l := range ch.Lessons {
				if l.Preview && l.MediaID == "" {
					t.Errorf("%s: the preview %s plays nothing", c.ID, l.ID)
				}
				if l.MediaID != "" {
					kinds[l.Kind]++
				}
			}
		}
	}
	if kinds[shop.LessonVideo] == 0 || kinds[shop.LessonAudio] == 0 {
		t.Errorf("%v", kinds)
	}
}
