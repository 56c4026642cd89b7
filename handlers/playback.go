package handlers

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/media"
	"mstm/shop"
)

// playback gives out playlists, keys, segments and whole files.
type playback struct {
	learning *learning.Learning
	library  *media.Library // nil: the shop keeps no files, and none is played
	redirect bool           // files are fetched at the object store
}

// serve answers GET /api/playback/:ticket/:part: playlists, keys, segments, posters and whole files.
func (h *playback) serve(w http.ResponseWriter, r *http.Request) error {
	var cookies []string // a browser may have one of an older path too
	for _, c := range r.CookiesNamed(playbackCookieName) {
		cookies = append(cookies, c.Value)
	}
	p, err := h.learning.Playback.Play(r.Context(), viewerOf(r.Context()), cookies, rest.Param(r, "ticket"), rest.Param(r, "part"))
	if err != nil {
		return err
	}
	if p.Object != "" {
		return h.serveObject(w, r, p)
	}
	w.Header().Set("Content-Type", p.Type)
	rest.Write(w, http.StatusOK, p.Body)
	return nil
}

// Times of serving an object: how long a signed address of the store itself is good, and how long one answer may take.
const (
	redirectLife = 5 * time.Minute
	serveTime    = 30 * time.Minute
)

// serveObject sends an object by ranges, from this program or by a redirect to the object store.
func (h *playback) serveObject(w http.ResponseWriter, r *http.Request, p learning.Played) error {
	header := w.Header()
	if h.redirect && !p.Here {
		u, err := h.library.Storage.SignedURL(r.Context(), p.Object, redirectLife)
		if err != nil {
			return err
		}
		header.Set("Location", u)
		w.WriteHeader(http.StatusFound)
		return nil
	}
	body, err := h.library.Storage.Open(r.Context(), p.Object)
	if errors.Is(err, media.ErrNoObject) {
		return shop.ErrPlaybackAddress // a newer transcoding has taken its place
	}
	if err != nil {
		return err
	}
	defer body.Close()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(serveTime))
	header.Set("Content-Type", p.Type)
	if p.File.Kind == shop.KindCaption {
		header.Set("Content-Type", p.Type+"; charset=utf-8")
	}
	header.Set("Cache-Control", "private, max-age=600")
	header.Set("Etag", fmt.Sprintf("%q", p.Object[strings.LastIndex(p.Object, "/")+1:]+"-"+p.File.SHA256[:min(16, len(p.File.SHA256))]))
	if p.Download != "" {
		header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": p.Download}))
	}
	http.ServeContent(w, r, "", time.Time{}, body.(io.ReadSeeker))
	return nil
}
