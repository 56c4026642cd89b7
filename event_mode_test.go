package main

import (
	"fmt"
	"testing"
	"time"

	"mstm/app"
)

// TestEventsInEveryMode has the official account post its events encrypted, as they are, and both:
// a shop that is set so takes all of them, and does once what they say.
func TestEventsInEveryMode(t *testing.T) {
	s := startShop(t, func(cfg *app.Settings) { cfg.MP.Events = "plain" })
	for _, mode := range []string{"plain", "compatible", "safe"} {
		t.Run(mode, func(t *testing.T) {
			s := *s
			s.t = t
			s.phone().put("/sandbox/events", obj{"mode": mode}).want(200)
			if ok, a := s.checkEventsURL(nil); !ok {
				t.Errorf("the address is not confirmed: %s", a.body)
			}
			for name, fault := range map[string]obj{"forged": {"bad_signature": true}, "stale": {"stale": true}} {
				if ok, a := s.checkEventsURL(fault); ok {
					t.Errorf("the address is confirmed to a request that is %s: %s", name, a.body)
				}
			}
			learner, openid := s.newLearner(), someWeChat()
			code := learner.code()
			for name, fault := range map[string]obj{"forged": {"bad_signature": true}, "stale": {"stale": true}} {
				for _, status := range s.scanCode(code, someWeChat(), obj{"fault": fault}).statuses() {
					if status != 401 {
						t.Errorf("a scan that is %s was answered %d", name, status)
					}
				}
			}
			learner.wantBound(false)
			began := time.Now()
			got := s.scanCode(code, openid, obj{"fault": obj{"repeat": 3}})
			if took := time.Since(began); fmt.Sprint(got.statuses()) != "[200 200 200]" || took > 15*time.Second {
				t.Errorf("three copies were answered %v in %s", got.statuses(), took)
			}
			learner.wantBound(true)
			s.phone().post("/sandbox/unfollow", obj{"openid": openid}).want(200)
			b, err := rows(s.database(), "bindings", obj{"openid": openid})
			if err != nil || len(b) != 1 || b[0]["unfollowed"] != true {
				t.Errorf("who went is on record as %v, %v", b, err)
			}
		})
	}
}

// checkEventsURL is the console that asks whether the address of events is the shop's.
func (s *testShop) checkEventsURL(fault obj) (ok bool, a answer) {
	s.t.Helper()
	var out struct {
		OK bool `json:"ok"`
	}
	body := obj{}
	if fault != nil {
		body["fault"] = fault
	}
	a = s.phone().post("/sandbox/events/check", body).want(200)
	a.into(&out)
	return out.OK, a
}
