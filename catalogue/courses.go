package catalogue

import (
	"context"
	"slices"
	"strings"

	"mstm/shop"
	"mstm/store"
)

// Courses are edited, priced, put on sale and taken off sale here. Each change is one conditional write of the course's
// document; open pages hear of it afterwards.
type Courses struct {
	cfg   Config
	files *Files
}

// Create makes a draft. Prices may come later: without a list of policies the draft has none.
func (s *Courses) Create(ctx context.Context, o Outline, p Pricing) (*shop.Course, error) {
	now := s.cfg.Now().UTC()
	c := &shop.Course{ID: store.NewID(), State: shop.CourseDraft, CreatedAt: now}
	if err := s.setOutline(ctx, c, o); err != nil {
		return nil, err
	}
	if p.Policies != nil {
		if err := p.publishTo(c, now); err != nil {
			return nil, err
		}
	}
	_, err := s.cfg.Store.Courses.Insert(ctx, c)
	return c, err
}

// Edit changes the outline of a course. edit gets the outline as it is, without its chapters: a list is replaced whole,
// and stays where edit leaves it nil. edit returns the version that the editor has read, nil for any: where it is not the
// course's, Edit is shop.ErrEditConflict. edit may run more than once, on a newer course each time.
func (s *Courses) Edit(ctx context.Context, id string, edit func(*Outline) (seen *int64, err error)) (*shop.Course, error) {
	return s.change(ctx, id, func(c *shop.Course) error {
		o := OutlineOf(c)
		o.Chapters = nil
		seen, err := edit(&o)
		if err == nil {
			err = checkSeen(c, seen)
		}
		if err != nil {
			return err
		}
		if o.Chapters == nil {
			o.Chapters = c.Chapters
		}
		return s.setOutline(ctx, c, o)
	})
}

// SetPrices publishes the next version of a course's price policies. Where seen is not nil and not the version of the
// course, prices that the editor has not read would be replaced: shop.ErrEditConflict.
func (s *Courses) SetPrices(ctx context.Context, id string, p Pricing, seen *int64) (*shop.Course, error) {
	return s.change(ctx, id, func(c *shop.Course) error {
		if err := checkSeen(c, seen); err != nil {
			return err
		}
		return p.publishTo(c, s.cfg.Now())
	})
}

// checkSeen refuses an edit of another version than the course has.
func checkSeen(c *shop.Course, seen *int64) error {
	if seen != nil && *seen != c.V {
		return shop.ErrEditConflict
	}
	return nil
}

// PutOnSale puts a course on sale; shop.ErrNoPolicies where it has no price.
func (s *Courses) PutOnSale(ctx context.Context, id string) (*shop.Course, error) {
	return s.change(ctx, id, (*shop.Course).PutOnSale)
}

// TakeOffSale takes a course off sale. A draft stays one: it was never on sale. Orders that were placed before can still
// be paid, unless the law wants it otherwise (legal): then they are closed, in the name of the user by, and what is paid
// and not granted yet goes back.
func (s *Courses) TakeOffSale(ctx context.Context, id, by string, legal bool) (*shop.Course, error) {
	c, err := s.cfg.Store.Courses.Change(ctx, id, func(c *shop.Course) error {
		c.TakeOffSale(legal, s.cfg.Now())
		return nil
	})
	if err == nil && legal {
		err = s.cfg.Orders.TakeDown(ctx, c.ID, by)
	}
	if err != nil {
		return nil, err
	}
	s.announce(ctx, c)
	return c, nil
}

// change writes a change that was made on the course as it is, and announces it. change may run more than once, on a
// newer course each time.
func (s *Courses) change(ctx context.Context, id string, change func(*shop.Course) error) (*shop.Course, error) {
	c, err := s.cfg.Store.Courses.Change(ctx, id, change)
	if err != nil {
		return nil, err
	}
	s.announce(ctx, c)
	return c, nil
}

// announce publishes a changed course to the pages that show it. No page shows a draft.
func (s *Courses) announce(ctx context.Context, c *shop.Course) {
	if c.State != shop.CourseDraft {
		s.cfg.publish(ctx, shop.CourseChanged(c))
	}
}

// Get is a course as it is in the database now, drafts included.
func (s *Courses) Get(ctx context.Context, id string) (*shop.Course, error) {
	return s.cfg.Store.Courses.Get(ctx, id)
}

// Listing is a page of the console's list: courses of a state, "" for any, whose title or id has the text.
type Listing struct {
	State  shop.CourseState
	Text   string
	Limit  int
	Cursor string
}

// List is a page of all courses, newest first, drafts included, and the cursor of the next one, "" on the last.
func (s *Courses) List(ctx context.Context, l Listing) (items []*shop.Course, next string, err error) {
	all, err := s.cfg.Store.Catalogue.Get(ctx)
	if err != nil {
		return nil, "", err
	}
	following, err := coursesAfter(all.Courses(), l.Cursor)
	if err != nil {
		return nil, "", err
	}
	text := shop.Fold(l.Text)
	for _, c := range following {
		if !matches(c, l.State, text) {
			continue
		}
		if len(items) == l.Limit {
			return items, items[l.Limit-1].ID, nil
		}
		items = append(items, c)
	}
	return items, "", nil
}

// coursesAfter is what follows the course that the cursor names. Courses are never deleted.
func coursesAfter(courses []*shop.Course, cursor string) ([]*shop.Course, error) {
	if cursor == "" {
		return courses, nil
	}
	i := slices.IndexFunc(courses, func(c *shop.Course) bool { return c.ID == cursor })
	if i < 0 {
		return nil, shop.ErrInvalidCursor
	}
	return courses[i+1:], nil
}

func matches(c *shop.Course, state shop.CourseState, part string) bool {
	return (state == "" || c.State == state) && (strings.Contains(shop.Fold(c.Title), part) || strings.Contains(c.ID, part))
}
