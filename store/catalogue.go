package store

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/singleflight"

	"mstm/shop"
)

// Catalogue is all categories and courses as they were at one moment, in memory. Nothing
// in it changes, and nothing that it gives out may be changed; a changed shop has
// another Catalogue, so a compared pointer shows whether something made from it still holds.
type Catalogue struct {
	categories []shop.Category
	courses    map[string]*shop.Course
	sorted     map[Sort][]*listed // on sale, in the sort's order
	all        []*shop.Course     // drafts and off sale too, newest first
	number     uint64
}

// listed is a course with what lists compare.
type listed struct {
	course *shop.Course
	price  shop.Fen
}

// Sort is the order of a list.
type Sort string

// Lists begin with the newest, the most bought, or the cheapest by default policy.
const (
	SortNew     Sort = "new"
	SortPopular Sort = "popular"
	SortPrice   Sort = "price"
)

// Listing says which courses on sale to list. The zero value is the first page of all,
// newest first.
type Listing struct {
	Category string          // id, "" all
	Among    map[string]bool // the ids of the courses that a search has found; nil: all
	Sort     Sort            // "" new
	Limit    int             // 1…100, 0 means 20
	Cursor   string
}

func newCatalogue(categories []shop.Category, courses []shop.Course) *Catalogue {
	c := &Catalogue{categories: categories, courses: make(map[string]*shop.Course, len(courses)), sorted: map[Sort][]*listed{}}
	var onSale []*listed
	for i := range courses {
		course := &courses[i]
		c.courses[course.ID] = course
		c.all = append(c.all, course)
		if course.State == shop.CourseOnSale {
			onSale = append(onSale, newListed(course))
		}
	}
	for _, by := range []Sort{SortNew, SortPopular, SortPrice} {
		c.sorted[by] = slices.Clone(onSale)
		slices.SortFunc(c.sorted[by], func(a, b *listed) int { return by.place(a).compare(by.place(b)) })
	}
	slices.SortFunc(c.all, func(a, b *shop.Course) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	return c
}

func newListed(c *shop.Course) *listed {
	p, _ := c.Current().Default()
	return &listed{course: c, price: p.Price}
}

// place is where a course stands in a sorted list: lower first, then the lower id.
type place struct {
	Key int64  `json:"k"`
	ID  string `json:"i"`
}

func (s Sort) place(l *listed) place {
	switch s {
	case SortPopular:
		return place{-l.course.Learners, l.course.ID}
	case SortPrice:
		return place{int64(l.price), l.course.ID}
	default:
		return place{-l.course.CreatedAt.UnixMilli(), l.course.ID}
	}
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.Key, q.Key), cmp.Compare(p.ID, q.ID))
}

// Course finds a course in any state.
func (c *Catalogue) Course(id string) (*shop.Course, bool) {
	course, ok := c.courses[id]
	return course, ok
}

// Shown finds a course that is or was on sale; shop.ErrCourseNotFound for drafts, which are for editors.
func (c *Catalogue) Shown(id string) (*shop.Course, error) {
	course, ok := c.courses[id]
	if !ok || course.State == shop.CourseDraft {
		return nil, shop.ErrCourseNotFound
	}
	return course, nil
}

// Number tells a newer catalogue from an older one: what was read later has a higher number.
func (c *Catalogue) Number() uint64 { return c.number }

// Courses are all, drafts and off sale too, newest first.
func (c *Catalogue) Courses() []*shop.Course { return c.all }

// Categories are the shelves in their order.
func (c *Catalogue) Categories() []shop.Category { return c.categories }

// ShownCategories are those that buyers see.
func (c *Catalogue) ShownCategories() []shop.Category {
	return slices.DeleteFunc(slices.Clone(c.categories), func(x shop.Category) bool { return x.Hidden })
}

// Category finds a shelf.
func (c *Catalogue) Category(id string) (shop.Category, bool) {
	i := slices.IndexFunc(c.categories, func(x shop.Category) bool { return x.ID == id })
	if i < 0 {
		return shop.Category{}, false
	}
	return c.categories[i], true
}

