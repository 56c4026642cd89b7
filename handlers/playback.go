package handlers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"mstm/media"
	"mstm/shop"
	"mstm/store"
)

// playbackView is how an opened lesson is played. A watermark is what the player shows over it.
type playbackView struct {
	Kind      string    `json:"kind"` // hls, file
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
	Type      string    `json:"type"`
	Poster    string    `json:"poster,omitempty"`
	Watermark string    `json:"watermark,omitempty"`
}

// playbackCookie names the browser that opened a lesson, for players that send no token with what a
// playlist names. It opens nothing by itself. Its path takes in the lessons, so that a browser keeps the name it has
// when it opens another.
func (s *Server) playbackCookie(value string) *http.Cookie {
	return &http.Cookie{
		Name: "mstm-playback", Value: value, Path: "/api", MaxAge: int(30 * 24 * time.Hour / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(s.PublicURL, "https://"),
	}
}

// playback makes the address of an opened lesson; nil where the lesson has no file that can be
// played. Of a lesson that is no preview, it counts the session among the devices that play.
func (s *Server) playback(w http.ResponseWriter, r *http.Request, courseID string, l shop.Lesson) (*playbackView, error) {
	if l.MediaID == "" || s.Media == nil {
		return nil, nil
	}
	m, err := s.Store.Media.Get(r.Context(), l.MediaID)
	if errors.Is(err, shop.ErrMediaNotFound) || err == nil && m.State != shop.MediaReady {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t := ticket{Course: courseID, Lesson: l.ID, Media: m.ID, Until: s.Now().Add(addressLife).Truncate(time.Second)}
	v := &playbackView{Kind: "file", ExpiresAt: utc(t.Until), Type: m.Type}
	if !l.Preview {
		who := callerOf(r.Context())
		if err := s.claimDevice(r, who); err != nil {
			return nil, err
		}
		if v.Watermark, err = s.watermark(r.Context(), who.UserID); err != nil {
			return nil, err
		}
		cookie := store.NewID() + store.NewID()
		if held, err := r.Cookie(s.playbackCookie("").Name); err == nil && len(held.Value) == len(cookie) {
			cookie = held.Value
		}
		http.SetCookie(w, s.playbackCookie(cookie))
		t.User, t.Client, t.Session, t.Bind = who.UserID, who.Client, sessionMark(who.Session), bindingOf(cookie)
	}
	secret, err := s.playbackSecret(r.Context())
	if err != nil {
		return nil, err
	}
	at := "/api/playback/" + t.write(secret) + "/"
	v.URL = at + "file"
	if m.Video != nil {
		v.Kind, v.URL, v.Type, v.Poster = "hls", at+"index.m3u8", hlsType, at+"poster.jpg"
	}
	return v, nil
}

const hlsType = "application/vnd.apple.mpegurl"

// watermark is a masked name and the end of the account's id: enough to find the account that passed a
// recording on, and for others no name.
func (s *Server) watermark(ctx context.Context, userID string) (string, error) {
	u, err := s.Store.Users.Get(ctx, userID)
	if err != nil {
		return "", err
	}
	name := u.Name
	if name == "" {
		name = u.Username
	}
	first := []rune(name + "*")[:1]
	return string(first) + "** " + userID[max(0, len(userID)-4):], nil
}

// How many sessions of an account play at once, and after how long without a key or a byte of a file one
// counts no more.
const (
	maxDevices  = 2
	deviceIdle  = 3 * time.Minute
	noteDevice  = 30 * time.Second
	continueHow = "continue_here"
)

// claimDevice counts the session among those that play. Where there are enough, continue_here=1 in the query
// takes the place of the one that began first, whose pages hear so.
func (s *Server) claimDevice(r *http.Request, who caller) error {
	q, err := query(r)
	if err != nil {
		return err
	}
	takeOver, err := flag(q, continueHow)
	if err != nil {
		return err
	}
	return s.noteDevice(r, who.UserID, who.Client, sessionMark(who.Session), takeOver)
}

func (s *Server) noteDevice(r *http.Request, userID, client, session string, takeOver bool) error {
	var ended []store.PlayingDevice
	now := s.Now().UTC()
	_, err := s.Store.Playing.Change(r.Context(), userID, func(row *store.PlayingRow) error {
		ended = nil
		row.Devices = slices.DeleteFunc(row.Devices, func(d store.PlayingDevice) bool { return now.Sub(d.SeenAt) > deviceIdle })
		i := slices.IndexFunc(row.Devices, func(d store.PlayingDevice) bool { return d.Session == session })
		if i >= 0 {
			if now.Sub(row.Devices[i].SeenAt) < noteDevice {
				return store.Unchanged()
			}
			row.Devices[i].SeenAt = now
			return nil
		}
		if len(row.Devices) >= maxDevices && !takeOver {
			clients := []string{}
			for _, d := range row.Devices {
				clients = append(clients, d.Client)
			}
			return shop.ErrPlaybackElsewhere.With("clients", clients)
		}
		for len(row.Devices) >= maxDevices {
			ended, row.Devices = append(ended, row.Devices[0]), row.Devices[1:]
		}
		row.Devices = append(row.Devices, store.PlayingDevice{Session: session, Client: client, Since: now, SeenAt: now})
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range ended {
		s.tell(r, shop.PlaybackEnded(userID, d.Client))
	}
	return nil
}

// servePlayback answers GET /api/playback/:ticket/:part: playlists, keys, segments, posters and whole files.
func (s *Server) servePlayback(w http.ResponseWriter, r *http.Request) error {
	params := exchangeOf(r.Context()).params
	secret, err := s.playbackSecret(r.Context())
	if err != nil {
		return err
	}
	t, err := readTicket(secret, params.ByName("ticket"), s.Now())
	if err != nil {
		return err
	}
	if err := s.boundHere(r, t); err != nil {
		return err
	}
	if s.Media == nil {
		return shop.ErrUnavailable
	}
	m, err := s.playedFile(r.Context(), t.Media)
	if err != nil {
		return err
	}
	part, ok := media.Part(m, params.ByName("part"))
	if !ok || t.Inner && part.Playlist == -1 {
		return shop.ErrPlaybackAddress
	}
	opens := part.Key >= 0 || part.Playlist > -2 || part.Object == m.Key
	if opens {
		if err := s.mayPlay(r, t, part); err != nil {
			return err
		}
	}
	switch {
	case part.Key >= 0:
		return answerBytes(w, "application/octet-stream", media.SegmentKey(m.Video.Secret, part.Key))
	case part.Playlist > -2:
		return s.answerPlaylist(w, t, secret, m, part)
	}
	return s.serveObject(w, r, m, part)
}

func answerBytes(w http.ResponseWriter, kind string, body []byte) error {
	w.Header().Set("Content-Type", kind)
	write(w, http.StatusOK, body)
	return nil
}

// answerPlaylist writes a playlist whose names have addresses of their own.
func (s *Server) answerPlaylist(w http.ResponseWriter, t ticket, secret []byte, m *shop.Media, part media.PlaybackPart) error {
	if !t.Inner { // an address of a variant gives no more time than it has itself
		t.Until = s.Now().Add(min(mostLife, time.Duration(m.Video.DurationMS)*time.Millisecond+pauses))
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

// boundHere refuses an address that was carried to another browser or account. A player that sends a token shows by it
// whose session it is; one that sends none shows the browser's cookie.
func (s *Server) boundHere(r *http.Request, t ticket) error {
	if t.User == "" {
		return nil
	}
	if who := callerOf(r.Context()); who.id() != "" {
		if who.UserID != t.User || sessionMark(who.Session) != t.Session {
			return shop.ErrPlaybackAddress
		}
		return nil
	}
	// A browser may have one of an older path too.
	if !slices.ContainsFunc(r.CookiesNamed(s.playbackCookie("").Name), func(c *http.Cookie) bool { return bindingOf(c.Value) == t.Bind }) {
		return shop.ErrPlaybackAddress
	}
	return nil
}

// playedFile reads the row of a file, which is kept for some seconds: a video of an hour has a thousand segments.
func (s *Server) playedFile(ctx context.Context, id string) (*shop.Media, error) {
	if m, ok := s.played.Get(id); ok {
		return m, nil
	}
	m, err := s.Store.Media.Get(ctx, id)
	if errors.Is(err, shop.ErrMediaNotFound) || err == nil && m.State != shop.MediaReady {
		return nil, shop.ErrPlaybackAddress
	}
	if err == nil {
		s.played.Add(id, m)
	}
	return m, err
}

// mayPlay asks at the time of use: does the lesson still have the file, does the session live, is the enrolment open, is
// the account's place on this device.
func (s *Server) mayPlay(r *http.Request, t ticket, part media.PlaybackPart) error {
	ctx := r.Context()
	all, err := s.Store.Catalogue.Get(ctx)
	if err != nil {
		return err
	}
	c, ok := all.Course(t.Course)
	if !ok {
		return shop.ErrPlaybackAddress
	}
	l, ok := c.Lesson(t.Lesson)
	if !ok || l.MediaID != t.Media || t.User == "" && !l.Preview {
		return shop.ErrPlaybackAddress
	}
	if t.User == "" {
		return nil
	}
	rows, err := s.Store.Tokens.Current(ctx, []store.TokenOwner{{UserID: t.User, Client: t.Client}}, s.Now())
	if err != nil {
		return err
	}
	if rows[0].ID == "" || sessionMark(rows[0].Session()) != t.Session {
		return shop.ErrPlaybackAddress
	}
	if !l.Preview {
		if err := s.stillEnrolled(ctx, t); err != nil {
			return err
		}
	}
	if part.Playlist > -2 {
		return nil
	}
	return s.noteDevice(r, t.User, t.Client, t.Session, false)
}

func (s *Server) stillEnrolled(ctx context.Context, t ticket) error {
	e, err := s.Store.Enrolments.Get(ctx, t.User, t.Course)
	if errors.Is(err, store.ErrNotFound) {
		return shop.ErrEnrolmentRequired
	}
	if err != nil {
		return err
	}
	now := s.Now()
	if open, _ := e.Access(now); open {
		return nil
	}
	if e.StateAt(now) == shop.GrantExpired {
		return shop.ErrEnrolmentExpired
	}
	return shop.ErrEnrolmentRequired
}

// Times of serving an object: how long a signed address of the store itself is good, and how long one answer may take.
const (
	redirectLife = 5 * time.Minute
	serveTime    = 30 * time.Minute
)

// serveObject sends an object by ranges, from this program or by a redirect to the object store.
func (s *Server) serveObject(w http.ResponseWriter, r *http.Request, m *shop.Media, part media.PlaybackPart) error {
	h := w.Header()
	if s.MediaRedirect {
		u, err := s.Media.Storage.SignedURL(r.Context(), part.Object, redirectLife)
		if err != nil {
			return err
		}
		h.Set("Location", u)
		w.WriteHeader(http.StatusFound)
		return nil
	}
	body, err := s.Media.Storage.Open(r.Context(), part.Object)
	if errors.Is(err, media.ErrNoObject) {
		return shop.ErrPlaybackAddress // a newer transcoding has taken its place
	}
	if err != nil {
		return err
	}
	defer body.Close()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(serveTime))
	h.Set("Content-Type", part.Type)
	h.Set("Cache-Control", "private, max-age=600")
	h.Set("Etag", fmt.Sprintf("%q", part.Object[strings.LastIndex(part.Object, "/")+1:]+"-"+m.SHA256[:min(16, len(m.SHA256))]))
	if m.Kind == shop.KindDocument {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": m.Name}))
	}
	http.ServeContent(w, r, "", time.Time{}, body.(io.ReadSeeker))
	return nil
}
