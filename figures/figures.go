// Package figures keeps the shop's figures: what was sold, what came in and went back, the people that came, by the day. It counts
// each order, account and enrolment when that has changed, exactly once (store.Figures says how), holds all figures
// against what they are made of once a night, and makes the report of them for each role. The rules are shop/stats.
package figures

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"mstm/hub"
	"mstm/runner"
	"mstm/shop"
	"mstm/shop/stats"
	"mstm/store"
)

// Collections are those that figures are made of, and the figures.
type Collections struct {
	Figures    *store.Figures
	Orders     *store.Orders
	Users      *store.Users
	Enrolments *store.Enrolments
	Playing    *store.Playing
	Catalogue  *store.CatalogueCache
}

// CollectionsOf are those of a shop.
func CollectionsOf(db *store.DB) Collections {
	return Collections{
		Figures: db.Figures, Orders: db.Orders, Users: db.Users, Enrolments: db.Enrolments, Playing: db.Playing, Catalogue: db.Catalogue,
	}
}

// Config is what Figures work with. All of it is needed.
type Config struct {
	Store Collections
	Hub   Hub
	Now   func() time.Time // the shop's clock
	Log   *slog.Logger
}

// Hub is what Figures need of the hub.
type Hub interface {
	Publish(context.Context, hub.Event) (string, error)
	Online() hub.Online
}

// Figures count, and answer with what was counted. The methods may be called from any goroutine.
type Figures struct {
	Config
	watching atomic.Int64 // learners that played a lesson, at the last look
}

// New is Figures; its Work is to be run.
func New(cfg Config) *Figures { return &Figures{Config: cfg} }

const (
	countEvery   = time.Second // of real time; new figures are announced to the console once in it at most
	countMost    = 200         // sources at once
	peaksEvery   = time.Minute
	recountEvery = 30 * time.Second // between two looks whether a recount is due
	recountHour  = 4                // in China
	playingFor   = 3 * time.Minute  // a learner counts as watching for so long after the last key or byte

	// missingFor is how long a source that is enqueued before it is written may take to come.
	missingFor = time.Minute
	// strangersFor is how long a source is left to the instance that enqueued it.
	strangersFor = 5 * time.Second
)

// Work is what Figures do by themselves, on every instance.
func (f *Figures) Work() []runner.Work {
	background := func(do func(context.Context) error) func(context.Context) error {
		return func(ctx context.Context) error { return do(store.Background(ctx, store.Lists)) }
	}
	return []runner.Work{
		{Name: "figures", Every: countEvery, Look: func(ctx context.Context) (bool, error) {
			return f.Count(store.Background(ctx, store.Lists))
		}},
		runner.Simple("most at once", peaksEvery, background(f.notePeaks)),
		runner.Simple("recount of the figures", recountEvery, background(f.recountIfDue)),
	}
}

// Count counts what has changed, and shows the console that there are new figures. more: there was more than is counted at
// once.
func (f *Figures) Count(ctx context.Context) (more bool, err error) {
	rows, err := f.Store.Figures.Queue(ctx, countMost)
	if err != nil {
		return false, err
	}
	more = len(rows) == countMost
	rows = slices.DeleteFunc(rows, func(r store.FigureRow) bool { return !f.Store.Figures.Mine(r) && time.Since(r.At) < strangersFor })
	all, missing, err := f.sources(ctx, rows)
	if err != nil {
		return false, err
	}
	counted, left := 0, map[string]bool{}
	for some := range slices.Chunk(all, countMost) {
		n, err := f.count(ctx, some, left)
		if counted += n; err != nil {
			f.noteAgain(all)
			return false, err
		}
	}
	gone := 0
	for _, r := range rows {
		again := left[r.Source] || slices.ContainsFunc(r.Enrolments, func(id string) bool { return left[stats.EnrolmentID(id)] })
		if late := time.Since(r.At) > missingFor; !again && (late || !missing[r.Source]) {
			if err := f.Store.Figures.Dequeue(ctx, r); err != nil {
				return false, err
			}
			gone++
		}
	}
	if counted > 0 {
		f.announce(ctx)
	}
	return more && gone > 0, nil
}

