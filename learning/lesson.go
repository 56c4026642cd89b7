package learning

import (
	"context"

	"mstm/shop"
)

// Lessons are lessons as they open for viewers.
type Lessons struct {
	cfg      Config
	doors    *doors
	playback *Playback
	progress *Progress
	texts    *Texts
}

// Opening is what comes with the wish to open a lesson.
type Opening struct {
	TakeOver bool   // take the place of the device that has played longest
	Cookie   string // the browser's from an earlier lesson; "": none
}

// OpenLesson is a lesson that has opened.
type OpenLesson struct {
	Course   *shop.Course
	Lesson   shop.Lesson
	Playback *PlaybackView            // nil: there is no file to play
	HTML     string                   // of a text; "": there is none
	Progress *shop.LessonProgressView // nil: the viewer has none
	Cookie   string                   // for the browser to keep; "": none

	Attachments []AttachmentView
}

// Open opens a lesson for a viewer, or refuses. Every opened lesson that is no preview is noted: how many were is part
// of the refund rule.
func (s *Lessons) Open(ctx context.Context, v Viewer, courseID, lessonID string, o Opening) (OpenLesson, error) {
	c, l, err := s.doors.open(ctx, v, courseID, lessonID)
	if err != nil {
		return OpenLesson{}, err
	}
	opened := OpenLesson{Course: c, Lesson: l}
	if err := s.give(ctx, v, courseID, &opened, o); err != nil {
		return OpenLesson{}, err
	}
	opened.Progress, err = s.progress.open(ctx, v, c, l)
	return opened, err
}

// give adds what the lesson has for the viewer: its text, or else where its file is played, and its attachments. Addresses
// are bound to the session and to the browser, unless the lesson is a preview.
func (s *Lessons) give(ctx context.Context, v Viewer, courseID string, opened *OpenLesson, o Opening) (err error) {
	l := opened.Lesson
	a := pass{}
	if l.Preview {
		a, err = s.playback.openPass(ctx, courseID, l.ID)
	} else {
		a, err = s.playback.passFor(ctx, v, courseID, l.ID, o.Cookie)
	}
	if err != nil {
		return err
	}
	opened.Cookie = a.cookie
	if l.Kind == shop.LessonText {
		t, err := s.cfg.Store.Texts.Get(ctx, courseID, l.ID)
		if err != nil {
			return err
		}
		if opened.HTML, err = s.texts.html(t, func(id string) string { return a.address(usePicture, id) }); err != nil {
			return err
		}
	}
	if opened.HTML != "" {
		opened.Playback = &PlaybackView{Kind: "text", ExpiresAt: a.Until.UTC()}
	} else if opened.Playback, err = s.playback.begin(ctx, v, l, o.TakeOver, a); err != nil {
		return err
	}
	opened.Attachments, err = s.playback.attachments(ctx, l, a)
	return err
}
