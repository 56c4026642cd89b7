package learning

import (
	"context"
	"errors"
	"slices"
	"time"

	"mstm/media"
	"mstm/shop"
	"mstm/store"
)

// Playback is how opened lessons are played: addresses for one viewer, and what they give.
type Playback struct {
	cfg     Config
	files   *fileRows
	devices *devices
}

// PlaybackView is how an opened lesson is played. A watermark is what the player shows over it.
type PlaybackView struct {
	Kind      string        `json:"kind"` // hls, file, text
	URL       string        `json:"url,omitempty"`
	ExpiresAt time.Time     `json:"expires_at"`
	Type      string        `json:"type,omitempty"`
	Poster    string        `json:"poster,omitempty"`
	Watermark string        `json:"watermark,omitempty"`
	Session   string        `json:"session,omitempty"` // that plays, by its id in the list of sessions; "" in a preview's
	Captions  []CaptionView `json:"captions,omitempty"`
}

// hlsType is the media type of a playlist.
const hlsType = "application/vnd.apple.mpegurl"

// addressOf is where a ticket's files are.
func addressOf(t ticket, secret []byte) string { return "/api/playback/" + t.write(secret) + "/" }

// secret is the key that tickets are signed with, the same on all instances.
func (p *Playback) secret(ctx context.Context) ([]byte, error) {
	secret, err := p.cfg.Store.Settings.Secret(ctx, "playback")
	return []byte(secret), err
}

