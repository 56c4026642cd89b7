package handlers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/hub/hubtest"
)

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

// on logs an account in on a device with a browser.
func (w *world) on(name, device, agent string) string {
	w.t.Helper()
	body := map[string]string{"username": name, "password": aPassword, "client": "web", "device": device}
	return as[session](w.do("POST", "/api/login", "", body, "User-Agent", agent).is(200)).Token
}

func (w *world) sessionsOf(token string, headers ...string) []sessionView {
	w.t.Helper()
	return as[struct{ Items []sessionView }](w.do("GET", "/api/me/sessions", token, nil, headers...).is(200)).Items
}

const (
	iPhoneWeChat  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.54"
	windowsChrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"
)

func TestLogin_TwoDevicesOfOneClient_LiveSideBySide(t *testing.T) {
	w := newWorld(t)
	w.hubIsUp()
	w.learner("lin")
	phone, desktop := w.on("lin", "6f1e2c9a-phone", iPhoneWeChat), w.on("lin", "6f1e2c9a-desktop", windowsChrome)
	page := hubtest.Dial(t, w.url+"/ws", desktop)
	w.do("DELETE", "/api/cart", phone, nil).is(200)
	page.Wait("cart.changed", 30*time.Second)

	names := map[string]bool{}
	all := w.sessionsOf(phone)
	for _, s := range all {
		names[s.DeviceName] = true
	}
	if len(all) != 3 || !names["iPhone · 微信"] || !names["Windows · Chrome"] || !all[0].Current || all[0].DeviceName != "iPhone · 微信" {
		t.Errorf("the sessions are %+v", all)
	}
	if en := w.sessionsOf(phone, "Accept-Language", "en")[0].DeviceName; en != "iPhone · WeChat" {
		t.Errorf("in English: %s", en)
	}
	again := w.on("lin", "6f1e2c9a-phone", iPhoneWeChat)
	w.do("GET", "/api/me", phone, nil).is(401, "UNAUTHENTICATED")
	w.do("GET", "/api/me", desktop, nil).is(200)
	if got := w.sessionsOf(again); len(got) != 3 {
		t.Errorf("%d sessions", len(got))
	}
	page.Wait("sessions.changed", 30*time.Second)
}

func TestLogin_DeviceThatCannotBe_IsRefusedByName(t *testing.T) {
	w := newWorld(t)
	w.learner("lin")
	for _, device := range []any{"with a blank", "网页", strings.Repeat("a", 65), 7, map[string]any{"$ne": nil}, []string{"a"}} {
		for _, path := range []string{"/api/login", "/api/register"} {
			body := map[string]any{"username": "lin", "password": aPassword, "device": device}
			got := as[struct{ Code, Param string }](w.do("POST", path, "", body).is(400))
			if got.Code != "INVALID_FIELD" || got.Param != "device" {
				t.Errorf("%s, device %v: %+v", path, device, got)
			}
		}
	}
}

func TestLogin_EleventhDevice_EndsTheOneNotUsedForLongestLive(t *testing.T) {
	w := newWorld(t)
	w.hubIsUp()
	first, _ := w.learner("lin") // without a device
	var devices []string
	for i := range 9 {
		devices = append(devices, w.on("lin", fmt.Sprint("device-", i), windowsChrome))
	}
	w.do("GET", "/api/me", first, nil).is(200) // now the oldest is device 0
	page, other := hubtest.Dial(t, w.url+"/ws", devices[0]), hubtest.Dial(t, w.url+"/ws", first)
	eleventh := w.on("lin", "device-10", iPhoneWeChat)
	page.Wait("session.replaced", 30*time.Second)
	if end := page.Ended(30 * time.Second); end.Code != 4002 || end.Word != "SESSION_REPLACED" {
		t.Errorf("the oldest was closed with %+v", end)
	}
	w.do("GET", "/api/me", devices[0], nil).is(401, "UNAUTHENTICATED")
	for _, token := range append(devices[1:], first, eleventh) {
		w.do("GET", "/api/me", token, nil).is(200)
	}
	if got := w.sessionsOf(eleventh); len(got) != 10 || got[0].DeviceName != "iPhone · 微信" {
		t.Errorf("the sessions are %+v", got)
	}
	if other.Wait("sessions.changed", 30*time.Second); !other.Open() {
		t.Error("a session that was just used was ended")
	}
}

