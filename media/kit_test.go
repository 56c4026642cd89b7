package media_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"mstm/media"
	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
)

// site is a shop's files with as many instances as a test starts.
type site struct {
	t       *testing.T
	db      *store.DB
	storage *media.Storage
	quota   int64

	mu  sync.Mutex
	now time.Time
}

func newSite(t *testing.T, s *media.Storage) *site {
	site := &site{t: t, storage: s, now: time.Now()}
	site.db = storetest.Open(t, func(c *store.Config) { c.Now = site.clock })
	return site
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// instance is one process of the shop as far as files go.
type instance struct {
	*media.Library
	site *site
	url  string
}

func (s *site) instance(options ...func(*media.Config)) *instance {
	s.t.Helper()
	c := media.Config{
		Records: s.db.Media, Storage: s.storage, NewID: store.NewID, Now: s.clock, Log: slog.New(slog.DiscardHandler),
		Quota: s.quota, Temp: s.t.TempDir(),
	}
	for _, o := range options {
		o(&c)
	}
	l, err := media.New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := l.ServeUploads(w, r, r.Header.Get("X-By")); err != nil {
			w.Header().Set("X-Code", shop.CodeOf(err))
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	s.t.Cleanup(srv.Close)
	return &instance{l, s, srv.URL}
}

// answer is what a test looks at of a response: its status and the code of a refusal.
type answer struct {
	status int
	code   string
	header http.Header
}

func (i *instance) send(method, path string, body io.Reader, headers ...string) answer {
	i.site.t.Helper()
	r, err := http.NewRequestWithContext(i.site.t.Context(), method, i.url+path, body)
	if err != nil {
		i.site.t.Fatal(err)
	}
	r.Header.Set("Tus-Resumable", "1.0.0")
	r.Header.Set("X-By", "editor1")
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{status: -1}
	}
	defer res.Body.Close()
	return answer{res.StatusCode, res.Header.Get("X-Code"), res.Header}
}

// begin announces an upload and returns its path.
func (i *instance) begin(size int64, name string) (string, answer) {
	i.site.t.Helper()
	a := i.send("POST", "/api/admin/uploads", nil, "Upload-Length", strconv.FormatInt(size, 10),
		"Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte(name)))
	return a.header.Get("Location"), a
}

// patch sends bytes from an offset on.
func (i *instance) patch(path string, offset int64, body io.Reader) answer {
	i.site.t.Helper()
	return i.send("PATCH", path, body, "Upload-Offset", strconv.FormatInt(offset, 10), "Content-Type", "application/offset+octet-stream")
}

// offset is where the upload stands, by HEAD; -1 where there is none.
func (i *instance) offset(path string) int64 {
	i.site.t.Helper()
	a := i.send("HEAD", path, nil)
	n, err := strconv.ParseInt(a.header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// upload uploads a whole file and returns its row.
func (i *instance) upload(name string, body []byte) (*shop.Media, answer) {
	i.site.t.Helper()
	path, a := i.begin(int64(len(body)), name)
	if a.status != http.StatusCreated {
		return nil, a
	}
	a = i.patch(path, 0, bytes.NewReader(body))
	m, _ := i.site.db.Media.Get(i.site.t.Context(), idOf(path))
	return m, a
}

func idOf(path string) string { return path[len("/api/admin/uploads/"):] }

// objects are the keys of all that storage has.
func (s *site) objects() []string {
	s.t.Helper()
	var all []string
	if err := s.storage.Each(s.t.Context(), "", func(o media.Object) error { all = append(all, o.Key); return nil }); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// rows counts the files that the database has.
func (s *site) rows() (n int) {
	s.t.Helper()
	if err := s.db.Media.Each(s.t.Context(), func(*shop.Media) error { n++; return nil }); err != nil {
		s.t.Fatal(err)
	}
	return n
}

var errDead = errors.New("the instance is dead")

// dying are the records of an instance that dies at its n-th write, before or after it.
type dying struct {
	media.Records
	mu    sync.Mutex
	left  int
	after bool
}

func (d *dying) write(do func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left--
	if d.left < 0 || d.left == 0 && !d.after {
		return errDead
	}
	err := do()
	if d.left == 0 {
		return errDead
	}
	return err
}

func (d *dying) isDead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.left <= 0
}

func (d *dying) Insert(ctx context.Context, m *shop.Media) error {
	return d.write(func() error { return d.Records.Insert(ctx, m) })
}

func (d *dying) Change(ctx context.Context, id string, change func(*shop.Media) error) (m *shop.Media, err error) {
	err = d.write(func() (e error) { m, e = d.Records.Change(ctx, id, change); return e })
	return m, err
}

func (d *dying) Delete(ctx context.Context, m *shop.Media) (done bool, err error) {
	err = d.write(func() (e error) { done, e = d.Records.Delete(ctx, m); return e })
	return done, err
}
