package hub_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// doors lets an instance be reached both ways: /api/events is the stream, all else the WebSocket.
func (in *instance) doors(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/events" {
		in.ServeHTTP(w, r)
		return
	}
	err := in.ServeEvents(w, r, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if no, ok := err.(*hub.Refusal); ok {
		w.Header().Set("Retry-After", fmt.Sprint(no.RetryAfterS))
		http.Error(w, no.Code, no.Status)
	} else if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (in *instance) events() string { return in.url + "/api/events" }

// startDoors is start with both doors.
func startDoors(t testing.TB, addr string, change ...func(*hub.Config)) *instance {
	t.Helper()
	return prepare(t, addr, change...).openDoors(t, httptest.NewServer)
}

func (in *instance) openDoors(t testing.TB, serve func(http.Handler) *httptest.Server) *instance {
	t.Helper()
	in.runBehind(t, func(http.Handler) *httptest.Server { return serve(http.HandlerFunc(in.doors)) })
	eventually(t, "the instance reaches Redis", func() bool { return in.Healthy() == nil })
	return in
}

func since(places map[string]string) string {
	b, _ := json.Marshal(places)
	return string(b)
}

func TestAnEventStreamSaysWhatASocketSays(t *testing.T) {
	in := startDoors(t, embedded(t))
	ws := hubtest.Dial(t, in.url, "alice/web/s1")
	ws.Follow("course:c1", "")
	es := hubtest.Events{Token: "alice/web/s1", Topics: "course:c1"}.Listen(t, in.events())
	ready := es.Ready()
	if ready.User == nil || *ready.User != "alice" || ready.HeartbeatS != 25 || len(ready.Topics) != 3 {
		t.Errorf("ready %+v", ready)
	}
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 50)
	in.publishNumbers(t, hub.CourseTopic("c1"), 1, 50)
	in.publish(t, hub.UserTopic("bob"), "private", nil)
	in.publish(t, hub.Activity, "last", map[string]string{"title": "春季\n<b>"})
	es.Wait("last", soon)
	ws.Wait("last", soon)
	said := func(c *hubtest.Client) (all []string) {
		for _, f := range c.All() {
			if f.Op == "event" {
				all = append(all, string(f.Raw))
			}
		}
		slices.SortStableFunc(all, func(a, b string) int { return strings.Compare(topicIn(a), topicIn(b)) })
		return all
	}
	if a, b := strings.Join(said(es), "\n"), strings.Join(said(ws), "\n"); a != b {
		t.Errorf("the stream said\n%s\nthe socket\n%s", a, b)
	}
	if st := in.Stats(); st.Sockets != 2 || st.Streams != 1 || st.Users != 1 {
		t.Errorf("stats %+v", st)
	}
}

// topicIn is the topic of an event's text. Within one the order is promised, among them it is not.
func topicIn(event string) string {
	_, topic, _ := strings.Cut(event, `"topic":"`)
	topic, _, _ = strings.Cut(topic, `"`)
	return topic
}

func TestAVisitorsStreamAndWhatItMayNotFollow(t *testing.T) {
	in := startDoors(t, embedded(t))
	es := hubtest.Events{Topics: "course:c1,desk,user,nothing"}.Listen(t, in.events())
	if ready := es.Ready(); ready.User != nil || len(ready.Topics) != 2 {
		t.Errorf("ready %+v, want activity and the course", ready)
	}
	codes := map[string]int{}
	in.publish(t, hub.Activity, "last", nil)
	es.Wait("last", soon)
	for _, f := range es.All() {
		codes[f.Code]++
	}
	if codes["TOPIC_FORBIDDEN"] != 2 || codes["TOPIC_UNKNOWN"] != 1 {
		t.Errorf("refused with %v", codes)
	}
	many := hubtest.Events{Since: courses(40)}.Listen(t, in.events())
	if n := len(many.Ready().Topics); n != 32 {
		t.Errorf("%d topics, want 32", n)
	}
}

