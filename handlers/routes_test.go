package handlers

import (
	"net/http"
	"strings"
	"testing"

	"mstm/shop"
)

// concrete puts ids into a route's pattern.
func concrete(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, ":") {
			parts[i] = "nothing"
		}
	}
	return strings.Join(parts, "/")
}

func TestEveryRouteHoldsItsPolicy(t *testing.T) {
	w := newWorld(t)
	learnerToken, _ := w.learner("lin")
	for _, rt := range w.api.routes() {
		name := rt.method + " " + rt.path
		if rt.who.may == nil {
			t.Errorf("%s has no policy", name)
			continue
		}
		if strings.HasPrefix(rt.path, "/api/admin/") && !strings.HasPrefix(rt.who.name, "role:") {
			t.Errorf("%s is for staff, but its policy is %s", name, rt.who.name)
		}
		if rt.who.token == tokenIgnored {
			continue
		}
		if got := w.do(rt.method, concrete(rt.path), "not.a.token", nil); got.Status != 401 {
			t.Errorf("%s with an unknown token: %d", name, got.Status)
		}
		if rt.from == stream {
			continue // a visitor's answer has no end; TestEvents… reads its beginning
		}
		visitor := w.do(rt.method, concrete(rt.path), "", nil)
		if refused := visitor.Status == 401; refused != (rt.who.token == tokenNeeded) {
			t.Errorf("%s for a visitor: %d %s", name, visitor.Status, visitor.Body)
		}
		if strings.HasPrefix(rt.who.name, "role:") {
			if got := w.do(rt.method, concrete(rt.path), learnerToken, nil); got.Status != 403 || got.code() != "FORBIDDEN" {
				t.Errorf("%s for a learner: %d %s", name, got.Status, got.Body)
			}
		}
	}
}

func TestARouteWithoutAPolicyIsRefusedAtStart(t *testing.T) {
	w := newWorld(t)
	do := func(http.ResponseWriter, *http.Request) error { return nil }
	for name, table := range map[string][]route{
		"no policy":                     {{method: get, path: "/api/x", do: do, class: reading}},
		"no class":                      {{method: get, path: "/api/x", who: public, do: do}},
		"no handler":                    {{method: get, path: "/api/x", who: public, class: reading}},
		"the same route twice":          {{get, "/api/x", public, do, stores, reading}, {get, "/api/x", public, do, stores, reading}},
		"a word level with a parameter": {{get, "/api/x/:id", public, do, stores, reading}, {get, "/api/x/all", public, do, stores, reading}},
	} {
		if err := w.api.buildMux(table); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAnEmptyPolicyRefusesEveryCaller(t *testing.T) {
	w := newWorld(t)
	if err := w.api.admit(&http.Request{Header: http.Header{}}, &exchange{}, access{}); err != shop.ErrForbidden {
		t.Fatalf("admit: %v", err)
	}
}

func TestWhatTheTableDoesNotHave(t *testing.T) {
	pages := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("page " + r.URL.Path)) })
	w := newWorld(t, func(d *Deps) { d.Web = pages })
	w.do("GET", "/api/nothing", "", nil).is(404, "ROUTE_NOT_FOUND")
	w.do("GET", "/api", "", nil).is(404, "ROUTE_NOT_FOUND")
	w.do("GET", "/api/categories/", "", nil).is(404, "ROUTE_NOT_FOUND")
	w.do("POST", "/nothing", "", "{}").is(404, "ROUTE_NOT_FOUND")
	if got := w.do("DELETE", "/api/login", "", nil).is(405, "METHOD_NOT_ALLOWED"); !strings.Contains(got.Header.Get("Allow"), "POST") {
		t.Errorf("Allow: %q", got.Header.Get("Allow"))
	}
	w.do("TRACE", "/api/login", "", nil).is(405, "METHOD_NOT_ALLOWED")
	page := w.do("GET", "/courses/go1", "", nil).is(200)
	if string(page.Body) != "page /courses/go1" || page.Header.Get("Content-Security-Policy") != "" {
		t.Errorf("page: %s, headers %v", page.Body, page.Header)
	}
	if got := w.do("HEAD", "/api/categories", "", nil).is(200); len(got.Body) != 0 || got.Header.Get("Content-Length") == "" {
		t.Errorf("HEAD: body %q, header %v", got.Body, got.Header)
	}
}

func TestRolesOpenTheirRoutesAndAnAdminsAll(t *testing.T) {
	w := newWorld(t)
	editor, marketer, admin := w.staff("edith", "learner", "editor"), w.staff("mark", "learner", "marketer"), w.staff("ada", "learner", "admin")
	rows := []struct {
		name, token, path string
		want              int
	}{
		{"an editor sees the console's courses", editor, "/api/admin/courses", 200},
		{"an editor does not see the keys", editor, "/api/admin/api-keys", 403},
		{"a marketer sees the users online", marketer, "/api/hub/stats", 200},
		{"a marketer does not see the console's courses", marketer, "/api/admin/courses", 403},
		{"an admin sees the console's courses", admin, "/api/admin/courses", 200},
		{"an admin sees the keys", admin, "/api/admin/api-keys", 200},
		{"an admin sees the users online", admin, "/api/hub/stats", 200},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := w.do("GET", row.path, row.token, nil); got.Status != row.want {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
		})
	}
}
