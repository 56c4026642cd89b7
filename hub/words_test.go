package hub

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

func TestAnOrderEndsFinallyOnlyWhoLoggedInBeforeIt(t *testing.T) {
	for _, tt := range []struct {
		name   string
		reason EndReason
		since  int64
		want   closing
	}{
		{"a logout after the login", LoggedOut, 999, loggedOut},
		{"a logout in the same millisecond", LoggedOut, 1000, loggedOut},
		{"a logout that comes late, after the next login", LoggedOut, 1001, checkAgain},
		{"a replacement after the login", Replaced, 1, sessionReplaced},
		{"a replacement that comes late", Replaced, 2000, checkAgain},
		{"a reason of a newer version", "banned", 1, tokenRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			order := ending{Reason: tt.reason, AtMS: 1000}
			if got := order.closing(tt.since); got != tt.want {
				t.Errorf("closing %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestAnOrderThatCannotBeReadEndsThemAll(t *testing.T) {
	order, ok := parseEnding("!{")
	if !ok || !order.concerns(&Identity{Client: "web", Session: "s"}) || order.closing(0) != tokenRefused {
		t.Errorf("order %+v", order)
	}
	if _, ok := parseEnding(`"type":"x","data":"!"`); ok {
		t.Error("an event is taken for an order")
	}
}

var everyClosing = []closing{
	tokenRefused, tokenExpired, sessionReplaced, protocolMisuse, helloTimeout, messageTooBig,
	tooManyMessages, identityChanged, loggedOut, tooSlow, serverRestart, silent, tryLater, checkAgain, tooManySockets, tooManyElsewhere,
}

// TestEveryWayOfEndingKeepsTheContract holds each code, word and moment against design §6.
func TestEveryWayOfEndingKeepsTheContract(t *testing.T) {
	word := regexp.MustCompile(`^[A-Z_]+$`)
	for _, c := range everyClosing {
		t.Run(c.word, func(t *testing.T) {
			frame := c.frame()
			if frame[0] != finClose || int(frame[1]) != len(frame)-2 || frame[1] > maxControlPayload {
				t.Fatalf("frame % x", frame[:4])
			}
			var reason struct {
				Code    string `json:"code"`
				RetryMS int64  `json:"retry_ms"`
			}
			if err := json.Unmarshal(frame[4:], &reason); err != nil {
				t.Fatal(err)
			}
			comesBack := c.code >= 4100
			if c.code < 4000 || c.code > 4199 || !word.MatchString(reason.Code) || (reason.RetryMS > 0) != comesBack {
				t.Errorf("%d %+v", c.code, reason)
			}
		})
	}
}

func TestTopicsAreSpreadOverTheirOwnPartitions(t *testing.T) {
	all := partitionSpecs()
	for topic, kind := range map[string]string{
		Activity: "activity", Desk: "desk", CourseTopic("c1"): "course", CourseTopic("c2"): "course",
		UserTopic("alice"): "user", UserTopic("desk"): "user",
	} {
		if got := all[partitionIndex(topic)].Name; !strings.HasPrefix(got, kind) {
			t.Errorf("%s is in partition %s", topic, got)
		}
	}
	names := map[string]bool{}
	for _, spec := range all {
		names[spec.Name] = true
	}
	if len(names) != len(all) {
		t.Error("two partitions share a log")
	}
}

// TestTheHubHasNoSentencesOfItsOwn: what people read comes from Config.Explain, in the shop's language.
func TestTheHubHasNoSentencesOfItsOwn(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if i := bytes.IndexFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }); i >= 0 {
			t.Errorf("%s has %.30s", path, text[i:])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFramesOfEveryLengthSayTheirLength(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 70000} {
		f := textFrame(make([]byte, n))
		head := map[bool]int{true: 2, false: 4}[n < 126]
		if n > 65535 {
			head = 10
		}
		if len(f) != head+n || f[0] != finText {
			t.Errorf("%d bytes of payload make a frame of %d", n, len(f))
		}
	}
}
