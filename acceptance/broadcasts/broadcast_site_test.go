package broadcasts

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/acceptance/shoptest"
	"mstm/shop"
	"mstm/store"
	"mstm/store/redistest"
	"mstm/store/storetest"
	"mstm/wechat/sandbox"
)

// broadcastSite is two shops in processes of their own, to be killed, over a database, a Redis
// and a WeChat that outlive them.
type broadcastSite struct {
	t         testing.TB
	mongo     string
	db        *mongo.Database
	shops     [2]*shoptest.Process
	weChat    *shoptest.Shop // its sandbox alone
	marketers [2]*shoptest.Person
	template  string // of activities

	callback atomic.Int64 // nanoseconds: the time of WeChat's last payment callback
	turn     atomic.Int64
}

func openBroadcastSite(t testing.TB) *broadcastSite {
	s := &broadcastSite{t: t, mongo: storetest.Mongo(t)}
	redis := redistest.Single(t)
	s.openWeChat()
	env := append(shoptest.SandboxEnv(t, s.weChat), "MONGODB_URI="+s.mongo, "REDIS_URL="+redis, "HUB_MAX_PER_ADDRESS=0", "HUB_MAX_PER_USER=0")
	for i := range s.shops {
		dir, err := os.MkdirTemp("", "mstm-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		s.shops[i] = shoptest.NewProcess(t, dir, env...)
		s.shops[i].Start()
	}
	t.Cleanup(func() {
		for i, p := range s.shops {
			if t.Failed() {
				t.Logf("warnings of shop %d:\n%s", i, shoptest.Warnings(p.Log.String()))
			}
		}
	})
	s.db = shoptest.OpenDatabase(t, s.mongo)
	token := s.shops[0].As("").Login("marketer", "marketer-demo-password", "web").Token
	for i, p := range s.shops {
		s.marketers[i] = p.As(token)
	}
	var all struct {
		Items []struct{ ID, Name string }
	}
	s.weChat.Phone().Get("/sandbox/templates").Want(200).Into(&all)
	for _, one := range all.Items {
		if one.Name == shop.KindActivity {
			s.template = one.ID
		}
	}
	return s
}

// openWeChat opens a WeChat with callbacks to whichever shop answers.
func (s *broadcastSite) openWeChat() {
	door := httptest.NewServer(http.HandlerFunc(s.pass))
	s.t.Cleanup(door.Close)
	s.weChat = &shoptest.Shop{T: s.t, DataDir: s.t.TempDir()}
	server := httptest.NewUnstartedServer(nil)
	s.weChat.Sandbox = "http://" + server.Listener.Addr().String()
	box, err := sandbox.New(sandbox.Config{
		Dir: s.weChat.DataDir + "/sandbox", PublicURL: s.weChat.Sandbox, EventsURL: door.URL + "/api/wechat/events",
		Forward: func(address string) string {
			u, _ := url.Parse(address) // the shop's own
			return door.URL + u.RequestURI()
		},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	server.Config.Handler = box.Handler()
	server.Start()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()
	s.t.Cleanup(func() {
		server.Close()
		stop()
		if err := errors.Join(<-ended, box.Close()); err != nil {
			s.t.Errorf("WeChat ended with: %v", err)
		}
	})
}

// pass gives a request of WeChat to the shops in turn, to the next where one does not answer.
func (s *broadcastSite) pass(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.URL.Path == "/api/wechat/pay-notify" {
		s.callback.Store(time.Now().UnixNano())
	}
	for range s.shops {
		to := s.shops[s.turn.Add(1)%int64(len(s.shops))]
		req, err := http.NewRequestWithContext(r.Context(), r.Method, to.Url+r.URL.RequestURI(), bytes.NewReader(body))
		if err != nil {
			break
		}
		req.Header = r.Header.Clone()
		res, err := shoptest.Client.Do(req)
		if err != nil {
			continue
		}
		defer res.Body.Close()
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body) // the client may be gone
		return
	}
	w.WriteHeader(http.StatusBadGateway)
}

// people writes learners straight into the database, because hashing passwords costs time, and
// returns their tokens. The ids begin with name; muted picks those that want no activities.
func (s *broadcastSite) people(name string, n int, muted func(i int) bool) (ids, tokens []string) {
	s.t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	users, rows := []any{}, []any{}
	for i := range n {
		id := fmt.Sprintf("%s%05d", name, i)
		secret := sha256.Sum256([]byte(rand.Text()))
		text := base64.RawURLEncoding.EncodeToString(secret[:])
		hash := sha256.Sum256(secret[:])
		u := shop.User{ID: id, Name: id, Roles: []shop.Role{shop.RoleLearner}, CreatedAt: now.Add(-time.Hour)}
		if muted(i) {
			u.Muted.Activities = true
		}
		users = append(users, u)
		rows = append(rows, store.TokenRow{
			ID: id + ":web", UserID: id, Client: "web", Hash: hash[:], Roles: u.Roles, CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour),
		})
		ids, tokens = append(ids, id), append(tokens, text+"."+id+".web")
	}
	insertAll(s.t, s.db, "users", users)
	insertAll(s.t, s.db, "user_tokens", rows)
	return ids, tokens
}

// each does something for each of n, some at a time.
func (s *broadcastSite) each(n int, do func(i int) error) {
	s.t.Helper()
	var next atomic.Int64
	var failed error
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				mu.Lock()
				over := i >= n || failed != nil
				mu.Unlock()
				if over {
					return
				}
				if err := do(i); err != nil {
					mu.Lock()
					failed = fmt.Errorf("%d: %w", i, err)
					mu.Unlock()
				}
			}
		})
	}
	if all.Wait(); failed != nil {
		s.t.Fatal(failed)
	}
}

