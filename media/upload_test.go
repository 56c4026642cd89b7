package media_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/media"
	"mstm/shop"
)

// picture is a PNG of so many bytes at least.
func picture(t *testing.T, bytesAtLeast int) []byte {
	t.Helper()
	side := 1
	for side*side*3 < bytesAtLeast {
		side++
	}
	img, rnd := image.NewRGBA(image.Rect(0, 0, side, side)), rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(rnd.Uint32())
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestUploadGoesOnWhereItWas breaks the line in the middle of a request and goes on at another instance.
func TestUploadGoesOnWhereItWas(t *testing.T) {
	eachStorage(t, func(t *testing.T, storage *media.Storage) {
		s := newSite(t, storage)
		one, two := s.instance(), s.instance()
		body := picture(t, 9<<20) // more than one part
		path, a := one.begin(int64(len(body)), "图 片.png")
		if a.status != http.StatusCreated || !strings.HasPrefix(path, "/api/admin/uploads/") {
			t.Fatalf("%+v", a)
		}
		one.patch(path, 0, io.MultiReader(bytes.NewReader(body[:8_600_000]), failing{}))
		var at int64
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if at = two.offset(path); at > 8<<20 {
				break
			}
		}
		if at <= 8<<20 || at > 8_600_000 {
			t.Fatalf("the upload stands at %d", at)
		}
		if a := two.patch(path, 0, bytes.NewReader(body)); a.code != shop.ErrUploadOffset.Code {
			t.Fatalf("from the beginning: %+v", a)
		}
		if a := two.patch(path, at, bytes.NewReader(body[at:])); a.status != http.StatusNoContent || a.header.Get("Upload-Offset") != fmt.Sprint(len(body)) {
			t.Fatalf("the rest: %+v", a)
		}
		m, err := s.db.Media.Get(t.Context(), idOf(path))
		sum := sha256.Sum256(body)
		if err != nil || m.State != shop.MediaReady || m.Kind != shop.KindImage || m.Type != "image/png" || m.Name != "图 片.png" ||
			m.By != "editor1" || m.SHA256 != hex.EncodeToString(sum[:]) || m.Upload != nil || m.Job != nil {
			t.Fatalf("%+v, %v", m, err)
		}
		r, err := storage.Open(t.Context(), m.Key)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body) {
			t.Fatalf("the file has %d bytes of %d, %v", len(got), len(body), err)
		}
		if got := s.objects(); len(got) != 1 {
			t.Fatalf("left behind: %v", got)
		}
		if a := one.send("HEAD", path, nil); a.header.Get("Upload-Offset") != fmt.Sprint(len(body)) {
			t.Fatalf("HEAD of a complete one: %+v", a)
		}
	})
}

// TestTwoWritersAtOneOffset lets one of them win each time.
func TestTwoWritersAtOneOffset_OneWins(t *testing.T) {
	s := newSite(t, openStorage(t, ""))
	body := picture(t, 60_000)
	one, two := s.instance(), s.instance()
	path, _ := one.begin(int64(len(body)), "a.png")
	for at := 0; at < len(body); {
		n := min(20_000, len(body)-at)
		var wg sync.WaitGroup
		won := make([]bool, 4)
		for i := range won {
			wg.Go(func() {
				by := []*instance{one, two}[i%2]
				won[i] = by.patch(path, int64(at), bytes.NewReader(body[at:at+n])).status == http.StatusNoContent
			})
		}
		wg.Wait()
		wins := 0
		for _, w := range won {
			if w {
				wins++
			}
		}
		at += n
		if got := two.offset(path); wins == 0 || got != int64(at) {
			t.Fatalf("%d won, the upload stands at %d; want %d", wins, got, at)
		}
	}
	m, err := s.db.Media.Get(t.Context(), idOf(path))
	sum := sha256.Sum256(body)
	if err != nil || m.State != shop.MediaReady || m.SHA256 != hex.EncodeToString(sum[:]) || len(s.objects()) != 1 {
		t.Fatalf("%+v, %v, %v", m, err, s.objects())
	}
}

