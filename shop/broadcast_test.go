package shop

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// accepted is a broadcast by marketing at noon.
func accepted(t *testing.T, confirm bool, sendAt string) *Broadcast {
	t.Helper()
	b := &Broadcast{ID: "b", CreatedBy: "ann", Audience: Audience{Kind: AudienceUsers}, Channels: []BroadcastChannel{ByInbox}}
	b.Counts.Audience = 3
	if sendAt != "" {
		when := at(sendAt)
		b.SendAt = &when
	}
	if err := b.Accept(confirm, at("2025-11-01 12:00")); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBroadcastMoves tries every move from every state.
func TestBroadcastMoves(t *testing.T) {
	now := at("2025-11-01 13:00")
	moves := map[string]func(*Broadcast) error{
		"ask":     func(b *Broadcast) error { return b.Ask(5, now) },
		"confirm": func(b *Broadcast) error { return b.Confirm("bob", 3, now) },
		"start":   func(b *Broadcast) error { _, err := b.Start("ann", now); return err },
		"pause":   func(b *Broadcast) error { _, err := b.Pause("ann", now); return err },
		"cancel":  func(b *Broadcast) error { _, err := b.Cancel("ann", now); return err },
		"finish":  func(b *Broadcast) error { return b.Finish(now) },
	}
	want := map[BroadcastState]map[string]BroadcastState{
		BroadcastUnconfirmed: {"confirm": BroadcastSending, "cancel": BroadcastCancelled},
		BroadcastScheduled:   {"start": BroadcastSending, "pause": BroadcastPaused, "cancel": BroadcastCancelled},
		BroadcastSending: {"start": BroadcastSending, "pause": BroadcastPaused, "cancel": BroadcastCancelled,
			"ask": BroadcastUnconfirmed, "finish": BroadcastSent},
		BroadcastPaused:    {"start": BroadcastSending, "pause": BroadcastPaused, "cancel": BroadcastCancelled},
		BroadcastSent:      {},
		BroadcastCancelled: {"cancel": BroadcastCancelled},
	}
	for from, to := range want {
		for name, move := range moves {
			b := accepted(t, false, "")
			b.State = from
			before := len(b.History)
			err := move(b)
			after, allowed := to[name]
			switch {
			case allowed && (err != nil || b.State != after):
				t.Errorf("%s from %s: %s, %v; want %s", name, from, b.State, err, after)
			case !allowed && (!errors.Is(err, ErrBroadcastState) || b.State != from || len(b.History) != before):
				t.Errorf("%s from %s: %s, %v; want a refusal that changes nothing", name, from, b.State, err)
			case allowed && from == after && len(b.History) != before:
				t.Errorf("%s from %s is in the history though it changed nothing", name, from)
			}
		}
	}
}

func TestABroadcastIsSentAtItsTime(t *testing.T) {
	b := accepted(t, false, "2025-11-01 20:00")
	if b.State != BroadcastScheduled || b.DueAt == nil || !b.DueAt.Equal(at("2025-11-01 20:00")) || b.StartedAt != nil {
		t.Fatalf("%+v", b)
	}
	if err := b.Take("r1", at("2025-11-01 19:59:59")); !errors.Is(err, ErrBroadcastState) || b.Run != "" {
		t.Errorf("before its time: %v", err)
	}
	if err := b.Take("r1", at("2025-11-01 20:00")); err != nil || b.State != BroadcastSending || b.Run != "r1" {
		t.Errorf("at its time: %s, %v", b.State, err)
	}
	if last := b.History[len(b.History)-1]; last.Move != BroadcastStart || last.By != ByShop {
		t.Errorf("it was started by %+v", last)
	}
	b = accepted(t, true, "2025-11-01 20:00") // confirmed when its time is over
	if err := b.Confirm("bob", 3, at("2025-11-02 09:00")); err != nil || b.State != BroadcastSending {
		t.Errorf("confirmed late: %s, %v", b.State, err)
	}
	for when, fits := range map[string]bool{"2025-11-01 12:00": true, "2025-11-01 11:59:59": false, "2026-01-30 12:00": true, "2026-01-30 12:00:01": false} {
		then := at(when)
		if err := (&Broadcast{SendAt: &then}).CheckTime(at("2025-11-01 12:00")); errors.Is(err, ErrInvalidField) == fits {
			t.Errorf("send_at %s: %v", when, err)
		}
	}
}

func TestASecondPersonConfirmsWhatTheyHaveSeen(t *testing.T) {
	b := accepted(t, true, "")
	now := at("2025-11-01 13:00")
	if err := b.Confirm("ann", 3, now); !errors.Is(err, ErrSecondPerson) {
		t.Errorf("its author: %v", err)
	}
	if err := b.Confirm("bob", 2, now); !errors.Is(err, ErrAudienceChanged) {
		t.Errorf("another number: %v", err)
	}
	if b.State != BroadcastUnconfirmed || b.DueAt != nil || b.ConfirmedBy != "" {
		t.Errorf("a refusal changed %+v", b)
	}
	if err := b.Confirm("bob", 3, now); err != nil || b.ConfirmedBy != "bob" {
		t.Errorf("%s by %q: %v", b.State, b.ConfirmedBy, err)
	}
}

// TestASenderThatDiesIsReplaced follows the lease.
func TestASenderThatDiesIsReplaced(t *testing.T) {
	b, now := accepted(t, false, ""), at("2025-11-01 12:00")
	if err := b.Take("r1", now); err != nil {
		t.Fatal(err)
	}
	if err := b.Take("r2", now.Add(BroadcastLease-time.Millisecond)); !errors.Is(err, ErrBroadcastState) || b.Run != "r1" {
		t.Errorf("taken within the lease: %v", err)
	}
	b.Hold(now.Add(4 * time.Second))
	if err := b.Take("r2", now.Add(BroadcastLease)); !errors.Is(err, ErrBroadcastState) {
		t.Errorf("taken though it was held: %v", err)
	}
	if err := b.Take("r2", now.Add(4*time.Second+BroadcastLease)); err != nil || b.Run != "r2" {
		t.Errorf("not taken after the lease: %v", err)
	}

	// A marketer cancels, and the sender dies before it could count its last people.
	b.Counts = BroadcastCounts{Told: 200, Inbox: 200}
	if _, err := b.Cancel("ann", now); err != nil || b.DueAt == nil {
		t.Fatalf("no sender clears up: %v", err)
	}
	b.ClearUp(BroadcastCounts{Told: 150, Inbox: 150}, nil)
	if b.Counts.Told != 350 || b.Counts.Inbox != 350 || b.Run != "" || b.DueAt != nil {
		t.Errorf("cleared up: %+v", b)
	}

	// The same, but it is paused first, and cancelled long after that was looked at.
	b.State, b.Run = BroadcastSending, "r2"
	if _, err := b.Pause("ann", now); err != nil || b.DueAt == nil {
		t.Fatalf("no sender looks at it: %v", err)
	}
	b.ClearUp(BroadcastCounts{}, nil)
	if b.DueAt != nil {
		t.Errorf("paused it is looked at again at %v", b.DueAt)
	}
	if _, err := b.Cancel("ann", now.Add(time.Hour)); err != nil || b.DueAt == nil {
		t.Errorf("the people that the dead sender reached are not counted: %v", err)
	}
}

func TestTheEndCountsThePeopleThereReallyWere(t *testing.T) {
	b := accepted(t, false, "")
	b.Counts = b.Counts.Plus(BroadcastCounts{Told: 4, OptedOut: 1, Live: 2, Inbox: 4})
	if err := b.Finish(at("2025-11-01 12:01")); err != nil {
		t.Fatal(err)
	}
	if want := (BroadcastCounts{Audience: 5, Told: 4, OptedOut: 1, Live: 2, Inbox: 4}); b.Counts != want {
		t.Errorf("%+v", b.Counts)
	}
	if b.DueAt == nil || b.DueAt.Sub(*b.EndedAt) != FunnelFinal {
		t.Errorf("its funnel is final at %v", b.DueAt)
	}
}

func TestLinks(t *testing.T) {
	l := Links{PublicURL: "https://shop.example.com", Hosts: []string{"partner.example.com", "other.example.com:8443"}}
	for link, want := range map[string]string{
		"":                                       "",
		"/courses/go1?from=mail#offers":          "/courses/go1?from=mail#offers",
		"https://shop.example.com":               "/",
		"https://shop.example.com/courses/go1#o": "/courses/go1#o",
		"https://partner.example.com/x":          "https://partner.example.com/x",
		"https://other.example.com:8443/x":       "https://other.example.com:8443/x",
	} {
		if got, err := l.Clean(link); got != want || err != nil {
			t.Errorf("%q became %q, %v; want %q", link, got, err, want)
		}
	}
	for _, link := range []string{
		"javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x",
		"//evil.example", `/\evil.example`, `\\evil.example`, "https:evil.example", "http://partner.example.com/", "http://shop.example.com/",
		"https://evil.example/", "https://shop.example.com@evil.example/", "https://shop.example.com.evil.example/", "https://partner.example.com:444/",
		"https://user@partner.example.com/", "courses/go1", "?x=1", "#x", "mailto:a@b", "/课程", "/" + strings.Repeat("x", maxBroadcastLink),
	} {
		if got, err := l.Clean(link); !errors.Is(err, ErrLink) {
			t.Errorf("%q became %q, %v", link, got, err)
		}
	}
}

func TestAudiencesThatMakeNoSense(t *testing.T) {
	long := make([]string, MaxListed+1)
	for i := range long {
		long[i] = "u" + strings.Repeat("a", i%20) + string(rune('a'+i%26))
	}
	for name, tt := range map[string]struct {
		a    Audience
		want *Error
	}{
		"no kind":                   {Audience{}, ErrInvalidField},
		"an unknown kind":           {Audience{Kind: "everybody"}, ErrInvalidField},
		"a course without its id":   {Audience{Kind: AudienceCourse}, ErrInvalidField},
		"all with a course":         {Audience{Kind: AudienceAll, CourseID: "go1"}, ErrInvalidField},
		"a category without its id": {Audience{Kind: AudienceCategory}, ErrInvalidField},
		"a course with a category":  {Audience{Kind: AudienceCourse, CourseID: "go1", CategoryID: "x"}, ErrInvalidField},
		"expiring in no days":       {Audience{Kind: AudienceExpiring}, ErrInvalidField},
		"expiring in -1 days":       {Audience{Kind: AudienceExpiring, Days: -1}, ErrInvalidField},
		"expiring in two years":     {Audience{Kind: AudienceExpiring, Days: 730}, ErrInvalidField},
		"all with days":             {Audience{Kind: AudienceAll, Days: 3}, ErrInvalidField},
		"all with users":            {Audience{Kind: AudienceAll, UserIDs: []string{"u"}}, ErrInvalidField},
		"an operator for a course":  {Audience{Kind: AudienceCourse, CourseID: "$ne"}, ErrInvalidField},
		"an id that is none":        {Audience{Kind: AudienceUsers, UserIDs: []string{"u", "x:y"}}, ErrInvalidField},
		"no users":                  {Audience{Kind: AudienceUsers}, ErrAudienceEmpty},
		"too many users":            {Audience{Kind: AudienceUsers, UserIDs: long}, ErrAudienceTooLarge},
	} {
		if err := tt.a.Check(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	a := Audience{Kind: AudienceUsers, UserIDs: []string{"c", "a", "c", "b"}}
	if err := a.Check(); err != nil || !slices.Equal(a.UserIDs, []string{"a", "b", "c"}) {
		t.Errorf("%v, %v", a.UserIDs, err)
	}
}

// TestAudienceMembers has one learner's story for each row.
func TestAudienceMembers(t *testing.T) {
	kinds := []Audience{
		{Kind: AudienceCourse, CourseID: "c"}, {Kind: AudienceCategory, CategoryID: "k"},
		{Kind: AudienceExpiring, Days: 7}, {Kind: AudienceLapsed},
	}
	for _, tt := range []struct {
		name, now string
		story     func(*story)
		want      string // course, category, expiring, lapsed: y or n
	}{
		{"a learner that never had it", "2025-03-10", func(*story) {}, "nnnn"},
		{"a free month that goes on", "2025-03-10", func(s *story) { s.buys("s1", "2025-03-01") }, "yynn"},
		{"a free month with 7 days left to the instant", "2025-03-26", func(s *story) { s.buys("s1", "2025-03-01") }, "yyyn"},
		{"a free month with a second more left", "2025-03-25 23:59:59", func(s *story) { s.buys("s1", "2025-03-01") }, "yynn"},
		{"a free month that is over", "2025-04-02", func(s *story) { s.buys("s1", "2025-03-01") }, "yyny"},
		{"one that was continued before its end", "2025-03-31", func(s *story) { s.buys("s1", "2025-03-01"); s.buys("s2", "2025-03-20") }, "yynn"},
		{"one that was continued and has ended since", "2025-06-01", func(s *story) { s.buys("s1", "2025-03-01"); s.buys("s2", "2025-03-20") }, "yynn"},
		{"one that was bought for ever", "2025-06-01", func(s *story) { s.buys("s1", "2025-03-01"); s.buys("full", "2025-05-20") }, "yynn"},
		{"a month that was given back", "2025-06-01", func(s *story) { s.buys("full", "2025-05-20"); s.e.Revoke("o1") }, "nnnn"},
		{"a month that is being given back", "2025-03-30", func(s *story) { s.buys("s1", "2025-03-01"); s.e.Freeze("o1") }, "yynn"},
	} {
		s := newStory(t, ladderCourse())
		tt.story(s)
		got := ""
		for _, a := range kinds {
			in := a.Enrolled(s.e, func(course string) bool { return course == "c" }, at(tt.now))
			got += map[bool]string{true: "y", false: "n"}[in]
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	s := newStory(t, ladderCourse())
	s.buys("full", "2025-03-01")
	if (Audience{Kind: AudienceCourse, CourseID: "other"}).Enrolled(s.e, nil, at("2025-04-01")) {
		t.Error("a learner of one course is in the audience of another")
	}
	if (Audience{Kind: AudienceCategory, CategoryID: "other"}).Enrolled(s.e, func(string) bool { return false }, at("2025-04-01")) {
		t.Error("a learner of one category is in the audience of another")
	}
}

func TestWhatCountsAsBought(t *testing.T) {
	read := at("2025-11-01 12:00").Add(700 * time.Millisecond)
	order := func(course string, paidAt string, fen Fen) *Order {
		when := at(paidAt)
		return &Order{Paid: fen, PaidAt: &when, Lines: []OrderLine{{CourseID: course}}}
	}
	linked, open := &Broadcast{Link: "/courses/go1?from=b"}, &Broadcast{Link: "/courses"}
	for _, tt := range []struct {
		name string
		b    *Broadcast
		o    *Order
		want bool
	}{
		{"the linked course within a week", linked, order("go1", "2025-11-08 12:00", 100), true},
		{"a moment after the week", linked, order("go1", "2025-11-08 12:00:01", 100), false},
		{"before it was read", linked, order("go1", "2025-11-01 11:59:59", 100), false},
		{"in the second in which it was read", linked, order("go1", "2025-11-01 12:00", 100), true},
		{"for nothing", linked, order("go1", "2025-11-02", 0), false},
		{"not paid", linked, &Order{Lines: []OrderLine{{CourseID: "go1"}}}, false},
		{"another course", linked, order("go10", "2025-11-02", 100), false},
		{"any course where none is linked", open, order("go10", "2025-11-02", 100), true},
	} {
		if got := tt.b.Brought(tt.o, read); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

func TestMessageReasons_SkippedWithoutADelivery_HaveNotAsked(t *testing.T) {
	got := MessageReasons(MessageCounts{Failed: 3, Skipped: 9}, map[string]int64{"43101": 1, FailedLate: 2}, map[string]int64{SkipNotFollowing: 1, SkipNotSubscribed: 2})
	want := []MessageReason{
		{DeliverySkipped, SkipNotSubscribed, 8}, {DeliveryFailed, FailedLate, 2}, {DeliveryFailed, "43101", 1}, {DeliverySkipped, SkipNotFollowing, 1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := MessageReasons(MessageCounts{Skipped: 2}, nil, nil); !slices.Equal(got, []MessageReason{{DeliverySkipped, SkipNotSubscribed, 2}}) {
		t.Errorf("without a delivery: %v", got)
	}
}
