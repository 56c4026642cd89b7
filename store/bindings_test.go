package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"mstm/shop"
)

var bindingDay = time.Date(2025, 3, 1, 2, 0, 0, 0, time.UTC)

func (s *DB) mustBind(t testing.TB, userID, openid, unionid string) (from string) {
	t.Helper()
	from, err := s.Bindings.Bind(t.Context(), userID, openid, unionid, bindingDay)
	if err != nil {
		t.Fatal(err)
	}
	return from
}

func (s *DB) mustTake(t testing.TB, userID, courseID, orderID string) bool {
	t.Helper()
	mine, err := s.Trials.Take(t.Context(), userID, courseID, orderID, bindingDay)
	if err != nil {
		t.Fatal(err)
	}
	return mine
}

// has reports the WeChat that is bound to the user.
func (s *DB) has(t testing.TB, userID string) string {
	t.Helper()
	b, err := s.Bindings.Get(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return b.Openid
}

func (s *DB) usedTrial(t testing.TB, userID, courseID string) bool {
	t.Helper()
	history, err := s.Enrolments.Standing(t.Context(), userID, courseID)
	if err != nil {
		t.Fatal(err)
	}
	return history[courseID].TrialUsed
}

func TestAFreeStageIsUsedByAPersonNotByAnAccount(t *testing.T) {
	s := open(t, t.TempDir())
	for i, tt := range []struct {
		name string
		do   func(a, b, course string)
	}{
		{"both had the WeChat before", func(a, b, course string) {
			s.mustBind(t, a, "o"+a, "")
			s.mustTake(t, a, course, "first")
			s.mustBind(t, b, "o"+a, "")
		}},
		{"it was used before the WeChat was bound", func(a, b, course string) {
			s.mustTake(t, a, course, "first")
			s.mustBind(t, a, "o"+a, "")
			s.mustBind(t, b, "o"+a, "")
		}},
		{"another openid of the same unionid", func(a, b, course string) {
			s.mustTake(t, a, course, "first")
			s.mustBind(t, a, "o"+a, "u"+a)
			s.mustBind(t, b, "o"+b, "u"+a)
		}},
		{"used by an account that gave the WeChat up", func(a, b, course string) {
			s.mustBind(t, a, "o"+a, "")
			s.mustBind(t, b, "o"+a, "")
			s.mustTake(t, a, course, "first")
		}},
		{"used by an account that unbound it", func(a, b, course string) {
			s.mustBind(t, a, "o"+a, "")
			if err := s.Bindings.Unbind(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			s.mustTake(t, a, course, "first")
			s.mustBind(t, b, "o"+a, "")
		}},
		{"used by an account that is deleted", func(a, b, course string) {
			s.mustBind(t, a, "o"+a, "")
			s.mustTake(t, a, course, "first")
			if err := s.Bindings.forget(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			if from := s.mustBind(t, b, "o"+a, ""); from != "" {
				t.Errorf("the WeChat of a deleted account came from %q", from)
			}
		}},
		{"by way of a WeChat that both had, among others", func(a, b, course string) {
			s.mustTake(t, a, course, "first")
			s.mustBind(t, a, "o1"+a, "")
			s.mustBind(t, a, "o2"+a, "")
			s.mustBind(t, b, "o1"+a, "")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b, course := fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i), fmt.Sprintf("c%d", i)
			tt.do(a, b, course)
			if !s.usedTrial(t, b, course) {
				t.Error("the second account may have it again")
			}
			if s.mustTake(t, b, course, "second") {
				t.Error("the second account took it again")
			}
			if s.usedTrial(t, b, "another"+course) || s.usedTrial(t, "stranger", course) {
				t.Error("an unused trial counts as used")
			}
			if !s.mustTake(t, a, course, "first") {
				t.Error("the first order cannot go on")
			}
		})
	}
}

func TestAWeChatIsBoundToOneAccountAtATime(t *testing.T) {
	s := open(t, t.TempDir())
	if from := s.mustBind(t, "ann", "o1", ""); from != "" || s.has(t, "ann") != "o1" {
		t.Fatalf("bound to %q, from %q", s.has(t, "ann"), from)
	}
	if from := s.mustBind(t, "ann", "o1", ""); from != "" {
		t.Errorf("bound again, it came from %q", from)
	}
	if from := s.mustBind(t, "bob", "o1", ""); from != "ann" || s.has(t, "ann") != "" || s.has(t, "bob") != "o1" {
		t.Errorf("moved from %q: ann has %q, bob %q", from, s.has(t, "ann"), s.has(t, "bob"))
	}
	s.mustBind(t, "bob", "o2", "")
	if from := s.mustBind(t, "eve", "o1", ""); from != "" {
		t.Errorf("what bob gave up came from %q", from)
	}
}

func TestAWeChatThatManyBindAtOnceHasOneAccount(t *testing.T) {
	s := open(t, t.TempDir())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := s.Bindings.Bind(t.Context(), fmt.Sprintf("user%d", i), "o1", "u1", bindingDay); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	row, err := findByID[wechat](t.Context(), s.coll("wechats"), "o1", ErrNotFound)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		user := fmt.Sprintf("user%d", i)
		if has := s.has(t, user) == "o1"; has != (user == row.UserID) {
			t.Errorf("it is %s's; %s has it: %t", row.UserID, user, has)
		}
	}
}

// The WeChat is bound just after the trial has read the person's keys: the binding finds no
// trial to copy, and the trial knows nothing of the new keys until it looks again.
func TestATrialTakenWhileAWeChatIsBoundCountsUnderIt(t *testing.T) {
	s := open(t, t.TempDir())
	reads := 0
	mine, err := s.Trials.take(t.Context(), "course", "order", bindingDay, func() ([]string, error) {
		keys, err := s.Trials.personKeys(t.Context(), "ann")
		if reads++; reads == 1 {
			s.mustBind(t, "ann", "o1", "u1")
		}
		return keys, err
	})
	if !mine || err != nil {
		t.Fatalf("%t, %v", mine, err)
	}
	if s.mustBind(t, "bob", "o1", ""); !s.usedTrial(t, "bob", "course") {
		t.Error("it does not count under the openid")
	}
	if s.mustBind(t, "eve", "o2", "u1"); !s.usedTrial(t, "eve", "course") {
		t.Error("it does not count under the unionid")
	}
}

func TestASceneIsOfItsFirstWeChat(t *testing.T) {
	s := open(t, t.TempDir())
	sc := Scene{UserID: "ann", Word: NewWord("ann"), ExpiresAt: bindingDay.Add(time.Minute)}
	if err := s.Scenes.Put(t.Context(), SceneBind, sc); err != nil {
		t.Fatal(err)
	}
	found, err := s.Scenes.ByWord(t.Context(), SceneBind, sc.Word, bindingDay)
	if err != nil || found.UserID != "ann" {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, step := range []struct {
		openid string
		want   bool
	}{{"o1", true}, {"o2", false}, {"o1", true}} {
		if mine, err := s.Scenes.Claim(t.Context(), found, step.openid); err != nil || mine != step.want {
			t.Errorf("%s: %t, %v", step.openid, mine, err)
		}
	}
	if err := s.Scenes.End(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	if mine, err := s.Scenes.Claim(t.Context(), found, "o1"); mine || err != nil {
		t.Errorf("after its end: %t, %v", mine, err)
	}
}

func TestOfScenesBegunAtOnceOneIsInForce(t *testing.T) {
	s := open(t, t.TempDir())
	var seen *Scene
	for range 2 { // the first ones, and those in place of one that was there
		got := make([]*Scene, 8)
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() {
				var err error
				sc := Scene{UserID: "ann", Word: NewWord("ann"), ExpiresAt: bindingDay}
				if got[i], err = s.Scenes.PutAfter(t.Context(), SceneBind, seen, sc); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		held, err := s.Scenes.Of(t.Context(), "ann", SceneBind)
		if err != nil || seen != nil && held.Word == seen.Word {
			t.Fatalf("%+v, %v", held, err)
		}
		for _, sc := range got {
			if sc == nil || sc.Word != held.Word {
				t.Errorf("a scene that is not in force was given out: %+v", sc)
			}
		}
		seen = held
	}
	if err := s.Scenes.End(t.Context(), seen); err != nil {
		t.Fatal(err)
	}
	if sc, err := s.Scenes.PutAfter(t.Context(), SceneBind, seen, Scene{UserID: "ann", Word: NewWord("ann"), ExpiresAt: bindingDay}); err != nil || sc.Word == seen.Word {
		t.Errorf("after the end of the one seen: %+v, %v", sc, err)
	}
}

func TestAWordThatIsOfNoSceneIsRefused(t *testing.T) {
	s := open(t, t.TempDir())
	old, sc := NewWord("ann"), NewWord("ann")
	for _, word := range []string{old, sc} {
		if err := s.Scenes.Put(t.Context(), SceneBind, Scene{UserID: "ann", Word: word, ExpiresAt: bindingDay}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Scenes.ByWord(t.Context(), SceneBind, sc, bindingDay.Add(-time.Millisecond)); err != nil {
		t.Errorf("the newest, a moment before its end: %v", err)
	}
	for name, word := range map[string]string{
		"it has ended": sc, "a newer one took its place": old, "invented": NewWord("ann"), "of a stranger": NewWord("bob"),
		"nothing": "", "no user": NewWord(""), "a strange user": NewWord("$ne"),
	} {
		if _, err := s.Scenes.ByWord(t.Context(), SceneBind, word, bindingDay); !errors.Is(err, shop.ErrWeChatLink) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Scenes.ByWord(t.Context(), SceneOAuth, sc, bindingDay.Add(-time.Second)); !errors.Is(err, shop.ErrWeChatLink) {
		t.Errorf("for another purpose: %v", err)
	}
}

func TestADeletedAccountLeavesNothingPersonal(t *testing.T) {
	s := open(t, t.TempDir())
	u := &shop.User{Username: "Lin", Name: "林", PasswordHash: "hash", Roles: []shop.Role{shop.RoleLearner}, CreatedAt: bindingDay}
	if err := s.Users.Insert(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	token, _, err := s.Tokens.Put(t.Context(), u, OnClient("web"), bindingDay, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s.mustBind(t, u.ID, "o1", "")
	stale := *u
	stale.PasswordHash = "another"
	if gone, err := s.Users.Delete(t.Context(), &stale, bindingDay); gone || err != nil {
		t.Fatalf("deleted although the password was changed: %v", err)
	}
	if gone, err := s.Users.Delete(t.Context(), u, bindingDay); !gone || err != nil {
		t.Fatalf("%t, %v", gone, err)
	}
	left, err := s.Users.Get(t.Context(), u.ID)
	if err != nil || left.Username != "" || left.PasswordHash != "" || left.Name == "林" || left.DeletedAt == nil || len(left.Roles) != 0 {
		t.Errorf("left: %+v, %v", left, err)
	}
	if _, err := s.Tokens.Authenticate(t.Context(), token, bindingDay); !errors.Is(err, shop.ErrUnauthenticated) {
		t.Errorf("its token: %v", err)
	}
	if err := s.Users.ChangeProfile(t.Context(), u.ID, ProfileChange{Name: new("林")}); !errors.Is(err, shop.ErrUserNotFound) {
		t.Errorf("a change that was let in before it was deleted gives the name back: %v", err)
	}
	again := &shop.User{Username: "lin", Name: "林", CreatedAt: bindingDay}
	if err := s.Users.Insert(t.Context(), again); err != nil || again.ID == u.ID {
		t.Errorf("the name again: %s, %v", again.ID, err)
	}
	if from := s.mustBind(t, again.ID, "o1", ""); from != "" {
		t.Errorf("the WeChat came from %q", from)
	}
}
