package broadcasts

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
	"mstm/app"
)

// TestBroadcastCases are what becomes of broadcasts on one instance, where one to more than
// 300 people has to be confirmed.
func TestBroadcastCases(t *testing.T) {
	s := shoptest.Start(t, func(s *app.Settings) {
		s.Broadcast.ConfirmAbove, s.Broadcast.LinkHosts = 300, []string{"partner.example.com"}
	})
	for _, c := range []struct {
		name, when string
		run        func(*testing.T, *shoptest.Shop)
	}{
		{"what is wrong is refused, and nothing is sent", "2025-02-10 10:00", broadcastsRefused},
		{"a dry run counts the recipients, and no other user receives it", "2025-02-10 10:00", audiencesAsCounted},
		{"a scheduled one is sent at its time, or by hand, or not at all", "2025-05-01 10:00", broadcastsScheduled},
		{"what came of it is counted", "2025-06-01 10:00", funnelCounted},
		{"by WeChat it reaches those that asked for it, once", "2025-06-20 10:00", askedByWeChat},
		{"a message that waits is not sent after the broadcast is cancelled", "2025-06-21 10:00", cancelledBeforeWeChat},
		{"a payment overtakes its messages, and paused amid them it stops, and goes on where it was", "2025-06-22 10:00", pausedAmidWeChat},
		{"to very many a second person has to agree", "2025-07-01 10:00", confirmedBySecondPerson},
		{"stopped half way it goes on where it was, or never, and the counts tell the truth", "2025-07-02 10:00", stoppedHalfWay},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, s.At(t, c.when)) })
	}
}

// key is an API key with these scopes, and its id.
func key(p *shoptest.Person, scopes ...string) (program *shoptest.Person, id string) {
	p.T.Helper()
	var out struct {
		ID  string `json:"id"`
		Key string `json:"key"`
	}
	p.Post("/api/admin/api-keys", obj{"name": "promotion", "scopes": scopes}).Want(201).Into(&out)
	program = p.With("User-Agent", "promotion/1")
	program.Token = out.Key
	return program, out.ID
}

func broadcastsRefused(t *testing.T, s *shoptest.Shop) {
	db := s.Database()
	marketer, editor, learner := s.Staff("marketer"), s.Staff("editor"), s.NewLearner()
	admin := s.Staff("admin")
	publisher, _ := key(admin, "hub:publish")
	revoked, id := key(admin, "hub:broadcast")
	program, _ := key(admin, "hub:broadcast")
	admin.Del("/api/admin/api-keys/" + id).Want(204)
	page := learner.Socket()
	before := shoptest.Dump(t, db)

	all := obj{"kind": "all"}
	with := func(field string, value any) obj {
		body := shoptest.Activity("双十一活动", all)
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
		by     *shoptest.Person
		body   any
		status int
		code   string
	}{
		{"nobody", s.Visitor(), shoptest.Activity("a", all), 401, "UNAUTHENTICATED"},
		{"a learner", learner, shoptest.Activity("a", all), 403, "FORBIDDEN"},
		{"staff without the right", editor, shoptest.Activity("a", all), 403, "FORBIDDEN"},
		{"a key without the scope", publisher, shoptest.Activity("a", all), 403, "FORBIDDEN"},
		{"a revoked key", revoked, shoptest.Activity("a", all), 401, "UNAUTHENTICATED"},
		{"an empty audience", marketer, shoptest.Activity("a", obj{"kind": "course", "course_id": "go1"}), 422, "AUDIENCE_EMPTY"},
		{"users that are not there", program, shoptest.Activity("a", obj{"kind": "users", "user_ids": []string{"ghost"}}), 422, "AUDIENCE_EMPTY"},
		{"no users", marketer, shoptest.Activity("a", obj{"kind": "users", "user_ids": []string{}}), 422, "AUDIENCE_EMPTY"},
		{"2,001 users", marketer, shoptest.Activity("a", obj{"kind": "users", "user_ids": listed}), 422, "AUDIENCE_TOO_LARGE"},
		{"a million users", marketer, tooMany, 413, "BODY_TOO_LARGE"},
		{"a course that is not there", marketer, shoptest.Activity("a", obj{"kind": "course", "course_id": "go9"}), 404, "COURSE_NOT_FOUND"},
		{"a category that is not there", marketer, shoptest.Activity("a", obj{"kind": "category", "category_id": "nothing"}), 404, "CATEGORY_NOT_FOUND"},
		{"an audience of no kind", marketer, shoptest.Activity("a", obj{"kind": "everybody"}), 400, "INVALID_FIELD"},
		{"an operator for an id", marketer, shoptest.Activity("a", obj{"kind": "course", "course_id": obj{"$ne": ""}}), 400, "INVALID_FIELD"},
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
			by.T = t
			by.With("Idempotency-Key", rand.Text()).Post("/api/hub/broadcasts", tt.body).WantCode(tt.status, tt.code)
		})
	}
	marketer.Post("/api/hub/broadcasts", shoptest.Activity("a", all)).WantCode(400, "IDEMPOTENCY_KEY_REQUIRED")
	for _, move := range []string{"start", "pause", "cancel"} {
		marketer.Post("/api/hub/broadcasts/nothing/"+move, nil).WantCode(404, "BROADCAST_NOT_FOUND")
		learner.Post("/api/hub/broadcasts/nothing/"+move, nil).WantCode(403, "FORBIDDEN")
	}
	shoptest.WantUntouched(t, before, shoptest.Dump(t, db), "api_keys", "audit", "order_keys") // which tell of calls

	// The same key says the same thing, once.
	again := program.With("Idempotency-Key", "double-eleven-1")
	body := with("link", "https://partner.example.com/x")
	var first, second shoptest.Broadcast
	again.Post("/api/hub/broadcasts", body).Want(201).Into(&first)
	again.Post("/api/hub/broadcasts", body).Want(201).Into(&second)
	if first.ID != second.ID {
		t.Errorf("a repeat made another broadcast: %s and %s", first.ID, second.ID)
	}
	again.Post("/api/hub/broadcasts", with("title", "另一个活动")).WantCode(422, "IDEMPOTENCY_MISMATCH")
	shoptest.Told(page, first.ID)
	marketer.AwaitBroadcast(first.ID, "sent")
	if left, err := shoptest.Rows(db, "broadcasts", bson.M{}); err != nil || len(left) != 1 {
		t.Errorf("there are %d broadcasts: %v", len(left), err)
	}
	time.Sleep(100 * time.Millisecond) // for what must not come
	if n := len(page.All()); n != 2 {
		t.Errorf("the page heard %d frames, want ready and one notice: %+v", n, page.All())
	}
	if logged := s.Log.String(); strings.Contains(logged, program.Token) || strings.Contains(logged, revoked.Token) {
		t.Error("a key is in the log")
	}
}
