package handlers

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/hub/hubtest"
	"mstm/shop"
)

// aProfile is of a person what these tests read.
type aProfile struct {
	ID      string `json:"id"`
	Blocked bool   `json:"blocked"`
	Block   *struct {
		Reason string `json:"reason"`
		ByName string `json:"by_name"`
	} `json:"block"`
	Courses []struct {
		CourseID string     `json:"course_id"`
		Title    string     `json:"title"`
		State    string     `json:"state"`
		Until    *time.Time `json:"until"`
		Progress struct {
			Lessons int `json:"lessons"`
		} `json:"progress"`
	} `json:"courses"`
	Orders []struct {
		ID    string `json:"id"`
		Total int64  `json:"total_fen"`
	} `json:"orders"`
	Messages []struct {
		Kind string `json:"kind"`
	} `json:"messages"`
	Sessions []struct {
		Client string `json:"client"`
	} `json:"sessions"`
	Notes []struct {
		Text   string `json:"text"`
		ByName string `json:"by_name"`
	} `json:"notes"`
}

func (w *world) profileOf(token, id string) aProfile {
	w.t.Helper()
	return as[aProfile](w.do("GET", "/api/admin/users/"+id, token, nil).is(200))
}

// found are the ids of the people that a search finds.
func (w *world) found(token, q string) string {
	w.t.Helper()
	var ids []string
	for _, u := range as[struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}](w.do("GET", "/api/admin/users?q="+q, token, nil).is(200)).Items {
		ids = append(ids, u.ID)
	}
	return strings.Join(ids, " ")
}

func TestPeople_AProfileHasAllThatSupportNeeds(t *testing.T) {
	w := newWorld(t)
	support, admin := w.staff("sue", shop.RoleSupport), w.staff("ada", shop.RoleAdmin)
	_, lin := w.learner("lin")
	_, wang := w.learner("wang")
	w.sells(ladderCourse("go1"))
	grants := "/api/admin/users/" + lin + "/grants"
	end := time.Now().AddDate(0, 0, 14)

	w.do("POST", grants, support, map[string]any{"course_id": "go1", "until": end, "reason": ""}).is(400, "INVALID_FIELD")
	w.do("POST", grants, support, map[string]any{"course_id": "go2", "until": end, "reason": "补偿"}).is(404, "COURSE_NOT_FOUND")
	w.do("POST", grants, support, map[string]any{"course_id": "go1", "until": time.Now().AddDate(0, 0, -2), "reason": "补偿"}).is(400, "INVALID_FIELD")
	w.do("POST", "/api/admin/users/nothing/grants", support, map[string]any{"course_id": "go1", "reason": "补偿"}).is(404, "USER_NOT_FOUND")
	body := map[string]any{"course_id": "go1", "until": end, "reason": "补偿两周"}
	given := as[struct {
		ID    string `json:"id"`
		State string `json:"state"`
		Total int64  `json:"total_fen"`
	}](w.do("POST", grants, support, body, "Idempotency-Key", "k1").is(201))
	w.do("POST", grants, support, body, "Idempotency-Key", "k1").is(201)
	w.do("POST", grants, support, body, "Idempotency-Key", "k2").is(409, "ACCESS_ALREADY_LONGER")
	w.do("POST", "/api/admin/users/"+lin+"/notes", support, map[string]any{"text": "来电询问"}, "Idempotency-Key", "n1").is(201)
	w.do("POST", "/api/admin/users/"+lin+"/notes", support, map[string]any{"text": "来电询问"}, "Idempotency-Key", "n1").is(201)

	p := w.profileOf(support, lin)
	if given.State != "fulfilled" || given.Total != 0 || len(p.Orders) != 1 || p.Orders[0].ID != given.ID {
		t.Errorf("the order: %+v, of %+v", given, p.Orders)
	}
	if len(p.Courses) != 1 || p.Courses[0].State != "active" || !p.Courses[0].Until.Equal(shop.EndOfDay(end)) || p.Courses[0].Title != "课程 go1" || p.Courses[0].Progress.Lessons != 2 {
		t.Errorf("the courses: %+v", p.Courses)
	}
	if len(p.Notes) != 1 || p.Notes[0].Text != "来电询问" || p.Notes[0].ByName != "sue" || len(p.Sessions) != 1 {
		t.Errorf("notes %+v, sessions %+v", p.Notes, p.Sessions)
	}
	for q, want := range map[string]string{"lin": lin, lin: lin, given.ID: lin, given.ID + "01": lin, "wan": wang, "nobody": ""} {
		if got := w.found(support, q); got != want {
			t.Errorf("%q finds %q, want %q", q, got, want)
		}
	}
	if got := len(strings.Fields(w.found(support, "&staff=1"))); got != 2 {
		t.Errorf("%d of staff, want the two", got)
	}
	rows := auditOf(w, admin, "object=order:"+given.ID+"&what=M17")
	if len(rows) != 1 || rows[0].ByName != "sue" || rows[0].Data["reason"] != "补偿两周" {
		t.Errorf("the audit: %+v", rows)
	}
	if found, err := w.deps.Checkout.Invariants.Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("broken: %v, %v", found, err)
	}
}

