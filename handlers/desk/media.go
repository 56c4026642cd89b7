package desk

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"mstm/catalogue"
	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/media"
	"mstm/shop"
)

// Media are the files in the editors' hands.
type Media struct {
	Library   *media.Library // nil: the shop keeps no files
	Catalogue *catalogue.Catalogue
	Learning  *learning.Learning
}

// File is a file as the console sees it. Where storage has it, and its keys, stay inside.
type File struct {
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
	Poster    string          `json:"poster,omitempty"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
	Video     *videoView      `json:"video,omitempty"`
	Audio     *audioView      `json:"audio,omitempty"`
	Job       *jobView        `json:"job,omitempty"`
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

type jobView struct {
	Kind     shop.MediaJobKind  `json:"kind"`
	State    shop.MediaJobState `json:"state"`
	Progress int                `json:"progress"`
	Error    string             `json:"error,omitempty"`
}

func viewMedia(m *shop.Media, poster string) File {
	v := File{
		ID: m.ID, State: m.State, Kind: m.Kind, Type: m.Type, Name: m.Name, Size: m.Size, Offset: m.Arrived(), SHA256: m.SHA256, By: m.By,
		Reason: m.Reason, Poster: poster, CreatedAt: rest.UTC(m.CreatedAt), UpdatedAt: rest.UTC(m.UpdatedAt),
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
		v.Job = &jobView{m.Job.Kind, m.Job.State, m.Job.Progress, m.Job.Error}
	}
	return v
}

// view is a file with the address of its poster.
func (h *Media) view(r *http.Request, m *shop.Media) (File, error) {
	poster, err := h.Learning.Playback.Poster(r.Context(), m)
	return viewMedia(m, poster), err
}

// answer answers with a file.
func (h *Media) answer(w http.ResponseWriter, r *http.Request, m *shop.Media) error {
	v, err := h.view(r, m)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, v)
}

// Upload answers the tus protocol at /api/admin/uploads, for the uploads of the caller.
func (h *Media) Upload(w http.ResponseWriter, r *http.Request) error {
	if h.Library == nil {
		return shop.ErrUnavailable
	}
	return h.Library.ServeUploads(w, r, rest.LearnerID(r.Context()))
}

// Options says at OPTIONS of an upload's path what uploads may be.
func (h *Media) Options(path string, header http.Header) {
	const at = "/api/admin/uploads"
	if h.Library != nil && (path == at || strings.HasPrefix(path, at+"/")) {
		h.Library.TusOptions(header)
	}
}

// FileList is a page of files. Used and Quota are bytes, on the first page alone; a quota of 0 is none.
type FileList struct {
	rest.Page[File]
	Transcodes bool   `json:"transcodes"`
	Used       *int64 `json:"used_bytes,omitempty"`
	Quota      *int64 `json:"quota_bytes,omitempty"`
}

// List answers GET /api/admin/media?kind=&job=&limit=&cursor=, newest first; job=failed has the videos whose transcoding
// has failed. transcodes is whether this instance can make HLS of videos.
func (h *Media) List(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	var files []shop.Media
	var next string
	switch job := shop.MediaJobState(q.Get("job")); job {
	case "":
		files, next, err = h.Catalogue.Files.Page(r.Context(), shop.MediaKind(q.Get("kind")), rows, q.Get("cursor"))
	case shop.JobFailed:
		files, next, err = h.Catalogue.Files.PageFailed(r.Context(), rows, q.Get("cursor"))
	default:
		err = shop.ErrInvalidQuery.At("job")
	}
	if err != nil {
		return err
	}
	list := FileList{Transcodes: h.Library != nil && h.Library.Transcodes()}
	list.Items, list.NextCursor = []File{}, next
	for i := range files {
		v, err := h.view(r, &files[i])
		if err != nil {
			return err
		}
		list.Items = append(list.Items, v)
	}
	if h.Library != nil && q.Get("cursor") == "" {
		used, err := h.Library.Used(r.Context())
		if err != nil {
			return err
		}
		list.Used, list.Quota = &used, &h.Library.Quota
	}
	return rest.Encode(w, http.StatusOK, list)
}

// Show answers GET /api/admin/media/:media.
func (h *Media) Show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "media", shop.ErrMediaNotFound)
	if err != nil {
		return err
	}
	m, err := h.Catalogue.Files.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return h.answer(w, r, m)
}

// Delete answers DELETE /api/admin/media/:media. A file in use stays.
func (h *Media) Delete(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "media", shop.ErrMediaNotFound)
	if err != nil {
		return err
	}
	if err := h.Catalogue.Files.Delete(r.Context(), id, rest.LearnerID(r.Context())); err != nil {
		return err
	}
	rest.LogEvent(r, "file deleted", slog.String("media", id))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// Transcode answers POST /api/admin/media/:media/transcode: the video is made again.
func (h *Media) Transcode(w http.ResponseWriter, r *http.Request) error {
	return h.changeTranscoding(w, r, true, h.Catalogue.Files.Transcode)
}

// CancelTranscoding answers DELETE /api/admin/media/:media/transcode.
func (h *Media) CancelTranscoding(w http.ResponseWriter, r *http.Request) error {
	return h.changeTranscoding(w, r, false, h.Catalogue.Files.CancelTranscoding)
}

func (h *Media) changeTranscoding(w http.ResponseWriter, r *http.Request, begin bool, change func(context.Context, string) (*shop.Media, error)) error {
	id, err := rest.PathID(r, "media", shop.ErrMediaNotFound)
	if err != nil {
		return err
	}
	m, err := change(r.Context(), id)
	if err != nil {
		return err
	}
	rest.LogEvent(r, "transcoding changed", slog.String("media", id), slog.Bool("begins", begin))
	return h.answer(w, r, m)
}
