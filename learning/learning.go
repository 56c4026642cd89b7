// Package learning is enrolled people at work: which lessons open for a viewer, how it is played and on how many devices,
// how far its learners have come, what they write beside it, and what editors see of all that. A handler decodes a
// request, calls one method of this package and encodes what it returns.
package learning

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"

	"mstm/hub"
	"mstm/lessontext"
	"mstm/shop"
	"mstm/store"
)

// Config is what the parts of this package work with. Every field without a note is needed.
type Config struct {
	Store    Collections
	Hub      *hub.Hub
	Congrats Congrats
	Files    bool // the shop keeps files, so lessons can be played
	// Hold keeps files that a text is about to show; nil: the shop keeps no files.
	Hold func(ctx context.Context, ids ...string) error
	Now  func() time.Time // the shop's clock
	Log  *slog.Logger
}

// Collections are the collections that this package reads and writes.
type Collections struct {
	Users      *store.Users
	Tokens     *store.Tokens
	Catalogue  *store.CatalogueCache
	Courses    *store.Courses
	Enrolments *store.Enrolments
	Progress   *store.Progress
	Counts     *store.LearningCounts
	Notes      *store.Notes
	Media      *store.Media
	Texts      *store.LessonTexts
	Audit      *store.Audit
	Playing    *store.Playing
	Settings   *store.Settings
}

// CollectionsOf are those of a shop.
func CollectionsOf(db *store.DB) Collections {
	return Collections{
		Users: db.Users, Tokens: db.Tokens, Catalogue: db.Catalogue, Courses: db.Courses, Enrolments: db.Enrolments,
		Progress: db.Progress, Counts: db.LearningCounts, Notes: db.Notes, Media: db.Media, Texts: db.LessonTexts, Audit: db.Audit, Playing: db.Playing, Settings: db.Settings,
	}
}

// Congrats congratulates learners.
type Congrats interface {
	// CourseFinished posts that a learner has finished a course, once, however often it is called.
	CourseFinished(ctx context.Context, userID string, c *shop.Course) error
}

// Learning are the parts, each with its own noun. Their methods may be called from any goroutine.
type Learning struct {
	Lessons  *Lessons
	Playback *Playback
	Texts    *Texts
	Progress *Progress
	Notes    *Notes
	Counts   *Counts
}

// New makes them.
func New(cfg Config) *Learning {
	doors := &doors{cfg}
	files := newFileRows(cfg.Store.Media)
	playback := &Playback{cfg: cfg, files: files, devices: &devices{cfg}}
	progress := &Progress{cfg: cfg, doors: doors, files: files}
	texts := &Texts{cfg: cfg, playback: playback, rendered: lessontext.NewCache()}
	return &Learning{
		Lessons:  &Lessons{cfg: cfg, doors: doors, playback: playback, progress: progress, texts: texts},
		Playback: playback, Progress: progress, Texts: texts,
		Notes:  &Notes{cfg: cfg, doors: doors},
		Counts: &Counts{cfg: cfg},
	}
}

// Viewer is the sender of a request: a person by a session, or, as the zero value, a visitor.
type Viewer struct {
	UserID, Client, Session string
	Key                     string // of the session among the user's, see store.Device
	Token                   bool   // a token came with the request: a player's has none
}

// Known reports whether the viewer is a person with an account.
func (v Viewer) Known() bool { return v.UserID != "" }

// doors open lessons, or say why not.
type doors struct{ cfg Config }

