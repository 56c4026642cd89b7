package search

import (
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/hbollon/go-edlib"
)

// How good a hit is that is not the word itself, as a part of the weight of its field.
const (
	goodPrefix   = 0.8  // the word goes on
	goodSounds   = 0.7  // spelled out
	goodInitials = 0.55 // at least one sound by its first letter
	goodPieces   = 0.6  // the characters stand apart
	goodTypo     = 0.5

	goodBeginning = 1.05 // sounds that a text begins with
)

// word is a word of a query.
type word struct {
	text      string
	runes     []rune
	han       bool
	spellings []spelling // of letters that may be sounds
	known     bool       // letters are a word of the catalogue
	meant     []string   // words of the catalogue that letters stand for by a typo
}

// filler are words that say nothing in a shop of courses: a query is answered without them, too.
var filler = []string{"的", "课", "课程", "教程"}

const mostWords = 12

// wordsOf are the words of a query; more than a dozen are not looked at.
func wordsOf(query string) (all []*word) {
	f := formOf(query)
	for _, p := range f.parts() {
		w := &word{text: f.word(p), runes: f.runes[p.from:p.to], han: p.han}
		if !p.han && len(w.text) > 1 && isLetters(w.text) {
			w.spellings = spellings(w.text)
		}
		if len(all) < mostWords && !slices.ContainsFunc(all, func(o *word) bool { return o.text == w.text }) {
			all = append(all, w)
		}
	}
	return all
}

