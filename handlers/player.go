package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"mstm/handlers/rest"
	"mstm/media"
	"mstm/shop"
	"mstm/store"

	"github.com/hashicorp/golang-lru/v2/expirable"
)

// player decides which caller may play which file, by which address, on how many devices.
type player struct {
	catalogue  *store.CatalogueCache
	enrolments *store.Enrolments
	tokens     *store.Tokens
	users      *store.Users
	media      *store.Media
	playing    *store.Playing
	settings   *store.Settings
	library    *media.Library // nil: the shop keeps no files
	live       live
	now        func() time.Time
	publicURL  string

	played *expirable.LRU[string, *shop.Media] // rows of files that are being played
}

// playbackView is how an opened lesson is played. A watermark is what the player shows over it.
type playbackView struct {
	Kind      string    `json:"kind"` // hls, file
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
	Type      string    `json:"type"`
	Poster    string    `json:"poster,omitempty"`
	Watermark string    `json:"watermark,omitempty"`
}

// posterLife is how long the address of a poster is good, and posterStep how long a page gets the same one.
const (
	posterLife = 20 * time.Minute
	posterStep = 10 * time.Minute
)

// posterOf is the address of a video's poster, for editors' pages, whose pictures carry no token; "" without one. Its
// ticket names no lesson, so it opens nothing else of the file.
func (h *player) posterOf(ctx context.Context, m *shop.Media) (string, error) {
	if m.State != shop.MediaReady || m.Video == nil || m.Video.Poster == "" {
		return "", nil
	}
	secret, err := h.playbackSecret(ctx)
	if err != nil {
		return "", err
	}
	t := ticket{Media: m.ID, Until: h.now().Truncate(posterStep).Add(posterLife)}
	return "/api/playback/" + t.write(secret) + "/poster.jpg", nil
}

// isPoster reports whether a part is the picture of a video.
func isPoster(m *shop.Media, part media.PlaybackPart) bool {
	return m.Video != nil && part.Object == m.Video.Poster
}

