package handlers

import "testing"

func TestLogin_UnlistedClient_IsRefusedByName(t *testing.T) {
	w := newWorld(t)
	w.learner("lin")
	for _, client := range []string{"c1", "Web", "web ", "phone2", "w-1", "网页"} {
		body := map[string]string{"username": "lin", "password": aPassword, "client": client}
		got := as[struct {
			Param   string
			Allowed []string
		}](w.do("POST", "/api/login", "", body).is(400, "INVALID_FIELD"))
		if got.Param != "client" || len(got.Allowed) != 10 {
			t.Errorf("client %q is refused at %q and may be %v", client, got.Param, got.Allowed)
		}
	}
}
