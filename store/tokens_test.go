package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
	"mstm/store/redistest"
)

var logIn = time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)

func putToken(t *testing.T, s *DB, user, client string) (string, TokenRow) {
	t.Helper()
	token, row, err := s.Tokens.Put(t.Context(), &shop.User{ID: user, Roles: []shop.Role{shop.RoleLearner}}, OnClient(client), logIn, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token, row
}

func TestOfParallelFirstLoginsOneTokenLives(t *testing.T) {
	s := open(t, t.TempDir())
	tokens := make(chan string, 32)
	var wg sync.WaitGroup
	for range cap(tokens) {
		wg.Go(func() {
			token, _, err := s.Tokens.Put(context.Background(), &shop.User{ID: "u1"}, OnClient("web"), logIn, time.Hour)
			if err != nil {
				t.Error(err)
			}
			tokens <- token
		})
	}
	wg.Wait()
	close(tokens)
	live := 0
	for token := range tokens {
		if _, err := s.Tokens.Authenticate(t.Context(), token, logIn); err == nil {
			live++
		} else if !errors.Is(err, shop.ErrUnauthenticated) {
			t.Error(err)
		}
	}
	rows, err := s.Tokens.of(t.Context(), "u1")
	if err != nil || len(rows) != 1 || live != 1 {
		t.Errorf("%d rows, %d live tokens, %v; want one each", len(rows), live, err)
	}
}

// TestSixtyOldClientsAreCutToTenSessions is an account with sessions under names from before there was
// a list: they stay good until the next login, which ends the oldest.
func TestSixtyOldClientsAreCutToTenSessions(t *testing.T) {
	s := open(t, t.TempDir())
	var tokens []string
	for i := range 60 {
		secret, hash := newSecret()
		client := fmt.Sprint("c", i)
		row := TokenRow{
			ID: tokenID("u1", client), UserID: "u1", Client: client, Hash: hash,
			CreatedAt: logIn.Add(time.Duration(i) * time.Second), ExpiresAt: logIn.Add(time.Hour),
		}
		if _, err := s.insertOnce(t.Context(), s.coll("user_tokens"), row); err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, secret+".u1."+client)
	}
	if _, err := s.Tokens.Authenticate(t.Context(), tokens[0], logIn); err != nil {
		t.Fatalf("an old session is over before a login: %v", err)
	}
	newest, _ := putToken(t, s, "u1", "phone") // at logIn: by its time it is the oldest
	ended, left, err := s.Tokens.EndOldest(t.Context(), "u1", "phone", logIn)
	if err != nil || len(ended) != 51 || left != 10 || ended[0].Client != "c0" {
		t.Fatalf("%d sessions ended, %v", len(ended), err)
	}
	var live []int
	for i, token := range tokens {
		if _, err := s.Tokens.Authenticate(t.Context(), token, logIn); err == nil {
			live = append(live, i)
		}
	}
	if _, err := s.Tokens.Authenticate(t.Context(), newest, logIn); err != nil || len(live) != 9 || live[0] != 51 {
		t.Errorf("besides the newest (%v), the sessions %v live", err, live)
	}
	if _, _, err := s.Tokens.Put(t.Context(), &shop.User{ID: "u1"}, OnClient("c1"), logIn, time.Hour); !errors.Is(err, shop.ErrInvalidField) {
		t.Errorf("a new session under an unlisted name: %v", err)
	}
}

func TestATokenSaysWhoseItIs(t *testing.T) {
	s := open(t, t.TempDir())
	token, put := putToken(t, s, "u1", "phone")
	for range 2 { // from the database, then from the cache
		row, err := s.Tokens.Authenticate(t.Context(), token, logIn)
		if err != nil {
			t.Fatal(err)
		}
		if row.UserID != "u1" || row.Client != "phone" || row.Session() != put.Session() || row.Roles[0] != shop.RoleLearner || !row.ExpiresAt.Equal(logIn.Add(time.Hour)) {
			t.Errorf("got %+v", row)
		}
	}
}

