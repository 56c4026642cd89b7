package desk

import (
	"cmp"
	"net/http"
	"net/url"
	"time"

	"mstm/account"
	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/people"
	"mstm/shop"
	"mstm/store"
)

// People are all people with an account, for support.
type People struct {
	People   *people.People
	Accounts *account.Accounts
	Checkout *checkout.Checkout
}

// User is a person in a list of the console.
type User struct {
	account.View
	CreatedAt time.Time  `json:"created_at"`
	Blocked   bool       `json:"blocked,omitempty"`
	DeletedAt *time.Time `json:"deleted_at,omitempty"`
}

func viewPerson(u *shop.User) User {
	return User{account.ViewOf(u), rest.UTC(u.CreatedAt), u.Blocked != nil, u.DeletedAt}
}

// profile is a person with all that staff see of it.
type profile struct {
	User
	Block    *block           `json:"block,omitempty"`
	WeChat   weChat           `json:"wechat"`
	Courses  []personCourse   `json:"courses"`
	Orders   []shop.OrderView `json:"orders"`
	Messages []message        `json:"messages"`
	Sessions []session        `json:"sessions"`
	Notes    []note           `json:"notes"`
}

type block struct {
	By     string    `json:"by"`
	ByName string    `json:"by_name,omitempty"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

type weChat struct {
	Bound     bool `json:"bound"`
	Following bool `json:"following"`
}

type personCourse struct {
	shop.EnrolmentView
	Title    string               `json:"title"`
	Progress shop.ProgressSummary `json:"progress"`
}

type message struct {
	Kind     string            `json:"kind"`
	Title    string            `json:"title"`
	PostedAt time.Time         `json:"posted_at"`
	ReadAt   *time.Time        `json:"read_at,omitempty"`
	WeChat   *checkout.Sending `json:"wechat,omitempty"`
}

type session struct {
	DeviceName string    `json:"device_name"`
	Client     string    `json:"client"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
}

type note struct {
	ID        string    `json:"id"`
	By        string    `json:"by"`
	ByName    string    `json:"by_name,omitempty"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
}

func viewNote(n people.Note) note {
	return note{n.ID, n.By, n.ByName, n.Text, rest.UTC(n.CreatedAt)}
}

// List answers GET /api/admin/users?q=&staff=&limit=&cursor=; q is a part of the username or name, or a number that names one
// person; with staff=1 it lists those with a role.
func (h *People) List(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	staff, err := rest.Flag(q, "staff")
	if err != nil {
		return err
	}
	found, err := h.list(r, staff, rows, q)
	if err != nil {
		return err
	}
	list := rest.Page[User]{Items: []User{}, NextCursor: found.Next}
	for i := range found.Users {
		list.Items = append(list.Items, viewPerson(&found.Users[i]))
	}
	return rest.Encode(w, http.StatusOK, list)
}

func (h *People) list(r *http.Request, staff bool, rows int, q url.Values) (people.Found, error) {
	if staff {
		return h.People.Staff(r.Context(), rows, q.Get("cursor"))
	}
	return h.People.Search(r.Context(), q.Get("q"), rows, q.Get("cursor"))
}

// Show answers GET /api/admin/users/:user.
func (h *People) Show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "user", shop.ErrUserNotFound)
	if err != nil {
		return err
	}
	return h.answer(w, r, http.StatusOK, id)
}

// answer answers with a person's profile.
func (h *People) answer(w http.ResponseWriter, r *http.Request, status int, id string) error {
	p, err := h.People.Profile(r.Context(), id)
	if err != nil {
		return err
	}
	return rest.Encode(w, status, viewProfile(p, rest.English(r)))
}

func viewProfile(p *people.Profile, english bool) profile {
	v := profile{
		User: viewPerson(p.User), WeChat: weChat{p.WeChatBound, p.Following}, Courses: []personCourse{}, Orders: []shop.OrderView{},
		Messages: []message{}, Sessions: []session{}, Notes: []note{},
	}
	if b := p.User.Blocked; b != nil {
		v.Block = &block{b.By, p.BlockedBy, b.Reason, rest.UTC(b.At)}
	}
	for _, c := range p.Courses {
		v.Courses = append(v.Courses, personCourse{c.EnrolmentView, c.Title, c.Progress})
	}
	for i := range p.Orders {
		v.Orders = append(v.Orders, p.Orders[i].View())
	}
	for _, m := range p.Messages {
		one := message{Kind: m.Kind, Title: m.Title, PostedAt: rest.UTC(m.CreatedAt), ReadAt: m.ReadAt}
		if d := m.Sent; d != nil {
			one.WeChat = &checkout.Sending{State: d.State, Code: d.Code, SentAt: d.SentAt}
		}
		v.Messages = append(v.Messages, one)
	}
	for _, s := range p.Sessions {
		v.Sessions = append(v.Sessions, session{account.DeviceName(s, english), s.Client, rest.UTC(s.CreatedAt), rest.UTC(s.LastUse())})
	}
	for _, n := range p.Notes {
		v.Notes = append(v.Notes, viewNote(n))
	}
	return v
}

// AddNote answers POST /api/admin/users/:user/notes `{text}` with the note, 201.
func (h *People) AddNote(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "user", shop.ErrUserNotFound)
	if err != nil {
		return err
	}
	var in struct {
		Text string `json:"text"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	n, err := h.People.AddNote(r.Context(), id, rest.LearnerID(r.Context()), actID(r), in.Text)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusCreated, viewNote(n))
}

