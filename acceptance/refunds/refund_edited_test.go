package refunds

import (
	"crypto/rand"
	"testing"

	"mstm/acceptance/shoptest"
)

// lessonIDs are the lessons of the course as an editor sees them.
func lessonIDs(c *shoptest.Course) (ids []string) {
	c.Shop.T.Helper()
	var out struct {
		Chapters []struct {
			Lessons []struct {
				ID string `json:"id"`
			} `json:"lessons"`
		} `json:"chapters"`
	}
	c.Shop.Staff("editor").Get("/api/admin/courses/" + c.Id).Want(200).Into(&out)
	for _, l := range out.Chapters[0].Lessons {
		ids = append(ids, l.ID)
	}
	return ids
}

// relist makes these the lessons of the course; "" is a new one.
func relist(c *shoptest.Course, ids ...string) {
	c.Shop.T.Helper()
	var lessons []obj
	for i, id := range ids {
		l := obj{"title": "一节" + string(rune('a'+i)), "kind": "video", "duration_s": 60, "preview": false}
		if id != "" {
			l["id"] = id
		}
		lessons = append(lessons, l)
	}
	c.Shop.Staff("editor").Put("/api/admin/courses/"+c.Id, obj{"chapters": []obj{{"title": "第一章", "lessons": lessons}}}).Want(200)
}

// TestRefund_AfterAnEditorChangedTheLessons_IsWhatItWas: one of five lessons is opened, which
// the rule allows, and stays so whatever happens to the outline.
func TestRefund_AfterAnEditorChangedTheLessons_IsWhatItWas(t *testing.T) {
	shop := shoptest.Start(t)
	for _, tt := range []struct {
		name string
		edit func(c *shoptest.Course, learner *shoptest.Person, ids []string)
	}{
		{"lessons that were not opened are removed", func(c *shoptest.Course, _ *shoptest.Person, ids []string) { relist(c, ids[4]) }},
		{"the opened lesson is removed", func(c *shoptest.Course, _ *shoptest.Person, ids []string) { relist(c, ids[:3]...) }},
		{"all are replaced, and the new ones opened", func(c *shoptest.Course, learner *shoptest.Person, ids []string) {
			relist(c, "", "", "")
			for _, id := range lessonIDs(c) {
				learner.Get(c.Lesson(id)).Want(200)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := shop.At(t, "2025-03-01 10:00")
			c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
			ids := lessonIDs(c)
			o := s.Buy(learner, 99900, c.Full)
			learner.Get(c.Lesson(c.Lesson5)).Want(200)
			if got := mayHaveBack(learner, o.ID, c); got != "99900" {
				t.Fatalf("before the edit %s", got)
			}
			tt.edit(c, learner, ids)
			if got := mayHaveBack(learner, o.ID, c); got != "99900" {
				t.Errorf("after the edit %s", got)
			}
			learner.With("Idempotency-Key", rand.Text()).Post("/api/orders/"+o.ID+"/refund", obj{"reason": "不合适", "amount_fen": 99900}).Want(200)
			learner.Await(o.ID, "refunded")
		})
	}
	t.Run("two of five are too many, also when more are added", func(t *testing.T) {
		s := shop.At(t, "2025-03-01 10:00")
		c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
		ids := lessonIDs(c)
		o := s.Buy(learner, 99900, c.Full)
		for _, id := range ids[3:] {
			learner.Get(c.Lesson(id)).Want(200)
		}
		relist(c, append(ids, "", "", "", "", "", "")...)
		learner.Get("/api/orders/"+o.ID+"/refund").WantCode(409, "NOT_REFUNDABLE")
	})
}
