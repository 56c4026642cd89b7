package handlers

import (
	"log/slog"
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/media"
	"mstm/shop"
	"mstm/store"
)

// adminMedia are the files in the editors' hands.
type adminMedia struct {
	library *media.Library // nil: the shop keeps no files
	media   *store.Media
	audit   *store.Audit
	now     func() time.Time
}

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
		Reason: m.Reason, CreatedAt: rest.UTC(m.CreatedAt), UpdatedAt: rest.UTC(m.UpdatedAt),
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

// upload answers the tus protocol at /api/admin/uploads, for the uploads of the caller.
func (h *adminMedia) upload(w http.ResponseWriter, r *http.Request) error {
	if h.library == nil {
		return shop.ErrUnavailable
	}
	return h.library.ServeUploads(w, r, rest.LearnerID(r.Context()))
}

// list answers GET /api/admin/media?kind=&limit=&cursor=, newest first. transcodes is
// whether this instance can make HLS of videos.
func (h *adminMedia) list(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	kind := shop.MediaKind(q.Get("kind"))
	if kind != "" && kind.MaxMediaBytes() == 0 {
		return shop.ErrInvalidQuery.At("kind")
	}
	files, next, err := h.media.Page(r.Context(), kind, rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := struct {
		rest.Page[mediaView]
		Transcodes bool `json:"transcodes"`
	}{Transcodes: h.library != nil && h.library.Transcodes()}
	list.Items, list.NextCursor = []mediaView{}, next
	for i := range files {
		list.Items = append(list.Items, viewMedia(&files[i]))
	}
	return rest.Encode(w, http.StatusOK, list)
}

// show answers GET /api/admin/media/:media.
func (h *adminMedia) show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "media", shop.ErrMediaNotFound)
	if err != nil {
		return err
	}
	m, err := h.media.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, viewMedia(m))
}

// delete answers DELETE /api/admin/media/:media. A file in use stays.
func (h *adminMedia) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "media", shop.ErrMediaNotFound)
	if err != nil {
		return err
	}
	if h.library == nil {
		return shop.ErrUnavailable
	}
	m, err := h.media.Get(r.Context(), id)
	if err != nil {
		return err
	}
	if err := h.library.Delete(r.Context(), id); err != nil {
		return err
	}
	err = h.audit.Add(r.Context(), store.AuditRow{
		ID: "media:" + id + ":deleted", Object: "media:" + id, Act: "deleted", By: rest.LearnerID(r.Context()), At: h.now().UTC(),
		Data: map[string]string{"name": m.Name, "sha256": m.SHA256},
	})
	if err != nil {
		return err
	}
	rest.LogEvent(r, "file deleted", slog.String("media", id))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// transcode answers POST /api/admin/media/:media/transcode: the video is made again.
func (h *adminMedia) transcode(w http.ResponseWriter, r *http.Request) error {
	return h.changeTranscoding(w, r, true)
}

// cancelTranscoding answers DELETE /api/admin/media/:media/transcode.
func (h *adminMedia) cancelTranscoding(w http.ResponseWriter, r *http.Request) error {
	return h.changeTranscoding(w, r, false)
}

func (h *adminMedia) changeTranscoding(w http.ResponseWriter, r *http.Request, begin bool) error {
	id, err := rest.PathID(r, "media", shop.ErrMediaNotFound)
	if err != nil {
		return err
	}
	if h.library == nil {
		return shop.ErrUnavailable
	}
	change := h.library.Cancel
	if begin {
		change = h.library.Transcode
	}
	m, err := change(r.Context(), id)
	if err != nil {
		return err
	}
	rest.LogEvent(r, "transcoding changed", slog.String("media", id), slog.Bool("begins", begin))
	return rest.Encode(w, http.StatusOK, viewMedia(m))
}
