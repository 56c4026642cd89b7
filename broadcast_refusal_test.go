package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/app"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// TestBroadcastCases are what becomes of broadcasts on one instance, where one to more than
// 300 people has to be confirmed.
func TestBroadcastCases(t *testing.T) {
	s := startShop(t, func(s *app.Settings) {
		s.Broadcast.ConfirmAbove, s.Broadcast.LinkHosts = 300, []string{"partner.example.com"}
	})
	for _, c := range []struct {
		name, when string
		run        func(*testing.T, *testShop)
	}{
		{"what is wrong is refused, and nothing is sent", "2025-02-10 10:00", broadcastsRefused},
		{"a dry run counts whom it is then sent to, and nobody else is told", "2025-02-10 10:00", audiencesAsCounted},
		{"a scheduled one is sent at its time, or by hand, or not at all", "2025-05-01 10:00", broadcastsScheduled},
		{"what came of it is counted", "2025-06-01 10:00", funnelCounted},
		{"by WeChat it reaches those who asked for it, once", "2025-06-20 10:00", askedByWeChat},
		{"a message that waits is not sent after the broadcast is cancelled", "2025-06-21 10:00", cancelledBeforeWeChat},
		{"a payment overtakes its messages, and paused amid them it stops, and goes on where it was", "2025-06-22 10:00", pausedAmidWeChat},
		{"to very many a second person has to agree", "2025-07-01 10:00", confirmedBySecondPerson},
		{"stopped half way it goes on where it was, or never, and the counts tell the truth", "2025-07-02 10:00", stoppedHalfWay},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, s.at(t, c.when)) })
	}
}

// key is an API key with these scopes, and its id.
func (p *person) key(scopes ...string) (program *person, id string) {
	p.t.Helper()
	var out struct {
		ID  string `json:"id"`
		Key string `json:"key"`
	}
	p.post("/api/admin/api-keys", obj{"name": "promotion", "scopes": scopes}).want(201).into(&out)
	program = p.with("User-Agent", "promotion/1")
	program.token = out.Key
	return program, out.ID
}