// OnSaleNow reports whether a course can be bought.
func (c *Catalogue) OnSaleNow(courseID string) bool {
	course, ok := c.courses[courseID]
	return ok && course.State == shop.CourseOnSale
}

// CategoryShown reports whether buyers see a category.
func (c *Catalogue) CategoryShown(categoryID string) bool {
	category, ok := c.Category(categoryID)
	return ok && !category.Hidden
}

// CheckCategory is shop.ErrCategoryNotFound where there is no such shelf; "" is all of them.
func (c *Catalogue) CheckCategory(id string) error {
	if _, ok := c.Category(id); !ok && id != "" {
		return shop.ErrCategoryNotFound
	}
	return nil
}

// OnSale counts the courses of a category that can be bought.
func (c *Catalogue) OnSale(categoryID string) (n int) {
	for _, l := range c.sorted[SortNew] {
		if l.course.CategoryID == categoryID {
			n++
		}
	}
	return n
}

// List lists courses on sale. next is the cursor of the next page, "" after the last. A
// cursor stays good when the catalogue changes: it names a place in the order.
func (c *Catalogue) List(l Listing) (items []*shop.Course, next string, err error) {
	if err := l.check(c); err != nil {
		return nil, "", err
	}
	rest, err := l.after(c.sorted[l.Sort])
	if err != nil {
		return nil, "", err
	}
	limit := pageSize(l.Limit)
	items = []*shop.Course{}
	var last *listed
	for _, x := range rest {
		if l.Category != "" && x.course.CategoryID != l.Category || l.Among != nil && !l.Among[x.course.ID] {
			continue
		}
		if len(items) == limit {
			return items, l.cursor(last), nil
		}
		items, last = append(items, x.course), x
	}
	return items, "", nil
}

func (l *Listing) check(c *Catalogue) error {
	if l.Sort == "" {
		l.Sort = SortNew
	}
	if _, ok := c.sorted[l.Sort]; !ok {
		return shop.ErrInvalidQuery.At("sort")
	}
	return c.CheckCategory(l.Category)
}

// listCursor is a position in a list, and the sort that the position belongs to.
type listCursor struct {
	Sort Sort `json:"s"`
	place
}

func (l *Listing) cursor(last *listed) string {
	text, _ := json.Marshal(listCursor{l.Sort, l.Sort.place(last)}) // strings and a number: cannot fail
	return base64.RawURLEncoding.EncodeToString(text)
}

// after is what follows the cursor's place in a sorted list.
func (l *Listing) after(list []*listed) ([]*listed, error) {
	if l.Cursor == "" {
		return list, nil
	}
	var at listCursor
	text, err := base64.RawURLEncoding.DecodeString(l.Cursor)
	if err != nil || len(text) > 256 || json.Unmarshal(text, &at) != nil || at.Sort != l.Sort {
		return nil, shop.ErrInvalidCursor
	}
	i, found := slices.BinarySearchFunc(list, at.place, func(x *listed, p place) int { return l.Sort.place(x).compare(p) })
	if found {
		i++
	}
	return list[i:], nil
}

const (
	// How old a Catalogue may be: while the bus brings changes, as a safety net; after only
	// numbers of learners changed; and while changes would not arrive. Its prices are for showing,
	// so a moment's age does no harm.
	catalogueAge      = time.Minute
	catalogueAgeSoft  = 3 * time.Second
	catalogueAgeBlind = 2 * time.Second
)

// CatalogueCache holds the newest Catalogue.
type CatalogueCache struct {
	*base
	categories *Categories
	courses    *Courses

	current atomic.Pointer[datedCatalogue]
	numbers atomic.Uint64 // of the readings
	flight  singleflight.Group

	mu    sync.Mutex
	gen   uint64 // counts what was forgotten
	stale bool   // the numbers of learners have changed
}

type datedCatalogue struct {
	*Catalogue
	at time.Time
}

func newCatalogueCache(b *base, categories *Categories, courses *Courses) *CatalogueCache {
	c := &CatalogueCache{base: b, categories: categories, courses: courses}
	b.bus.onChange(c.forget)
	return c
}

