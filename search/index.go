// Package search finds courses by words: of titles, subtitles, teachers, categories and lessons, in Chinese, in pinyin, by
// initials, and in Latin words with a typo. It is an index in memory, built from the catalogue and brought up to date one
// course at a time. It knows no store and no HTTP.
//
// The postings are roaring bitmaps, the sounds go-pinyin's, simplified characters gojianfan's, and the distance of a typo
// edlib's: 4 MB of program. Chinese is cut where the course's own text can be, not by a dictionary: gse's takes 128 MB and
// 2.8 s at each start, and misses what a course is called. bleve has neither sounds nor such cuts.
package search

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"mstm/shop"
)

// field is a part of a course that is searched.
type field byte

const (
	inTitle field = iota
	inTeacher
	inCategory
	inSubtitle
	inLesson
	fieldCount
)

// weights say how much a word in a field is worth.
var weights = [fieldCount]float64{inTitle: 100, inTeacher: 70, inCategory: 55, inSubtitle: 40, inLesson: 20}

// Index answers queries about the courses on sale. Its methods may be called from any goroutine; the zero value is empty.
type Index struct {
	mu     sync.RWMutex
	number uint64 // of the catalogue that it was last brought up to date with
	docs   []*document
	byID   map[string]uint32
	live   *roaring.Bitmap // documents on sale
	grams  map[gram]*roaring.Bitmap
	words  map[wordKey]*roaring.Bitmap

	vocabulary []string // the words in order
}

// document is a course with its texts in their form.
type document struct {
	course   *shop.Course
	category string
	stamp    stamp
	texts    [fieldCount]string // fields of several texts have them by lines
	facets   facets
}

// stamp changes whenever something that is indexed does.
type stamp struct {
	v        int64
	edited   time.Time
	state    shop.CourseState
	category string
}

