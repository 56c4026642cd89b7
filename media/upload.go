package media

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"
	xslog "golang.org/x/exp/slog"

	"mstm/shop"
)

// The tus protocol is tusd's; where its bytes go is ours. tusd's own stores keep the offset in
// the storage and need a lock service beside it as soon as there are two instances. Here the
// offset stands in the row of the file: each part is an object of its own, and the write that
// adds it to the row names the offset it follows, so of two writers one wins, with no lock,
// and any instance goes on where the row says. The same code serves a folder and a bucket.

// partSize is how many bytes of a long request are kept at a time: what a kill may cost.
const partSize = 8 << 20

// maxParts bounds the row of an upload. One part is at least what one request brought.
const maxParts = 4000

// maxUnfinished is how many uploads a person may have under way.
const maxUnfinished = 50

// smallFile is how big a file, in bytes, is checked before its last request is answered.
const smallFile = 64 << 20

// uploadsPath is where uploads are, for the Location of a new one.
const uploadsPath = "/api/admin/uploads/"

type uploaderKey struct{}

// newTus builds tusd's handler over the library.
func newTus(l *Library) (*handler.UnroutedHandler, error) {
	composer := handler.NewStoreComposer()
	composer.UseCore(uploads{l})
	composer.UseTerminater(uploads{l})
	return handler.NewUnroutedHandler(handler.Config{
		StoreComposer: composer, BasePath: uploadsPath, MaxSize: shop.MaxUpload(), DisableDownload: true, DisableConcatenation: true,
		Cors: &handler.CorsConfig{Disable: true}, Logger: xslog.New(xslog.NewTextHandler(io.Discard, nil)), NetworkTimeout: 30 * time.Second,
	})
}

// ServeUploads answers a request of the tus protocol for the person by. What it refuses comes
// back as an error with nothing answered yet.
func (l *Library) ServeUploads(w http.ResponseWriter, r *http.Request, by string) error {
	var do http.HandlerFunc
	switch r.Method {
	case http.MethodPost:
		do = l.tus.PostFile
	case http.MethodHead:
		do = l.tus.HeadFile
	case http.MethodPatch:
		do = l.tus.PatchFile
	case http.MethodDelete:
		do = l.tus.DelFile
	default:
		do = func(http.ResponseWriter, *http.Request) {} // OPTIONS is the middleware's
	}
	sum, err := readChecksum(r.Header.Get("Upload-Checksum"))
	if err != nil {
		return err
	}
	r = r.WithContext(context.WithValue(context.WithValue(r.Context(), uploaderKey{}, by), checksumKey{}, sum))
	r.Header.Del("X-Http-Method-Override")
	a := &tusAnswer{ResponseWriter: w}
	http.StripPrefix(strings.TrimSuffix(uploadsPath, "/"), l.tus.Middleware(do)).ServeHTTP(a, r)
	return a.err(r.Method)
}

// tusAnswer keeps back a refusal of tusd, which is no answer of ours, and makes the address of
// a new upload a path: which scheme and host lead here the client knows best.
type tusAnswer struct {
	http.ResponseWriter
	refused int // status; 0: answered
	body    bytes.Buffer
}

func (a *tusAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *tusAnswer) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		a.refused = status
		a.Header().Del("Content-Length")
		a.Header().Del("Content-Type")
		return
	}
	if at, err := url.Parse(a.Header().Get("Location")); err == nil && at.Path != "" {
		a.Header().Set("Location", at.Path)
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *tusAnswer) Write(b []byte) (int, error) {
	if a.refused != 0 {
		return a.body.Write(b)
	}
	return a.ResponseWriter.Write(b)
}

// err is the refusal as an error of the shop's.
func (a *tusAnswer) err(method string) error {
	if a.refused == 0 {
		return nil
	}
	if method == http.MethodHead { // tusd sends no body then
		if a.refused == http.StatusNotFound {
			return shop.ErrUploadNotFound
		}
		return fmt.Errorf("%w: upload: status %d", shop.ErrUnavailable, a.refused)
	}
	code, _, _ := strings.Cut(a.body.String(), ":")
	if e := shop.ErrorOf(code); e != nil {
		if _, why, ok := strings.Cut(a.body.String(), reasonMark); ok {
			return e.With("reason", strings.TrimSpace(why))
		}
		return e
	}
	switch code {
	case "ERR_UPLOAD_NOT_FOUND":
		return shop.ErrUploadNotFound
	case "ERR_MISMATCHED_OFFSET":
		return shop.ErrUploadOffset
	case "ERR_MAX_SIZE_EXCEEDED", "ERR_UPLOAD_SIZE_EXCEEDED":
		return shop.ErrMediaTooLarge
	case "ERR_UNSUPPORTED_VERSION":
		return shop.ErrUploadVersion
	}
	if a.refused < http.StatusInternalServerError || a.refused == http.StatusNotImplemented { // such as a size that comes later
		return shop.ErrUploadInvalid
	}
	return fmt.Errorf("%w: upload: %s", shop.ErrUnavailable, strings.TrimSpace(a.body.String()))
}