// zipped is a zip archive of these files, named and filled in turn.
func zipped(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const contentTypes = `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`

func TestWhatIsNoHonestFileIsRefused_NothingStays(t *testing.T) {
	small := picture(t, 3000)
	script := append(bytes.Clone(small), "<SCRIPT>alert(1)</script>"...)
	cases := []struct {
		name, file string
		body       []byte
	}{
		{"SVG with a script", "a.png", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>` + strings.Repeat(" ", 4000))},
		{"SVG without a script", "a.png", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>` + strings.Repeat(" ", 4000))},
		{"HTML named as a video", "a.mp4", []byte("<!DOCTYPE html><html><body>" + strings.Repeat("x", 4000))},
		{"a program", "a.pdf", append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 5000)...)},
		{"a playlist that names other files", "a.mp4", []byte("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")},
		{"a picture that is an archive too", "a.png", append(bytes.Clone(small), zipped(t, "a.html", "<script>")...)},
		{"a picture with a script", "a.png", script},
		{"a picture with another file's head", "a.png", append(bytes.Clone(small), "%PDF-1.7 1 0 obj"...)},
		{"half a picture's head", "a.png", small[:20]},
		{"an office file that unfolds without end", "a.docx", zipped(t, "[Content_Types].xml", contentTypes, "_rels/.rels", "x", "word/document.xml", strings.Repeat("0", 30<<20))},
		{"an office file with macros", "a.docx", zipped(t, "[Content_Types].xml", contentTypes, "_rels/.rels", "x", "word/document.xml", "x", "word/vbaProject.bin", "x")},
		{"an office file whose names lead out", "a.docx", zipped(t, "[Content_Types].xml", contentTypes, "_rels/.rels", "x", "word/document.xml", "x", "../../etc/cron.d/x", "x")},
		{"a plain archive", "a.zip", zipped(t, "a.txt", "a")},
		{"a PDF with a script", "a.pdf", []byte("%PDF-1.7\n1 0 obj << /S /JavaScript /JS (app.alert(1)) >>\n" + strings.Repeat(" ", 4000))},
		{"text", "a.pdf", []byte(strings.Repeat("hello ", 1000))},
	}
	s := newSite(t, openStorage(t, ""))
	i := s.instance()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, a := i.upload(c.file, c.body)
			if a.code != shop.ErrMediaRefused.Code {
				t.Fatalf("%+v", a)
			}
			if m != nil && m.State != shop.MediaRefused {
				t.Fatalf("%+v", m)
			}
			if got := s.objects(); len(got) != 0 {
				t.Fatalf("left behind: %v", got)
			}
		})
	}
	s.pass(media.RefusedAge + time.Hour)
	if err := i.Sweep(t.Context()); err != nil || s.rows() != 0 {
		t.Fatalf("%d rows stay, %v", s.rows(), err)
	}
}

