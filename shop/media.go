package shop

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// MediaKind is what a file is by its content.
type MediaKind string

// The kinds of files; each has a size limit of its own.
const (
	KindVideo    MediaKind = "video"
	KindAudio    MediaKind = "audio"
	KindImage    MediaKind = "image"
	KindDocument MediaKind = "document"
	KindCaption  MediaKind = "caption" // WebVTT
)

// MaxMediaBytes is how big a file of the kind may be, in bytes; 0 for an unknown kind.
func (k MediaKind) MaxMediaBytes() int64 {
	switch k {
	case KindVideo:
		return 4 << 30
	case KindAudio:
		return 512 << 20
	case KindImage:
		return 20 << 20
	case KindDocument:
		return 100 << 20
	case KindCaption:
		return 1 << 20
	}
	return 0
}

// MaxUpload is the biggest size in bytes that an upload may announce.
func MaxUpload() int64 { return KindVideo.MaxMediaBytes() }

// MediaState says how far a file has come.
type MediaState string

// An upload that is complete is checked; then it is ready, or refused and its bytes removed.
// A file that is being deleted cannot be put into a lesson any more.
const (
	MediaUploading MediaState = "uploading"
	MediaChecking  MediaState = "checking"
	MediaReady     MediaState = "ready"
	MediaRefused   MediaState = "refused"
	MediaDeleting  MediaState = "deleting"
)

// Media is one file from the first byte of its upload on: the upload, the file, what was made
// of it and the job that makes it are one document, so that each step is one write.
type Media struct {
	ID        string     `bson:"_id"`
	State     MediaState `bson:"state"`
	Kind      MediaKind  `bson:"kind"`
	Type      string     `bson:"type"` // MIME type by content
	Name      string     `bson:"name"` // as the uploader's machine calls it; only shown
	Size      int64      `bson:"size"` // bytes, as announced and as checked
	SHA256    string     `bson:"sha256"`
	By        string     `bson:"by"` // the uploader's user id
	Reason    string     `bson:"reason,omitempty"`
	Key       string     `bson:"key"` // of the object that holds the file
	CreatedAt time.Time  `bson:"created_at"`
	UpdatedAt time.Time  `bson:"updated_at"`
	// HeldUntil keeps the file while a lesson that refers to it is being written; zero for a file that no
	// lesson has ever had.
	HeldUntil time.Time `bson:"held_until"`
	// UnusedSince is when the sweep first found that no lesson has the file any more; nil where one has it.
	UnusedSince *time.Time   `bson:"unused_since,omitempty"`
	DurationMS  int64        `bson:"duration_ms,omitempty"` // of sound, in milliseconds; 0: not measured
	Poster      string       `bson:"poster,omitempty"`      // object key, of a video that came with one; "" without
	Upload      *MediaUpload `bson:"upload,omitempty"`
	Video       *MediaVideo  `bson:"video,omitempty"`
	Job         *MediaJob    `bson:"job,omitempty"`
	V           int64        `bson:"v"`
}

// MediaUpload is what has arrived of a file.
type MediaUpload struct {
	Offset int64       `bson:"offset"`
	Parts  []MediaPart `bson:"parts"`
	SHA256 string      `bson:"sha256,omitempty"` // that was announced, in hex; "": none was
}

// MediaPart is one object of an upload that is under way.
type MediaPart struct {
	Key  string `bson:"key"`
	Size int64  `bson:"size"`
}

// MediaVideo is a video made to be watched: encrypted HLS in several heights.
type MediaVideo struct {
	DurationMS int64          `bson:"duration_ms"`
	Width      int            `bson:"width"`
	Height     int            `bson:"height"`
	Poster     string         `bson:"poster"` // object key; "" without one
	Secret     []byte         `bson:"secret"` // the keys are derived from it
	Variants   []MediaVariant `bson:"variants"`
}

// MediaVariant is one height of a video. Segments are named by their index under Prefix.
type MediaVariant struct {
	Prefix    string  `bson:"prefix"`
	Width     int     `bson:"width"`
	Height    int     `bson:"height"`
	Bandwidth int     `bson:"bandwidth"` // bits a second, at most
	Codecs    string  `bson:"codecs"`
	Durations []int64 `bson:"durations"` // of the segments, in milliseconds
}