const reasonMark = "; reason: "

// tusError is an error as tusd passes it on; it comes back through tusAnswer.
func tusError(err error) error {
	var e *shop.Error
	if !errors.As(err, &e) {
		return err
	}
	text := e.En
	if why, ok := e.Extra["reason"].(string); ok {
		text += reasonMark + why
	}
	return handler.NewError(e.Code, text, int(e.Kind))
}

// uploads is the library as tusd's store.
type uploads struct{ l *Library }

// upload is one upload of the person by.
type upload struct {
	l    *Library
	id   string
	by   string
	size int64
}

// NewUpload begins an upload, if there is room for what it announces. Its own row counts when
// the room is looked at, so that two at once may both be refused but never both be let in.
func (s uploads) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	by, _ := ctx.Value(uploaderKey{}).(string)
	if info.Size <= 0 || info.SizeIsDeferred {
		return nil, tusError(shop.ErrUploadInvalid)
	}
	name, err := shop.CleanLine("", baseName(info.MetaData["filename"]), 1, 200)
	if err != nil {
		name = "file"
	}
	sum := strings.ToLower(info.MetaData["sha256"])
	if raw, err := hex.DecodeString(sum); sum != "" && (err != nil || len(raw) != sha256.Size) {
		return nil, tusError(shop.ErrUploadInvalid)
	}
	now := s.l.Now().UTC()
	m := &shop.Media{
		ID: s.l.NewID(), State: shop.MediaUploading, Name: name, Size: info.Size, By: by, CreatedAt: now, UpdatedAt: now,
		Upload: &shop.MediaUpload{Parts: []shop.MediaPart{}, SHA256: sum},
	}
	if err := s.l.diskRoom(info.Size); err != nil {
		return nil, tusError(err)
	}
	if err := s.l.Records.Insert(ctx, m); err != nil {
		return nil, tusError(err)
	}
	if err := s.l.room(ctx, by); err != nil {
		_, e := s.l.Records.Delete(context.WithoutCancel(ctx), m)
		return nil, tusError(errors.Join(err, e))
	}
	return &upload{s.l, m.ID, by, m.Size}, nil
}

