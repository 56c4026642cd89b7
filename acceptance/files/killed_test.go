package files

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/media"
	"mstm/media/mediatest"
	"mstm/shop"
	"mstm/store"
	"mstm/store/redistest"
	"mstm/store/storetest"
)

// Where the program is killed: before or after a named write of the file's row, in the middle of a request's bytes, or
// while a program of its own works. A life is killed once in each of the three lists.
var (
	whileUploading = []string{
		"before 1 insert media: uploading", "after 1 insert media: uploading", "before 2 update media: uploading", "after 2 update media: uploading", "bytes",
	}
	whileChecking = []string{
		"before 1 update media: checking check running", "after 1 update media: checking check running", "before 1 insert audit: uploaded",
		"after 1 insert audit: uploaded", "before 1 update media: ready transcode queued", "after 1 update media: ready transcode queued",
	}
	whileTranscoding = []string{
		"before 1 update media: ready transcode running", "after 1 update media: ready transcode running", "runs poster.jpg", "runs /0/index.m3u8",
		"runs /1/index.m3u8", "before 1 update media: ready transcode done", "after 1 update media: ready transcode done",
	}
)

// site is a shop of one or two processes that are killed and started again; their database and files outlive them.
type site struct {
	t       *testing.T
	mongo   string
	dir     string // of the files, "" where they are in a bucket
	shops   []*shoptest.Process
	film    []byte
	seconds int
	editor  string // a token
	kills   int
}

// openSite starts so many processes: one with a folder, or several with one Redis and one bucket.
func openSite(t *testing.T, shops int) *site {
	t.Helper()
	needsTools(t)
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: a process's children are found on Linux alone")
	}
	s := &site{t: t, mongo: storetest.Mongo(t), seconds: 5}
	env := []string{"MONGODB_URI=" + s.mongo}
	if shops > 1 {
		env = append(env, "REDIS_URL="+redistest.Single(t), "MEDIA_URL="+mediatest.Serve(t))
		mediatest.Credentials(func(name, value string) { env = append(env, name+"="+value) })
	}
	for range shops {
		dir := t.TempDir()
		if shops == 1 {
			s.dir = filepath.Join(dir, "media")
		}
		p := shoptest.NewProcess(t, dir, env...)
		s.shops = append(s.shops, p)
		p.Start()
	}
	s.film = film(t, s.seconds)
	s.editor = s.shops[0].As("").Login("editor", "editor-demo-password", "web").Token
	var sample struct{ Items []file }
	s.at(0).Get("/api/admin/media?limit=100").Want(200).Into(&sample)
	for _, f := range sample.Items {
		if f.Kind == "video" { // it would keep the films of this test waiting
			s.at(0).Del("/api/admin/media/" + f.ID + "/transcode").Want(200)
		}
	}
	t.Cleanup(func() {
		for i, p := range s.shops {
			if t.Failed() {
				t.Logf("warnings of process %d:\n%s", i, shoptest.Warnings(p.Log.String()))
			}
		}
	})
	return s
}

// at is the editor at a process.
func (s *site) at(i int) *shoptest.Person { return s.shops[i].As(s.editor) }

// revive starts what is dead, at a time when the lease of what it held is over.
func (s *site) revive() {
	s.t.Helper()
	for _, p := range s.shops {
		if !p.Gone() {
			continue
		}
		if at := p.Burnt(); at != "" {
			s.t.Logf("killed %s", at)
		}
		s.kills++
		p.Start()
		p.Skip(time.Minute)
	}
}

// life is one upload until its video is made.
type life struct {
	*site
	seed   uint64
	rnd    *rand.Rand
	now    int    // the process that the client talks to
	at     string // of the upload
	lesson string // that shows the file, once it is ready
	body   []byte
}

