package handlers

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"mstm/handlers/rest"
	"mstm/shop"
)

// segmentOf is the address of the first segment that the lesson's playlists name for a learner.
func (w *world) segmentOf(token string) string {
	w.t.Helper()
	variants, _ := addresses(w.do("GET", opened(w.do("GET", "/api/courses/go1/lessons/l2", token, nil)).URL, token, nil).is(200).Body)
	segments, _ := addresses(w.do("GET", variants[0], token, nil).is(200).Body)
	return segments[0]
}

// films sells a course with a film to so many learners and returns their tokens.
func (w *world) films(learners int) (m *shop.Media, tokens []string) {
	w.t.Helper()
	m = w.filmed("film1")
	c := ladderCourse("go1")
	c.Chapters[0].Lessons[1].MediaID = m.ID
	w.sells(c, ladderCourse("go2"))
	for i := range learners {
		token, id := w.learner(fmt.Sprint("learner", i))
		w.grants(id, c, "go1full", time.Now())
		tokens = append(tokens, token)
	}
	return m, tokens
}

// TestPlayback_LessonOpenedTwiceAtOnce_PlaysByEitherAnswer opens a lesson twice in a browser that has no cookie yet, and
// keeps the cookie of one answer for the address in the other.
func TestPlayback_LessonOpenedTwiceAtOnce_PlaysByEitherAnswer(t *testing.T) {
	w := newWorld(t)
	_, tokens := w.films(2)
	lesson := func(token string) (address, cookie string) {
		a := w.do("GET", "/api/courses/go1/lessons/l2", token, nil).is(200)
		cookie, _, _ = strings.Cut(a.Header.Get("Set-Cookie"), ";")
		return opened(a).URL, cookie
	}
	first, kept := lesson(tokens[0])
	second, other := lesson(tokens[0])
	_, stranger := lesson(tokens[1])
	if kept == "" || kept != other || kept == stranger {
		t.Errorf("the cookies are %q and %q, another learner's is %q", kept, other, stranger)
	}
	for _, address := range []string{first, second} {
		w.do("GET", address, "", nil, "Cookie", kept).is(200)
		w.do("GET", address, "", nil, "Cookie", stranger).is(403)
	}
}

// TestPlayback_FloodOfSegments_LeavesAllElseOpen lets one learner fetch segments until that is refused; carts, quotes
// and other learners' lessons go on. Then another learner uses up what is given to reads, and the lesson plays on.
func TestPlayback_FloodOfSegments_LeavesAllElseOpen(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.Playback.PerSecond = 1 })
	_, tokens := w.films(2)
	segment, other := w.segmentOf(tokens[0]), w.segmentOf(tokens[1])
	flood := func(path, token string, most int) (answer, bool) {
		for range most {
			if a := w.do("GET", path, token, nil); a.Status != 200 {
				return a, true
			}
		}
		return answer{}, false
	}
	a, refused := flood(segment, tokens[0], 500)
	if !refused || a.Status != 429 || a.code() != "TOO_MANY_REQUESTS" || a.Header.Get("Retry-After") == "" {
		t.Fatalf("a flood of segments: %d %s", a.Status, a.Body)
	}
	w.do("GET", "/api/cart", tokens[0], nil).is(200)
	w.do("PUT", "/api/cart/go2", tokens[0], map[string]any{"policy_id": "go2full"}).is(200)
	w.do("POST", "/api/quotes", tokens[0], map[string]any{"lines": []any{map[string]any{"course_id": "go2", "policy_id": "go2full"}}}).is(200)
	w.do("GET", other, tokens[1], nil).is(200)
	if a, refused := flood("/api/me", tokens[1], 2000); !refused || a.Status != 429 {
		t.Fatalf("a flood of reads: %d %s", a.Status, a.Body)
	}
	w.do("GET", other, tokens[1], nil).is(200)
}

// slowly asks for an address until the answer is under way, and reads its first line alone. One that is refused, because a
// request before is not over yet, is asked for again.
func (w *world) slowly(path, headers string) net.Conn {
	w.t.Helper()
	var first string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: shop\r\n%s\r\n", path, headers); err != nil {
			w.t.Fatal(err)
		}
		line := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(c, line); err != nil {
			w.t.Fatal(err)
		}
		if first = string(line); strings.HasSuffix(first, " 200") {
			w.t.Cleanup(func() { _ = c.Close() }) // closed in the middle of an answer
			return c
		}
		_ = c.Close()
	}
	w.t.Fatalf("the answer to be read slowly begins with %q", first)
	return nil
}

