package shop

import (
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
		"taken_down": strconv.FormatBool(c.TakenDown),
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
