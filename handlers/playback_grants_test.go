package handlers

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"mstm/shop"
)

// TestPlayback_GrantedPart_OpensNothingElse fetches a part twice, the second time by what was found out at the first, and
// then asks for whatever that must not open.
func TestPlayback_GrantedPart_OpensNothingElse(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(d *Deps) { d.Now = func() time.Time { return now } })
	_, tokens := w.films(2)
	now = time.Now() // later than what they were granted
	variants, _ := addresses(w.do("GET", opened(w.do("GET", "/api/courses/go1/lessons/l2", tokens[0], nil)).URL, tokens[0], nil).is(200).Body)
	segments, keys := addresses(w.do("GET", variants[0], tokens[0], nil).is(200).Body)
	segment := segments[0]
	for range 2 {
		if got := w.do("GET", segment, tokens[0], nil).is(200); string(got.Body) != "ciphertext" {
			t.Fatalf("%s", got.Body)
		}
	}
	if got := w.do("GET", segment, tokens[0], nil, "Range", "bytes=0-5").is(206); string(got.Body) != "cipher" {
		t.Errorf("a range is %s", got.Body)
	}
	refused := func(address, token, code string) {
		t.Helper()
		w.do("GET", address, token, nil).is(403, code)
	}
	refused(segment, "", "PLAYBACK_ADDRESS")
	refused(segment, tokens[1], "PLAYBACK_ADDRESS")
	for _, part := range []string{"0-99.m4s", "9-0.m4s", "x.m4s", "file"} {
		refused(segment[:strings.LastIndex(segment, "/")+1]+part, tokens[0], "PLAYBACK_ADDRESS")
	}
	me := as[struct{ ID string }](w.do("GET", "/api/me", tokens[0], nil).is(200))
	_, err := w.store.Enrolments.Change(t.Context(), me.ID, "go1", func(e *shop.Enrolment) error { e.Grants = nil; return nil })
	if err != nil {
		t.Fatal(err)
	}
	w.do("GET", segment, tokens[0], nil).is(200) // of no use without
	refused(keys[0], tokens[0], "ENROLMENT_REQUIRED")
	w.do("POST", "/api/logout", tokens[0], nil)
	refused(keys[0], "", "PLAYBACK_ADDRESS")
	now = now.Add(grantLife)
	w.do("GET", segment, tokens[0], nil).is(401, "UNAUTHENTICATED")
	now = now.Add(24 * time.Hour)
	refused(segment, "", "PLAYBACK_EXPIRED")
}

// TestPlayback_GuessedAddresses_OpenNothing asks over HTTP for keys, parts, playlists and files by addresses that are like
// good ones: with one character of the ticket or its signature changed, with another person, lesson, file or time under the old
// signature, with a signature at random, and with a good ticket for what its file has not or in another account's hands.
// GUESSES=10000 asks so often.
func TestPlayback_GuessedAddresses_OpenNothing(t *testing.T) {
	guesses := 200
	if text, ok := os.LookupEnv("GUESSES"); ok {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		guesses = n
	}
	w := newWorld(t)
	_, tokens := w.films(2)
	playlist := opened(w.do("GET", "/api/courses/go1/lessons/l2", tokens[0], nil)).URL
	variants, _ := addresses(w.do("GET", playlist, tokens[0], nil).is(200).Body)
	segments, keys := addresses(w.do("GET", variants[0], tokens[0], nil).is(200).Body)
	good := []string{playlist, variants[0], keys[0], segments[0]}
	for _, address := range good { // so that parts are granted while others guess
		w.do("GET", address, tokens[0], nil).is(200)
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	r := rand.New(rand.NewPCG(13, 13))
	answers := map[string]int{}
	for i := range guesses {
		address := good[r.IntN(len(good))]
		under := strings.TrimPrefix(address, "/api/playback/")
		text, part, _ := strings.Cut(under, "/")
		body, sign, _ := strings.Cut(text, ".")
		by := []string{tokens[0], tokens[1], ""}[r.IntN(3)]
		switch i % 5 {
		case 0: // one character
			at := r.IntN(len(text))
			guess := []byte(text)
			if guess[at] != '.' {
				guess[at] = alphabet[(strings.IndexByte(alphabet, guess[at])+1+r.IntN(63))%64]
			} else {
				guess[at] = 'A'
			}
			text = string(guess)
		case 1: // one field
			plain, err := base64.RawURLEncoding.DecodeString(body)
			if err != nil {
				t.Fatal(err)
			}
			fields := strings.Split(string(plain), "|")
			field := r.IntN(len(fields))
			fields[field] += string(alphabet[r.IntN(64)])
			text = base64.RawURLEncoding.EncodeToString([]byte(strings.Join(fields, "|"))) + "." + sign
		case 2: // the signature
			guess := make([]byte, len(sign))
			for j := range guess {
				guess[j] = alphabet[r.IntN(64)]
			}
			text = body + "." + string(guess)
		case 3: // what the file has not
			part = fmt.Sprintf([]string{"%d.key", "0-%d.m4s", "%d-init.mp4", "%d.m3u8"}[r.IntN(4)], 10+r.IntN(1000))
		case 4: // another's
			by = tokens[1]
		}
		got := w.do("GET", "/api/playback/"+text+"/"+part, by, nil)
		if got.is(403, "PLAYBACK_ADDRESS"); len(got.Body) > 1000 {
			t.Fatalf("guess %d of %s was answered %d bytes", i, part, len(got.Body))
		}
		answers[fmt.Sprint(got.Status)]++
	}
	t.Logf("%d guesses were answered %v", guesses, answers)
	w.do("GET", keys[0], tokens[0], nil).is(200)
}
