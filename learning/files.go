package learning

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"mstm/media"
	"mstm/shop"
	"mstm/store"
)

// use says what an address gives a file for, beside playing it.
type use string

const (
	usePlay       use = ""
	useAttachment use = "a"
	useCaption    use = "c"
	usePicture    use = "p"
	useDesk       use = "d" // a picture in an editor's preview
)

// CaptionView is captions as a player loads them.
type CaptionView struct {
	Language string `json:"language"`
	Label    string `json:"label"`
	URL      string `json:"url"`
}

// AttachmentView is a file to be downloaded. Size is in bytes.
type AttachmentView struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Type      string    `json:"type"`
	Size      int64     `json:"size"`
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// pass makes the addresses of one lesson's files for one viewer.
type pass struct {
	ticket
	secret []byte
	cookie string // for the browser to keep; "" where the addresses are for everybody
}

// passFor is the pass of a person, bound to the session and to the browser's cookie.
func (p *Playback) passFor(ctx context.Context, v Viewer, courseID, lessonID, cookie string) (pass, error) {
	a, err := p.openPass(ctx, courseID, lessonID)
	if err != nil {
		return pass{}, err
	}
	if a.cookie = newCookie(a.secret, v); len(cookie) == len(a.cookie) {
		a.cookie = cookie
	}
	a.User, a.Key, a.Session, a.Bind = v.UserID, v.Key, sessionMark(v.Session), bindingOf(a.cookie)
	return a, nil
}

// newCookie names the browser that a session is in. A page that opens a lesson twice at once gets one name in both answers:
// of two names the browser keeps either, and plays only the addresses of that one.
func newCookie(secret []byte, v Viewer) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("mstm playback browser " + v.Key + " " + v.Session))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)))
}

// openPass is the pass of everybody, of a preview.
func (p *Playback) openPass(ctx context.Context, courseID, lessonID string) (pass, error) {
	secret, err := p.secret(ctx)
	until := p.cfg.Now().Add(addressLife).Truncate(time.Second)
	return pass{ticket: ticket{Course: courseID, Lesson: lessonID, Until: until}, secret: secret}, err
}

// under is where the names of a file that is played are.
func (a pass) under(mediaID string) string {
	t := a.ticket
	t.Media = mediaID
	return addressOf(t, a.secret)
}

// address is where a file is, for a use other than playing it.
func (a pass) address(u use, mediaID string) string {
	a.Use = u
	return a.under(mediaID) + "file"
}

// captions are those of a lesson whose files are ready.
func (p *Playback) captions(ctx context.Context, l shop.Lesson, a pass) ([]CaptionView, error) {
	var all []CaptionView
	for _, c := range l.Captions {
		m, err := p.ready(ctx, c.MediaID)
		if err != nil {
			return nil, err
		}
		if m != nil && m.Kind == shop.KindCaption {
			all = append(all, CaptionView{c.Language, c.Label, a.address(useCaption, c.MediaID)})
		}
	}
	return all, nil
}

// attachments are those of a lesson whose files are ready.
func (p *Playback) attachments(ctx context.Context, l shop.Lesson, a pass) ([]AttachmentView, error) {
	var all []AttachmentView
	for _, x := range l.Attachments {
		m, err := p.ready(ctx, x.MediaID)
		if err != nil {
			return nil, err
		}
		if m != nil {
			all = append(all, AttachmentView{x.MediaID, fileName(x.Name, m), m.Type, m.Size, a.address(useAttachment, x.MediaID), a.Until.UTC()})
		}
	}
	return all, nil
}

// fileName is the name that a file is downloaded under: as the editor wrote it, with the ending of what the file is.
func fileName(name string, m *shop.Media) string {
	ext := path.Ext(m.Key)
	if path.Ext(name) == ext {
		return name
	}
	return name + ext
}

// ready is the row of a file; nil where there is none that can be given out.
func (p *Playback) ready(ctx context.Context, id string) (*shop.Media, error) {
	m, err := p.files.get(ctx, id)
	if errors.Is(err, shop.ErrMediaNotFound) {
		return nil, nil
	}
	return m, err
}

// uses reports whether the lesson has a file now for what the ticket says.
func (p *Playback) uses(ctx context.Context, l shop.Lesson, t ticket) (bool, error) {
	switch t.Use {
	case usePlay:
		return l.MediaID == t.Media, nil
	case useAttachment:
		return slices.ContainsFunc(l.Attachments, func(a shop.Attachment) bool { return a.MediaID == t.Media }), nil
	case useCaption:
		return slices.ContainsFunc(l.Captions, func(c shop.Caption) bool { return c.MediaID == t.Media }), nil
	case usePicture:
		text, err := p.cfg.Store.Texts.Get(ctx, t.Course, t.Lesson)
		return err == nil && l.Kind == shop.LessonText && text.Shows(t.Media), err
	}
	return false, nil
}

// part is what a name under a ticket stands for: a file that is not played has one name.
func (t ticket) part(m *shop.Media, name string) (media.PlaybackPart, bool) {
	if t.Use == usePlay {
		return media.Part(m, name)
	}
	return media.PlaybackPart{Playlist: -2, Key: -1, Object: m.Key, Type: m.Type}, name == "file" && m.Key != ""
}

// download is the name of an attachment as its lesson has it now; "" for what is no attachment.
func (p *Playback) download(ctx context.Context, t ticket, m *shop.Media) (string, error) {
	if t.Use != useAttachment {
		return "", nil
	}
	all, err := p.cfg.Store.Catalogue.Get(ctx)
	if err != nil {
		return "", err
	}
	if c, ok := all.Course(t.Course); ok {
		l, _ := c.Lesson(t.Lesson)
		for _, a := range l.Attachments {
			if a.MediaID == m.ID {
				return fileName(a.Name, m), nil
			}
		}
	}
	return m.Name, nil
}

// mayEdit asks whether the session of an editor lives and is one still.
func (p *Playback) mayEdit(ctx context.Context, t ticket) error {
	if _, err := p.sessionOf(ctx, t); err != nil {
		return err
	}
	u, err := p.cfg.Store.Users.Get(ctx, t.User)
	if err != nil {
		return err
	}
	if !slices.Contains(u.Roles, shop.RoleEditor) && !slices.Contains(u.Roles, shop.RoleAdmin) {
		return shop.ErrPlaybackAddress
	}
	return nil
}

// sessionOf is the session that an address is for; one that has ended is refused.
func (p *Playback) sessionOf(ctx context.Context, t ticket) (store.TokenRow, error) {
	rows, err := p.cfg.Store.Tokens.Current(ctx, []store.TokenOwner{{UserID: t.User, Key: t.Key}}, p.cfg.Now())
	if err != nil {
		return store.TokenRow{}, err
	}
	if rows[0].ID == "" || rows[0].PublicID() != t.Session {
		return store.TokenRow{}, shop.ErrPlaybackAddress
	}
	return rows[0], nil
}
