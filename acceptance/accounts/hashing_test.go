package accounts

import (
	"strings"
	"testing"

	"mstm/acceptance/shoptest"
	"mstm/app"
)

// The tests hash at little cost; a shop without that option hashes at OWASP's.
func TestTheShopHashesPasswordsAtFullCost(t *testing.T) {
	s := shoptest.StartApp(t, &app.App{Settings: shoptest.Settings(t)})
	learner := s.NewLearner()
	users, err := shoptest.Rows(s.Database(), "users", nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for _, u := range users {
		seen[u["username"]] = true
		if hash, _ := u["password_hash"].(string); !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("the password of %v is kept as %.40q", u["username"], hash)
		}
	}
	if !seen[learner.Name] || !seen["admin"] {
		t.Errorf("only %v have passwords", seen)
	}
}
