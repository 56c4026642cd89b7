package handlers

import (
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/hub/hubtest"
	"mstm/media"
	"mstm/shop"
)

// paid is a shop whose course has a preview and paid lessons of each kind, and all that leads to the paid ones.
type paid struct {
	*world
	film    *shop.Media
	secrets map[string]string   // what no answer to others and no log may hold, with its name
	rows    map[string]string   // ids of paid files: in no answer to others
	params  map[string][]string // of routes, by name
	opener  string              // the token of a learner with the lessons open
	editor  string
}

func newPaid(t *testing.T) *paid {
	p := &paid{world: newWorld(t)}
	p.hubIsUp()
	p.editor = p.staff("edith", shop.RoleEditor)
	p.film = p.filmed("paidfilm")
	preview := p.filmed("openfilm")
	sheet, captions, picture := p.uploads(p.editor, aPicture(t)), p.uploads(p.editor, []byte(someCaptions)), p.uploads(p.editor, aPicture(t))
	c := ladderCourse("go1")
	lessons := c.Chapters[0].Lessons
	lessons[0].MediaID = preview.ID
	l := &lessons[1]
	l.MediaID, l.URL = p.film.ID, "https://videos.example/raw/of-the-paid-lesson.mp4"
	l.Attachments = []shop.Attachment{{MediaID: sheet.ID, Name: "练习.png"}}
	l.Captions = []shop.Caption{{MediaID: captions.ID, Language: "zh", Label: "中文"}}
	c.Chapters[0].Lessons = append(lessons, shop.Lesson{ID: "l3", Title: "课文", Kind: shop.LessonText},
		shop.Lesson{ID: "l4", Title: "旧课", Kind: "video", Duration: 60, URL: "/media/an-older-paid-lesson.mp4"})
	p.sells(c)
	p.do("PUT", "/api/admin/courses/go1/lessons/l3/text", p.editor, map[string]any{"text": "付费的正文。\n\n![图](media:" + picture.ID + ")", "version": 0}).is(200)
	var id string
	p.opener, id = p.learner("lin")
	p.grants(id, c, "go1full", time.Now())
	p.rows = map[string]string{"the film": p.film.ID, "the attachment": sheet.ID, "the captions": captions.ID, "the picture": picture.ID}
	p.secrets = map[string]string{
		"a lesson's raw address": l.URL, "an older lesson's": "/media/an-older-paid-lesson.mp4", "the text": "付费的正文",
		"the film's key in storage": p.film.Key, "the prefix of its segments": "hls/" + p.film.ID, "its folder": "files/" + p.film.ID,
		"its secret": string(p.film.Video.Secret), "its secret in hex": hex.EncodeToString(p.film.Video.Secret),
		"its secret in base64": strings.TrimRight(base64.StdEncoding.EncodeToString(p.film.Video.Secret), "="),
		"a key of HLS":         string(media.SegmentKey(p.film.Video.Secret, 0)), "another": string(media.SegmentKey(p.film.Video.Secret, 1)),
	}
	p.params = map[string][]string{
		"course": {"go1"}, "lesson": {"l1", "l2", "l3", "l4"}, "media": slices.Collect(maps.Values(p.rows)), "upload": {p.film.ID}, "user": {id},
		"file": {"go1.svg", p.film.ID + ".svg"}, "part": {"index.m3u8", "0.m3u8", "0.key", "0-0.m4s", "0-init.mp4", "poster.jpg", "file"},
	}
	p.params["ticket"] = p.tickets()
	return p
}

// tickets opens the paid lessons with the opener.s token, notes what came back as secret, and returns the tickets of it.
func (p *paid) tickets() (all []string) {
	p.t.Helper()
	for _, lesson := range []string{"l2", "l3"} {
		a := p.do("GET", "/api/courses/go1/lessons/"+lesson, p.opener, nil).is(200)
		cookie, _, _ := strings.Cut(a.Header.Get("Set-Cookie"), ";")
		p.secrets["the browser's name "+lesson] = strings.TrimPrefix(cookie, "mstm-playback=")
		for part := range strings.SplitSeq(string(a.Body), "/api/playback/") {
			if ticket, _, ok := strings.Cut(part, "/"); ok && strings.Contains(ticket, ".") && !strings.ContainsAny(ticket, `"{`) {
				all = append(all, ticket)
			}
		}
	}
	p.secrets["a token"] = p.opener
	for _, ticket := range all {
		p.secrets["an address "+ticket] = ticket
	}
	if len(all) < 4 {
		p.t.Fatalf("%d addresses of the paid lessons", len(all))
	}
	return all
}

// paths are those of a pattern with each of its parameters' values.
func (p *paid) paths(pattern string) []string {
	all := []string{""}
	for part := range strings.SplitSeq(strings.TrimPrefix(pattern, "/"), "/") {
		values := []string{part}
		if name, ok := strings.CutPrefix(part, ":"); ok {
			if values = p.params[name]; values == nil {
				values = []string{"nothing"}
			}
		}
		var next []string
		for _, before := range all {
			for _, v := range values {
				next = append(next, before+"/"+v)
			}
		}
		all = next
	}
	return all
}

// holds names the secret that a text gives away, "" for none. A preview's addresses name its own file alone.
func (p *paid) holds(text string, rows bool) string {
	for what, secret := range p.secrets {
		if strings.Contains(text, secret) {
			return what
		}
	}
	for part := range strings.SplitSeq(text, "/api/playback/") {
		ticket, _, _ := strings.Cut(part, ".")
		if said, err := base64.RawURLEncoding.DecodeString(ticket); err == nil && strings.Contains(string(said), p.film.ID) {
			return "an address of the film"
		}
	}
	for what, id := range p.rows {
		if rows && strings.Contains(text, id) {
			return "the id of " + what
		}
	}
	return ""
}