func TestHonestFilesAreTakenByContent(t *testing.T) {
	s := newSite(t, openStorage(t, ""))
	i := s.instance()
	for _, c := range []struct {
		body []byte
		kind shop.MediaKind
		mime string
	}{
		{picture(t, 5000), shop.KindImage, "image/png"},
		{append(picture(t, 5000), "<svg"...), shop.KindImage, "image/png"}, // four bytes of compressed data may be that
		{[]byte("%PDF-1.7\n1 0 obj << /Type /Catalog >>\nendobj\n%%EOF\n"), shop.KindDocument, "application/pdf"},
		{zipped(t, "[Content_Types].xml", contentTypes, "_rels/.rels", "x", "word/document.xml", "<w:document/>"), shop.KindDocument,
			"application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	} {
		m, a := i.upload("无名.exe", c.body)
		if a.status != http.StatusNoContent || m.State != shop.MediaReady || m.Kind != c.kind || m.Type != c.mime {
			t.Errorf("%s: %+v %+v", c.mime, a, m)
		}
	}
}

func TestUploadsAreBounded(t *testing.T) {
	s := newSite(t, openStorage(t, ""))
	s.quota = 300_000
	i := s.instance()
	cases := []struct {
		name string
		size int64
		code string
	}{
		{"10 GB", 10 << 30, shop.ErrMediaTooLarge.Code},
		{"nothing", 0, shop.ErrUploadInvalid.Code},
		{"more than the quota", 300_001, shop.ErrMediaQuota.Code},
	}
	for _, c := range cases {
		if _, a := i.begin(c.size, "a.png"); a.code != c.code {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
	if s.rows() != 0 {
		t.Fatalf("%d rows of refused uploads", s.rows())
	}
	path, _ := i.begin(200_000, "a.png")
	if _, a := i.begin(200_000, "b.png"); a.code != shop.ErrMediaQuota.Code {
		t.Errorf("what another upload has announced counts: %+v", a)
	}
	if a := i.send("HEAD", path, nil, "X-By", "editor2"); a.code != shop.ErrUploadNotFound.Code {
		t.Errorf("another person's upload: %+v", a)
	}
	if a := i.send("DELETE", path, nil, "X-By", "editor2"); a.code != shop.ErrUploadNotFound.Code {
		t.Errorf("another person's upload: %+v", a)
	}
	if a := i.send("HEAD", "/api/admin/uploads/..%2f..%2fetc", nil); a.code != shop.ErrUploadNotFound.Code {
		t.Errorf("a path: %+v", a)
	}
	if a := i.send("DELETE", path, nil); a.status != http.StatusNoContent || s.rows() != 0 {
		t.Errorf("the end of one's own: %+v, %d rows", a, s.rows())
	}
	if a := i.send("POST", "/api/admin/uploads", nil, "Upload-Length", "5", "Tus-Resumable", "0.2"); a.code != shop.ErrUploadVersion.Code {
		t.Errorf("another version: %+v", a)
	}
	huge := append(picture(t, 4000), make([]byte, 100_000)...)
	s.quota = 0
	j := s.instance()
	path, _ = j.begin(shop.KindImage.MaxMediaBytes()+1, "a.png")
	if a := j.patch(path, 0, bytes.NewReader(huge)); a.code != shop.ErrMediaTooLarge.Code || s.rows() != 0 || len(s.objects()) != 0 {
		t.Errorf("a picture bigger than pictures may be: %+v, %d rows, %v", a, s.rows(), s.objects())
	}
}

// TestKilledAtAnyWriteOfAnUpload kills the instance before and after each write of the row; another one
// goes on, and all ends whole.
func TestKilledAtAnyWriteOfAnUpload_AnotherInstanceEndsIt(t *testing.T) {
	eachStorage(t, func(t *testing.T, storage *media.Storage) {
		s := newSite(t, storage)
		two := s.instance()
		body := picture(t, 50_000)
		sum := sha256.Sum256(body)
		died := 0
		for n := 1; ; n++ {
			for _, after := range []bool{false, true} {
				records := &dying{Records: s.db.Media, left: n, after: after}
				one := s.instance(func(c *media.Config) { c.Records = records })
				path, a := one.begin(int64(len(body)), "a.png")
				if a.status != http.StatusCreated { // it died in the first write: no client knows of the upload
					died++
					continue
				}
				one.patch(path, 0, bytes.NewReader(body[:20_000]))
				one.patch(path, 20_000, bytes.NewReader(body[20_000:]))
				if !records.isDead() {
					if died < 6 {
						t.Fatalf("only %d deaths", died)
					}
					return
				}
				died++
				at := two.offset(path)
				if at < int64(len(body)) {
					a = two.patch(path, at, bytes.NewReader(body[at:]))
				}
				s.pass(time.Hour) // the dead one's lease is over
				if err := two.DoJobs(t.Context(), shop.JobCheck); err != nil {
					t.Fatal(err)
				}
				m, err := s.db.Media.Get(t.Context(), idOf(path))
				if err != nil || m.State != shop.MediaReady || m.SHA256 != hex.EncodeToString(sum[:]) {
					t.Fatalf("write %d, after %v: %+v %+v, %v; %+v", n, after, m, m.Job, err, a)
				}
			}
		}
	})
}

func TestDelete(t *testing.T) {
	s := newSite(t, openStorage(t, ""))
	i := s.instance()
	m, _ := i.upload("a.png", picture(t, 5000))
	c := &shop.Course{ID: "c1", State: shop.CourseDraft, Title: "t", Chapters: []shop.Chapter{{Title: "1", Lessons: []shop.Lesson{{ID: "l1", Title: "1", Kind: "video", MediaID: m.ID}}}}}

	if err := i.Hold(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if err := i.Delete(t.Context(), m.ID); !errors.Is(err, shop.ErrMediaInUse) {
		t.Fatalf("while a lesson is being written: %v", err)
	}
	if _, err := s.db.Courses.Insert(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	s.pass(2 * time.Minute)
	if err := i.Delete(t.Context(), m.ID); !errors.Is(err, shop.ErrMediaInUse) {
		t.Fatalf("while a lesson has it: %v", err)
	}
	s.pass(media.UnusedAge + time.Hour)
	if err := i.Sweep(t.Context()); err != nil || s.rows() != 1 {
		t.Fatalf("the sweep took a file in use: %d rows, %v", s.rows(), err)
	}
	if _, err := s.db.Courses.Change(t.Context(), "c1", func(c *shop.Course) error { c.Chapters = nil; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := i.Delete(t.Context(), m.ID); err != nil || s.rows() != 0 || len(s.objects()) != 0 {
		t.Fatalf("%d rows, %v, %v", s.rows(), s.objects(), err)
	}
	if err := i.Hold(t.Context(), m.ID); !errors.Is(err, shop.ErrMediaNotFound) {
		t.Fatalf("a file that is gone can be put into a lesson: %v", err)
	}
}

func TestSweepRemovesWhatNothingNeeds(t *testing.T) {
	eachStorage(t, func(t *testing.T, storage *media.Storage) {
		s := newSite(t, storage)
		i := s.instance()
		if m, a := i.upload("a.png", picture(t, 5000)); m == nil || m.State != shop.MediaReady {
			t.Fatalf("%+v", a)
		}
		path, _ := i.begin(1000, "b.png")
		i.patch(path, 0, strings.NewReader("half"))
		s.pass(media.UnusedAge - time.Hour)
		if err := i.Sweep(t.Context()); err != nil || s.rows() != 2 {
			t.Fatalf("within the week: %d rows, %v", s.rows(), err)
		}
		s.pass(2 * time.Hour)
		if err := i.Sweep(t.Context()); err != nil || s.rows() != 0 || len(s.objects()) != 0 {
			t.Fatalf("after the week: %d rows, %v, %v", s.rows(), s.objects(), err)
		}
	})
}

// TestJobsOfAKindKeepNoOthersWaiting has more videos waiting than a lane looks at, on an instance without ffmpeg.
func TestJobsOfAKindKeepNoOthersWaiting(t *testing.T) {
	s := newSite(t, openStorage(t, ""))
	for n := range 25 {
		m := &shop.Media{ID: fmt.Sprintf("film%d", n), State: shop.MediaReady, Kind: shop.KindVideo}
		m.Queue(shop.JobTranscode, s.clock().Add(-time.Hour))
		if err := s.db.Media.Insert(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	m := &shop.Media{ID: "picture", State: shop.MediaChecking}
	m.Queue(shop.JobCheck, s.clock())
	if err := s.db.Media.Insert(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	due, err := s.db.Media.JobsDue(t.Context(), shop.JobCheck, s.clock(), 20)
	if err != nil || len(due) != 1 || due[0].ID != "picture" {
		t.Fatalf("%+v, %v", due, err)
	}
}

// TestSweepRemovesWhatLostAttemptsMade keeps what the row names and what its job's holder makes.
func TestSweepRemovesWhatLostAttemptsMade(t *testing.T) {
	s := newSite(t, openStorage(t, ""))
	m := &shop.Media{
		ID: "film", State: shop.MediaReady, Kind: shop.KindVideo, Key: "files/film/a/source.mp4", UpdatedAt: s.clock(),
		Video: &shop.MediaVideo{Poster: "hls/film/c/poster.jpg", Variants: []shop.MediaVariant{{Prefix: "hls/film/c/0/"}}},
	}
	m.Queue(shop.JobTranscode, s.clock())
	m.Claim("e", s.clock(), s.clock().Add(time.Minute))
	if err := s.db.Media.Insert(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	put := func(key string, age time.Duration) {
		if _, err := s.storage.Put(t.Context(), key, "video/mp4", strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		path, _ := s.storage.Path(key)
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	kept := []string{"files/film/a/source.mp4", "hls/film/c/0/0.m4s", "hls/film/c/poster.jpg", "hls/film/e/0/0.m4s"}
	for _, key := range kept {
		put(key, 25*time.Hour)
	}
	put("hls/film/f/0/0.m4s", time.Hour) // younger
	put("files/film/b/source.mp4", 25*time.Hour)
	put("hls/film/d/0/0.m4s", 25*time.Hour)
	if err := s.instance().Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.objects(); strings.Join(got, " ") != strings.Join(append(kept, "hls/film/f/0/0.m4s"), " ") {
		t.Fatalf("%v", got)
	}
}

func TestACheckThatFailsForGoodIsARefusal_AStopCountsForNothing(t *testing.T) {
	s := newSite(t, openStorage(t, ""))
	i := s.instance()
	m := &shop.Media{ID: "picture", State: shop.MediaChecking, Size: 5, Upload: &shop.MediaUpload{Offset: 5, Parts: []shop.MediaPart{{Key: "parts/picture/gone", Size: 5}}}}
	m.Queue(shop.JobCheck, s.clock())
	if err := s.db.Media.Insert(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopping := s.instance(func(c *media.Config) { c.Changed = func(context.Context, *shop.Media) { stop() } })
	_ = stopping.DoJobs(ctx, shop.JobCheck)
	if m, err := s.db.Media.Get(t.Context(), m.ID); err != nil || m.Job.Tries != 0 || m.Job.State != shop.JobQueued {
		t.Fatalf("after a stop: %+v, %v", m.Job, err)
	}
	for range shop.MaxJobTries {
		s.pass(time.Hour)
		if err := i.DoJobs(t.Context(), shop.JobCheck); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := s.db.Media.Get(t.Context(), m.ID); err != nil || m.State != shop.MediaRefused || m.Reason == "" {
		t.Fatalf("%+v, %v", m, err)
	}
}

// TestAnUploadIsShownAtMostTwiceASecondItsNewestLast sends many small parts, as a client on a bad line does.
func TestAnUploadIsShownAtMostTwiceASecondItsNewestLast(t *testing.T) {
	s := newSite(t, openStorage(t, ""))
	type seen struct {
		at time.Time
		*shop.Media
	}
	var mu sync.Mutex
	var shown []seen
	i := s.instance(func(c *media.Config) {
		c.Changed = func(_ context.Context, m *shop.Media) {
			mu.Lock()
			defer mu.Unlock()
			shown = append(shown, seen{time.Now(), m})
		}
	})
	last := func() seen {
		mu.Lock()
		defer mu.Unlock()
		if len(shown) == 0 {
			return seen{Media: &shop.Media{}}
		}
		return shown[len(shown)-1]
	}
	body := picture(t, 60_000)
	path, _ := i.begin(int64(len(body)), "picture.png")
	half, step := int64(len(body)/2), int64(1000)
	for at := int64(0); at < half; at += step {
		if a := i.patch(path, at, bytes.NewReader(body[at:min(at+step, half)])); a.status != http.StatusNoContent {
			t.Fatalf("at %d: %+v", at, a)
		}
	}
	await := func(what string, is func(seen) bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !is(last()); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: shown last %+v", what, last().Media)
			}
		}
	}
	await("half of it", func(m seen) bool { return m.State == shop.MediaUploading && m.Arrived() == half })
	if a := i.patch(path, half, bytes.NewReader(body[half:])); a.status != http.StatusNoContent {
		t.Fatalf("%+v", a)
	}
	await("all of it", func(m seen) bool { return m.State == shop.MediaReady && m.Arrived() == m.Size })
	mu.Lock()
	defer mu.Unlock()
	for n := 2; n < len(shown); n++ { // two may be a little closer where the first one's showing was slow
		if apart := shown[n].at.Sub(shown[n-2].at); apart < 900*time.Millisecond {
			t.Errorf("three showings within %v", apart)
		}
		if shown[n].V <= shown[n-1].V {
			t.Errorf("version %d after %d", shown[n].V, shown[n-1].V)
		}
	}
}
