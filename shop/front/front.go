// Package front is the shop's front page as an editor arranges it: banners and rows of recommended courses. It has no
// I/O: what of it is shown at a moment follows from the arrangement, the time and the catalogue.
package front

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"mstm/shop"
)

// Bounds of an arrangement; lengths are in characters, the address in bytes.
const (
	MaxBanners = 8
	MaxRows    = 6
	MaxCourses = 12 // of one row
	MaxTitle   = 40
	MaxAlt     = 100
	MaxQuery   = 50
	MaxAddress = 500
)

// LinkKind says where a banner leads.
type LinkKind string

// The kinds of links.
const (
	ToNothing  LinkKind = "none"
	ToCourse   LinkKind = "course"   // by its id
	ToCategory LinkKind = "category" // by its id
	ToSearch   LinkKind = "search"   // for words
	ToAddress  LinkKind = "address"  // of another site, by https
)

// Link is where a banner leads.
type Link struct {
	Kind LinkKind `bson:"kind" json:"kind"`
	To   string   `bson:"to" json:"to"`
}

// Href is the address that a page links to; "" for none.
func (l Link) Href() string {
	switch l.Kind {
	case ToCourse:
		return "/courses/" + url.PathEscape(l.To)
	case ToCategory:
		return "/?category=" + url.QueryEscape(l.To)
	case ToSearch:
		return "/?q=" + url.QueryEscape(l.To)
	case ToAddress:
		return l.To
	}
	return ""
}

// Banner is one picture of the front page. It is shown from From on and no more from Until on; nil is no bound.
type Banner struct {
	Picture string     `bson:"picture" json:"picture"` // the id of a file
	Title   string     `bson:"title" json:"title"`
	Alt     string     `bson:"alt" json:"alt"`
	Link    Link       `bson:"link" json:"link"`
	From    *time.Time `bson:"from,omitempty" json:"from,omitempty"`
	Until   *time.Time `bson:"until,omitempty" json:"until,omitempty"`
}

// ShownAt reports whether the banner's times include a moment.
func (b *Banner) ShownAt(now time.Time) bool {
	return (b.From == nil || !now.Before(*b.From)) && (b.Until == nil || now.Before(*b.Until))
}

// Row is a row of recommended courses, in their order.
type Row struct {
	Title   string   `bson:"title" json:"title"`
	Courses []string `bson:"courses" json:"courses"`
}

// Front is one edition of the arrangement. V counts the editions: 0 is the empty page before the first edit.
type Front struct {
	V       int64     `bson:"v"`
	Banners []Banner  `bson:"banners"`
	Rows    []Row     `bson:"rows"`
	By      string    `bson:"by"` // the editor's user id; "": the program itself
	At      time.Time `bson:"at"`
}

// Edit is what an editor writes.
type Edit struct {
	Banners []Banner `json:"banners"`
	Rows    []Row    `json:"rows"`
}

// Edition is the number of the edition, its editor's user id and its time.
func (f *Front) Edition() (v int64, by string, at time.Time) { return f.V, f.By, f.At }

// Next is the edition after f that e makes, in the name of the user by. The refusal of a field is shop.ErrInvalidField
// at the field's path, as `banners[0].title`.
func (f *Front) Next(e Edit, by string, now time.Time) (*Front, error) {
	e, err := e.clean()
	if err != nil {
		return nil, err
	}
	return &Front{V: f.V + 1, Banners: e.Banners, Rows: e.Rows, By: by, At: now.UTC()}, nil
}

// clean is the edit as it is kept.
func (e Edit) clean() (Edit, error) {
	if len(e.Banners) > MaxBanners {
		return e, shop.ErrInvalidField.At("banners")
	}
	if len(e.Rows) > MaxRows {
		return e, shop.ErrInvalidField.At("rows")
	}
	clean := Edit{Banners: make([]Banner, 0, len(e.Banners)), Rows: make([]Row, 0, len(e.Rows))}
	for i, b := range e.Banners {
		b, err := b.clean(fmt.Sprintf("banners[%d]", i))
		if err != nil {
			return e, err
		}
		clean.Banners = append(clean.Banners, b)
	}
	for i, r := range e.Rows {
		r, err := r.clean(fmt.Sprintf("rows[%d]", i))
		if err != nil {
			return e, err
		}
		clean.Rows = append(clean.Rows, r)
	}
	return clean, nil
}

func (b Banner) clean(at string) (_ Banner, err error) {
	if !shop.ValidID(b.Picture) {
		return b, shop.ErrInvalidField.At(at + ".picture")
	}
	if b.Title, err = shop.CleanLine(at+".title", b.Title, 1, MaxTitle); err != nil {
		return b, err
	}
	if b.Alt, err = shop.CleanLine(at+".alt", b.Alt, 0, MaxAlt); err != nil {
		return b, err
	}
	if b.Link, err = b.Link.clean(at + ".link.to"); err != nil {
		return b, err
	}
	b.From, b.Until = second(b.From), second(b.Until)
	if b.From != nil && b.Until != nil && !b.From.Before(*b.Until) {
		return b, shop.ErrInvalidField.At(at + ".until")
	}
	return b, nil
}

