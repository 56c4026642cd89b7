package people

import (
	"context"
	"slices"
	"time"

	"mstm/shop"
	"mstm/store"
)

// How much of each list a profile has; the lists of orders and of the audit have the rest.
const (
	profileOrders   = 20
	profileMessages = 20
	profileNotes    = 50
)

// Profile is a person as staff see it: no openid, no password, nothing that a session could be taken over with.
type Profile struct {
	User        *shop.User
	WeChatBound bool
	Following   bool // the bound WeChat follows the official account
	Courses     []Course
	Orders      []shop.Order
	Messages    []Message
	Sessions    []store.TokenRow
	Notes       []Note
	BlockedBy   string // the name of the member of staff that did
}

// Course is one course of a person, with the time that is left and how far the person has come.
type Course struct {
	shop.EnrolmentView
	Title    string
	Progress shop.ProgressSummary
}

// Message is a notice to the person, and what became of it as a message in WeChat; nil: none was to be sent.
type Message struct {
	shop.Notice
	Sent *shop.Delivery
}

// Note is a note of a member of staff, with the name of the author; "" where the account is gone.
type Note struct {
	store.StaffNote
	ByName string
}

// Profile reads a person, a deleted one too: orders and enrolments stay.
func (p *People) Profile(ctx context.Context, userID string) (*Profile, error) {
	u, err := p.cfg.Store.Users.Get(ctx, userID)
	if err != nil {
		return nil, err
	}
	all := &Profile{User: u}
	binding, err := p.cfg.Store.Bindings.Get(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	all.WeChatBound, all.Following = binding.Openid != "", binding.Openid != "" && !binding.Unfollowed
	if all.Courses, err = p.courses(ctx, u.ID); err != nil {
		return nil, err
	}
	if all.Orders, _, err = p.cfg.Store.Orders.Of(ctx, u.ID, profileOrders, ""); err != nil {
		return nil, err
	}
	if all.Messages, err = p.messages(ctx, u.ID); err != nil {
		return nil, err
	}
	if all.Sessions, err = p.cfg.Store.Tokens.Live(ctx, u.ID, p.cfg.Now()); err != nil {
		return nil, err
	}
	if all.Notes, err = p.notes(ctx, u.ID); err != nil || u.Blocked == nil {
		return all, err
	}
	names, err := p.names(ctx, []string{u.Blocked.By})
	all.BlockedBy = names[u.Blocked.By]
	return all, err
}

// courses are a person's courses, those whose access ends last first.
func (p *People) courses(ctx context.Context, userID string) ([]Course, error) {
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
	all := make([]Course, 0, len(enrolments))
	for i := range enrolments {
		e := &enrolments[i]
		one := Course{EnrolmentView: e.View(p.cfg.Now())}
		if c, ok := catalogue.Course(e.CourseID); ok {
			one.Title, one.Progress.Lessons = c.Title, c.Lessons()
			if is := progress[e.CourseID]; is != nil {
				one.Progress = is.Summary(c)
			}
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b Course) int { return endOf(b).Compare(endOf(a)) })
	return all, nil
}

// endOf orders courses by the end of their access.
func endOf(c Course) time.Time {
	switch {
	case c.Until != nil:
		return *c.Until
	case c.State == shop.GrantActive:
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) // for ever
	}
	return time.Time{}
}

// messages are the newest notices of a person's own: what went to everybody has no document for each reader.
func (p *People) messages(ctx context.Context, userID string) ([]Message, error) {
	notices, _, err := p.cfg.Store.Notices.Of(ctx, userID, false, nil, profileMessages, "")
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(notices))
	for _, n := range notices {
		ids = append(ids, n.DeliveryID())
	}
	sent, err := p.cfg.Store.Deliveries.ByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]Message, 0, len(notices))
	for i, n := range notices {
		all = append(all, Message{n, sent[ids[i]]})
	}
	return all, nil
}

func (p *People) notes(ctx context.Context, userID string) ([]Note, error) {
	rows, _, err := p.cfg.Store.StaffNotes.Of(ctx, userID, profileNotes, "")
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(rows))
	for _, n := range rows {
		ids = append(ids, n.By)
	}
	names, err := p.names(ctx, ids)
	all := make([]Note, 0, len(rows))
	for _, n := range rows {
		all = append(all, Note{n, names[n.By]})
	}
	return all, err
}

// maxNote bounds a note, in characters.
const maxNote = 1000

// AddNote writes down what a member of staff notes about a person. id is new, or that of an earlier try of the same note.
func (p *People) AddNote(ctx context.Context, userID, by, id, text string) (Note, error) {
	text, err := shop.CleanText("text", text, 1, maxNote)
	if err != nil {
		return Note{}, err
	}
	u, err := p.cfg.Store.Users.Get(ctx, userID)
	if err == nil && u.DeletedAt != nil {
		err = shop.ErrUserNotFound // nothing personal comes back
	}
	if err != nil {
		return Note{}, err
	}
	n := &store.StaffNote{ID: id, UserID: userID, By: by, Text: text, CreatedAt: p.cfg.Now().UTC().Truncate(time.Millisecond)}
	fresh, err := p.cfg.Store.StaffNotes.Insert(ctx, n)
	if err == nil && !fresh {
		n, err = p.cfg.Store.StaffNotes.Get(ctx, id)
	}
	if err != nil {
		return Note{}, err
	}
	row := store.AuditRow{ID: "noted:" + n.ID, Object: userObject + userID, Act: "noted", By: by, At: n.CreatedAt}
	if err := p.cfg.Store.Audit.Add(ctx, row); err != nil {
		return Note{}, err
	}
	p.show(ctx, userID, by)
	names, err := p.names(ctx, []string{by})
	return Note{*n, names[by]}, err
}