// playbackCookie names the browser that opened a lesson, for players that send no token with what a
// playlist names. It opens nothing by itself. Its path takes in the lessons, so that a browser keeps the name it has
// when it opens another.
func (h *player) playbackCookie(value string) *http.Cookie {
	return &http.Cookie{
		Name: "mstm-playback", Value: value, Path: "/api", MaxAge: int(30 * 24 * time.Hour / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(h.publicURL, "https://"),
	}
}

// playback makes the address of an opened lesson; nil where the lesson has no file that can be
// played. Of a lesson that is no preview, it counts the session among the devices that play.
func (h *player) playback(w http.ResponseWriter, r *http.Request, courseID string, l shop.Lesson) (*playbackView, error) {
	if l.MediaID == "" || h.library == nil {
		return nil, nil
	}
	m, err := h.media.Get(r.Context(), l.MediaID)
	if errors.Is(err, shop.ErrMediaNotFound) || err == nil && m.State != shop.MediaReady {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t := ticket{Course: courseID, Lesson: l.ID, Media: m.ID, Until: h.now().Add(addressLife).Truncate(time.Second)}
	v := &playbackView{Kind: "file", ExpiresAt: rest.UTC(t.Until), Type: m.Type}
	if !l.Preview {
		who := rest.CallerOf(r.Context())
		if err := h.claimDevice(r, who); err != nil {
			return nil, err
		}
		if v.Watermark, err = h.watermark(r.Context(), who.UserID); err != nil {
			return nil, err
		}
		cookie := store.NewID() + store.NewID()
		if held, err := r.Cookie(h.playbackCookie("").Name); err == nil && len(held.Value) == len(cookie) {
			cookie = held.Value
		}
		http.SetCookie(w, h.playbackCookie(cookie))
		t.User, t.Client, t.Session, t.Bind = who.UserID, who.Client, sessionMark(who.Session), bindingOf(cookie)
	}
	secret, err := h.playbackSecret(r.Context())
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

// watermark is a masked name and the end of the account's id: enough to find the account that passed a
// recording on, and for others no name.
func (h *player) watermark(ctx context.Context, userID string) (string, error) {
	u, err := h.users.Get(ctx, userID)
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
func (h *player) claimDevice(r *http.Request, who rest.Caller) error {
	q, err := rest.Query(r)
	if err != nil {
		return err
	}
	takeOver, err := rest.Flag(q, continueHow)
	if err != nil {
		return err
	}
	return h.noteDevice(r, who.UserID, who.Client, sessionMark(who.Session), takeOver)
}

func (h *player) noteDevice(r *http.Request, userID, client, session string, takeOver bool) error {
	var ended []store.PlayingDevice
	now := h.now().UTC()
	_, err := h.playing.Change(r.Context(), userID, func(row *store.PlayingRow) error {
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
		h.live.tell(r, shop.PlaybackEnded(userID, d.Client))
	}
	return nil
}

// boundHere refuses an address that was carried to another browser or account. A player that sends a token shows by it
// whose session it is; one that sends none shows the browser's cookie.
func (h *player) boundHere(r *http.Request, t ticket) error {
	if t.User == "" {
		return nil
	}
	if who := rest.CallerOf(r.Context()); who.ID() != "" {
		if who.UserID != t.User || sessionMark(who.Session) != t.Session {
			return shop.ErrPlaybackAddress
		}
		return nil
	}
	// A browser may have one of an older path too.
	if !slices.ContainsFunc(r.CookiesNamed(h.playbackCookie("").Name), func(c *http.Cookie) bool { return bindingOf(c.Value) == t.Bind }) {
		return shop.ErrPlaybackAddress
	}
	return nil
}

// How many rows of files are kept while those are played, and for how long: a change of one, such as a new
// transcoding, reaches players so much later.
const (
	playedFiles = 2048
	playedAge   = 20 * time.Second
)

// playedFile reads the row of a file, which is kept for some seconds: a video of an hour has a thousand segments.
func (h *player) playedFile(ctx context.Context, id string) (*shop.Media, error) {
	if m, ok := h.played.Get(id); ok {
		return m, nil
	}
	m, err := h.media.Get(ctx, id)
	if errors.Is(err, shop.ErrMediaNotFound) || err == nil && m.State != shop.MediaReady {
		return nil, shop.ErrPlaybackAddress
	}
	if err == nil {
		h.played.Add(id, m)
	}
	return m, err
}

// mayPlay asks at the time of use: does the lesson still have the file, does the session live, is the enrolment open, is
// the account's place on this device.
func (h *player) mayPlay(r *http.Request, t ticket, part media.PlaybackPart) error {
	ctx := r.Context()
	all, err := h.catalogue.Get(ctx)
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
	rows, err := h.tokens.Current(ctx, []store.TokenOwner{{UserID: t.User, Client: t.Client}}, h.now())
	if err != nil {
		return err
	}
	if rows[0].ID == "" || sessionMark(rows[0].Session()) != t.Session {
		return shop.ErrPlaybackAddress
	}
	if !l.Preview {
		if err := h.stillEnrolled(ctx, t); err != nil {
			return err
		}
	}
	if part.Playlist > -2 {
		return nil
	}
	return h.noteDevice(r, t.User, t.Client, t.Session, false)
}

func (h *player) stillEnrolled(ctx context.Context, t ticket) error {
	e, err := h.enrolments.Get(ctx, t.User, t.Course)
	if errors.Is(err, store.ErrNotFound) {
		return shop.ErrEnrolmentRequired
	}
	if err != nil {
		return err
	}
	now := h.now()
	if open, _ := e.Access(now); open {
		return nil
	}
	if e.StateAt(now) == shop.GrantExpired {
		return shop.ErrEnrolmentExpired
	}
	return shop.ErrEnrolmentRequired
}
