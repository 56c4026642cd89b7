package search

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/shop"
	"mstm/store/sample"
)

// manyCourses are n courses of titles and lessons that the sample's courses lend one another.
func manyCourses(n int) []*shop.Course {
	base := sample.Courses(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	r := rand.New(rand.NewPCG(1, 2))
	other := func() *shop.Course { return &base[r.IntN(len(base))] }
	half := func(s string, second bool) string {
		runes := []rune(s)
		if second {
			return string(runes[len(runes)/2:])
		}
		return string(runes[:len(runes)/2])
	}
	var all []*shop.Course
	for i := range n {
		c := base[i%len(base)]
		c.ID = fmt.Sprintf("%s%d", c.ID, i)
		c.Title = half(c.Title, false) + half(other().Title, true) + fmt.Sprintf(" 第 %d 期", r.IntN(500))
		c.Teacher.Name = half(c.Teacher.Name, false) + half(other().Teacher.Name, true)
		c.Learners = int64(r.IntN(5000))
		c.Chapters = append(slices.Clone(c.Chapters[:1]), other().Chapters...)
		all = append(all, &c)
	}
	return all
}

// typed are queries, and what is typed before each is whole.
var typed = []string{
	"python 入门", "机器学习", "jiqixuexi", "jqxx", "编程入门", "pyhton", "shuju fenxi", "英语", "一", "Go 语言 实战", "luzhixing", "数据库原理与调优", "typescrpt", "sj", "课程", "商务英语", "s", "零基础日语", "linux 运维", "yinyue",
}

// p95 is the time that 19 of 20 calls take at most.
func p95(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)*95/100]
}

func BenchmarkSearch_TenThousandCourses(b *testing.B) {
	var before, after runtime.MemStats
	courses := manyCourses(10_000)
	runtime.GC()
	runtime.ReadMemStats(&before)
	x, begun := &Index{}, time.Now()
	x.Sync(1, courses, sample.Categories())
	built := time.Since(begun)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.Logf("built in %v, %d MB", built, (after.HeapAlloc-before.HeapAlloc)>>20)
	courses[17] = &shop.Course{ID: courses[17].ID, V: 9, State: shop.CourseOnSale, Title: "另一门", Chapters: courses[18].Chapters}
	begun = time.Now()
	x.Sync(2, courses, sample.Categories())
	b.Logf("one course changed: %v", time.Since(begun))
	var all, suggest []time.Duration
	worst := map[string]time.Duration{}
	for b.Loop() {
		for _, text := range typed {
			begun := time.Now()
			if _, err := x.Search(Query{Text: text, Limit: 24}); err != nil {
				b.Fatal(err)
			}
			took := time.Since(begun)
			worst[text] = max(worst[text], took)
			all = append(all, took)
			runes := []rune(strings.ReplaceAll(text, " ", ""))
			for n := 1; n <= len(runes); n++ {
				begun := time.Now()
				if _, err := x.Suggest(string(runes[:n])); err != nil {
					b.Fatal(err)
				}
				suggest = append(suggest, time.Since(begun))
			}
		}
	}
	b.ReportMetric(float64(p95(all).Microseconds())/1000, "search-p95-ms")
	b.ReportMetric(float64(p95(suggest).Microseconds())/1000, "suggest-p95-ms")
	b.Log(worst)
}
