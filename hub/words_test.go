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

	"mstm/hub/conn"
)

func TestARevocationEndsOnlyEarlierLogins(t *testing.T) {
	for _, tt := range []struct {
		name   string
		reason EndReason
		since  int64
		want   conn.CloseReason
	}{
		{"a logout after the login", LoggedOut, 999, conn.LoggedOut},
		{"a logout in the same millisecond", LoggedOut, 1000, conn.LoggedOut},
		{"a logout that comes late, after the next login", LoggedOut, 1001, conn.CheckAgain},
		{"a replacement after the login", Replaced, 1, conn.SessionReplaced},
		{"a replacement that comes late", Replaced, 2000, conn.CheckAgain},
		{"a reason of a newer version", "banned", 1, conn.TokenRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			order := revocation{Reason: tt.reason, AtMS: 1000}
			if got := order.closeReason(tt.since); got != tt.want {
				t.Errorf("close reason %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestAnOrderThatCannotBeReadEndsThemAll(t *testing.T) {
	order, ok := parseRevocation("!{")
	if !ok || !order.concerns(&Identity{Client: "web", Session: "s"}) || order.closeReason(0) != conn.TokenRefused {
		t.Errorf("order %+v", order)
	}
	if _, ok := parseRevocation(`"type":"x","data":"!"`); ok {
		t.Error("an event is taken for an order")
	}
}

var everyCloseReason = []conn.CloseReason{
	conn.TokenRefused, conn.TokenExpired, conn.SessionReplaced, conn.ProtocolMisuse, conn.HelloTimeout, conn.MessageTooBig,
	conn.TooManyMessages, conn.IdentityChanged, conn.LoggedOut, conn.TooSlow, conn.ServerRestart, conn.Silent, conn.TryLater, conn.CheckAgain, conn.TooManySockets, conn.TooManyElsewhere,
}

// TestEveryWayOfEndingKeepsTheContract holds each code, word and moment against design §6.
func TestEveryWayOfEndingKeepsTheContract(t *testing.T) {
	word := regexp.MustCompile(`^[A-Z_]+$`)
	const finClose, maxControlPayload = 0x88, 125 // RFC 6455 §5.2 and §5.5
	for _, c := range everyCloseReason {
		t.Run(c.Word, func(t *testing.T) {
			frame := c.Frame()
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
			comesBack := c.Code >= 4100
			if c.Code < 4000 || c.Code > 4199 || !word.MatchString(reason.Code) || (reason.RetryMS > 0) != comesBack {
				t.Errorf("%d %+v", c.Code, reason)
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
