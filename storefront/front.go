package storefront

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mstm/hub"
	"mstm/runner"
	"mstm/shop"
	"mstm/shop/front"
	"mstm/store"
)

// maxPicture is how many bytes a banner's picture may have: every visitor loads it.
const maxPicture = 2 << 20

// FrontConfig is what Front works with. Every field without a note is needed.
type FrontConfig struct {
	Rows      *store.Front
	Catalogue *store.CatalogueCache
	Media     *store.Media
	// Hold keeps files while an edition that names them is written; nil: the shop keeps no files, and no banner can be made.
	Hold    func(ctx context.Context, ids ...string) error
	Publish func(ctx context.Context, e hub.Event) (string, error)
	Now     func() time.Time // the shop's clock
	Log     *slog.Logger
}

// Front is the front page, as editors arrange it and visitors are shown it. Its methods may be called from any goroutine.
type Front struct {
	cfg   FrontConfig
	shown atomic.Pointer[ShownFront]

	mu      sync.Mutex // guards those below, and is held while they are published
	edition int64      // the newest edition that this process has announced
	turn    time.Time  // the newest turn of it that this process has announced
}

// NewFront makes Front; its Work is to be run.
func NewFront(cfg FrontConfig) *Front { return &Front{cfg: cfg} }

// ShownFront is what of the front page is shown at a moment. As long as that stays the same, so does the pointer.
type ShownFront struct {
	V         int64
	Banners   []front.Banner
	Rows      []front.Row
	Catalogue *store.Catalogue

	page  *front.Front
	until time.Time // when another banner is shown; zero: never
}

// IsEmpty reports whether nothing is shown.
func (s *ShownFront) IsEmpty() bool { return len(s.Banners) == 0 && len(s.Rows) == 0 }

