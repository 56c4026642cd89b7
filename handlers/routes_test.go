package handlers

import (
	"net/http"
	"strings"
	"testing"

	"mstm/store"

	"mstm/handlers/rest"
)

// allRoutes is the route table, of a shop without parts.
func allRoutes(t *testing.T) []route {
	t.Helper()
	n, err := newNouns(Deps{Store: &store.DB{}})
	if err != nil {
		t.Fatal(err)
	}
	return n.routes()
}

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
	for _, rt := range allRoutes(t) {
		name := rt.Method + " " + rt.Path
		if rt.Who.May == nil {
			t.Errorf("%s has no policy", name)
			continue
		}
		if strings.HasPrefix(rt.Path, "/api/admin/") && !strings.HasPrefix(rt.Who.Name, "role:") {
			t.Errorf("%s is for staff, but its policy is %s", name, rt.Who.Name)
		}
		if rt.Who.Token == rest.TokenIgnored {
			continue
		}
		if got := w.do(rt.Method, concrete(rt.Path), "not.a.token", nil); got.Status != 401 {
			t.Errorf("%s with an unknown token: %d", name, got.Status)
		}
		if rt.From == stream {
			continue // a visitor's answer has no end; TestEvents… reads its beginning
		}
		visitor := w.do(rt.Method, concrete(rt.Path), "", nil)
		if refused := visitor.Status == 401; refused != (rt.Who.Token == rest.TokenNeeded) {
			t.Errorf("%s for a visitor: %d %s", name, visitor.Status, visitor.Body)
		}
		if strings.HasPrefix(rt.Who.Name, "role:") {
			if got := w.do(rt.Method, concrete(rt.Path), learnerToken, nil); got.Status != 403 || got.code() != "FORBIDDEN" {
				t.Errorf("%s for a learner: %d %s", name, got.Status, got.Body)
			}
		}
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
