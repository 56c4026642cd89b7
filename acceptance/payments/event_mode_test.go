package payments

import (
	"fmt"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/app"
)

// TestEventsInEveryMode has the official account post its events encrypted, as they are, and both:
// a shop that is set so takes all of them, and does once what they say.
func TestEventsInEveryMode(t *testing.T) {
	s := shoptest.Start(t, func(cfg *app.Settings) { cfg.MP.Events = "plain" })
	for _, mode := range []string{"plain", "compatible", "safe"} {
		t.Run(mode, func(t *testing.T) {
			s := *s
			s.T = t
			s.Phone().Put("/sandbox/events", obj{"mode": mode}).Want(200)
			if ok, a := checkEventsURL(&s, nil); !ok {
				t.Errorf("the address is not confirmed: %s", a.Body)
			}
			for name, fault := range map[string]obj{"forged": {"bad_signature": true}, "stale": {"stale": true}} {
				if ok, a := checkEventsURL(&s, fault); ok {
					t.Errorf("the address is confirmed to a request that is %s: %s", name, a.Body)
				}
			}
			learner, openid := s.NewLearner(), shoptest.SomeWeChat()
			code := learner.Code()
			for name, fault := range map[string]obj{"forged": {"bad_signature": true}, "stale": {"stale": true}} {
				for _, status := range s.ScanCode(code, shoptest.SomeWeChat(), obj{"fault": fault}).Statuses() {
					if status != 401 {
						t.Errorf("a scan that is %s was answered %d", name, status)
					}
				}
			}
			learner.WantBound(false)
			began := time.Now()
			got := s.ScanCode(code, openid, obj{"fault": obj{"repeat": 3}})
			if took := time.Since(began); fmt.Sprint(got.Statuses()) != "[200 200 200]" || took > 15*time.Second {
				t.Errorf("three copies were answered %v in %s", got.Statuses(), took)
			}
			learner.WantBound(true)
			s.Phone().Post("/sandbox/unfollow", obj{"openid": openid}).Want(200)
			b, err := shoptest.Rows(s.Database(), "bindings", obj{"openid": openid})
			if err != nil || len(b) != 1 || b[0]["unfollowed"] != true {
				t.Errorf("a former follower is on record as %v, %v", b, err)
			}
		})
	}
}

// checkEventsURL is the console that asks whether the address of events is the shop's.
func checkEventsURL(s *shoptest.Shop, fault obj) (ok bool, a shoptest.Answer) {
	s.T.Helper()
	var out struct {
		OK bool `json:"ok"`
	}
	body := obj{}
	if fault != nil {
		body["fault"] = fault
	}
	a = s.Phone().Post("/sandbox/events/check", body).Want(200)
	a.Into(&out)
	return out.OK, a
}
