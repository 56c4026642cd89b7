package shop

import (
	"errors"
	"strings"
	"testing"
)

func TestValidateOutline(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Course)
		field  string // "": accepted
	}{
		{"a whole outline", func(*Course) {}, ""},
		{"no chapters yet", func(c *Course) { c.Chapters = nil }, ""},
		{"a title of 80 characters", func(c *Course) { c.Title = strings.Repeat("课", 80) }, ""},
		{"a title of 81", func(c *Course) { c.Title = strings.Repeat("课", 81) }, "title"},
		{"a blank title", func(c *Course) { c.Title = " \t" }, "title"},
		{"a title that is no text", func(c *Course) { c.Title = "a\xff" }, "title"},
		{"a title with a control character", func(c *Course) { c.Title = "a\x00b" }, "title"},
		{"a long subtitle", func(c *Course) { c.Subtitle = strings.Repeat("副", 121) }, "subtitle"},
		{"a cover on this site", func(c *Course) { c.Cover = "/covers/a.svg" }, ""},
		{"a cover by https", func(c *Course) { c.Cover = "https://cdn.example.com/a.png?w=3" }, ""},
		{"a cover by http", func(c *Course) { c.Cover = "http://cdn.example.com/a.png" }, "cover"},
		{"a cover that is a script", func(c *Course) { c.Cover = "javascript:alert(1)" }, "cover"},
		{"a cover in data", func(c *Course) { c.Cover = "data:text/html,x" }, "cover"},
		{"a cover on another site by two slashes", func(c *Course) { c.Cover = "//evil.example/a.png" }, "cover"},
		{"or by a backslash", func(c *Course) { c.Cover = "/\\evil.example/a.png" }, "cover"},
		{"a cover with a password in it", func(c *Course) { c.Cover = "https://me:secret@example.com/a.png" }, "cover"},
		{"a cover that leaves its attribute", func(c *Course) { c.Cover = `/a.png" onerror="x` }, "cover"},
		{"https to nowhere", func(c *Course) { c.Cover = "https:///a.png" }, "cover"},
		{"a very long address", func(c *Course) { c.Cover = "/" + strings.Repeat("a", 500) }, "cover"},
		{"no category", func(c *Course) { c.CategoryID = "" }, "category_id"},
		{"a category that is no id", func(c *Course) { c.CategoryID = "a b" }, "category_id"},
		{"a teacher without a name", func(c *Course) { c.Teacher.Name = "" }, "teacher.name"},
		{"a teacher of a long title", func(c *Course) { c.Teacher.Title = strings.Repeat("师", 81) }, "teacher.title"},
		{"a teacher with a long story", func(c *Course) { c.Teacher.Intro = strings.Repeat("师", 2001) }, "teacher.intro"},
		{"a description in paragraphs", func(c *Course) { c.Description = "一\n\n二\t三\r\n" }, ""},
		{"a description with a zero byte", func(c *Course) { c.Description = "\x00" }, "description"},
		{"101 chapters", func(c *Course) { c.Chapters = make([]Chapter, 101) }, "chapters"},
		{"a chapter without a title", func(c *Course) { c.Chapters[1].Title = "" }, "chapters[1].title"},
		{"201 lessons in a chapter", func(c *Course) { c.Chapters[1].Lessons = make([]Lesson, 201) }, "chapters[1].lessons"},
		{"a lesson without a title", func(c *Course) { c.Chapters[0].Lessons[1].Title = "" }, "chapters[0].lessons[1].title"},
		{"a lesson of an unknown kind", func(c *Course) { c.Chapters[0].Lessons[1].Kind = "pdf" }, "chapters[0].lessons[1].kind"},
		{"a lesson of negative length", func(c *Course) { c.Chapters[0].Lessons[0].Duration = -1 }, "chapters[0].lessons[0].duration_s"},
		{"a lesson longer than a day", func(c *Course) { c.Chapters[0].Lessons[0].Duration = 86401 }, "chapters[0].lessons[0].duration_s"},
		{"a lesson that is a script", func(c *Course) { c.Chapters[0].Lessons[0].URL = "javascript:alert(1)" }, "chapters[0].lessons[0].url"},
		{"sound", func(c *Course) { c.Chapters[0].Lessons[0].Kind = LessonAudio }, ""},
		{"a file beside", func(c *Course) { c.Chapters[0].Lessons[0].Attachments = []Attachment{{"m1", "讲义.pdf"}} }, ""},
		{"a file beside whose name is a path", func(c *Course) { c.Chapters[0].Lessons[0].Attachments = []Attachment{{"m1", "../a.pdf"}} }, "chapters[0].lessons[0].attachments[0].name"},
		{"a file beside that is none", func(c *Course) { c.Chapters[0].Lessons[0].Attachments = []Attachment{{"", "a"}} }, "chapters[0].lessons[0].attachments[0].media_id"},
		{"21 files beside", func(c *Course) { c.Chapters[0].Lessons[0].Attachments = make([]Attachment, 21) }, "chapters[0].lessons[0].attachments"},
		{"captions", func(c *Course) {
			c.Chapters[0].Lessons[0].Captions = []Caption{{"m1", "zh-hans", "中文"}, {"m2", "en", "English"}}
		}, ""},
		{"captions twice in a language", func(c *Course) { c.Chapters[0].Lessons[0].Captions = []Caption{{"m1", "en", "a"}, {"m2", "EN", "b"}} }, "chapters[0].lessons[0].captions[1].language"},
		{"captions in no language", func(c *Course) { c.Chapters[0].Lessons[0].Captions = []Caption{{"m1", "中文", "a"}} }, "chapters[0].lessons[0].captions[0].language"},
		{"captions without a label", func(c *Course) { c.Chapters[0].Lessons[0].Captions = []Caption{{"m1", "en", " "}} }, "chapters[0].lessons[0].captions[0].label"},
		{"a lesson whose id is none", func(c *Course) { c.Chapters[0].Lessons[0].ID = "A-1" }, "chapters[0].lessons[0].id"},
		{"an id used twice", func(c *Course) { c.Chapters[1].Lessons[0].ID = "l1" }, "chapters[1].lessons[0].id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &Course{
				Title: "Go 语言", CategoryID: "cat1", Teacher: Teacher{Name: "李老师"},
				Chapters: []Chapter{
					{Title: "一", Lessons: []Lesson{{ID: "l1", Title: "开始", Kind: "video", Duration: 600, URL: "/media/1.mp4"}, {Title: "读", Kind: "text"}}},
					{Title: "二", Lessons: []Lesson{{Title: "新的一课", Kind: "video"}}},
				},
			}
			tt.change(c)
			err := c.ValidateOutline()
			var refusal *Error
			if tt.field == "" && err != nil || tt.field != "" && (!errors.As(err, &refusal) || refusal.Param != tt.field) {
				t.Errorf("got %v, want a refusal at %q", err, tt.field)
			}
		})
	}
}