// live runs a life with a kill at each point.
func (s *site) live(seed uint64, points ...string) {
	s.t.Helper()
	l := &life{site: s, seed: seed, rnd: rand.New(rand.NewPCG(seed, 13)), now: int(seed % uint64(len(s.shops)))}
	l.body = append(slices.Clone(s.film), strconv.FormatUint(seed, 10)...) // each has a checksum of its own
	s.t.Logf("seed %d: %s", seed, strings.Join(points, "; "))
	l.upload(points[0], points[1])
	l.await(points[2])
	l.check()
}

// arm has the process of a life kill itself at a point, if that is a write.
func (l *life) arm(point string) {
	l.t.Helper()
	if strings.HasPrefix(point, "runs ") || point == "bytes" {
		return
	}
	at, err := shoptest.ReadPoint(point)
	if err != nil {
		l.t.Fatal(err)
	}
	l.shops[l.now].Arm(at)
}

// moveOn has the client talk to a process that lives, for this one dies: the next one, or this one again.
func (l *life) moveOn() {
	l.t.Helper()
	l.shops[l.now].AwaitEnd()
	if l.now = (l.now + 1) % len(l.shops); l.shops[l.now].Gone() {
		l.revive()
	}
}

// upload sends the film in four requests, from where the upload stands, whatever dies.
func (l *life) upload(point, last string) {
	l.t.Helper()
	size := int64(len(l.body))
	l.arm(point)
	for l.at == "" {
		a, err := begin(l.site.at(l.now), size, "片 "+strconv.FormatUint(l.seed, 10)+".mp4")
		if err == nil {
			l.at = a.Want(http.StatusCreated).Header.Get("Location")
		} else {
			l.moveOn()
		}
	}
	if point == "bytes" {
		l.breakOff()
	}
	armed := false
	for offset := int64(0); offset < size; {
		n := min(size/4+1, size-offset)
		if offset+n == size && !armed {
			l.revive()
			l.arm(last)
			armed = true
		}
		a, err := patch(l.site.at(l.now), l.at, offset, l.body[offset:offset+n])
		if err == nil && a.Status == http.StatusNoContent {
			offset += n
			continue
		}
		if err == nil && a.Code() != "UPLOAD_OFFSET" {
			l.t.Fatalf("at %d: %d %s", offset, a.Status, a.Body)
		}
		if err != nil {
			l.moveOn()
		}
		offset = l.offset()
	}
	l.revive()
}

// offset is where the upload stands.
func (l *life) offset() int64 {
	l.t.Helper()
	a := tus(l.site.at(l.now)).Do("HEAD", l.at, nil).Want(200)
	n, err := strconv.ParseInt(a.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		l.t.Fatalf("the upload stands at %q", a.Header.Get("Upload-Offset"))
	}
	return n
}

// breakOff kills the process in the middle of a request's bytes.
func (l *life) breakOff() {
	l.t.Helper()
	in, out := io.Pipe()
	r, err := http.NewRequestWithContext(l.t.Context(), "PATCH", l.shops[l.now].Url+l.at, in)
	if err != nil {
		l.t.Fatal(err)
	}
	r.ContentLength = int64(len(l.body))
	for name, value := range map[string]string{"Authorization": "Bearer " + l.editor, "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"} {
		r.Header.Set(name, value)
	}
	ended := make(chan error, 1)
	go func() {
		res, err := shoptest.Client.Do(r)
		if err == nil {
			err = errors.Join(fmt.Errorf("answered %s", res.Status), res.Body.Close())
		}
		ended <- err
	}()
	if _, err := out.Write(l.body[:len(l.body)/2]); err != nil { // taken in: the program has most of it
		l.t.Fatal(err)
	}
	time.Sleep(rand.N(50 * time.Millisecond)) // anywhere on its way through the program
	l.shops[l.now].Kill()
	_ = out.Close()
	if err := <-ended; err == nil {
		l.t.Error("a request whose process was killed was answered")
	}
	l.moveOn()
}

