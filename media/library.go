// Package media keeps the shop's files: uploads that go on where they were, on any instance;
// objects in a folder or in an S3-compatible store; what is made of a video, and the playlists
// by which it is watched. What a file is stands in one row of the database (shop.Media), and
// every step is one conditional write of that row: an object is written first and named
// by the row afterwards, so that nothing half-made is ever shown, and what a death leaves
// behind is an object that no row names, which the sweep removes.
package media

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"

	"mstm/shop"
)

// Records are the rows of the files.
type Records interface {
	Insert(ctx context.Context, m *shop.Media) error
	Get(ctx context.Context, id string) (*shop.Media, error)
	Change(ctx context.Context, id string, change func(*shop.Media) error) (*shop.Media, error)
	Delete(ctx context.Context, m *shop.Media) (bool, error)
	JobsDue(ctx context.Context, kind shop.MediaJobKind, now time.Time, limit int) ([]shop.Media, error)
	Each(ctx context.Context, each func(*shop.Media) error) error
	Used(ctx context.Context) (bytes int64, err error)
	Unfinished(ctx context.Context, by string) (int64, error)
	InUse(ctx context.Context) (func(id string) bool, error)
}

// Config is what a Library is made of. Every field without a note is needed.
type Config struct {
	Records Records
	Storage *Storage
	NewID   func() string
	Now     func() time.Time
	Log     *slog.Logger
	Quota   int64  // bytes that all files together may take; 0: no limit
	Cores   int    // processor cores that a transcoding job may use; 0: 1
	Temp    string // folder for a job's files; "" the system's
	// Changed hears of files that have changed: of each at most twice a second, its newest state last. It runs beside the
	// step that made the change; nil: no call.
	Changed func(context.Context, *shop.Media)
	// Uploaded hears of every file before it becomes ready, once or more; nil: no call.
	Uploaded func(context.Context, *shop.Media) error
}

// Library is the files of the shop.
type Library struct {
	Config
	tus    *handler.UnroutedHandler
	ffmpeg *tools // nil: not installed here
	wake   map[shop.MediaJobKind]chan struct{}
	pace   pace
}

// How long files stay that nothing needs: unfinished uploads since their last byte, ready files that no
// course uses, and the rows of refused ones.
const (
	UnusedAge  = 7 * 24 * time.Hour
	RefusedAge = 24 * time.Hour
)

// How long an attempt holds a job, and how often it says that it goes on.
const (
	leaseTime  = 45 * time.Second
	renewEvery = time.Second
)

// holdTime is how long a file is kept for a lesson that is being written. A write of the
// store takes less.
const holdTime = time.Minute

// pollEvery is how often an instance looks for jobs that others have left.
const pollEvery = 5 * time.Second

// sweepEvery is how often an instance looks for what nothing needs.
const sweepEvery = time.Hour

// New builds a Library. It looks for ffmpeg and ffprobe on the path.
func New(c Config) (*Library, error) {
	l := &Library{Config: c, ffmpeg: findTools(), wake: map[shop.MediaJobKind]chan struct{}{shop.JobCheck: make(chan struct{}, 1), shop.JobTranscode: make(chan struct{}, 1)}}
	var err error
	l.tus, err = newTus(l)
	return l, err
}

// Transcodes reports whether this machine can make HLS of videos.
func (l *Library) Transcodes() bool { return l.ffmpeg != nil }

// Run does jobs and sweeps until ctx ends. Checks of uploads and transcoding have a lane of their own
// each: a long video does not keep a picture waiting.
func (l *Library) Run(ctx context.Context) error {
	var all sync.WaitGroup
	all.Go(func() { l.work(ctx, shop.JobCheck) })
	all.Go(func() { l.sweepNowAndThen(ctx) })
	if l.ffmpeg != nil {
		all.Go(func() { l.work(ctx, shop.JobTranscode) })
	}
	all.Wait()
	return nil
}

func (l *Library) work(ctx context.Context, kind shop.MediaJobKind) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if err := l.DoJobs(ctx, kind); err != nil && ctx.Err() == nil {
			l.Log.WarnContext(ctx, "jobs of files not done", "kind", kind, "err", err)
		}
		select {
		case <-tick.C:
		case <-l.wake[kind]:
		case <-ctx.Done():
			return
		}
	}
}

// DoJobs does the jobs of a kind that are due, one after another.
func (l *Library) DoJobs(ctx context.Context, kind shop.MediaJobKind) error {
	due, err := l.Records.JobsDue(ctx, kind, l.Now(), 20)
	if err != nil {
		return err
	}
	for _, m := range due {
		if ctx.Err() != nil {
			break
		}
		if err := l.take(ctx, m.ID, kind); err != nil && ctx.Err() == nil {
			l.Log.WarnContext(ctx, "job of a file failed", "media", m.ID, "kind", kind, "err", err)
		}
	}
	return nil
}

