package main

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

	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// TestReminderCases are the reminders 7, 3 and 1 days before an access ends and at its end,
// and the cases P13 and P26 of them. Course C is free for the month from 1 March, so access
// goes through 1 April.
func TestReminderCases(t *testing.T) {
	shop := startShop(t)
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
	}{
		{"7, 3 and 1 days before the end and at the end, once each, with what it costs to go on", remindedInTime},
		{"a renewal moves the reminders to the new end", remindedOfTheNewEnd},
		{"a renewal between two reminders silences the second", remindedUntilRenewed},
		{"a shop that was away says only the latest, and the days that are really left", remindedLate},
		{"P13 a buyout on the fifth day and there is never a reminder", ownerNotReminded},
		{"P26 off sale the reminders say so, and no price", remindedOffSale},
		{"a month that was given back is not spoken of", refundedNotReminded},
		{"a renewal that was given back brings the old end back", remindedAfterRefund},
		{"P41 what was told while the page was closed reaches it once when it is back", remindedWhileAway},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.at(t, "2025-03-01 10:00")) })
	}
}

// noticeJSON is a notice as a page reads it.
type noticeJSON struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	Title string `json:"title"`
	Body  string `json:"body"`
	Link  string `json:"link"`
	Read  bool   `json:"read"`
}

// reminders are what the person was told about the end of access to a course, oldest first.
func (p *person) reminders(course string) (all []noticeJSON) {
	p.t.Helper()
	var box struct {
		Items []noticeJSON `json:"items"`
	}
	p.get("/api/notices?limit=100").want(200).into(&box)
	for _, n := range box.Items {
		if strings.HasPrefix(n.Kind, "access_") && n.Link == "/courses/"+course {
			all = append(all, n)
		}
	}
	slices.Reverse(all)
	return all
}

// wantReminders wants to have been told exactly these, oldest first, and answers the last.
func (p *person) wantReminders(course string, kinds ...string) (last noticeJSON) {
	p.t.Helper()
	told := []string{}
	for _, last = range p.reminders(course) {
		told = append(told, last.Kind)
	}
	wantSame(p.t, "reminders", told, kinds...)
	return last
}

// turnTo moves the clock and waits until the shop has looked at every end for which the
// time has come by then.
func (s *testShop) turnTo(when string, people ...*person) {
	s.t.Helper()
	s.move(when, people...)
	s.turned()
}

func (s *testShop) turned() {
	s.t.Helper()
	db := s.database()
	eventually(s.t, 20*time.Second, func() error { return turned(db, s.now()) })
}

// turned finds nothing wrong once no end waits to be looked at by now.
func turned(db *mongo.Database, now time.Time) error {
	due, err := rows(db, "turns", bson.M{"at": bson.M{"$lte": now}})
	if err == nil && len(due) > 0 {
		err = fmt.Errorf("still to be looked at: %v", due)
	}
	return err
}

func remindedInTime(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.turnTo("2025-03-25 23:59:30", learner)
	learner.wantReminders(c.id)

	var told []string
	for _, step := range []struct{ when, kind, title string }{
		{"2025-03-26 00:00", "access_ends_in_7", "课程还有 7 天到期"},
		{"2025-03-30 00:00", "access_ends_in_3", "课程还有 3 天到期"},
		{"2025-04-01 00:00", "access_ends_in_1", "课程今天到期"},
		{"2025-04-02 00:00", "access_ended", "课程已到期"},
	} {
		told = append(told, step.kind)
		s.turnTo(step.when, learner)
		n := learner.wantReminders(c.id, told...)
		if n.Title != step.title || !strings.Contains(n.Body, "2025 年 4 月 1 日") ||
			!strings.Contains(n.Body, "下一阶段「第二个月」200.00 元，1 个月；「全款」999.00 元，永久有效。") {
			t.Errorf("on %s: %+v", step.when, n)
		}
	}
	s.turnTo("2026-04-02 00:00", learner)
	learner.wantReminders(c.id, told...)
}

func remindedOfTheNewEnd(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.move("2025-03-20 10:00", learner)
	s.buy(learner, 20000, c.s2) // through 1 May
	for _, day := range []string{"2025-03-26", "2025-03-30", "2025-04-01", "2025-04-02", "2025-04-24"} {
		s.turnTo(day, learner)
		learner.wantReminders(c.id)
	}
	s.turnTo("2025-04-25", learner)
	n := learner.wantReminders(c.id, "access_ends_in_7")
	if !strings.Contains(n.Body, "2025 年 5 月 1 日") || !strings.Contains(n.Body, "「第三个月」300.00 元") {
		t.Errorf("told %+v", n)
	}
	s.turnTo("2025-05-02", learner)
	learner.wantReminders(c.id, "access_ends_in_7", "access_ended")
}

