package learning

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mstm/lessontext"
	"mstm/shop"
	"mstm/store"
)

// MaxLessonText is how long the text of a lesson may be, in bytes.
const MaxLessonText = 200 << 10

// Texts are the texts of lessons, as editors write them and viewers read them.
type Texts struct {
	cfg      Config
	playback *Playback
	rendered *lessontext.Cache
}

// LessonTextView is a text as its editor sees it. Version is 0 where none was written yet.
type LessonTextView struct {
	CourseID  string     `json:"course_id"`
	LessonID  string     `json:"lesson_id"`
	Text      string     `json:"text"`
	Version   int64      `json:"version"`
	HTML      string     `json:"html"`
	UpdatedAt *time.Time `json:"updated_at,omitempty"`
	UpdatedBy string     `json:"updated_by,omitempty"`
}

// Show is the text of a lesson of any course, drafts included, with a preview for the editor. The second result is the
// cookie for the editor's browser to keep, by which the preview's pictures open.
func (s *Texts) Show(ctx context.Context, v Viewer, courseID, lessonID, cookie string) (LessonTextView, string, error) {
	if err := s.checkLesson(ctx, courseID, lessonID); err != nil {
		return LessonTextView{}, "", err
	}
	t, err := s.cfg.Store.Texts.Get(ctx, courseID, lessonID)
	if err != nil {
		return LessonTextView{}, "", err
	}
	return s.view(ctx, v, t, cookie)
}

// Put writes the text of a lesson. Where version is the one that the editor has read and another one is there, it
// is shop.ErrEditConflict. Its pictures are held before it is written, so that none is deleted in between.
func (s *Texts) Put(ctx context.Context, v Viewer, courseID, lessonID, text string, version *int64, cookie string) (LessonTextView, string, error) {
	if err := s.checkLesson(ctx, courseID, lessonID); err != nil {
		return LessonTextView{}, "", err
	}
	if len(text) > MaxLessonText {
		return LessonTextView{}, "", shop.ErrLessonTextTooLong
	}
	made, err := lessontext.Render(text)
	if err != nil {
		return LessonTextView{}, "", err
	}
	if err := s.holdPictures(ctx, made.Pictures()); err != nil {
		return LessonTextView{}, "", err
	}
	t, err := s.cfg.Store.Texts.Put(ctx, store.LessonText{
		CourseID: courseID, LessonID: lessonID, Text: text, Media: made.Pictures(), By: v.UserID,
	}, version)
	if err != nil {
		return LessonTextView{}, "", err
	}
	if err := s.note(ctx, t); err != nil {
		return LessonTextView{}, "", err
	}
	return s.view(ctx, v, t, cookie)
}

// holdPictures keeps the pictures of a text that is about to be written.
func (s *Texts) holdPictures(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if s.cfg.Hold == nil {
		return shop.ErrUnavailable
	}
	err := s.cfg.Hold(ctx, ids...)
	if errors.Is(err, shop.ErrMediaNotFound) || errors.Is(err, shop.ErrMediaNotReady) {
		return shop.ErrLessonTextPicture.At("text")
	}
	if err != nil {
		return err
	}
	for _, id := range ids {
		m, err := s.cfg.Store.Media.Get(ctx, id)
		if err != nil {
			return err
		}
		if m.Kind != shop.KindImage {
			return shop.ErrLessonTextPicture.At("text")
		}
	}
	return nil
}

// note writes the edit into the audit, once a version.
func (s *Texts) note(ctx context.Context, t *store.LessonText) error {
	return s.cfg.Store.Audit.Add(ctx, store.AuditRow{
		ID: fmt.Sprintf("text:%s:%d", t.ID, t.V), Object: "course:" + t.CourseID, Act: "lesson text", By: t.By, At: t.UpdatedAt,
		Data: map[string]string{"lesson": t.LessonID, "version": fmt.Sprint(t.V), "bytes": fmt.Sprint(len(t.Text))},
	})
}

// checkLesson reports whether a course, drafts included, has the lesson now.
func (s *Texts) checkLesson(ctx context.Context, courseID, lessonID string) error {
	c, err := s.cfg.Store.Courses.Get(ctx, courseID)
	if err != nil {
		return err
	}
	if _, ok := c.Lesson(lessonID); !ok {
		return shop.ErrLessonNotFound
	}
	return nil
}

func (s *Texts) view(ctx context.Context, v Viewer, t *store.LessonText, cookie string) (LessonTextView, string, error) {
	view := LessonTextView{CourseID: t.CourseID, LessonID: t.LessonID, Text: t.Text, Version: t.V, UpdatedBy: t.By}
	if t.V == 0 {
		return view, "", nil
	}
	at := t.UpdatedAt.UTC()
	view.UpdatedAt = &at
	p, err := s.playback.passFor(ctx, v, t.CourseID, t.LessonID, cookie)
	if err != nil {
		return view, "", err
	}
	view.HTML, err = s.html(t, func(id string) string { return p.address(useDesk, id) })
	return view, p.cookie, err
}

// html is a text with the addresses of its pictures; one that was never written is "".
func (s *Texts) html(t *store.LessonText, address func(mediaID string) string) (string, error) {
	if t.V == 0 {
		return "", nil
	}
	made, err := s.rendered.Render(t.ID, t.V, t.Text)
	if err != nil {
		return "", err
	}
	return made.HTML(address), nil
}
