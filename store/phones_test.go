package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mstm/shop"
	"mstm/shop/phone"
)

func TestPhones_ManyRegisterOneNumber_OneAccountIsMade(t *testing.T) {
	s := open(t, t.TempDir())
	const number = "+8613800000001"
	var made atomic.Int64
	ids := sync.Map{}
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			u, mine, err := s.Phones.Register(t.Context(), &shop.User{Roles: []shop.Role{shop.RoleLearner}, Passwordless: true, CreatedAt: logIn}, number)
			if err != nil {
				t.Error(err)
				return
			}
			if mine {
				made.Add(1)
			}
			ids.Store(u.ID, true)
		})
	}
	all.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if n != 1 || made.Load() != 1 {
		t.Fatalf("%d accounts, %d made", n, made.Load())
	}
	u, err := s.Phones.Holder(t.Context(), number)
	if err != nil || u.Phone != number {
		t.Errorf("the holder is %+v, %v", u, err)
	}
}

func TestPhones_ManyBindOneNumber_OneHasIt(t *testing.T) {
	s := open(t, t.TempDir())
	const number = "+8613800000002"
	const people = 6
	users := make([]*shop.User, people)
	for i := range users {
		users[i] = &shop.User{Name: "n", Roles: []shop.Role{shop.RoleLearner}, PasswordHash: "h", CreatedAt: logIn}
		if err := s.Users.Insert(t.Context(), users[i]); err != nil {
			t.Fatal(err)
		}
	}
	var won atomic.Int64
	var all sync.WaitGroup
	for _, u := range users {
		all.Go(func() {
			err := s.Phones.Bind(t.Context(), u.ID, number)
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, shop.ErrPhoneTaken) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	have := 0
	for _, u := range users {
		now, err := s.Users.Get(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if now.Phone == number {
			have++
			if h, err := s.Phones.Holder(t.Context(), number); err != nil || h.ID != u.ID {
				t.Errorf("the holder is %v, %v", h, err)
			}
		}
	}
	if won.Load() != 1 || have != 1 {
		t.Errorf("%d were told that they have it, %d have it", won.Load(), have)
	}
}

func TestPhones_ChangedAndGivenUp_TheOldNumberIsFree(t *testing.T) {
	s := open(t, t.TempDir())
	u := &shop.User{Username: "lin", Name: "n", Roles: []shop.Role{shop.RoleLearner}, PasswordHash: "h", CreatedAt: logIn}
	if err := s.Users.Insert(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	const first, second = "+8613800000003", "+8613800000004"
	for _, number := range []string{first, first, second, first, second} {
		if err := s.Phones.Bind(t.Context(), u.ID, number); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Phones.Holder(t.Context(), first); !errors.Is(err, shop.ErrPhoneUnknown) {
		t.Errorf("the number from before: %v", err)
	}
	other, made, err := s.Phones.Register(t.Context(), &shop.User{Roles: []shop.Role{shop.RoleLearner}, Passwordless: true, CreatedAt: logIn}, first)
	if err != nil || !made || other.ID == u.ID {
		t.Fatalf("registered anew: %+v, %t, %v", other, made, err)
	}
	if err := s.Phones.Bind(t.Context(), u.ID, first); !errors.Is(err, shop.ErrPhoneTaken) {
		t.Errorf("of another: %v", err)
	}
	now, err := s.Users.Get(t.Context(), u.ID)
	if err != nil || now.Phone != second {
		t.Fatalf("%+v, %v", now, err)
	}
	if err := s.Phones.Unbind(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Phones.Holder(t.Context(), second); !errors.Is(err, shop.ErrPhoneUnknown) {
		t.Errorf("given up: %v", err)
	}
	gone, err := s.Users.Get(t.Context(), other.ID)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := s.Users.Delete(t.Context(), gone, logIn); err != nil || !done {
		t.Fatal(done, err)
	}
	if err := s.Phones.Bind(t.Context(), u.ID, first); err != nil {
		t.Errorf("of a deleted account: %v", err)
	}
}

func TestPhones_RightCodeByManyAtOnce_IsUsedOnce(t *testing.T) {
	s := open(t, t.TempDir())
	now := time.Now()
	id := phone.CodeID(phone.Login, "+8613800000005", "")
	c, err := s.Phones.AskCode(t.Context(), id, "here", now)
	if err != nil {
		t.Fatal(err)
	}
	text := c.Text("key")
	var used, right atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			got, outcome, err := s.Phones.TryCode(t.Context(), id, []string{"here"}, text, "key", now)
			if err != nil {
				t.Error(err)
				return
			}
			if outcome != phone.Right {
				return // used up before
			}
			right.Add(1)
			mine, err := s.Phones.UseCode(t.Context(), got)
			if err != nil {
				t.Error(err)
			}
			if mine {
				used.Add(1)
			}
		})
	}
	all.Wait()
	if used.Load() != 1 || right.Load() == 0 {
		t.Errorf("right %d times, used %d times", right.Load(), used.Load())
	}
}

func TestPhones_WrongTriesAtOnce_AreAllCounted(t *testing.T) {
	s := open(t, t.TempDir())
	now := time.Now()
	id := phone.CodeID(phone.Reset, "+8613800000006", "")
	if _, err := s.Phones.AskCode(t.Context(), id, "here", now); err != nil {
		t.Fatal(err)
	}
	var compared atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, outcome, err := s.Phones.TryCode(t.Context(), id, []string{"here"}, "no code", "key", now)
			if err != nil {
				t.Error(err)
			}
			if outcome == phone.Wrong {
				compared.Add(1)
			}
		})
	}
	all.Wait()
	if compared.Load() != phone.CodeTries {
		t.Errorf("%d of 20 tries at once were compared", compared.Load())
	}
}
