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
	"mstm/media"
	"mstm/shop"
)

// playback gives out playlists, keys, segments and whole files.
type playback struct {
	player   *player
	library  *media.Library // nil: the shop keeps no files
	redirect bool           // files are fetched at the object store
	now      func() time.Time
}

const hlsType = "application/vnd.apple.mpegurl"

// serve answers GET /api/playback/:ticket/:part: playlists, keys, segments, posters and whole files.
func (h *playback) serve(w http.ResponseWriter, r *http.Request) error {
	secret, err := h.player.playbackSecret(r.Context())
	if err != nil {
		return err
	}
	t, err := readTicket(secret, rest.Param(r, "ticket"), h.now())
	if err != nil {
		return err
	}
	if err := h.player.boundHere(r, t); err != nil {
		return err
	}
	if h.library == nil {
		return shop.ErrUnavailable
	}
	m, err := h.player.playedFile(r.Context(), t.Media)
	if err != nil {
		return err
	}
	part, ok := media.Part(m, rest.Param(r, "part"))
	if !ok || t.Inner && part.Playlist == -1 {
		return shop.ErrPlaybackAddress
	}
	opens := part.Key >= 0 || part.Playlist > -2 || part.Object == m.Key || t.Lesson == "" && !isPoster(m, part)
	if opens {
		if err := h.player.mayPlay(r, t, part); err != nil {
			return err
		}
	}
	switch {
	case part.Key >= 0:
		return answerBytes(w, "application/octet-stream", media.SegmentKey(m.Video.Secret, part.Key))
	case part.Playlist > -2:
		return h.answerPlaylist(w, t, secret, m, part)
	}
	return h.serveObject(w, r, m, part)
}

func answerBytes(w http.ResponseWriter, kind string, body []byte) error {
	w.Header().Set("Content-Type", kind)
	rest.Write(w, http.StatusOK, body)
	return nil
}

// answerPlaylist writes a playlist whose names have addresses of their own.
func (h *playback) answerPlaylist(w http.ResponseWriter, t ticket, secret []byte, m *shop.Media, part media.PlaybackPart) error {
	if !t.Inner { // an address of a variant gives no more time than it has itself
		t.Until = h.now().Add(min(mostLife, time.Duration(m.Video.DurationMS)*time.Millisecond+pauses))
	}
	t.Inner = true
	under := "/api/playback/" + t.write(secret) + "/"
	at := func(name string) string { return under + name }
	text := ""
	if part.Playlist == -1 {
		text = media.MasterPlaylist(m.Video, at)
	} else {
		text = media.VariantPlaylist(m.Video, part.Playlist, at)
	}
	return answerBytes(w, hlsType, []byte(text))
}

// Times of serving an object: how long a signed address of the store itself is good, and how long one answer may take.
const (
	redirectLife = 5 * time.Minute
	serveTime    = 30 * time.Minute
)

// serveObject sends an object by ranges, from this program or by a redirect to the object store.
func (h *playback) serveObject(w http.ResponseWriter, r *http.Request, m *shop.Media, part media.PlaybackPart) error {
	header := w.Header()
	if h.redirect {
		u, err := h.library.Storage.SignedURL(r.Context(), part.Object, redirectLife)
		if err != nil {
			return err
		}
		header.Set("Location", u)
		w.WriteHeader(http.StatusFound)
		return nil
	}
	body, err := h.library.Storage.Open(r.Context(), part.Object)
	if errors.Is(err, media.ErrNoObject) {
		return shop.ErrPlaybackAddress // a newer transcoding has taken its place
	}
	if err != nil {
		return err
	}
	defer body.Close()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(serveTime))
	header.Set("Content-Type", part.Type)
	header.Set("Cache-Control", "private, max-age=600")
	header.Set("Etag", fmt.Sprintf("%q", part.Object[strings.LastIndex(part.Object, "/")+1:]+"-"+m.SHA256[:min(16, len(m.SHA256))]))
	if m.Kind == shop.KindDocument {
		header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": m.Name}))
	}
	http.ServeContent(w, r, "", time.Time{}, body.(io.ReadSeeker))
	return nil
}
