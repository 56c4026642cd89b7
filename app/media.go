package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"mstm/hub"
	"mstm/media"
	"mstm/shop"
	"mstm/store"
)

// MediaSettings are of files: where they are, how much room there is, and by which way their bytes go out.
type MediaSettings struct {
	URL      string `env:"URL"`                           // of a bucket; "": a folder under DATA_DIR
	QuotaGB  int64  `env:"QUOTA_GB" envDefault:"100"`     // 0: no limit
	Cores    int    `env:"CORES" envDefault:"1"`          // that a transcoding job may use
	Delivery string `env:"DELIVERY" envDefault:"program"` // "program" or "redirect"
}

// check refuses what could not work.
func (m MediaSettings) check(refuse func(name, why string)) {
	if m.URL != "" && media.CheckAddress(m.URL) != nil {
		refuse("MEDIA_URL", "is not s3://BUCKET?region=…&endpoint=…")
	}
	if m.QuotaGB < 0 {
		refuse("MEDIA_QUOTA_GB", "is less than 0, which is no limit")
	}
	if m.Cores < 0 {
		refuse("MEDIA_CORES", "is less than 0; 0 is 1")
	}
	if m.Delivery != "" && m.Delivery != "program" && (m.Delivery != "redirect" || m.URL == "") {
		refuse("MEDIA_DELIVERY", `is neither "program" nor, with a MEDIA_URL, "redirect"`)
	}
}

// redirects reports whether players fetch files at the bucket.
func (m MediaSettings) redirects() bool { return m.Delivery == "redirect" }

// mediaOrigin is where pages fetch files besides the shop; "": nowhere.
func (a *App) mediaOrigin(ctx context.Context) (string, error) {
	if !a.Settings.Media.redirects() || a.Media == nil {
		return "", nil
	}
	origin, err := a.Media.Storage.Origin(ctx)
	if err != nil {
		return "", fmt.Errorf("MEDIA_DELIVERY: no address of the bucket can be signed: %w", err)
	}
	return origin, nil
}

// PlaybackSettings are how much players fetch; 0 is no limit.
type PlaybackSettings struct {
	Person   int `env:"PER_PERSON" envDefault:"16"`     // requests at a time
	Second   int `env:"PER_SECOND" envDefault:"30"`     // requests of one person
	Instance int `env:"PER_INSTANCE" envDefault:"4000"` // requests at a time
	Guesses  int `env:"GUESSES" envDefault:"60"`        // wrong addresses of one client, a minute
}

// check refuses limits below none.
func (p PlaybackSettings) check(refuse func(name, why string)) {
	for name, value := range map[string]int{"PER_PERSON": p.Person, "PER_SECOND": p.Second, "PER_INSTANCE": p.Instance, "GUESSES": p.Guesses} {
		if value < 0 {
			refuse("PLAYBACK_MAX_"+name, "is less than 0, which is no limit")
		}
	}
}

// stopMedia is how long the end of the program waits for the jobs of files.
const stopMedia = 5 * time.Second

// openMedia opens the files, and does the jobs that they wait for.
func (a *App) openMedia(ctx context.Context) error {
	cfg := a.Settings
	storage, err := media.OpenStorage(ctx, cfg.Media.URL, cfg.mediaFolder())
	if err != nil && cfg.Media.URL == "" { // a shop on machines whose disks are read-only sold without files before
		a.Log.Warn("no folder for files: nothing can be uploaded until MEDIA_URL or a DATA_DIR that can be written is set", "err", err)
		return nil
	}
	if err != nil {
		return err
	}
	a.onClose(storage.Close)
	temp, leave, err := media.OpenTemp(filepath.Join(cfg.DataDir, "media-tmp"))
	if err != nil && cfg.Media.URL == "" {
		return err
	}
	if err != nil { // the disk is read-only, the files are in a bucket
		a.Log.Warn("no folder for the files of a job: the system's is taken", "err", err)
	} else {
		a.onClose(leave)
	}
	a.Media, err = media.New(media.Config{
		Records: a.Store.Media, Storage: storage, NewID: store.NewID, Now: a.clock.now, Log: a.Log,
		Quota: cfg.Media.QuotaGB << 30, Cores: cfg.Media.Cores, Temp: temp, Changed: a.mediaChanged, Uploaded: a.mediaUploaded,
	})
	if err != nil {
		return err
	}
	if !a.Media.Transcodes() {
		level := slog.LevelInfo
		if cfg.production() {
			level = slog.LevelWarn // there it is rather forgotten than left out
		}
		a.Log.Log(ctx, level, "no ffmpeg and ffprobe on the path: this instance makes no HLS, and videos are played as they were uploaded, unencrypted")
	}
	done := make(chan error, 1)
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	go func() { done <- a.Media.Run(store.Background(ctx, store.Lists)) }()
	a.onClose(func() error {
		stop()
		select {
		case err := <-done:
			return err
		case <-time.After(stopMedia):
			a.Log.Warn("a job of a file has not stopped: another instance takes it over")
			return nil
		}
	})
	return nil
}

// mediaChanged shows how far a file has come. A page that misses it reads the list.
func (a *App) mediaChanged(ctx context.Context, m *shop.Media) {
	uploader, console := shop.MediaProgress(m)
	for _, e := range []shop.Event{uploader, console} {
		if _, err := a.Hub.Publish(ctx, hub.Event(e)); err != nil {
			a.Log.LogAttrs(ctx, slog.LevelDebug, "progress of a file not published", slog.String("media", m.ID), slog.Any("err", err))
		}
	}
}

// mediaUploaded notes whose file it is, before it can be used.
func (a *App) mediaUploaded(ctx context.Context, m *shop.Media) error {
	return a.Store.Audit.Add(ctx, store.AuditRow{
		ID: "media:" + m.ID + ":uploaded", Object: "media:" + m.ID, Act: "uploaded", By: m.By, At: a.clock.now(),
		Data: map[string]string{"name": m.Name, "type": m.Type, "sha256": m.SHA256},
	})
}
