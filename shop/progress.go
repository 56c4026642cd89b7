package shop

import (
	"cmp"
	"time"
)

// Limits of what a device reports.
const (
	MaxPosition = maxDuration // seconds: no lesson is longer
	doneAt      = 90          // percent of a lesson's length
)

// CourseProgress is how far a learner has come in a course. It is apart from the enrolment, so
// that watching never contends with money. Lessons are keyed by their id.
type CourseProgress struct {
	ID         string                    `bson:"_id"` // user:course
	Lessons    map[string]LessonProgress `bson:"lessons"`
	FinishedAt *time.Time                `bson:"finished_at,omitempty"` // when the learner was congratulated, once for ever
}

// LessonProgress is one lesson of it. Each field only ever grows or, OpenedAt, shrinks, so that reports of
// several devices come to the same in whatever order they arrive, and a database merges one by $max and $min
// without a read.
type LessonProgress struct {
	OpenedAt time.Time    `bson:"opened_at"`
	Newest   ProgressMark `bson:"newest,omitempty"`
	Furthest int          `bson:"furthest_s,omitempty"`
	Watched  int          `bson:"watched_s,omitempty"`
	Done     bool         `bson:"done"`

	// Old is the position as the version before wrote it, without a time: any mark is newer.
	Old int `bson:"position_s,omitempty"`
}

// ProgressMark is a position and when it was true, in one number that orders by the time and, at the same
// millisecond, by the position: of two marks the greater holds.
type ProgressMark int64

const positionBits = 17 // MaxPosition is less than 1<<17

// NewProgressMark is the mark of a position in seconds.
func NewProgressMark(at time.Time, position int) ProgressMark {
	return ProgressMark(at.UnixMilli()<<positionBits | int64(position))
}

// Position is in seconds.
func (m ProgressMark) Position() int { return int(m & (1<<positionBits - 1)) }

// At is when the position was true, to the millisecond, in UTC.
func (m ProgressMark) At() time.Time { return time.UnixMilli(int64(m >> positionBits)).UTC() }

// ProgressReport is what one device says of one lesson.
type ProgressReport struct {
	LessonID string
	Position int        // seconds
	Watched  int        // seconds that were played, as this device counts them
	Done     bool       // to the end of a text
	At       *time.Time // when Position was true; nil: now
}

// Check refuses a report that cannot be true of any lesson.
func (r ProgressReport) Check() error {
	switch {
	case !ValidID(r.LessonID):
		return ErrInvalidField.At("lesson_id")
	case r.Position < 0 || r.Position > MaxPosition:
		return ErrInvalidField.At("position_s")
	case r.Watched < 0 || r.Watched > MaxPosition:
		return ErrInvalidField.At("watched_s")
	case r.At != nil && r.At.Before(firstReport):
		return ErrInvalidField.At("at")
	}
	return nil
}

// firstReport is before any: an earlier time is a clock that was never set.
var firstReport = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Of is the report as progress in a lesson that is length seconds long, 0 where that is not known. A time in
// the future is a wrong clock's and counts as now; a position behind the end is the end.
func (r ProgressReport) Of(length int, now time.Time) LessonProgress {
	position, at := r.Position, now
	if length > 0 {
		position = min(position, length)
	}
	if r.At != nil && r.At.Before(now) {
		at = *r.At
	}
	return LessonProgress{
		OpenedAt: now.UTC().Truncate(time.Millisecond), Newest: NewProgressMark(at, position), Furthest: position, Watched: r.Watched,
		Done: r.Done || length > 0 && position*100 >= length*doneAt,
	}
}

// Merge is what both come to: the newest position, the furthest ever, done where either is.
func (p LessonProgress) Merge(q LessonProgress) LessonProgress {
	if q.OpenedAt.IsZero() || !p.OpenedAt.IsZero() && p.OpenedAt.Before(q.OpenedAt) {
		q.OpenedAt = p.OpenedAt
	}
	return LessonProgress{
		OpenedAt: q.OpenedAt, Newest: max(p.Newest, q.Newest), Furthest: max(p.Furthest, q.Furthest),
		Watched: max(p.Watched, q.Watched), Done: p.Done || q.Done, Old: max(p.Old, q.Old),
	}
}

// Position is where the learner goes on, in seconds.
func (p LessonProgress) Position() int {
	if p.Newest == 0 {
		return p.Old
	}
	return p.Newest.Position()
}

// FurthestEver is the furthest position, in seconds.
func (p LessonProgress) FurthestEver() int { return max(p.Furthest, p.Old, p.Newest.Position()) }

// UpdatedAt is when Position was true.
func (p LessonProgress) UpdatedAt() time.Time {
	if p.Newest == 0 {
		return p.OpenedAt.UTC()
	}
	return p.Newest.At()
}

// seenAt is when the learner was last in the lesson.
func (p LessonProgress) seenAt() time.Time {
	if at := p.UpdatedAt(); at.After(p.OpenedAt) {
		return at
	}
	return p.OpenedAt.UTC()
}

// LessonProgressView is the progress in one lesson as the learner's pages see it.
type LessonProgressView struct {
	OpenedAt  time.Time `json:"opened_at"`
	Position  int       `json:"position_s"`
	Furthest  int       `json:"furthest_s"`
	Watched   int       `json:"watched_s"`
	Done      bool      `json:"done"`
	UpdatedAt time.Time `json:"updated_at"`
}