// Sync brings the index up to date with a catalogue: those that are read later have higher numbers, and one that is not
// newer than the last costs nothing. Only courses that differ are read.
func (x *Index) Sync(number uint64, courses []*shop.Course, categories []shop.Category) {
	x.mu.RLock()
	isNew := number > x.number
	x.mu.RUnlock()
	if !isNew {
		return
	}
	names := map[string]string{}
	for _, c := range categories {
		names[c.ID] = c.Name
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if number <= x.number {
		return
	}
	if x.byID == nil {
		x.byID, x.live = map[string]uint32{}, roaring.New()
		x.grams, x.words = map[gram]*roaring.Bitmap{}, map[wordKey]*roaring.Bitmap{}
	}
	for _, c := range courses {
		x.put(c, names[c.CategoryID])
	}
	if len(courses) < len(x.byID) {
		x.dropMissing(courses)
	}
	x.sortWords()
	x.number = number
}

// put indexes a course where it is not the one that is known.
func (x *Index) put(c *shop.Course, category string) {
	now := stamp{c.V, c.UpdatedAt, c.State, category}
	n, known := x.byID[c.ID]
	switch {
	case known && x.docs[n].stamp == now:
		x.docs[n].course = c // with another number of learners, perhaps
		return
	case known:
		x.remove(n)
	case c.State != shop.CourseOnSale:
		return
	default:
		n = uint32(len(x.docs))
		x.docs = append(x.docs, nil)
		x.byID[c.ID] = n
	}
	d := &document{course: c, category: category, stamp: now, facets: facetsOf(c)}
	x.docs[n] = d
	if c.State != shop.CourseOnSale {
		return
	}
	x.live.Add(n)
	for f := range fieldCount {
		for _, text := range d.originals(f) {
			form := formOf(text)
			x.add(n, f, form)
			if d.texts[f] != "" {
				d.texts[f] += "\n"
			}
			d.texts[f] += form.text()
		}
	}
}

// originals are the texts of a field as an editor wrote them.
func (d *document) originals(f field) []string {
	switch f {
	case inTitle:
		return []string{d.course.Title}
	case inSubtitle:
		return []string{d.course.Subtitle, d.course.Teacher.Title}
	case inTeacher:
		return []string{d.course.Teacher.Name}
	case inCategory:
		return []string{d.category}
	}
	var titles []string
	for _, ch := range d.course.Chapters {
		for _, l := range ch.Lessons {
			titles = append(titles, l.Title)
		}
	}
	return titles
}

// Kinds of postings: a pair of characters, one, the first letters of a pair's sounds, a syllable, a pair
// of syllables. Words are kept by name.
const (
	postPair = iota
	postOne
	postInitials
	postSyllable
	postSyllables
)

// gram is the key of a posting: where, what kind, and up to two characters.
type gram uint64

func gramOf(f field, kind int, a, b rune) gram {
	return gram(f)<<48 | gram(kind)<<44 | gram(a)<<22 | gram(b)
}

// wordKey is a word in a field.
type wordKey struct {
	field field
	word  string
}

// eachPosting names the postings of a text.
func eachPosting(f field, text form, grams func(gram), words func(wordKey)) {
	for _, p := range text.parts() {
		if !p.han {
			word := text.word(p)
			words(wordKey{f, word})
			if bare := strings.TrimRight(word, "+#"); bare != word {
				words(wordKey{f, bare})
			}
			continue
		}
		for i := p.from; i < p.to; i++ {
			r := text.runes[i]
			grams(gramOf(f, postOne, r, 0))
			if f != inLesson {
				for _, s := range soundsOf(r) {
					grams(gramOf(f, postSyllable, s, 0))
				}
			}
			if i+1 == p.to {
				continue
			}
			next := text.runes[i+1]
			grams(gramOf(f, postPair, r, next))
			eachPair(initials(r), initials(next), func(a, b rune) { grams(gramOf(f, postInitials, a, b)) })
			eachPair(soundsOf(r), soundsOf(next), func(a, b rune) { grams(gramOf(f, postSyllables, a, b)) })
		}
	}
}

func eachPair(as, bs []rune, do func(a, b rune)) {
	for _, a := range as {
		for _, b := range bs {
			do(a, b)
		}
	}
}

func (x *Index) add(n uint32, f field, text form) {
	eachPosting(f, text, func(g gram) {
		b := x.grams[g]
		if b == nil {
			b = roaring.New()
			x.grams[g] = b
		}
		b.Add(n)
	}, func(w wordKey) {
		b := x.words[w]
		if b == nil {
			b = roaring.New()
			x.words[w] = b
			x.vocabulary = nil
		}
		b.Add(n)
	})
}

// remove takes a document out of its postings.
func (x *Index) remove(n uint32) {
	if !x.live.CheckedRemove(n) {
		return
	}
	d := x.docs[n]
	for f := range fieldCount {
		for _, text := range d.originals(f) {
			eachPosting(f, formOf(text), func(g gram) { x.grams[g].Remove(n) }, func(w wordKey) {
				x.words[w].Remove(n)
				if x.words[w].IsEmpty() {
					delete(x.words, w)
					x.vocabulary = nil
				}
			})
		}
	}
}

// dropMissing takes out courses that the catalogue does not have any more.
func (x *Index) dropMissing(courses []*shop.Course) {
	there := map[string]bool{}
	for _, c := range courses {
		there[c.ID] = true
	}
	for id, n := range x.byID {
		if !there[id] {
			x.remove(n)
			x.docs[n].stamp = stamp{}
		}
	}
}

// sortWords makes the vocabulary again after words came or went.
func (x *Index) sortWords() {
	if x.vocabulary != nil {
		return
	}
	x.vocabulary = []string{}
	for w := range x.words {
		x.vocabulary = append(x.vocabulary, w.word)
	}
	slices.Sort(x.vocabulary)
	x.vocabulary = slices.Compact(x.vocabulary)
}
