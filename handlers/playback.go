package handlers

import (
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"mstm/account"
	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/media"
	"mstm/shop"
	"mstm/store/redisstore"
)

// playback gives out playlists, keys, segments and whole files.
type playback struct {
	learning *learning.Learning
	library  *media.Library // nil: the shop keeps no files, and none is played
	redirect bool           // files are fetched at the object store
	limits   *redisstore.Limits
	guesses  redisstore.Limit // addresses that the shop never made, of one client; a burst of 0 is no limit
	grants   *grants
	now      func() time.Time
}

// guessesOf is the limit of so many guesses a minute.
func guessesOf(perMinute int) redisstore.Limit {
	return redisstore.Limit{Name: "playback:guesses", Burst: perMinute, Every: time.Minute / time.Duration(max(1, perMinute))}
}

// player is the person whose player asks without a token: the address was made for that person, in the browser that the
// cookies are of. An address that was carried elsewhere counts for its carrier, whose guesses would else use up
// what its owner may ask for.
func (h *playback) player(r *http.Request) string {
	return h.learning.Playback.Player(r.Context(), cookiesOf(r), rest.Param(r, "ticket"))
}

// cookiesOf are the values of the cookie that addresses are bound to: a browser may have one of an older path too.
func cookiesOf(r *http.Request) (values []string) {
	for _, c := range r.CookiesNamed(playbackCookieName) {
		values = append(values, c.Value)
	}
	return values
}

// serve answers GET /api/playback/:ticket/:part: playlists, keys, segments, posters and whole files.
func (h *playback) serve(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), playTime)
	defer cancel()
	p, err := h.learning.Playback.Play(ctx, viewerOf(ctx), cookiesOf(r), rest.Param(r, "ticket"), rest.Param(r, "part"))
	if err != nil {
		return h.refusal(r, err)
	}
	if p.Object != "" {
		h.grant(r, p.Sent)
		return h.serveObject(w, r, p)
	}
	w.Header().Set("Content-Type", p.Type)
	rest.Write(w, http.StatusOK, p.Body)
	return nil
}

// playTime is how long it may take to find what an address names.
const playTime = 10 * time.Second

// refusal is err, unless its sender has guessed too many addresses. Good addresses are never refused for it.
func (h *playback) refusal(r *http.Request, err error) error {
	ctx := r.Context()
	if h.guesses.Burst == 0 || !errors.Is(err, shop.ErrPlaybackAddress) {
		return err
	}
	if h.learning.Playback.Made(ctx, rest.Param(r, "ticket")) {
		return err
	}
	guesser := cmp.Or(rest.LearnerID(ctx), account.Neighbourhood(rest.Address(r)), "this machine")
	if wait := h.limits.Take(ctx, h.guesses, guesser); wait > 0 {
		return shop.TooManyRequests(wait)
	}
	return err
}

// Times of serving an object: how long a signed address of the store itself is good, and how long one answer may take.
const (
	redirectLife = 5 * time.Minute
	serveTime    = 30 * time.Minute
)

// tenMinutes is how long a player may keep what it was sent.
var tenMinutes = []string{"private, max-age=600"}

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
	header["Content-Type"] = []string{p.Type}
	if p.File.Kind == shop.KindCaption {
		header.Set("Content-Type", p.Type+"; charset=utf-8")
	}
	header["Cache-Control"] = tenMinutes
	header["Etag"] = []string{`"` + p.Object[strings.LastIndex(p.Object, "/")+1:] + "-" + p.File.SHA256[:min(16, len(p.File.SHA256))] + `"`}
	if p.Download != "" {
		header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(strings.ReplaceAll(p.Download, `\`, "/"))}))
	}
	http.ServeContent(w, r, "", time.Time{}, body.(io.ReadSeeker))
	return nil
}
