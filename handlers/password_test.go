package handlers

import (
	"slices"
	"testing"

	"github.com/alexedwards/argon2id"

	"mstm/shop"
)

// TestPassword_OtherFormOfTheSameCharacters_LogsIn types what looks the same in other code points.
func TestPassword_OtherFormOfTheSameCharacters_LogsIn(t *testing.T) {
	w := newWorld(t)
	composed, decomposed, wide := "café au lait sèche", "cafe\u0301 au lait se\u0300che", "ｃafé\u3000au lait sèche"
	w.do("POST", "/api/register", "", map[string]string{"username": "lin", "password": decomposed}).is(201)
	for _, p := range []string{composed, decomposed, wide} {
		w.do("POST", "/api/login", "", credentials{"lin", p, "web"}).is(200)
	}
	w.do("POST", "/api/login", "", credentials{"lin", "cafe au lait seche", "web"}).is(401, "WRONG_CREDENTIALS")
}

// TestPassword_HashedAsTyped_LogsInAndIsHashedAgain is an account from before passwords had a normal form.
func TestPassword_HashedAsTyped_LogsInAndIsHashedAgain(t *testing.T) {
	w := newWorld(t)
	composed, decomposed := "café au lait sèche", "cafe\u0301 au lait se\u0300che"
	hash, err := argon2id.CreateHash(decomposed, cheap)
	if err != nil {
		t.Fatal(err)
	}
	u := &shop.User{Username: "lin", PasswordHash: hash, Roles: []shop.Role{shop.RoleLearner}, CreatedAt: w.deps.Now()}
	if err := w.store.Users.Insert(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	w.do("POST", "/api/login", "", credentials{"lin", composed, "web"}).is(401)
	w.do("POST", "/api/login", "", credentials{"lin", decomposed, "web"}).is(200)
	w.do("POST", "/api/login", "", credentials{"lin", composed, "web"}).is(200) // hashed again by now
}

func TestUsername_OtherFormOfTheSameCharacters_IsTheSame(t *testing.T) {
	w := newWorld(t)
	_, id := w.learner("lin-wei")
	for _, name := range []string{"LIN-WEI", "ｌｉｎ－ｗｅｉ", " Lin-Wei ", "𝐥𝐢𝐧-𝐰𝐞𝐢", "lin\uff0dwei"} {
		w.do("POST", "/api/register", "", credentials{name, aPassword, ""}).is(409, "USERNAME_TAKEN")
		got := as[session](w.do("POST", "/api/login", "", credentials{name, aPassword, ""}).is(200))
		if got.User.ID != id {
			t.Errorf("%q is another account", name)
		}
	}
	for _, name := range []string{"lin\u200bwei", "l\u0456n-wei", "lin wei", "林伟林伟"} { // U+0456 is a Cyrillic i
		if got := w.do("POST", "/api/register", "", credentials{name, aPassword, ""}); got.Status != 400 {
			t.Errorf("%q is answered %d", name, got.Status)
		}
	}
	if got := w.do("POST", "/api/login", "", credentials{"lin\u200b-wei", aPassword, ""}); !slices.Contains([]int{400, 401}, got.Status) {
		t.Errorf("an invisible character in the name is answered %d", got.Status)
	}
}