func remindedUntilRenewed(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.turnTo("2025-03-26", learner)
	learner.wantReminders(c.id, "access_ends_in_7")
	s.buy(learner, 20000, c.s2)
	for _, day := range []string{"2025-03-30", "2025-04-01", "2025-04-02"} {
		s.turnTo(day, learner)
		learner.wantReminders(c.id, "access_ends_in_7")
	}
	s.turnTo("2025-04-28", learner)
	learner.wantReminders(c.id, "access_ends_in_7", "access_ends_in_7") // of another end
}

func remindedLate(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.turnTo("2025-03-31 12:00", learner)
	if n := learner.wantReminders(c.id, "access_ends_in_3"); n.Title != "课程还有 2 天到期" {
		t.Errorf("told %+v", n)
	}
	s.turnTo("2025-06-10 12:00", learner)
	learner.wantReminders(c.id, "access_ends_in_3", "access_ended")
}

func ownerNotReminded(t *testing.T, s *testShop) {
	c, owner, witness := s.sell(usual()), s.newLearner(), s.newLearner()
	s.buy(owner, 0, c.s1)
	s.buy(witness, 0, c.s1)
	s.move("2025-03-05 10:00", owner)
	s.buy(owner, 99900, c.full)
	for _, day := range []string{"2025-03-26", "2025-03-30", "2025-04-01", "2025-04-02", "2026-04-02"} {
		s.turnTo(day)
	}
	owner.again()
	owner.wantReminders(c.id)
	witness.again()
	witness.wantReminders(c.id, "access_ends_in_7", "access_ends_in_3", "access_ends_in_1", "access_ended")
}

func remindedOffSale(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.turnTo("2025-03-26", learner)
	if n := learner.wantReminders(c.id, "access_ends_in_7"); strings.Contains(n.Body, "下架") {
		t.Errorf("told %+v of a course that is on sale", n)
	}
	c.takeDown()
	told := []string{"access_ends_in_7"}
	for _, step := range [][2]string{{"2025-03-30", "access_ends_in_3"}, {"2025-04-02", "access_ended"}} {
		told = append(told, step[1])
		s.turnTo(step[0], learner)
		n := learner.wantReminders(c.id, told...)
		if !strings.Contains(n.Body, "已下架") || strings.Contains(n.Body, "元") {
			t.Errorf("off sale: told %+v", n)
		}
	}
}

func refundedNotReminded(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	free := s.buy(learner, 0, c.s1)
	s.move("2025-03-20 10:00", learner)
	learner.post("/api/orders/"+free.ID+"/refund", obj{"reason": "不学了"}).want(200)
	eventually(t, 10*time.Second, func() error { return grantState(learner, c.id, free.ID, "revoked") })
	for _, day := range []string{"2025-03-26", "2025-04-02"} {
		s.turnTo(day, learner)
		learner.wantReminders(c.id)
	}
}

