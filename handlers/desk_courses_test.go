package handlers

import (
	"encoding/json"
	"testing"

	"mstm/handlers/desk"
	"mstm/handlers/rest"
	"mstm/hub/hubtest"
	"mstm/shop"
)

const aCourse = `{"title":"Go 语言","subtitle":"从零到一","category_id":"code","teacher":{"name":"林老师","title":"讲师","intro":"十年"},
"description":"一门课","chapters":[{"title":"第一章","lessons":[
 {"title":"开始","kind":"video","duration_s":60,"preview":true,"url":"/media/1.mp4"},{"title":"变量","kind":"video","duration_s":300,"preview":false}]}],
"policies":[{"kind":"stage","name":"首月免费","stage":1,"period":{"unit":"month","count":1},"price_fen":0,"default":true},
 {"kind":"stage","name":"第 2 个月","stage":2,"period":{"unit":"month","count":1},"price_fen":20000},
 {"kind":"lifetime","name":"全款","price_fen":99900}],"ladder":{"credit_mode":"paid_total","lapse_after_days":30}}`

func TestACourseFromDraftToSaleAndBack(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", "learner", "editor")
	made := w.do("POST", "/api/admin/courses", editor, aCourse).is(201)
	c := as[desk.Course](made)
	path := "/api/admin/courses/" + c.ID
	if c.State != shop.CourseDraft || c.Version != 1 || c.Ladder.LapseAfterDays != 30 || c.Cover != "/covers/"+c.ID+".svg" || made.Header.Get("Location") != path {
		t.Errorf("made: %s", made.Body)
	}
	first := c.Chapters[0].Lessons[0].ID
	if first == "" || c.Policies[0].ID == "" {
		t.Errorf("without ids: %s", made.Body)
	}
	w.do("GET", "/api/courses/"+c.ID, "", nil).is(404, "COURSE_NOT_FOUND")
	w.do("POST", path+"/unpublish", editor, nil).is(200)
	w.do("GET", "/api/courses/"+c.ID, "", nil).is(404, "COURSE_NOT_FOUND")
	w.do("POST", path+"/publish", editor, nil).is(200)
	if d := as[courseDetail](w.do("GET", "/api/courses/"+c.ID, "", nil).is(200)); !d.OnSale || len(d.Offers) != 3 {
		t.Errorf("on sale: %+v", d)
	}
	page := hubtest.Dial(t, w.url+"/ws", "")
	page.Follow("course:"+c.ID, "")
	prices, _ := json.Marshal(map[string]any{"policies": []shop.PricePolicy{{ID: c.Policies[2].ID, Kind: shop.KindLifetime, Name: "全款", Price: 89900}}})
	next := as[desk.Course](w.do("PUT", path+"/policies", editor, prices).is(200))
	if next.Version != 2 || len(next.Versions) != 2 || next.Ladder != c.Ladder || next.Policies[0].ID != c.Policies[2].ID || !next.Policies[0].Default {
		t.Errorf("next version: %+v", next)
	}
	var heard shop.CourseChange
	page.Wait("course.changed", soon).Into(t, &heard)
	if heard != (shop.CourseChange{CourseID: c.ID, State: shop.CourseOnSale, OnSale: true, Version: 2}) {
		t.Errorf("heard %+v", heard)
	}
	w.do("POST", path+"/unpublish", editor, nil).is(200)
	if d := as[courseDetail](w.do("GET", "/api/courses/"+c.ID, "", nil).is(200)); d.OnSale || d.Offers[0].Reason != "COURSE_OFF_SALE" {
		t.Errorf("off sale: %+v", d)
	}
}