var (
	errTaken = errors.New("media: the job is not to be done now")
	errDone  = errors.New("media: the row says so already") // by a write whose answer was lost
)

// take claims the job of a file and does it.
func (l *Library) take(ctx context.Context, id string, kind shop.MediaJobKind) error {
	attempt := l.NewID()
	m, err := l.Records.Change(ctx, id, func(m *shop.Media) error {
		now := l.Now()
		if m.Job == nil || m.Job.Kind != kind || !m.Claim(attempt, now, now.Add(leaseTime)) {
			return errTaken
		}
		if m.Job.State == shop.JobFailed && kind == shop.JobCheck {
			m.State, m.Reason = shop.MediaRefused, m.Job.Error
		}
		return nil
	})
	if errors.Is(err, errTaken) || errors.Is(err, shop.ErrMediaNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	l.changed(ctx, m)
	if !m.Holds(attempt) {
		return nil // it has been tried too often
	}
	return l.do(ctx, m, attempt)
}

// do does a job that the attempt holds, and notes how it ended.
func (l *Library) do(ctx context.Context, m *shop.Media, attempt string) error {
	held, progress, release := l.hold(ctx, m.ID, attempt)
	defer release()
	var err error
	if m.Job.Kind == shop.JobCheck {
		err = l.check(held, m, attempt)
	} else {
		err = l.transcode(held, m, attempt, progress)
	}
	release()
	if err == nil || held.Err() != nil && context.Cause(held) == errLost {
		return nil
	}
	var refusal *shop.Error
	refuses := errors.As(err, &refusal) && refusal.Kind < shop.Internal
	after, e := l.Records.Change(context.WithoutCancel(ctx), m.ID, func(m *shop.Media) error {
		switch {
		case !m.Holds(attempt):
			return errTaken
		case refuses && m.Job.Kind == shop.JobCheck:
			m.State, m.Reason, m.Upload, m.Job = shop.MediaRefused, refusalReason(refusal), nil, nil
		case refuses:
			m.FinishJob(shop.JobFailed, refusalReason(refusal))
		case ctx.Err() != nil: // the instance stops: the try does not count
			at := l.Now().UTC()
			m.Job.State, m.Job.At = shop.JobQueued, &at
			m.Job.Tries--
		default:
			m.RetryJob(briefly(err), l.Now().Add(time.Duration(m.Job.Tries)*5*time.Second))
			if m.Job.State == shop.JobFailed && m.Job.Kind == shop.JobCheck {
				m.State, m.Reason, m.Upload = shop.MediaRefused, m.Job.Error, nil
			}
		}
		return nil
	})
	if e == nil {
		l.changed(ctx, after)
		if after.State == shop.MediaRefused {
			e = l.removeObjects(ctx, after.ID)
		}
	} else if errors.Is(e, errTaken) {
		e = nil
	}
	return errors.Join(err, e)
}

// refusalReason is the code of a refusal and what was found.
func refusalReason(e *shop.Error) string {
	if why, ok := e.Extra["reason"].(string); ok {
		return e.Code + ": " + why
	}
	return e.Code
}

// briefly is an error as the console shows it.
func briefly(err error) string {
	text := err.Error()
	if len(text) > 300 {
		text = text[len(text)-300:]
	}
	return text
}

var errLost = errors.New("media: another attempt has the job")

// hold renews the lease of a job until release is called. Where the job is taken over or
// cancelled the context ends with errLost as its cause.
func (l *Library) hold(ctx context.Context, id, attempt string) (_ context.Context, progress func(percent int), release func()) {
	held, cancel := context.WithCancelCause(ctx)
	percents := make(chan int, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(renewEvery)
		defer tick.Stop()
		percent, renewed := 0, time.Now()
		for {
			select {
			case <-held.Done():
				return
			case <-tick.C:
			}
			newer := percent
			select {
			case newer = <-percents:
			default:
			}
			if newer == percent && time.Since(renewed) < leaseTime/4 {
				if !l.stillHeld(held, id, attempt) {
					cancel(errLost)
				}
				continue
			}
			percent = newer
			m, err := l.Records.Change(held, id, func(m *shop.Media) error {
				if !m.Holds(attempt) {
					return errLost
				}
				at := l.Now().Add(leaseTime).UTC()
				m.Job.At, m.Job.Progress = &at, percent
				return nil
			})
			switch {
			case errors.Is(err, errLost), errors.Is(err, shop.ErrMediaNotFound), time.Since(renewed) > leaseTime:
				cancel(errLost)
			case err == nil:
				renewed = time.Now()
				l.changed(held, m)
			}
		}
	}()
	progress = func(percent int) {
		select {
		case <-percents:
		default:
		}
		select {
		case percents <- percent:
		default:
		}
	}
	released := false
	return held, progress, func() {
		if !released {
			released = true
			cancel(nil)
			<-ended
		}
	}
}

// stillHeld reports whether the job is the attempt's; a store that is away does not end it.
func (l *Library) stillHeld(ctx context.Context, id, attempt string) bool {
	m, err := l.Records.Get(ctx, id)
	if err != nil {
		return !errors.Is(err, shop.ErrMediaNotFound)
	}
	return m.Holds(attempt)
}

func (l *Library) changed(ctx context.Context, m *shop.Media) {
	if l.Changed != nil {
		l.pace.note(m, func(m *shop.Media) { l.Changed(context.WithoutCancel(ctx), m) })
	}
}

// nudge makes this instance look for jobs of a kind at once.
func (l *Library) nudge(kind shop.MediaJobKind) {
	select {
	case l.wake[kind] <- struct{}{}:
	default:
	}
}

// Transcode puts a video into the queue again, or for the first time.
func (l *Library) Transcode(ctx context.Context, id string) (*shop.Media, error) {
	m, err := l.Records.Change(ctx, id, func(m *shop.Media) error {
		switch {
		case m.State != shop.MediaReady:
			return shop.ErrMediaNotReady
		case m.Kind != shop.KindVideo:
			return shop.ErrTranscodingOff
		}
		m.Queue(shop.JobTranscode, l.Now())
		return nil
	})
	if err == nil {
		l.changed(ctx, m)
		l.nudge(shop.JobTranscode)
	}
	return m, err
}

// Cancel ends the transcoding of a video; that it has ended is fine.
func (l *Library) Cancel(ctx context.Context, id string) (*shop.Media, error) {
	m, err := l.Records.Change(ctx, id, func(m *shop.Media) error {
		if m.Job != nil && m.Job.Kind == shop.JobTranscode && m.Job.At != nil {
			m.FinishJob(shop.JobCancelled, "")
		}
		return nil
	})
	if err == nil {
		l.changed(ctx, m)
	}
	return m, err
}

// Hold keeps files for a lesson that is about to be written; it fails where one is not ready.
// Between the hold and a deletion the row decides: see Delete.
func (l *Library) Hold(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		_, err := l.Records.Change(ctx, id, func(m *shop.Media) error {
			if m.State != shop.MediaReady {
				return shop.ErrMediaNotReady
			}
			m.HeldUntil, m.UnusedSince = l.Now().Add(holdTime).UTC(), nil
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Delete removes a file that no course uses. The courses are read after the row, and the row is
// only marked if it is as it was read: a lesson that was written in between has held it.
func (l *Library) Delete(ctx context.Context, id string) error {
	m, err := l.Records.Change(ctx, id, func(m *shop.Media) error {
		if m.State == shop.MediaDeleting {
			return nil
		}
		if m.HeldUntil.After(l.Now()) {
			return shop.ErrMediaInUse
		}
		used, err := l.Records.InUse(ctx)
		if err == nil && used(id) {
			err = shop.ErrMediaInUse
		}
		if err != nil {
			return err
		}
		m.State, m.Job, m.Upload = shop.MediaDeleting, nil, nil
		return nil
	})
	if err != nil {
		return err
	}
	l.changed(ctx, m)
	return l.finishDelete(ctx, m)
}

// finishDelete removes the objects of a file that is marked, then its row.
func (l *Library) finishDelete(ctx context.Context, m *shop.Media) error {
	if err := l.removeObjects(ctx, m.ID); err != nil {
		return err
	}
	_, err := l.Records.Delete(ctx, m)
	return err
}

// removeObjects removes all that storage has of a file.
func (l *Library) removeObjects(ctx context.Context, id string) error {
	ctx = context.WithoutCancel(ctx)
	return errors.Join(l.Storage.DeleteAll(ctx, partsOf(id)), l.Storage.DeleteAll(ctx, filesOf(id)), l.Storage.DeleteAll(ctx, hlsOf(id)))
}

// Where storage has the objects of a file: the parts of its upload, itself, and what is made of it.
func partsOf(id string) string { return "parts/" + id + "/" }
func filesOf(id string) string { return "files/" + id + "/" }
func hlsOf(id string) string   { return "hls/" + id + "/" }