// walk asks for every route of the table as one person, last for those that end the session.
func (p *paid) walk(t *testing.T, who, token string) {
	p.t.Helper()
	table := allRoutes(t)
	last := func(rt route) int {
		if rt.Path == "/api/logout" || rt.Path == "/api/me" && rt.Method == "DELETE" {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(table, func(a, b route) int { return last(a) - last(b) })
	for _, rt := range table {
		if rt.Path == "/api/events" {
			continue // has no end; the test reads what it brings
		}
		for _, path := range p.paths(rt.Path) {
			var body any
			if rt.Method != "GET" && rt.Method != "DELETE" && rt.Method != "HEAD" {
				body = "{}"
			}
			a := p.do(rt.Method, path, token, body, "Tus-Resumable", "1.0.0", "Upload-Offset", "0")
			for end := time.Now().Add(time.Minute); a.Status == 429 && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				a = p.do(rt.Method, path, token, body, "Tus-Resumable", "1.0.0", "Upload-Offset", "0") // a refusal shows nothing
			}
			var headers strings.Builder
			if err := a.Header.Write(&headers); err != nil {
				p.t.Fatal(err)
			}
			if found := p.holds(headers.String()+string(a.Body), true); found != "" {
				p.t.Errorf("%s %s gives %s away to %s: %d %s", rt.Method, path, found, who, a.Status, a.Body)
			}
			if strings.HasPrefix(rt.Path, "/api/playback/") && a.Status != http.StatusForbidden {
				p.t.Errorf("%s answers %d to %s", path, a.Status, who)
			}
		}
	}
}

// TestPaidAddresses_NoRouteGivesOneAway asks for every route of the contract as a visitor, as a learner without a course
// and as one whose month is over, with all that these might have heard of from the opener; and reads
// what comes to pages live, the previews, and the log.
func TestPaidAddresses_NoRouteGivesOneAway(t *testing.T) {
	p := newPaid(t)
	stranger, _ := p.learner("wang")
	former, formerID := p.learner("zhao")
	c, err := p.store.Courses.Get(t.Context(), "go1")
	if err != nil {
		t.Fatal(err)
	}
	p.grants(formerID, c, "go1s1", time.Now().AddDate(0, -2, 0))
	p.do("GET", "/api/courses/go1/lessons/l2", former, nil).is(403, "ENROLMENT_EXPIRED")
	pages := map[string]*hubtest.Client{
		"a visitor's stream": hubtest.Events{Topics: "course:go1"}.Listen(t, p.url+"/api/events"),
		"a stranger's page":  hubtest.Dial(t, p.url+"/ws", stranger), "a former learner's page": hubtest.Dial(t, p.url+"/ws", former),
	}
	for name, page := range pages {
		if !strings.Contains(name, "stream") {
			page.Follow("course:go1", "")
		}
	}
	p.do("POST", "/api/admin/courses/go1/unpublish", p.editor, nil)
	p.do("POST", "/api/admin/courses/go1/publish", p.editor, nil)
	for _, page := range pages {
		page.Wait("course.changed", time.Minute)
	}
	p.walk(t, "a visitor", "")
	p.walk(t, "a learner who has bought nothing", stranger)
	p.walk(t, "a learner whose month is over", former)
	for name, page := range pages {
		for _, f := range page.All() {
			if found := p.holds(string(f.Raw), true); found != "" {
				t.Errorf("%s is told %s: %s", name, found, f.Raw)
			}
		}
	}

	preview := opened(p.do("GET", "/api/courses/go1/lessons/l1", "", nil))
	variants, _ := addresses(p.do("GET", preview.URL, "", nil).is(200).Body)
	inner := p.do("GET", variants[0], "", nil).is(200)
	if found := p.holds(string(inner.Body), true); found != "" {
		t.Errorf("a preview's playlist gives %s away", found)
	}
	segments, _ := addresses(inner.Body)
	for _, at := range []string{preview.URL, segments[0]} {
		under := at[:strings.LastIndex(at, "/")+1]
		for _, part := range []string{"file", "../" + p.film.ID + "/0-0.m4s", "..%2f..%2f" + p.film.Key, p.film.ID} {
			if a := p.do("GET", under+part, "", nil); a.Status < 300 {
				t.Errorf("%s of a preview answers %d", part, a.Status)
			}
		}
	}

	// What the opener does leaves no address in the log either, nor does a segment that storage has lost.
	key := p.film.Video.Variants[0].Prefix + "0.m4s"
	if err := p.deps.Media.Storage.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	opening := opened(p.do("GET", "/api/courses/go1/lessons/l2", p.opener, nil))
	variants, _ = addresses(p.do("GET", opening.URL, p.opener, nil).is(200).Body)
	segments, keys := addresses(p.do("GET", variants[0], p.opener, nil).is(200).Body)
	p.do("GET", keys[0], p.opener, nil).is(200)
	p.do("GET", segments[0], p.opener, nil).is(403, "PLAYBACK_ADDRESS")
	for line := range strings.Lines(p.log.String()) {
		if found := p.holds(line, false); found != "" {
			t.Errorf("the log gives %s away: %s", found, line)
		}
	}
	for _, path := range []string{"/api/courses", "/api/courses/go1", "/api/enrolments", "/api/enrolments/go1/progress", "/api/me"} {
		if found := p.holds(string(p.do("GET", path, p.opener, nil).is(200).Body), true); found != "" {
			t.Errorf("%s gives %s away to the learner who may", path, found)
		}
	}
}
