package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
	"mstm/shop/stats"
)

// Figures are the shop's figures: pages of sums, and for each source (an order, an account, an enrolment) a mark of what
// of it is in them. Each source is counted exactly once, whatever dies and however many count:
//
// Prepare writes into the mark what the source counts for now, and the difference to before as an operation with a name.
// Apply adds the difference to a page and the operation's name to the page's list, in one write on the page's version.
// Clear takes the operation out of the mark once all its pages have it. So an operation that stands in its mark is in a page if
// and only if the page lists it, and Apply, which reads the page first and the marks after, adds it neither twice nor not at
// all. A source whose operation is not cleared gets no other; whichever process comes next finishes it.
type Figures struct {
	*base
	pages Collection[figurePage]
	marks Collection[FigureMark]
	queue Collection[FigureRow]

	by string // names this process

	mu    sync.Mutex
	noted map[string]stats.Source // that this process has changed
	known map[string]bool         // enrolments that were noted since an order's row was read that names them
}

// figurePage is a page of sums.
type figurePage struct {
	ID      string        `bson:"_id"`
	V       int64         `bson:"v"`
	Cells   []stats.Cell  `bson:"cells"`
	Pending []figureEntry `bson:"pending"` // operations in the sums that their marks may still have
}

type figureEntry struct {
	Source string `bson:"s"`
	Op     string `bson:"op"`
}

// FigureMark is what of a source is in the figures, or is about to be.
type FigureMark struct {
	ID      string       `bson:"_id"` // the source
	V       int64        `bson:"v"`
	Seen    int64        `bson:"seen"` // the source's version
	Counted []figureSums `bson:"counted"`
	Op      string       `bson:"op"` // the operation that brings Change to the pages; "": it is in all of them
	Change  []figureSums `bson:"change"`
}

type figureSums struct {
	Page  string       `bson:"page"`
	Cells []stats.Cell `bson:"cells"`
}

// FigureRow is a thing to be counted, whichever process lives. An order's row says what the order counts for, so that it need not
// be read; an account's row is there before the account.
type FigureRow struct {
	ID         string       `bson:"_id"` // the source, of an order with its version
	Source     string       `bson:"source"`
	SourceV    int64        `bson:"source_v"`
	Counts     []figureSums `bson:"counts"`
	Enrolments []string     `bson:"enrolments"` // that the order may have changed
	By         string       `bson:"by"`         // the process that wrote it
	At         time.Time    `bson:"at"`         // in real time
}

// Counted is what an order's row says that the order counts for.
func (r FigureRow) Counted() stats.Source {
	return stats.Source{ID: r.Source, V: r.SourceV, Pages: pagesOf(r.Counts)}
}

func newFigures(b *base) *Figures {
	s := &Figures{base: b, by: newID(), noted: map[string]stats.Source{}, known: map[string]bool{}}
	pages := newCollection[figurePage](b, "figures")
	pages.version = func(d *figurePage) *int64 { return &d.V }
	pages.blank = func(id string) *figurePage { return &figurePage{ID: id} }
	s.pages = pages
	marks := newCollection[FigureMark](b, "figure_marks")
	marks.version = func(d *FigureMark) *int64 { return &d.V }
	marks.blank = func(id string) *FigureMark { return &FigureMark{ID: id} }
	s.marks = marks
	s.queue = newCollection[FigureRow](b, "figure_queue")
	return s
}

// notedMost bounds what waits to be counted early; it is counted in any case, see Enqueue.
const notedMost = 10_000

// Note has this process count a source soon. A note that is lost delays the figures and falsifies none: before an order comes
// to rest it is enqueued.
func (s *Figures) Note(src stats.Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, there := s.noted[src.ID]; there && old.V > src.V || !there && len(s.noted) >= notedMost {
		return
	}
	s.noted[src.ID] = src
}

// NoteEnrolment is Note for an enrolment, which then is not read for its order's row.
func (s *Figures) NoteEnrolment(e *shop.Enrolment) {
	s.mu.Lock()
	if len(s.known) >= notedMost {
		clear(s.known)
	}
	s.known[e.ID] = true
	s.mu.Unlock()
	s.Note(stats.Enrolment(e))
}

// Unknown are those of a row's enrolments that are to be read: where the row is of this process, not those that it has noted.
func (s *Figures) Unknown(row FigureRow) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range row.Enrolments {
		if !s.Mine(row) || !s.known[id] {
			ids = append(ids, id)
		}
		delete(s.known, id)
	}
	return ids
}

// Noted are the sources noted since the last call.
func (s *Figures) Noted() []stats.Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Collect(maps.Values(s.noted))
	clear(s.noted)
	return all
}

