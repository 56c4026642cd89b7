package handlers

import (
	"strings"
	"testing"

	"mstm/handlers/desk"
	"mstm/handlers/rest"
	"mstm/shop"
)

func categoryNames(w *world) string {
	w.t.Helper()
	var names []string
	for _, c := range as[rest.Page[categoryView]](w.do("GET", "/api/categories", "", nil).is(200)).Items {
		names = append(names, c.Name)
	}
	return strings.Join(names, " ")
}

// TestCategories_CreatedMovedHiddenDeleted_AreSoForBuyers goes through a category's life, and the edits that are refused.
func TestCategories_CreatedMovedHiddenDeleted_AreSoForBuyers(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1")) // in code
	editor := w.staff("edith", shop.RoleEditor)
	w.do("GET", "/api/admin/categories", w.staff("finn", shop.RoleFinance), nil).is(403)

	made := as[desk.Category](w.do("POST", "/api/admin/categories", editor, `{"name":" 人工智能 "}`).is(201))
	first := categoryNames(w)
	if made.Name != "人工智能" || !strings.HasSuffix(first, " 人工智能") {
		t.Fatalf("made %+v, buyers see %s", made, first)
	}
	path := "/api/admin/categories/" + made.ID
	moved := as[desk.Category](w.do("PUT", path, editor, `{"position":0,"v":0}`).is(200))
	if got := categoryNames(w); !strings.HasPrefix(got, "人工智能 ") || moved.V != 1 {
		t.Errorf("moved to the front: %s, %+v", got, moved)
	}
	w.do("PUT", path, editor, `{"name":"智能","v":0}`).is(409, "EDIT_CONFLICT")
	w.do("PUT", path, editor, `{"name":"智能","v":1}`).is(200)
	w.do("PUT", path, editor, `{"position":1}`).is(200)
	w.do("PUT", path, editor, `{"hidden":true}`).is(200)
	if got := categoryNames(w); strings.Contains(got, "智能") {
		t.Errorf("hidden, and buyers see %s", got)
	}
	all := as[rest.Page[desk.Category]](w.do("GET", "/api/admin/categories", editor, nil).is(200)).Items
	if len(all) != 3 || all[1].ID != made.ID || !all[1].Hidden || all[0].Courses+all[2].Courses != 1 {
		t.Errorf("the console sees %+v", all)
	}
	for body, param := range map[string]string{`{"name":""}`: "name", `{"name":"` + strings.Repeat("长", 21) + `"}`: "name", `{"position":9}`: "position", `{"position":-1}`: "position"} {
		if got := w.do("PUT", path, editor, body).is(400, "INVALID_FIELD"); !strings.Contains(string(got.Body), `"param":"`+param+`"`) {
			t.Errorf("%s: %s", body, got.Body)
		}
	}

	w.do("DELETE", "/api/admin/categories/code", editor, nil).is(409, "CATEGORY_IN_USE")
	if got := categoryNames(w); !strings.Contains(got, "编程") {
		t.Errorf("a category that could not be deleted is gone: %s", got)
	}
	w.do("DELETE", path+"?v=0", editor, nil).is(409, "EDIT_CONFLICT")
	w.do("DELETE", path, editor, nil).is(204)
	w.do("DELETE", path, editor, nil).is(404, "CATEGORY_NOT_FOUND")
	w.do("PUT", path, editor, `{"name":"x"}`).is(404, "CATEGORY_NOT_FOUND")
	if all := as[rest.Page[desk.Category]](w.do("GET", "/api/admin/categories", editor, nil).is(200)).Items; len(all) != 2 {
		t.Errorf("after the end: %+v", all)
	}

	// A course that is put there while the category is being deleted brings it back.
	if _, err := w.store.Courses.Change(t.Context(), "go1", func(c *shop.Course) error { c.CategoryID = made.ID; return nil }); err != nil {
		t.Fatal(err)
	}
	if back := as[desk.Category](w.do("PUT", path, editor, `{"hidden":false}`).is(200)); back.Courses != 1 || !strings.Contains(categoryNames(w), "智能") {
		t.Errorf("back: %+v", back)
	}
}

func TestCourseLevel_Edited_IsOnTheCardAndOneOfThree(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"))
	editor := w.staff("edith", shop.RoleEditor)
	level := func() string { return string(w.do("GET", "/api/search?level=advanced", "", nil).is(200).Body) }
	w.do("PUT", "/api/admin/courses/go1", editor, `{"level":"advanced"}`).is(200)
	if got := level(); !strings.Contains(got, `"level":"advanced"`) {
		t.Errorf("the level is not found: %s", got)
	}
	w.do("PUT", "/api/admin/courses/go1", editor, `{"title":"别的"}`).is(200)
	if got := level(); !strings.Contains(got, "别的") {
		t.Errorf("an edit of the title took the level away: %s", got)
	}
	w.do("PUT", "/api/admin/courses/go1", editor, `{"level":"hard"}`).is(400, "INVALID_FIELD")
	w.do("PUT", "/api/admin/courses/go1", editor, `{"level":""}`).is(200)
	if got := level(); strings.Contains(got, "go1") {
		t.Errorf("the level stays: %s", got)
	}
}
