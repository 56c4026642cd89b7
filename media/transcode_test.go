package media_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mstm/media"
	"mstm/shop"
)

// needFFmpeg skips a test where ffmpeg is not installed; `make missing` names it.
func needFFmpeg(t *testing.T) {
	t.Helper()
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("SKIPPED: %s is not installed; transcoding is not tested", name)
		}
	}
}

// film is a small video with a tone.
func film(t *testing.T, seconds int, size string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.mp4")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("testsrc=size=%s:rate=5:duration=%d", size, seconds),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=440:duration=%d", seconds), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// player serves a video as the shop does and lets ffmpeg watch it: it fetches the playlists, the keys and
// the segments, and decodes all.
func watch(t *testing.T, s *media.Storage, m *shop.Media) (seconds float64) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := func(name string) string { return name }
		p, ok := media.Part(m, strings.TrimPrefix(r.URL.Path, "/"))
		switch {
		case !ok:
			http.NotFound(w, r)
		case p.Playlist == -1:
			fmt.Fprint(w, media.MasterPlaylist(m.Video, at))
		case p.Playlist >= 0:
			fmt.Fprint(w, media.VariantPlaylist(m.Video, p.Playlist, at))
		case p.Key >= 0:
			_, _ = w.Write(media.SegmentKey(m.Video.Secret, p.Key))
		default:
			f, err := s.Open(r.Context(), p.Object)
			if err != nil {
				http.NotFound(w, r)
				return
			}
			defer f.Close()
			http.ServeContent(w, r, "", time.Time{}, f)
		}
	}))
	defer srv.Close()
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-xerror", "-i", srv.URL+"/index.m3u8", "-map", "0", "-f", "null", "-").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Fatalf("watching: %v: %s", err, out)
	}
	text, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", srv.URL+"/index.m3u8").Output()
	if err != nil {
		t.Fatal(err)
	}
	seconds, _ = strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	return seconds
}

func TestVideoIsMadeToBeWatched(t *testing.T) {
	needFFmpeg(t)
	eachStorage(t, func(t *testing.T, storage *media.Storage) {
		s := newSite(t, storage)
		i := s.instance()
		m, a := i.upload("film.mp4", film(t, 10, "1280x720"))
		if m == nil || m.State != shop.MediaReady || m.Job == nil || m.Job.State != shop.JobQueued {
			t.Fatalf("%+v %+v", a, m)
		}
		if err := i.DoJobs(t.Context(), shop.JobTranscode); err != nil {
			t.Fatal(err)
		}
		m, err := s.db.Media.Get(t.Context(), m.ID)
		if err != nil || m.Job.State != shop.JobDone || m.Job.Progress != 100 || m.Video == nil || len(m.Video.Variants) != 2 ||
			m.Video.Width != 1280 || m.Video.Height != 720 || m.Video.DurationMS < 9900 || m.Video.DurationMS > 10200 ||
			m.Video.Variants[0].Height != 360 || m.Video.Variants[0].Width != 640 || m.Video.Variants[1].Height != 720 {
			t.Fatalf("%+v %+v %+v, %v", m, m.Job, m.Video, err)
		}
		if got := watch(t, storage, m); got < 9.5 || got > 10.5 {
			t.Fatalf("the film of 10 s is %v s long", got)
		}
		if n, err := storage.Size(t.Context(), m.Video.Poster); n == 0 || err != nil {
			t.Fatalf("poster: %d, %v", n, err)
		}
		r, err := storage.Open(t.Context(), m.Video.Variants[0].Prefix+"0.m4s")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		head := make([]byte, 64)
		if _, err := r.Read(head); err != nil || strings.Contains(string(head), "moof") || strings.Contains(string(head), "styp") {
			t.Fatalf("a segment in storage is not encrypted: %q, %v", head, err)
		}
	})
}

func TestTranscodingIsTakenOverFromADeadInstance(t *testing.T) {
	needFFmpeg(t)
	s := newSite(t, openStorage(t, ""))
	two := s.instance()
	body := film(t, 5, "320x180")
	for n := 1; n <= 2; n++ { // its claim, and what it made
		for _, after := range []bool{false, true} {
			m, _ := two.upload("film.mp4", body)
			one := s.instance(func(c *media.Config) { c.Records = &dying{Records: s.db.Media, left: n, after: after} })
			_ = one.DoJobs(t.Context(), shop.JobTranscode)
			s.pass(time.Hour)
			if err := two.DoJobs(t.Context(), shop.JobTranscode); err != nil {
				t.Fatal(err)
			}
			m, err := s.db.Media.Get(t.Context(), m.ID)
			if err != nil || m.Job.State != shop.JobDone || m.Video == nil {
				t.Fatalf("write %d, after %v: %+v %+v, %v", n, after, m, m.Job, err)
			}
			if got := watch(t, s.storage, m); got < 4.5 || got > 5.5 {
				t.Fatalf("the film of 5 s is %v s long", got)
			}
		}
	}
}

func TestTranscodingIsCancelledAndAskedForAgain(t *testing.T) {
	needFFmpeg(t)
	s := newSite(t, openStorage(t, ""))
	started := make(chan struct{}, 100)
	one, two := s.instance(func(c *media.Config) {
		c.Changed = func(_ context.Context, m *shop.Media) {
			if m.Job != nil && m.Job.State == shop.JobRunning && m.Job.Kind == shop.JobTranscode {
				started <- struct{}{}
			}
		}
	}), s.instance()
	m, _ := two.upload("film.mp4", film(t, 40, "1280x720"))
	done := make(chan error, 1)
	go func() { done <- one.DoJobs(t.Context(), shop.JobTranscode) }()
	<-started
	if _, err := two.Cancel(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the job goes on")
	}
	m, err := s.db.Media.Get(t.Context(), m.ID)
	if err != nil || m.Job.State != shop.JobCancelled || m.Video != nil {
		t.Fatalf("%+v %+v, %v", m, m.Job, err)
	}
	if got := s.objects(); len(got) != 1 {
		t.Fatalf("left behind: %v", got)
	}
	if m, err = two.Transcode(t.Context(), m.ID); err != nil || m.Job.State != shop.JobQueued {
		t.Fatalf("%+v, %v", m, err)
	}
}

func TestSound_WhereFFmpegIsInstalled_HasItsLength(t *testing.T) {
	needFFmpeg(t)
	path := filepath.Join(t.TempDir(), "a.m4a")
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=frequency=440:duration=7", "-c:a", "aac", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	eachStorage(t, func(t *testing.T, storage *media.Storage) {
		i := newSite(t, storage).instance()
		m, a := i.upload("课.m4a", body)
		if m == nil || m.Kind != shop.KindAudio || m.DurationMS < 6900 || m.DurationMS > 7200 {
			t.Fatalf("%+v, %+v", m, a)
		}
		m, a = i.upload("b.flac", []byte("fLaC\x00\x00\x00\x22"+strings.Repeat("no sound", 100)))
		if m == nil || m.State != shop.MediaReady || m.DurationMS != 0 {
			t.Fatalf("%+v, %+v", m, a)
		}
	})
}
