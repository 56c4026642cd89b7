package handlers

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"mstm/catalogue"
	"mstm/handlers/desk"
	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/shop"
)

// uploads puts a file into the shop by tus, as an editor.
func (w *world) uploads(token string, body []byte) desk.File {
	w.t.Helper()
	at := w.do("POST", "/api/admin/uploads", token, nil, "Tus-Resumable", "1.0.0", "Upload-Length", fmt.Sprint(len(body)),
		"Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte("课.png"))).is(201).Header.Get("Location")
	half := len(body) / 2
	patch := func(from, to int) answer {
		return w.do("PATCH", at, token, body[from:to], "Tus-Resumable", "1.0.0", "Upload-Offset", fmt.Sprint(from), "Content-Type", "application/offset+octet-stream")
	}
	patch(0, half).is(204)
	if got := w.do("HEAD", at, token, nil).is(200).Header.Get("Upload-Offset"); got != fmt.Sprint(half) {
		w.t.Fatalf("the upload stands at %s", got)
	}
	patch(0, half).is(409, "UPLOAD_OFFSET")
	patch(half, len(body)).is(204)
	return as[desk.File](w.do("GET", "/api/admin/media/"+at[strings.LastIndex(at, "/")+1:], token, nil).is(200))
}

func aPicture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 300, 200))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFilesOfTheConsole(t *testing.T) {
	w := newWorld(t)
	editor, learner := w.staff("edith", shop.RoleEditor), w.staff("lin", shop.RoleLearner)
	w.do("POST", "/api/admin/uploads", learner, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "5").is(403, "FORBIDDEN")
	w.do("POST", "/api/admin/uploads", editor, nil, "Tus-Resumable", "1.0.0", "Upload-Length", fmt.Sprint(10<<30)).is(413, "MEDIA_TOO_LARGE")
	w.do("PATCH", "/api/admin/uploads/nothing", editor, "x", "Tus-Resumable", "1.0.0", "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream").is(404, "UPLOAD_NOT_FOUND")
	m := w.uploads(editor, aPicture(t))
	if m.State != shop.MediaReady || m.Kind != shop.KindImage || m.Name != "课.png" || len(m.SHA256) != 64 {
		t.Fatalf("%+v", m)
	}
	list := as[rest.Page[desk.File]](w.do("GET", "/api/admin/media?kind=image", editor, nil).is(200))
	if len(list.Items) != 1 || list.Items[0].ID != m.ID {
		t.Fatalf("%+v", list)
	}
	w.do("GET", "/api/admin/media?kind=program", editor, nil).is(400, "INVALID_QUERY")
	w.do("POST", "/api/admin/media/"+m.ID+"/transcode", editor, nil).is(409, "TRANSCODING_OFF")

	course := map[string]any{
		"title": "课", "category_id": "code", "teacher": map[string]string{"name": "林"},
		"chapters": []any{map[string]any{"title": "一", "lessons": []any{map[string]any{"title": "一", "kind": "video", "media_id": m.ID}}}},
	}
	made := as[desk.Course](w.do("POST", "/api/admin/courses", editor, course).is(201))
	refused := as[struct{ Courses []catalogue.CourseUsing }](w.do("DELETE", "/api/admin/media/"+m.ID, editor, nil).is(409, "MEDIA_IN_USE"))
	if len(refused.Courses) != 1 || refused.Courses[0] != (catalogue.CourseUsing{ID: made.ID, Title: "课"}) {
		t.Errorf("it is used by %+v", refused.Courses)
	}
	course["chapters"] = []any{map[string]any{"title": "一", "lessons": []any{map[string]any{"title": "一", "kind": "video", "media_id": "nothing"}}}}
	w.do("POST", "/api/admin/courses", editor, course).is(400, "INVALID_FIELD")

	other := w.uploads(editor, aPicture(t))
	room := as[desk.FileList](w.do("GET", "/api/admin/media?limit=1", editor, nil).is(200))
	if room.Used == nil || *room.Used != m.Size+other.Size || room.Quota == nil {
		t.Errorf("two files of %d and %d bytes: %+v", m.Size, other.Size, room)
	}
	if later := as[desk.FileList](w.do("GET", "/api/admin/media?limit=1&cursor="+url.QueryEscape(room.NextCursor), editor, nil).is(200)); later.Used != nil {
		t.Errorf("the room is counted again: %+v", later)
	}
	w.do("DELETE", "/api/admin/media/"+other.ID, editor, nil).is(204)
	w.do("GET", "/api/admin/media/"+other.ID, editor, nil).is(404, "MEDIA_NOT_FOUND")
}