// TestComingBackToAStream comes back after every few events in each way there is, and must see every
// number of three topics once, in order.
func TestComingBackToAStream(t *testing.T) {
	addr := embedded(t)
	a, b := startDoors(t, addr), startDoors(t, addr)
	topics := map[string]string{"user": hub.UserTopic("alice"), "activity": hub.Activity, "course:c1": hub.CourseTopic("c1")}
	next := map[string]int{}
	es := hubtest.Events{Token: "alice/web/s1", Topics: "course:c1"}.Listen(t, a.events())
	const rounds, each = 12, 6
	for round := range rounds {
		for i := range each {
			for _, name := range topics {
				b.publishNumbers(t, name, round*each+i, round*each+i)
			}
			if i == each/2 {
				es.Events(each, 2*soon) // of three times as many: the rest is missed, or comes while it is cut
				es.Close()
				es.Ended(soon) // now it takes nothing more
			}
		}
		back := hubtest.Events{Token: "alice/web/s1"}
		id := es.LastEventID()
		tally(t, es, next)
		if round%3 == 2 { // to a WebSocket and back
			ws := hubtest.Resume(t, b.url, "alice/web/s1", places(t, id))
			wantResumed(t, ws)
			missed := (round + 1) * each * len(topics)
			for _, n := range next {
				missed -= n
			}
			ws.Events(missed, 2*soon)
			ws.Close()
			tally(t, ws, next)
			id = since(placesAfter(places(t, id), ws))
		}
		if round%2 == 0 {
			back.Since = id
		} else {
			back.LastEventID, back.Since = id, since(map[string]string{"user": "stale-1"})
		}
		es = back.Listen(t, []*instance{a, b}[round%2].events())
		wantResumed(t, es)
	}
	b.publish(t, hub.CourseTopic("c1"), "last", nil)
	es.Wait("last", soon)
	for shown := range topics {
		eventually(t, "all of "+shown, func() bool { return next[shown]+len(numbersOf(t, es, shown)) >= rounds*each })
	}
	tally(t, es, next)
	for shown := range topics {
		if next[shown] != rounds*each {
			t.Errorf("%s: %d numbers, want %d", shown, next[shown], rounds*each)
		}
	}
}

func places(t *testing.T, id string) (p map[string]string) {
	t.Helper()
	if err := json.Unmarshal([]byte(id), &p); err != nil {
		t.Fatalf("id %q: %v", id, err)
	}
	return p
}

// placesAfter is where a client is that has come with since.
func placesAfter(since map[string]string, c *hubtest.Client) map[string]string {
	for _, f := range c.All() {
		if f.Op == "event" {
			since[f.Topic] = f.Pos
		}
	}
	return since
}

func wantResumed(t *testing.T, c *hubtest.Client) {
	t.Helper()
	for topic, at := range c.Ready().Topics {
		if !at.Resumed {
			t.Fatalf("%s was not resumed: %+v", topic, c.Ready())
		}
	}
}

func numbersOf(t *testing.T, c *hubtest.Client, shown string) (seen []int) {
	t.Helper()
	for _, f := range c.All() {
		if f.Op == "event" && f.Topic == shown && f.Type == "number" {
			var n int
			f.Into(t, &n)
			seen = append(seen, n)
		}
	}
	return seen
}

// tally checks that each topic's numbers go on where they were.
func tally(t *testing.T, c *hubtest.Client, next map[string]int) {
	t.Helper()
	for _, f := range c.All() {
		if f.Op != "event" || f.Type != "number" {
			continue
		}
		var n int
		f.Into(t, &n)
		if n != next[f.Topic] {
			t.Fatalf("%s: number %d came where %d was due", f.Topic, n, next[f.Topic])
		}
		next[f.Topic]++
	}
}

func TestEveryEndingIsTheStreamsLastEvent(t *testing.T) {
	people := &accounts{dead: map[string]bool{"dead/web/s1": true}}
	in := startDoors(t, embedded(t), with(people), func(c *hub.Config) { c.MaxPerUser = 1 })
	listen := func(token string) *hubtest.Client {
		return hubtest.Events{Token: token}.Connect(t, in.events())
	}
	replaced, out := listen("alice/web/s1"), listen("bob/web/s1")
	replaced.Ready()
	out.Ready()
	second := listen("bob/phone/s2")
	in.End(context.Background(), "alice", "web", "s2", hub.Replaced)
	replaced.Wait("session.replaced", soon)
	second.Ended(soon)
	in.End(context.Background(), "bob", "", "", hub.LoggedOut)
	left := hubtest.Events{}.Listen(t, in.events())
	refused := listen("dead/web/s1")
	refused.Ended(soon)
	people.set(func(a *accounts) { a.away = true })
	later := listen("carol/web/s1")
	for _, c := range []*hubtest.Client{replaced, out, later} {
		c.Ended(soon) // closing the hub may otherwise be quicker
	}
	closing, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	if err := in.Close(closing); err != nil {
		t.Errorf("the streams did not go: %v", err)
	}
	for _, tt := range []struct {
		c    *hubtest.Client
		code int
		word string
	}{
		{replaced, 4002, "SESSION_REPLACED"}, {out, 4004, "LOGGED_OUT"}, {refused, 4001, "TOKEN_REFUSED"},
		{later, 4103, "TRY_LATER"}, {second, 4104, "TOO_MANY_SOCKETS"}, {left, 4101, "SERVER_RESTART"},
	} {
		t.Run(tt.word, func(t *testing.T) {
			end := tt.c.Ended(soon)
			if end.Code != tt.code || end.Word != tt.word || (end.RetryMS > 0) != (tt.code >= 4100) {
				t.Fatalf("ended with %+v", end)
			}
			all := tt.c.All()
			if last := all[len(all)-1]; last.Op != "close" {
				t.Errorf("after close came %+v", last)
			}
			retry := all[max(0, len(all)-2)]
			if told := retry.Op == "retry" && retry.RetryMS == end.RetryMS; told != (tt.code >= 4100) {
				t.Errorf("before close came %+v", retry)
			}
		})
	}
}

