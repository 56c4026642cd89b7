package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
	"mstm/store/redistest"
)

// edit is the edit of a form after the v-th.
func edit(form, title string, v int64) shop.NoticeTemplate {
	w := shop.Wording{Title: title, Body: "{amount}"}
	return shop.NoticeTemplate{Form: form, Texts: &shop.Wordings{Zh: w, En: w}, V: v, By: "anna", At: time.Now()}
}

func TestOfManyEditsOfATemplateOneWinsAndAllAreInTheAudit(t *testing.T) {
	s := open(t, t.TempDir())
	const rounds, editors = 3, 6
	for v := range int64(rounds) {
		var won atomic.Int64
		var all sync.WaitGroup
		for range editors {
			all.Go(func() {
				_, err := s.NoticeTemplates.Put(t.Context(), edit("paid_back", "第几版", v))
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, shop.ErrEditConflict):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Fatalf("edit %d: %d won", v, won.Load())
		}
	}
	// A process that dies between the edit and its audit row: the next edit makes it up.
	if _, err := s.deleteByID(t.Context(), s.coll("audit"), "notice_template:paid_back:3"); err != nil {
		t.Fatal(err)
	}
	reset := shop.NoticeTemplate{Form: "paid_back", V: 3, By: "bert", At: time.Now()}
	if kept, err := s.NoticeTemplates.Put(t.Context(), reset); err != nil || kept.V != 4 || kept.Texts != nil {
		t.Fatalf("reset: %+v, %v", kept, err)
	}
	rows, err := findAll[AuditRow](t.Context(), s.coll("audit"), bson.M{"object": "notice_template:paid_back"})
	if err != nil {
		t.Fatal(err)
	}
	acts := map[string]string{}
	for _, r := range rows {
		acts[r.ID] = r.Act + " " + r.By + " " + r.Data["zh_title"]
	}
	want := map[string]string{
		"notice_template:paid_back:1": "edit anna 第几版", "notice_template:paid_back:2": "edit anna 第几版",
		"notice_template:paid_back:3": "edit anna 第几版", "notice_template:paid_back:4": "reset bert ",
	}
	if len(rows) != len(want) {
		t.Errorf("audit %v", acts)
	}
	for id, act := range want {
		if acts[id] != act {
			t.Errorf("%s: %q, want %q", id, acts[id], act)
		}
	}
	for _, v := range []int64{1, 5} {
		if _, err := s.NoticeTemplates.Put(t.Context(), edit("paid_back", "旧", v)); !errors.Is(err, shop.ErrEditConflict) {
			t.Errorf("an edit after edit %d: %v", v, err)
		}
	}
	if _, err := s.NoticeTemplates.Put(t.Context(), edit("order_closing", "无", 2)); !errors.Is(err, shop.ErrEditConflict) {
		t.Errorf("an edit after one that never was: %v", err)
	}
}

func TestTheWordingOfNoticesFollowsTheOtherInstance(t *testing.T) {
	a := open(t, t.TempDir())
	b := secondInstance(t, a, redistest.Single(t))
	eventually(t, "both caches are trusted", func() bool { return a.bus.healthy() && b.bus.healthy() })
	title := func(s *DB) string {
		all, err := s.NoticeTemplates.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if texts := all["paid_back"].Texts; texts != nil {
			return texts.Zh.Title
		}
		return ""
	}
	if title(a)+title(b) != "" {
		t.Fatal("there is a template before anybody wrote one")
	}
	if _, err := a.NoticeTemplates.Put(t.Context(), edit("paid_back", "到账", 0)); err != nil {
		t.Fatal(err)
	}
	if got := title(a); got != "到账" {
		t.Errorf("the editing instance has %q", got)
	}
	eventually(t, "the other instance has it", func() bool { return title(b) == "到账" })
	// Written past the cache, and unheard of: within seconds all the same.
	if _, err := a.updateIf(t.Context(), a.coll("notice_templates"), bson.M{"_id": "paid_back"}, bson.M{"$set": bson.M{"texts.zh.title": "悄悄"}}); err != nil {
		t.Fatal(err)
	}
	if got := title(b); got != "到账" {
		t.Errorf("it is not kept: %q", got)
	}
	b.NoticeTemplates.templates.mu.Lock()
	b.NoticeTemplates.templates.at = b.NoticeTemplates.templates.at.Add(-templatesAge)
	b.NoticeTemplates.templates.mu.Unlock()
	if got := title(b); got != "悄悄" {
		t.Errorf("it is kept too long: %q", got)
	}
}
