package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"

	"mstm/shop"
)

// Added is a file that the program itself brings.
type Added struct {
	ID, Name, By string
	Body         []byte
	Poster       []byte // a JPEG that is shown before a video is played; nil: none
	DurationMS   int64  // of sound, in milliseconds
}

// Add keeps a file that no upload brings, checked as an upload is. A file that is there under the id stays as it is, so
// a second instance may add it too.
func (l *Library) Add(ctx context.Context, a Added) error {
	if _, err := l.Records.Get(ctx, a.ID); !errors.Is(err, shop.ErrMediaNotFound) {
		return err
	}
	size := int64(len(a.Body))
	f, err := admitted(a.Body[:min(len(a.Body), sniffBytes)], size)
	if err != nil {
		return err
	}
	if err := f.inspect(bytes.NewReader(a.Body), size); err != nil {
		return err
	}
	key := filesOf(a.ID) + "added/source" + f.ext
	if _, err := l.Storage.Put(ctx, key, f.mime, bytes.NewReader(a.Body)); err != nil {
		return err
	}
	sum, now := sha256.Sum256(a.Body), l.Now().UTC()
	m := &shop.Media{
		ID: a.ID, State: shop.MediaReady, Kind: f.kind, Type: f.mime, Name: a.Name, Size: size, SHA256: hex.EncodeToString(sum[:]), By: a.By,
		Key: key, DurationMS: a.DurationMS, CreatedAt: now, UpdatedAt: now, HeldUntil: now,
	}
	if a.Poster != nil {
		m.Poster = path.Dir(key) + "/poster.jpg"
		if _, err := l.Storage.Put(ctx, m.Poster, "image/jpeg", bytes.NewReader(a.Poster)); err != nil {
			return err
		}
	}
	return l.Records.Insert(ctx, m)
}