func TestAnEditKeepsWhatItDoesNotSay(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", "learner", "editor")
	c := as[desk.Course](w.do("POST", "/api/admin/courses", editor, aCourse).is(201))
	path := "/api/admin/courses/" + c.ID
	edited := as[desk.Course](w.do("PUT", path, editor, `{"title":"Go 语言 进阶","teacher":{"name":"王老师","title":"","intro":""}}`).is(200))
	if edited.Title != "Go 语言 进阶" || edited.Subtitle != c.Subtitle || edited.Teacher.Name != "王老师" || len(edited.Chapters) != 1 || edited.Version != 1 {
		t.Errorf("edited: %+v", edited)
	}
	swapped := as[desk.Course](w.do("PUT", path, editor, `{"chapters":[{"title":"新章","lessons":[
		{"title":"变量","kind":"text","duration_s":1,"preview":false},{"title":"新课","kind":"text","duration_s":1,"preview":false}]}]}`).is(200))
	lessons, before := swapped.Chapters[0].Lessons, c.Chapters[0].Lessons
	if lessons[0].ID != before[1].ID || lessons[1].ID == "" || lessons[1].ID == before[0].ID || lessons[0].URL != "" || lessons[0].Kind != "text" {
		t.Errorf("lessons: %+v, before %+v", lessons, before)
	}
	stale, _ := json.Marshal(map[string]any{"title": "x", "v": c.V})
	w.do("PUT", path, editor, stale).is(409, "EDIT_CONFLICT")
	prices := map[string]any{"policies": []any{map[string]any{"kind": "lifetime", "name": "全款", "price_fen": 100}}, "v": c.V}
	w.do("PUT", path+"/policies", editor, prices).is(409, "EDIT_CONFLICT")
	prices["v"] = swapped.V
	if priced := as[desk.Course](w.do("PUT", path+"/policies", editor, prices).is(200)); priced.Version != 2 {
		t.Errorf("prices: %+v", priced)
	}
	w.do("PUT", "/api/admin/courses/nothing", editor, `{}`).is(404, "COURSE_NOT_FOUND")
}

func TestWhatAnEditorMayNotWrite(t *testing.T) {
	w := newWorld(t)
	editor := w.staff("edith", "learner", "editor")
	c := as[desk.Course](w.do("POST", "/api/admin/courses", editor, aCourse).is(201))
	path := "/api/admin/courses/" + c.ID
	lifetime := `{"kind":"lifetime","name":"全款","price_fen":`
	rows := []struct{ name, method, path, body, code, param string }{
		{"no title", "POST", "/api/admin/courses", `{"category_id":"code"}`, "INVALID_FIELD", "title"},
		{"a shelf that is not there", "PUT", path, `{"category_id":"cooking"}`, "INVALID_FIELD", "category_id"},
		{"a script for a picture", "PUT", path, `{"cover":"javascript:alert(1)"}`, "INVALID_FIELD", "cover"},
		{"a state", "PUT", path, `{"state":"on_sale"}`, "UNKNOWN_FIELD", "state"},
		{"the number of learners", "PUT", path, `{"learners":9}`, "UNKNOWN_FIELD", "learners"},
		{"a forgotten price", "PUT", path + "/policies", `{"policies":[{"kind":"lifetime","name":"全款"}]}`, "INVALID_FIELD", "policies[0].price_fen"},
		{"a price below zero", "PUT", path + "/policies", `{"policies":[` + lifetime + `-1}]}`, "INVALID_FIELD", "policies[0].price_fen"},
		{"a price with a fraction", "PUT", path + "/policies", `{"policies":[` + lifetime + `1.5}]}`, "INVALID_FIELD", "policies[0].price_fen"},
		{"a price beyond 10 million yuan", "PUT", path + "/policies", `{"policies":[` + lifetime + `1000000001}]}`, "INVALID_FIELD", "policies[0].price_fen"},
		{"a policy of another course", "PUT", path + "/policies", `{"policies":[{"id":"foreign","kind":"lifetime","name":"全款","price_fen":1}]}`, "INVALID_FIELD", "policies[0].id"},
		{"no policies", "PUT", path + "/policies", `{"policies":[]}`, "INVALID_FIELD", "policies"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := w.do(row.method, row.path, editor, row.body).is(400, row.code)
			if p := as[map[string]any](got); p["param"] != row.param {
				t.Errorf("param: %v", p["param"])
			}
		})
	}
	if now := as[desk.Course](w.do("GET", path, editor, nil).is(200)); now.V != c.V || now.Version != 1 {
		t.Errorf("changed: %+v", now)
	}
	bare := as[desk.Course](w.do("POST", "/api/admin/courses", editor, `{"title":"空","category_id":"code","teacher":{"name":"林"}}`).is(201))
	w.do("POST", "/api/admin/courses/"+bare.ID+"/publish", editor, nil).is(409, "NO_POLICIES")
	list := as[rest.Page[desk.CourseCard]](w.do("GET", "/api/admin/courses?limit=1", editor, nil).is(200))
	rest := as[rest.Page[desk.CourseCard]](w.do("GET", "/api/admin/courses?limit=1&cursor="+list.NextCursor, editor, nil).is(200))
	if len(list.Items) != 1 || len(rest.Items) != 1 || list.Items[0].ID == rest.Items[0].ID || rest.NextCursor != "" {
		t.Errorf("list: %+v, %+v", list, rest)
	}
	w.do("GET", "/api/admin/courses?cursor=nonsense", editor, nil).is(400, "INVALID_CURSOR")
}
