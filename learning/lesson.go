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
	Progress *shop.LessonProgressView // nil: the viewer has none
	Cookie   string                   // for the browser to keep; "": none
}

// Open opens a lesson for a viewer, or refuses. Every opened lesson that is no preview is noted: how many were is part
// of the refund rule.
func (s *Lessons) Open(ctx context.Context, v Viewer, courseID, lessonID string, o Opening) (OpenLesson, error) {
	c, l, err := s.doors.open(ctx, v, courseID, lessonID)
	if err != nil {
		return OpenLesson{}, err
	}
	opened := OpenLesson{Course: c, Lesson: l}
	if opened.Playback, opened.Cookie, err = s.playback.begin(ctx, v, courseID, l, o); err != nil {
		return OpenLesson{}, err
	}
	opened.Progress, err = s.progress.open(ctx, v, c, l)
	return opened, err
}