// filmed puts the row of a video that was made into the shop: two keys, nine segments.
func (w *world) filmed(id string) *shop.Media {
	w.t.Helper()
	ctx := context.WithoutCancel(w.t.Context())
	m := &shop.Media{ID: id, State: shop.MediaReady, Kind: shop.KindVideo, Type: "video/mp4", Key: "files/" + id + "/source.mp4", SHA256: strings.Repeat("ab", 32), CreatedAt: time.Now()}
	v := shop.MediaVariant{Prefix: "hls/" + id + "/a/0/", Width: 640, Height: 360, Bandwidth: 800000}
	for range 9 {
		v.Durations = append(v.Durations, 4000)
	}
	m.Video = &shop.MediaVideo{DurationMS: 36000, Width: 640, Height: 360, Secret: bytes.Repeat([]byte{7}, 32), Variants: []shop.MediaVariant{v}, Poster: "hls/" + id + "/a/poster.jpg"}
	for key, body := range map[string]string{m.Key: "source of the film", v.Prefix + "0.m4s": "ciphertext", v.Prefix + "init.mp4": "init", m.Video.Poster: "poster"} {
		if _, err := w.deps.Media.Storage.Put(ctx, key, "video/mp4", strings.NewReader(body)); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.store.Media.Insert(ctx, m); err != nil {
		w.t.Fatal(err)
	}
	return m
}

func opened(a answer) *learning.PlaybackView { return as[lessonView](a.is(200)).Playback }

// lines of a playlist that are no comments, and the addresses of its keys.
func addresses(playlist []byte) (names, keys []string) {
	for line := range strings.Lines(string(playlist)) {
		line = strings.TrimSpace(line)
		if _, uri, ok := strings.Cut(line, `KEY:METHOD=AES-128,URI="`); ok {
			keys = append(keys, strings.TrimSuffix(uri, `"`))
		} else if line != "" && line[0] != '#' {
			names = append(names, line)
		}
	}
	return names, keys
}

// TestThePosterOfAFileIsForEditorsPagesAndOpensNothingElse: its address is signed, ends, and takes no token.
func TestThePosterOfAFileIsForEditorsPagesAndOpensNothingElse(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(d *Deps) { d.Now = func() time.Time { return now } })
	m := w.filmed("film1")
	editor := w.staff("edith", "learner", "editor")
	poster := as[desk.File](w.do("GET", "/api/admin/media/"+m.ID, editor, nil).is(200)).Poster
	if list := as[desk.FileList](w.do("GET", "/api/admin/media", editor, nil).is(200)); poster == "" || list.Items[0].Poster != poster {
		t.Fatalf("poster %q, in the list %+v", poster, list)
	}
	if got := w.do("GET", poster, "", nil).is(200); string(got.Body) != "poster" {
		t.Errorf("a poster of %q", got.Body)
	}
	for _, part := range []string{"index.m3u8", "0.m3u8", "file", "0.key", "0-0.m4s", "0-init.mp4"} {
		w.do("GET", strings.TrimSuffix(poster, "poster.jpg")+part, "", nil).is(403, "PLAYBACK_ADDRESS")
	}
	now = now.Add(21 * time.Minute)
	w.do("GET", poster, "", nil).is(403, "PLAYBACK_EXPIRED")
}

