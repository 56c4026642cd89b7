package main

import (
	"crypto/rand"
	"testing"
)

// lessonIDs are the lessons of the course as an editor sees them.
func (c *sold) lessonIDs() (ids []string) {
	c.shop.t.Helper()
	var out struct {
		Chapters []struct {
			Lessons []struct {
				ID string `json:"id"`
			} `json:"lessons"`
		} `json:"chapters"`
	}
	c.shop.staff("editor").get("/api/admin/courses/" + c.id).want(200).into(&out)
	for _, l := range out.Chapters[0].Lessons {
		ids = append(ids, l.ID)
	}
	return ids
}

// relist makes these the lessons of the course; "" is a new one.
func (c *sold) relist(ids ...string) {
	c.shop.t.Helper()
	var lessons []obj
	for i, id := range ids {
		l := obj{"title": "一节" + string(rune('a'+i)), "kind": "video", "duration_s": 60, "preview": false}
		if id != "" {
			l["id"] = id
		}
		lessons = append(lessons, l)
	}
	c.shop.staff("editor").put("/api/admin/courses/"+c.id, obj{"chapters": []obj{{"title": "第一章", "lessons": lessons}}}).want(200)
}

// TestRefund_AfterAnEditorChangedTheLessons_IsWhatItWas: one of five lessons is opened, which
// the rule allows, and stays so whatever happens to the outline.
func TestRefund_AfterAnEditorChangedTheLessons_IsWhatItWas(t *testing.T) {
	shop := startShop(t)
	for _, tt := range []struct {
		name string
		edit func(c *sold, learner *person, ids []string)
	}{
		{"lessons that were not opened are removed", func(c *sold, _ *person, ids []string) { c.relist(ids[4]) }},
		{"the opened lesson is removed", func(c *sold, _ *person, ids []string) { c.relist(ids[:3]...) }},
		{"all are replaced, and the new ones opened", func(c *sold, learner *person, ids []string) {
			c.relist("", "", "")
			for _, id := range c.lessonIDs() {
				learner.get(c.lesson(id)).want(200)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := shop.at(t, "2025-03-01 10:00")
			c, learner := s.sell(usual()), s.newLearner()
			ids := c.lessonIDs()
			o := s.buy(learner, 99900, c.full)
			learner.get(c.lesson(c.lesson5)).want(200)
			if got := mayHaveBack(learner, o.ID, c); got != "99900" {
				t.Fatalf("before the edit %s", got)
			}
			tt.edit(c, learner, ids)
			if got := mayHaveBack(learner, o.ID, c); got != "99900" {
				t.Errorf("after the edit %s", got)
			}
			learner.with("Idempotency-Key", rand.Text()).post("/api/orders/"+o.ID+"/refund", obj{"reason": "不合适", "amount_fen": 99900}).want(200)
			learner.await(o.ID, "refunded")
		})
	}
	t.Run("two of five are too many, also when more are added", func(t *testing.T) {
		s := shop.at(t, "2025-03-01 10:00")
		c, learner := s.sell(usual()), s.newLearner()
		ids := c.lessonIDs()
		o := s.buy(learner, 99900, c.full)
		for _, id := range ids[3:] {
			learner.get(c.lesson(id)).want(200)
		}
		c.relist(append(ids, "", "", "", "", "", "")...)
		learner.get("/api/orders/"+o.ID+"/refund").wantCode(409, "NOT_REFUNDABLE")
	})
}