// View is the progress with times in UTC.
func (p LessonProgress) View() LessonProgressView {
	return LessonProgressView{
		OpenedAt: p.OpenedAt.UTC(), Position: p.Position(), Furthest: p.FurthestEver(), Watched: p.Watched,
		Done: p.Done, UpdatedAt: p.UpdatedAt(),
	}
}

// NoProgress is the progress of a learner that has opened nothing of a course.
func NoProgress(id string) *CourseProgress {
	return &CourseProgress{ID: id, Lessons: map[string]LessonProgress{}}
}

// Opened reports whether a lesson was opened.
func (p *CourseProgress) Opened(lessonID string) bool {
	_, there := p.Lessons[lessonID]
	return there
}

// With is the progress with a lesson's merged in; p stays as it is.
func (p *CourseProgress) With(lessonID string, q LessonProgress) *CourseProgress {
	merged := CourseProgress{ID: p.ID, Lessons: make(map[string]LessonProgress, len(p.Lessons)+1), FinishedAt: p.FinishedAt}
	for id, l := range p.Lessons {
		merged.Lessons[id] = l
	}
	if had, there := merged.Lessons[lessonID]; there {
		q = had.Merge(q)
	}
	merged.Lessons[lessonID] = q
	return &merged
}

// ProgressSummary is the progress in a course as lists show it.
type ProgressSummary struct {
	LessonsDone  int        `json:"lessons_done"`
	Lessons      int        `json:"lessons"`
	LastLessonID string     `json:"last_lesson_id,omitempty"` // where the learner goes on
	UpdatedAt    *time.Time `json:"updated_at,omitempty"`
	Finished     bool       `json:"finished"` // every lesson of the outline as it is now is done
}

// Summary is the progress in the course as its outline is now. Lessons that have left the outline do not count.
func (p *CourseProgress) Summary(c *Course) ProgressSummary {
	s := ProgressSummary{Lessons: c.Lessons()}
	for _, id := range c.LessonIDs() {
		l, there := p.Lessons[id]
		if !there {
			continue
		}
		if l.Done {
			s.LessonsDone++
		}
		at := l.seenAt()
		if s.UpdatedAt == nil || cmp.Or(at.Compare(*s.UpdatedAt), cmp.Compare(id, s.LastLessonID)) > 0 {
			s.LastLessonID, s.UpdatedAt = id, &at
		}
	}
	s.Finished = s.Lessons > 0 && s.LessonsDone == s.Lessons
	return s
}

// LessonsCount is how many learners have opened a lesson, are done with it, and have it as the newest that they
// opened while the course is not finished: where they are, or stopped.
type LessonsCount struct {
	Opened int64 `bson:"opened" json:"opened"`
	Done   int64 `bson:"done" json:"done"`
	Last   int64 `bson:"last" json:"last"`
}

// LearningCounts are the numbers of learners of one course that editors see.
type LearningCounts struct {
	CourseID string                  `bson:"_id"`
	Began    int64                   `bson:"began"`
	Finished int64                   `bson:"finished"`
	Lessons  map[string]LessonsCount `bson:"lessons"`
}

// Negative are the counts with the sign turned, by the name of the field, as Changes has them.
func (n *LearningCounts) Negative() map[string]int64 {
	all := map[string]int64{"began": -n.Began, "finished": -n.Finished}
	for id, l := range n.Lessons {
		at := "lessons." + id + "."
		all[at+"opened"], all[at+"done"], all[at+"last"] = -l.Opened, -l.Done, -l.Last
	}
	return all
}

// Changes are what a change of one learner's progress adds to the counts of the course, by the name of the field;
// empty where nothing that is counted has changed. A learner begins with the first lesson that is no preview.
func (p *CourseProgress) Changes(now *CourseProgress, c *Course) map[string]int64 {
	all := map[string]int64{}
	add := func(field string, n int64) {
		if all[field] += n; all[field] == 0 {
			delete(all, field)
		}
	}
	if !p.began(c) && now.began(c) {
		add("began", 1)
	}
	if p.FinishedAt == nil && now.FinishedAt != nil {
		add("finished", 1)
	}
	for id, l := range now.Lessons {
		had, there := p.Lessons[id]
		if !there {
			add("lessons."+id+".opened", 1)
		}
		if l.Done && !had.Done {
			add("lessons."+id+".done", 1)
		}
	}
	if was := p.stands(); was != "" {
		add("lessons."+was+".last", -1)
	}
	if is := now.stands(); is != "" {
		add("lessons."+is+".last", 1)
	}
	return all
}

// began reports whether a lesson that is no preview was opened.
func (p *CourseProgress) began(c *Course) bool {
	for id := range p.Lessons {
		if l, there := c.Lesson(id); !there || !l.Preview {
			return true
		}
	}
	return false
}

// stands is the lesson that was opened last, "" before the first and once the course is finished.
func (p *CourseProgress) stands() (last string) {
	if p.FinishedAt != nil {
		return ""
	}
	for id, l := range p.Lessons {
		if last == "" || cmp.Or(l.OpenedAt.Compare(p.Lessons[last].OpenedAt), cmp.Compare(id, last)) > 0 {
			last = id
		}
	}
	return last
}
