package handlers

import (
	"testing"
	"time"

	"mstm/hub/hubtest"
	"mstm/shop"
)

func TestAffected_PagesCartsAndHolders_AreCounted(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", shop.RoleEditor)
	w.sells(ladderCourse("go1"))
	type figures struct {
		Watching struct{ Pages, Users int }
		Carts    struct{ People int }
		Holders  []struct {
			Kind   string
			Stage  int
			People int
		}
		Lapsed, Keep int
		Exact        bool
	}
	read := func() figures {
		return as[figures](w.do("GET", "/api/admin/courses/go1/affected", editor, nil).is(200))
	}
	if a := read(); a.Watching.Pages != 0 || a.Carts.People != 0 || a.Keep != 0 || !a.Exact || len(a.Holders) == 0 {
		t.Errorf("before: %+v", a)
	}
	hubtest.Dial(t, w.url+"/ws", "").Follow("course:go1", "")
	for _, name := range []string{"ann", "bob"} {
		token, _ := w.learner(name)
		w.do("PUT", "/api/cart/go1", token, `{}`).is(200)
	}
	now := time.Now()
	held := func(user string, kind shop.PolicyKind, stage int, until *time.Time) {
		_, err := w.store.Enrolments.Change(t.Context(), user, "go1", func(e *shop.Enrolment) error {
			e.Grants = append(e.Grants, shop.Grant{
				OrderID: "o" + user, PolicyID: policyOf(w, "go1", kind, stage), Kind: kind, Stage: stage, Version: 1, From: now.AddDate(0, 0, -40), Until: until, State: shop.GrantLive, At: now,
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	later, before := now.AddDate(0, 0, 10), now.AddDate(0, 0, -10)
	held("u1", shop.KindStage, 1, &later)
	held("u2", shop.KindStage, 1, &before)
	held("u3", shop.KindLifetime, 0, nil)
	var a figures
	for end := time.Now().Add(2 * soon); ; time.Sleep(50 * time.Millisecond) {
		if a = read(); a.Watching.Pages == 1 && a.Keep == 2 || time.Now().After(end) {
			break
		}
	}
	if a.Watching.Pages != 1 || a.Carts.People != 2 || a.Lapsed != 1 || a.Keep != 2 {
		t.Errorf("%+v", a)
	}
	for _, h := range a.Holders {
		if want := map[bool]int{true: 1}[h.Stage == 1 || h.Kind == "lifetime"]; h.People != want {
			t.Errorf("holders: %+v", h)
		}
	}
	w.do("GET", "/api/admin/courses/nothing/affected", editor, nil).is(404, "COURSE_NOT_FOUND")
}

// policyOf is the id of a course's policy.
func policyOf(w *world, courseID string, kind shop.PolicyKind, stage int) string {
	c, err := w.store.Courses.Get(w.t.Context(), courseID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range c.Current().Policies {
		if p.Kind == kind && p.Stage == stage {
			return p.ID
		}
	}
	w.t.Fatalf("no policy %s %d", kind, stage)
	return ""
}