func TestAStreamThatIsNotGivenIsAnsweredAsASocketIs(t *testing.T) {
	in := startDoors(t, embedded(t), func(c *hub.Config) { c.MaxPerAddress = 1; c.AllowedOrigins = []string{"https://shop.example"} })
	ask := func(e hubtest.Events) (int, string) {
		res, err := e.Open(t.Context(), in.events())
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return res.StatusCode, ""
		}
		body, _ := io.ReadAll(res.Body)
		return res.StatusCode, strings.TrimSpace(string(body))
	}
	origin := func(o string) hubtest.Events { return hubtest.Events{Header: http.Header{"Origin": {o}}} }
	for _, tt := range []struct {
		name   string
		ask    hubtest.Events
		status int
		code   string
	}{
		{"a listed origin", origin("https://shop.example"), 200, ""},
		{"another origin", origin("https://evil.example"), 403, "ORIGIN_REFUSED"},
		{"a since that is no JSON", hubtest.Events{Since: "{"}, 400, hub.ErrBadSince.Error()},
		{"a since of numbers", hubtest.Events{Since: `{"user":1}`}, 400, hub.ErrBadSince.Error()},
		{"a Last-Event-ID of another server", hubtest.Events{LastEventID: "42"}, 400, hub.ErrBadSince.Error()},
		{"hundreds of topics", hubtest.Events{Since: courses(300)}, 400, hub.ErrBadSince.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, code := ask(tt.ask); status != tt.status || code != tt.code {
				t.Errorf("answered %d %s", status, code)
			}
			eventually(t, "its place is free", func() bool { return in.Stats().Sockets == 0 })
		})
	}
	stays := hubtest.Events{}.Listen(t, in.events())
	if status, code := ask(hubtest.Events{}); status != 429 || code != "TOO_MANY_SOCKETS" {
		t.Errorf("the second stream of an address was answered %d %s", status, code)
	}
	if _, _, err := hubtest.Try(in.url, hubtest.Options{}); err == nil {
		t.Error("a stream does not count against the address's sockets")
	}
	stays.Close()
	eventually(t, "its place is free", func() bool { return in.Stats().Sockets == 0 })
	if err := in.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if status, code := ask(hubtest.Events{}); status != 503 || code != "SERVER_RESTART" {
		t.Errorf("a stream after Close was answered %d %s", status, code)
	}
}

func TestAStreamIsPingedExpiresAndIsRenewed(t *testing.T) {
	people := &accounts{expires: time.Now().Add(2 * time.Second)}
	in := prepare(t, embedded(t), with(people))
	in.Quicken()
	in.openDoors(t, httptest.NewServer)
	mortal := hubtest.Events{Token: "alice/web/s1"}.Listen(t, in.events())
	mortal.Wait("comment", soon)
	if end := mortal.Ended(soon); end.Code != 4001 || end.Word != "TOKEN_EXPIRED" {
		t.Errorf("ended with %+v", end)
	}

	brief := prepare(t, embedded(t))
	brief.Quicken()
	brief.EndStreamsAfter(300 * time.Millisecond)
	brief.openDoors(t, httptest.NewServer)
	es := hubtest.Events{Token: "alice/web/s1"}.Listen(t, brief.events())
	brief.publishNumbers(t, hub.UserTopic("alice"), 1, 1)
	wantNumbers(t, es, "user", 1, 1)
	end := es.Ended(soon)
	if end.Code != 4103 || end.Word != "CHECK_AGAIN" || end.RetryMS <= 0 {
		t.Errorf("ended with %+v", end)
	}
	brief.publishNumbers(t, hub.UserTopic("alice"), 2, 3)
	again := hubtest.Events{Token: "alice/web/s1", LastEventID: es.LastEventID()}.Listen(t, brief.events())
	wantNumbers(t, again, "user", 2, 3)
}

