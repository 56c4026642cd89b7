package conn

import (
	"math/rand/v2"
	"time"
)

// CloseReason is how a socket ends. Codes 4000–4099 do not come back, 4100–4199 do, after a
// moment between least and most that is drawn for each socket, so that they do not all come
// at once.
type CloseReason struct {
	Code        int
	Word        string
	Least, Most time.Duration
	Drop        bool // what waits in the queue is not sent
}

// The reasons. Tests hold them against the contract.
var (
	TokenRefused    = CloseReason{Code: 4001, Word: "TOKEN_REFUSED", Drop: true}
	TokenExpired    = CloseReason{Code: 4001, Word: "TOKEN_EXPIRED", Drop: true}
	SessionReplaced = CloseReason{Code: 4002, Word: "SESSION_REPLACED"}
	ProtocolMisuse  = CloseReason{Code: 4003, Word: "PROTOCOL_MISUSE"}
	MessageTooBig   = CloseReason{Code: 4003, Word: "MESSAGE_TOO_BIG"}
	TooManyMessages = CloseReason{Code: 4003, Word: "TOO_MANY_MESSAGES"}
	IdentityChanged = CloseReason{Code: 4003, Word: "IDENTITY_CHANGED", Drop: true}
	LoggedOut       = CloseReason{Code: 4004, Word: "LOGGED_OUT", Drop: true}
	TooSlow         = CloseReason{Code: 4100, Word: "TOO_SLOW", Least: time.Second / 2, Most: 3 * time.Second, Drop: true}
	ServerRestart   = CloseReason{Code: 4101, Word: "SERVER_RESTART", Least: time.Second / 5, Most: 2 * time.Second}
	Silent          = CloseReason{Code: 4102, Word: "SILENT", Least: time.Second / 5, Most: 2 * time.Second, Drop: true}
	TryLater        = CloseReason{Code: 4103, Word: "TRY_LATER", Least: 2 * time.Second, Most: 10 * time.Second}
	CheckAgain      = CloseReason{Code: 4103, Word: "CHECK_AGAIN", Least: time.Second / 10, Most: time.Second, Drop: true}
	TooManySockets  = CloseReason{Code: 4104, Word: "TOO_MANY_SOCKETS", Least: 20 * time.Second, Most: time.Minute}
	// What is known of other instances is some seconds old: this one may soon find a place.
	TooManyElsewhere = CloseReason{Code: 4104, Word: "TOO_MANY_SOCKETS", Least: 2 * time.Second, Most: 10 * time.Second}
	// What is on the way may keep a client's frames back, which is no misuse of the client's.
	HelloTimeout = CloseReason{Code: 4102, Word: "HELLO_TIMEOUT", Least: time.Second / 5, Most: 2 * time.Second, Drop: true}
)

// Slot is the reason for the i-th of n sockets that are to come back evenly spread over a window:
// each gets a part of it for itself, and a moment in that.
func (c CloseReason) Slot(i, n int, window time.Duration) CloseReason {
	rest := max(0, window-c.Least)
	c.Least, c.Most = c.Least+rest*time.Duration(i)/time.Duration(n), c.Least+rest*time.Duration(i+1)/time.Duration(n)
	return c
}

// Frame is the close frame for one socket, with its own moment to come back. retry_ms is 0
// where the socket is not to come back.
func (c CloseReason) Frame() []byte {
	wait := c.Least
	if c.Most > c.Least {
		wait += rand.N(c.Most - c.Least)
	}
	return closeFrame(c.Code, closeReason(c.Word, wait.Milliseconds()))
}

// RestartWindow is the time over which n sockets come back: 500 a second, which
// a single core accepts easily, and at least two seconds.
func RestartWindow(n int) time.Duration {
	return max(2*time.Second, time.Duration(n)*2*time.Millisecond)
}