// actID is the id of what a request makes: the same for each repeat of a request with an idempotency key.
func actID(r *http.Request) string { return cmp.Or(rest.MadeUnder(r), store.NewID()) }

// reasonOf reads the person that a request is about, and the body `{reason}`.
func reasonOf(w http.ResponseWriter, r *http.Request) (id, reason string, err error) {
	if id, err = rest.PathID(r, "user", shop.ErrUserNotFound); err != nil {
		return "", "", err
	}
	var in struct {
		Reason string `json:"reason"`
	}
	err = rest.Decode(w, r, &in)
	return id, in.Reason, err
}

// Block answers POST /api/admin/users/:user/block `{reason}` with the profile.
func (h *People) Block(w http.ResponseWriter, r *http.Request) error {
	id, reason, err := reasonOf(w, r)
	if err != nil {
		return err
	}
	if _, err := h.Accounts.Block(r.Context(), rest.Visitor(r), id, rest.LearnerID(r.Context()), actID(r), reason); err != nil {
		return err
	}
	return h.answer(w, r, http.StatusOK, id)
}

// Unblock answers POST /api/admin/users/:user/unblock `{reason}` with the profile.
func (h *People) Unblock(w http.ResponseWriter, r *http.Request) error {
	id, reason, err := reasonOf(w, r)
	if err != nil {
		return err
	}
	if _, err := h.Accounts.Unblock(r.Context(), rest.Visitor(r), id, rest.LearnerID(r.Context()), reason); err != nil {
		return err
	}
	return h.answer(w, r, http.StatusOK, id)
}

// Delete answers DELETE /api/admin/users/:user `{reason}`: the account goes at once, as its owner has asked.
func (h *People) Delete(w http.ResponseWriter, r *http.Request) error {
	id, reason, err := reasonOf(w, r)
	if err != nil {
		return err
	}
	if err := h.Accounts.DeleteFor(r.Context(), rest.Visitor(r), id, rest.LearnerID(r.Context()), reason); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// Give answers POST /api/admin/users/:user/grants `{course_id,until?,reason}` with the order that gives the access, 201.
func (h *People) Give(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "user", shop.ErrUserNotFound)
	if err != nil {
		return err
	}
	var in struct {
		CourseID string     `json:"course_id"`
		Until    *time.Time `json:"until"`
		Reason   string     `json:"reason"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	if err := shop.MayServe(rest.LearnerID(r.Context()), rest.CallerOf(r.Context()).Roles, id); err != nil {
		return err
	}
	o, err := h.Checkout.Gifts.Give(r.Context(), checkout.Gift{
		By: rest.LearnerID(r.Context()), Key: actID(r), UserID: id, CourseID: in.CourseID, Until: in.Until, Reason: in.Reason,
	})
	if err != nil {
		return err
	}
	return answerStory(w, r, h.Checkout, http.StatusCreated, o)
}
