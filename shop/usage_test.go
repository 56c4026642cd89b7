package shop

import "testing"

func TestUsage_IsMeasuredAgainstThePurchase(t *testing.T) {
	course := func(ids ...string) *Course {
		ch := Chapter{Title: "1"}
		for _, id := range ids {
			ch.Lessons = append(ch.Lessons, Lesson{ID: id})
		}
		return &Course{Chapters: []Chapter{ch}}
	}
	frozen := []string{"a", "b", "c", "d", "e"}
	for _, tt := range []struct {
		name   string
		line   OrderLine
		opened []string
		now    *Course
		n, of  int
	}{
		{"nothing was edited", OrderLine{Lessons: frozen}, []string{"a"}, course(frozen...), 1, 5},
		{"lessons that were not opened are gone", OrderLine{Lessons: frozen}, []string{"a"}, course("a"), 1, 5},
		{"opened ones are gone", OrderLine{Lessons: frozen}, []string{"a"}, course("b", "c"), 1, 5},
		{"added ones were opened", OrderLine{Lessons: frozen}, []string{"a", "x", "y"}, course("a", "b", "c", "d", "e", "x", "y"), 1, 5},
		{"the course had none then", OrderLine{Lessons: []string{}}, []string{"x"}, course("x"), 0, 0},
		{"an old order, nothing was edited", OrderLine{}, []string{"a"}, course(frozen...), 1, 5},
		{"an old order, opened ones are gone", OrderLine{}, []string{"a", "b"}, course("b", "c", "d", "e"), 1, 5},
		{"an old order of a course that is gone", OrderLine{}, []string{"a", "b"}, &Course{}, 0, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opened := map[string]bool{}
			for _, id := range tt.opened {
				opened[id] = true
			}
			n, of := tt.line.Usage(func(id string) bool { return opened[id] }, len(opened), tt.now)
			if n != tt.n || of != tt.of {
				t.Errorf("%d of %d, want %d of %d", n, of, tt.n, tt.of)
			}
		})
	}
}

func TestOrderLines_FreezeTheLessons(t *testing.T) {
	s := newShelf()
	for _, l := range s.quote(t, "2025-04-02 12:00", "c full").OrderLines() {
		if l.Lessons == nil {
			t.Errorf("line %+v has no list", l)
		}
	}
}