// open is the lesson, if the viewer may see it now: anybody a preview, a learner with an open enrolment all of them.
// The refusal shows what can be bought. It asks at the time of use, so a refund or the end of a period closes the very
// next lesson.
func (d *doors) open(ctx context.Context, v Viewer, courseID, lessonID string) (*shop.Course, shop.Lesson, error) {
	c, l, err := d.lesson(ctx, courseID, lessonID)
	if err != nil || l.Preview {
		return c, l, err
	}
	history := shop.PurchaseHistory{}
	if v.Known() {
		all, err := d.cfg.Store.Enrolments.Standing(ctx, v.UserID, courseID)
		if err != nil {
			return nil, shop.Lesson{}, err
		}
		history = all[courseID]
	}
	now := d.cfg.Now()
	if open, _ := history.Enrolment.Access(now); open {
		return c, l, nil
	}
	return nil, shop.Lesson{}, closed(v, history.Enrolment.StateAt(now)).With("offers", shop.Available(c.Offers(history, now)))
}

// openAgain is open for what a device does every few seconds: the enrolment may be one that was read of late.
func (d *doors) openAgain(ctx context.Context, v Viewer, courseID, lessonID string) (*shop.Course, shop.Lesson, error) {
	c, l, err := d.lesson(ctx, courseID, lessonID)
	if err != nil || l.Preview {
		return c, l, err
	}
	e, err := d.cfg.Store.Enrolments.Recent(ctx, v.UserID, courseID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, shop.Lesson{}, err
	}
	if open, _ := e.Access(d.cfg.Now()); open {
		return c, l, nil
	}
	return d.open(ctx, v, courseID, lessonID)
}

// lesson is a lesson of a course that is or was on sale.
func (d *doors) lesson(ctx context.Context, courseID, lessonID string) (*shop.Course, shop.Lesson, error) {
	all, err := d.cfg.Store.Catalogue.Get(ctx)
	if err != nil {
		return nil, shop.Lesson{}, err
	}
	c, err := all.Shown(courseID)
	if err != nil {
		return nil, shop.Lesson{}, err
	}
	l, ok := c.Lesson(lessonID)
	if !ok {
		return nil, shop.Lesson{}, shop.ErrLessonNotFound
	}
	return c, l, nil
}

// closed is why a paid lesson stays shut: the viewer is a visitor, the access has ended, or there was none (yet, any
// more).
func closed(v Viewer, state shop.GrantState) *shop.Error {
	switch {
	case !v.Known():
		return shop.ErrUnauthenticated
	case state == shop.GrantExpired:
		return shop.ErrEnrolmentExpired
	}
	return shop.ErrEnrolmentRequired
}

// show publishes what has just been changed. The change is done: a caller that hangs up does not stop it, and a hub
// that is down costs the other pages their news, not the caller the answer.
func (cfg Config) show(ctx context.Context, e shop.Event) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if _, err := cfg.Hub.Publish(ctx, hub.Event(e)); err != nil && !errors.Is(err, hub.ErrPending) {
		cfg.Log.WarnContext(ctx, "event not published", "type", e.Type, "err", err)
	}
}

// afterwards is the context of what follows a change that is done: it goes on when the caller hangs up, but not for
// long.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), time.Second)
}

// How many rows of files are kept while those are played, and for how long: a change of one, such as a new
// transcoding, reaches players so much later.
const (
	playedFiles = 2048
	playedAge   = 20 * time.Second
)

// fileRows reads the rows of files that lessons play, which are kept for some seconds: a video of an hour has a
// thousand segments.
type fileRows struct {
	media *store.Media
	kept  *expirable.LRU[string, *shop.Media]
}

func newFileRows(m *store.Media) *fileRows {
	return &fileRows{m, expirable.NewLRU[string, *shop.Media](playedFiles, nil, playedAge)}
}

// get is the row of a file that is ready; shop.ErrMediaNotFound for any other.
func (f *fileRows) get(ctx context.Context, id string) (*shop.Media, error) {
	if m, ok := f.kept.Get(id); ok {
		return m, nil
	}
	m, err := f.media.Get(ctx, id)
	if err == nil && m.State != shop.MediaReady {
		err = shop.ErrMediaNotFound
	}
	if err != nil {
		return nil, err
	}
	f.kept.Add(id, m)
	return m, nil
}