// MediaJobState says how far a job has come.
type MediaJobState string

// States of a job.
const (
	JobQueued    MediaJobState = "queued"
	JobRunning   MediaJobState = "running"
	JobDone      MediaJobState = "done"
	JobFailed    MediaJobState = "failed"
	JobCancelled MediaJobState = "cancelled"
)

// MediaJobKind says what a job does.
type MediaJobKind string

// Kinds of jobs: putting an upload together and checking it, and making HLS of a video.
const (
	JobCheck     MediaJobKind = "check"
	JobTranscode MediaJobKind = "transcode"
)

// MaxJobTries is how often a job is tried before it has failed.
const MaxJobTries = 5

// MediaJob is the work that a file waits for. An instance that works on it holds it until At
// and moves At on; a job whose At is past is anybody's.
type MediaJob struct {
	Kind     MediaJobKind  `bson:"kind"`
	State    MediaJobState `bson:"state"`
	At       *time.Time    `bson:"at,omitempty"` // nil: there is nothing to do
	Attempt  string        `bson:"attempt"`      // of the holder; another one has lost the job
	Tries    int           `bson:"tries"`
	Progress int           `bson:"progress"` // percent
	Error    string        `bson:"error,omitempty"`
}

// Queue makes the file wait for a job.
func (m *Media) Queue(kind MediaJobKind, now time.Time) {
	at := now.UTC()
	m.Job = &MediaJob{Kind: kind, State: JobQueued, At: &at}
}

// Claim gives the job to an attempt until the lease ends; false where the job is not to be
// done now. A job that has been tried too often fails here.
func (m *Media) Claim(attempt string, now, until time.Time) bool {
	j := m.Job
	if j == nil || j.At == nil || j.At.After(now) {
		return false
	}
	if j.Tries >= MaxJobTries {
		m.FinishJob(JobFailed, j.Error)
		return true
	}
	until = until.UTC()
	j.State, j.Attempt, j.At, j.Progress = JobRunning, attempt, &until, 0
	j.Tries++
	return true
}

// Holds reports whether the job is still the attempt's.
func (m *Media) Holds(attempt string) bool {
	return m.Job != nil && m.Job.State == JobRunning && m.Job.Attempt == attempt
}

// FinishJob ends the job.
func (m *Media) FinishJob(state MediaJobState, why string) {
	m.Job.State, m.Job.At, m.Job.Error = state, nil, why
	if state == JobDone {
		m.Job.Progress = 100
	}
}

// RetryJob puts the job back after a failure; after MaxJobTries it has failed.
func (m *Media) RetryJob(why string, at time.Time) {
	if m.Job.Tries >= MaxJobTries {
		m.FinishJob(JobFailed, why)
		return
	}
	at = at.UTC()
	m.Job.State, m.Job.At, m.Job.Error = JobQueued, &at, why
}

// Arrived is how many bytes of the file are here.
func (m *Media) Arrived() int64 {
	if m.State == MediaUploading && m.Upload != nil {
		return m.Upload.Offset
	}
	return m.Size
}

// UsesMedia reports whether anything in the course's outline names the file: a lesson, the
// cover, a text.
func (c *Course) UsesMedia(id string) bool {
	raw, err := json.Marshal(struct {
		Cover, Description string
		Chapters           []Chapter
	}{c.Cover, c.Description, c.Chapters})
	return err != nil || strings.Contains(string(raw), id)
}

// MediaOf lists the files that the lessons of an outline name, each once.
func MediaOf(chapters []Chapter) []string {
	var ids []string
	for _, ch := range chapters {
		for i := range ch.Lessons {
			ids = append(ids, ch.Lessons[i].media()...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// media lists the files that a lesson names, its text's apart.
func (l *Lesson) media() []string {
	var ids []string
	if l.MediaID != "" {
		ids = append(ids, l.MediaID)
	}
	for _, a := range l.Attachments {
		ids = append(ids, a.MediaID)
	}
	for _, c := range l.Captions {
		ids = append(ids, c.MediaID)
	}
	return ids
}
