package sample

import (
	"embed"
	"io/fs"
	"strings"
	"time"

	"mstm/shop"
	"mstm/shop/front"
)

// files are the texts of lessons, course-lesson.md, and what they show and play; draw/ makes the pictures, the film
// and the sound.
//
//go:embed texts/*.md files/*.png files/*.mp4 files/*.m4a files/*.jpg files/*.vtt files/*.xlsx
var files embed.FS

// File is a file of the sample under the id that lessons and texts name it by.
type File struct {
	ID, Name   string
	Body       []byte
	Poster     []byte // a JPEG shown before a film is played; nil: none
	DurationMS int64  // of sound and film, in milliseconds
}

// Lengths of the film and of the sound, in seconds.
const (
	filmSeconds = 30
	tuneSeconds = 34
)

// Ids of files that lessons name.
const (
	filmID = "samplefilm"
	tuneID = "sampletune"
)

// Files are all files of the sample.
func Files() []File {
	all := []File{
		{ID: filmID, Name: "一门课怎么学.mp4", Body: read("files/film.mp4"), Poster: read("files/film.jpg"), DurationMS: filmSeconds * 1000},
		{ID: tuneID, Name: "六根弦的标准音.m4a", Body: read("files/tune.m4a"), DurationMS: tuneSeconds * 1000},
		{ID: "samplefilmzh", Name: "film.zh.vtt", Body: read("files/film.zh.vtt")},
		{ID: "samplefilmen", Name: "film.en.vtt", Body: read("files/film.en.vtt")},
		{ID: "samplesheet", Name: "立项一页纸.xlsx", Body: read("files/onepage.xlsx")},
	}
	for _, name := range list("files/*.png") {
		base := strings.TrimSuffix(strings.TrimPrefix(name, "files/"), ".png")
		all = append(all, File{ID: "sample" + base, Name: base + ".png", Body: read(name)})
	}
	return all
}

// Front is the front page of the sample: a banner of the sample's own drawing and a row of courses.
func Front(now time.Time) *front.Front {
	return &front.Front{
		V: 1, At: now.UTC(),
		Banners: []front.Banner{{
			Picture: "samplebanner", Title: "先免费学一个月，再决定要不要继续", Alt: "窗边的书桌，一盏台灯照着几本书",
			Link: front.Link{Kind: front.ToCourse, To: "go1"},
		}},
		Rows: []front.Row{{Title: "编辑推荐", Courses: []string{"go1", "ts1", "write1", "plant1", "pm1", "cook1"}}},
	}
}

// Text is the text of a lesson, in Markdown.
type Text struct{ CourseID, LessonID, Text string }

// Texts are the texts of those lessons that are written out.
func Texts() []Text {
	var all []Text
	for _, name := range list("texts/*.md") {
		course, lesson, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(name, "texts/"), ".md"), "-")
		all = append(all, Text{course, lesson, string(read(name))})
	}
	return all
}

func list(pattern string) []string {
	names, err := fs.Glob(files, pattern)
	if err != nil {
		panic(err) // the pattern is none
	}
	return names
}

func read(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is no part of the program
	}
	return b
}

// furnish gives a lesson the files that it has in the sample: previews play the film, or, of the guitar, the sound of its
// strings.
func furnish(courseID string, l *shop.Lesson) {
	switch {
	case courseID == "guitar1" && l.Preview:
		l.Kind, l.MediaID, l.Duration = shop.LessonAudio, tuneID, tuneSeconds
	case l.Preview && l.Kind == shop.LessonVideo:
		l.MediaID, l.Duration = filmID, filmSeconds
		l.Captions = []shop.Caption{{MediaID: "samplefilmzh", Language: "zh", Label: "中文"}, {MediaID: "samplefilmen", Language: "en", Label: "English"}}
	case courseID == "pm1" && l.ID == "c5l4":
		l.Attachments = []shop.Attachment{{MediaID: "samplesheet", Name: "立项一页纸.xlsx"}}
	}
}