// noteAgain has sources counted at the next look.
func (f *Figures) noteAgain(all []stats.Source) {
	for _, src := range all {
		f.Store.Figures.Note(src)
	}
}

// sources are what is to be counted: what this process has changed, and what rows say. missing are accounts that are not written.
func (f *Figures) sources(ctx context.Context, rows []store.FigureRow) (all []stats.Source, missing map[string]bool, err error) {
	byID := map[string]stats.Source{}
	for _, src := range f.Store.Figures.Noted() {
		byID[src.ID] = src
	}
	var users, enrolments []string
	missing = map[string]bool{}
	for _, r := range rows {
		if id, ok := stats.UserOf(r.Source); ok {
			users, missing[r.Source] = append(users, id), true
			continue
		}
		enrolments = append(enrolments, f.Store.Figures.Unknown(r)...)
		if old, there := byID[r.Source]; !there || old.V < r.SourceV {
			byID[r.Source] = r.Counted()
		}
	}
	all = slices.Collect(maps.Values(byID))
	defer func() {
		if err != nil {
			f.noteAgain(all)
		}
	}()
	accounts, err := f.Store.Users.ByID(ctx, users)
	if err != nil {
		return all, nil, err
	}
	for _, u := range accounts {
		all = append(all, stats.User(u))
		delete(missing, stats.UserID(u.ID))
	}
	enrolled, err := f.Store.Enrolments.ByID(ctx, enrolments)
	for _, e := range enrolled {
		all = append(all, stats.Enrolment(e))
	}
	return all, missing, err
}

// count counts sources, and says how many there were with something new. Those that are to be counted again are left.
func (f *Figures) count(ctx context.Context, all []stats.Source, left map[string]bool) (counted int, err error) {
	var marks []store.FigureMark
	for _, src := range all {
		mark, current, err := f.Store.Figures.Prepare(ctx, src)
		if err != nil {
			return 0, err
		}
		if mark.Op != "" {
			marks = append(marks, *mark)
		}
		left[src.ID] = !current
	}
	return len(marks), f.finish(ctx, marks)
}