func TestManyTokensAreAskedForAtOnce(t *testing.T) {
	s := open(t, t.TempDir())
	_, web := putToken(t, s, "u1", "web")
	token, phone := putToken(t, s, "u2", "phone")
	if _, err := s.Tokens.Authenticate(t.Context(), token, logIn); err != nil { // one of them is in the cache
		t.Fatal(err)
	}
	owners := []TokenOwner{{"u1", "web"}, {"u3", "web"}, {"u2", "phone"}, {"u1", "web"}, {"u1", "phone"}}
	for range 2 {
		rows, err := s.Tokens.Current(t.Context(), owners, logIn)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{web.Session(), "", phone.Session(), web.Session(), ""} {
			if rows[i].Session() != want {
				t.Errorf("%+v has %+v", owners[i], rows[i])
			}
		}
	}
	if rows, err := s.Tokens.Current(t.Context(), owners, logIn.Add(time.Hour)); err != nil || rows[0].ID != "" {
		t.Errorf("an expired token is found: %+v, %v", rows, err)
	}
}

func TestWhatIsNoTokenIsRefused(t *testing.T) {
	s := open(t, t.TempDir())
	token, _ := putToken(t, s, "u1", "web")
	putToken(t, s, "u2", "web")
	secret, rest, _ := strings.Cut(token, ".")
	other := "A" + secret[1:]
	if other == secret {
		other = "B" + secret[1:]
	}
	for _, tt := range []struct {
		name, token string
		at          time.Time
	}{
		{"nothing", "", logIn},
		{"another secret", other + "." + rest, logIn},
		{"another user's row", secret + ".u2.web", logIn},
		{"another client", secret + ".u1.phone", logIn},
		{"half a secret", secret[:20] + "." + rest, logIn},
		{"a filter for a user", secret + `.{"$ne":null}.web`, logIn},
		{"an API key", apiKeyPrefix + token, logIn},
		{"the first instant too late", token, logIn.Add(time.Hour)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := s.Tokens.Authenticate(t.Context(), tt.token, tt.at); !errors.Is(err, shop.ErrUnauthenticated) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := s.Tokens.Authenticate(t.Context(), token, logIn.Add(time.Hour-time.Nanosecond)); err != nil {
		t.Errorf("the last instant: %v", err)
	}
}

func TestTheDatabaseHoldsNoTokenThatLogsIn(t *testing.T) {
	s := open(t, t.TempDir())
	token, _ := putToken(t, s, "u1", "web")
	raw, err := s.coll("user_tokens").FindOne(t.Context(), bson.M{"_id": "u1:web"}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	secret, _, _ := strings.Cut(token, ".")
	if strings.Contains(raw.String(), secret) {
		t.Error("the row holds the secret")
	}
}

func TestATokenDiesAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(context.Context, *DB) error
	}{
		{"when the client logs in again", func(ctx context.Context, s *DB) error {
			_, _, err := s.Tokens.Put(ctx, &shop.User{ID: "u1"}, OnClient("web"), logIn, time.Hour)
			return err
		}},
		{"when the client logs out", func(ctx context.Context, s *DB) error {
			row, err := s.Tokens.docs.Get(ctx, "u1:web")
			if err == nil {
				_, err = s.Tokens.End(ctx, *row)
			}
			return err
		}},
		{"when all of the user's end", func(ctx context.Context, s *DB) error { return s.Tokens.DeleteAll(ctx, "u1") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, t.TempDir())
			eventually(t, "the cache is trusted", s.bus.healthy)
			token, _ := putToken(t, s, "u1", "web")
			bystander, _ := putToken(t, s, "u2", "web")
			for range 2 {
				if _, err := s.Tokens.Authenticate(t.Context(), token, logIn); err != nil {
					t.Fatal(err)
				}
			}
			if err := tt.end(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Tokens.Authenticate(t.Context(), token, logIn); !errors.Is(err, shop.ErrUnauthenticated) {
				t.Errorf("still good: %v", err)
			}
			if _, err := s.Tokens.Authenticate(t.Context(), bystander, logIn); err != nil {
				t.Errorf("a bystander's token: %v", err)
			}
		})
	}
}

func TestChangedRolesReachTheTokens(t *testing.T) {
	s := open(t, t.TempDir())
	u := &shop.User{Username: "ada", Roles: []shop.Role{shop.RoleLearner}, CreatedAt: logIn}
	if err := s.Users.Insert(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	token, _ := putToken(t, s, u.ID, "web")
	if _, err := s.Tokens.Authenticate(t.Context(), token, logIn); err != nil {
		t.Fatal(err)
	}
	editor := func(*shop.User) ([]shop.Role, error) { return []shop.Role{shop.RoleEditor}, nil }
	if _, _, err := s.Roles.Change(t.Context(), u.ID, ByOperator, editor); err != nil {
		t.Fatal(err)
	}
	row, err := s.Tokens.Authenticate(t.Context(), token, logIn)
	if err != nil || len(row.Roles) != 1 || row.Roles[0] != shop.RoleEditor {
		t.Errorf("%v, %v", row.Roles, err)
	}
}

// TestARevokedTokenIsDeadOnTheOtherInstance lets two instances share a MongoDB and a
// real Redis; the second one's cache has to forget the token.
func TestARevokedTokenIsDeadOnTheOtherInstance(t *testing.T) {
	a := open(t, t.TempDir())
	other := secondInstance(t, a, redistest.Single(t))
	eventually(t, "both caches are trusted", func() bool { return a.bus.healthy() && other.bus.healthy() })
	token, row := putToken(t, a, "u1", "web")
	for range 2 {
		if _, err := other.Tokens.Authenticate(t.Context(), token, logIn); err != nil {
			t.Fatal(err)
		}
	}
	if _, cached := other.Tokens.tokens.get("u1:web"); !cached {
		t.Fatal("the other instance has nothing cached: the test shows nothing")
	}
	if _, err := a.Tokens.End(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other instance refuses it", func() bool {
		_, err := other.Tokens.Authenticate(t.Context(), token, logIn)
		return errors.Is(err, shop.ErrUnauthenticated)
	})
}

// secondInstance is a store over a's MongoDB; both get a bus over the Redis at url.
func secondInstance(t *testing.T, a *DB, url string) *DB {
	t.Helper()
	b := redisOnly(t, url)
	b.client, b.db, b.gate, b.embeddedMongo = a.client, a.db, a.gate, a.embeddedMongo
	b.wire("")
	a.bus = redisOnly(t, url).bus
	a.wire("")
	for _, s := range []*DB{a, b} {
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.bus.run(ctx) }()
		t.Cleanup(func() { stop(); <-done })
	}
	return b
}