// EnqueueOrder makes sure that an order is counted as it stands, and the enrolments that it may have changed.
func (s *Figures) EnqueueOrder(ctx context.Context, o *shop.Order) error {
	src := stats.Order(o)
	row := FigureRow{ID: fmt.Sprintf("%s@%d", src.ID, src.V), Source: src.ID, SourceV: src.V, Counts: sumsOf(src.Pages), By: s.by, At: time.Now().UTC()}
	if o.PaidAt != nil || o.Total == 0 {
		for _, l := range o.Lines {
			row.Enrolments = append(row.Enrolments, shop.EnrolmentID(o.UserID, l.CourseID))
		}
	}
	_, err := s.queue.Insert(ctx, &row)
	return err
}

// EnqueueUser makes sure that an account that is about to be written is counted, if it is.
func (s *Figures) EnqueueUser(ctx context.Context, id string) error {
	_, err := s.queue.Insert(ctx, &FigureRow{ID: stats.UserID(id), Source: stats.UserID(id), By: s.by, At: time.Now().UTC()})
	return err
}

// Mine reports whether this process has written a row, which then is the first to count it.
func (s *Figures) Mine(row FigureRow) bool { return row.By == s.by }

// Queue lists rows, the oldest first.
func (s *Figures) Queue(ctx context.Context, limit int) ([]FigureRow, error) {
	return s.queue.All(ctx, bson.M{}, options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(int64(limit)))
}

// Dequeue removes a row that is counted.
func (s *Figures) Dequeue(ctx context.Context, row FigureRow) error {
	_, err := s.queue.DeleteByID(ctx, row.ID)
	return err
}

// Prepare notes in a source's mark what it counts for, and returns the mark. Where an operation is under way the mark stays
// as it is, and the source is to be counted again after that one: current is false.
func (s *Figures) Prepare(ctx context.Context, src stats.Source) (mark *FigureMark, current bool, err error) {
	mark, err = s.marks.Change(ctx, src.ID, func(m *FigureMark) error { return prepare(m, src) })
	return mark, err == nil && (mark.Seen > src.V || len(src.Minus(mark.pages())) == 0), err
}

func prepare(m *FigureMark, src stats.Source) error {
	change := src.Minus(m.pages())
	if m.Op != "" || src.V < m.Seen || len(change) == 0 {
		return errUnchanged
	}
	m.Seen, m.Counted, m.Op, m.Change = src.V, sumsOf(src.Pages), newID(), sumsOf(change)
	return nil
}

// PrepareNew is Prepare for many sources of which most have no mark: those that had none and count for something get one, and are
// returned with those that had an operation under way.
func (s *Figures) PrepareNew(ctx context.Context, all []stats.Source) (marks []FigureMark, err error) {
	there, err := s.Marks(ctx, all)
	if err != nil {
		return nil, err
	}
	var fresh []FigureMark
	for _, src := range all {
		m := &FigureMark{ID: src.ID}
		if old := there[src.ID]; old != nil {
			if old.Op == "" {
				if old, _, err = s.Prepare(ctx, src); err != nil {
					return nil, err
				}
			}
			if old.Op != "" {
				marks = append(marks, *old)
			}
		} else if prepare(m, src) == nil {
			fresh = append(fresh, *m)
		}
	}
	_, err = s.marks.InsertAll(ctx, fresh) // one that another process was first with is not applied: its operation is another
	return append(marks, fresh...), err
}

// Marks are those of some sources that have one.
func (s *Figures) Marks(ctx context.Context, all []stats.Source) (map[string]*FigureMark, error) {
	ids := make([]string, len(all))
	for i, src := range all {
		ids[i] = src.ID
	}
	return s.marksByID(ctx, ids)
}

func (s *Figures) marksByID(ctx context.Context, ids []string) (map[string]*FigureMark, error) {
	rows, err := s.marks.ByIDs(ctx, ids)
	return byID(rows, func(m *FigureMark) string { return m.ID }), err
}

// Apply brings the operations of some marks to one of their pages. An operation that the page has, or that its mark has no
// more, changes nothing.
func (s *Figures) Apply(ctx context.Context, page string, marks []FigureMark) error {
	_, err := s.pages.Change(ctx, page, func(p *figurePage) error {
		ids := make([]string, 0, len(marks)+len(p.Pending))
		for _, e := range p.Pending {
			ids = append(ids, e.Source)
		}
		for _, m := range marks {
			ids = append(ids, m.ID)
		}
		now, err := s.marksByID(ctx, ids) // after the page was read
		if err != nil {
			return err
		}
		if !p.apply(marks, now) {
			return errUnchanged
		}
		return nil
	})
	return err
}

// apply adds what is not in the page yet of those operations that stand in their marks now.
func (p *figurePage) apply(marks []FigureMark, now map[string]*FigureMark) (changed bool) {
	p.Pending = slices.DeleteFunc(p.Pending, func(e figureEntry) bool { return now[e.Source] == nil || now[e.Source].Op != e.Op })
	sums := stats.SumsOf(p.Cells)
	for _, m := range marks {
		e := figureEntry{m.ID, m.Op}
		if m.Op == "" || now[m.ID] == nil || now[m.ID].Op != m.Op || slices.Contains(p.Pending, e) {
			continue
		}
		sums.Add(m.changes()[p.ID])
		p.Pending = append(p.Pending, e)
		changed = true
	}
	p.Cells = sums.Cells()
	return changed
}