// TestAStreamThatIsNotReadIsEndedAndTheOthersHear lets one client take nothing while others read.
func TestAStreamThatIsNotReadIsEndedAndTheOthersHear(t *testing.T) {
	in := prepare(t, embedded(t))
	in.Quicken()
	in.openDoors(t, httptest.NewServer)
	stuck, err := net.Dial("tcp", strings.TrimPrefix(in.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	stuck.(*net.TCPConn).SetReadBuffer(4 << 10)
	fmt.Fprint(stuck, "GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n")
	well := hubtest.Events{}.Listen(t, in.events())
	socket := hubtest.Dial(t, in.url, "")
	eventually(t, "all are there", func() bool { return in.Stats().Sockets == 3 })
	filler := strings.Repeat("x", 32<<10)
	const events = 60 // nearly 2 MB
	for i := range events {
		in.publish(t, hub.Activity, "filler", filler)
		well.Events(i+1, 2*soon) // they keep up
		socket.Events(i+1, 2*soon)
	}
	eventually(t, "the stuck one is gone", func() bool { return in.Stats().Sockets == 2 })
	if !well.Open() || !socket.Open() {
		t.Error("others were ended with it")
	}
}

func TestStreamsThatComeAndGoLeaveNothingBehind(t *testing.T) {
	in := startDoors(t, embedded(t))
	for i := range 40 {
		es := hubtest.Events{Token: fmt.Sprint("user", i, "/web/s"), Topics: "course:c1"}.Connect(t, in.events())
		if i%2 == 0 {
			es.Ready()
		}
		es.Close()
	}
	eventually(t, "all are gone", func() bool {
		st := in.Stats()
		return st.Sockets == 0 && st.Topics == 0
	})
}

// TestOverHTTP2AStreamStaysWithItsHandler takes the way that HTTP/2 needs.
func TestOverHTTP2AStreamStaysWithItsHandler(t *testing.T) {
	in := prepare(t, embedded(t))
	var server *httptest.Server
	in.openDoors(t, func(h http.Handler) *httptest.Server {
		server = httptest.NewUnstartedServer(h)
		server.EnableHTTP2 = true
		server.Config.ReadTimeout, server.Config.WriteTimeout = time.Second, time.Second // not for streams
		server.StartTLS()
		return server
	})
	listen := hubtest.Events{Token: "alice/web/s1", Client: server.Client()}
	res, err := listen.Open(t.Context(), in.events())
	if err != nil || res.ProtoMajor != 2 {
		t.Fatalf("%v %+v", err, res)
	}
	res.Body.Close()
	es := listen.Listen(t, in.events())
	eventually(t, "the first has gone", func() bool { return in.Stats().Sockets == 1 })
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 100)
	wantNumbers(t, es, "user", 1, 100)
	time.Sleep(1500 * time.Millisecond) // longer than the server's own timeouts
	in.publishNumbers(t, hub.UserTopic("alice"), 101, 200)
	wantNumbers(t, es, "user", 1, 200)
	in.End(context.Background(), "alice", "", "", hub.LoggedOut)
	if end := es.Ended(soon); end.Code != 4004 {
		t.Errorf("ended with %+v", end)
	}
	eventually(t, "it is gone", func() bool { return in.Stats().Sockets == 0 })
}

// FuzzStreams asks for streams in any words: it is given, from ready on, or refused with 400, and
// nothing is left behind.
func FuzzStreams(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"user":"X-1"}`, `{"activity":"-1","desk":""}`, "null", "[]", `{"course:\u0000":"` + strings.Repeat("9", 70) + `"}`} {
		f.Add(seed, "", "course:c1,,user:bob")
		f.Add("", seed, seed)
	}
	in := startDoors(f, embedded(f))
	f.Fuzz(func(t *testing.T, since, last, topics string) {
		ask := hubtest.Events{Token: "alice/web/s1", Since: since, Topics: topics, LastEventID: strings.Map(printable, last)}
		ctx, cut := context.WithCancel(t.Context())
		defer cut()
		res, err := ask.Open(ctx, in.events())
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusBadRequest {
			t.Errorf("%q %q %q: %s", since, last, topics, res.Status)
		}
		first, err := bufio.NewReader(res.Body).ReadString('\n')
		if res.StatusCode == http.StatusOK && (err != nil || !strings.HasPrefix(first, "id: {")) {
			t.Errorf("%q %q %q: %q %v", since, last, topics, first, err)
		}
		cut()
		eventually(t, "it is gone", func() bool { return in.Stats().Sockets == 0 })
	})
}

// printable keeps what a header may hold.
func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}
