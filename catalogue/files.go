package catalogue

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

// Files are the files in the editors' hands.
type Files struct{ cfg Config }

// Page is a page of the files of a kind, "" for all, newest first, and the cursor of the next one, "" on the last.
func (f *Files) Page(ctx context.Context, kind shop.MediaKind, limit int, cursor string) ([]shop.Media, string, error) {
	if kind != "" && kind.MaxMediaBytes() == 0 {
		return nil, "", shop.ErrInvalidQuery.At("kind")
	}
	return f.cfg.Store.Media.Page(ctx, kind, limit, cursor)
}

// PageFailed is Page of the videos whose transcoding has failed.
func (f *Files) PageFailed(ctx context.Context, limit int, cursor string) ([]shop.Media, string, error) {
	return f.cfg.Store.Media.PageFailed(ctx, limit, cursor)
}

// Get is a file as it is in the database now.
func (f *Files) Get(ctx context.Context, id string) (*shop.Media, error) {
	return f.cfg.Store.Media.Get(ctx, id)
}

// Delete removes a file, in the name of the user by. A file in use stays: shop.ErrMediaInUse with the `courses` that use
// it, and `front` where a banner of the front page does.
func (f *Files) Delete(ctx context.Context, id, by string) error {
	if f.cfg.Library == nil {
		return shop.ErrUnavailable
	}
	m, err := f.cfg.Store.Media.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := f.cfg.Library.Delete(ctx, id); err != nil {
		return f.nameUses(ctx, id, err)
	}
	return f.cfg.Store.Audit.Add(ctx, store.AuditRow{
		ID: "media:" + id + ":deleted", Object: "media:" + id, Act: "deleted", By: by, At: f.cfg.Now().UTC(),
		Data: map[string]string{"name": m.Name, "sha256": m.SHA256},
	})
}

// CourseUsing is a course that uses a file.
type CourseUsing struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// nameUses names what uses a file in the refusal to delete it.
func (f *Files) nameUses(ctx context.Context, id string, err error) error {
	var refusal *shop.Error
	if !errors.As(err, &refusal) || refusal.Code != shop.ErrMediaInUse.Code {
		return err
	}
	courses, err := f.cfg.Store.Media.UsedBy(ctx, id)
	if err != nil {
		return err
	}
	onFront, err := f.cfg.Store.Media.OnFrontPage(ctx, id)
	if err != nil {
		return err
	}
	using := []CourseUsing{}
	for _, c := range courses {
		using = append(using, CourseUsing{c.ID, c.Title})
	}
	refusal = refusal.With("courses", using)
	if onFront {
		refusal = refusal.With("front", true)
	}
	return refusal
}

// Transcode has a video made again; shop.ErrUnavailable where the shop keeps no files.
func (f *Files) Transcode(ctx context.Context, id string) (*shop.Media, error) {
	if f.cfg.Library == nil {
		return nil, shop.ErrUnavailable
	}
	return f.cfg.Library.Transcode(ctx, id)
}

// CancelTranscoding ends the making of a video.
func (f *Files) CancelTranscoding(ctx context.Context, id string) (*shop.Media, error) {
	if f.cfg.Library == nil {
		return nil, shop.ErrUnavailable
	}
	return f.cfg.Library.Cancel(ctx, id)
}

// hold keeps the files that an outline names while it is written. The refusal is at media_id: a file is not there, not
// ready, or is no file of captions where a lesson names it for that.
func (f *Files) hold(ctx context.Context, chapters []shop.Chapter) error {
	ids := shop.MediaOf(chapters)
	if len(ids) == 0 || f.cfg.Library == nil {
		return nil
	}
	refusal := shop.ErrInvalidField.At("media_id")
	err := f.cfg.Library.Hold(ctx, ids...)
	if errors.Is(err, shop.ErrMediaNotFound) || errors.Is(err, shop.ErrMediaNotReady) {
		return refusal
	}
	if err != nil {
		return err
	}
	captions := map[string]bool{}
	eachLesson(chapters, func(l *shop.Lesson) {
		for _, c := range l.Captions {
			captions[c.MediaID] = true
		}
	})
	for id := range captions {
		m, err := f.cfg.Store.Media.Get(ctx, id)
		if err != nil {
			return err
		}
		if m.Kind != shop.KindCaption {
			return refusal
		}
	}
	return nil
}
