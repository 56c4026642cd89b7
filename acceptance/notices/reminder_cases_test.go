package notices

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// TestReminderCases are the reminders 7, 3 and 1 days before an access ends and at its end,
// and the cases P13 and P26 of them. Course C is free for the month from 1 March, so access
// goes through 1 April.
func TestReminderCases(t *testing.T) {
	shop := shoptest.Start(t)
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
	}{
		{"7, 3 and 1 days before the end and at the end, once each, with what it costs to go on", remindedInTime},
		{"a renewal moves the reminders to the new end", remindedOfTheNewEnd},
		{"a renewal between two reminders silences the second", remindedUntilRenewed},
		{"a shop that was away says only the latest, and the days that are really left", remindedLate},
		{"P13 a buyout on the fifth day and there is never a reminder", ownerNotReminded},
		{"P26 off sale the reminders say so, and no price", remindedOffSale},
		{"a month that was given back is not spoken of", refundedNotReminded},
		{"a renewal that was given back brings the old end back", remindedAfterRefund},
		{"P41 a reminder that came while the page was closed reaches it once when it is back", remindedWhileAway},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.At(t, "2025-03-01 10:00")) })
	}
}

// reminders are the person's notices about the end of access to a course, oldest first.
func reminders(p *shoptest.Person, course string) (all []shoptest.Notice) {
	p.T.Helper()
	var box struct {
		Items []shoptest.Notice `json:"items"`
	}
	p.Get("/api/notices?limit=100").Want(200).Into(&box)
	for _, n := range box.Items {
		if strings.HasPrefix(n.Kind, "access_") && n.Link == "/courses/"+course {
			all = append(all, n)
		}
	}
	slices.Reverse(all)
	return all
}

// wantReminders wants exactly these reminders, oldest first, and returns the last.
func wantReminders(p *shoptest.Person, course string, kinds ...string) (last shoptest.Notice) {
	p.T.Helper()
	told := []string{}
	for _, last = range reminders(p, course) {
		told = append(told, last.Kind)
	}
	shoptest.WantSame(p.T, "reminders", told, kinds...)
	return last
}

// turnTo moves the clock and waits until the shop has looked at every end for which the
// time has come by then.
func turnTo(s *shoptest.Shop, when string, people ...*shoptest.Person) {
	s.T.Helper()
	s.Move(when, people...)
	wakeUps(s)
}

func wakeUps(s *shoptest.Shop) {
	s.T.Helper()
	db := s.Database()
	shoptest.Eventually(s.T, time.Minute, func() error { return turned(db, s.Now()) })
}

// turned finds nothing wrong once no end waits to be looked at by now.
func turned(db *mongo.Database, now time.Time) error {
	due, err := shoptest.Rows(db, "wakeups", bson.M{"kind": "access_end", "at": bson.M{"$lte": now}})
	if err == nil && len(due) > 0 {
		err = fmt.Errorf("still to be looked at: %v", due)
	}
	return err
}

func remindedInTime(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	turnTo(s, "2025-03-25 23:59:30", learner)
	wantReminders(learner, c.Id)

	var told []string
	for _, step := range []struct{ when, kind, title string }{
		{"2025-03-26 00:00", "access_ends_in_7", "课程还有 7 天到期"},
		{"2025-03-30 00:00", "access_ends_in_3", "课程还有 3 天到期"},
		{"2025-04-01 00:00", "access_ends_in_1", "课程今天到期"},
		{"2025-04-02 00:00", "access_ended", "课程已到期"},
	} {
		told = append(told, step.kind)
		turnTo(s, step.when, learner)
		n := wantReminders(learner, c.Id, told...)
		if n.Title != step.title || !strings.Contains(n.Body, "2025 年 4 月 1 日") ||
			!strings.Contains(n.Body, "下一阶段「第二个月」200.00 元，1 个月；「全款」999.00 元，永久有效。") {
			t.Errorf("on %s: %+v", step.when, n)
		}
	}
	turnTo(s, "2026-04-02 00:00", learner)
	wantReminders(learner, c.Id, told...)
}

