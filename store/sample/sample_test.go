package sample

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/shop"
)

var now = time.Date(2025, 3, 1, 2, 0, 0, 0, time.UTC)

func TestThereAre8CategoriesOf6Courses(t *testing.T) {
	count := map[string]int{}
	for _, c := range Courses(now) {
		count[c.CategoryID]++
	}
	if n := len(Categories()); n != 8 || len(count) != 8 {
		t.Fatalf("%d categories, courses in %d, want 8 and 8", n, len(count))
	}
	for i, cat := range Categories() {
		if !shop.ValidID(cat.ID) || cat.Name == "" || cat.Order != i+1 {
			t.Errorf("category %+v is not a shelf at place %d", cat, i+1)
		}
		if count[cat.ID] != 6 {
			t.Errorf("category %s has %d courses, want 6", cat.ID, count[cat.ID])
		}
	}
}

// An editor could save and publish every course as it stands.
func TestEveryCourseIsOneTheShopWouldTake(t *testing.T) {
	for _, c := range Courses(now) {
		if c.State != shop.CourseOnSale || len(c.Versions) != 1 || c.Current().Version != 1 {
			t.Errorf("%s: state %s with %d versions, want one on sale", c.ID, c.State, len(c.Versions))
		}
		if err := c.ValidateOutline(); err != nil {
			t.Errorf("%s: the outline is refused: %v", c.ID, err)
		}
		v, noNewIDs := c.Current(), func() string { t.Errorf("%s: a policy has no id", c.ID); return "x" }
		if err := c.Publish(v.Policies, v.Ladder, noNewIDs, now); err != nil {
			t.Errorf("%s: the policies are refused: %v", c.ID, err)
		}
	}
}

func TestIDsAreUnique(t *testing.T) {
	courses, policies, titles := map[string]bool{}, map[string]bool{}, map[string]bool{}
	once := func(seen map[string]bool, what, key string) {
		if seen[key] {
			t.Errorf("%s %q is there twice", what, key)
		}
		seen[key] = true
	}
	validOnce := func(seen map[string]bool, what, id string) {
		once(seen, what, id)
		if !shop.ValidID(id) {
			t.Errorf("%s %q is not an id", what, id)
		}
	}
	for _, c := range Courses(now) {
		validOnce(courses, "course", c.ID)
		once(titles, "title", c.Title)
		for _, p := range c.Current().Policies {
			validOnce(policies, "policy", p.ID)
		}
		lessons := map[string]bool{}
		for _, ch := range c.Chapters {
			for _, l := range ch.Lessons {
				validOnce(lessons, c.ID+"'s lesson", l.ID)
			}
		}
	}
	if len(courses) != 48 {
		t.Errorf("%d courses, want 48", len(courses))
	}
}

func TestOutlinesLookLikeCourses(t *testing.T) {
	for _, c := range Courses(now) {
		previews := 0
		if n := len(c.Chapters); n < 4 || n > 8 {
			t.Errorf("%s has %d chapters, want 4 to 8", c.ID, n)
		}
		for _, ch := range c.Chapters {
			if n := len(ch.Lessons); n < 3 || n > 8 {
				t.Errorf("%s, %s: %d lessons, want 3 to 8", c.ID, ch.Title, n)
			}
			for _, l := range ch.Lessons {
				checkLesson(t, c.ID, l)
				if l.Preview {
					previews++
				}
			}
		}
		if previews < 1 || previews > 2 {
			t.Errorf("%s has %d preview lessons, want 1 or 2", c.ID, previews)
		}
		sentences := strings.Count(c.Description, "。") + strings.Count(c.Description, "？")
		if sentences < 3 || c.Teacher.Title == "" || c.Teacher.Intro == "" || c.Subtitle == "" {
			t.Errorf("%s says too little about itself", c.ID)
		}
	}
}

func checkLesson(t *testing.T, course string, l shop.Lesson) {
	t.Helper()
	if l.MediaID != "" { // it lasts as long as its file
		if l.Duration != filmSeconds && l.Duration != tuneSeconds {
			t.Errorf("%s: lesson %s takes %d s, unlike its file", course, l.ID, l.Duration)
		}
		return
	}
	lo, hi := 300, 1440
	if l.Kind == "text" {
		lo, hi = 120, 480
	}
	if l.Duration < lo || l.Duration >= hi {
		t.Errorf("%s: %s lesson %s takes %d s, want %d to %d", course, l.Kind, l.ID, l.Duration, lo, hi)
	}
	if l.Title == "" || strings.ContainsAny(l.Title[:1], "+#") {
		t.Errorf("%s: lesson %s shows a mark: %q", course, l.ID, l.Title)
	}
}

func TestEveryVersionHasOneDefaultAndItIsTheFirst(t *testing.T) {
	for _, c := range Courses(now) {
		for i, p := range c.Current().Policies {
			if p.Default != (i == 0) {
				t.Errorf("%s: policy %s default is %v at place %d", c.ID, p.ID, p.Default, i)
			}
		}
	}
}

