package catalogue

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"mstm/acceptance/shoptest"
)

// openedJSON is an opened lesson as this test reads it.
type openedJSON struct {
	Kind     string `json:"kind"`
	HTML     string `json:"html"`
	Playback *struct {
		Kind     string `json:"kind"`
		URL      string `json:"url"`
		Type     string `json:"type"`
		Poster   string `json:"poster"`
		Captions []struct {
			Language string `json:"language"`
			URL      string `json:"url"`
		} `json:"captions"`
	} `json:"playback"`
	Attachments []struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	} `json:"attachments"`
}

func opens(p *shoptest.Person, lesson string) (l openedJSON) {
	p.Get("/api/courses/" + lesson).Want(200).Into(&l)
	return l
}

// wantSample opens what the sample brings: previews for everybody, texts with their pictures for learners.
func wantSample(t *testing.T, s *shoptest.Shop) {
	visitor, learner := s.Visitor(), s.NewLearner()
	film := opens(visitor, "go1/lessons/c1l1")
	if film.Playback == nil || film.Playback.Kind != "file" || film.Playback.Type != "video/mp4" || len(film.Playback.Captions) != 2 {
		t.Fatalf("the film: %+v", film.Playback)
	}
	if body := visitor.Get(film.Playback.URL).Want(200).Body; len(body) < 100_000 || !bytes.Contains(body[:64], []byte("ftyp")) {
		t.Errorf("the film has %d bytes", len(body))
	}
	if body := visitor.Get(film.Playback.Captions[0].URL).Want(200).Body; !bytes.HasPrefix(body, []byte("WEBVTT")) {
		t.Errorf("captions: %.40s", body)
	}
	visitor.Get(film.Playback.Poster).Want(200)
	tune := opens(visitor, "guitar1/lessons/c1l1")
	if tune.Kind != "audio" || tune.Playback == nil || tune.Playback.Kind != "file" || !strings.HasPrefix(tune.Playback.Type, "audio/") {
		t.Fatalf("the sound: %s %+v", tune.Kind, tune.Playback)
	}
	visitor.Get(tune.Playback.URL).Want(200)

	visitor.Get("/api/courses/go1/lessons/c4l5").WantCode(401, "UNAUTHENTICATED")
	for _, course := range []string{"go1", "pm1"} {
		s.Buy(learner, 0, shoptest.Wish{CourseID: course, PolicyID: course + "s1"})
	}
	text := opens(learner, "go1/lessons/c4l5")
	if text.Kind != "text" || text.Playback == nil || text.Playback.Kind != "text" || !strings.Contains(text.HTML, "<table>") || !strings.Contains(text.HTML, `class="chroma"`) {
		t.Fatalf("the text: %.300s", text.HTML)
	}
	picture := regexp.MustCompile(`<img src="([^"]+)"`).FindStringSubmatch(text.HTML)
	if picture == nil {
		t.Fatalf("the text has no picture: %.300s", text.HTML)
	}
	if body := learner.Get(picture[1]).Want(200).Body; !bytes.HasPrefix(body, []byte("\x89PNG")) {
		t.Errorf("the picture: %.20q", body)
	}
	visitor.Get(picture[1]).WantCode(403, "PLAYBACK_ADDRESS")
	sheets := opens(learner, "pm1/lessons/c5l4").Attachments
	if len(sheets) != 1 || sheets[0].Name != "立项一页纸.xlsx" {
		t.Fatalf("%+v", sheets)
	}
	if body := learner.Get(sheets[0].URL).Want(200).Body; !bytes.HasPrefix(body, []byte("PK")) {
		t.Errorf("the attachment: %.20q", body)
	}
}
