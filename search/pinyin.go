package search

import (
	"slices"
	"strings"
	"sync"

	"github.com/mozillazg/go-pinyin"
)

const (
	firstHan = 0x3400
	lastHan  = 0x9fff
	longest  = 6 // letters of a syllable
)

// spoken is how a character is read: syllables, their numbers, and their first letters.
type spoken struct {
	syllables []string
	numbers   []rune
	initials  []rune
}

// sounds are those of all characters, with all that each is read as, 行 as hang, xing and heng, and a number of each
// syllable.
type soundTable struct {
	of      [lastHan - firstHan + 1]spoken
	numbers map[string]rune
	begins  map[string]bool // beginnings of syllables
}

var soundTables = sync.OnceValue(func() *soundTable {
	t := &soundTable{numbers: map[string]rune{}, begins: map[string]bool{}}
	args := pinyin.NewArgs()
	args.Heteronym = true
	for r := range pinyin.PinyinDict {
		if r < firstHan || r > lastHan {
			continue
		}
		for _, s := range pinyin.SinglePinyin(rune(r), args) {
			t.add(rune(r), s)
			if strings.Contains(s, "v") { // ü is typed as v and as u
				t.add(rune(r), strings.Replace(s, "v", "u", 1))
			}
		}
	}
	return t
})

func (t *soundTable) add(r rune, syllable string) {
	number, known := t.numbers[syllable]
	if !known {
		number = rune(len(t.numbers))
		t.numbers[syllable] = number
		for n := 1; n <= len(syllable); n++ {
			t.begins[syllable[:n]] = true
		}
	}
	of := &t.of[r-firstHan]
	of.syllables, of.numbers = append(of.syllables, syllable), append(of.numbers, number)
	if first := rune(syllable[0]); !slices.Contains(of.initials, first) {
		of.initials = append(of.initials, first)
	}
}

func spokenOf(r rune) (of spoken) {
	if r >= firstHan && r <= lastHan {
		of = soundTables().of[r-firstHan]
	}
	return of
}

func soundsOf(r rune) []rune { return spokenOf(r).numbers }

func initials(r rune) []rune { return spokenOf(r).initials }

func isSyllable(s string) bool {
	_, ok := soundTables().numbers[s]
	return ok
}

func beginsSyllable(s string) bool { return soundTables().begins[s] }

// startingWith are the numbers of the syllables that begin with a unit.
func startingWith(unit string) (all []rune) {
	for s, number := range soundTables().numbers {
		if strings.HasPrefix(s, unit) {
			all = append(all, number)
		}
	}
	return all
}

// spelling is one way to read letters as the sounds of characters: "jqxuexi" is j, q, xue, xi.
type spelling struct {
	units []string
	full  bool // no unit but the last is an initial
}

// How many ways to read letters are looked at; the likely ones, of whole syllables, come first.
const mostSpellings = 48

// spellings are the ways to read a word of letters. The last unit may be the beginning of a syllable.
func spellings(word string) (all []spelling) {
	var units []string
	var read func(rest string, full bool)
	read = func(rest string, full bool) {
		if len(all) == mostSpellings {
			return
		}
		if rest == "" {
			all = append(all, spelling{slices.Clone(units), full})
			return
		}
		for n := min(longest, len(rest)); n > 0; n-- {
			unit := rest[:n]
			isWhole := isSyllable(unit)
			isStart := n == len(rest) && beginsSyllable(unit)
			if !isWhole && !isStart && !isInitial(unit) {
				continue
			}
			units = append(units, unit)
			read(rest[n:], full && (isWhole && n > 1 || isStart && n > 1))
			units = units[:len(units)-1]
		}
	}
	read(word, true)
	if slices.ContainsFunc(all, func(sp spelling) bool { return sp.full }) {
		all = slices.DeleteFunc(all, func(sp spelling) bool { return !sp.full }) // whole syllables are meant as such
	}
	return all
}

func isInitial(unit string) bool {
	switch len(unit) {
	case 1:
		return strings.Contains("abcdefghjklmnopqrstwxyz", unit)
	case 2:
		return unit == "zh" || unit == "ch" || unit == "sh"
	}
	return false
}

// sounds reports whether a character can be read as a unit: a syllable, its initial, or its beginning.
func sounds(r rune, unit string, last bool) bool {
	for _, s := range spokenOf(r).syllables {
		if s == unit || strings.HasPrefix(s, unit) && (last || isInitial(unit)) {
			return true
		}
	}
	return false
}

// soundsAt reports whether the characters from i on sound like the spelling.
func soundsAt(runes []rune, i int, sp spelling) bool {
	if i+len(sp.units) > len(runes) {
		return false
	}
	for k, unit := range sp.units {
		if !sounds(runes[i+k], unit, k == len(sp.units)-1) {
			return false
		}
	}
	return true
}