func TestPlaybackIsForThePersonTheSessionAndTheMoment(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(d *Deps) { d.Now = func() time.Time { return now } })
	m := w.filmed("film1")
	c := ladderCourse("go1")
	c.Chapters[0].Lessons[0].MediaID, c.Chapters[0].Lessons[1].MediaID = m.ID, m.ID
	w.sells(c)
	token, id := w.learner("lin")
	other, otherID := w.learner("wang")
	w.grants(id, c, "go1s1", now)
	w.grants(otherID, c, "go1s1", now)
	lesson := "/api/courses/go1/lessons/l2"
	w.do("GET", lesson, "", nil).is(401)
	answer := w.do("GET", lesson, token, nil)
	p := opened(answer)
	if p.Kind != "hls" || !strings.HasPrefix(p.URL, "/api/playback/") || p.ExpiresAt.Sub(now) > 15*time.Minute || p.Watermark == "" || strings.Contains(p.Watermark, "lin") {
		t.Fatalf("%+v", p)
	}
	if strings.Contains(string(answer.Body), m.Key) || strings.Contains(string(w.do("GET", "/api/courses/go1", token, nil).is(200).Body), "film1") {
		t.Fatal("an answer gives away where the file is")
	}
	cookie := answer.Header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Fatalf("cookie %s", cookie)
	}
	cookie, _, _ = strings.Cut(cookie, ";")
	variants, _ := addresses(w.do("GET", p.URL, token, nil).is(200).Body)
	playlist := w.do("GET", variants[0], "", nil, "Cookie", cookie).is(200)
	segments, keys := addresses(playlist.Body)
	if len(segments) != 9 || len(keys) != 2 || playlist.Header.Get("Content-Type") != "application/vnd.apple.mpegurl" {
		t.Fatalf("%s", playlist.Body)
	}
	if got := w.do("GET", segments[0], token, nil, "Range", "bytes=0-3").is(206); string(got.Body) != "ciph" {
		t.Fatalf("%s", got.Body)
	}
	if got := w.do("GET", keys[1], token, nil).is(200); len(got.Body) != 16 {
		t.Fatalf("a key of %d bytes", len(got.Body))
	}

	t.Run("another browser, another account, a changed address", func(t *testing.T) {
		for _, address := range []string{p.URL, variants[0], segments[0], keys[0]} {
			w.do("GET", address, "", nil).is(403, "PLAYBACK_ADDRESS")
			w.do("GET", address, "", nil, "Cookie", "mstm-playback="+strings.Repeat("a", 52)).is(403, "PLAYBACK_ADDRESS")
			w.do("GET", address, other, nil).is(403, "PLAYBACK_ADDRESS")
			changed := []byte(address)
			changed[len("/api/playback/")+5] ^= 1
			w.do("GET", string(changed), token, nil).is(403, "PLAYBACK_ADDRESS")
		}
		under := strings.TrimSuffix(p.URL, "index.m3u8")
		for _, part := range []string{"99.key", "-1.key", "0-99.m4s", "1-0.m4s", "x", "00.key", "file"} {
			w.do("GET", under+part, token, nil).is(403, "PLAYBACK_ADDRESS")
		}
		w.do("GET", under+"..%2f..%2fsource.mp4", token, nil).is(404, "ROUTE_NOT_FOUND")
		w.do("GET", strings.TrimSuffix(variants[0], "0.m3u8")+"index.m3u8", token, nil).is(403, "PLAYBACK_ADDRESS") // no new time from an inner address
	})
	t.Run("after its time", func(t *testing.T) {
		began := now
		now = now.Add(10*time.Minute + time.Second)
		w.do("GET", p.URL, token, nil).is(403, "PLAYBACK_EXPIRED")
		w.do("GET", keys[0], token, nil).is(200)
		now = began.Add(12 * time.Hour)
		w.do("GET", keys[0], token, nil).is(403, "PLAYBACK_EXPIRED")
		now = began
	})
	t.Run("a preview plays for everybody", func(t *testing.T) {
		p := opened(w.do("GET", "/api/courses/go1/lessons/l1", "", nil))
		variants, _ := addresses(w.do("GET", p.URL, "", nil).is(200).Body)
		_, keys := addresses(w.do("GET", variants[0], "", nil).is(200).Body)
		w.do("GET", keys[0], "", nil).is(200)
		w.do("GET", p.Poster, "", nil).is(200)
		if p.Watermark != "" {
			t.Fatalf("%+v", p)
		}
	})
	t.Run("the end of the access, then the end of the session", func(t *testing.T) {
		_, err := w.store.Enrolments.Change(t.Context(), id, "go1", func(e *shop.Enrolment) error { e.Grants = nil; return nil })
		if err != nil {
			t.Fatal(err)
		}
		w.do("GET", keys[0], token, nil).is(403, "ENROLMENT_REQUIRED")
		w.do("GET", p.URL, token, nil).is(403, "ENROLMENT_REQUIRED")
		w.grants(id, c, "go1full", now)
		w.do("GET", keys[0], token, nil).is(200)
		w.do("POST", "/api/logout", token, nil)
		w.do("GET", keys[0], "", nil, "Cookie", cookie).is(403, "PLAYBACK_ADDRESS")
	})
}

