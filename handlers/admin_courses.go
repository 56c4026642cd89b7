package handlers

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"mstm/checkout"
	"mstm/cover"
	"mstm/handlers/rest"
	"mstm/media"
	"mstm/shop"
	"mstm/store"
)

// adminCourses are the courses in the editors' hands.
type adminCourses struct {
	courses   *store.Courses
	catalogue *store.CatalogueCache
	checkout  *checkout.Checkout
	library   *media.Library // nil: the shop keeps no files
	live      live
	now       func() time.Time
}

// outline is what an editor says of a course besides its prices.
type outline struct {
	Title       string         `json:"title"`
	Subtitle    string         `json:"subtitle"`
	Cover       string         `json:"cover"`
	CategoryID  string         `json:"category_id"`
	Teacher     shop.Teacher   `json:"teacher"`
	Description string         `json:"description"`
	Chapters    []shop.Chapter `json:"chapters"`
}

func outlineOf(c *shop.Course) outline {
	return outline{c.Title, c.Subtitle, c.Cover, c.CategoryID, c.Teacher, c.Description, c.Chapters}
}

// policyInput is one price policy as an editor writes it. The price must be said: a
// forgotten one is not "free".
type policyInput struct {
	ID      string          `json:"id"`
	Kind    shop.PolicyKind `json:"kind"`
	Name    string          `json:"name"`
	Stage   int             `json:"stage"`
	Period  *shop.Period    `json:"period"`
	Price   *shop.Fen       `json:"price_fen"`
	Default bool            `json:"default"`
}

// pricing is a whole list of policies with the ladder's rules.
type pricing struct {
	Policies []policyInput `json:"policies"`
	Ladder   *shop.Ladder  `json:"ladder"`
}

// publishTo makes the list the course's next version. Without a ladder the one before stays.
func (p pricing) publishTo(c *shop.Course, now time.Time) error {
	policies := make([]shop.PricePolicy, len(p.Policies))
	for i, in := range p.Policies {
		if in.Price == nil {
			return shop.ErrInvalidField.At(fmt.Sprintf("policies[%d].price_fen", i))
		}
		policies[i] = shop.PricePolicy{
			ID: in.ID, Kind: in.Kind, Name: in.Name, Stage: in.Stage, Period: in.Period, Price: *in.Price, Default: in.Default,
		}
	}
	ladder := c.Current().Ladder
	if p.Ladder != nil {
		ladder = *p.Ladder
	}
	return c.Publish(policies, ladder, store.NewID, now)
}

// adminCourse is a course as the console sees it: all of it.
type adminCourse struct {
	ID    string           `json:"id"`
	State shop.CourseState `json:"state"`
	outline
	Policies  []shop.PricePolicy   `json:"policies"`
	Ladder    shop.Ladder          `json:"ladder"`
	Version   int                  `json:"version"`
	Versions  []shop.PolicyVersion `json:"versions"`
	Learners  int64                `json:"learners"`
	V         int64                `json:"v"`
	CreatedAt time.Time            `json:"created_at"`
	UpdatedAt time.Time            `json:"updated_at"`
}

func viewAdminCourse(c *shop.Course) adminCourse {
	now := c.Current()
	return adminCourse{
		ID: c.ID, State: c.State, outline: outlineOf(c), Policies: now.Policies, Ladder: now.Ladder, Version: now.Version,
		Versions: c.Versions, Learners: c.Learners, V: c.V, CreatedAt: rest.UTC(c.CreatedAt), UpdatedAt: rest.UTC(c.UpdatedAt),
	}
}

// create answers POST /api/admin/courses with a draft. Prices may come later.
func (h *adminCourses) create(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		outline
		pricing
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	now := h.now().UTC()
	c := &shop.Course{ID: store.NewID(), State: shop.CourseDraft, CreatedAt: now}
	if err := h.setOutline(r, c, in.outline); err != nil {
		return err
	}
	if in.Policies != nil {
		if err := in.publishTo(c, now); err != nil {
			return err
		}
	}
	if _, err := h.courses.Insert(r.Context(), c); err != nil {
		return err
	}
	rest.LogEvent(r, "course created", slog.String("course", c.ID))
	w.Header().Set("Location", "/api/admin/courses/"+c.ID)
	return rest.Encode(w, http.StatusCreated, viewAdminCourse(c))
}

// setOutline puts a checked outline into the course.
func (h *adminCourses) setOutline(r *http.Request, c *shop.Course, in outline) error {
	before := c.Chapters
	c.Title, c.Subtitle, c.Cover = in.Title, in.Subtitle, in.Cover
	c.CategoryID, c.Teacher, c.Description, c.Chapters = in.CategoryID, in.Teacher, in.Description, in.Chapters
	if err := c.ValidateOutline(); err != nil {
		return err
	}
	all, err := h.catalogue.Get(r.Context())
	if err != nil {
		return err
	}
	if _, ok := all.Category(c.CategoryID); !ok {
		return shop.ErrInvalidField.At("category_id")
	}
	if c.Cover == "" {
		c.Cover = cover.Path(c.ID)
	}
	if err := h.holdMedia(r, c.Chapters); err != nil {
		return err
	}
	nameLessons(c.Chapters, before)
	c.UpdatedAt = h.now().UTC()
	return nil
}

// nameLessons gives every lesson an id. One without keeps that of the lesson that had its
// title before, so that an editor that sends the outline without ids takes no learner's progress
// away.
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