func TestPeople_TwoOfStaffAtOnceGiveOnce(t *testing.T) {
	w := newWorld(t)
	support := w.staff("sue", shop.RoleSupport)
	_, lin := w.learner("lin")
	w.sells(ladderCourse("go1"))
	var all sync.WaitGroup
	codes := make([]answer, 6)
	for i := range codes {
		key := "same"
		if i%2 == 1 {
			key = "other" + string(rune('a'+i))
		}
		all.Go(func() {
			codes[i] = w.do("POST", "/api/admin/users/"+lin+"/grants", support, map[string]any{"course_id": "go1", "reason": "补偿"}, "Idempotency-Key", key)
		})
	}
	all.Wait()
	made := map[string]bool{}
	for _, a := range codes {
		switch {
		case a.Status == 201:
			made[as[struct{ ID string }](a).ID] = true
		case a.code() != "ALREADY_OWNED" && a.code() != "ORDER_IN_PROGRESS":
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	p := w.profileOf(support, lin)
	if len(made) != 1 || len(p.Orders) != 1 || len(p.Courses) != 1 || p.Courses[0].Until != nil || p.Courses[0].State != "active" {
		t.Errorf("%d orders were answered, the profile has %+v %+v", len(made), p.Orders, p.Courses)
	}
	if found, err := w.deps.Checkout.Invariants.Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("broken: %v, %v", found, err)
	}
}

func TestPeople_ABlockedAccountIsOutAtOnceAndCannotLogIn(t *testing.T) {
	w := newWorld(t)
	w.hubIsUp()
	support := w.staff("sue", shop.RoleSupport)
	token, lin := w.learner("lin")
	page := hubtest.Dial(t, w.url+"/ws", token)
	path := "/api/admin/users/" + lin

	w.do("POST", path+"/block", support, map[string]any{"reason": "转卖账号"}, "Idempotency-Key", "b1").is(200)
	w.do("POST", path+"/block", support, map[string]any{"reason": "转卖账号"}, "Idempotency-Key", "b1").is(200)
	w.do("POST", path+"/block", support, map[string]any{"reason": "又一次"}).is(200)
	w.do("GET", "/api/me", token, nil).is(401)
	if end := page.Ended(soon); end.Code != 4001 {
		t.Errorf("the page was closed with %+v", end)
	}
	w.do("POST", "/api/login", "", credentials{"lin", aPassword, "web"}).is(403, "ACCOUNT_BLOCKED")
	w.do("POST", "/api/login", "", credentials{"lin", "not the password", "web"}).is(401, "WRONG_CREDENTIALS")
	if p := w.profileOf(support, lin); !p.Blocked || p.Block == nil || p.Block.Reason != "转卖账号" || p.Block.ByName != "sue" || len(p.Sessions) != 0 {
		t.Errorf("the profile: %+v", p)
	}
	w.do("POST", path+"/unblock", support, map[string]any{"reason": "已说明"}).is(200)
	w.login("lin", "web")

	_, editor := "", w.staff("edith", shop.RoleEditor)
	me := as[struct{ ID string }](w.do("GET", "/api/me", editor, nil).is(200)).ID
	w.do("POST", "/api/admin/users/"+me+"/block", support, map[string]any{"reason": "试试"}).is(409, "STAFF_ACCOUNT")
	w.do("DELETE", "/api/admin/users/"+me, support, map[string]any{"reason": "试试"}).is(409, "STAFF_ACCOUNT")
	w.do("DELETE", path, support, map[string]any{"reason": "学员要求"}).is(204)
	w.do("DELETE", path, support, map[string]any{"reason": "学员要求"}).is(404, "USER_NOT_FOUND")
	w.do("POST", path+"/block", support, map[string]any{"reason": "试试"}).is(404, "USER_NOT_FOUND")
	var acts []string
	for _, row := range auditOf(w, w.staff("ada", shop.RoleAdmin), "object=user:"+lin) {
		acts = append(acts, row.Act)
	}
	if got := strings.Join(acts, " "); got != "account_deleted unblocked blocked" {
		t.Errorf("the audit: %s", got)
	}
}

func TestPeople_StaffDecideNothingAboutTheirOwnMoney(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"))
	both := w.staff("finn", shop.RoleFinance, shop.RoleSupport)
	me := as[struct{ ID string }](w.do("GET", "/api/me", both, nil).is(200)).ID
	order := as[struct {
		Order struct{ ID string }
	}](w.do("POST", "/api/orders", both, map[string]any{"lines": []any{map[string]any{"course_id": "go1", "policy_id": "go1s1"}}, "total_fen": 0, "channel": "native"}, "Idempotency-Key", "free").is(201)).Order.ID
	grant := map[string]any{"course_id": "go1", "reason": "自用"}
	refund := map[string]any{"reason": "自用"}
	refused := []struct {
		path string
		body map[string]any
	}{
		{"/api/admin/users/" + me + "/grants", grant},
		{"/api/admin/orders/" + order + "/refunds", refund},
		{"/api/admin/orders/" + order + "/refunds?dry_run=1", refund},
		{"/api/admin/orders/" + order + "/resolve", map[string]any{"how": "grant", "reason": "自用"}},
		{"/api/admin/unmatched/4200001/resolve", map[string]any{"order_id": order, "reason": "自用"}},
	}
	for i, c := range refused {
		w.do("POST", c.path, both, c.body, "Idempotency-Key", fmt.Sprint("own", i)).is(403, "OWN_ACCOUNT")
	}
	if p := w.profileOf(both, me); len(p.Orders) != 1 || len(p.Courses) != 1 || p.Courses[0].Until == nil {
		t.Errorf("after the refusals there is %+v", p)
	}

	w.do("POST", "/api/admin/users/"+me+"/grants", w.staff("sue", shop.RoleSupport), grant).is(201)
	ada := w.staff("ada", shop.RoleAdmin)
	her := as[struct{ ID string }](w.do("GET", "/api/me", ada, nil).is(200)).ID
	w.do("POST", "/api/admin/users/"+her+"/grants", ada, grant).is(201)
}
