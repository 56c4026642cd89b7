package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/shop"
	"mstm/store/redistest"
)

// putDevice logs a user's device in, and ends what is too many as a login does.
func putDevice(s *DB, user, device string, at time.Time) (token string, row TokenRow, ended []TokenRow, err error) {
	d := Device{Key: DeviceKey(user, device), Client: "web"}
	token, row, err = s.Tokens.Put(context.Background(), &shop.User{ID: user}, d, at, 24*time.Hour)
	if err == nil {
		ended, _, err = s.Tokens.EndOldest(context.Background(), user, row.Key(), at)
	}
	return token, row, ended, err
}

// tenDevices are a user's sessions, each a second after the other.
func tenDevices(t *testing.T, s *DB, user string) (tokens []string, rows []TokenRow) {
	t.Helper()
	for i := range maxSessions {
		token, row, ended, err := putDevice(s, user, fmt.Sprint("device", i), logIn.Add(time.Duration(i)*time.Second))
		if err != nil || len(ended) > 0 {
			t.Fatalf("device %d: %d ended, %v", i, len(ended), err)
		}
		tokens, rows = append(tokens, token), append(rows, row)
	}
	return tokens, rows
}

// live are the indexes of the tokens that are good.
func live(t *testing.T, s *DB, tokens []string) (good []int) {
	t.Helper()
	for i, token := range tokens {
		_, err := s.Tokens.Authenticate(t.Context(), token, logIn.Add(30*time.Minute))
		if err == nil {
			good = append(good, i)
		} else if !errors.Is(err, shop.ErrUnauthenticated) {
			t.Error(err)
		}
	}
	return good
}

func TestSessions_SameDeviceAgain_ReplacesItsOwnAlone(t *testing.T) {
	s := open(t, t.TempDir())
	first, _, _, err := putDevice(s, "u1", "phone", logIn)
	if err != nil {
		t.Fatal(err)
	}
	other, _, _, err := putDevice(s, "u1", "laptop", logIn)
	if err != nil {
		t.Fatal(err)
	}
	client, _ := putToken(t, s, "u1", "web") // without a device: as before
	again, row, _, err := putDevice(s, "u1", "phone", logIn.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if got := live(t, s, []string{first, other, client, again}); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("the tokens %v are good", got)
	}
	if strings.Contains(row.ID, "phone") || DeviceKey("u1", "phone") == DeviceKey("u2", "phone") {
		t.Errorf("the row %s shows the device", row.ID)
	}
}

func TestSessions_Eleventh_EndsTheOneNotUsedForLongest(t *testing.T) {
	s := open(t, t.TempDir())
	tokens, rows := tenDevices(t, s, "u1")
	// The first was used a moment later, which is in no row yet; the second minutes later, which is.
	for i, at := range []time.Time{logIn.Add(20 * time.Second), logIn.Add(seenEvery + time.Minute)} {
		if err := s.Tokens.NoteUse(t.Context(), rows[i], at); err != nil {
			t.Fatal(err)
		}
	}
	token, _, ended, err := putDevice(s, "u1", "eleventh", logIn.Add(30*time.Second))
	if err != nil || len(ended) != 1 || ended[0].ID != rows[2].ID {
		t.Fatalf("%d sessions ended, %v", len(ended), err)
	}
	if got := live(t, s, append(tokens, token)); !slices.Equal(got, []int{0, 1, 3, 4, 5, 6, 7, 8, 9, 10}) {
		t.Errorf("the tokens %v are good", got)
	}
}

