package handlers

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/shop"
)

// A player fetches a part every few seconds by one address, with one token or cookie. What was found out about both is
// kept for grantLife, so that the next parts of a video cost hardly more than their bytes. They are ciphertext: keys,
// playlists and whole files are never granted so, and are asked for at the moment of use.
const (
	grantLife  = 30 * time.Second
	mostGrants = 10_000 // about 10 MB
)

// grant is what was found out about one sender of an address.
type grant struct {
	until time.Time
	sent  learning.Sent
	do    rest.HandlerFunc
}

// grants are those of this instance.
type grants struct {
	mu   sync.Mutex
	kept *lru.LRU[grantKey, *grant]
}

// grantKey stands for an address and all that its sender has shown. It opens nothing.
type grantKey [sha256.Size]byte

func newGrants() *grants {
	kept, err := lru.NewLRU[grantKey, *grant](mostGrants, nil)
	if err != nil {
		panic(err) // only a size below one is refused
	}
	return &grants{kept: kept}
}

// grantKeyOf is the key of a request for a part of a video; false for any other, whose right is not granted ahead.
func grantKeyOf(r *http.Request) (key grantKey, ok bool) {
	if part := rest.Param(r, "part"); !strings.HasSuffix(part, ".m4s") {
		return key, false
	}
	text := make([]byte, 0, 1024)
	text = append(text, rest.Param(r, "ticket")...)
	for _, name := range [...]string{"Authorization", "Cookie"} {
		text = append(text, '\n')
		for _, line := range r.Header[name] {
			text = append(append(text, line...), '\n')
		}
	}
	return sha256.Sum256(text), true
}

// granted is the person that a part of a video is for, and what sends it, where that was found out a moment ago.
func (h *playback) granted(r *http.Request) (userID string, do rest.HandlerFunc, ok bool) {
	key, ok := grantKeyOf(r)
	if !ok {
		return "", nil, false
	}
	h.grants.mu.Lock()
	g, ok := h.grants.kept.Get(key)
	h.grants.mu.Unlock()
	if !ok || !h.now().Before(g.until) {
		return "", nil, false
	}
	return g.sent.UserID, g.do, true
}

// grant keeps what was found out about the sender of a request for a part of a video.
func (h *playback) grant(r *http.Request, sent learning.Sent) {
	key, ok := grantKeyOf(r)
	if !ok || sent.UserID == "" {
		return
	}
	g := &grant{until: h.now().Add(grantLife), sent: sent}
	if sent.Until.Before(g.until) {
		g.until = sent.Until
	}
	g.do = func(w http.ResponseWriter, r *http.Request) error { return h.serveGranted(w, r, g) }
	h.grants.mu.Lock()
	defer h.grants.mu.Unlock()
	h.grants.kept.Add(key, g)
}

// serveGranted sends a part of a video. The log has the request that the grant was made for, and not those after it.
func (h *playback) serveGranted(w http.ResponseWriter, r *http.Request, g *grant) error {
	p, ok := g.sent.Part(rest.Param(r, "part"))
	if !ok {
		return shop.ErrPlaybackAddress
	}
	err := h.serveObject(w, r, p)
	if err == nil {
		rest.SkipLog(r.Context())
	}
	return err
}