// row is the file as the console reads it now; false where the process dies just then.
func (l *life) row() (f file, ok bool) {
	l.t.Helper()
	a, err := l.site.at(l.now).Try("GET", "/api/admin/media/"+idOf(l.at), nil)
	if err != nil {
		l.shops[l.now].AwaitEnd()
		return f, false
	}
	a.Want(200).Into(&f)
	return f, true
}

// await waits until the video is made, kills once more on the way, and looks at what is shown all the time.
func (l *life) await(point string) {
	l.t.Helper()
	for i := range l.shops {
		l.now = i
		l.arm(point) // of whichever takes the job
	}
	killed := false
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if what, ok := strings.CutPrefix(point, "runs "); ok && !killed {
			killed = l.killWhile(what)
		}
		f, ok := l.row()
		if slices.ContainsFunc(l.shops, (*shoptest.Process).Gone) {
			killed = true
			l.settle()
			l.look()
			continue
		}
		if ok && killed && f.State == "ready" && l.lesson == "" { // no process dies any more
			l.show()
		}
		if ok && f.isMade() {
			break
		}
		if time.Now().After(end) || ok && (f.State == "refused" || f.Job == nil || f.Job.State == "failed") {
			l.t.Fatalf("seed %d, %s: the video is not made: %+v %+v", l.seed, point, f, f.Job)
		}
	}
	l.settle()
	if !killed {
		l.t.Logf("not killed %s: it was over too soon", point)
	}
	if l.lesson == "" {
		l.show()
	}
}

// settle starts what is dead, and no process dies any more.
func (l *life) settle() {
	l.t.Helper()
	for _, p := range l.shops {
		if p.Burnt() != "" { // it is dead, or about to be
			p.AwaitEnd()
		}
	}
	l.revive()
}

// killWhile kills the process whose ffmpeg works on what its command line names, some time into it.
func (l *life) killWhile(what string) bool {
	for _, p := range l.shops {
		for _, line := range commandsOf(p.Cmd.Process.Pid) {
			if strings.Contains(line, what) && strings.Contains(line, idOf(l.at)) || strings.Contains(line, what) && l.dir == "" {
				time.Sleep(rand.N(150 * time.Millisecond))
				p.Kill()
				l.t.Logf("killed while ffmpeg makes %s", what)
				return true
			}
		}
	}
	return false
}

// commandsOf are the command lines of the programs that a process runs.
func commandsOf(pid int) (all []string) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(after); len(f) < 2 || f[1] != strconv.Itoa(pid) {
			continue
		}
		if line, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline")); err == nil {
			all = append(all, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return all
}

// show puts the ready file into a lesson, and looks at it.
func (l *life) show() {
	l.t.Helper()
	lesson, a := shown(l.site.at(l.now), idOf(l.at))
	a.Want(http.StatusCreated)
	l.lesson = lesson
	l.look()
}

// look holds what every process shows a visitor against what was uploaded.
func (l *life) look() {
	l.t.Helper()
	f, _ := l.row()
	if f.State == "refused" || f.State == "ready" && f.SHA256 != sumOf(l.body) {
		l.t.Fatalf("seed %d: %+v", l.seed, f)
	}
	if f.State != "ready" {
		if _, a := shown(l.site.at(l.now), f.ID); a.Status < 400 {
			l.t.Fatalf("a lesson shows a file that is %s", f.State)
		}
	}
	for i := range l.shops {
		if l.lesson == "" {
			continue
		}
		shoptest.Eventually(l.t, time.Minute, func() error { // the other process hears of the new lesson
			_, err := isWhole(l.shops[i].As(""), l.lesson, l.body)
			return err
		})
	}
}

