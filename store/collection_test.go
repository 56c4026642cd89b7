package store

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"mstm/shop"
)

// TestChange_Refused_AnswersTheDocumentAsItIsStored: what a change tried before it found nothing to
// do, or failed, is in no document that is carried on.
func TestChange_Refused_AnswersTheDocumentAsItIsStored(t *testing.T) {
	s := open(t, t.TempDir())
	now := time.Now().UTC().Truncate(time.Millisecond)
	failure := errors.New("refused")
	if _, err := s.Enrolments.Change(t.Context(), "u", "c", func(e *shop.Enrolment) error {
		e.Grants = append(e.Grants, shop.Grant{OrderID: "o1", State: shop.GrantLive, At: now, From: now})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	course := &shop.Course{ID: newID(), Title: "Course", State: shop.CourseDraft, CreatedAt: now, Chapters: []shop.Chapter{{Title: "1", Lessons: []shop.Lesson{{ID: "l", Title: "a"}}}}}
	if _, err := s.Courses.Insert(t.Context(), course); err != nil {
		t.Fatal(err)
	}
	for name, refusal := range map[string]error{"nothing to write": Unchanged(), "a failure": failure} {
		t.Run(name, func(t *testing.T) {
			e, err := s.Enrolments.Change(t.Context(), "u", "c", func(e *shop.Enrolment) error {
				e.Grants[0].State = shop.GrantRevoked
				e.Grants = append(e.Grants, shop.Grant{OrderID: "o2"})
				return refusal
			})
			wantRefusal(t, refusal, err)
			stored, err := s.Enrolments.Get(t.Context(), "u", "c")
			if err != nil || !reflect.DeepEqual(e, stored) {
				t.Errorf("the enrolment is answered as %+v, stored as %+v, %v", e, stored, err)
			}
			c, err := s.Courses.Change(t.Context(), course.ID, func(c *shop.Course) error {
				c.Title, c.Chapters[0].Lessons[0].Title = "Another", "b"
				return refusal
			})
			wantRefusal(t, refusal, err)
			if c != nil && (c.Title != "Course" || c.Chapters[0].Lessons[0].Title != "a") {
				t.Errorf("the course is answered as %+v", c)
			}
		})
	}
}

// TestChange_RefusedOnNothing_AnswersTheBlankDocument: where there is no document, a refused change
// leaves no trace either, in the store or in the answer.
func TestChange_RefusedOnNothing_AnswersTheBlankDocument(t *testing.T) {
	s := open(t, t.TempDir())
	e, err := s.Enrolments.Change(t.Context(), "u", "none", func(e *shop.Enrolment) error {
		e.Grants = append(e.Grants, shop.Grant{OrderID: "o1"})
		return Unchanged()
	})
	if err != nil || e.UserID != "u" || e.CourseID != "none" || len(e.Grants) != 0 {
		t.Errorf("the enrolment is answered as %+v, %v", e, err)
	}
	if _, err := s.Enrolments.Get(t.Context(), "u", "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("it is stored: %v", err)
	}
}

// wantRefusal wants Change to return what refused it, and no error where nothing was to be written.
func wantRefusal(t *testing.T, refusal, err error) {
	t.Helper()
	if errors.Is(refusal, Unchanged()) {
		refusal = nil
	}
	if !errors.Is(err, refusal) {
		t.Errorf("the change ends with %v, not %v", err, refusal)
	}
}
