package handlers

import (
	"testing"
	"time"

	"mstm/hub/hubtest"
	"mstm/shop"
	"mstm/store"
)

// playsOn is a film that a learner with the whole course plays, and the address of a key that the learner has got.
func playsOn(t *testing.T) (w *world, token, id, key string) {
	t.Helper()
	w = newWorld(t)
	w.hubIsUp()
	m := w.filmed("film1")
	c := ladderCourse("go1")
	c.Chapters[0].Lessons[1].MediaID = m.ID
	w.sells(c)
	token, id = w.learner("lin")
	w.grants(id, c, "go1full", time.Now())
	variants, _ := addresses(w.do("GET", opened(w.do("GET", "/api/courses/go1/lessons/l2", token, nil)).URL, token, nil).is(200).Body)
	_, keys := addresses(w.do("GET", variants[0], token, nil).is(200).Body)
	w.do("GET", keys[0], token, nil).is(200)
	return w, token, id, keys[0]
}

func endedOn(t *testing.T, page *hubtest.Client) (e shop.EndedPlayback) {
	t.Helper()
	page.Wait("playback.ended", soon).Into(t, &e)
	return e
}

func TestPlaybackEnded_ThirdDevice_OldestHears(t *testing.T) {
	w, token, _, key := playsOn(t)
	page := hubtest.Dial(t, w.url+"/ws", token)
	phone, tablet := w.login("lin", "phone"), w.login("lin", "tablet")
	lesson := "/api/courses/go1/lessons/l2"
	opened(w.do("GET", lesson, phone, nil))
	w.do("GET", lesson, tablet, nil).is(409, "PLAYBACK_ELSEWHERE")
	opened(w.do("GET", lesson+"?continue_here=1", tablet, nil))
	row, err := w.store.Tokens.Authenticate(t.Context(), token, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if e := endedOn(t, page); e != (shop.EndedPlayback{Client: "web", Session: row.PublicID(), Code: "PLAYBACK_ELSEWHERE"}) {
		t.Errorf("%+v", e)
	}
	w.do("GET", key, token, nil).is(409, "PLAYBACK_ELSEWHERE")
}

// TestPlaybackEnded_Refund_NoKeyAndThePageHears holds both halves of a refund while it plays: the very next key is
// refused, so a player stops within a key's half minute, and the page learns why.
func TestPlaybackEnded_Refund_NoKeyAndThePageHears(t *testing.T) {
	w, token, id, key := playsOn(t)
	page := hubtest.Dial(t, w.url+"/ws", token)
	_, err := w.store.Enrolments.Change(t.Context(), id, "go1", func(e *shop.Enrolment) error {
		for i := range e.Grants {
			e.Grants[i].State = shop.GrantRevoked
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.do("GET", key, token, nil).is(403, "ENROLMENT_REQUIRED")
	if err := w.store.Unsent.Note(t.Context(), store.Unsent{Kind: store.UnsentEnrolment, Ref: "go1", UserID: id, Why: "refund:o1"}); err != nil {
		t.Fatal(err)
	}
	if err := w.deps.Checkout.News.TellUnsent(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := endedOn(t, page); got != (shop.EndedPlayback{Client: "web", Code: "ENROLMENT_REQUIRED", CourseID: "go1"}) {
		t.Errorf("%+v", got)
	}
}
