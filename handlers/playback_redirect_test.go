package handlers

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"mstm/media"
	"mstm/media/mediatest"
	"mstm/shop"
)

// TestPlayback_RedirectedToTheBucket_PartsComeFromThereAndKeysDoNot has the files in an S3 store and players fetch there.
func TestPlayback_RedirectedToTheBucket_PartsComeFromThereAndKeysDoNot(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.MediaRedirect = true })
	bucket, err := media.OpenStorage(t.Context(), mediatest.S3(t), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	w.deps.Media.Storage = bucket
	origin, err := bucket.Origin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, tokens := w.films(2)
	playlist := opened(w.do("GET", "/api/courses/go1/lessons/l2", tokens[0], nil)).URL
	variants, _ := addresses(w.do("GET", playlist, tokens[0], nil).is(200).Body)
	segments, keys := addresses(w.do("GET", variants[0], tokens[0], nil).is(200).Body)
	w.do("GET", keys[0], tokens[0], nil).is(200)
	for _, what := range []string{"looked up", "granted"} {
		at := w.do("GET", segments[0], tokens[0], nil).is(302).Header.Get("Location")
		if !strings.HasPrefix(at, origin+"/") || !strings.Contains(at, "X-Amz-Signature=") || strings.Contains(at, tokens[0]) {
			t.Fatalf("%s: %s", what, at)
		}
		res, err := http.Get(at)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close() // was read
		if err != nil || res.StatusCode != http.StatusOK || string(body) != "ciphertext" {
			t.Errorf("%s: the bucket answered %s %q, %v", what, res.Status, body, err)
		}
	}
	w.do("GET", segments[0], "", nil).is(403, "PLAYBACK_ADDRESS")
	w.do("GET", segments[0], tokens[1], nil).is(403, "PLAYBACK_ADDRESS")
	me := as[struct{ ID string }](w.do("GET", "/api/me", tokens[0], nil).is(200))
	if _, err := w.store.Enrolments.Change(t.Context(), me.ID, "go1", func(e *shop.Enrolment) error { e.Grants = nil; return nil }); err != nil {
		t.Fatal(err)
	}
	w.do("GET", keys[0], tokens[0], nil).is(403, "ENROLMENT_REQUIRED")
}