// check looks at the end of a life: all is whole, at each process.
func (l *life) check() {
	l.t.Helper()
	l.look()
	for _, p := range l.shops {
		shoptest.Eventually(l.t, time.Minute, func() error { // a process keeps the row of a file for some seconds
			made, err := isWhole(p.As(""), l.lesson, l.body)
			if err == nil && !made {
				err = errors.New("the file itself is played")
			}
			return err
		})
	}
	if got := decodes(l.t, l.shops[l.now].As(""), l.lesson); got < float64(l.seconds)-0.5 || got > float64(l.seconds)+0.5 {
		l.t.Errorf("seed %d: %g s are played of %d", l.seed, got, l.seconds)
	}
}

// sweep ends the processes, lets a day pass over the folder's objects, sweeps, and wants nothing to be left but what the rows name.
func (s *site) sweep() {
	s.t.Helper()
	for _, p := range s.shops {
		p.Kill()
	}
	db, err := store.Open(s.t.Context(), store.Config{MongoURI: s.mongo, DataDir: s.t.TempDir(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close(s.t.Context())
	storage, err := media.OpenStorage(s.t.Context(), "", s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	defer storage.Close()
	old := time.Now().Add(-48 * time.Hour)
	err = storage.Each(s.t.Context(), "", func(o media.Object) error {
		return os.Chtimes(filepath.Join(s.dir, filepath.FromSlash(o.Key)), old, old)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	library, err := media.New(media.Config{Records: db.Media, Storage: storage, NewID: store.NewID, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = library.Sweep(s.t.Context())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	named := map[string]bool{}
	err = db.Media.Each(s.t.Context(), func(m *shop.Media) error {
		named[m.Key], named[m.Poster] = true, true
		if m.Video != nil {
			named[m.Video.Poster] = true
			for _, v := range m.Video.Variants {
				named[v.Prefix+"init.mp4"] = true
				for i := range v.Durations {
					named[fmt.Sprintf("%s%d.m4s", v.Prefix, i)] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	err = storage.Each(s.t.Context(), "", func(o media.Object) error {
		if !named[o.Key] {
			s.t.Errorf("%s is left behind", o.Key)
		}
		delete(named, o.Key)
		return nil
	})
	if delete(named, ""); err != nil || len(named) > 0 {
		s.t.Errorf("missing: %v, %v", named, err)
	}
}

// seeds are the first of the lives, FILE_SEED, and how many follow one another, FILE_SEEDS; without either one life of any seed.
func seeds() (first, n uint64) {
	first, err := strconv.ParseUint(os.Getenv("FILE_SEED"), 10, 64)
	n, err2 := strconv.ParseUint(os.Getenv("FILE_SEEDS"), 10, 64)
	if err != nil && err2 != nil {
		return rand.Uint64N(420), 1
	}
	return first, max(1, n)
}

// pointsOf are those of a seed: so many seeds as the longest list has points have each of them.
func pointsOf(seed uint64) []string {
	of := func(all []string) string { return all[seed%uint64(len(all))] }
	return []string{of(whileUploading), of(whileChecking), of(whileTranscoding)}
}

// TestFiles_KilledAtEachStep_EndWholeOrAreRemoved kills the one process of a shop three times on the way of each film.
func TestFiles_KilledAtEachStep_EndWholeOrAreRemoved(t *testing.T) {
	t.Parallel()
	s := openSite(t, 1)
	first, n := seeds()
	for i := range n {
		s.live(first+i, pointsOf(first+i)...)
	}
	s.sweep()
	t.Logf("%d films, %d kills, all whole", n, s.kills)
}

// TestFiles_OneOfTwoInstancesKilled_TheOtherGoesOn has the files in a bucket: one instance is killed during the upload and one
// during the transcoding, and the other takes over.
func TestFiles_OneOfTwoInstancesKilled_TheOtherGoesOn(t *testing.T) {
	t.Parallel()
	s := openSite(t, 2)
	first, n := seeds()
	for i := range n {
		s.live(first+i, pointsOf(first+i)...)
	}
	t.Logf("%d films, %d kills, all whole", n, s.kills)
}