func isLetters(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

// found are the scores of a word by document, 0 where it is not, and the fields that the best hit is in.
type found struct {
	scores []float64
	fields []field
}

func (o *found) add(n uint32, f field, score float64) {
	if score > o.scores[n] {
		o.scores[n], o.fields[n] = score, f
	}
}

func (o *found) addAll(b *roaring.Bitmap, f field, good float64) {
	if b == nil {
		return
	}
	for it := b.Iterator(); it.HasNext(); {
		o.add(it.Next(), f, weights[f]*good)
	}
}

// find looks a word up in the fields before most.
func (x *Index) find(w *word, most field) *found {
	o := &found{make([]float64, len(x.docs)), make([]field, len(x.docs))}
	if w.han {
		x.findHan(w, most, o)
		return o
	}
	x.findLetters(w, most, o)
	return o
}

func (x *Index) findHan(w *word, most field, o *found) {
	for f := range most {
		if len(w.runes) == 1 {
			o.addAll(x.grams[gramOf(f, postOne, w.runes[0], 0)], f, 1)
			continue
		}
		b := x.having(f, w.runes)
		if b == nil {
			continue
		}
		for it := b.Iterator(); it.HasNext(); {
			n := it.Next()
			if len(w.runes) == 2 || strings.Contains(x.docs[n].texts[f], w.text) {
				o.add(n, f, weights[f])
			}
		}
	}
	if len(w.runes) > 2 {
		x.findPieces(w, most, o)
	}
}

// having are the documents with all pairs of the characters in a field; nil for none.
func (x *Index) having(f field, runes []rune) *roaring.Bitmap {
	var all []*roaring.Bitmap
	for i := range len(runes) - 1 {
		b := x.grams[gramOf(f, postPair, runes[i], runes[i+1])]
		if b == nil {
			return nil
		}
		all = append(all, b)
	}
	return roaring.FastAnd(all...)
}

// findPieces finds documents that have the characters in pieces of two and more, in any fields: 编程入门 is found where
// the category is 编程开发 and the title has 入门.
func (x *Index) findPieces(w *word, most field, o *found) {
	optional := fillerAt(w.runes)
	pairs := make([]*roaring.Bitmap, len(w.runes)-1)
	for i := range pairs {
		pairs[i] = roaring.New()
		for f := range most {
			if b := x.grams[gramOf(f, postPair, w.runes[i], w.runes[i+1])]; b != nil {
				pairs[i].Or(b)
			}
		}
	}
	all := x.live.Clone()
	for i := range w.runes {
		if optional[i] {
			continue
		}
		covers := roaring.New()
		if i > 0 {
			covers.Or(pairs[i-1])
		}
		if i < len(pairs) {
			covers.Or(pairs[i])
		}
		all.And(covers)
	}
	for it := all.Iterator(); it.HasNext(); {
		n := it.Next()
		if o.scores[n] > 0 {
			continue
		}
		if pieces, score := x.docs[n].cut(w.runes, most); len(pieces) > 0 {
			o.add(n, most, score*goodPieces)
		}
	}
}

// fillerAt says which characters belong to filler.
func fillerAt(runes []rune) []bool {
	at := make([]bool, len(runes))
	for i := range runes {
		for _, s := range filler {
			if strings.HasPrefix(string(runes[i:]), s) {
				for k := range []rune(s) {
					at[i+k] = true
				}
			}
		}
	}
	return at
}

const longestPiece = 12 // characters

// cut cuts characters into the pieces that the document has, longer ones first where there is a choice, and says what they
// are worth. Filler is left out. No pieces: the document does not have all.
func (d *document) cut(runes []rune, most field) (pieces []string, score float64) {
	type way struct {
		from  int
		score float64
		ok    bool
		piece bool
	}
	n := len(runes)
	best := make([]way, n+1)
	best[0].ok = true
	for i := range n {
		if !best[i].ok {
			continue
		}
		rest := string(runes[i:])
		for _, s := range filler {
			to := i + len([]rune(s))
			if strings.HasPrefix(rest, s) && !best[to].ok {
				best[to] = way{i, best[i].score, true, false}
			}
		}
		for to := i + 2; to <= min(n, i+longestPiece); to++ {
			worth := d.worth(string(runes[i:to]), most)
			if worth == 0 {
				break
			}
			length := float64(to - i)
			if score := best[i].score + worth*length*length/float64(n*n); !best[to].ok || score > best[to].score {
				best[to] = way{i, score, true, true}
			}
		}
	}
	if !best[n].ok {
		return nil, 0
	}
	for to := n; to > 0; to = best[to].from {
		if best[to].piece {
			pieces = append(pieces, string(runes[best[to].from:to]))
		}
	}
	return pieces, best[n].score
}

// worth is the weight of the best field that has the text.
func (d *document) worth(text string, most field) float64 {
	for f := range most {
		if strings.Contains(d.texts[f], text) {
			return weights[f]
		}
	}
	return 0
}

func (x *Index) findLetters(w *word, most field, o *found) {
	prefix := x.beginningWith(w.text)
	prefix = prefix[:min(len(prefix), mostPrefixed)]
	for f := range most {
		b := x.words[wordKey{f, w.text}]
		w.known = w.known || b != nil
		o.addAll(b, f, 1)
		for _, longer := range prefix {
			if longer != w.text {
				o.addAll(x.words[wordKey{f, longer}], f, goodPrefix)
			}
		}
	}
	x.findSounds(w, most, o)
	if slices.ContainsFunc(o.scores, func(s float64) bool { return s > 0 }) {
		return
	}
	w.meant = x.likely(w.text)
	for _, meant := range w.meant {
		for f := range most {
			o.addAll(x.words[wordKey{f, meant}], f, goodTypo)
		}
	}
}

const mostPrefixed = 200 // words

// beginningWith are the words of the catalogue with a beginning.
func (x *Index) beginningWith(prefix string) []string {
	i, _ := slices.BinarySearch(x.vocabulary, prefix)
	to := i
	for to < len(x.vocabulary) && strings.HasPrefix(x.vocabulary[to], prefix) {
		to++
	}
	return x.vocabulary[i:to]
}

// findSounds reads letters as pinyin. Letters that are a word of the catalogue are initials of nothing, and few initials
// are looked for in names only: two letters are in every other lesson.
func (x *Index) findSounds(w *word, most field, o *found) {
	for _, sp := range w.spellings {
		good := goodSounds
		if !sp.full {
			good = goodInitials
		}
		for f := range most {
			if !w.readsAs(sp, f) {
				continue
			}
			b, exact := x.sounding(f, sp)
			if b == nil {
				continue
			}
			for it := b.Iterator(); it.HasNext(); {
				n := it.Next()
				text, score := x.docs[n].texts[f], weights[f]*good
				if score <= o.scores[n] || !exact && !soundIn(text, sp) {
					continue
				}
				if f == inTitle && soundsAt(runesFrom(text, len(sp.units)), 0, sp) {
					score *= goodBeginning
				}
				o.add(n, f, score)
			}
		}
	}
}

const fewInitials = 3

// readsAs says whether a way to read a word is tried in a field.
func (w *word) readsAs(sp spelling, f field) bool {
	if len(sp.units) == 1 {
		return f != inLesson && f != inSubtitle && (!w.known || isSyllable(w.text))
	}
	return sp.full || !w.known && (len(sp.units) >= fewInitials || f != inLesson && f != inSubtitle)
}

// sounding are documents that may have the sounds in a field, nil for none; exact says that all of them do.
func (x *Index) sounding(f field, sp spelling) (all *roaring.Bitmap, exact bool) {
	units := sp.units
	if len(units) == 1 {
		return x.any(startingWith(units[0]), func(s rune) gram { return gramOf(f, postSyllable, s, 0) }), true
	}
	exact = len(units) == 2
	for i := range len(units) - 1 {
		var b *roaring.Bitmap
		a, isLast := units[i], i == len(units)-2
		switch next := units[i+1]; {
		case !sp.full:
			b = x.grams[gramOf(f, postInitials, rune(a[0]), rune(next[0]))]
			exact = exact && len(a) == 1 && len(next) == 1
		case isLast:
			first := soundTables().numbers[a]
			b = x.any(startingWith(next), func(s rune) gram { return gramOf(f, postSyllables, first, s) })
		default:
			b = x.grams[gramOf(f, postSyllables, soundTables().numbers[a], soundTables().numbers[next])]
		}
		if b == nil || b.IsEmpty() {
			return nil, false
		}
		if all == nil {
			all = b.Clone()
			continue
		}
		all.And(b)
	}
	return all, exact
}

// any are the documents that have one of the sounds.
func (x *Index) any(sounds []rune, key func(rune) gram) *roaring.Bitmap {
	all := roaring.New()
	for _, s := range sounds {
		if b := x.grams[key(s)]; b != nil {
			all.Or(b)
		}
	}
	return all
}

// soundIn reports whether a text in its form sounds like the spelling somewhere.
func soundIn(text string, sp spelling) bool {
	first := sp.units[0]
	for i, r := range text {
		if r >= firstHan && sounds(r, first, false) && soundsAt(runesFrom(text[i:], len(sp.units)), 0, sp) {
			return true
		}
	}
	return false
}

func runesFrom(text string, n int) []rune {
	runes := make([]rune, 0, n)
	for _, r := range text {
		if len(runes) == n {
			break
		}
		runes = append(runes, r)
	}
	return runes
}

const (
	oneTypo  = 4 // letters that a word needs for one typo
	twoTypos = 8
)

// likely are the words of the catalogue nearest to a misspelt one, or to its beginning: letters may be wrong, missing, too
// many, or in the wrong order. The first letter is right.
func (x *Index) likely(text string) (nearest []string) {
	if len(text) < oneTypo {
		return nil
	}
	least := 1
	if len(text) >= twoTypos {
		least = 2
	}
	for _, w := range x.beginningWith(string([]rune(text)[:1])) {
		distance := typos(text, w)
		if distance < least {
			least, nearest = distance, nil
		}
		if distance == least {
			nearest = append(nearest, w)
		}
	}
	return nearest
}

// typos is how far a word is from another, or from its beginning where that is nearer by more than the word's end.
func typos(text, w string) int {
	if len(w) < len(text)-2 {
		return len(text)
	}
	distance := edlib.OSADamerauLevenshteinDistance(text, w)
	for n := len(text) - 1; n <= len(text)+1 && n < len(w); n++ {
		distance = min(distance, edlib.OSADamerauLevenshteinDistance(text, w[:n]))
	}
	return distance
}