// begin makes the address of an opened lesson; nil where the lesson has no file that can be played. Of a lesson that is
// no preview, it counts the session among the devices that play.
func (p *Playback) begin(ctx context.Context, v Viewer, l shop.Lesson, takeOver bool, a pass) (*PlaybackView, error) {
	if l.MediaID == "" || !p.cfg.Files {
		return nil, nil
	}
	m, err := p.cfg.Store.Media.Get(ctx, l.MediaID)
	if errors.Is(err, shop.ErrMediaNotFound) || err == nil && m.State != shop.MediaReady {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	view := &PlaybackView{Kind: "file", ExpiresAt: a.Until.UTC(), Type: m.Type}
	if !l.Preview {
		if err := p.devices.note(ctx, v.UserID, v.Client, sessionMark(v.Session), takeOver); err != nil {
			return nil, err
		}
		if view.Watermark, err = p.watermark(ctx, v.UserID); err != nil {
			return nil, err
		}
		view.Session = sessionMark(v.Session)
	}
	at := a.under(m.ID)
	view.URL = at + "file"
	if m.Video != nil {
		view.Kind, view.URL, view.Type = "hls", at+"index.m3u8", hlsType
	}
	if m.Video != nil || m.Poster != "" {
		view.Poster = at + "poster.jpg"
	}
	view.Captions, err = p.captions(ctx, l, a)
	return view, err
}

// posterLife is how long the address of a poster is good, and posterStep how long a page gets the same one.
const (
	posterLife = 20 * time.Minute
	posterStep = 10 * time.Minute
)

// mostPoster is how many bytes a picture may have that is its own poster: a list shows many at once.
const mostPoster = 2 << 20

// Poster is the address of a video's poster, and of a picture itself, for editors' pages, whose pictures carry no token; ""
// without one. Its ticket names no lesson, so it opens nothing else of the file.
func (p *Playback) Poster(ctx context.Context, m *shop.Media) (string, error) {
	name := "poster.jpg"
	if m.Kind == shop.KindImage && m.Size <= mostPoster {
		name = "file"
	} else if m.Video == nil || m.Video.Poster == "" {
		return "", nil
	}
	if m.State != shop.MediaReady {
		return "", nil
	}
	secret, err := p.secret(ctx)
	if err != nil {
		return "", err
	}
	t := ticket{Media: m.ID, Until: p.cfg.Now().Truncate(posterStep).Add(posterLife)}
	return addressOf(t, secret) + name, nil
}

// isPoster reports whether a part is the picture of a video, or a picture that a ticket without a lesson was made for.
func (t ticket) isPoster(m *shop.Media, part media.PlaybackPart) bool {
	if m.Kind == shop.KindImage {
		return t.Lesson == "" && part.Object == m.Key
	}
	return m.Video != nil && part.Object == m.Video.Poster
}

// watermark is a masked name and the end of the account's id: enough to find the account that passed a recording on,
// and for others no name.
func (p *Playback) watermark(ctx context.Context, userID string) (string, error) {
	u, err := p.cfg.Store.Users.Get(ctx, userID)
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

// Played is what an address gives: bytes, or else an object of a file.
type Played struct {
	Body   []byte
	Type   string
	Object string // key in the storage; "": Body
	File   *shop.Media
	// Download is the name that the object is downloaded under; "": it is shown where it is.
	Download string
	// Here is whether the object needs headers of this program's, so that no other place may give it out.
	Here bool
	Sent Sent // for the next parts of the same video
}

// Sent is the right to one video's encrypted parts, as it was when it was asked for. UserID is "" where there is none to
// keep: in a preview, and of whatever is no part of a video.
type Sent struct {
	UserID string
	Until  time.Time // of the address
	ticket ticket
	file   *shop.Media
}

// Part is a part of the video by the name in its playlist; false where there is none.
func (s Sent) Part(name string) (Played, bool) {
	part, ok := s.ticket.part(s.file, name)
	if !ok || !part.Encrypted {
		return Played{}, false
	}
	return Played{Type: part.Type, Object: part.Object, File: s.file}, true
}

// Play gives what an address names: a playlist, a key, a segment, a poster, a whole file. cookies are
// those of the browser.
func (p *Playback) Play(ctx context.Context, v Viewer, cookies []string, address, name string) (Played, error) {
	secret, err := p.secret(ctx)
	if err != nil {
		return Played{}, err
	}
	t, err := readTicket(secret, address, p.cfg.Now())
	if err != nil {
		return Played{}, err
	}
	if !t.boundTo(v, cookies) {
		return Played{}, shop.ErrPlaybackAddress
	}
	if !p.cfg.Files {
		return Played{}, shop.ErrUnavailable
	}
	m, err := p.files.get(ctx, t.Media)
	if errors.Is(err, shop.ErrMediaNotFound) {
		err = shop.ErrPlaybackAddress
	}
	if err != nil {
		return Played{}, err
	}
	part, ok := t.part(m, name)
	if !ok || t.Inner && part.Playlist == -1 {
		return Played{}, shop.ErrPlaybackAddress
	}
	if part.Key >= 0 || part.Playlist > -2 || (part.Object == m.Key || t.Lesson == "") && !t.isPoster(m, part) {
		if err := p.mayPlay(ctx, t, part.Playlist == -2); err != nil {
			return Played{}, err
		}
	}
	switch {
	case part.Key >= 0:
		return Played{Type: "application/octet-stream", Body: media.SegmentKey(m.Video.Secret, part.Key)}, nil
	case part.Playlist > -2:
		return Played{Type: hlsType, Body: p.playlist(t, secret, m, part)}, nil
	}
	played := Played{Type: part.Type, Object: part.Object, File: m, Here: t.Use != usePlay}
	if t.Use == usePlay && t.Lesson != "" && part.Encrypted {
		played.Sent = Sent{UserID: t.User, Until: t.Until, ticket: t, file: m}
	}
	if m.Kind == shop.KindDocument {
		played.Download = m.Name
	}
	if t.Use == useAttachment {
		played.Download, err = p.download(ctx, t, m)
	}
	return played, err
}

// Player is the person that an address was made for in the browser that cookies are of, "" where it is for everybody, or was
// carried to another browser. Its time may be over.
func (p *Playback) Player(ctx context.Context, cookies []string, address string) string {
	if len(cookies) == 0 {
		return ""
	}
	secret, err := p.secret(ctx)
	if err != nil {
		return ""
	}
	t, err := signedTicket(secret, address)
	if err != nil || !t.boundTo(Viewer{}, cookies) {
		return ""
	}
	return t.User
}

// Made reports whether the shop has made an address; its time may be over.
func (p *Playback) Made(ctx context.Context, address string) bool {
	secret, err := p.secret(ctx)
	if err != nil {
		return false
	}
	_, err = signedTicket(secret, address)
	return err == nil
}

// boundTo reports whether an address is where it was made for, and was not carried to another browser or account. A
// player that sends a token shows by it whose session it is; one that sends none shows the browser's cookie.
func (t ticket) boundTo(v Viewer, cookies []string) bool {
	switch {
	case t.User == "":
		return true
	case v.Token:
		return v.UserID == t.User && sessionMark(v.Session) == t.Session
	}
	return slices.ContainsFunc(cookies, func(c string) bool { return bindingOf(c) == t.Bind })
}

// playlist is a playlist whose names have addresses of their own.
func (p *Playback) playlist(t ticket, secret []byte, m *shop.Media, part media.PlaybackPart) []byte {
	if !t.Inner { // an address of a variant gives no more time than it has itself
		t.Until = p.cfg.Now().Add(min(mostLife, time.Duration(m.Video.DurationMS)*time.Millisecond+pauses))
	}
	t.Inner = true
	under := addressOf(t, secret)
	at := func(name string) string { return under + name }
	if part.Playlist == -1 {
		return []byte(media.MasterPlaylist(m.Video, at))
	}
	return []byte(media.VariantPlaylist(m.Video, part.Playlist, at))
}

// mayPlay asks at the time of use: does the lesson still have the file for this use, does the session live, is the enrolment open,
// and, where something is played now, is the account's place on this device.
func (p *Playback) mayPlay(ctx context.Context, t ticket, now bool) error {
	if t.Use == useDesk {
		return p.mayEdit(ctx, t)
	}
	all, err := p.cfg.Store.Catalogue.Get(ctx)
	if err != nil {
		return err
	}
	c, ok := all.Course(t.Course)
	if !ok {
		return shop.ErrPlaybackAddress
	}
	l, ok := c.Lesson(t.Lesson)
	if !ok || t.User == "" && !l.Preview {
		return shop.ErrPlaybackAddress
	}
	has, err := p.uses(ctx, l, t)
	if err != nil {
		return err
	}
	if !has {
		return shop.ErrPlaybackAddress
	}
	if t.User == "" {
		return nil
	}
	session, err := p.sessionOf(ctx, t)
	if err != nil {
		return err
	}
	if !l.Preview {
		if err := p.stillEnrolled(ctx, t); err != nil {
			return err
		}
	}
	if !now || t.Use != usePlay {
		return nil
	}
	return p.devices.note(ctx, t.User, session.Client, t.Session, false)
}

func (p *Playback) stillEnrolled(ctx context.Context, t ticket) error {
	e, err := p.cfg.Store.Enrolments.Get(ctx, t.User, t.Course)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	now := p.cfg.Now()
	if open, _ := e.Access(now); open {
		return nil
	}
	return closed(Viewer{UserID: t.User}, e.StateAt(now))
}