// until repeats a request until it is answered with a status.
func (w *world) until(status int, path, token string) answer {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		a := w.do("GET", path, token, nil)
		if a.Status == status || time.Now().After(end) {
			return a.is(status)
		}
	}
}

// TestPlayback_AnswersNotRead_CountUntilTheyEnd holds answers open: the next request of that person is refused, or, where
// the instance is full, that of any other; another browser's cookie counts for the person of the address.
func TestPlayback_AnswersNotRead_CountUntilTheyEnd(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.Playback = rest.PlaybackLimits{PerPerson: 2, PerInstance: 3} })
	m, tokens := w.films(3)
	if _, err := w.deps.Media.Storage.Put(t.Context(), m.Video.Variants[0].Prefix+"0.m4s", "video/mp4", bytes.NewReader(make([]byte, 32<<20))); err != nil {
		t.Fatal(err)
	}
	lesson := w.do("GET", "/api/courses/go1/lessons/l2", tokens[0], nil)
	cookie, _, _ := strings.Cut(lesson.Header.Get("Set-Cookie"), ";")
	variants, _ := addresses(w.do("GET", opened(lesson).URL, tokens[0], nil).is(200).Body)
	segments, _ := addresses(w.do("GET", variants[0], tokens[0], nil).is(200).Body)
	second, third := w.segmentOf(tokens[1]), w.segmentOf(tokens[2])
	var held []net.Conn
	for range 2 {
		held = append(held, w.slowly(segments[0], "Cookie: "+cookie+"\r\n")) // as a player that sends no token
	}
	head := strings.Replace(segments[0], "0-0.m4s", "0-init.mp4", 1)
	if a := w.until(429, head, tokens[0]); a.code() != "TOO_MANY_REQUESTS" {
		t.Errorf("a third request of one person: %s", a.Body)
	}
	small := func(address string) string { return strings.Replace(address, "0-0.m4s", "0-init.mp4", 1) }
	w.do("GET", small(second), tokens[1], nil).is(200)
	w.slowly(second, "Authorization: Bearer "+tokens[1]+"\r\n")
	if a := w.until(503, small(third), tokens[2]); a.code() != "OVERLOADED" {
		t.Errorf("a fourth request at the instance: %s", a.Body)
	}
	w.do("GET", "/api/cart", tokens[2], nil).is(200)
	for _, c := range held {
		_ = c.Close() // in the middle of its answer
	}
	w.until(200, small(third), tokens[2])
	w.until(200, head, tokens[0])
}

// TestPlayback_ManyGuesses_AreRefusedAndGoodAddressesPlayOn guesses as a visitor and as a learner.
func TestPlayback_ManyGuesses_AreRefusedAndGoodAddressesPlayOn(t *testing.T) {
	w := newWorld(t, behindAProxy, func(d *Deps) { d.PlaybackGuesses = 5 })
	_, tokens := w.films(2)
	segment := w.segmentOf(tokens[0])
	for _, by := range []string{"", tokens[0]} {
		statuses := map[int]int{}
		for i := range 12 {
			guess := fmt.Sprintf("/api/playback/%d%s", i, strings.TrimPrefix(segment, "/api/playback/"))
			statuses[w.do("GET", guess, by, nil, "X-Forwarded-For", "203.0.113.7").Status]++
		}
		if statuses[403] < 5 || statuses[429] == 0 || statuses[403]+statuses[429] != 12 {
			t.Errorf("guesses were answered %v", statuses)
		}
	}
	w.do("GET", segment, tokens[0], nil, "X-Forwarded-For", "203.0.113.7").is(200)
	w.do("GET", segment, tokens[1], nil, "X-Forwarded-For", "203.0.113.7").is(403, "PLAYBACK_ADDRESS") // another person's, which is no guess
}

// TestPlayback_AddressCarriedElsewhere_CostsItsOwnerNothing asks for a learner's address from another machine, without the
// token and the cookie, more often than the learner may.
func TestPlayback_AddressCarriedElsewhere_CostsItsOwnerNothing(t *testing.T) {
	w := newWorld(t, behindAProxy, func(d *Deps) { d.Playback = rest.PlaybackLimits{PerSecond: 1} })
	_, tokens := w.films(1)
	segment := w.segmentOf(tokens[0])
	for range 40 {
		if a := w.do("GET", segment, "", nil, "X-Forwarded-For", "203.0.113.7"); a.Status != 403 && a.Status != 429 {
			t.Fatalf("a stranger was answered %d", a.Status)
		}
	}
	w.do("GET", segment, tokens[0], nil, "X-Forwarded-For", "198.51.100.1").is(200)
}
