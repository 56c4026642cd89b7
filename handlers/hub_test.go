package handlers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/handlers/desk"
	"mstm/handlers/rest"
	"mstm/hub"
	"mstm/hub/hubtest"
	"mstm/shop"
	"mstm/store"
)

func TestMarketingSpeaksToEverybodyAndToACoursesPages(t *testing.T) {
	w := newWorld(t)
	draft := ladderCourse("draft")
	draft.State = shop.CourseDraft
	w.sells(ladderCourse("go1"), draft)
	marketer := w.staff("mark", "learner", "marketer")
	learner, _ := w.learner("linwei")
	visitor := hubtest.Dial(t, w.url+"/ws", "")
	visitor.Follow("course:go1", "")
	publish := func(token, body string) answer { return w.do("POST", "/api/hub/publish", token, body) }

	got := publish(marketer, `{"topic":"activity","type":"activity.begins","data":{"title":"双十一","percent":50}}`).is(200)
	f := visitor.Next(soon)
	if pos := as[map[string]string](got)["pos"]; f.Topic != "activity" || f.Type != "activity.begins" || f.Pos != pos || string(f.Data) != `{"title":"双十一","percent":50}` {
		t.Errorf("heard %+v %s, published at %s", f, f.Data, pos)
	}
	publish(marketer, `{"topic":"course:go1","type":"course.tip"}`).is(200)
	if f := visitor.Next(soon); f.Topic != "course:go1" || string(f.Data) != `{}` {
		t.Errorf("heard %+v", f)
	}
	rows := []struct {
		name, body string
		want       int
		code       string
	}{
		{"a learner's own topic", `{"topic":"user:abc","type":"a"}`, 422, "TOPIC_UNKNOWN"},
		{"the console's", `{"topic":"desk","type":"a"}`, 422, "TOPIC_UNKNOWN"},
		{"a course that is not there", `{"topic":"course:go9","type":"a"}`, 422, "TOPIC_UNKNOWN"},
		{"a draft", `{"topic":"course:draft","type":"a"}`, 422, "TOPIC_UNKNOWN"},
		{"no topic", `{"type":"a"}`, 422, "TOPIC_UNKNOWN"},
		{"the shop's own word", `{"topic":"activity","type":"session.replaced"}`, 400, "INVALID_FIELD"},
		{"that a course has changed", `{"topic":"course:go1","type":"course.changed"}`, 400, "INVALID_FIELD"},
		{"a type that is no word", `{"topic":"activity","type":"a\"b"}`, 400, "INVALID_FIELD"},
		{"no type", `{"topic":"activity"}`, 400, "INVALID_FIELD"},
		{"too much", `{"topic":"activity","type":"a","data":"` + strings.Repeat("x", 16<<10) + `"}`, 400, "INVALID_FIELD"},
		{"a field twice in the data", `{"topic":"activity","type":"a","data":{"a":1,"a":2}}`, 400, "INVALID_JSON"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { publish(marketer, row.body).is(row.want, row.code) })
	}
	publish(learner, `{"topic":"activity","type":"a"}`).is(403, "FORBIDDEN")
	if n := len(visitor.Events(2, soon)); n != 2 {
		t.Errorf("%d events were heard", n)
	}
	st := as[struct {
		Sockets int
		Online  hub.Online
	}](w.do("GET", "/api/hub/stats", marketer, nil).is(200))
	topics := map[string]hub.Followers{"activity": {Sockets: 1}, "course:go1": {Sockets: 1}}
	if o := st.Online; st.Sockets != 1 || o.Instances != 1 || o.Anonymous != 1 || !maps.Equal(o.Topics, topics) {
		t.Errorf("stats: %+v", st)
	}
}

func TestAnAPIKeyDoesWhatItsScopesSayUntilItIsDeleted(t *testing.T) {
	w := newWorld(t)
	admin := w.staff("ada", "learner", "admin")
	type created struct{ ID, Key string }
	made := as[created](w.do("POST", "/api/admin/api-keys", admin, `{"name":"活动系统","scopes":["hub:publish"]}`).is(201))
	other := as[created](w.do("POST", "/api/admin/api-keys", admin, `{"name":"群发","scopes":["hub:broadcast"]}`).is(201))
	event := `{"topic":"activity","type":"sale.begins"}`
	w.do("POST", "/api/hub/publish", made.Key, event).is(200)
	w.do("POST", "/api/hub/publish", other.Key, event).is(403, "FORBIDDEN")
	w.do("POST", "/api/hub/publish", made.Key+"x", event).is(401, "UNAUTHENTICATED")
	w.do("GET", "/api/cart", made.Key, nil).is(403, "FORBIDDEN")
	w.do("GET", "/api/admin/api-keys", made.Key, nil).is(403, "FORBIDDEN")
	list := w.do("GET", "/api/admin/api-keys", admin, nil).is(200)
	if items := as[rest.Page[desk.APIKey]](list).Items; len(items) != 2 || strings.Contains(string(list.Body), "hash") || strings.Contains(string(list.Body), made.Key) {
		t.Errorf("list: %s", list.Body)
	}
	for _, body := range []string{`{"name":"x","scopes":[]}`, `{"name":"x","scopes":["everything"]}`, `{"name":"","scopes":["hub:publish"]}`} {
		w.do("POST", "/api/admin/api-keys", admin, body).is(400, "INVALID_FIELD")
	}
	w.do("DELETE", "/api/admin/api-keys/"+made.ID, admin, nil).is(204)
	w.do("POST", "/api/hub/publish", made.Key, event).is(401, "UNAUTHENTICATED")
	w.do("DELETE", "/api/admin/api-keys/"+made.ID, admin, nil).is(404, "API_KEY_NOT_FOUND")
	if strings.Contains(w.log.String(), made.Key) {
		t.Error("the log has the key in it")
	}
}