func remindedAfterRefund(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.move("2025-03-20 10:00", learner)
	second := s.buy(learner, 20000, c.s2)
	s.turnTo("2025-03-26 10:00", learner)
	learner.post("/api/orders/"+second.ID+"/refund", obj{"reason": "不学了"}).want(200)
	learner.await(second.ID, "refunded")
	eventually(t, 10*time.Second, func() error { return grantState(learner, c.id, second.ID, "revoked") })
	s.turnTo("2025-03-30", learner)
	n := learner.wantReminders(c.id, "access_ends_in_3")
	if !strings.Contains(n.Body, "「第二个月」200.00 元") {
		t.Errorf("told %+v", n)
	}
	s.turnTo("2025-05-10", learner)
	learner.wantReminders(c.id, "access_ends_in_3", "access_ended")
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
	eventually(t, 10*time.Second, func() error {
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
func (p *person) awaitHub() {
	p.t.Helper()
	eventually(p.t, 20*time.Second, func() error {
		page := p.socket()
		defer page.Close()
		if userPos(page) == "" {
			return errors.New("the hub does not know yet where the person's topic stands")
		}
		return nil
	})
}

// back opens a page of the person's that was closed at a position.
func (p *person) back(since string) *hubtest.Client {
	p.t.Helper()
	page := hubtest.Resume(p.t, p.url+"/ws", p.token, map[string]string{"user": since})
	if now := page.Ready().Topics["user"]; !now.Resumed {
		p.t.Errorf("the page could not take up where it was closed: at %q, now at %q", since, now.Pos)
	}
	return page
}

func remindedWhileAway(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.turnTo("2025-04-01 12:00", learner)
	page := learner.socket()
	since := userPos(page)
	page.Close()

	s.turnTo("2025-04-02 00:00")
	told := learner.wantReminders(c.id, "access_ends_in_1", "access_ended")
	page = learner.back(since)
	wantSame(t, "heard", eventTypes(t, page), "notice.posted", "enrolment.changed")
	missed, live := events(t, page), noticeJSON{}
	if missed[0].Into(t, &live); live != told {
		t.Errorf("told %+v live and %+v in the inbox", live, told)
	}
	page.Close()
	wantSame(t, "heard the second time", eventTypes(t, learner.back(missed[1].Pos)))
	learner.wantReminders(c.id, "access_ends_in_1", "access_ended")
}

// TestP41AReminderOutlivesAHubThatIsOffline cuts the shop off from Redis while an access
// ends: the reminder is in the inbox and on this instance's open page at once, the end itself too, and neither again
// when the hub is back.
func TestP41AReminderOutlivesAHubThatIsOffline(t *testing.T) {
	redis := newLine(t, storetest.Redis(t))
	s := startShop(t, withStores("", redis.url)).at(t, "2025-03-01 10:00")
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.turnTo("2025-04-01 12:00", learner)
	page := learner.socket()

	redis.cut()
	s.move("2025-04-02 00:00")
	eventually(t, 20*time.Second, func() error {
		if n := len(learner.reminders(c.id)); n != 2 {
			return fmt.Errorf("%d reminders while the hub is offline", n)
		}
		return nil
	})
	page.Events(2, 20*time.Second)
	wantSame(t, "heard without Redis", eventTypes(t, page), "notice.posted", "enrolment.changed")

	redis.mend()
	s.move("2025-04-02 00:05")
	page.WaitFor("a place for what was early", 30*time.Second, func(f hubtest.Frame) bool {
		return f.Op == "ready" && f.Topics["user"].Pos != "" && !f.Topics["user"].Resumed
	})
	s.turned()
	learner.wantReminders(c.id, "access_ends_in_1", "access_ended")
	wantSame(t, "heard in the end", eventTypes(t, page), "notice.posted", "enrolment.changed")
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

// TestP41KilledWhileRemindingNobodyIsToldTwice kills the shop at each write with which an
// end is told, again and again on the same data. Every second day a course ends.
func TestP41KilledWhileRemindingNobodyIsToldTwice(t *testing.T) {
	writes := []string{"insert notices: access_ended", "delete turns"}
	dir, err := os.MkdirTemp("", "mstm-") // short, for the socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	first := startShop(t, withDataDir(dir)).at(t, "2025-03-01 10:00")
	learner, courses := first.newLearner(), []*sold{}
	for i := range 2 * len(writes) {
		first.move(fmt.Sprintf("2025-03-%02d 10:00", 1+2*i), learner)
		courses = append(courses, first.sell(usual()))
		first.buy(learner, 0, courses[i].s1)
	}
	first.stop()

	shop := &reminding{newProcess(t, dir, "REDIS_URL="+storetest.Redis(t))}
	shop.start()
	var hits crashes
	for i, c := range courses {
		end := beijingTime(t, fmt.Sprintf("2025-04-%02d", 2+2*i))
		where := shop.endsAndIsKilled(learner.name, c.id, end, point{when: []string{"before", "after"}[i%2], n: 1, write: writes[i/2]})
		hits.note([]string{where})
	}
	hits.wantAt(t, "insert notices", "delete turns")
}

// reminding is a process whose accesses end.
type reminding struct{ *process }

// endsAndIsKilled lets a course end, kills the shop at a write of that, and wants the learner
// to have been told of the end once, in the inbox and live. It answers where the shop was
// killed.
func (r *reminding) endsAndIsKilled(name, course string, end time.Time, at point) (where string) {
	r.t.Helper()
	r.turnTo(end.Add(-10 * time.Minute))
	learner := r.as("").login(name, testPassword, "web")
	before := len(learner.reminders(course))
	page := learner.socket()
	since := userPos(page)

	r.arm(at)
	_, _ = r.clock().try("PUT", "/sandbox/clock", obj{"now": end}) // it may be killed of this
	eventually(r.t, 20*time.Second, func() error {
		if r.gone() {
			return nil
		}
		return turned(r.database(), end)
	})
	if where = r.burnt(); where == "" {
		r.kill() // its fuse still burns
	}
	<-r.ended
	page.Close()
	r.start()
	learner.awaitHub()
	r.turnTo(end.Add(time.Minute))
	told := learner.reminders(course)
	if len(told) != before+1 || told[before].Kind != "access_ended" {
		r.t.Errorf("killed %s: told %+v", at, told)
	}
	wantSame(r.t, "heard after the kill "+where, eventTypes(r.t, learner.back(since)), "notice.posted", "enrolment.changed")
	return where
}

// turnTo moves the clock and waits until every end for which the time has come by then was
// looked at.
func (r *reminding) turnTo(at time.Time) {
	r.t.Helper()
	r.clock().put("/sandbox/clock", obj{"now": at}).want(200)
	eventually(r.t, 30*time.Second, func() error { return turned(r.database(), at) })
}
