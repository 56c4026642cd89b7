package handlers

import (
	"net/http"
	"sync"
	"sync/atomic"

	"mstm/store"
)

// maxCachedResponses bounds the answers kept of one state of the catalogue: a crawler that asks
// for ever other pages must not fill the memory.
const (
	maxCachedResponses = 2000
	maxCachedKey       = 300 // bytes
)

// responseCache keeps the answers that are the same for everybody as ready-made bytes, for
// as long as the catalogue stays the same.
type responseCache struct{ now atomic.Pointer[responses] }

// responses are the answers of one state of the catalogue.
type responses struct {
	of      *store.Catalogue
	answers sync.Map // string → *readyMade
	count   atomic.Int64
}

// of is the answers of this state; those of the one before are dropped with it.
func (f *responseCache) of(all *store.Catalogue) *responses {
	now := f.now.Load()
	if now == nil || now.of != all {
		now = &responses{of: all}
		f.now.Store(now) // two at once: one is forgotten, nothing else
	}
	return now
}

// answerReady answers with what build makes of the catalogue, built once.
func (s *Server) answerReady(w http.ResponseWriter, r *http.Request, key string, build func(*store.Catalogue) (any, error)) error {
	all, err := s.Store.Catalogue.Get(r.Context())
	if err != nil {
		return err
	}
	f := s.answers.of(all)
	if m, ok := f.answers.Load(key); ok {
		m.(*readyMade).answer(w, r)
		return nil
	}
	v, err := build(all)
	if err != nil {
		return err
	}
	m, err := newReadyMade(v)
	if err != nil {
		return err
	}
	if len(key) <= maxCachedKey && f.count.Add(1) <= maxCachedResponses {
		f.answers.Store(key, m)
	}
	m.answer(w, r)
	return nil
}