func TestAHubThatIsDownStopsNoPurchase(t *testing.T) {
	nowhere := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", DialTimeout: 100 * time.Millisecond, MaxRetries: -1})
	t.Cleanup(func() { nowhere.Close() })
	w := newWorld(t, func(d *Deps) { d.Hub = hub.New(hub.Config{Redis: nowhere, Log: d.Log}) })
	w.sells(ladderCourse("go1"))
	token, _ := w.learner("linwei")
	w.do("PUT", "/api/cart/go1", token, `{}`).is(200)
	w.do("DELETE", "/api/cart", token, nil).is(200)
	again := w.login("linwei", "web")
	w.do("POST", "/api/logout", again, nil).is(204)
	w.do("GET", "/api/me", again, nil).is(401)
	marketer := w.staff("mark", "learner", "marketer")
	w.do("POST", "/api/hub/publish", marketer, `{"topic":"activity","type":"sale.begins"}`).is(503, "HUB_UNAVAILABLE")
	lines := map[any]int{}
	for _, l := range w.log.lines(t, "event not published") {
		lines[l["type"]]++
	}
	if lines["cart.changed"] != 2 {
		t.Errorf("lines about events: %v", lines)
	}
}

// TestAnEventThatWaitsForRedisIsNoFailure: a caller that tried again would publish it twice.
func TestAnEventThatWaitsForRedisIsNoFailure(t *testing.T) {
	nowhere := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { nowhere.Close() })
	w := newWorld(t, func(d *Deps) { d.Hub = hub.New(hub.Config{Redis: nowhere, Log: d.Log}) })
	w.runHub(w.deps.Hub)
	visitor := hubtest.Dial(t, w.url+"/ws", "")
	got := w.do("POST", "/api/hub/publish", w.staff("mark", "learner", "marketer"), `{"topic":"activity","type":"sale.begins"}`).is(202)
	if said := as[map[string]string](got); said["topic"] != "activity" || said["pos"] != "" {
		t.Errorf("answered %v", said)
	}
	visitor.Wait("sale.begins", soon)
}

func TestOfManyTopicsTheBusiestAreShown(t *testing.T) {
	topics := map[string]hub.Followers{"activity": {Sockets: 1000}}
	for i := range 2 * busiestTopics {
		topics[fmt.Sprint("course:", i)] = hub.Followers{Sockets: i}
	}
	kept, more := busiest(topics)
	if len(kept) != busiestTopics || more != busiestTopics+1 || kept["activity"].Sockets != 1000 || kept["course:199"].Sockets != 199 {
		t.Errorf("%d topics and %d more: %v", len(kept), more, kept)
	}
	if kept, more := busiest(kept); len(kept) != busiestTopics || more != 0 {
		t.Errorf("%d topics and %d more", len(kept), more)
	}
}

func TestEveryCallWithAKeyIsOnRecord(t *testing.T) {
	w := newWorld(t)
	w.staff("boss", shop.RoleAdmin)
	boss, err := w.store.Users.ByUsername(t.Context(), "boss")
	if err != nil {
		t.Fatal(err)
	}
	text, key, err := w.store.APIKeys.Insert(t.Context(), "活动系统", []string{shop.ScopePublish}, boss.ID, time.Now().Add(time.Hour), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.do("POST", "/api/hub/publish", text, `{"topic":"activity","type":"activity.begins"}`).is(200)
	w.do("GET", "/api/hub/stats", text, nil).is(200)
	w.do("GET", "/api/admin/api-keys", text, nil).is(403, "FORBIDDEN")
	var calls []string
	err = w.store.Audit.Each(t.Context(), "key:"+key.ID, func(r *store.AuditRow) error {
		if r.Act == "api_key_call" {
			calls = append(calls, r.Data["route"]+" "+r.Data["allowed"])
		}
		return nil
	})
	slices.Sort(calls)
	want := []string{"/api/admin/api-keys false", "/api/hub/publish true", "/api/hub/stats true"}
	if err != nil || !slices.Equal(calls, want) {
		t.Errorf("on record: %v, %v", calls, err)
	}
	keys, err := w.store.APIKeys.All(t.Context(), time.Now())
	if err != nil || len(keys) != 1 || keys[0].LastUsed == nil {
		t.Fatalf("%+v, %v", keys, err)
	}
	first := *keys[0].LastUsed
	if err := w.store.APIKeys.NoteUse(t.Context(), keys[0], first.Add(59*time.Second)); err != nil {
		t.Fatal(err)
	}
	if keys, _ := w.store.APIKeys.All(t.Context(), time.Now()); !keys[0].LastUsed.Equal(first) {
		t.Error("written down twice within a minute")
	}
}