// TestTabsOfOneBrowserPlaySideBySide: a browser keeps its cookie, and sends it where its path says, so that
// a lesson opened in a second tab does not shut the first.
func TestTabsOfOneBrowserPlaySideBySide(t *testing.T) {
	w := newWorld(t)
	m := w.filmed("film1")
	c := ladderCourse("go1")
	c.Chapters[0].Lessons[1].MediaID = m.ID
	w.sells(c)
	token, id := w.learner("lin")
	w.grants(id, c, "go1full", time.Now())
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	// Of yesterday's shop the browser still has a cookie that goes to a narrower path.
	of := func(path string) *url.URL {
		at, err := url.Parse(w.url + path)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	old := http.Cookie{Name: "mstm-playback", Value: strings.Repeat("b", 52), Path: "/api/playback"}
	jar.SetCookies(of("/api/playback/"), []*http.Cookie{&old})
	ask := func(path, token string) answer {
		var sent []string
		for _, c := range jar.Cookies(of(path)) {
			sent = append(sent, c.String())
		}
		got := w.do("GET", path, token, nil, "Cookie", strings.Join(sent, "; "))
		jar.SetCookies(of(path), (&http.Response{Header: got.Header}).Cookies())
		return got
	}
	first := opened(ask("/api/courses/go1/lessons/l2", token))
	second := opened(ask("/api/courses/go1/lessons/l2", token))
	for _, p := range []*learning.PlaybackView{first, second} {
		variants, _ := addresses(ask(p.URL, "").is(200).Body)
		_, keys := addresses(ask(variants[0], "").is(200).Body)
		ask(keys[0], "").is(200)
	}
}

func TestAThirdDeviceAsksAndEndsTheOldest(t *testing.T) {
	w := newWorld(t)
	w.hubIsUp()
	m := w.filmed("film1")
	c := ladderCourse("go1")
	c.Chapters[0].Lessons[1].MediaID = m.ID
	w.sells(c)
	web, id := w.learner("lin")
	w.grants(id, c, "go1full", time.Now())
	phone, tablet := w.login("lin", "phone"), w.login("lin", "tablet")
	lesson := "/api/courses/go1/lessons/l2"
	var keys []string
	for _, token := range []string{web, phone} {
		variants, _ := addresses(w.do("GET", opened(w.do("GET", lesson, token, nil)).URL, token, nil).is(200).Body)
		_, all := addresses(w.do("GET", variants[0], token, nil).is(200).Body)
		keys = append(keys, all[0])
		w.do("GET", all[0], token, nil).is(200)
	}
	if got := w.do("GET", lesson, tablet, nil).is(409, "PLAYBACK_ELSEWHERE"); !strings.Contains(string(got.Body), `"clients":["web","phone"]`) {
		t.Fatalf("%s", got.Body)
	}
	opened(w.do("GET", lesson+"?continue_here=1", tablet, nil))
	w.do("GET", keys[0], web, nil).is(409, "PLAYBACK_ELSEWHERE")
	w.do("GET", keys[1], phone, nil).is(200)
}

func TestAFileIsPlayedByRangesWhereNothingWasMadeOfIt(t *testing.T) {
	w := newWorld(t)
	m := w.filmed("film1")
	if _, err := w.store.Media.Change(t.Context(), m.ID, func(m *shop.Media) error { m.Video = nil; return nil }); err != nil {
		t.Fatal(err)
	}
	c := ladderCourse("go1")
	c.Chapters[0].Lessons[1].MediaID = m.ID
	w.sells(c)
	token, id := w.learner("lin")
	w.grants(id, c, "go1full", time.Now())
	p := opened(w.do("GET", "/api/courses/go1/lessons/l2", token, nil))
	if p.Kind != "file" || p.Type != "video/mp4" {
		t.Fatalf("%+v", p)
	}
	got := w.do("GET", p.URL, token, nil, "Range", "bytes=10-").is(http.StatusPartialContent)
	if string(got.Body) != "the film" || got.Header.Get("Content-Range") != "bytes 10-17/18" {
		t.Fatalf("%s %v", got.Body, got.Header)
	}
	w.do("GET", p.URL, "", nil).is(403, "PLAYBACK_ADDRESS")
}