// baseName is the last part of a name that may be a path of the uploader's machine.
func baseName(name string) string { return name[strings.LastIndexAny(name, `/\`)+1:] }

// Used is how many bytes all files take, with those that are announced.
func (l *Library) Used(ctx context.Context) (bytes int64, err error) { return l.Records.Used(ctx) }

// room reports whether all files are within the quota, and the person's uploads within reason.
func (l *Library) room(ctx context.Context, by string) error {
	unfinished, err := l.Records.Unfinished(ctx, by)
	if err != nil {
		return err
	}
	if unfinished > maxUnfinished {
		return shop.ErrTooManyRequests
	}
	if l.Quota <= 0 {
		return nil
	}
	bytes, err := l.Records.Used(ctx)
	if err == nil && bytes > l.Quota {
		err = shop.ErrMediaQuota
	}
	return err
}

// GetUpload finds an upload of the person who asks.
func (s uploads) GetUpload(ctx context.Context, id string) (handler.Upload, error) {
	by, _ := ctx.Value(uploaderKey{}).(string)
	if !shop.ValidID(id) {
		return nil, handler.ErrNotFound
	}
	u := &upload{l: s.l, id: id, by: by}
	m, err := u.row(ctx)
	if err != nil {
		return nil, err
	}
	u.size = m.Size
	return u, nil
}

// AsTerminatableUpload lets tusd end an upload.
func (s uploads) AsTerminatableUpload(u handler.Upload) handler.TerminatableUpload {
	return u.(*upload)
}

func (u *upload) row(ctx context.Context) (*shop.Media, error) {
	m, err := u.l.Records.Get(ctx, u.id)
	if errors.Is(err, shop.ErrMediaNotFound) || err == nil && (m.By != u.by || m.State == shop.MediaRefused || m.State == shop.MediaDeleting) {
		return nil, handler.ErrNotFound
	}
	if err != nil {
		return nil, tusError(err)
	}
	return m, nil
}

// GetInfo is where the upload stands.
func (u *upload) GetInfo(ctx context.Context) (handler.FileInfo, error) {
	m, err := u.row(ctx)
	if err != nil {
		return handler.FileInfo{}, err
	}
	info := handler.FileInfo{ID: m.ID, Size: m.Size, Offset: m.Size, MetaData: handler.MetaData{"filename": m.Name}}
	if m.State == shop.MediaUploading {
		info.Offset = m.Upload.Offset
	}
	return info, nil
}

// GetReader gives nothing out: an upload is read once it is a file.
func (u *upload) GetReader(context.Context) (io.ReadCloser, error) {
	return nil, handler.ErrNotImplemented
}

// WriteChunk keeps what src brings, part by part; where it comes with a checksum, all of it or nothing. The last part's
// write queues the check.
func (u *upload) WriteChunk(ctx context.Context, offset int64, src io.Reader) (written int64, err error) {
	sum, _ := ctx.Value(checksumKey{}).(*checksum)
	if sum != nil {
		src = io.TeeReader(src, sum)
	}
	var unsure []shop.MediaPart // until the checksum is known
	defer func() {
		for _, p := range unsure {
			err = errors.Join(err, u.l.Storage.Delete(context.WithoutCancel(ctx), p.Key))
		}
	}()
	in := bufio.NewReaderSize(src, 64<<10)
	for offset+written < u.size {
		head, _ := in.Peek(sniffBytes)
		if len(head) == 0 {
			break // src ends: the request did, or its line broke
		}
		at := offset + written
		if at == 0 && (len(head) == sniffBytes || int64(len(head)) == u.size) {
			if _, err := admitted(head, u.size); err != nil {
				return written, tusError(errors.Join(err, u.drop(ctx)))
			}
		}
		part, err := u.put(ctx, at, io.LimitReader(in, min(partSize, u.size-at)))
		if err != nil {
			return written, tusError(err)
		}
		written += part.Size
		if sum != nil {
			unsure = append(unsure, part)
		} else if err := u.add(ctx, at, part); err != nil {
			return at - offset, tusError(err)
		}
	}
	if sum == nil {
		return written, nil
	}
	if !sum.isRight() {
		return 0, tusError(shop.ErrUploadChecksum)
	}
	if len(unsure) == 0 {
		return 0, nil
	}
	kept := unsure
	unsure = nil
	if err := u.add(ctx, offset, kept...); err != nil {
		return 0, tusError(err)
	}
	return written, nil
}

// put writes one object of the upload.
func (u *upload) put(ctx context.Context, offset int64, src io.Reader) (shop.MediaPart, error) {
	key := fmt.Sprintf("%s%012d-%s", partsOf(u.id), offset, u.l.NewID())
	n, err := u.l.Storage.Put(context.WithoutCancel(ctx), key, "application/octet-stream", src)
	return shop.MediaPart{Key: key, Size: n}, err
}

// add adds objects to the row, which must stand at offset; those that it refuses are removed.
func (u *upload) add(ctx context.Context, offset int64, parts ...shop.MediaPart) error {
	m, err := u.l.Records.Change(context.WithoutCancel(ctx), u.id, func(m *shop.Media) error {
		switch {
		case m.Upload != nil && slices.Contains(m.Upload.Parts, parts[0]):
			return errDone
		case m.State != shop.MediaUploading || m.Upload.Offset != offset:
			return shop.ErrUploadOffset
		case len(m.Upload.Parts)+len(parts) > maxParts:
			return shop.ErrUploadInvalid
		}
		for _, p := range parts {
			m.Upload.Offset += p.Size
		}
		m.Upload.Parts = append(m.Upload.Parts, parts...)
		if m.Upload.Offset == m.Size {
			m.State = shop.MediaChecking
			m.Queue(shop.JobCheck, u.l.Now())
			if m.Size <= smallFile { // this request does it, or an instance once the lease is over
				m.Claim(u.id, u.l.Now(), u.l.Now().Add(leaseTime))
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, errDone):
		return nil
	case errors.Is(err, shop.ErrUploadOffset), errors.Is(err, shop.ErrUploadInvalid), errors.Is(err, shop.ErrMediaNotFound):
		for _, p := range parts {
			err = errors.Join(err, u.l.Storage.Delete(context.WithoutCancel(ctx), p.Key))
		}
		return err
	case err != nil:
		return err // the row may name the parts nevertheless
	}
	u.l.changed(ctx, m)
	if m.State == shop.MediaChecking {
		u.l.nudge(shop.JobCheck)
	}
	return nil
}

// FinishUpload checks a small file at once, so that its uploader hears of a refusal; a big one
// is checked by a job.
func (u *upload) FinishUpload(ctx context.Context) error {
	m, err := u.row(ctx)
	if err != nil || !m.Holds(u.id) {
		return err
	}
	if err := u.l.do(context.WithoutCancel(ctx), m, u.id); err != nil {
		return tusError(err)
	}
	return nil
}

// Terminate ends an upload that is under way.
func (u *upload) Terminate(ctx context.Context) error {
	m, err := u.l.Records.Change(ctx, u.id, func(m *shop.Media) error {
		if m.State != shop.MediaUploading {
			return shop.ErrUploadNotFound
		}
		m.State, m.Upload = shop.MediaDeleting, nil
		return nil
	})
	if err != nil {
		return tusError(err)
	}
	u.l.changed(ctx, m)
	return u.l.finishDelete(ctx, m)
}

// drop ends an upload that is refused at its first bytes.
func (u *upload) drop(ctx context.Context) error {
	return u.Terminate(context.WithoutCancel(ctx))
}
