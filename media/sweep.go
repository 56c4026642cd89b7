package media

import (
	"context"
	"errors"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	"mstm/shop"
)

// sweepNowAndThen sweeps every hour or so, the first time within the first minutes.
func (l *Library) sweepNowAndThen(ctx context.Context) {
	wait := time.Minute + rand.N(4*time.Minute)
	for {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		if err := l.Sweep(ctx); err != nil && ctx.Err() == nil {
			l.Log.WarnContext(ctx, "unused files not swept", "err", err)
		}
		wait = sweepEvery + rand.N(sweepEvery/4)
	}
}

// Sweep removes what nothing needs: uploads without a byte for a week, files that no lesson has
// had for a week, the rows of refused files after a day, deletions that a death cut off, and
// objects that no row names.
func (l *Library) Sweep(ctx context.Context) error {
	used, err := l.Records.InUse(ctx)
	if err != nil {
		return err
	}
	var over, turned []*shop.Media
	named := map[string]bool{} // prefixes of objects
	err = l.Records.Each(ctx, func(m *shop.Media) error {
		for _, prefix := range namedBy(m) {
			named[prefix] = true
		}
		switch {
		case l.isOver(m, used):
			over = append(over, m)
		case m.State == shop.MediaReady && isToBeNoted(m, used(m.ID)):
			turned = append(turned, m)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, m := range turned {
		err = errors.Join(err, l.noteUse(ctx, m.ID, used(m.ID)))
	}
	for _, m := range over {
		if e := l.sweepOne(ctx, m); e != nil {
			err = errors.Join(err, e)
			continue
		}
		l.Log.InfoContext(ctx, "unused file removed", "media", m.ID, "state", m.State, "bytes", m.Size)
	}
	return errors.Join(err, l.sweepObjects(ctx, named))
}

// isOver reports whether a file is needed no more.
func (l *Library) isOver(m *shop.Media, used func(string) bool) bool {
	now := l.Now()
	idle := now.Sub(m.UpdatedAt)
	switch m.State {
	case shop.MediaDeleting:
		return true
	case shop.MediaRefused:
		return idle > RefusedAge
	case shop.MediaUploading:
		return idle > UnusedAge
	case shop.MediaReady:
		if m.HeldUntil.IsZero() { // no lesson has ever had it
			return idle > UnusedAge && !used(m.ID)
		}
		return m.UnusedSince != nil && now.Sub(*m.UnusedSince) > UnusedAge && !m.HeldUntil.After(now) && !used(m.ID)
	}
	return false
}

// isToBeNoted reports whether the row of a file does not say yet that a lesson has it, or has it no more.
func isToBeNoted(m *shop.Media, used bool) bool {
	if used {
		return m.HeldUntil.IsZero() || m.UnusedSince != nil
	}
	return !m.HeldUntil.IsZero() && m.UnusedSince == nil
}

// noteUse writes into the row of a file whether a lesson has it. The week in which an unused file stays
// begins at this note, and not at the upload.
func (l *Library) noteUse(ctx context.Context, id string, used bool) error {
	now := l.Now().UTC()
	_, err := l.Records.Change(ctx, id, func(m *shop.Media) error {
		switch {
		case used && m.HeldUntil.IsZero():
			m.HeldUntil, m.UnusedSince = now, nil
		case used:
			m.UnusedSince = nil
		case !m.HeldUntil.After(now): // a lesson is not being written with it just now
			m.UnusedSince = &now
		}
		return nil
	})
	if errors.Is(err, shop.ErrMediaNotFound) {
		return nil
	}
	return err
}

// sweepOne removes one file, ready ones by the same rule as an editor does.
func (l *Library) sweepOne(ctx context.Context, m *shop.Media) error {
	if m.State == shop.MediaReady {
		err := l.Delete(ctx, m.ID)
		if errors.Is(err, shop.ErrMediaInUse) || errors.Is(err, shop.ErrMediaNotFound) {
			return nil
		}
		return err
	}
	seen := *m
	if m.State == shop.MediaUploading { // a byte that comes now is refused
		marked, err := l.Records.Change(ctx, m.ID, func(m *shop.Media) error {
			if m.V != seen.V {
				return shop.ErrMediaInUse
			}
			m.State, m.Upload = shop.MediaDeleting, nil
			return nil
		})
		if err != nil {
			return err
		}
		m = marked
	}
	return l.finishDelete(ctx, m)
}

// objectAge is how old an object that no row names must be: an upload or a job that is under way
// names its objects after it has written them.
const objectAge = 24 * time.Hour

// namedBy lists the prefixes under which a row has objects: the parts of an upload that is not
// yet a file, and what the attempts have made that it names or that hold its job.
func namedBy(m *shop.Media) []string {
	var all []string
	if m.State == shop.MediaUploading || m.State == shop.MediaChecking {
		all = append(all, partsOf(m.ID))
	}
	if m.Key != "" {
		all = append(all, path.Dir(m.Key)+"/")
	}
	if m.Video != nil {
		all = append(all, path.Dir(m.Video.Poster)+"/")
		for _, v := range m.Video.Variants {
			all = append(all, path.Dir(strings.TrimSuffix(v.Prefix, "/"))+"/")
		}
	}
	if m.Job != nil && m.Job.State == shop.JobRunning {
		all = append(all, filesOf(m.ID)+m.Job.Attempt+"/", hlsOf(m.ID)+m.Job.Attempt+"/")
	}
	return all
}

// isNamed reports whether one of the prefixes is the object's.
func isNamed(key string, named map[string]bool) bool {
	for i, c := range key {
		if c == '/' && named[key[:i+1]] {
			return true
		}
	}
	return false
}

// sweepObjects removes objects of files that are no more, what lost attempts have made, and parts
// of uploads that are complete.
func (l *Library) sweepObjects(ctx context.Context, named map[string]bool) error {
	before := time.Now().Add(-objectAge) // by the storage's clock, which is never moved
	for _, prefix := range []string{"parts/", "files/", "hls/"} {
		err := l.Storage.Each(ctx, prefix, func(o Object) error {
			if isNamed(o.Key, named) || o.ModTime.After(before) {
				return nil
			}
			return l.Storage.Delete(ctx, o.Key)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
