package shop

import (
	"testing"
	"time"
)

func TestProgressReport_Of_IsBoundedByTheLessonAndTheClock(t *testing.T) {
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *time.Time { when := now.Add(d); return &when }
	for _, tt := range []struct {
		name     string
		report   ProgressReport
		length   int
		position int
		at       time.Duration // from now
		done     bool
	}{
		{"without a time it is now", ProgressReport{Position: 30}, 600, 30, 0, false},
		{"a time in the past is kept", ProgressReport{Position: 30, At: at(-time.Hour)}, 600, 30, -time.Hour, false},
		{"a time in the future is a wrong clock's", ProgressReport{Position: 30, At: at(time.Hour)}, 600, 30, 0, false},
		{"behind the end is the end", ProgressReport{Position: 800}, 600, 600, 0, true},
		{"one second short of 90 percent", ProgressReport{Position: 539}, 600, 539, 0, false},
		{"90 percent", ProgressReport{Position: 540}, 600, 540, 0, true},
		{"the end of a text", ProgressReport{Done: true}, 0, 0, 0, true},
		{"a lesson whose length is not known is done by no position", ProgressReport{Position: 9000}, 0, 9000, 0, false},
		{"the last second of a day", ProgressReport{Position: MaxPosition}, 0, MaxPosition, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := tt.report.Of(tt.length, now)
			if l.Position() != tt.position || !l.Newest.At().Equal(now.Add(tt.at)) || l.Done != tt.done || l.FurthestEver() != tt.position {
				t.Errorf("%+v at %v", l.View(), l.Newest.At())
			}
		})
	}
}

func TestProgressReport_Check_RefusesWhatNoLessonHas(t *testing.T) {
	unset := time.Unix(0, 0)
	for param, r := range map[string]ProgressReport{
		"lesson_id": {LessonID: "$where"}, "position_s": {LessonID: "l1", Position: MaxPosition + 1}, "watched_s": {LessonID: "l1", Watched: -1}, "at": {LessonID: "l1", At: &unset},
	} {
		e, _ := r.Check().(*Error)
		if e == nil || e.Param != param || e.Code != ErrInvalidField.Code {
			t.Errorf("%s: %v", param, e)
		}
	}
}

func TestCourseProgress_Summary_CountsTheOutlineAsItIsNow(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	c := &Course{ID: "go1", Chapters: []Chapter{{Lessons: []Lesson{{ID: "l1"}, {ID: "l2"}}}}}
	p := NoProgress("ann:go1")
	if s := p.Summary(c); s.Lessons != 2 || s.LessonsDone != 0 || s.LastLessonID != "" || s.UpdatedAt != nil || s.Finished {
		t.Errorf("nothing opened: %+v", s)
	}
	p = p.With("l2", LessonProgress{OpenedAt: at, Done: true}).With("gone", LessonProgress{OpenedAt: at.Add(time.Hour), Done: true})
	p = p.With("l1", LessonProgress{OpenedAt: at.Add(-time.Hour), Newest: NewProgressMark(at.Add(time.Minute), 5)})
	if s := p.Summary(c); s.LessonsDone != 1 || s.LastLessonID != "l1" || !s.UpdatedAt.Equal(at.Add(time.Minute)) || s.Finished {
		t.Errorf("one of two done: %+v", s)
	}
	if s := p.With("l1", LessonProgress{OpenedAt: at, Done: true}).Summary(c); s.LessonsDone != 2 || !s.Finished {
		t.Errorf("all done: %+v", s)
	}
	if s := p.Summary(&Course{}); s.Finished {
		t.Errorf("a course without lessons is finished: %+v", s)
	}
}

func TestCourseProgress_Changes_FollowTheLearner(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	c := &Course{ID: "go1", Chapters: []Chapter{{Lessons: []Lesson{{ID: "l1", Preview: true}, {ID: "l2"}}}}}
	steps := []struct {
		name string
		do   func(p *CourseProgress) *CourseProgress
		want LearningCounts
	}{
		{"a preview begins nothing", func(p *CourseProgress) *CourseProgress { return p.With("l1", LessonProgress{OpenedAt: at}) },
			LearningCounts{Lessons: map[string]LessonsCount{"l1": {Opened: 1, Last: 1}}}},
		{"the next lesson", func(p *CourseProgress) *CourseProgress {
			return p.With("l2", LessonProgress{OpenedAt: at.Add(time.Minute)})
		}, LearningCounts{Began: 1, Lessons: map[string]LessonsCount{"l1": {Opened: 1}, "l2": {Opened: 1, Last: 1}}}},
		{"a position changes no count", func(p *CourseProgress) *CourseProgress {
			return p.With("l1", LessonProgress{OpenedAt: at.Add(time.Hour), Newest: NewProgressMark(at, 9)})
		}, LearningCounts{Began: 1, Lessons: map[string]LessonsCount{"l1": {Opened: 1}, "l2": {Opened: 1, Last: 1}}}},
		{"done", func(p *CourseProgress) *CourseProgress {
			return p.With("l1", LessonProgress{OpenedAt: at, Done: true}).With("l2", LessonProgress{OpenedAt: at.Add(time.Hour), Done: true})
		}, LearningCounts{Began: 1, Lessons: map[string]LessonsCount{"l1": {Opened: 1, Done: 1}, "l2": {Opened: 1, Done: 1, Last: 1}}}},
		{"finished", func(p *CourseProgress) *CourseProgress { done := *p; done.FinishedAt = &at; return &done },
			LearningCounts{Began: 1, Finished: 1, Lessons: map[string]LessonsCount{"l1": {Opened: 1, Done: 1}, "l2": {Opened: 1, Done: 1}}}},
	}
	p, sums := NoProgress("ann:go1"), map[string]int64{}
	for _, step := range steps {
		next := step.do(p)
		for field, n := range p.Changes(next, c) {
			sums[field] += n
		}
		p = next
		left := step.want.Negative()
		for field, n := range sums {
			left[field] += n
		}
		for field, n := range left {
			if n != 0 {
				t.Errorf("%s: %s is off by %d", step.name, field, n)
			}
		}
	}
}