func remindedOfTheNewEnd(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	s.Move("2025-03-20 10:00", learner)
	s.Buy(learner, 20000, c.S2) // through 1 May
	for _, day := range []string{"2025-03-26", "2025-03-30", "2025-04-01", "2025-04-02", "2025-04-24"} {
		turnTo(s, day, learner)
		wantReminders(learner, c.Id)
	}
	turnTo(s, "2025-04-25", learner)
	n := wantReminders(learner, c.Id, "access_ends_in_7")
	if !strings.Contains(n.Body, "2025 年 5 月 1 日") || !strings.Contains(n.Body, "「第三个月」300.00 元") {
		t.Errorf("got %+v", n)
	}
	turnTo(s, "2025-05-02", learner)
	wantReminders(learner, c.Id, "access_ends_in_7", "access_ended")
}

func remindedUntilRenewed(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	turnTo(s, "2025-03-26", learner)
	wantReminders(learner, c.Id, "access_ends_in_7")
	s.Buy(learner, 20000, c.S2)
	for _, day := range []string{"2025-03-30", "2025-04-01", "2025-04-02"} {
		turnTo(s, day, learner)
		wantReminders(learner, c.Id, "access_ends_in_7")
	}
	turnTo(s, "2025-04-28", learner)
	wantReminders(learner, c.Id, "access_ends_in_7", "access_ends_in_7") // of another end
}

func remindedLate(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	turnTo(s, "2025-03-31 12:00", learner)
	if n := wantReminders(learner, c.Id, "access_ends_in_3"); n.Title != "课程还有 2 天到期" {
		t.Errorf("got %+v", n)
	}
	turnTo(s, "2025-06-10 12:00", learner)
	wantReminders(learner, c.Id, "access_ends_in_3", "access_ended")
}

func ownerNotReminded(t *testing.T, s *shoptest.Shop) {
	c, owner, witness := s.Sell(shoptest.Usual()), s.NewLearner(), s.NewLearner()
	s.Buy(owner, 0, c.S1)
	s.Buy(witness, 0, c.S1)
	s.Move("2025-03-05 10:00", owner)
	s.Buy(owner, 99900, c.Full)
	for _, day := range []string{"2025-03-26", "2025-03-30", "2025-04-01", "2025-04-02", "2026-04-02"} {
		turnTo(s, day)
	}
	owner.Again()
	wantReminders(owner, c.Id)
	witness.Again()
	wantReminders(witness, c.Id, "access_ends_in_7", "access_ends_in_3", "access_ends_in_1", "access_ended")
}

func remindedOffSale(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	turnTo(s, "2025-03-26", learner)
	if n := wantReminders(learner, c.Id, "access_ends_in_7"); strings.Contains(n.Body, "下架") {
		t.Errorf("reminded with %+v of a course that is on sale", n)
	}
	c.TakeDown()
	told := []string{"access_ends_in_7"}
	for _, step := range [][2]string{{"2025-03-30", "access_ends_in_3"}, {"2025-04-02", "access_ended"}} {
		told = append(told, step[1])
		turnTo(s, step[0], learner)
		n := wantReminders(learner, c.Id, told...)
		if !strings.Contains(n.Body, "已下架") || strings.Contains(n.Body, "元") {
			t.Errorf("off sale: got %+v", n)
		}
	}
}

func refundedNotReminded(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	free := s.Buy(learner, 0, c.S1)
	s.Move("2025-03-20 10:00", learner)
	learner.Post("/api/orders/"+free.ID+"/refund", obj{"reason": "不学了"}).Want(200)
	shoptest.Eventually(t, time.Minute, func() error { return shoptest.GrantState(learner, c.Id, free.ID, "revoked") })
	for _, day := range []string{"2025-03-26", "2025-04-02"} {
		turnTo(s, day, learner)
		wantReminders(learner, c.Id)
	}
}

func remindedAfterRefund(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	s.Move("2025-03-20 10:00", learner)
	second := s.Buy(learner, 20000, c.S2)
	turnTo(s, "2025-03-26 10:00", learner)
	learner.Post("/api/orders/"+second.ID+"/refund", obj{"reason": "不学了"}).Want(200)
	learner.Await(second.ID, "refunded")
	shoptest.Eventually(t, time.Minute, func() error { return shoptest.GrantState(learner, c.Id, second.ID, "revoked") })
	turnTo(s, "2025-03-30", learner)
	n := wantReminders(learner, c.Id, "access_ends_in_3")
	if !strings.Contains(n.Body, "「第二个月」200.00 元") {
		t.Errorf("got %+v", n)
	}
	turnTo(s, "2025-05-10", learner)
	wantReminders(learner, c.Id, "access_ends_in_3", "access_ended")
}

