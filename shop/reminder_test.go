package shop

import (
	"fmt"
	"slices"
	"testing"
)

// reminded is the reminder due about an access through a day: the kind, the days left, and what
// there is to go on with; "nothing" where there is nothing to say.
func (s *story) reminded(through, when string) string {
	r, ok := s.c.Remind(s.history(), at(through).AddDate(0, 0, 1), at(when))
	if !ok {
		return "nothing"
	}
	told := fmt.Sprintf("%s, %d left: %s", r.Kind, r.DaysLeft, listed(r.Next))
	if !r.OnSale {
		told += "off sale"
	}
	if string(r.LastDay) != through || r.CourseID != s.c.ID || r.Title != s.c.Title {
		s.Errorf("on %s: %+v is not about course %s through %s", when, r, s.c.ID, through)
	}
	return told
}

func TestRemindersBeforeAndAtTheEnd(t *testing.T) {
	const through = "2025-04-01" // of the free month taken on 1 March
	tests := []struct {
		name, when, want string
	}{
		{"nothing is said while more than seven days are left", "2025-03-25 23:59:59", "nothing"},
		{"the first comes as the seventh day before the end begins", "2025-03-26 00:00", "access_ends_in_7, 7 left: s2 200, full 999"},
		{"a late look says how many days are really left", "2025-03-28 12:00", "access_ends_in_7, 5 left: s2 200, full 999"},
		{"the second comes three days before", "2025-03-30 00:00", "access_ends_in_3, 3 left: s2 200, full 999"},
		{"and holds through the day after", "2025-03-31 23:59:59", "access_ends_in_3, 2 left: s2 200, full 999"},
		{"the third comes on the last day", "2025-04-01 00:00", "access_ends_in_1, 1 left: s2 200, full 999"},
		{"and is true to its last second", "2025-04-01 23:59:59", "access_ends_in_1, 1 left: s2 200, full 999"},
		{"the last comes at the end", "2025-04-02 00:00", "access_ended, 0 left: s2 200, full 999"},
		{"a shop that was down over the end says that only", "2025-06-10 09:00", "access_ended, 0 left: s2 200, full 999"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStory(t, ladderCourse())
			s.buys("s1", "2025-03-01 10:00")
			if got := s.reminded(through, tt.when); got != tt.want {
				t.Errorf("reminded of %q, want %q", got, tt.want)
			}
		})
	}
}