// Shown is what visitors are shown now, from memory. The caller must not change it.
func (s *Front) Shown(ctx context.Context) (*ShownFront, error) {
	page, err := s.cfg.Rows.Current(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.cfg.Catalogue.Get(ctx)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Now()
	last := s.shown.Load()
	if last != nil && last.page == page && last.Catalogue == all && last.holdsAt(now) {
		return last, nil
	}
	fresh := &ShownFront{V: page.V, Catalogue: all, page: page}
	fresh.Banners, fresh.Rows = page.ShownAt(now, all)
	_, fresh.until = page.Turns(now)
	s.shown.Store(fresh) // two at once: one is forgotten, nothing else
	return fresh, nil
}

// holdsAt reports whether the same banners are shown at a moment. A sandbox's clock may have been set back: that holds too
// until the next edition.
func (s *ShownFront) holdsAt(now time.Time) bool { return s.until.IsZero() || now.Before(s.until) }

// Picture is the file of a banner of now, shown or not; shop.ErrMediaNotFound for any other.
func (s *Front) Picture(ctx context.Context, id string) (*shop.Media, error) {
	page, err := s.cfg.Rows.Current(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range page.Banners {
		if b.Picture == id {
			m, err := s.cfg.Media.Get(ctx, id)
			if err == nil && m.State != shop.MediaReady {
				err = shop.ErrMediaNotFound
			}
			return m, err
		}
	}
	return nil, shop.ErrMediaNotFound
}

// Read is the page as the database has it, for editing.
func (s *Front) Read(ctx context.Context) (*front.Front, error) { return s.cfg.Rows.Read(ctx) }

// Edit makes the edition after the one that the caller has seen, in the name of the user by. change writes into what
// that edition has and returns the number that the caller has seen; nil: none is shop.ErrInvalidField. Where another edit
// was first it is shop.ErrEditConflict; a field that cannot be is shop.ErrInvalidField.
func (s *Front) Edit(ctx context.Context, by string, change func(*front.Edit) (seen *int64, err error)) (*front.Front, error) {
	last, err := s.cfg.Rows.Read(ctx)
	if err != nil {
		return nil, err
	}
	e := front.Edit{Banners: last.Banners, Rows: last.Rows}
	seen, err := change(&e)
	if err != nil {
		return nil, err
	}
	if err := checkSeen(seen, last.V); err != nil {
		return nil, err
	}
	next, err := last.Next(e, by, s.cfg.Now())
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx, next); err != nil {
		return nil, err
	}
	if err := s.cfg.Rows.Put(ctx, last, next); err != nil {
		return nil, err
	}
	if err := s.Announce(context.WithoutCancel(ctx)); err != nil {
		s.cfg.Log.WarnContext(ctx, "the front page is announced later", "v", next.V, "err", err)
	}
	return next, nil
}

// check holds the files that a page names, and looks whether all that it names is there.
func (s *Front) check(ctx context.Context, page *front.Front) error {
	all, err := s.cfg.Catalogue.Get(ctx)
	if err != nil {
		return err
	}
	for i, b := range page.Banners {
		at := fmt.Sprintf("banners[%d]", i)
		switch _, isCourse := all.Course(b.Link.To); {
		case b.Link.Kind == front.ToCourse && !isCourse, b.Link.Kind == front.ToCategory && all.CheckCategory(b.Link.To) != nil:
			return shop.ErrInvalidField.At(at + ".link.to")
		}
		if err := s.hold(ctx, b.Picture); err != nil {
			if errors.Is(err, shop.ErrMediaNotFound) || errors.Is(err, shop.ErrMediaNotReady) {
				err = shop.ErrInvalidField.At(at + ".picture")
			}
			return err
		}
	}
	for i, r := range page.Rows {
		for _, id := range r.Courses {
			if _, ok := all.Course(id); !ok {
				return shop.ErrInvalidField.At(fmt.Sprintf("rows[%d].courses", i))
			}
		}
	}
	return nil
}

// hold keeps a picture while it is written into a page; shop.ErrMediaNotFound where it is no picture that a banner may have.
func (s *Front) hold(ctx context.Context, id string) error {
	if s.cfg.Hold == nil {
		return shop.ErrMediaNotFound
	}
	m, err := s.cfg.Media.Get(ctx, id)
	if err != nil {
		return err
	}
	if m.Kind != shop.KindImage || m.Size > maxPicture {
		return shop.ErrMediaNotFound
	}
	return s.cfg.Hold(ctx, id)
}

const (
	announceEvery = time.Second // of real time
	// announceFor is how long after it came an edition or a turn is announced: the hub knows for 24 h what it has published
	// once.
	announceFor = 23 * time.Hour
)

// Work is what Front does by itself, on every instance.
func (s *Front) Work() []runner.Work {
	return []runner.Work{runner.Simple("front page", announceEvery, func(ctx context.Context) error {
		return s.Announce(store.Background(ctx, store.Lists))
	})}
}

// Announce has open front pages read the banners and rows, where there is an edition, or a time at which another banner is
// shown, that this process has not announced. Each is published once by all instances together, so one whose editor's process died after
// the write is announced by the others, or by the next start.
func (s *Front) Announce(ctx context.Context) error {
	page, err := s.cfg.Rows.Current(ctx)
	if err != nil || page.V == 0 {
		return err
	}
	now := s.cfg.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.edition > page.V {
		return nil // an older reading
	}
	if s.edition != page.V {
		if page.By != "" && now.Sub(page.At) < announceFor {
			if err := s.publish(ctx, page.V, time.Time{}); err != nil {
				return err
			}
		}
		s.edition, s.turn = page.V, page.At
	}
	last, _ := page.Turns(now)
	if !last.After(s.turn) {
		return nil
	}
	if now.Sub(last) < announceFor {
		if err := s.publish(ctx, page.V, last); err != nil {
			return err
		}
	}
	s.turn = last
	return nil
}

func (s *Front) publish(ctx context.Context, v int64, turn time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := s.cfg.Publish(ctx, hub.Event(shop.FrontChanged(v, turn)))
	if errors.Is(err, hub.ErrPending) {
		return nil // it arrives when Redis is back
	}
	return err
}
