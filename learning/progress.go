package learning

import (
	"context"

	"mstm/shop"
)

// Progress is how far learners come.
type Progress struct {
	cfg   Config
	doors *doors
	files *fileRows
}

// CourseProgressView is all progress of a learner in a course.
type CourseProgressView struct {
	CourseID string                             `json:"course_id"`
	Lessons  map[string]shop.LessonProgressView `json:"lessons"`
	Progress shop.ProgressSummary               `json:"progress"`
}

// Put merges what a device reports of a lesson into what the others did, for a learner that may open the lesson now.
// It writes once and, where the enrolment was read within the last half minute, reads nothing.
func (p *Progress) Put(ctx context.Context, v Viewer, courseID string, r shop.ProgressReport) (CourseProgressView, error) {
	if err := r.Check(); err != nil {
		return CourseProgressView{}, err
	}
	c, l, err := p.doors.openAgain(ctx, v, courseID, r.LessonID)
	if err != nil {
		return CourseProgressView{}, err
	}
	was, is, err := p.cfg.Store.Progress.Put(ctx, v.UserID, courseID, l.ID, r.Of(p.length(ctx, l), p.cfg.Now()))
	if err != nil {
		return CourseProgressView{}, err
	}
	p.follow(ctx, v.UserID, c, was, is)
	view := viewProgress(c, is)
	if had, there := was.Lessons[l.ID]; !there || had.View() != view.Lessons[l.ID] {
		p.cfg.show(ctx, shop.ProgressChanged(v.UserID, c, l.ID, is))
	}
	return view, nil
}

// Of is all progress of a learner in a course that is or was on sale; none is an answer, too.
func (p *Progress) Of(ctx context.Context, userID, courseID string) (CourseProgressView, error) {
	all, err := p.cfg.Store.Catalogue.Get(ctx)
	if err != nil {
		return CourseProgressView{}, err
	}
	c, err := all.Shown(courseID)
	if err != nil {
		return CourseProgressView{}, err
	}
	is, err := p.cfg.Store.Progress.Get(ctx, userID, courseID)
	if err != nil {
		return CourseProgressView{}, err
	}
	return viewProgress(c, is), nil
}

func viewProgress(c *shop.Course, is *shop.CourseProgress) CourseProgressView {
	view := CourseProgressView{CourseID: c.ID, Lessons: make(map[string]shop.LessonProgressView, len(is.Lessons)), Progress: is.Summary(c)}
	for id, x := range is.Lessons {
		view.Lessons[id] = x.View()
	}
	return view
}

// length of a lesson in seconds, 0 where it is not known: that of the file where one is played, or else what the
// outline says.
func (p *Progress) length(ctx context.Context, l shop.Lesson) int {
	if l.MediaID == "" {
		return l.Duration
	}
	m, err := p.files.get(ctx, l.MediaID)
	if err != nil {
		return l.Duration
	}
	ms := m.DurationMS
	if m.Video != nil {
		ms = m.Video.DurationMS
	}
	if ms <= 0 {
		return l.Duration
	}
	return int((ms + 999) / 1000)
}

// open notes that a viewer has opened a lesson, and is the progress in it; nil where there is none. A preview is not
// noted.
func (p *Progress) open(ctx context.Context, v Viewer, c *shop.Course, l shop.Lesson) (*shop.LessonProgressView, error) {
	if !v.Known() {
		return nil, nil
	}
	var was, is *shop.CourseProgress
	var err error
	if l.Preview {
		was, err = p.cfg.Store.Progress.Get(ctx, v.UserID, c.ID)
		is = was
	} else {
		was, is, err = p.cfg.Store.Progress.Open(ctx, v.UserID, c.ID, l.ID, p.cfg.Now())
	}
	if err != nil {
		return nil, err
	}
	p.follow(ctx, v.UserID, c, was, is)
	x, there := is.Lessons[l.ID]
	if !there {
		return nil, nil
	}
	view := x.View()
	return &view, nil
}

// follow does what a change of one learner's progress brings: the course may be finished now, and what is counted has
// changed. A finished course whose congratulation failed is congratulated on with the next write or read.
func (p *Progress) follow(ctx context.Context, userID string, c *shop.Course, was, is *shop.CourseProgress) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if is.FinishedAt == nil && is.Summary(c).Finished {
		won, err := p.finish(ctx, userID, c)
		if err != nil {
			p.cfg.Log.WarnContext(ctx, "a finished course waits to be told", "course", c.ID, "user", userID, "err", err)
		}
		if won {
			now := p.cfg.Now()
			done := *is
			done.FinishedAt = &now
			is = &done
		}
	}
	if err := p.cfg.Store.Counts.Add(ctx, c.ID, was.Changes(is, c)); err != nil {
		p.cfg.Log.WarnContext(ctx, "learners are counted too low until the next count", "course", c.ID, "err", err)
	}
}

// finish congratulates a learner, and then notes that it was done; a crash between the two has it done again, and the
// inbox keeps one notice.
func (p *Progress) finish(ctx context.Context, userID string, c *shop.Course) (bool, error) {
	if err := p.cfg.Congrats.CourseFinished(ctx, userID, c); err != nil {
		return false, err
	}
	return p.cfg.Store.Progress.Finish(ctx, userID, c.ID, p.cfg.Now())
}

// Enrolled is one of a learner's courses in the list of them. The course may have left the catalogue; the enrolment
// stays.
type Enrolled struct {
	shop.EnrolmentView
	Title    string               `json:"title"`
	Cover    string               `json:"cover"`
	Lessons  int                  `json:"lessons"`
	Progress shop.ProgressSummary `json:"progress"`
}

// Enrolled lists a learner's courses, open or not, with the progress in each.
func (p *Progress) Enrolled(ctx context.Context, userID string) ([]Enrolled, error) {
	enrolments, err := p.cfg.Store.Enrolments.Of(ctx, userID)
	if err != nil {
		return nil, err
	}
	catalogue, err := p.cfg.Store.Catalogue.Get(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(enrolments))
	for i := range enrolments {
		ids = append(ids, enrolments[i].CourseID)
	}
	progress, err := p.cfg.Store.Progress.In(ctx, userID, ids)
	if err != nil {
		return nil, err
	}
	all := make([]Enrolled, 0, len(enrolments))
	for i := range enrolments {
		e := &enrolments[i]
		item := Enrolled{EnrolmentView: e.View(p.cfg.Now())}
		is := progress[e.CourseID]
		if c, ok := catalogue.Course(e.CourseID); ok {
			item.Title, item.Cover, item.Lessons, item.Progress.Lessons = c.Title, c.Cover, c.Lessons(), c.Lessons()
			if is != nil {
				p.follow(ctx, userID, c, is, is)
				item.Progress = is.Summary(c)
			}
		}
		all = append(all, item)
	}
	return all, nil
}