// events are those on a page since it was opened, in order. The answer to a ping proves that
// no more are on their way.
func events(t testing.TB, page *hubtest.Client) (all []hubtest.Frame) {
	t.Helper()
	count := func(op string) (n int) {
		for _, f := range page.All() {
			if f.Op == op {
				n++
			}
		}
		return n
	}
	answered := count("pong")
	page.Send(obj{"op": "ping"})
	shoptest.Eventually(t, time.Minute, func() error {
		if count("pong") == answered {
			return fmt.Errorf("no pong; the page is open: %v; it got %+v", page.Open(), page.All())
		}
		return nil
	})
	for _, f := range page.All() {
		if f.Op == "event" {
			all = append(all, f)
		}
	}
	return all
}

// eventTypes are the types of a page's events so far.
func eventTypes(t testing.TB, page *hubtest.Client) (types []string) {
	t.Helper()
	for _, f := range events(t, page) {
		types = append(types, f.Type)
	}
	return types
}

// userPos is where the learner's own topic stood when the page was opened.
func userPos(page *hubtest.Client) string { return page.Ready().Topics["user"].Pos }

// awaitHub waits until the hub has read where its topics stand: a page that is back sooner
// reads its state instead of what it missed.
func awaitHub(p *shoptest.Person) {
	p.T.Helper()
	shoptest.Eventually(p.T, time.Minute, func() error {
		page := hubtest.Connect(p.T, p.Url+"/ws", hubtest.Options{})
		defer page.Close()
		page.Hello(p.Token, nil)
		for page.Open() && len(page.All()) == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		if !page.Open() {
			return errors.New("the hub sends pages away until it has read where its log stands")
		}
		if userPos(page) == "" {
			return errors.New("the hub does not know yet where the person's topic stands")
		}
		return nil
	})
}

// back opens a page of the person's that was closed at a position. The hub may have read where some people's topics
// stand and not this person's.
func back(p *shoptest.Person, since string) *hubtest.Client {
	p.T.Helper()
	awaitHub(p)
	page := hubtest.Resume(p.T, p.Url+"/ws", p.Token, map[string]string{"user": since})
	if now := page.Ready().Topics["user"]; !now.Resumed {
		p.T.Errorf("the page could not take up where it was closed: at %q, now at %q", since, now.Pos)
	}
	return page
}

func remindedWhileAway(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	turnTo(s, "2025-04-01 12:00", learner)
	page := learner.Socket()
	since := userPos(page)
	page.Close()

	turnTo(s, "2025-04-02 00:00")
	told := wantReminders(learner, c.Id, "access_ends_in_1", "access_ended")
	page = back(learner, since)
	shoptest.WantSame(t, "heard", eventTypes(t, page), "notice.posted", "enrolment.changed")
	missed, live := events(t, page), shoptest.Notice{}
	if missed[0].Into(t, &live); live != told {
		t.Errorf("got %+v live and %+v in the inbox", live, told)
	}
	page.Close()
	shoptest.WantSame(t, "heard the second time", eventTypes(t, back(learner, missed[1].Pos)))
	wantReminders(learner, c.Id, "access_ends_in_1", "access_ended")
}

// TestP41AReminderOutlivesAHubThatIsOffline cuts the shop off from Redis while an access
// ends: the reminder is in the inbox and on this instance's open page at once, the end itself too, and neither again
// when the hub is back.
func TestP41AReminderOutlivesAHubThatIsOffline(t *testing.T) {
	redis := newLine(t, storetest.Redis(t))
	s := shoptest.Start(t, shoptest.WithStores("", redis.url)).At(t, "2025-03-01 10:00")
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	turnTo(s, "2025-04-01 12:00", learner)
	page := learner.Socket()

	redis.cut()
	s.Move("2025-04-02 00:00")
	shoptest.Eventually(t, time.Minute, func() error {
		if n := len(reminders(learner, c.Id)); n != 2 {
			return fmt.Errorf("%d reminders while the hub is offline", n)
		}
		return nil
	})
	page.Events(2, time.Minute)
	shoptest.WantSame(t, "heard without Redis", eventTypes(t, page), "notice.posted", "enrolment.changed")

	redis.mend()
	s.Move("2025-04-02 00:05")
	page.WaitFor("a place for what was early", 30*time.Second, func(f hubtest.Frame) bool {
		return f.Op == "ready" && f.Topics["user"].Pos != "" && !f.Topics["user"].Resumed
	})
	wakeUps(s)
	wantReminders(learner, c.Id, "access_ends_in_1", "access_ended")
	shoptest.WantSame(t, "heard in the end", eventTypes(t, page), "notice.posted", "enrolment.changed")
}

