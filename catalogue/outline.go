package catalogue

import (
	"context"

	"mstm/shop"
	"mstm/store"
)

// Outline is what an editor says of a course besides its prices.
type Outline struct {
	Title       string         `json:"title"`
	Subtitle    string         `json:"subtitle"`
	Cover       string         `json:"cover"`
	CategoryID  string         `json:"category_id"`
	Teacher     shop.Teacher   `json:"teacher"`
	Level       shop.Level     `json:"level,omitempty"`
	Description string         `json:"description"`
	Chapters    []shop.Chapter `json:"chapters"`
}

// OutlineOf is the outline of a course as it is.
func OutlineOf(c *shop.Course) Outline {
	return Outline{c.Title, c.Subtitle, c.Cover, c.CategoryID, c.Teacher, c.Level, c.Description, c.Chapters}
}

// setOutline puts a checked outline into the course, with a cover where it has none, and with an id for each lesson. The
// files that it names are held first, so that none is deleted before the course is written.
func (s *Courses) setOutline(ctx context.Context, c *shop.Course, o Outline) error {
	before := c.Chapters
	c.Title, c.Subtitle, c.Cover = o.Title, o.Subtitle, o.Cover
	c.CategoryID, c.Teacher, c.Level, c.Description, c.Chapters = o.CategoryID, o.Teacher, o.Level, o.Description, o.Chapters
	if err := c.ValidateOutline(); err != nil {
		return err
	}
	all, err := s.cfg.Store.Catalogue.Get(ctx)
	if err != nil {
		return err
	}
	if _, ok := all.Category(c.CategoryID); !ok {
		return shop.ErrInvalidField.At("category_id")
	}
	if c.Cover == "" {
		c.Cover = s.cfg.Cover(c.ID)
	}
	if err := s.files.hold(ctx, c.Chapters); err != nil {
		return err
	}
	nameLessons(c.Chapters, before)
	c.UpdatedAt = s.cfg.Now().UTC()
	return nil
}

// nameLessons gives every lesson an id. A lesson without one keeps the id of the lesson that had its title before, so that
// an editor that sends the outline without ids takes no learner's progress away.
func nameLessons(chapters, before []shop.Chapter) {
	taken := map[string]bool{}
	eachLesson(chapters, func(l *shop.Lesson) { taken[l.ID] = true })
	free := map[string][]string{}
	eachLesson(before, func(l *shop.Lesson) {
		if !taken[l.ID] {
			free[l.Title] = append(free[l.Title], l.ID)
		}
	})
	eachLesson(chapters, func(l *shop.Lesson) {
		if l.ID != "" {
			return
		}
		if ids := free[l.Title]; len(ids) > 0 {
			l.ID, free[l.Title] = ids[0], ids[1:]
			return
		}
		l.ID = store.NewID()
	})
}

func eachLesson(chapters []shop.Chapter, do func(*shop.Lesson)) {
	for i := range chapters {
		for j := range chapters[i].Lessons {
			do(&chapters[i].Lessons[j])
		}
	}
}
