package learning

import (
	"context"
	"errors"
	"strings"
	"time"

	"mstm/shop"
)

// Counts are how many learners begin, finish and stop, for editors.
type Counts struct {
	cfg     Config
	counted shop.Date // the last day on which this instance saw the count claimed; only Recount uses it
}

// LessonCountView is one lesson of them, in the order of the outline.
type LessonCountView struct {
	LessonID string `json:"lesson_id"`
	Title    string `json:"title"`
	Chapter  string `json:"chapter"`
	shop.LessonsCount
}

// CountsView are the counts of a course as editors see them.
type CountsView struct {
	CourseID string            `json:"course_id"`
	Began    int64             `json:"began"`
	Finished int64             `json:"finished"`
	Lessons  []LessonCountView `json:"lessons"`
}

// Of are the counts of a course, drafts included. It reads two documents.
func (n *Counts) Of(ctx context.Context, courseID string) (CountsView, error) {
	c, err := n.cfg.Store.Courses.Get(ctx, courseID)
	if err != nil {
		return CountsView{}, err
	}
	counts, err := n.cfg.Store.Counts.Get(ctx, courseID)
	if err != nil {
		return CountsView{}, err
	}
	view := CountsView{CourseID: c.ID, Began: max(0, counts.Began), Finished: max(0, counts.Finished), Lessons: []LessonCountView{}}
	for _, ch := range c.Chapters {
		for _, l := range ch.Lessons {
			x := counts.Lessons[l.ID]
			view.Lessons = append(view.Lessons, LessonCountView{l.ID, l.Title, ch.Title, shop.LessonsCount{
				Opened: max(0, x.Opened), Done: max(0, x.Done), Last: max(0, x.Last),
			}})
		}
	}
	return view, nil
}

// countHour is when a day begins for Recount, in Asia/Shanghai: few people learn then.
const countHour = 4 * time.Hour

// Recount holds the counts against the progress of all learners, once a day for all instances, and corrects them:
// they lack learners that progressed before there were counts, and what an instance did not count that died after a
// write. What is written while it reads may be counted twice until the next day.
func (n *Counts) Recount(ctx context.Context) error {
	day := shop.DateOf(n.cfg.Now().Add(-countHour))
	if day == n.counted {
		return nil
	}
	first, err := n.cfg.Store.Counts.Claim(ctx, day, shop.DateOf(n.cfg.Now().Add(-countHour-24*time.Hour)))
	if err != nil {
		return err
	}
	if first {
		if err := n.recount(ctx); err != nil {
			return errors.Join(err, n.cfg.Store.Counts.Unclaim(ctx, day))
		}
	}
	n.counted = day
	return nil
}

func (n *Counts) recount(ctx context.Context) error {
	catalogue, err := n.cfg.Store.Catalogue.Get(ctx)
	if err != nil {
		return err
	}
	missing := map[string]map[string]int64{} // by course and field
	for _, c := range catalogue.Courses() {
		counts, err := n.cfg.Store.Counts.Get(ctx, c.ID)
		if err != nil {
			return err
		}
		missing[c.ID] = counts.Negative()
	}
	err = n.cfg.Store.Progress.Each(ctx, func(p *shop.CourseProgress) error {
		_, courseID, _ := strings.Cut(p.ID, ":")
		if c, ok := catalogue.Course(courseID); ok {
			for field, k := range shop.NoProgress(p.ID).Changes(p, c) {
				missing[courseID][field] += k
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for courseID, fields := range missing {
		for field, k := range fields {
			if k == 0 {
				delete(fields, field)
			}
		}
		if err := n.cfg.Store.Counts.Add(ctx, courseID, fields); err != nil {
			return err
		}
	}
	return nil
}