func TestARowReadBeforeAChangeIsNotCachedAfterIt(t *testing.T) {
	s := open(t, t.TempDir())
	eventually(t, "the cache is trusted", s.bus.healthy)
	_, row := putToken(t, s, "u1", "web")
	seen := s.Tokens.tokens.generation() // a reader begins …
	if _, err := s.Tokens.End(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	s.Tokens.tokens.put(row, seen) // … and ends only now
	if _, cached := s.Tokens.tokens.get(row.ID); cached {
		t.Error("a dead token is in the cache")
	}
}

func TestWithoutTheBusTokensAreReadFromTheDatabase(t *testing.T) {
	s := open(t, t.TempDir())
	eventually(t, "the cache is trusted", s.bus.healthy)
	token, row := putToken(t, s, "u1", "web")
	if _, err := s.Tokens.Authenticate(t.Context(), token, logIn); err != nil {
		t.Fatal(err)
	}
	if _, err := s.coll("user_tokens").DeleteOne(t.Context(), bson.M{"_id": row.ID}); err != nil { // another instance did it
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * busStale)
	s.bus.heard.Store(&old) // and no change would arrive
	if _, err := s.Tokens.Authenticate(t.Context(), token, logIn); !errors.Is(err, shop.ErrUnauthenticated) {
		t.Errorf("got %v", err)
	}
}