func second(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.UTC().Truncate(time.Second))
}

func (l Link) clean(at string) (_ Link, err error) {
	switch l.Kind {
	case ToNothing, "":
		return Link{Kind: ToNothing}, nil
	case ToCourse, ToCategory:
		if !shop.ValidID(l.To) {
			return l, shop.ErrInvalidField.At(at)
		}
		return l, nil
	case ToSearch:
		l.To, err = shop.CleanLine(at, l.To, 1, MaxQuery)
		return l, err
	case ToAddress:
		if !isAddress(l.To) {
			return l, shop.ErrInvalidField.At(at)
		}
		return l, nil
	}
	return l, shop.ErrInvalidField.At(strings.TrimSuffix(at, ".to") + ".kind")
}

// isAddress reports whether a text is an https address that every browser reads alike.
func isAddress(text string) bool {
	bad := func(r rune) bool { return r <= ' ' || r > 0x7e || strings.ContainsRune(`\"'<>`, r) }
	u, err := url.Parse(text)
	return err == nil && len(text) <= MaxAddress && !strings.ContainsFunc(text, bad) && u.Scheme == "https" && u.Hostname() != "" && u.User == nil
}

func (r Row) clean(at string) (_ Row, err error) {
	if r.Title, err = shop.CleanLine(at+".title", r.Title, 1, MaxTitle); err != nil {
		return r, err
	}
	if len(r.Courses) == 0 || len(r.Courses) > MaxCourses {
		return r, shop.ErrInvalidField.At(at + ".courses")
	}
	for i, id := range r.Courses {
		if !shop.ValidID(id) || slices.Contains(r.Courses[:i], id) {
			return r, shop.ErrInvalidField.At(at + ".courses")
		}
	}
	return r, nil
}

// Pictures are the files that the banners use, each once, whether or not they are shown now.
func (f *Front) Pictures() []string {
	ids := make([]string, 0, len(f.Banners))
	for _, b := range f.Banners {
		ids = append(ids, b.Picture)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Turns are the moments at which another banner begins or ends, around now: the last that has come, zero where none
// has, and the next, zero where none will.
func (f *Front) Turns(now time.Time) (last, next time.Time) {
	for i := range f.Banners {
		for _, t := range []*time.Time{f.Banners[i].From, f.Banners[i].Until} {
			switch {
			case t == nil:
			case t.After(now):
				if next.IsZero() || t.Before(next) {
					next = *t
				}
			case t.After(last):
				last = *t
			}
		}
	}
	return last, next
}

// Catalogue is what is on sale.
type Catalogue interface {
	// OnSaleNow reports whether a course can be bought.
	OnSaleNow(courseID string) bool
	// CategoryShown reports whether buyers see a category.
	CategoryShown(categoryID string) bool
}

// ShownAt is what of the page is shown at a moment: banners that lead to what is gone, courses that are not on sale and
// rows without a course are left out.
func (f *Front) ShownAt(now time.Time, all Catalogue) (banners []Banner, rows []Row) {
	for i := range f.Banners {
		if b := f.Banners[i]; b.ShownAt(now) && b.Link.leads(all) {
			banners = append(banners, b)
		}
	}
	for _, r := range f.Rows {
		shown := Row{Title: r.Title}
		for _, id := range r.Courses {
			if all.OnSaleNow(id) {
				shown.Courses = append(shown.Courses, id)
			}
		}
		if len(shown.Courses) > 0 {
			rows = append(rows, shown)
		}
	}
	return banners, rows
}

// leads reports whether the link's aim is shown.
func (l Link) leads(all Catalogue) bool {
	switch l.Kind {
	case ToCourse:
		return all.OnSaleNow(l.To)
	case ToCategory:
		return all.CategoryShown(l.To)
	}
	return true
}

// Changes are what f has otherwise than before had it: `before_FIELD` and `after_FIELD`, as JSON.
func (f *Front) Changes(before *Front) map[string]string {
	changes := map[string]string{}
	now, was := f.lines(), before.lines()
	for field, value := range now {
		if was[field] != value {
			changes["before_"+field], changes["after_"+field] = was[field], value
		}
	}
	return changes
}

func (f *Front) lines() map[string]string {
	text := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			return err.Error() // a time of the year 10000
		}
		return cmp.Or(strings.TrimPrefix(string(raw), "null"), "[]")
	}
	return map[string]string{"banners": text(f.Banners), "rows": text(f.Rows)}
}
