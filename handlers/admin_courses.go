package handlers

import (
	"log/slog"
	"net/http"
	"time"

	"mstm/catalogue"
	"mstm/handlers/rest"
	"mstm/shop"
)

// adminCourses are the courses in the editors' hands.
type adminCourses struct{ catalogue *catalogue.Catalogue }

// adminCourse is a course as the console sees it: all of it.
type adminCourse struct {
	ID    string           `json:"id"`
	State shop.CourseState `json:"state"`
	catalogue.Outline
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
		ID: c.ID, State: c.State, Outline: catalogue.OutlineOf(c), Policies: now.Policies, Ladder: now.Ladder, Version: now.Version,
		Versions: c.Versions, Learners: c.Learners, V: c.V, CreatedAt: rest.UTC(c.CreatedAt), UpdatedAt: rest.UTC(c.UpdatedAt),
	}
}

// create answers POST /api/admin/courses with a draft. Prices may come later.
func (h *adminCourses) create(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		catalogue.Outline
		catalogue.Pricing
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	c, err := h.catalogue.Courses.Create(r.Context(), in.Outline, in.Pricing)
	if err != nil {
		return err
	}
	rest.LogEvent(r, "course created", slog.String("course", c.ID))
	w.Header().Set("Location", "/api/admin/courses/"+c.ID)
	return rest.Encode(w, http.StatusCreated, viewAdminCourse(c))
}

// update answers PUT /api/admin/courses/:course. What the body leaves out stays. With
// `v`, the one that the console read, an edit made since is not overwritten.
func (h *adminCourses) update(w http.ResponseWriter, r *http.Request) error {
	body, err := rest.ReadBody(w, r)
	if err != nil {
		return err
	}
	return h.change(w, r, "course edited", func(id string) (*shop.Course, error) {
		return h.catalogue.Courses.Edit(r.Context(), id, func(o *catalogue.Outline) (seen *int64, err error) {
			in := struct {
				catalogue.Outline
				V *int64 `json:"v"`
			}{Outline: *o}
			err = rest.DecodeBytes(body, &in)
			*o = in.Outline
			return in.V, err
		})
	})
}

// publishPolicies answers PUT /api/admin/courses/:course/policies: the next version. With `v`, prices that the caller has
// not seen are not replaced.
func (h *adminCourses) publishPolicies(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		catalogue.Pricing
		V *int64 `json:"v"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	return h.change(w, r, "prices published", func(id string) (*shop.Course, error) {
		return h.catalogue.Courses.SetPrices(r.Context(), id, in.Pricing, in.V)
	})
}

// putOnSale answers POST /api/admin/courses/:course/publish.
func (h *adminCourses) putOnSale(w http.ResponseWriter, r *http.Request) error {
	return h.change(w, r, "course on sale", func(id string) (*shop.Course, error) { return h.catalogue.Courses.PutOnSale(r.Context(), id) })
}

// takeOffSale answers POST /api/admin/courses/:course/unpublish `{legal?}`.
func (h *adminCourses) takeOffSale(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Legal bool `json:"legal"`
	}
	if r.ContentLength != 0 { // a body is welcome, not needed
		if err := rest.Decode(w, r, &in); err != nil {
			return err
		}
	}
	return h.change(w, r, "course off sale", func(id string) (*shop.Course, error) {
		return h.catalogue.Courses.TakeOffSale(r.Context(), id, rest.LearnerID(r.Context()), in.Legal)
	})
}

// change makes a change of the course in the path, and answers with the course.
func (h *adminCourses) change(w http.ResponseWriter, r *http.Request, what string, change func(id string) (*shop.Course, error)) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	c, err := change(id)
	if err != nil {
		return err
	}
	rest.LogEvent(r, what, slog.String("course", c.ID), slog.Int("version", c.Current().Version))
	return rest.Encode(w, http.StatusOK, viewAdminCourse(c))
}

// show answers GET /api/admin/courses/:course, drafts included.
func (h *adminCourses) show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	c, err := h.catalogue.Courses.Get(r.Context(), id)
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
	courses, next, err := h.catalogue.Courses.List(r.Context(), catalogue.Listing{
		State: shop.CourseState(q.Get("state")), Text: q.Get("q"), Limit: rows, Cursor: q.Get("cursor"),
	})
	if err != nil {
		return err
	}
	list := rest.Page[adminCourseCard]{Items: []adminCourseCard{}, NextCursor: next}
	for _, c := range courses {
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