func TestSessions_OverOnes_EndFirst(t *testing.T) {
	s := open(t, t.TempDir())
	tokens, rows := tenDevices(t, s, "u1")
	for _, row := range rows[:9] { // all but the last have been used since
		if err := s.Tokens.NoteUse(t.Context(), row, logIn.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	old := rows[4]
	old.ExpiresAt = logIn.Add(2 * time.Minute)
	if err := s.Tokens.docs.Put(t.Context(), old.ID, &old); err != nil {
		t.Fatal(err)
	}
	_, _, ended, err := putDevice(s, "u1", "eleventh", logIn.Add(time.Hour))
	if err != nil || len(ended) != 1 || ended[0].ID != old.ID {
		t.Errorf("%d ended, %v", len(ended), err)
	}
	if got := live(t, s, tokens); len(got) != 9 || slices.Contains(got, 4) {
		t.Errorf("the tokens %v are good", got)
	}
}

// TestSessions_LoginsAtOnceOnTwoInstances_LeaveTheTenUsedLast logs six devices in at once, beside seven that there are.
func TestSessions_LoginsAtOnceOnTwoInstances_LeaveTheTenUsedLast(t *testing.T) {
	a := open(t, t.TempDir())
	b := secondInstance(t, a, redistest.Single(t))
	tokens, rows := tenDevices(t, a, "u1")
	for _, row := range rows[7:] {
		if done, err := a.Tokens.End(t.Context(), row); !done || err != nil {
			t.Fatal(done, err)
		}
	}
	tokens = tokens[:7]
	fresh := make([]string, 6)
	var all sync.WaitGroup
	for i := range fresh {
		all.Go(func() {
			var err error
			fresh[i], _, _, err = putDevice([]*DB{a, b}[i%2], "u1", fmt.Sprint("new", i), logIn.Add(time.Minute))
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, s := range []*DB{a, b} {
		eventually(t, "the three oldest are over, and no other", func() bool {
			return slices.Equal(live(t, s, append(slices.Clone(tokens), fresh...)), []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
		})
	}
	rows, err := a.Tokens.of(t.Context(), "u1")
	if err != nil || len(rows) != maxSessions {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// TestSessions_UsedWhileTheyAreLookedAt_AreNotEnded uses the oldest session between the look and the write.
func TestSessions_UsedWhileTheyAreLookedAt_AreNotEnded(t *testing.T) {
	s := open(t, t.TempDir())
	_, rows := tenDevices(t, s, "u1")
	if err := s.Tokens.NoteUse(t.Context(), rows[0], logIn.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if done, err := s.Tokens.endIfUnused(t.Context(), rows[0]); done || err != nil {
		t.Errorf("a session that was used was ended: %v, %v", done, err)
	}
	if done, err := s.Tokens.endIfUnused(t.Context(), rows[1]); !done || err != nil {
		t.Errorf("one that was not is left: %v, %v", done, err)
	}
	row, err := s.Tokens.Fresh(t.Context(), rows[0])
	if err != nil {
		t.Fatal(err)
	}
	if done, err := s.Tokens.endIfUnused(t.Context(), row); !done || err != nil {
		t.Errorf("seen again, it is left: %v, %v", done, err)
	}
}

func TestSessions_Ended_OnlyAsSeen(t *testing.T) {
	s := open(t, t.TempDir())
	_, old, _, err := putDevice(s, "u1", "phone", logIn)
	if err != nil {
		t.Fatal(err)
	}
	again, row, _, err := putDevice(s, "u1", "phone", logIn.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if done, err := s.Tokens.End(t.Context(), old); done || err != nil {
		t.Errorf("the end of the old session: %v, %v", done, err)
	}
	if got := live(t, s, []string{again}); len(got) != 1 {
		t.Error("it ended the next one")
	}
	for _, want := range []bool{true, false} { // twice
		if done, err := s.Tokens.End(t.Context(), row); done != want || err != nil {
			t.Errorf("%v, %v; want %v", done, err, want)
		}
	}
}

func TestSessions_List_TheLastUsedFirstAndNoneThatIsOver(t *testing.T) {
	s := open(t, t.TempDir())
	_, rows := tenDevices(t, s, "u1")
	if err := s.Tokens.NoteUse(t.Context(), rows[3], logIn.Add(time.Minute)); err != nil { // in no row yet
		t.Fatal(err)
	}
	all, err := s.Tokens.Live(t.Context(), "u1", logIn.Add(time.Hour))
	if err != nil || len(all) != maxSessions || all[0].ID != rows[3].ID || !all[0].LastUse().Equal(logIn.Add(time.Minute)) || all[1].ID != rows[9].ID {
		t.Errorf("%d sessions, %v", len(all), err)
	}
	if all, err = s.Tokens.Live(t.Context(), "u1", logIn.Add(24*time.Hour+5*time.Second)); err != nil || len(all) != 4 {
		t.Errorf("%d sessions are left, %v", len(all), err)
	}
	if all, err = s.Tokens.Live(t.Context(), "u2", logIn); err != nil || len(all) != 0 {
		t.Errorf("another user has %d, %v", len(all), err)
	}
}