func broadcastsRefused(t *testing.T, s *testShop) {
	db := s.database()
	marketer, editor, learner := s.staff("marketer"), s.staff("editor"), s.newLearner()
	admin := s.staff("admin")
	publisher, _ := admin.key("hub:publish")
	revoked, id := admin.key("hub:broadcast")
	program, _ := admin.key("hub:broadcast")
	admin.del("/api/admin/api-keys/" + id).want(204)
	page := learner.socket()
	before := dump(t, db)

	all := obj{"kind": "all"}
	with := func(field string, value any) obj {
		body := activity("双十一活动", all)
		body[field] = value
		return body
	}
	tooMany := bytes.Join([][]byte{
		[]byte(`{"title":"t","body":"b","audience":{"kind":"users","user_ids":["u0000001"`),
		bytes.Repeat([]byte(`,"u0000001"`), 1_000_000), []byte(`]}}`)}, nil)
	listed := []string{}
	for i := range 2001 {
		listed = append(listed, fmt.Sprintf("u%d", i))
	}
	for _, tt := range []struct {
		name   string
		by     *person
		body   any
		status int
		code   string
	}{
		{"nobody", s.visitor(), activity("a", all), 401, "UNAUTHENTICATED"},
		{"a learner", learner, activity("a", all), 403, "FORBIDDEN"},
		{"staff without the right", editor, activity("a", all), 403, "FORBIDDEN"},
		{"a key without the scope", publisher, activity("a", all), 403, "FORBIDDEN"},
		{"a revoked key", revoked, activity("a", all), 401, "UNAUTHENTICATED"},
		{"an audience of nobody", marketer, activity("a", obj{"kind": "course", "course_id": "go1"}), 422, "AUDIENCE_EMPTY"},
		{"users that are not there", program, activity("a", obj{"kind": "users", "user_ids": []string{"ghost"}}), 422, "AUDIENCE_EMPTY"},
		{"no users", marketer, activity("a", obj{"kind": "users", "user_ids": []string{}}), 422, "AUDIENCE_EMPTY"},
		{"2,001 users", marketer, activity("a", obj{"kind": "users", "user_ids": listed}), 422, "AUDIENCE_TOO_LARGE"},
		{"a million users", marketer, tooMany, 413, "BODY_TOO_LARGE"},
		{"a course that is not there", marketer, activity("a", obj{"kind": "course", "course_id": "go9"}), 404, "COURSE_NOT_FOUND"},
		{"a category that is not there", marketer, activity("a", obj{"kind": "category", "category_id": "nothing"}), 404, "CATEGORY_NOT_FOUND"},
		{"an audience of no kind", marketer, activity("a", obj{"kind": "everybody"}), 400, "INVALID_FIELD"},
		{"an operator for an id", marketer, activity("a", obj{"kind": "course", "course_id": obj{"$ne": ""}}), 400, "INVALID_FIELD"},
		{"no title", marketer, with("title", " "), 400, "INVALID_FIELD"},
		{"a title of 41 characters", marketer, with("title", strings.Repeat("课", 41)), 400, "INVALID_FIELD"},
		{"a title on two lines", marketer, with("title", "双\n十一"), 400, "INVALID_FIELD"},
		{"a body of 501 characters", marketer, with("body", strings.Repeat("课", 501)), 400, "INVALID_FIELD"},
		{"a link that is a program", marketer, with("link", "javascript:alert(1)"), 422, "LINK_NOT_ALLOWED"},
		{"a link to somewhere else", marketer, with("link", "https://evil.example.com/"), 422, "LINK_NOT_ALLOWED"},
		{"a link without a scheme to somewhere else", marketer, with("link", "//evil.example.com/"), 422, "LINK_NOT_ALLOWED"},
		{"an allowed host without TLS", marketer, with("link", "http://partner.example.com/"), 422, "LINK_NOT_ALLOWED"},
		{"no channel", marketer, with("channels", []string{}), 400, "INVALID_FIELD"},
		{"an unknown channel", marketer, with("channels", []string{"live", "sms"}), 400, "INVALID_FIELD"},
		{"a time that is over", marketer, with("send_at", "2025-02-09T00:00:00Z"), 400, "INVALID_FIELD"},
		{"a time in half a year", marketer, with("send_at", "2025-09-01T00:00:00Z"), 400, "INVALID_FIELD"},
		{"an unknown field", marketer, with("sender", "me"), 400, "UNKNOWN_FIELD"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			by := *tt.by
			by.t = t
			by.with("Idempotency-Key", rand.Text()).post("/api/hub/broadcasts", tt.body).wantCode(tt.status, tt.code)
		})
	}
	marketer.post("/api/hub/broadcasts", activity("a", all)).wantCode(400, "IDEMPOTENCY_KEY_REQUIRED")
	for _, move := range []string{"start", "pause", "cancel"} {
		marketer.post("/api/hub/broadcasts/nothing/"+move, nil).wantCode(404, "BROADCAST_NOT_FOUND")
		learner.post("/api/hub/broadcasts/nothing/"+move, nil).wantCode(403, "FORBIDDEN")
	}
	wantUntouched(t, before, dump(t, db), "api_keys", "audit", "order_keys") // which tell of calls

	// The same key says the same thing, once.
	again := program.with("Idempotency-Key", "double-eleven-1")
	body := with("link", "https://partner.example.com/x")
	var first, second broadcastJSON
	again.post("/api/hub/broadcasts", body).want(201).into(&first)
	again.post("/api/hub/broadcasts", body).want(201).into(&second)
	if first.ID != second.ID {
		t.Errorf("a repeat made another broadcast: %s and %s", first.ID, second.ID)
	}
	again.post("/api/hub/broadcasts", with("title", "另一个活动")).wantCode(422, "IDEMPOTENCY_MISMATCH")
	told(page, first.ID)
	marketer.awaitBroadcast(first.ID, "sent")
	if left, err := rows(db, "broadcasts", bson.M{}); err != nil || len(left) != 1 {
		t.Errorf("there are %d broadcasts: %v", len(left), err)
	}
	time.Sleep(100 * time.Millisecond) // for what must not come
	if n := len(page.All()); n != 2 {
		t.Errorf("the page heard %d frames, want ready and one notice: %+v", n, page.All())
	}
	if logged := s.log.String(); strings.Contains(logged, program.token) || strings.Contains(logged, revoked.token) {
		t.Error("a key is in the log")
	}
}
