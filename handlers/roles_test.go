package handlers

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/shop"
)

// TestEveryRoleIsAdmittedWhereTheContractNamesItAndNowhereElse asks for every route of the staff as every role: the contract is
// a list of its own, so a route with a wrong policy and one with a wrong line in the contract both fail.
func TestEveryRoleIsAdmittedWhereTheContractNamesItAndNowhereElse(t *testing.T) {
	w := newWorld(t)
	doc, _ := readContract(t)
	listed := doc.operations(t)
	tokens := map[shop.Role]string{}
	for _, role := range shop.Roles() {
		tokens[role] = w.staff("the"+string(role), role)
	}
	asked, wrong := 0, 0
	for _, rt := range allRoutes(t) {
		if !strings.HasPrefix(rt.Who.Name, "role:") {
			continue
		}
		name := rt.Method + " " + rt.Path
		for role, token := range tokens {
			var body any
			if rt.Method == post || rt.Method == put {
				body = "{}"
			}
			ask := func() answer { return w.do(rt.Method, concrete(rt.Path), token, body, "Tus-Resumable", "1.0.0") }
			a := ask()
			for end := time.Now().Add(soon); a.Status == 429 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
				a = ask()
			}
			admitted := a.Status != 401 && (a.Status != 403 || rt.Method != head && a.code() != "FORBIDDEN")
			asked++
			if want := role == shop.RoleAdmin || slices.Contains(listed[name].Roles, string(role)); admitted != want {
				wrong++
				t.Errorf("%s for %s: %d %s, admitted %v, the contract says %v", name, role, a.Status, a.Body, admitted, want)
			}
		}
	}
	t.Logf("%d routes and roles, %d wrong admissions", asked, wrong)
}

// auditOf is what the audit shows an administrator.
func auditOf(w *world, token, query string) []auditItem {
	w.t.Helper()
	return as[struct {
		Items []auditItem `json:"items"`
	}](w.do("GET", "/api/admin/audit?"+query, token, nil).is(200)).Items
}

type auditItem struct {
	By         string            `json:"by"`
	ByName     string            `json:"by_name"`
	Act        string            `json:"act"`
	Object     string            `json:"object"`
	ObjectName string            `json:"object_name"`
	Data       map[string]string `json:"data"`
	Before     map[string]string `json:"before"`
	After      map[string]string `json:"after"`
}

func TestAudit_AnEditIsThereWithWhatWasBeforeAndAfter(t *testing.T) {
	w := newWorld(t)
	admin, editor := w.staff("ada", shop.RoleAdmin), w.staff("edith", shop.RoleEditor)
	w.sells(ladderCourse("go1"))
	w.do("PUT", "/api/admin/courses/go1", editor, map[string]any{"title": "新的名字"}).is(200)
	w.do("POST", "/api/admin/courses/go1/unpublish", editor, nil).is(200)

	rows := auditOf(w, admin, "object=course:go1&who=edith")
	if len(rows) != 2 || rows[1].Act != "course_edited" || rows[1].ByName != "edith" ||
		rows[1].Before["title"] != "课程 go1" || rows[1].After["title"] != "新的名字" || len(rows[1].After) != 1 {
		t.Fatalf("the edit: %+v", rows)
	}
	if rows[0].Before["state"] != "on_sale" || rows[0].After["state"] != "off_sale" {
		t.Errorf("taken off sale: %+v", rows[0])
	}
	if rows := auditOf(w, admin, "object=go1&what=course_edited&limit=1"); len(rows) != 1 {
		t.Errorf("by the bare id: %+v", rows)
	}
	for _, none := range []string{"object=course:go2", "who=ada&object=go1", "what=nothing", "to=2020-01-01", "from=2090-01-01"} {
		if rows := auditOf(w, admin, none); len(rows) != 0 {
			t.Errorf("%s: %+v", none, rows)
		}
	}
	w.do("GET", "/api/admin/audit?from=soon", admin, nil).is(400, "INVALID_QUERY")
	w.do("GET", "/api/admin/audit", editor, nil).is(403, "FORBIDDEN")
}

func TestAudit_PagesFollowOneAnotherWithoutGapOrRepeat(t *testing.T) {
	w := newWorld(t)
	admin := w.staff("ada", shop.RoleAdmin)
	w.sells(ladderCourse("go1"))
	for _, do := range strings.Split(strings.Repeat("unpublish publish ", 4), " ") {
		if do != "" {
			w.do("POST", "/api/admin/courses/go1/"+do, admin, nil).is(200)
		}
	}
	type page struct {
		Items []struct{ ID string } `json:"items"`
		Next  string                `json:"next_cursor"`
	}
	seen, next := map[string]bool{}, ""
	for range 20 {
		p := as[page](w.do("GET", "/api/admin/audit?object=course:go1&calls=1&limit=3&cursor="+next, admin, nil).is(200))
		for _, row := range p.Items {
			if seen[row.ID] {
				t.Errorf("%s is there twice", row.ID)
			}
			seen[row.ID] = true
		}
		if next = p.Next; next == "" {
			break
		}
	}
	if len(seen) != 16 { // each act, and the call of it
		t.Errorf("%d rows: %v", len(seen), seen)
	}
}

// TestAudit_NoCallOfStaffIsMissing makes every call of the staff that may change something.
func TestAudit_NoCallOfStaffIsMissing(t *testing.T) {
	w := newWorld(t)
	admin := w.staff("ada", shop.RoleAdmin)
	for _, rt := range allRoutes(t) {
		if !strings.HasPrefix(rt.Who.Name, "role:") || rt.Method == get || rt.Method == head || rt.Method == patch {
			continue
		}
		w.do(rt.Method, concrete(rt.Path), admin, "{}", "Tus-Resumable", "1.0.0")
		rows := auditOf(w, admin, "calls=1&what=staff_call&limit=1&who=ada")
		if len(rows) != 1 || rows[0].Data["route"] != rt.Path || rows[0].Data["method"] != rt.Method {
			t.Errorf("%s %s: the audit's newest call is %+v", rt.Method, rt.Path, rows)
		}
	}
	w.do("POST", "/api/admin/orders/nothing/refunds?dry_run=1", admin, "{}")
	if rows := auditOf(w, admin, "calls=1&object=order:nothing&limit=100"); len(rows) != 2 { // the refund, and a decision about an exception
		t.Errorf("a dry run is in the audit: %+v", rows)
	}
}
