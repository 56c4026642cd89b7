package media

import (
	"sync"
	"time"

	"mstm/shop"
)

// shownEvery is the least time between two showings of one file: an upload on a fast line has a dozen parts a second.
const shownEvery = 500 * time.Millisecond

// pace shows how files come on, each at most once in shownEvery and its newest state last. The zero value is ready.
type pace struct {
	mu    sync.Mutex
	files map[string]*pacedFile // those shown a moment ago
}

// pacedFile is what waits to be shown of a file, and the version that was shown.
type pacedFile struct {
	next  *shop.Media // nil: nothing
	shown int64
}

// note has a file shown: at once, or when the time has come.
func (p *pace) note(m *shop.Media, show func(*shop.Media)) {
	if !p.first(m) {
		return
	}
	show(m)
	go p.run(m.ID, show)
}

// first reports whether a file is to be shown at once; else it waits, if it is newer than what was shown.
func (p *pace) first(m *shop.Media) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.files[m.ID]
	if f == nil {
		if p.files == nil {
			p.files = map[string]*pacedFile{}
		}
		p.files[m.ID] = &pacedFile{shown: m.V}
		return true
	}
	if m.V > f.shown && (f.next == nil || m.V > f.next.V) {
		f.next = m
	}
	return false
}

// run shows what has come of a file until nothing new has for shownEvery.
func (p *pace) run(id string, show func(*shop.Media)) {
	for {
		time.Sleep(shownEvery)
		m := p.next(id)
		if m == nil {
			return
		}
		show(m)
	}
}

// next takes what waits of a file; where nothing does, the file is forgotten.
func (p *pace) next(id string) *shop.Media {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.files[id]
	m := f.next
	if m == nil {
		delete(p.files, id)
		return nil
	}
	f.next, f.shown = nil, m.V
	return m
}
