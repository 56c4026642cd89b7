package catalogue

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

const copySuffix = "（副本）"

// Copy makes a draft under the id newID that says what a course says, texts of lessons included, in the name of the user by.
// The draft has lessons and price policies of its own, no learners and no past; it uses the same files. A draft that is there
// under the id is what an earlier call made. The texts are written first: a copy never lacks them.
func (s *Courses) Copy(ctx context.Context, id, newID, by string) (*shop.Course, error) {
	made, err := s.cfg.Store.Courses.Get(ctx, newID)
	if !errors.Is(err, shop.ErrCourseNotFound) {
		return made, err
	}
	from, err := s.cfg.Store.Courses.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Now().UTC()
	c := &shop.Course{ID: newID, State: shop.CourseDraft, CreatedAt: now}
	if err := s.setOutline(ctx, c, s.outlineToCopy(from)); err != nil {
		return nil, err
	}
	if v := from.Current(); len(v.Policies) > 0 {
		policies := append([]shop.PricePolicy(nil), v.Policies...)
		for i := range policies {
			policies[i].ID = ""
		}
		if err := c.Publish(policies, v.Ladder, store.NewID, now); err != nil {
			return nil, err
		}
	}
	if err := s.copyTexts(ctx, from, c, by); err != nil {
		return nil, err
	}
	fresh, err := s.cfg.Store.Courses.Insert(ctx, c)
	if err == nil && !fresh { // the same request at the same moment
		return s.cfg.Store.Courses.Get(ctx, newID)
	}
	return c, err
}

// outlineToCopy is a course's outline without what is the course's alone.
func (s *Courses) outlineToCopy(from *shop.Course) Outline {
	o := OutlineOf(from)
	o.Title = shop.Cut(o.Title, shop.MaxTitle-len([]rune(copySuffix))) + copySuffix
	if o.Cover == s.cfg.Cover(from.ID) {
		o.Cover = ""
	}
	o.Chapters = make([]shop.Chapter, len(from.Chapters))
	for i, ch := range from.Chapters {
		o.Chapters[i] = shop.Chapter{Title: ch.Title, Lessons: append([]shop.Lesson{}, ch.Lessons...)}
	}
	eachLesson(o.Chapters, func(l *shop.Lesson) { l.ID = "" })
	return o
}

// copyTexts gives the lessons of a copy the texts of those that they are copies of.
func (s *Courses) copyTexts(ctx context.Context, from, to *shop.Course, by string) error {
	ids := to.LessonIDs()
	for i, lesson := range from.LessonIDs() {
		text, err := s.cfg.Store.LessonTexts.Get(ctx, from.ID, lesson)
		if err != nil {
			return err
		}
		if text.V == 0 {
			continue
		}
		if len(text.Media) > 0 && s.cfg.Library != nil {
			if err := s.cfg.Library.Hold(ctx, text.Media...); err != nil {
				return err
			}
		}
		own := store.LessonText{CourseID: to.ID, LessonID: ids[i], Text: text.Text, Media: text.Media, By: by}
		if _, err := s.cfg.Store.LessonTexts.Put(ctx, own, nil); err != nil {
			return err
		}
	}
	return nil
}