// update answers PUT /api/admin/courses/:course. What the body leaves out stays. With
// `v`, the one that the console read, an edit made since is not overwritten.
func (h *adminCourses) update(w http.ResponseWriter, r *http.Request) error {
	body, err := rest.ReadBody(w, r)
	if err != nil {
		return err
	}
	return h.change(w, r, "course edited", func(c *shop.Course) error {
		in := struct {
			outline
			V *int64 `json:"v"`
		}{outline: outlineOf(c)}
		in.Chapters = nil // a list is replaced whole, never merged element by element
		if err := rest.DecodeBytes(body, &in); err != nil {
			return err
		}
		if in.V != nil && *in.V != c.V {
			return shop.ErrEditConflict
		}
		if in.Chapters == nil {
			in.Chapters = c.Chapters
		}
		return h.setOutline(r, c, in.outline)
	})
}

// publishPolicies answers PUT /api/admin/courses/:course/policies: the next version. With `v`, prices that the caller has
// not seen are not replaced.
func (h *adminCourses) publishPolicies(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		pricing
		V *int64 `json:"v"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	return h.change(w, r, "prices published", func(c *shop.Course) error {
		if in.V != nil && *in.V != c.V {
			return shop.ErrEditConflict
		}
		return in.publishTo(c, h.now())
	})
}

// putOnSale answers POST /api/admin/courses/:course/publish.
func (h *adminCourses) putOnSale(w http.ResponseWriter, r *http.Request) error {
	return h.change(w, r, "course on sale", func(c *shop.Course) error {
		if len(c.Current().Policies) == 0 {
			return shop.ErrNoPolicies
		}
		c.State, c.TakenDown, c.UpdatedAt = shop.CourseOnSale, false, h.now().UTC()
		return nil
	})
}

// takeOffSale answers POST /api/admin/courses/:course/unpublish `{legal?}`. A draft stays
// one: it was never on sale. Orders that were placed before can still be paid, unless the
// law wants it otherwise (legal): then they are closed, and what is paid and not granted yet
// goes back.
func (h *adminCourses) takeOffSale(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Legal bool `json:"legal"`
	}
	if r.ContentLength != 0 { // a body is welcome, not needed
		if err := rest.Decode(w, r, &in); err != nil {
			return err
		}
	}
	return h.change(w, r, "course off sale", func(c *shop.Course) error {
		if c.State == shop.CourseOnSale {
			c.State, c.UpdatedAt = shop.CourseOffSale, h.now().UTC()
		}
		c.TakenDown = c.TakenDown || in.Legal
		return nil
	}, func(c *shop.Course) error {
		if !in.Legal {
			return nil
		}
		return h.checkout.Closing.TakeDown(r.Context(), c.ID, rest.LearnerID(r.Context()))
	})
}

// change writes a change that was made on the course as it is, publishes it to the pages
// that show it, and answers with it. change may run more than once, on a newer course each time;
// then runs after it.
func (h *adminCourses) change(w http.ResponseWriter, r *http.Request, what string, change func(*shop.Course) error, then ...func(*shop.Course) error) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	c, err := h.courses.Change(r.Context(), id, change)
	if err != nil {
		return err
	}
	for _, do := range then {
		if err := do(c); err != nil {
			return err
		}
	}
	rest.LogEvent(r, what, slog.String("course", c.ID), slog.Int("version", c.Current().Version))
	if c.State != shop.CourseDraft {
		h.live.tell(r, shop.CourseChanged(c))
	}
	return rest.Encode(w, http.StatusOK, viewAdminCourse(c))
}

// show answers GET /api/admin/courses/:course, drafts included.
func (h *adminCourses) show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	c, err := h.courses.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, viewAdminCourse(c))
}

// list answers GET /api/admin/courses?state=&q=&limit=&cursor=, newest first,
// drafts included.
func (h *adminCourses) list(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	all, err := h.catalogue.Get(r.Context())
	if err != nil {
		return err
	}
	following, err := coursesAfter(all.Courses(), q.Get("cursor"))
	if err != nil {
		return err
	}
	list := rest.Page[adminCourseCard]{Items: []adminCourseCard{}}
	for _, c := range following {
		if !matchesCourse(c, shop.CourseState(q.Get("state")), shop.Fold(q.Get("q"))) {
			continue
		}
		if len(list.Items) == rows {
			list.NextCursor = list.Items[rows-1].ID
			break
		}
		list.Items = append(list.Items, adminCourseCard{newCourseCard(c), c.State, c.Current().Version, rest.UTC(c.UpdatedAt)})
	}
	return rest.Encode(w, http.StatusOK, list)
}

// adminCourseCard is a course in the console's list.
type adminCourseCard struct {
	courseCard
	State     shop.CourseState `json:"state"`
	Version   int              `json:"version"`
	UpdatedAt time.Time        `json:"updated_at"`
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

func matchesCourse(c *shop.Course, state shop.CourseState, part string) bool {
	return (state == "" || c.State == state) && (strings.Contains(shop.Fold(c.Title), part) || strings.Contains(c.ID, part))
}

// holdMedia keeps the files that an outline names while it is written.
func (h *adminCourses) holdMedia(r *http.Request, chapters []shop.Chapter) error {
	ids := shop.MediaOf(chapters)
	if len(ids) == 0 || h.library == nil {
		return nil
	}
	captions := map[string]bool{}
	eachLesson(chapters, func(l *shop.Lesson) {
		for _, c := range l.Captions {
			captions[c.MediaID] = true
		}
	})
	fits := func(m *shop.Media) bool { return !captions[m.ID] || m.Kind == shop.KindCaption }
	if len(captions) == 0 {
		fits = nil
	}
	return holdFiles(r, h.library, ids, shop.ErrInvalidField.At("media_id"), fits)
}
