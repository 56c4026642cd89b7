package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mstm/shop"
	"mstm/shop/papers"
	"mstm/store/redistest"
)

// edition is an edit of the papers that are there.
func edition(t *testing.T, last *papers.Papers, name string) *papers.Papers {
	t.Helper()
	e := last.Edit()
	e.Name, e.Terms = name, "协议 "+name
	next, err := last.Next(e, "anna", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestPapers_ManyEditsAtOnce_OneWinsAndAllAreInTheAudit(t *testing.T) {
	s := open(t, t.TempDir())
	const rounds, editors = 3, 6
	for round := range rounds {
		last, err := s.Papers.Read(t.Context())
		if err != nil || last.V != int64(round) {
			t.Fatalf("edition %d, %v", last.V, err)
		}
		var won atomic.Int64
		var all sync.WaitGroup
		for i := range editors {
			next := edition(t, last, fmt.Sprintf("店 %d %d", round, i))
			all.Go(func() {
				switch err := s.Papers.Put(t.Context(), last, next); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, shop.ErrEditConflict):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d won", round, won.Load())
		}
	}
	// A process that dies between the edit and its audit row: the next edit makes it up.
	if _, err := s.deleteByID(t.Context(), s.coll("audit"), "papers:3"); err != nil {
		t.Fatal(err)
	}
	last, err := s.Papers.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Papers.Put(t.Context(), last, edition(t, last, "最后")); err != nil {
		t.Fatal(err)
	}
	var ids []string
	if err := s.Audit.Each(t.Context(), "papers", func(r *AuditRow) error { ids = append(ids, r.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(ids) != rounds+1 {
		t.Errorf("audit %v", ids)
	}
	for version := 1; version <= rounds+2; version++ {
		p, err := s.Papers.Version(t.Context(), papers.Terms, version)
		if err != nil || p.Terms.Version != version {
			t.Errorf("terms %d: %+v, %v", version, p, err)
		}
	}
	if _, err := s.Papers.Version(t.Context(), papers.Terms, rounds+3); !errors.Is(err, ErrNotFound) {
		t.Errorf("a version that never was: %v", err)
	}
}

func TestPapers_EditOnAnotherInstance_IsShownHere(t *testing.T) {
	a := open(t, t.TempDir())
	b := secondInstance(t, a, redistest.Single(t))
	eventually(t, "both caches are trusted", func() bool { return a.bus.healthy() && b.bus.healthy() })
	name := func(s *DB) string {
		p, err := s.Papers.Current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return p.Name
	}
	if name(a) != name(b) || name(b) != papers.Default().Name {
		t.Fatalf("before the first edit %q and %q", name(a), name(b))
	}
	last, err := a.Papers.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Papers.Put(t.Context(), last, edition(t, last, "新店")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other instance shows it", func() bool { return name(b) == "新店" })
}
