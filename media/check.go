package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"mstm/shop"
)

// check puts an upload's parts together, looks through the whole and makes the file ready.
func (l *Library) check(ctx context.Context, m *shop.Media, attempt string) error {
	if m.Upload == nil {
		return fmt.Errorf("media: %s has no upload", m.ID)
	}
	f, err := l.formatOf(ctx, m)
	if err != nil {
		return err
	}
	key := filesOf(m.ID) + attempt + "/source" + f.ext
	sum := sha256.New()
	src := &partsReader{ctx: ctx, storage: l.Storage, parts: m.Upload.Parts, sum: sum}
	n, err := l.Storage.Put(ctx, key, f.mime, src)
	if err = firstError(err, src.Close()); err != nil {
		return err
	}
	if n != m.Size {
		return fmt.Errorf("media: %d bytes of %d are there", n, m.Size)
	}
	if m.Upload.SHA256 != "" && m.Upload.SHA256 != hex.EncodeToString(sum.Sum(nil)) {
		return shop.ErrUploadChecksum
	}
	if err := l.inspect(ctx, f, key, n); err != nil {
		return err
	}
	length, err := l.soundLength(ctx, f, key)
	if err != nil {
		return err
	}
	if l.Uploaded != nil {
		seen := *m
		seen.Kind, seen.Type, seen.SHA256 = f.kind, f.mime, hex.EncodeToString(sum.Sum(nil))
		if err := l.Uploaded(ctx, &seen); err != nil {
			return err
		}
	}
	done, err := l.Records.Change(context.WithoutCancel(ctx), m.ID, func(m *shop.Media) error {
		switch {
		case m.Key == key:
			return errDone
		case !m.Holds(attempt):
			return errTaken
		}
		m.State, m.Kind, m.Type, m.Key, m.SHA256 = shop.MediaReady, f.kind, f.mime, key, hex.EncodeToString(sum.Sum(nil))
		m.Upload, m.Job, m.DurationMS = nil, nil, length
		if f.kind == shop.KindVideo {
			m.Queue(shop.JobTranscode, l.Now())
		}
		return nil
	})
	if errors.Is(err, errDone) {
		return nil
	}
	if errors.Is(err, errTaken) || errors.Is(err, shop.ErrMediaNotFound) {
		return l.Storage.DeleteAll(context.WithoutCancel(ctx), filesOf(m.ID)+attempt+"/")
	}
	if err != nil {
		return err
	}
	l.changed(ctx, done)
	l.nudge(shop.JobTranscode)
	if e := l.Storage.DeleteAll(context.WithoutCancel(ctx), partsOf(m.ID)); e != nil {
		l.Log.WarnContext(ctx, "parts of an upload stay for the sweep", "media", m.ID, "err", e)
	}
	return nil
}

// formatOf finds what an upload is and whether it may be that big.
func (l *Library) formatOf(ctx context.Context, m *shop.Media) (format, error) {
	src := &partsReader{ctx: ctx, storage: l.Storage, parts: m.Upload.Parts}
	head := make([]byte, sniffBytes)
	n, err := io.ReadFull(src, head)
	if e := src.Close(); e != nil || err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return format{}, firstError(err, e)
	}
	return admitted(head[:n], m.Size)
}

// admitted is the format of a file that begins like this and has so many bytes.
func admitted(head []byte, size int64) (format, error) {
	f, ok := sniff(head)
	if !ok {
		return f, refused("the content is of no kind that is taken")
	}
	if size > f.kind.MaxMediaBytes() {
		return f, shop.ErrMediaTooLarge
	}
	return f, nil
}

func (l *Library) inspect(ctx context.Context, f format, key string, size int64) error {
	r, err := l.Storage.Open(ctx, key)
	if err != nil {
		return err
	}
	defer r.Close()
	return f.inspect(r, size)
}

// soundLength measures a file of sound, in milliseconds; 0 where it cannot be measured here.
func (l *Library) soundLength(ctx context.Context, f format, key string) (int64, error) {
	if f.kind != shop.KindAudio || l.ffmpeg == nil {
		return 0, nil
	}
	dir, err := os.MkdirTemp(l.Temp, "sound-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	path, err := l.localCopy(ctx, key, dir)
	if err != nil {
		return 0, err
	}
	return l.ffmpeg.soundLength(ctx, path)
}

// partsReader reads the parts of an upload one after another, and sums what it reads.
type partsReader struct {
	ctx     context.Context
	storage *Storage
	parts   []shop.MediaPart
	sum     hash.Hash // nil: not summed
	open    io.ReadSeekCloser
}

func (p *partsReader) Read(b []byte) (int, error) {
	for {
		if p.open == nil {
			if len(p.parts) == 0 {
				return 0, io.EOF
			}
			r, err := p.storage.Open(p.ctx, p.parts[0].Key)
			if err != nil {
				return 0, err
			}
			p.open, p.parts = r, p.parts[1:]
		}
		n, err := p.open.Read(b)
		if n > 0 {
			if p.sum != nil {
				p.sum.Write(b[:n])
			}
			return n, nil
		}
		if err == io.EOF {
			err = p.Close()
		}
		if err != nil {
			return 0, err
		}
		if e := p.ctx.Err(); e != nil {
			return 0, e
		}
	}
}

func (p *partsReader) Close() error {
	if p.open == nil {
		return nil
	}
	err := p.open.Close()
	p.open = nil
	return err
}