// finish brings the operations of marks to all their pages, and clears them.
func (f *Figures) finish(ctx context.Context, marks []store.FigureMark) error {
	byPage := map[string][]store.FigureMark{}
	for _, m := range marks {
		for _, page := range m.Pages() {
			byPage[page] = append(byPage[page], m)
		}
	}
	for page, marks := range byPage {
		if err := f.Store.Figures.Apply(ctx, page, marks); err != nil {
			return err
		}
	}
	for _, m := range marks {
		if err := f.Store.Figures.Clear(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// announce shows the console that there are new figures, of all instances one in a second.
func (f *Figures) announce(ctx context.Context) {
	if _, err := f.Hub.Publish(ctx, hub.Event(shop.StatsChanged(f.Now()))); err != nil {
		f.Log.InfoContext(ctx, "new figures are not announced", "err", err)
	}
}

// notePeaks notes how many are there now, where that is the most of the day.
func (f *Figures) notePeaks(ctx context.Context) error {
	now := f.Now()
	watching, err := f.Store.Playing.Count(ctx, now.Add(-playingFor))
	if err != nil {
		return err
	}
	f.watching.Store(watching)
	peaks := stats.Sums{stats.Online: int64(f.Hub.Online().Sockets), stats.Watching: watching}
	return f.Store.Figures.Raise(ctx, stats.PageOfPeaks(shop.DateOf(now)), peaks)
}

// Report is what roles see of the last days, in one read of the store.
func (f *Figures) Report(ctx context.Context, roles []shop.Role, days int) (stats.Report, error) {
	if days < 1 || days > stats.MostDays {
		return stats.Report{}, shop.ErrInvalidQuery.At("days")
	}
	today := shop.DateOf(f.Now())
	pages, err := f.Store.Figures.Read(ctx, stats.Ranges(today, days)...)
	if err != nil {
		return stats.Report{}, err
	}
	courses, err := f.Store.Catalogue.Get(ctx)
	if err != nil {
		return stats.Report{}, err
	}
	see := stats.SightOf(roles)
	r := stats.NewReport(pages, today, days, see, func(id string) *shop.Course { c, _ := courses.Course(id); return c })
	if see.Presence {
		r.Now.Online, r.Now.Watching = new(int64(f.Hub.Online().Sockets)), new(f.watching.Load())
	}
	return r, nil
}

// recountIfDue recounts once a night, and at once where it was never done: the figures of a shop that had none.
func (f *Figures) recountIfDue(ctx context.Context) error {
	pages, err := f.Store.Figures.Read(ctx, [2]string{stats.PageOfRecount, stats.PageOfRecount})
	if err != nil {
		return err
	}
	due := shop.DateOf(f.Now().Add(-recountHour * time.Hour)).Start().Add(recountHour * time.Hour) // the last one that was
	if last := pages[stats.PageOfRecount][stats.RecountedAt]; last >= due.Unix() {
		return nil
	}
	_, err = f.Recount(ctx)
	return err
}

// Recounted is what a recount has found wrong, and put right.
type Recounted struct {
	Sources int // that were not counted as they stand; those that have just changed are among them
	Figures int // of pages that were not the sum of what was counted
}

// Recount holds every order, account and enrolment against what of it was counted, and the pages against that. It puts
// right what differs, and says so. It may run beside a shop that sells, and on several instances at once.
func (f *Figures) Recount(ctx context.Context) (done Recounted, err error) {
	begun := f.Now()
	pages, err := f.Store.Figures.Read(ctx, [2]string{stats.PageOfRecount, stats.PageOfRecount})
	if err != nil {
		return done, err
	}
	for _, each := range []func(context.Context, func(stats.Source) error) error{f.eachOrder, f.eachUser, f.eachEnrolment} {
		var batch []stats.Source
		flush := func() error {
			marks, err := f.Store.Figures.PrepareNew(ctx, batch)
			if err != nil {
				return err
			}
			batch, done.Sources = batch[:0], done.Sources+len(marks)
			return f.finish(ctx, marks)
		}
		err := each(ctx, func(src stats.Source) error {
			if batch = append(batch, src); len(batch) < countMost {
				return nil
			}
			return flush()
		})
		if err == nil {
			err = flush()
		}
		if err != nil {
			return done, err
		}
	}
	if first := len(pages) == 0; first {
		done.Sources = 0 // a shop that had no figures has missed none
	}
	repaired, err := f.Store.Figures.Repair(ctx)
	if err != nil {
		return done, err
	}
	for page, sums := range repaired {
		done.Figures += len(sums)
		f.Log.ErrorContext(ctx, "figures were wrong and are repaired", "page", page, "added", fmt.Sprint(sums), "alarm", true)
	}
	f.Log.InfoContext(ctx, "figures are recounted", "missed", done.Sources, "repaired", done.Figures)
	if done != (Recounted{}) {
		f.announce(ctx)
	}
	return done, f.Store.Figures.Put(ctx, stats.PageOfRecount, stats.Sums{
		stats.RecountedAt: begun.Unix(), stats.Missed: int64(done.Sources), stats.Repaired: int64(done.Figures),
	})
}

func (f *Figures) eachOrder(ctx context.Context, each func(stats.Source) error) error {
	return f.Store.Orders.Each(ctx, func(o *shop.Order) error { return each(stats.Order(o)) })
}

func (f *Figures) eachUser(ctx context.Context, each func(stats.Source) error) error {
	return f.Store.Users.Each(ctx, func(u *shop.User) error { return each(stats.User(u)) })
}

func (f *Figures) eachEnrolment(ctx context.Context, each func(stats.Source) error) error {
	return f.Store.Enrolments.Each(ctx, func(e *shop.Enrolment) error { return each(stats.Enrolment(e)) })
}
