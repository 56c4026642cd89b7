// Package catalogue is the shop's courses in the editors' hands: drafts, edits of the outline, prices, what is on sale, and
// the files that lessons use. A handler decodes a request, calls one method of this package and encodes what it returns.
package catalogue

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mstm/hub"
	"mstm/media"
	"mstm/shop"
	"mstm/store"
	"mstm/store/redisstore"
)

// Config is what the parts of this package work with. Every field without a note is needed.
type Config struct {
	Store   Collections
	Hub     *hub.Hub
	Orders  Orders
	Library *media.Library               // nil: the shop keeps no files
	Cover   func(courseID string) string // the address of the picture of a course that has none of its own
	Now     func() time.Time             // the shop's clock
	Log     *slog.Logger
	Wake    func() // optional: has this instance look at what is due now
}

// Collections are the collections that this package reads and writes.
type Collections struct {
	Courses    *store.Courses
	Categories *store.Categories
	Catalogue  *store.CatalogueCache
	Enrolments *store.Enrolments
	Media      *store.Media
	Audit      *store.Audit
	Wakeups    *store.Wakeups
	Users      *store.Users

	LessonTexts *store.LessonTexts
	Carts       *redisstore.Carts
}

// CollectionsOf are those of a shop.
func CollectionsOf(db *store.DB) Collections {
	return Collections{
		Courses: db.Courses, Categories: db.Categories, Catalogue: db.Catalogue, Enrolments: db.Enrolments, Media: db.Media, Audit: db.Audit,
		Wakeups: db.Wakeups, Users: db.Users, LessonTexts: db.LessonTexts, Carts: db.Carts,
	}
}

// Orders are all users' orders.
type Orders interface {
	// TakeDown ends every unpaid order for a course that may not be sold any more; by is the acting user. A repeat
	// changes nothing.
	TakeDown(ctx context.Context, courseID, by string) error
}

// Catalogue are the parts, each with its own noun. Their methods may be called from any goroutine.
type Catalogue struct {
	Courses *Courses
	Plans   *Plans
	Shown   *Shown
	Finder  *Finder
	Shelves *Shelves
	Files   *Files

	Affecting *Affecting
}

// New makes them.
func New(cfg Config) *Catalogue {
	files := &Files{cfg}
	courses := &Courses{cfg, files}
	return &Catalogue{
		Courses: courses, Plans: &Plans{cfg, courses}, Shown: &Shown{cfg}, Finder: &Finder{cfg: cfg}, Shelves: &Shelves{cfg}, Files: files,
		Affecting: &Affecting{cfg: cfg, last: map[string]countedHolders{}},
	}
}

// publishTime bounds the publishing of one event.
const publishTime = time.Second

// publish sends what has just been changed to open pages. The change is done: a caller that hangs up does not stop it,
// and a hub that is down costs the pages their news, not the caller the answer.
func (cfg Config) publish(ctx context.Context, e shop.Event) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTime)
	defer cancel()
	_, err := cfg.Hub.Publish(ctx, hub.Event(e))
	if err != nil && !errors.Is(err, hub.ErrPending) { // a pending event arrives when Redis is back
		cfg.Log.WarnContext(ctx, "event not published", "type", e.Type, "err", err)
	}
}