func (c *CatalogueCache) forget(ch change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch ch.Kind {
	case changeLearners:
		c.stale = true
	case changeCourses, changeAll:
		c.gen++
		c.current.Store(nil)
	}
}

// Get is the shop's catalogue, from memory unless something in it has changed.
func (c *CatalogueCache) Get(ctx context.Context) (*Catalogue, error) {
	now := c.current.Load()
	if now != nil && time.Since(now.at) < c.age() {
		return now.Catalogue, nil
	}
	fresh := c.flight.DoChan(c.key(), func() (any, error) {
		// Shared: it must neither end with the request that began it nor wait in its class.
		ctx, cancel := c.writing(Background(ctx, Paying))
		defer cancel()
		return c.read(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, failed("read the catalogue", ctx.Err())
	case res := <-fresh:
		if res.Err != nil && now != nil {
			c.log.WarnContext(ctx, "the catalogue shown is an old one", "err", res.Err)
			return now.Catalogue, nil
		}
		if res.Err != nil {
			return nil, res.Err
		}
		return res.Val.(*Catalogue), nil
	}
}

func (c *CatalogueCache) age() time.Duration {
	if !c.bus.healthy() {
		return catalogueAgeBlind
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stale {
		return catalogueAgeSoft
	}
	return catalogueAge
}

// key makes a caller after a change start a reading of its own, instead of joining a reading that
// began before the change.
func (c *CatalogueCache) key() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.gen)
}

func (c *CatalogueCache) read(ctx context.Context) (*Catalogue, error) {
	c.mu.Lock()
	seen := c.gen
	c.stale = false
	c.mu.Unlock()
	at, number := time.Now(), c.numbers.Add(1)
	categories, err := c.categories.All(ctx)
	if err != nil {
		return nil, err
	}
	courses, err := c.courses.docs.All(ctx, bson.M{})
	if err != nil {
		return nil, err
	}
	fresh := newCatalogue(undeleted(categories, courses), courses)
	fresh.number = number
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen == seen {
		c.current.Store(&datedCatalogue{fresh, at})
	}
	return fresh, nil
}

// undeleted are the shelves that are not deleted: a closed one with a course on it was given the course while it was closed.
func undeleted(categories []shop.Category, courses []shop.Course) []shop.Category {
	used := map[string]bool{}
	for i := range courses {
		used[courses[i].CategoryID] = true
	}
	return slices.DeleteFunc(categories, func(c shop.Category) bool { return c.Closed && !used[c.ID] })
}

// Categories are the shelves of the catalogue.
type Categories struct {
	*base
	docs Collection[shop.Category]
}

func newCategories(b *base) *Categories {
	docs := newCollection[shop.Category](b, "categories")
	docs.missing = shop.ErrCategoryNotFound
	docs.version = func(c *shop.Category) *int64 { return &c.V }
	return &Categories{base: b, docs: docs}
}

// Insert adds a shelf and reports whether its id was free.
func (s *Categories) Insert(ctx context.Context, c shop.Category) (bool, error) {
	fresh, err := s.docs.Insert(ctx, &c)
	if err != nil {
		return false, err
	}
	s.changed(ctx, changeCourses, "")
	return fresh, nil
}

// Change is the collection's Change. A shelf of the version before has no v: it gets one first.
func (s *Categories) Change(ctx context.Context, id string, change func(*shop.Category) error) (*shop.Category, error) {
	if _, err := s.docs.Update(ctx, bson.M{"_id": id, "v": nil}, bson.M{"$set": bson.M{"v": int64(0)}}); err != nil {
		return nil, err
	}
	c, wrote, err := s.docs.tryChange(ctx, id, nil, change)
	if wrote {
		s.changed(ctx, changeCourses, "")
	}
	return c, err
}

// All lists the shelves in their order, fresh from the database.
func (s *Categories) All(ctx context.Context) ([]shop.Category, error) {
	return s.docs.All(ctx, bson.M{},
		options.Find().SetSort(bson.D{{Key: "order", Value: 1}, {Key: "_id", Value: 1}}))
}
