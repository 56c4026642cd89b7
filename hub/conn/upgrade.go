package conn

import (
	"bufio"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
)

// Subprotocol is the version of the protocol; a client that offers none is served as well.
const Subprotocol = "mstm.v1"

// IsHandshake reports whether a request asks for a WebSocket as RFC 6455 §4.2.1 says.
func IsHandshake(r *http.Request) bool {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-Websocket-Key"))
	return err == nil && len(key) == 16 && r.Method == http.MethodGet && websocket.IsWebSocketUpgrade(r) &&
		slices.Contains(r.Header.Values("Sec-Websocket-Version"), "13")
}

// Upgrade makes the handshake and returns the connection. An error means that nothing was answered.
func (v *Server) Upgrade(w http.ResponseWriter, r *http.Request) (net.Conn, *Refusal) {
	ws, err := v.upgrader.Upgrade(hijacker{w}, r, nil)
	if err != nil {
		return nil, &RefusedNoHandshake
	}
	return ws.NetConn(), nil // gorilla neither reads nor writes after the handshake
}

// newUpgrader makes what makes the handshakes, and no more: see inbound and writers. Compression is off: it
// would cost each socket more than its events weigh.
func newUpgrader() websocket.Upgrader {
	return websocket.Upgrader{
		Subprotocols:    []string{Subprotocol},
		ReadBufferSize:  128,
		WriteBufferSize: 256,
		WriteBufferPool: &sync.Pool{},
		CheckOrigin:     func(*http.Request) bool { return true },                // Origins has checked it
		Error:           func(http.ResponseWriter, *http.Request, int, error) {}, // the caller answers
	}
}

// hijacker finds the connection behind middleware that has Unwrap, where gorilla would not look.
type hijacker struct{ http.ResponseWriter }

// Hijack takes the connection over.
func (w hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Origins are the pages that may open a socket.
type Origins struct {
	any     bool
	allowed map[string]bool
}

// NewOrigins reads a list of scheme://host[:port], or "*".
func NewOrigins(list []string) Origins {
	o := Origins{allowed: map[string]bool{}}
	for _, origin := range list {
		if origin == "*" {
			o.any = true
		}
		o.allowed[strings.ToLower(strings.TrimSuffix(origin, "/"))] = true
	}
	return o
}

// Allow compares the whole origin: scheme, host and port. A request without Origin is no
// browser's, and carries nothing a page could abuse.
func (o Origins) Allow(r *http.Request) bool {
	sent := r.Header.Values("Origin")
	if len(sent) == 0 || o.any {
		return true
	}
	if len(sent) > 1 {
		return false
	}
	origin := strings.ToLower(sent[0])
	if o.allowed[origin] {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.Host == strings.ToLower(r.Host) && origin == u.Scheme+"://"+u.Host
}