// line is the way to a Redis, which can be cut.
type line struct {
	url string
	to  string

	mu    sync.Mutex
	down  bool
	conns []net.Conn
}

func newLine(t testing.TB, redisURL string) *line {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{url: "redis://" + ln.Addr().String(), to: strings.TrimPrefix(redisURL, "redis://")}
	t.Cleanup(func() { _ = ln.Close(); l.cut() })
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			l.connect(client)
		}
	}()
	return l
}

// connect passes on what either side says, or hangs up while the line is cut.
func (l *line) connect(client net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	server, err := net.Dial("tcp", l.to)
	if err != nil || l.down {
		_ = client.Close()
		return
	}
	l.conns = append(l.conns, client, server)
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			_ = way[0].Close()
		}()
	}
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}

func (l *line) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}

// TestP41KilledWhileRemindingEachReminderComesOnce kills the shop at each write that belongs to a
// reminder, again and again on the same data. Every second day a course ends.
func TestP41KilledWhileRemindingEachReminderComesOnce(t *testing.T) {
	writes := []string{"insert notices: access_ended", "delete wakeups: access_end"}
	dir, err := os.MkdirTemp("", "mstm-") // short, for the socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	first := shoptest.Start(t, shoptest.WithDataDir(dir)).At(t, "2025-03-01 10:00")
	learner, courses := first.NewLearner(), []*shoptest.Course{}
	for i := range 2 * len(writes) {
		first.Move(fmt.Sprintf("2025-03-%02d 10:00", 1+2*i), learner)
		courses = append(courses, first.Sell(shoptest.Usual()))
		first.Buy(learner, 0, courses[i].S1)
	}
	first.Stop()

	shop := &reminding{shoptest.NewProcess(t, dir, "REDIS_URL="+storetest.Redis(t))}
	shop.Start()
	var hits crashes
	for i, c := range courses {
		end := shoptest.BeijingTime(t, fmt.Sprintf("2025-04-%02d", 2+2*i))
		where := shop.endsAndIsKilled(learner.Name, c.Id, end, shoptest.Point{When: []string{"before", "after"}[i%2], N: 1, Write: writes[i/2]})
		hits.note([]string{where})
	}
	hits.wantAt(t, "insert notices", "delete wakeups")
}

// reminding is a process with accesses that end.
type reminding struct{ *shoptest.Process }

// endsAndIsKilled lets a course end, kills the shop at a write of that, and wants one reminder of
// the end, in the inbox and live. It returns the write at which the shop was killed.
func (r *reminding) endsAndIsKilled(name, course string, end time.Time, at shoptest.Point) (where string) {
	r.T.Helper()
	r.turnTo(end.Add(-10 * time.Minute))
	learner := r.As("").Login(name, shoptest.Password, "web")
	before := len(reminders(learner, course))
	page := learner.Socket()
	since := userPos(page)

	r.Arm(at)
	_, _ = r.Clock().Try("PUT", "/sandbox/clock", obj{"now": end}) // it may be killed of this
	shoptest.Eventually(r.T, time.Minute, func() error {
		if r.Gone() {
			return nil
		}
		return turned(r.Database(), end)
	})
	if where = r.Burnt(); where == "" {
		r.Kill() // its fuse still burns
	}
	<-r.Ended
	page.Close()
	r.Start()
	awaitHub(learner)
	r.turnTo(end.Add(time.Minute))
	told := reminders(learner, course)
	if len(told) != before+1 || told[before].Kind != "access_ended" {
		r.T.Errorf("killed %s: got %+v", at, told)
	}
	shoptest.WantSame(r.T, "heard after the kill "+where, eventTypes(r.T, back(learner, since)), "notice.posted", "enrolment.changed")
	return where
}

// turnTo moves the clock and waits until every end for which the time has come by then was
// looked at.
func (r *reminding) turnTo(at time.Time) {
	r.T.Helper()
	r.Clock().Put("/sandbox/clock", obj{"now": at}).Want(200)
	shoptest.Eventually(r.T, 30*time.Second, func() error { return turned(r.Database(), at) })
}
