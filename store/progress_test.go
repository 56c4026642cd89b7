package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"mstm/shop"
)

// TestProgress_ReportsOfThreeDevicesInAnyOrder_ComeToTheSame writes 200 random reports of three devices, in the order
// of each of several deliveries and by several writers at once, and wants of each what the rule says of the reports
// together.
func TestProgress_ReportsOfThreeDevicesInAnyOrder_ComeToTheSame(t *testing.T) {
	t.Parallel()
	s, closeStore := openUntil(t, t.TempDir())
	t.Cleanup(closeStore)
	random := rand.New(rand.NewPCG(13, uint64(time.Now().UnixNano())))
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	type write struct {
		lesson string
		l      shop.LessonProgress
	}
	var writes []write
	want := shop.NoProgress("")
	newest, furthest := map[string]time.Time{}, map[string]int{} // the rule once more, in plain words
	for i := range 200 {
		device := time.Duration(i%3) * 40 * time.Second // clocks are off by so much
		at := now.Add(time.Duration(random.IntN(3600))*time.Second - 1800*time.Second + device)
		r := shop.ProgressReport{LessonID: fmt.Sprintf("l%d", random.IntN(3)), Position: random.IntN(700), Watched: random.IntN(600), Done: random.IntN(40) == 0, At: &at}
		l := r.Of(600, now)
		writes = append(writes, write{r.LessonID, l})
		want = want.With(r.LessonID, l)
		if at.After(now) {
			at = now
		}
		if at.After(newest[r.LessonID]) {
			newest[r.LessonID] = at
		}
		furthest[r.LessonID] = max(furthest[r.LessonID], min(r.Position, 600))
	}
	for id, l := range want.Lessons {
		if l.Furthest != furthest[id] || !l.Newest.At().Equal(newest[id]) || l.Position() > l.Furthest {
			t.Fatalf("the rule itself: %s %+v, want the position of %v and %d", id, l, newest[id], furthest[id])
		}
	}
	for delivery := range 4 {
		course := fmt.Sprintf("go%d", delivery)
		order := random.Perm(len(writes))
		var devices sync.WaitGroup
		for device := range 3 {
			devices.Go(func() {
				for _, i := range order {
					if i%3 != device {
						continue
					}
					w := writes[i]
					if _, _, err := s.Progress.Put(t.Context(), "lin", course, w.lesson, w.l); err != nil {
						t.Error(err)
					}
				}
			})
		}
		devices.Wait()
		got, err := s.Progress.Get(t.Context(), "lin", course)
		if err != nil {
			t.Fatal(err)
		}
		for id, l := range want.Lessons {
			if !reflect.DeepEqual(got.Lessons[id].View(), l.View()) {
				t.Errorf("delivery %d, %s: %+v, want %+v", delivery, id, got.Lessons[id].View(), l.View())
			}
		}
	}
}

// TestProgress_EveryWrite_SaysWhatItChanged: of writes at once each change is one writer's, so that counts made of
// them add up.
func TestProgress_EveryWrite_SaysWhatItChanged(t *testing.T) {
	t.Parallel()
	s, closeStore := openUntil(t, t.TempDir())
	t.Cleanup(closeStore)
	course := &shop.Course{Chapters: []shop.Chapter{{Lessons: []shop.Lesson{{ID: "l0", Preview: true}, {ID: "l1"}, {ID: "l2"}}}}}
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	sums := map[string]int64{}
	var devices sync.WaitGroup
	for device := range 4 {
		devices.Go(func() {
			for i := range 12 {
				r := shop.ProgressReport{LessonID: fmt.Sprintf("l%d", i%3), Position: i * 10, Done: i > 8}
				was, is, err := s.Progress.Put(t.Context(), "lin", "go1", r.LessonID, r.Of(600, now.Add(time.Duration(i*10+device)*time.Second)))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for field, n := range was.Changes(is, course) {
					sums[field] += n
				}
				mu.Unlock()
			}
		})
	}
	devices.Wait()
	for field, n := range sums {
		if n == 0 {
			delete(sums, field)
		}
	}
	want := map[string]int64{"began": 1, "lessons.l0.opened": 1, "lessons.l1.opened": 1, "lessons.l2.opened": 1,
		"lessons.l0.done": 1, "lessons.l1.done": 1, "lessons.l2.done": 1, "lessons.l2.last": 1}
	if !reflect.DeepEqual(sums, want) {
		t.Errorf("%v, want %v", sums, want)
	}
	if err := s.LearningCounts.Add(t.Context(), "go1", sums); err != nil {
		t.Fatal(err)
	}
	n, err := s.LearningCounts.Get(t.Context(), "go1")
	if err != nil || n.Began != 1 || n.Lessons["l2"] != (shop.LessonsCount{Opened: 1, Done: 1, Last: 1}) {
		t.Errorf("%+v, %v", n, err)
	}
}

// TestProgress_OneWrite_IsOneCommandWithoutARead holds what 1,000 writes a second rest on.
func TestProgress_OneWrite_IsOneCommandWithoutARead(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sent []string
	s, closeStore := openUntil(t, t.TempDir(), func(c *Config) {
		c.Monitor = &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, e.CommandName)
		}}
	})
	t.Cleanup(closeStore)
	mu.Lock()
	sent = nil
	mu.Unlock()
	for i := range 3 { // the first adds the document
		l := shop.ProgressReport{Position: 10 * i}.Of(600, time.Now())
		if _, _, err := s.Progress.Put(t.Context(), "lin", "go1", "l1", l); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if !reflect.DeepEqual(sent, []string{"findAndModify", "findAndModify", "findAndModify"}) {
		t.Errorf("sent %v", sent)
	}
}

// TestProgress_OfTheVersionBefore_Opens: it kept a position without a time.
func TestProgress_OfTheVersionBefore_Opens(t *testing.T) {
	t.Parallel()
	s, closeStore := openUntil(t, t.TempDir())
	t.Cleanup(closeStore)
	opened := time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)
	old := bson.M{"_id": "lin:go1", "lessons": bson.M{"l1": bson.M{"opened_at": opened, "position_s": 300, "done": true}, "l2": bson.M{"opened_at": opened}}}
	if _, err := s.insertOnce(t.Context(), s.coll("progress"), old); err != nil {
		t.Fatal(err)
	}
	p, err := s.Progress.Get(t.Context(), "lin", "go1")
	if v := p.Lessons["l1"].View(); err != nil || v != (shop.LessonProgressView{OpenedAt: opened, Position: 300, Furthest: 300, Done: true, UpdatedAt: opened}) {
		t.Fatalf("%+v, %v", v, err)
	}
	at := opened.Add(time.Hour)
	_, p, err = s.Progress.Put(t.Context(), "lin", "go1", "l1", shop.ProgressReport{Position: 20}.Of(600, at))
	if v := p.Lessons["l1"].View(); err != nil || v != (shop.LessonProgressView{OpenedAt: opened, Position: 20, Furthest: 300, Done: true, UpdatedAt: at}) {
		t.Fatalf("%+v, %v", v, err)
	}
}

// BenchmarkProgressWrite is what one device's report costs, every 10 s of each learner that watches.
func BenchmarkProgressWrite(b *testing.B) {
	s, closeStore := openUntil(b, b.TempDir())
	b.Cleanup(closeStore)
	i := 0
	for b.Loop() {
		i++
		l := shop.ProgressReport{Position: i % 600}.Of(600, time.Now())
		if _, _, err := s.Progress.Put(b.Context(), fmt.Sprintf("u%d", i%1000), "go1", fmt.Sprintf("l%d", i%20), l); err != nil {
			b.Fatal(err)
		}
	}
}
