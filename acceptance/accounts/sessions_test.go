package accounts

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
)

// TestSessions_DevicesLogInAtOnceAtTwoInstances_TenLive has ten sessions, and then four more devices at once: those
// four live, the four that were not used for longest are over, and no other.
func TestSessions_DevicesLogInAtOnceAtTwoInstances_TenLive(t *testing.T) {
	s := startTwo(t)
	learner := s.first.NewLearner()
	tokens := []string{learner.Token}
	token := func(a shoptest.Answer) string {
		var out struct{ Token string }
		a.Want(200).Into(&out)
		return out.Token
	}
	for i := range 9 {
		tokens = append(tokens, token(insistOnLogin(s.each()[i%2].Visitor(), learner.Name, "web", fmt.Sprint("device-", i))))
	}
	s.wantAlive(t, learner) // it is used, so device 0 is the oldest
	gone := learner.At(s.second)
	gone.Token = tokens[1]
	page := gone.Socket()

	answers := make([]shoptest.Answer, 4)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answers[i] = insistOnLogin(s.each()[i%2].Visitor(), learner.Name, "web", fmt.Sprint("fresh-", i))
		})
	}
	all.Wait()
	for _, a := range answers {
		tokens = append(tokens, token(a))
	}
	if end := page.Ended(30 * time.Second); end.Code != 4002 {
		t.Errorf("the page of the oldest was closed with %+v", end)
	}
	for _, shop := range s.each() {
		shoptest.Eventually(t, 30*time.Second, func() error {
			alive := ""
			for i, token := range tokens {
				who := learner.At(shop)
				who.Token = token
				if who.Get("/api/me").Status == 200 {
					alive += fmt.Sprint(" ", i)
				}
			}
			if alive != " 0 5 6 7 8 9 10 11 12 13" {
				return fmt.Errorf("the sessions%s are alive", alive)
			}
			return nil
		})
	}
	rows, err := shoptest.Rows(shoptest.OpenDatabase(t, s.mongo), "user_tokens", bson.M{"user_id": me(learner).ID})
	if err != nil || len(rows) != 10 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	var list struct{ Items []struct{ Current bool } }
	if learner.At(s.second).Get("/api/me/sessions").Want(200).Into(&list); len(list.Items) != 10 || !list.Items[0].Current {
		t.Errorf("the list has %d sessions", len(list.Items))
	}
}

// TestSessions_EndedAtOneInstance_IsOutAtTheOther ends one session, and then all others, where their pages are not.
func TestSessions_EndedAtOneInstance_IsOutAtTheOther(t *testing.T) {
	s := startTwo(t)
	learner := s.first.NewLearner()
	phone, tablet := learner.At(s.second), learner.At(s.second)
	for device, p := range map[string]*shoptest.Person{"phone": phone, "tablet": tablet} {
		var out struct{ Token string }
		insistOnLogin(s.second.Visitor(), learner.Name, "web", device).Want(200).Into(&out)
		p.Token = out.Token
	}
	s.wantAlive(t, phone) // also fills the caches
	s.wantAlive(t, tablet)
	phonePage, tabletPage := phone.Socket(), tablet.Socket()
	var list struct {
		Items []struct {
			ID      string
			Current bool
		}
	}
	phone.Get("/api/me/sessions").Want(200).Into(&list)
	learner.Del("/api/me/sessions/" + list.Items[0].ID).Want(204)
	if end := phonePage.Ended(30 * time.Second); end.Code != 4004 {
		t.Errorf("the phone was closed with %+v", end)
	}
	s.wantDead(t, phone)
	if tabletPage.Wait("sessions.changed", 30*time.Second); !tabletPage.Open() {
		t.Error("the tablet was closed as well")
	}
	learner.Del("/api/me/sessions").Want(204)
	if end := tabletPage.Ended(30 * time.Second); end.Code != 4004 {
		t.Errorf("the tablet was closed with %+v", end)
	}
	s.wantDead(t, tablet)
	s.wantAlive(t, learner)
}
