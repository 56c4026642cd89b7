package learning

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"mstm/shop"
)

// ticket is what an address of playback says: who may play which lesson, by which session, in which
// browser, until when. It is signed, so it is believed as it stands.
type ticket struct {
	User, Key, Session    string // "" in a preview's; Key is the session's, see store.Device
	Course, Lesson, Media string
	Bind                  string    // hash of the browser's cookie; "" in a preview's
	Until                 time.Time // to the second
	Inner                 bool      // of what a playlist names
	Use                   use       // what the file is given for
}

// Lives of addresses. That of a playlist, or of a file, is short; what a playlist names lives as long as
// the video takes with pauses, for players read a playlist once. Those addresses give ciphertext, and each
// key is asked for by the session and enrolment of that moment.
const (
	addressLife = 10 * time.Minute
	pauses      = 2 * time.Hour
	mostLife    = 12 * time.Hour
)

// sessionMark is how a ticket and an event name a session: half of its hash.
func sessionMark(session string) string { return session[:min(len(session), 32)] }

func (t ticket) text() string {
	last := string(t.Use)
	if t.Inner {
		last = "1"
	}
	return strings.Join([]string{t.User, t.Key, t.Session, t.Course, t.Lesson, t.Media, t.Bind, strconv.FormatInt(t.Until.Unix(), 36), last}, "|")
}

func signTicket(secret []byte, text string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("mstm playback 1|" + text))
	return mac.Sum(nil)[:24]
}

// write is the ticket as a part of an address.
func (t ticket) write(secret []byte) string {
	text := t.text()
	return base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + base64.RawURLEncoding.EncodeToString(signTicket(secret, text))
}

// readTicket reads a ticket and refuses one that is not ours or past its time.
func readTicket(secret []byte, address string, now time.Time) (ticket, error) {
	t, err := signedTicket(secret, address)
	if err == nil && !now.Before(t.Until) {
		err = shop.ErrPlaybackExpired
	}
	if err != nil {
		return ticket{}, err
	}
	return t, nil
}

// signedTicket reads a ticket, whatever its time, and refuses one that is not ours.
func signedTicket(secret []byte, address string) (ticket, error) {
	body, mac, _ := strings.Cut(address, ".")
	text, err := base64.RawURLEncoding.Strict().DecodeString(body)
	sum, err2 := base64.RawURLEncoding.Strict().DecodeString(mac)
	if err != nil || err2 != nil || !hmac.Equal(sum, signTicket(secret, string(text))) {
		return ticket{}, shop.ErrPlaybackAddress
	}
	f := strings.Split(string(text), "|")
	if len(f) != 9 {
		return ticket{}, shop.ErrPlaybackAddress
	}
	until, err := strconv.ParseInt(f[7], 36, 64)
	if err != nil {
		return ticket{}, shop.ErrPlaybackAddress
	}
	t := ticket{f[0], f[1], f[2], f[3], f[4], f[5], f[6], time.Unix(until, 0), f[8] == "1", use(f[8])}
	if t.Inner {
		t.Use = usePlay
	}
	return t, nil
}

// bindingOf is what a ticket keeps of a cookie.
func bindingOf(cookie string) string {
	sum := sha256.Sum256([]byte("mstm playback cookie " + cookie))
	return hex.EncodeToString(sum[:12])
}