// act does something on the phones of these people, and wants the shop to have heard of it.
func (s *broadcastSite) act(what string, openids []string) {
	s.t.Helper()
	phone := s.weChat.Phone()
	s.each(len(openids), func(i int) error {
		a, err := phone.Try("POST", "/sandbox/"+what, obj{"openid": openids[i]})
		if err != nil || a.Status != 200 {
			return fmt.Errorf("%s: %d %s %w", what, a.Status, a.Body, err)
		}
		var told struct{ Deliveries []shoptest.Delivery }
		if err := json.Unmarshal(a.Body, &told); err != nil {
			return err
		}
		if n := len(told.Deliveries); n > 0 && told.Deliveries[n-1].Status != 200 {
			return fmt.Errorf("the shop does not take %s: %+v", what, told.Deliveries)
		}
		return nil
	})
}

// accept has a broadcast accepted, by the first shop if it lives to answer, else by the other.
func (s *broadcastSite) accept(body obj, by int) (b shoptest.Broadcast) {
	s.t.Helper()
	key := rand.Text()
	shoptest.Eventually(s.t, time.Minute, func() error {
		a, err := s.marketers[by].With("Idempotency-Key", key).Try("POST", "/api/hub/broadcasts", body)
		if by = 1 - by; err != nil {
			return err
		}
		if a.Status != 200 && a.Status != 201 {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		a.Into(&b)
		return nil
	})
	return b
}

// finished waits until a broadcast is sent, and counts its WeChat messages.
func (s *broadcastSite) finished(by int, id string) (b shoptest.Broadcast, messages [4]int64) {
	s.t.Helper()
	if err := s.awaitSent(id); err != nil {
		s.t.Fatal(err)
	}
	s.marketers[by].Get("/api/hub/broadcasts/" + id).Want(200).Into(&b)
	_, messages = messageCounts(s.marketers[by], id)
	return b, messages
}

// awaitSent waits until a broadcast is sent. It asks the store, for the shop would count the
// messages each time.
func (s *broadcastSite) awaitSent(id string) error {
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		sent, err := shoptest.Rows(s.db, "broadcasts", bson.M{"_id": id, "state": shop.BroadcastSent})
		if err != nil || len(sent) > 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("broadcast %s is not sent", id)
		}
	}
}