// TestWhatAReminderSays plays stories that begin with a free month from 1 March through 1 April;
// S2 then runs through 1 May.
func TestWhatAReminderSays(t *testing.T) {
	tests := []struct {
		name          string
		happens       func(*story)
		through, when string
		want          string
	}{
		{"a renewal before the day makes the reminders of the old end moot",
			func(s *story) { s.buys("s2", "2025-03-20") }, "2025-04-01", "2025-03-26", "nothing"},
		{"and the old end itself",
			func(s *story) { s.buys("s2", "2025-03-20") }, "2025-04-01", "2025-04-02", "nothing"},
		{"they come before the new end instead, with the stage after",
			func(s *story) { s.buys("s2", "2025-03-20") }, "2025-05-01", "2025-04-25", "access_ends_in_7, 7 left: s3 300, full 999"},
		{"a renewal between two reminders leaves the second unsaid",
			func(s *story) { s.buys("s2", "2025-03-27") }, "2025-04-01", "2025-03-30", "nothing"},
		{"P13 a buyer of the full price is never reminded",
			func(s *story) { s.buys("full", "2025-03-05") }, "2025-04-01", "2025-03-26", "nothing"},
		{"P13 nor reminded that the free month ended",
			func(s *story) { s.buys("full", "2025-03-05") }, "2025-04-01", "2025-04-02", "nothing"},
		{"P26 off sale there is nothing to go on with",
			func(s *story) { s.c.State = CourseOffSale }, "2025-04-01", "2025-03-26", "access_ends_in_7, 7 left: off sale"},
		{"a free month that was given back is not spoken of",
			func(s *story) { s.refunds("o1", "2025-03-20", 0) }, "2025-04-01", "2025-03-26", "nothing"},
		{"nor its end",
			func(s *story) { s.refunds("o1", "2025-03-20", 0) }, "2025-04-01", "2025-04-02", "nothing"},
		{"while a refund is under way the end is not known",
			func(s *story) { s.buys("s2", "2025-03-20"); s.e.Freeze("o2") }, "2025-04-01", "2025-03-26", "nothing"},
		{"neither of them",
			func(s *story) { s.buys("s2", "2025-03-20"); s.e.Freeze("o2") }, "2025-05-01", "2025-04-25", "nothing"},
		{"a refund that came to nothing leaves the end where it was",
			func(s *story) { s.buys("s2", "2025-03-20"); s.e.Freeze("o2"); s.e.Unfreeze("o2") }, "2025-05-01", "2025-05-02", "access_ended, 0 left: s3 300, full 999"},
		{"a renewal that was refunded moves the end back",
			func(s *story) { s.buys("s2", "2025-03-20"); s.refunds("o2", "2025-03-22", 200*yuan) }, "2025-04-01", "2025-03-30", "access_ends_in_3, 3 left: s2 200, full 999"},
		{"and is not spoken of itself",
			func(s *story) { s.buys("s2", "2025-03-20"); s.refunds("o2", "2025-03-22", 200*yuan) }, "2025-05-01", "2025-04-25", "nothing"},
		{"a month refunded while it ran did not end by itself",
			func(s *story) { s.buys("s2", "2025-03-20"); s.refunds("o2", "2025-04-05", 180*yuan) }, "2025-05-01", "2025-05-02", "nothing"},
		{"a learner that came back after a gap has left the old end behind",
			func(s *story) { s.buys("s2", "2025-04-03") }, "2025-04-01", "2025-04-04", "nothing"},
		{"after the last stage only the full price is left",
			func(s *story) { s.buys("s2", "2025-03-20"); s.buys("s3", "2025-04-05") }, "2025-06-01", "2025-05-31", "access_ends_in_3, 2 left: full 999"},
		{"a ladder that has lapsed is not offered any more",
			func(s *story) { s.c.Versions[0].Ladder.LapseAfterDays = 30 }, "2025-04-01", "2025-05-02", "access_ended, 0 left: full 999"},
		{"the price is the one that the holder was promised",
			func(s *story) { publish(s.c, Ladder{}, stage("s1", 1, 0), stage("s2", 2, 260), lifetime("full", 1299)) }, "2025-04-01", "2025-03-26", "access_ends_in_7, 7 left: s2 200, full 999"},
		{"stages that were paid are credited in it",
			func(s *story) {
				s.c.Versions[0].Ladder.CreditMode = CreditPaidTotal
				s.buys("s2", "2025-03-20")
			}, "2025-05-01", "2025-04-25", "access_ends_in_7, 7 left: s3 300, full 799"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStory(t, ladderCourse())
			s.buys("s1", "2025-03-01 10:00")
			tt.happens(s)
			if got := s.reminded(tt.through, tt.when); got != tt.want {
				t.Errorf("reminded of %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNoReminderOfACourseNeverHad(t *testing.T) {
	if r, ok := ladderCourse().Remind(PurchaseHistory{TrialUsed: true}, at("2025-04-02"), at("2025-04-02")); ok {
		t.Errorf("told %+v", r)
	}
}

func TestTheNextReminder(t *testing.T) {
	tests := []struct {
		name, now, want string
	}{
		{"of a month just bought comes seven days before the end", "2025-03-01 10:00", "2025-03-26 00:00"},
		{"stays until that instant", "2025-03-25 23:59", "2025-03-26 00:00"},
		{"is the one three days before from then on", "2025-03-26 00:00", "2025-03-30 00:00"},
		{"is the one on the last day after that", "2025-03-30 08:00", "2025-04-01 00:00"},
		{"of an access bought on the last day is its end", "2025-04-01 10:00", "2025-04-02 00:00"},
		{"is none at the end", "2025-04-02 00:00", "none"},
		{"nor later", "2026-04-02 00:00", "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := "none"
			if next, ok := NextReminder(at("2025-04-02"), at(tt.now)); ok {
				got = next.In(shanghai).Format("2006-01-02 15:04")
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestALearnerGetsEachReminderOnce goes from one reminder to the next, as a shop does.
func TestALearnerGetsEachReminderOnce(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01 10:00")
	end := at("2025-04-02")
	var told []ReminderKind
	next, more := NextReminder(end, at("2025-03-01 10:00"))
	for ; more; next, more = NextReminder(end, next) {
		if r, ok := s.c.Remind(s.history(), end, next); ok {
			told = append(told, r.Kind)
		}
	}
	if want := []ReminderKind{EndsIn7, EndsIn3, EndsIn1, AccessEnded}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