func TestTenCoursesHaveTheLadder(t *testing.T) {
	var ladders, credited, lapsing, exact int
	for _, c := range Courses(now) {
		v := c.Current()
		if v.Policies[0].Kind != shop.KindStage {
			if v.Ladder != (shop.Ladder{CreditMode: shop.CreditNone}) {
				t.Errorf("%s has no stages, yet its ladder says %+v", c.ID, v.Ladder)
			}
			continue
		}
		ladders++
		checkLadder(t, c.ID, v.Policies)
		if v.Ladder.CreditMode == shop.CreditPaidTotal {
			credited++
		}
		if v.Ladder.LapseAfterDays == 30 {
			lapsing++
		}
		if slices.Equal(pricesOf(v), []shop.Fen{0, 20000, 30000, 99900}) {
			exact++
		}
	}
	if ladders != 10 || credited == 0 || credited == ladders || lapsing != 1 || exact != 1 {
		t.Errorf("%d ladders, %d with credit, %d lapsing after 30 days, %d of 0/200/300/999; want 10, some, 1, 1",
			ladders, credited, lapsing, exact)
	}
}

// checkLadder wants a free month, a fifth, three tenths and the full price, the middle
// two in tens of yuan.
func checkLadder(t *testing.T, course string, policies []shop.PricePolicy) {
	t.Helper()
	if len(policies) != 4 || policies[3].Kind != shop.KindLifetime {
		t.Fatalf("%s: not three stages and the full price: %+v", course, policies)
	}
	full := policies[3].Price
	for i, want := range []shop.Fen{0, full * 20 / 100, full * 30 / 100} {
		p := policies[i]
		if p.Kind != shop.KindStage || p.Stage != i+1 || *p.Period != (shop.Period{Unit: shop.Month, Count: 1}) {
			t.Errorf("%s: %+v is not the month of stage %d", course, p, i+1)
		}
		if off := p.Price - want; p.Price%1000 != 0 || off < -500 || off > 500 {
			t.Errorf("%s: stage %d costs %d, want about %d in tens of yuan", course, i+1, p.Price, want)
		}
	}
}

func pricesOf(v shop.PolicyVersion) (all []shop.Fen) {
	for _, p := range v.Policies {
		all = append(all, p.Price)
	}
	return all
}

func TestEveryWayOfSellingIsThere(t *testing.T) {
	ways := map[string]int{}
	for _, c := range Courses(now) {
		policies := c.Current().Policies
		last := policies[len(policies)-1]
		if len(policies) == 1 {
			ways[fmt.Sprintf("lifetime alone at %d", last.Price)]++
			ways["lifetime alone"]++
		}
		hasLifetime := slices.ContainsFunc(policies, func(p shop.PricePolicy) bool { return p.Kind == shop.KindLifetime })
		for _, p := range policies {
			if p.Kind != shop.KindPeriod {
				continue
			}
			ways[fmt.Sprintf("%d %s", p.Period.Count, p.Period.Unit)]++
			ways[fmt.Sprintf("period with lifetime: %v", hasLifetime)]++
		}
	}
	for _, way := range []string{"lifetime alone", "lifetime alone at 0", "lifetime alone at 1", "lifetime alone at 1999",
		"1 month", "3 month", "12 month", "7 day", "period with lifetime: true", "period with lifetime: false"} {
		if ways[way] == 0 {
			t.Errorf("no course sells %s", way)
		}
	}
}

func TestCoursesCameOutOneAfterAnother(t *testing.T) {
	seen := map[time.Time]string{}
	for _, c := range Courses(now) {
		at := c.CreatedAt
		if !at.Before(now) || at.Before(now.AddDate(0, -9, 0)) {
			t.Errorf("%s came out at %s, want within 9 months before now", c.ID, at)
		}
		if at != c.UpdatedAt || at != c.Current().PublishedAt {
			t.Errorf("%s: created, updated and published differ", c.ID)
		}
		if other := seen[at]; other != "" {
			t.Errorf("%s and %s came out together", c.ID, other)
		}
		seen[at] = c.ID
	}
}

// A change of the catalogue on purpose writes the new sum here.
func TestTheCatalogueIsTheSameEverywhere(t *testing.T) {
	const golden = "9a62c286825552e547821deb13a67b9f9cd531e54ea15cc15b5407f52cbf9682"
	all := []any{Categories(), Accounts()}
	for _, c := range Courses(now) { // what a buyer sees, so that a new field of shop.Course changes no sum
		all = append(all, c.ID, c.CategoryID, c.Title, c.Subtitle, c.Cover, c.Description, c.Teacher, c.Chapters, c.Versions, c.CreatedAt)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(text)); sum != golden {
		t.Errorf("the catalogue's sum is %s, want %s", sum, golden)
	}
}

func TestOneAccountForEachRole(t *testing.T) {
	var roles []string
	for _, a := range Accounts() {
		roles = append(roles, a.Role)
		if a.Username != a.Role || a.Password != a.Role+"-demo-password" || a.Name == "" {
			t.Errorf("account %s is not like its role", a.Username)
		}
	}
	if want := []string{"learner", "editor", "marketer", "finance", "support", "admin"}; !slices.Equal(roles, want) {
		t.Errorf("roles are %v, want %v", roles, want)
	}
}