func TestSessions_EndOne_IsOutAtOnceAndNoOther(t *testing.T) {
	w := newWorld(t)
	w.hubIsUp()
	stranger, _ := w.learner("wei")
	theirs := w.sessionsOf(stranger)[0].ID
	w.learner("lin")
	phone, desktop := w.on("lin", "phone", iPhoneWeChat), w.on("lin", "desktop", windowsChrome)
	page, list := hubtest.Dial(t, w.url+"/ws", phone), hubtest.Dial(t, w.url+"/ws", desktop)
	id := w.sessionsOf(phone)[0].ID
	for _, no := range []string{theirs, "nothing", strings.Repeat("0", 32), "WEB", strings.ToUpper(id)} {
		w.do("DELETE", "/api/me/sessions/"+no, desktop, nil).is(404, "SESSION_NOT_FOUND")
	}
	w.do("DELETE", "/api/me/sessions/"+id, desktop, nil).is(204)
	if end := page.Ended(30 * time.Second); end.Code != 4004 || end.Word != "LOGGED_OUT" {
		t.Errorf("the phone was closed with %+v", end)
	}
	list.Wait("sessions.changed", 30*time.Second)
	w.do("GET", "/api/me", phone, nil).is(401, "UNAUTHENTICATED")
	w.do("GET", "/api/me", stranger, nil).is(200)
	w.do("DELETE", "/api/me/sessions/"+id, desktop, nil).is(404, "SESSION_NOT_FOUND")
	if got := w.sessionsOf(desktop); len(got) != 2 || !list.Open() {
		t.Errorf("the sessions are %+v", got)
	}
	w.do("DELETE", "/api/me/sessions/"+w.sessionsOf(desktop)[0].ID, desktop, nil).is(204) // the own one: to log out
	w.do("GET", "/api/me", desktop, nil).is(401)
}

func TestSessions_EndAllOthers_LeavesTheOneThatAsks(t *testing.T) {
	w := newWorld(t)
	w.hubIsUp()
	web, _ := w.learner("lin")
	stranger, _ := w.learner("wei")
	phone, desktop := w.on("lin", "phone", iPhoneWeChat), w.on("lin", "desktop", windowsChrome)
	mine := hubtest.Dial(t, w.url+"/ws", desktop)
	pages := []*hubtest.Client{hubtest.Dial(t, w.url+"/ws", phone), hubtest.Dial(t, w.url+"/ws", web)}
	w.do("DELETE", "/api/me/sessions", desktop, nil).is(204)
	for _, page := range pages {
		if end := page.Ended(30 * time.Second); end.Code != 4004 {
			t.Errorf("closed with %+v", end)
		}
	}
	for _, token := range []string{phone, web} {
		w.do("GET", "/api/me", token, nil).is(401)
	}
	w.do("GET", "/api/me", stranger, nil).is(200)
	if got := w.sessionsOf(desktop); len(got) != 1 || !got[0].Current {
		t.Errorf("the sessions are %+v", got)
	}
	w.do("DELETE", "/api/cart", desktop, nil).is(200)
	mine.Wait("cart.changed", 30*time.Second) // still open
	w.do("DELETE", "/api/me/sessions", desktop, nil).is(204)
}

// TestSessions_NewPassword_KeepsTheDevice holds that a session which changed the password is the same device's.
func TestSessions_NewPassword_KeepsTheDevice(t *testing.T) {
	w := newWorld(t)
	w.learner("lin")
	phone := w.on("lin", "phone", iPhoneWeChat)
	w.on("lin", "desktop", windowsChrome)
	body := map[string]string{"current_password": aPassword, "password": "another fine one"}
	fresh := as[session](w.do("PUT", "/api/me/password", phone, body).is(200)).Token
	if got := w.sessionsOf(fresh); len(got) != 1 || got[0].DeviceName != "iPhone · 微信" || !got[0].Current {
		t.Errorf("the sessions are %+v", got)
	}
	body = map[string]string{"username": "lin", "password": "another fine one", "device": "phone"}
	again := as[session](w.do("POST", "/api/login", "", body, "User-Agent", iPhoneWeChat).is(200)).Token
	w.do("GET", "/api/me", fresh, nil).is(401)
	if got := w.sessionsOf(again); len(got) != 1 {
		t.Errorf("the sessions are %+v", got)
	}
}

// TestPlayback_ThreeDevicesOfOneClient_AreCountedApart holds the limit of two where all devices call themselves web.
func TestPlayback_ThreeDevicesOfOneClient_AreCountedApart(t *testing.T) {
	w, first, _, key := playsOn(t)
	lesson := "/api/courses/go1/lessons/l2"
	phone, desktop := w.on("lin", "phone", iPhoneWeChat), w.on("lin", "desktop", windowsChrome)
	p := opened(w.do("GET", lesson, phone, nil))
	variants, _ := addresses(w.do("GET", p.URL, phone, nil).is(200).Body)
	_, keys := addresses(w.do("GET", variants[0], phone, nil).is(200).Body)
	w.do("GET", keys[0], phone, nil).is(200)
	w.do("GET", lesson, desktop, nil).is(409, "PLAYBACK_ELSEWHERE")
	page := hubtest.Dial(t, w.url+"/ws", phone)
	opened(w.do("GET", lesson+"?continue_here=1", desktop, nil)) // the first gives way
	e := endedOn(t, page)
	if e.Client != "web" || e.Session == "" || e.Session == p.Session || p.Session != w.sessionsOf(phone)[0].ID {
		t.Errorf("the phone, session %s, hears %+v", p.Session, e)
	}
	w.do("GET", key, first, nil).is(409, "PLAYBACK_ELSEWHERE")
	w.do("GET", keys[0], phone, nil).is(200)

	w.do("DELETE", "/api/me/sessions/"+w.sessionsOf(desktop)[0].ID, desktop, nil).is(204)
	opened(w.do("GET", lesson, first, nil)) // a session that ended holds no place
	w.do("GET", keys[0], phone, nil).is(200)
}
