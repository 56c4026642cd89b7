// Package storefront is what the shop shows to the world before anything is bought: its papers, and the heads of its
// pages.
package storefront

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"mstm/lessontext"
	"mstm/shop"
	"mstm/shop/papers"
	"mstm/store"
)

// Papers are what the shop says of itself, as staff edit it and everybody reads it.
type Papers struct {
	rows     *store.Papers
	rendered *lessontext.Cache
	now      func() time.Time // the shop's clock
}

// NewPapers makes Papers by the shop's clock.
func NewPapers(rows *store.Papers, now func() time.Time) *Papers {
	return &Papers{rows: rows, rendered: lessontext.NewCache(), now: now}
}

// Current are the papers of now, from memory. The caller must not change them.
func (s *Papers) Current(ctx context.Context) (*papers.Papers, error) { return s.rows.Current(ctx) }

// Read are the papers as the database has them, for editing.
func (s *Papers) Read(ctx context.Context) (*papers.Papers, error) { return s.rows.Read(ctx) }

// Edit makes the edition after the one that the caller has seen, in the name of the user by. change writes into what
// that edition says and returns the number that the caller has seen; nil: none is shop.ErrInvalidField. Where another edit was first
// it is shop.ErrEditConflict.
func (s *Papers) Edit(ctx context.Context, by string, change func(*papers.Edit) (seen *int64, err error)) (*papers.Papers, error) {
	last, err := s.rows.Read(ctx)
	if err != nil {
		return nil, err
	}
	e := last.Edit()
	seen, err := change(&e)
	if err != nil {
		return nil, err
	}
	if err := checkSeen(seen, last.V); err != nil {
		return nil, err
	}
	next, err := last.Next(e, by, s.now())
	if err != nil {
		return nil, err
	}
	for _, k := range papers.Kinds() {
		if _, err := s.html(k, next.Text(k)); err != nil {
			return nil, err
		}
	}
	return next, s.rows.Put(ctx, last, next)
}

// checkSeen refuses an edit of another edition than the last.
func checkSeen(seen *int64, last int64) error {
	switch {
	case seen == nil:
		return shop.ErrInvalidField.At("v")
	case *seen != last:
		return shop.ErrEditConflict
	}
	return nil
}

// Text is a text of the papers with its HTML. Version 0 is the one of now; store.ErrNotFound where there never was that version.
func (s *Papers) Text(ctx context.Context, k papers.Kind, version int) (papers.Text, string, error) {
	p, err := s.rows.Current(ctx)
	if err == nil && version != 0 && version != p.Text(k).Version {
		p, err = s.rows.Version(ctx, k, version)
	}
	if err != nil {
		return papers.Text{}, "", err
	}
	html, err := s.html(k, p.Text(k))
	return p.Text(k), html, err
}

// html renders a text. Papers show no pictures: those are kept for learners.
func (s *Papers) html(k papers.Kind, t papers.Text) (string, error) {
	made, err := s.rendered.Render(fmt.Sprint(k, t.At.UnixNano()), int64(t.Version), t.Markdown)
	if err != nil {
		return "", shop.ErrInvalidField.At(string(k))
	}
	if len(made.Pictures()) > 0 {
		return "", shop.ErrInvalidField.At(string(k))
	}
	return made.HTML(func(string) string { return "" }), nil
}

// LogMissing logs, once at the start of a shop that is open to the public, what its papers lack.
func (s *Papers) LogMissing(ctx context.Context, log *slog.Logger) {
	p, err := s.rows.Current(ctx)
	if err != nil {
		log.WarnContext(ctx, "the shop's papers cannot be read", "err", err)
		return
	}
	if missing := p.Missing(); len(missing) > 0 {
		log.WarnContext(ctx, "the shop's papers are incomplete; an admin writes them at /console/papers", "missing", missing)
	}
}
