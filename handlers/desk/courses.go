// Package desk has the handlers of the console: what the shop's staff reads and does, a file and a type for each noun.
// Their routes are in the table of handlers.
package desk

import (
	"log/slog"
	"net/http"
	"time"

	"mstm/catalogue"
	"mstm/handlers/rest"
	"mstm/shop"
)

// Courses are the courses in the editors' hands.
type Courses struct{ Catalogue *catalogue.Catalogue }

// Course is a course as the console sees it: all of it.
type Course struct {
	ID    string           `json:"id"`
	State shop.CourseState `json:"state"`
	catalogue.Outline
	Policies  []shop.PricePolicy   `json:"policies"`
	Ladder    shop.Ladder          `json:"ladder"`
	Version   int                  `json:"version"`
	Versions  []shop.PolicyVersion `json:"versions"`
	Plan      *CoursePlan          `json:"plan,omitempty"`
	Learners  int64                `json:"learners"`
	V         int64                `json:"v"`
	CreatedAt time.Time            `json:"created_at"`
	UpdatedAt time.Time            `json:"updated_at"`
}

// CoursePlan is what becomes of a course by itself, or what became of it. Reason is the code of why it has failed.
type CoursePlan struct {
	Action    shop.PlanAction    `json:"action"`
	PublishAt time.Time          `json:"publish_at"`
	State     shop.PlanState     `json:"state"`
	Policies  []shop.PricePolicy `json:"policies,omitempty"`
	Ladder    *shop.Ladder       `json:"ladder,omitempty"`
	By        string             `json:"by"`
	ByName    string             `json:"by_name,omitempty"`
	MadeAt    time.Time          `json:"made_at"`
	EndedAt   *time.Time         `json:"ended_at,omitempty"`
	Reason    string             `json:"reason,omitempty"`
	Param     string             `json:"param,omitempty"`
}

func viewPlan(p *shop.CoursePlan, names map[string]string) *CoursePlan {
	if p == nil {
		return nil
	}
	view := &CoursePlan{
		Action: p.Action, PublishAt: rest.UTC(p.At), State: p.State, By: p.By, ByName: names[p.By], MadeAt: rest.UTC(p.MadeAt), Reason: p.Reason, Param: p.Param,
	}
	if p.EndedAt != nil {
		at := rest.UTC(*p.EndedAt)
		view.EndedAt = &at
	}
	if p.Prices != nil {
		view.Policies, view.Ladder = p.Prices.Policies, &p.Prices.Ladder
	}
	return view
}

func viewCourse(c *shop.Course, names map[string]string) Course {
	now := c.Current()
	return Course{
		ID: c.ID, State: c.State, Outline: catalogue.OutlineOf(c), Policies: now.Policies, Ladder: now.Ladder, Version: now.Version,
		Versions: c.Versions, Plan: viewPlan(c.Plan, names), Learners: c.Learners, V: c.V, CreatedAt: rest.UTC(c.CreatedAt), UpdatedAt: rest.UTC(c.UpdatedAt),
	}
}

// Create answers POST /api/admin/courses with a draft. Prices may come later.
func (h *Courses) Create(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		catalogue.Outline
		catalogue.Pricing
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	c, err := h.Catalogue.Courses.Create(r.Context(), in.Outline, in.Pricing)
	if err != nil {
		return err
	}
	rest.LogEvent(r, "course created", slog.String("course", c.ID))
	w.Header().Set("Location", "/api/admin/courses/"+c.ID)
	return h.encode(w, r, http.StatusCreated, c)
}

