package handlers

import (
	"encoding/json"
	"net/url"
	"sync"
	"testing"
	"time"

	"mstm/account"
	"mstm/hub/hubtest"
	"mstm/shop"
)

// shownCode is a code as the page has it that shows it.
type shownCode struct {
	Code, Secret, URL string
	ExpiresAt         time.Time `json:"expires_at"`
}

func (w *world) loginCode() shownCode {
	w.t.Helper()
	return as[shownCode](w.do("POST", "/api/login/codes", "", nil, "User-Agent", windowsChrome).is(201))
}

func (c shownCode) path() string { return "/api/login/codes/" + c.Code }

// enters asks for the session of a page that shows a code.
func (w *world) enters(c shownCode, device string) answer {
	w.t.Helper()
	return w.do("POST", "/api/login/code", "", map[string]string{"code": c.Code, "secret": c.Secret, "device": device})
}

func TestLoginCode_PersonSaysYes_PageHearsItAndComesIn(t *testing.T) {
	w := newWorld(t)
	w.hubIsUp()
	phone, id := w.learner("lin")
	shown := w.loginCode()
	if u, err := url.Parse(shown.URL); err != nil || u.Path != account.ScanPage || u.Query().Get("code") != shown.Code || u.Query().Has("secret") {
		t.Errorf("the code leads to %s", shown.URL)
	}
	page := hubtest.Dial(t, w.url+"/ws", "")
	if f := page.Follow("login:"+shown.Code, ""); f.Op != "ready" {
		t.Fatalf("the page may not follow its code: %+v", f)
	}
	w.enters(shown, "desk-1").is(202)

	seen := as[struct {
		DeviceName string `json:"device_name"`
	}](w.do("GET", shown.path(), phone, nil).is(200))
	if seen.DeviceName != "Windows · Chrome" {
		t.Errorf("the phone sees %q", seen.DeviceName)
	}
	w.do("POST", shown.path(), phone, nil).is(204)
	w.do("POST", shown.path(), phone, nil).is(204) // pressed twice
	var heard struct {
		LetIn bool `json:"let_in"`
	}
	if e := page.Wait("login.answered", 30*time.Second); json.Unmarshal(e.Data, &heard) != nil || !heard.LetIn {
		t.Errorf("the page heard %s", e.Data)
	}
	begun := as[session](w.enters(shown, "desk-1").is(200))
	if begun.User.ID != id {
		t.Errorf("%s came in, not %s", begun.User.ID, id)
	}
	w.do("GET", "/api/me", begun.Token, nil).is(200)
	w.do("GET", "/api/me", phone, nil).is(200)
	w.enters(shown, "desk-1").is(404, "LOGIN_CODE_ENDED")
	w.do("GET", shown.path(), phone, nil).is(404, "LOGIN_CODE_ENDED")
}

func TestLoginCode_AskedForAtOnce_OpensOneSession(t *testing.T) {
	w := newWorld(t)
	phone, _ := w.learner("lin")
	shown := w.loginCode()
	w.do("POST", shown.path(), phone, nil).is(204)
	var all sync.WaitGroup
	answers := make([]answer, 8)
	for i := range answers {
		all.Go(func() { answers[i] = w.enters(shown, "desk-1") })
	}
	all.Wait()
	came := 0
	for _, a := range answers {
		if a.Status == 200 {
			came++
		} else {
			a.is(404, "LOGIN_CODE_ENDED")
		}
	}
	if came != 1 {
		t.Errorf("%d sessions", came)
	}
}

func TestLoginCode_RefusedOrForeignOrOver_OpensNothing(t *testing.T) {
	w := newWorld(t)
	phone, _ := w.learner("lin")
	other, _ := w.learner("wang")

	wrong := w.loginCode()
	w.do("POST", wrong.path(), phone, nil).is(204)
	for _, secret := range []string{"", "x", w.loginCode().Secret, wrong.Code} {
		w.enters(shownCode{Code: wrong.Code, Secret: secret}, "").is(404, "LOGIN_CODE_ENDED")
	}
	w.do("POST", wrong.path(), other, nil).is(404, "LOGIN_CODE_ENDED")
	w.do("DELETE", wrong.path(), other, nil).is(404, "LOGIN_CODE_ENDED")
	w.enters(wrong, "desk-1").is(200) // the owner's page all the same

	refused := w.loginCode()
	w.do("DELETE", refused.path(), phone, nil).is(204)
	w.enters(refused, "").is(404, "LOGIN_CODE_ENDED")
	w.do("POST", refused.path(), phone, nil).is(404, "LOGIN_CODE_ENDED")

	late := w.loginCode()
	kept, err := w.store.LoginCodes.Get(t.Context(), late.Code)
	kept.EndsAt = kept.BegunAt
	if err != nil || w.store.LoginCodes.Put(t.Context(), late.Code, kept, time.Minute) != nil {
		t.Fatal("the code cannot be made older")
	}
	w.do("POST", late.path(), phone, nil).is(404, "LOGIN_CODE_ENDED")
	w.enters(late, "").is(404, "LOGIN_CODE_ENDED")

	gone := w.loginCode()
	w.do("POST", gone.path(), phone, nil).is(204)
	w.do("POST", "/api/logout", phone, nil).is(204)
	w.enters(gone, "").is(404, "LOGIN_CODE_ENDED")

	editor := w.staff("edith", shop.RoleEditor)
	w.do("POST", w.loginCode().path(), editor, nil).is(403, "LOGIN_CODE_STAFF")
	for _, code := range []string{"nothing", "%20", "a:b", "..%2f"} {
		w.do("POST", "/api/login/codes/"+code, other, nil).is(404)
		w.enters(shownCode{Code: code, Secret: "x"}, "").is(404, "LOGIN_CODE_ENDED")
	}
	w.do("GET", w.loginCode().path(), "", nil).is(401, "UNAUTHENTICATED")
	w.do("POST", w.loginCode().path(), "", nil).is(401, "UNAUTHENTICATED")
}