// Clear ends an operation that is in all its pages.
func (s *Figures) Clear(ctx context.Context, m FigureMark) error {
	_, err := s.marks.Update(ctx, bson.M{"_id": m.ID, "op": m.Op}, bson.M{"$set": bson.M{"op": "", "change": []figureSums{}}})
	return err
}

// Raise notes the most that were there at once: a peak stays where it was higher.
func (s *Figures) Raise(ctx context.Context, page string, peaks stats.Sums) error {
	_, err := s.pages.Change(ctx, page, func(p *figurePage) error {
		sums, higher := stats.SumsOf(p.Cells), false
		for name, n := range peaks {
			if n > sums[name] {
				sums[name], higher = n, true
			}
		}
		if !higher {
			return errUnchanged
		}
		p.Cells = sums.Cells()
		return nil
	})
	return err
}

// Put writes a page that is made of no sources.
func (s *Figures) Put(ctx context.Context, page string, sums stats.Sums) error {
	_, err := s.pages.Change(ctx, page, func(p *figurePage) error {
		p.Cells = sums.Cells()
		return nil
	})
	return err
}

// Change changes a page that is made of no sources, unless change says that nothing is to be changed, and reports whether it was.
func (s *Figures) Change(ctx context.Context, page string, change func(stats.Sums) bool) (changed bool, err error) {
	_, err = s.pages.Change(ctx, page, func(p *figurePage) error {
		sums := stats.SumsOf(p.Cells)
		if changed = change(sums); !changed {
			return errUnchanged
		}
		p.Cells = sums.Cells()
		return nil
	})
	return changed && err == nil, err
}

// Read reads pages by the ranges of their ids (first and last), in one look.
func (s *Figures) Read(ctx context.Context, ranges ...[2]string) (stats.Pages, error) {
	var any bson.A
	for _, r := range ranges {
		any = append(any, bson.M{"_id": bson.M{"$gte": r[0], "$lte": r[1]}})
	}
	rows, err := s.pages.All(ctx, bson.M{"$or": any})
	pages := stats.Pages{}
	for _, p := range rows {
		pages[p.ID] = stats.SumsOf(p.Cells)
	}
	return pages, err
}

// Repair holds the pages against the marks, puts right those that differ, and returns what was added to them. Pages that
// are written at the same time are left for the next time.
func (s *Figures) Repair(ctx context.Context) (stats.Pages, error) {
	rows, err := s.pages.All(ctx, bson.M{})
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(p figurePage) bool { return !stats.IsSum(p.ID) })
	seen, pending, have := map[string]int64{}, map[figureEntry][]string{}, stats.Pages{}
	for _, p := range rows {
		seen[p.ID], have[p.ID] = p.V, stats.SumsOf(p.Cells)
		for _, e := range p.Pending {
			pending[e] = append(pending[e], p.ID)
		}
	}
	want := stats.Pages{}
	err = s.marks.Each(ctx, bson.M{}, func(m *FigureMark) error {
		want.Add(m.pages())
		for page, sums := range m.changes() { // what is not in its page yet
			if m.Op != "" && !slices.Contains(pending[figureEntry{m.ID, m.Op}], page) {
				want.Add(stats.Pages{page: sums}.Negative())
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	wrong := want.Minus(have)
	for page, diff := range wrong {
		_, err := s.pages.Change(ctx, page, func(p *figurePage) error {
			if p.V != seen[page] {
				delete(wrong, page)
				return errUnchanged
			}
			sums := stats.SumsOf(p.Cells)
			sums.Add(diff)
			p.Cells = sums.Cells()
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return wrong, nil
}

func (m *FigureMark) pages() stats.Pages   { return pagesOf(m.Counted) }
func (m *FigureMark) changes() stats.Pages { return pagesOf(m.Change) }

// Pages are those that the mark's operation goes to.
func (m *FigureMark) Pages() []string {
	all := make([]string, 0, len(m.Change))
	for _, c := range m.Change {
		all = append(all, c.Page)
	}
	return all
}

func sumsOf(pages stats.Pages) []figureSums {
	all := make([]figureSums, 0, len(pages))
	for _, page := range slices.Sorted(maps.Keys(pages)) {
		all = append(all, figureSums{page, pages[page].Cells()})
	}
	return all
}

func pagesOf(all []figureSums) stats.Pages {
	pages := stats.Pages{}
	for _, s := range all {
		pages[s.Page] = stats.SumsOf(s.Cells)
	}
	return pages
}
