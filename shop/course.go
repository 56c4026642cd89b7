package shop

import (
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Category is a shelf of the catalogue. A hidden one is not shown to buyers, its courses are. A closed one is deleted: it
// comes back where a course stands on it after all.
type Category struct {
	ID     string `bson:"_id" json:"id"`
	Name   string `bson:"name" json:"name"`
	Order  int    `bson:"order" json:"-"`
	Hidden bool   `bson:"hidden" json:"-"`
	Closed bool   `bson:"closed" json:"-"`
	V      int64  `bson:"v" json:"-"`
}

// CourseState says whether a course can be bought.
type CourseState string

// A course begins as a draft, which only editors see; off sale it stays open to its buyers, but
// sells nothing.
const (
	CourseDraft   CourseState = "draft"
	CourseOnSale  CourseState = "on_sale"
	CourseOffSale CourseState = "off_sale"
)

// Level says how much a course asks of its learners.
type Level string

// Levels, from what asks nothing; a course need not have one.
const (
	LevelBeginner     Level = "beginner"
	LevelIntermediate Level = "intermediate"
	LevelAdvanced     Level = "advanced"
)

// Levels are all of them in their order.
var Levels = []Level{LevelBeginner, LevelIntermediate, LevelAdvanced}

// Course is what the shop sells: an outline and the price policies, kept in versions
// that are published whole and never edited.
type Course struct {
	ID          string          `bson:"_id"`
	State       CourseState     `bson:"state"`
	Title       string          `bson:"title"`
	Subtitle    string          `bson:"subtitle"`
	Cover       string          `bson:"cover"`
	CategoryID  string          `bson:"category_id"`
	Teacher     Teacher         `bson:"teacher"`
	Level       Level           `bson:"level"`
	Description string          `bson:"description"`
	Chapters    []Chapter       `bson:"chapters"`
	Versions    []PolicyVersion `bson:"versions"`
	Learners    int64           `bson:"learners"`
	TakenDown   bool            `bson:"taken_down"` // off sale by law: what is paid and not granted yet goes back
	Plan        *CoursePlan     `bson:"plan"`       // what becomes of it by itself, or became last
	V           int64           `bson:"v"`
	CreatedAt   time.Time       `bson:"created_at"`
	UpdatedAt   time.Time       `bson:"updated_at"`
}

// Teacher is the teacher as the course page names one.
type Teacher struct {
	Name  string `bson:"name" json:"name"`
	Title string `bson:"title" json:"title"`
	Intro string `bson:"intro" json:"intro"`
}

// Chapter is a part of the outline.
type Chapter struct {
	Title   string   `bson:"title" json:"title"`
	Lessons []Lesson `bson:"lessons" json:"lessons"`
}

// Kinds of lessons.
const (
	LessonVideo = "video"
	LessonAudio = "audio"
	LessonText  = "text"
)

// Lesson is one thing to watch, hear or read. Duration is in seconds. A preview lesson is
// open to everybody.
type Lesson struct {
	ID       string `bson:"id" json:"id"`
	Title    string `bson:"title" json:"title"`
	Kind     string `bson:"kind" json:"kind"` // LessonVideo, LessonAudio, LessonText
	Duration int    `bson:"duration_s" json:"duration_s"`
	Preview  bool   `bson:"preview" json:"preview"`
	URL      string `bson:"url,omitempty" json:"url,omitempty"`
	MediaID  string `bson:"media_id,omitempty" json:"media_id,omitempty"` // a file of the shop's own, see Media

	Attachments []Attachment `bson:"attachments,omitempty" json:"attachments,omitempty"`
	Captions    []Caption    `bson:"captions,omitempty" json:"captions,omitempty"`
}

// Attachment is a file that goes with a lesson, to be downloaded under a name.
type Attachment struct {
	MediaID string `bson:"media_id" json:"media_id"`
	Name    string `bson:"name" json:"name"`
}

// Caption is a file of captions of a lesson: KindCaption in a language, a tag of BCP 47.
type Caption struct {
	MediaID  string `bson:"media_id" json:"media_id"`
	Language string `bson:"language" json:"language"`
	Label    string `bson:"label" json:"label"`
}

// Current is the newest version of the course's price policies, zero where none was
// published yet.
func (c *Course) Current() PolicyVersion {
	if len(c.Versions) == 0 {
		return PolicyVersion{}
	}
	return c.Versions[len(c.Versions)-1]
}

// Version is the n-th published version of the price policies; ok is false where there
// is none.
func (c *Course) Version(n int) (v PolicyVersion, ok bool) {
	i := slices.IndexFunc(c.Versions, func(v PolicyVersion) bool { return v.Version == n })
	if i < 0 {
		return PolicyVersion{}, false
	}
	return c.Versions[i], true
}

// Lesson finds a lesson by its id.
func (c *Course) Lesson(id string) (Lesson, bool) {
	for _, ch := range c.Chapters {
		for _, l := range ch.Lessons {
			if l.ID == id {
				return l, true
			}
		}
	}
	return Lesson{}, false
}

// LessonIDs are the ids of the lessons of all chapters.
func (c *Course) LessonIDs() []string {
	ids := []string{}
	for _, ch := range c.Chapters {
		for _, l := range ch.Lessons {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// Lessons counts the lessons of all chapters.
func (c *Course) Lessons() (n int) {
	for _, ch := range c.Chapters {
		n += len(ch.Lessons)
	}
	return n
}

// Duration is the length of all lessons in seconds.
func (c *Course) Duration() (s int) {
	for _, ch := range c.Chapters {
		for _, l := range ch.Lessons {
			s += l.Duration
		}
	}
	return s
}

// summaryText bounds one entry of a course's summary, in characters.
const summaryText = 400

// Summary is what the course is, by name and in short, to see what an edit of it has changed.
func (c *Course) Summary() map[string]string {
	now := c.Current()
	all := map[string]string{
		"state": string(c.State), "title": c.Title, "subtitle": c.Subtitle, "cover": c.Cover, "category_id": c.CategoryID,
		"teacher": strings.TrimSpace(c.Teacher.Name + " " + c.Teacher.Title), "description": c.Description,
		"outline": outlineText(c.Chapters), "prices": pricesText(now.Policies), "ladder": fmt.Sprintf("%s %d", now.Ladder.CreditMode, now.Ladder.LapseAfterDays),
		"taken_down": strconv.FormatBool(c.TakenDown), "plan": c.Plan.text(),
	}
	for name, text := range all {
		if short := Cut(text, summaryText); short != text { // the sum shows a change behind the cut
			all[name] = fmt.Sprintf("%s… #%08x", short, crc32.ChecksumIEEE([]byte(text)))
		}
	}
	return all
}

func outlineText(chapters []Chapter) string {
	var text strings.Builder
	for _, ch := range chapters {
		text.WriteString(ch.Title + ": ")
		for _, l := range ch.Lessons {
			text.WriteString(l.Title + ", ")
		}
	}
	return text.String()
}

func pricesText(policies []PricePolicy) string {
	var all []string
	for _, p := range policies {
		all = append(all, p.Name+" "+p.Price.Yuan())
	}
	return strings.Join(all, "; ")
}

// PlanAction is what a plan does to a course.
type PlanAction string

// A course is put on sale or taken off sale by a plan.
const (
	PlanPublish   PlanAction = "publish"
	PlanUnpublish PlanAction = "unpublish"
)

// PlanState is how far a plan is.
type PlanState string

// A plan waits for its time; then it is done, or has failed with a reason. Either stays in the course until the next plan.
const (
	PlanWaiting PlanState = "waiting"
	PlanDone    PlanState = "done"
	PlanFailed  PlanState = "failed"
)

// CoursePlan is what becomes of a course by itself at a time of the shop's clock, in the name of the user By.
type CoursePlan struct {
	ID      string         `bson:"id"`
	Action  PlanAction     `bson:"action"`
	At      time.Time      `bson:"at"`
	Prices  *PlannedPrices `bson:"prices,omitempty"` // published then; nil: the prices stay
	By      string         `bson:"by"`
	MadeAt  time.Time      `bson:"made_at"`
	State   PlanState      `bson:"state"`
	EndedAt *time.Time     `bson:"ended_at,omitempty"`
	Reason  string         `bson:"reason,omitempty"` // the code of why it has failed
	Param   string         `bson:"param,omitempty"`  // the field that the reason is at
}

// PlannedPrices are published by a plan. After is the version that they follow: another that was published since is not
// replaced.
type PlannedPrices struct {
	Policies []PricePolicy `bson:"policies"`
	Ladder   Ladder        `bson:"ladder"`
	After    int           `bson:"after"`
}

const maxPlanAhead = 366 * 24 * time.Hour

// Waits reports whether a plan is still to be carried out.
func (p *CoursePlan) Waits() bool { return p != nil && p.State == PlanWaiting }

// text is a plan in short.
func (p *CoursePlan) text() string {
	if p == nil {
		return ""
	}
	text := fmt.Sprintf("%s %s %s", p.Action, p.At.UTC().Format(time.RFC3339), p.State)
	if p.Prices != nil {
		text += " (" + pricesText(p.Prices.Policies) + ")"
	}
	return strings.TrimSpace(text + " " + p.Reason)
}

// MakePlan gives the course a plan in place of the one before. A time that is over or more than a year ahead is
// ErrPlanTime; a plan that would change nothing is ErrPlanNeedless; what could not be done now is refused as by hand. A
// course that the law has taken off sale is ErrCourseTakenDown. A refusal leaves the course as it was.
func (c *Course) MakePlan(p CoursePlan, now time.Time) error {
	if !p.At.After(now) || p.At.After(now.Add(maxPlanAhead)) {
		return ErrPlanTime
	}
	tried := *c
	if err := tried.follow(&p, func() string { return "new" }, now); err != nil {
		return err
	}
	if tried.State == c.State && p.Prices == nil {
		return ErrPlanNeedless
	}
	p.At, p.MadeAt, p.State = p.At.UTC().Truncate(time.Millisecond), now.UTC(), PlanWaiting
	c.Plan = &p
	return nil
}

// CarryOut does what the plan with this id says once its time has come, and reports whether it did, or noted why it cannot.
// Of a plan that has ended, was withdrawn, or gave way to another, nothing is done.
func (c *Course) CarryOut(planID string, newID func() string, now time.Time) bool {
	if !c.Plan.Waits() || c.Plan.ID != planID || now.Before(c.Plan.At) {
		return false
	}
	after := *c
	if err := after.follow(c.Plan, newID, now); err != nil {
		c.failPlan(err, now)
		return true
	}
	after.endPlan(PlanDone, now)
	*c = after
	return true
}

// follow does what a plan says. It may leave the course half changed where it is refused.
func (c *Course) follow(p *CoursePlan, newID func() string, now time.Time) error {
	switch p.Action {
	case PlanUnpublish:
		if p.Prices != nil {
			return ErrInvalidField.At("policies")
		}
		if c.State == CourseOnSale {
			c.State = CourseOffSale
		}
		return nil
	case PlanPublish:
		return c.followToSale(p.Prices, newID, now)
	}
	return ErrInvalidField.At("action")
}

func (c *Course) followToSale(prices *PlannedPrices, newID func() string, now time.Time) error {
	if c.TakenDown {
		return ErrCourseTakenDown
	}
	if prices != nil {
		if prices.After != c.Current().Version {
			return ErrEditConflict
		}
		if err := c.Publish(prices.Policies, prices.Ladder, newID, now); err != nil {
			return err
		}
	}
	if len(c.Current().Policies) == 0 {
		return ErrNoPolicies
	}
	c.State = CourseOnSale
	return nil
}

// TakeOffSale takes a course off sale; a draft stays one. Where the law wants it, a plan to sell it fails at once.
func (c *Course) TakeOffSale(legal bool, now time.Time) {
	if c.State == CourseOnSale {
		c.State = CourseOffSale
	}
	c.TakenDown = c.TakenDown || legal
	switch {
	case !c.Plan.Waits():
	case c.Plan.Action == PlanUnpublish:
		c.Plan = nil
	case legal:
		c.failPlan(ErrCourseTakenDown, now)
	}
}

// PutOnSale puts a course on sale; ErrNoPolicies where it has no price. A plan that wanted no more is needed no more.
func (c *Course) PutOnSale() error {
	if len(c.Current().Policies) == 0 {
		return ErrNoPolicies
	}
	c.State, c.TakenDown = CourseOnSale, false
	if c.Plan.Waits() && c.Plan.Action == PlanPublish && c.Plan.Prices == nil {
		c.Plan = nil
	}
	return nil
}

func (c *Course) failPlan(why error, now time.Time) {
	c.endPlan(PlanFailed, now)
	c.Plan.Reason = ErrInternal.Code
	var refusal *Error
	if errors.As(why, &refusal) {
		c.Plan.Reason, c.Plan.Param = refusal.Code, refusal.Param
	}
}

// endPlan gives the course a plan of its own that has ended: the one before may be shared.
func (c *Course) endPlan(state PlanState, now time.Time) {
	ended, at := *c.Plan, now.UTC()
	ended.State, ended.EndedAt = state, &at
	c.Plan = &ended
}
