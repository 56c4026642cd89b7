package shop

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// The limits of a course's outline; texts in characters, durations in seconds.
const (
	MaxTitle       = 80
	maxSubtitle    = 120
	maxIntro       = 2000
	maxDescription = 20_000
	maxChapters    = 100
	maxLessons     = 200 // in one chapter
	maxDuration    = 24 * 60 * 60
	maxURL         = 500
	maxAttachments = 20 // of a lesson
	maxCaptions    = 10 // of a lesson
	maxFileName    = 120
)

// ValidateOutline checks what an editor says about a course besides its prices: the texts,
// the teacher, the chapters and their lessons, and brings the texts into the form in which
// they are kept (CleanLine, CleanText). A lesson without an id is a new one. The refusal is
// ErrInvalidField at the field, `chapters[0].lessons[3].url`.
func (c *Course) ValidateOutline() error {
	field := ""
	switch {
	case !isLine(&c.Title, 1, MaxTitle):
		field = "title"
	case !isLine(&c.Subtitle, 0, maxSubtitle):
		field = "subtitle"
	case c.Cover != "" && !isAddress(c.Cover):
		field = "cover"
	case !ValidID(c.CategoryID):
		field = "category_id"
	case c.Level != "" && !slices.Contains(Levels, c.Level):
		field = "level"
	case !isText(&c.Description, maxDescription):
		field = "description"
	case len(c.Chapters) > maxChapters:
		field = "chapters"
	default:
		if field = c.Teacher.wrongField(); field == "" {
			field = wrongChapter(c.Chapters)
		}
	}
	if field != "" {
		return ErrInvalidField.At(field)
	}
	return nil
}

func (t *Teacher) wrongField() string {
	switch {
	case !isLine(&t.Name, 1, MaxTitle):
		return "teacher.name"
	case !isLine(&t.Title, 0, MaxTitle):
		return "teacher.title"
	case !isText(&t.Intro, maxIntro):
		return "teacher.intro"
	}
	return ""
}

// wrongChapter names the first field of the chapters that cannot be, "" where all is well.
func wrongChapter(chapters []Chapter) string {
	ids := map[string]bool{}
	for i := range chapters {
		ch := &chapters[i]
		at := fmt.Sprintf("chapters[%d].", i)
		if !isLine(&ch.Title, 1, MaxTitle) {
			return at + "title"
		}
		if len(ch.Lessons) > maxLessons {
			return at + "lessons"
		}
		for j := range ch.Lessons {
			l := &ch.Lessons[j]
			field := l.wrongField()
			if field == "" && ids[l.ID] {
				field = "id"
			}
			if field != "" {
				return fmt.Sprintf("%slessons[%d].%s", at, j, field)
			}
			ids[l.ID] = l.ID != ""
		}
	}
	return ""
}

func (l *Lesson) wrongField() string {
	switch {
	case l.ID != "" && !ValidID(l.ID):
		return "id"
	case !isLine(&l.Title, 1, MaxTitle):
		return "title"
	case l.Kind != LessonVideo && l.Kind != LessonAudio && l.Kind != LessonText:
		return "kind"
	case l.Duration < 0 || l.Duration > maxDuration:
		return "duration_s"
	case l.URL != "" && !isAddress(l.URL):
		return "url"
	case l.MediaID != "" && !ValidID(l.MediaID):
		return "media_id"
	case len(l.Attachments) > maxAttachments:
		return "attachments"
	case len(l.Captions) > maxCaptions:
		return "captions"
	}
	for i := range l.Attachments {
		if field := l.Attachments[i].wrongField(); field != "" {
			return fmt.Sprintf("attachments[%d].%s", i, field)
		}
	}
	languages := map[string]bool{}
	for i := range l.Captions {
		field := l.Captions[i].wrongField()
		if field == "" && languages[l.Captions[i].Language] {
			field = "language"
		}
		if field != "" {
			return fmt.Sprintf("captions[%d].%s", i, field)
		}
		languages[l.Captions[i].Language] = true
	}
	return ""
}

func (a *Attachment) wrongField() string {
	switch {
	case !ValidID(a.MediaID):
		return "media_id"
	case !isLine(&a.Name, 1, maxFileName) || strings.ContainsAny(a.Name, `/\`):
		return "name"
	}
	return ""
}

// wrongField brings the language into its one form, zh-Hans for zh-hans.
func (c *Caption) wrongField() string {
	tag, err := language.Parse(c.Language)
	switch {
	case !ValidID(c.MediaID):
		return "media_id"
	case err != nil || tag == language.Und || len(c.Language) > 35:
		return "language"
	case !isLine(&c.Label, 1, MaxTitle):
		return "label"
	}
	c.Language = tag.String()
	return ""
}

// isLine cleans one line of text, of least to most characters, and reports whether it can be.
func isLine(s *string, least, most int) bool {
	text, err := CleanLine("", *s, least, most)
	if err == nil {
		*s = text
	}
	return err == nil
}

// isText cleans a text of at most so many characters, in lines, and reports whether it can be.
func isText(s *string, most int) bool {
	text, err := CleanText("", *s, 0, most)
	if err == nil {
		*s = text
	}
	return err == nil
}

// isAddress reports whether s may be the address of a picture or a lesson: https, or a
// path of this site. Two slashes at the start would be another site's.
func isAddress(s string) bool {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxURL || strings.ContainsAny(s, "\\\"<> ") || Hidden(s, false) {
		return false
	}
	if u.Scheme == "https" {
		return u.Host != "" && u.User == nil
	}
	return u.Scheme == "" && u.Host == "" && strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//")
}
