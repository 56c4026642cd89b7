package handlers

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"mstm/shop"
	"mstm/store"
)

// mediaView is a file as the console sees it. Where storage has it, and its keys, stay inside.
type mediaView struct {
	ID        string          `json:"id"`
	State     shop.MediaState `json:"state"`
	Kind      shop.MediaKind  `json:"kind,omitempty"`
	Type      string          `json:"type,omitempty"`
	Name      string          `json:"name"`
	Size      int64           `json:"size"`
	Offset    int64           `json:"offset"`
	SHA256    string          `json:"sha256,omitempty"`
	By        string          `json:"by"`
	Reason    string          `json:"reason,omitempty"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
	Video     *videoView      `json:"video,omitempty"`
	Audio     *audioView      `json:"audio,omitempty"`
	Job       *mediaJobView   `json:"job,omitempty"`
}

type videoView struct {
	Duration int   `json:"duration_s"`
	Width    int   `json:"width"`
	Height   int   `json:"height"`
	Heights  []int `json:"heights"`
}

// audioView is of a file of sound that was measured.
type audioView struct {
	Duration int `json:"duration_s"`
}

type mediaJobView struct {
	Kind     shop.MediaJobKind  `json:"kind"`
	State    shop.MediaJobState `json:"state"`
	Progress int                `json:"progress"`
	Error    string             `json:"error,omitempty"`
}

func viewMedia(m *shop.Media) mediaView {
	v := mediaView{
		ID: m.ID, State: m.State, Kind: m.Kind, Type: m.Type, Name: m.Name, Size: m.Size, Offset: m.Size, SHA256: m.SHA256, By: m.By,
		Reason: m.Reason, CreatedAt: utc(m.CreatedAt), UpdatedAt: utc(m.UpdatedAt),
	}
	if m.State == shop.MediaUploading && m.Upload != nil {
		v.Offset = m.Upload.Offset
	}
	if m.Video != nil {
		v.Video = &videoView{Duration: int((m.Video.DurationMS + 500) / 1000), Width: m.Video.Width, Height: m.Video.Height, Heights: []int{}}
		for _, made := range m.Video.Variants {
			v.Video.Heights = append(v.Video.Heights, made.Height)
		}
	}
	if m.DurationMS > 0 {
		v.Audio = &audioView{Duration: int((m.DurationMS + 500) / 1000)}
	}
	if m.Job != nil {
		v.Job = &mediaJobView{m.Job.Kind, m.Job.State, m.Job.Progress, m.Job.Error}
	}
	return v
}

// serveUploads answers the tus protocol at /api/admin/uploads, for the uploads of the caller.
func (s *Server) serveUploads(w http.ResponseWriter, r *http.Request) error {
	if s.Media == nil {
		return shop.ErrUnavailable
	}
	return s.Media.ServeUploads(w, r, learnerID(r.Context()))
}

// listMedia answers GET /api/admin/media?kind=&limit=&cursor=, newest first. transcodes is
// whether this instance can make HLS of videos.
func (s *Server) listMedia(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := listQuery(r)
	if err != nil {
		return err
	}
	kind := shop.MediaKind(q.Get("kind"))
	if kind != "" && kind.MaxMediaBytes() == 0 {
		return shop.ErrInvalidQuery.At("kind")
	}
	files, next, err := s.Store.Media.Page(r.Context(), kind, rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := struct {
		page[mediaView]
		Transcodes bool `json:"transcodes"`
	}{Transcodes: s.Media != nil && s.Media.Transcodes()}
	list.Items, list.NextCursor = []mediaView{}, next
	for i := range files {
		list.Items = append(list.Items, viewMedia(&files[i]))
	}
	return encode(w, http.StatusOK, list)
}

// showMedia answers GET /api/admin/media/:media.
func (s *Server) showMedia(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "media", shop.ErrMediaNotFound)
	if err != nil {
		return err
	}
	m, err := s.Store.Media.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, viewMedia(m))
}

// deleteMedia answers DELETE /api/admin/media/:media. A file in use stays.
func (s *Server) deleteMedia(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "media", shop.ErrMediaNotFound)
	if err != nil {
		return err
	}
	if s.Media == nil {
		return shop.ErrUnavailable
	}
	m, err := s.Store.Media.Get(r.Context(), id)
	if err != nil {
		return err
	}
	if err := s.Media.Delete(r.Context(), id); err != nil {
		return err
	}
	err = s.Store.Audit.Add(r.Context(), store.AuditRow{
		ID: "media:" + id + ":deleted", Object: "media:" + id, Act: "deleted", By: learnerID(r.Context()), At: s.Now().UTC(),
		Data: map[string]string{"name": m.Name, "sha256": m.SHA256},
	})
	if err != nil {
		return err
	}
	s.event(r, "file deleted", slog.String("media", id))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// transcodeMedia answers POST /api/admin/media/:media/transcode: the video is made again.
func (s *Server) transcodeMedia(w http.ResponseWriter, r *http.Request) error {
	return s.changeTranscoding(w, r, true)
}

// cancelTranscoding answers DELETE /api/admin/media/:media/transcode.
func (s *Server) cancelTranscoding(w http.ResponseWriter, r *http.Request) error {
	return s.changeTranscoding(w, r, false)
}

func (s *Server) changeTranscoding(w http.ResponseWriter, r *http.Request, begin bool) error {
	id, err := pathID(r, "media", shop.ErrMediaNotFound)
	if err != nil {
		return err
	}
	if s.Media == nil {
		return shop.ErrUnavailable
	}
	change := s.Media.Cancel
	if begin {
		change = s.Media.Transcode
	}
	m, err := change(r.Context(), id)
	if err != nil {
		return err
	}
	s.event(r, "transcoding changed", slog.String("media", id), slog.Bool("begins", begin))
	return encode(w, http.StatusOK, viewMedia(m))
}

// holdMedia keeps the files that an outline names while it is written.
func (s *Server) holdMedia(r *http.Request, chapters []shop.Chapter) error {
	ids := shop.MediaOf(chapters)
	if len(ids) == 0 || s.Media == nil {
		return nil
	}
	err := s.Media.Hold(r.Context(), ids...)
	if errors.Is(err, shop.ErrMediaNotFound) || errors.Is(err, shop.ErrMediaNotReady) {
		return shop.ErrInvalidField.At("media_id")
	}
	return err
}