// Update answers PUT /api/admin/courses/:course. What the body leaves out stays. With
// `v`, the one that the console read, an edit made since is not overwritten.
func (h *Courses) Update(w http.ResponseWriter, r *http.Request) error {
	body, err := rest.ReadBody(w, r)
	if err != nil {
		return err
	}
	return h.change(w, r, "course edited", func(id string) (*shop.Course, error) {
		return h.Catalogue.Courses.Edit(r.Context(), id, func(o *catalogue.Outline) (seen *int64, err error) {
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

// PublishPolicies answers PUT /api/admin/courses/:course/policies: the next version. With `v`, prices that the caller has
// not seen are not replaced.
func (h *Courses) PublishPolicies(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		catalogue.Pricing
		V *int64 `json:"v"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	return h.change(w, r, "prices published", func(id string) (*shop.Course, error) {
		return h.Catalogue.Courses.SetPrices(r.Context(), id, in.Pricing, in.V)
	})
}

// PutOnSale answers POST /api/admin/courses/:course/publish.
func (h *Courses) PutOnSale(w http.ResponseWriter, r *http.Request) error {
	return h.change(w, r, "course on sale", func(id string) (*shop.Course, error) { return h.Catalogue.Courses.PutOnSale(r.Context(), id) })
}

// TakeOffSale answers POST /api/admin/courses/:course/unpublish `{legal?}`.
func (h *Courses) TakeOffSale(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Legal bool `json:"legal"`
	}
	if r.ContentLength != 0 { // a body is welcome, not needed
		if err := rest.Decode(w, r, &in); err != nil {
			return err
		}
	}
	return h.change(w, r, "course off sale", func(id string) (*shop.Course, error) {
		return h.Catalogue.Courses.TakeOffSale(r.Context(), id, rest.LearnerID(r.Context()), in.Legal)
	})
}

// Copy answers POST /api/admin/courses/:course/copy with a draft that says what the course says.
func (h *Courses) Copy(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	c, err := h.Catalogue.Courses.Copy(r.Context(), id, actID(r), rest.LearnerID(r.Context()))
	if err != nil {
		return err
	}
	rest.LogEvent(r, "course copied", slog.String("course", id), slog.String("copy", c.ID))
	w.Header().Set("Location", "/api/admin/courses/"+c.ID)
	return h.encode(w, r, http.StatusCreated, c)
}

// Plan answers PUT /api/admin/courses/:course/plan `{publish_at,action?,policies?,ladder?,v?}`.
func (h *Courses) Plan(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		catalogue.Planned
		V *int64 `json:"v"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	return h.change(w, r, "course planned", func(id string) (*shop.Course, error) {
		return h.Catalogue.Plans.Make(r.Context(), id, rest.LearnerID(r.Context()), in.Planned, in.V)
	})
}

// WithdrawPlan answers DELETE /api/admin/courses/:course/plan.
func (h *Courses) WithdrawPlan(w http.ResponseWriter, r *http.Request) error {
	return h.change(w, r, "plan withdrawn", func(id string) (*shop.Course, error) { return h.Catalogue.Plans.Withdraw(r.Context(), id) })
}

// holders are the learners of a course by the policy that opens it to them.
type holders struct {
	PolicyID string          `json:"policy_id"`
	Kind     shop.PolicyKind `json:"kind"`
	Name     string          `json:"name"`
	Stage    int             `json:"stage,omitempty"`
	People   int             `json:"people"`
}

// affected are the people that a change of a course's prices meets.
type affected struct {
	Watching struct {
		Pages    int  `json:"pages"`
		Users    int  `json:"users"`
		Complete bool `json:"complete"`
	} `json:"watching"`
	Carts *struct {
		People int  `json:"people"`
		Exact  bool `json:"exact"`
	} `json:"carts,omitempty"`
	Holders []holders `json:"holders"`
	Lapsed  int       `json:"lapsed"`
	Keep    int       `json:"keep"`
	Exact   bool      `json:"exact"`
}

// Affected answers GET /api/admin/courses/:course/affected: what an editor sees before new prices are published.
func (h *Courses) Affected(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	a, err := h.Catalogue.Affecting.Of(r.Context(), id)
	if err != nil {
		return err
	}
	out := affected{Holders: []holders{}, Lapsed: a.Lapsed, Keep: a.Keep, Exact: a.Exact}
	out.Watching.Pages, out.Watching.Users, out.Watching.Complete = a.Watching.Sockets, a.Watching.Users, a.Complete
	if a.Carts.People >= 0 {
		out.Carts = &struct {
			People int  `json:"people"`
			Exact  bool `json:"exact"`
		}{a.Carts.People, a.Carts.Exact}
	}
	for _, p := range a.Policies {
		out.Holders = append(out.Holders, holders{p.Policy.ID, p.Policy.Kind, p.Policy.Name, p.Policy.Stage, p.People})
	}
	return rest.Encode(w, http.StatusOK, out)
}

// encode answers with a course.
func (h *Courses) encode(w http.ResponseWriter, r *http.Request, status int, c *shop.Course) error {
	names, err := h.Catalogue.Plans.Makers(r.Context(), c)
	if err != nil {
		return err
	}
	return rest.Encode(w, status, viewCourse(c, names))
}

// change makes a change of the course in the path, and answers with the course.
func (h *Courses) change(w http.ResponseWriter, r *http.Request, what string, change func(id string) (*shop.Course, error)) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	c, err := change(id)
	if err != nil {
		return err
	}
	rest.LogEvent(r, what, slog.String("course", c.ID), slog.Int("version", c.Current().Version))
	return h.encode(w, r, http.StatusOK, c)
}

// Show answers GET /api/admin/courses/:course, drafts included.
func (h *Courses) Show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	c, err := h.Catalogue.Courses.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return h.encode(w, r, http.StatusOK, c)
}

// List answers GET /api/admin/courses?state=&q=&limit=&cursor=, newest first,
// drafts included.
func (h *Courses) List(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	courses, next, err := h.Catalogue.Courses.List(r.Context(), catalogue.Listing{
		State: shop.CourseState(q.Get("state")), Text: q.Get("q"), Limit: rows, Cursor: q.Get("cursor"),
	})
	if err != nil {
		return err
	}
	names, err := h.Catalogue.Plans.Makers(r.Context(), courses...)
	if err != nil {
		return err
	}
	list := rest.Page[CourseCard]{Items: []CourseCard{}, NextCursor: next}
	for _, c := range courses {
		list.Items = append(list.Items, CourseCard{catalogue.CardOf(c), c.State, c.Current().Version, viewPlan(c.Plan, names), rest.UTC(c.UpdatedAt)})
	}
	return rest.Encode(w, http.StatusOK, list)
}

// CourseCard is a course in the console's list.
type CourseCard struct {
	catalogue.Card
	State     shop.CourseState `json:"state"`
	Version   int              `json:"version"`
	Plan      *CoursePlan      `json:"plan,omitempty"`
	UpdatedAt time.Time        `json:"updated_at"`
}
