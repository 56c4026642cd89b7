package media

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mstm/shop"
)

// transcode makes HLS of a video, each attempt under a prefix of its own. The row names the prefix once all of it is
// there; what a lost attempt has made is removed by it, or by the sweep if it died or its instance stopped.
func (l *Library) transcode(ctx context.Context, m *shop.Media, attempt string, progress func(percent int)) (err error) {
	dir, err := os.MkdirTemp(l.Temp, "transcode-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	src, err := l.localCopy(ctx, m.Key, dir)
	if err != nil {
		return err
	}
	prefix := hlsOf(m.ID) + attempt + "/"
	v, err := l.makeVideo(ctx, src, dir, prefix, progress)
	if err == nil {
		err = l.publishVideo(ctx, m.ID, attempt, v)
	}
	if errors.Is(err, errDone) {
		return nil
	}
	if err != nil && (errors.Is(err, errTaken) || context.Cause(ctx) == errLost) {
		err = errors.Join(err, l.Storage.DeleteAll(context.WithoutCancel(ctx), prefix))
	}
	return err
}

// publishVideo has the row name what was made, if the job is still the attempt's, and removes what an earlier
// transcoding made: a player of that one asks for a new address.
func (l *Library) publishVideo(ctx context.Context, id, attempt string, v *shop.MediaVideo) error {
	var before *shop.MediaVideo
	done, err := l.Records.Change(context.WithoutCancel(ctx), id, func(m *shop.Media) error {
		switch {
		case m.Video != nil && m.Video.Poster == v.Poster:
			return errDone
		case !m.Holds(attempt):
			return errTaken
		}
		before, m.Video = m.Video, v
		m.FinishJob(shop.JobDone, "")
		return nil
	})
	if err != nil {
		return err
	}
	l.changed(ctx, done)
	if before == nil {
		return nil
	}
	for _, old := range before.Variants {
		if e := l.Storage.DeleteAll(context.WithoutCancel(ctx), old.Prefix); e != nil {
			l.Log.WarnContext(ctx, "an earlier transcoding stays in storage", "media", id, "err", e)
		}
	}
	return nil
}

// localCopy is the path of an object as a file of this machine.
func (l *Library) localCopy(ctx context.Context, key, dir string) (string, error) {
	if path, ok := l.Storage.Path(key); ok {
		return path, nil
	}
	r, err := l.Storage.Open(ctx, key)
	if err != nil {
		return "", err
	}
	defer r.Close()
	path := filepath.Join(dir, "source"+filepath.Ext(key))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, contextReader{ctx, r})
	return path, errors.Join(err, f.Close())
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

// makeVideo makes every variant and the poster, and puts them into storage under prefix.
func (l *Library) makeVideo(ctx context.Context, src, dir, prefix string, progress func(int)) (*shop.MediaVideo, error) {
	m, err := l.ffmpeg.probe(ctx, src)
	if err != nil {
		return nil, err
	}
	v := &shop.MediaVideo{DurationMS: int64(m.seconds * 1000), Width: m.width, Height: m.height, Secret: make([]byte, 32)}
	rand.Read(v.Secret) // never fails
	cores := max(1, l.Cores)
	poster := filepath.Join(dir, "poster.jpg")
	if err := l.ffmpeg.poster(ctx, src, poster, m, cores); err != nil {
		return nil, err
	}
	v.Poster = prefix + "poster.jpg"
	if _, err := l.putFile(ctx, v.Poster, "image/jpeg", poster); err != nil {
		return nil, err
	}
	all := rungs(m)
	for i, r := range all {
		part := func(seconds float64) {
			progress(min(99, int(100*(float64(i)+min(1, seconds/m.seconds))/float64(len(all)))))
		}
		made, err := l.makeVariant(ctx, src, filepath.Join(dir, fmt.Sprint(i)), fmt.Sprintf("%s%d/", prefix, i), v.Secret, m, r, part)
		if err != nil {
			return nil, err
		}
		v.Variants = append(v.Variants, made)
	}
	return v, nil
}

// makeVariant makes one height, encrypts its segments and puts them into storage.
func (l *Library) makeVariant(ctx context.Context, src, dir, prefix string, secret []byte, m measured, r rung, done func(float64)) (shop.MediaVariant, error) {
	width, height := r.scale(m)
	v := shop.MediaVariant{Prefix: prefix, Width: width, Height: height}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return v, err
	}
	defer os.RemoveAll(dir)
	var err error
	if v.Durations, err = l.ffmpeg.hls(ctx, src, dir, m, r, max(1, l.Cores), done); err != nil {
		return v, err
	}
	v.Codecs = l.ffmpeg.codecs(ctx, filepath.Join(dir, "index.m3u8"), m.hasAudio)
	if _, err := l.putFile(ctx, prefix+"init.mp4", "video/mp4", filepath.Join(dir, "init.mp4")); err != nil {
		return v, err
	}
	for i, ms := range v.Durations {
		name := fmt.Sprintf("%d.m4s", i)
		plain, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return v, err
		}
		closed := filepath.Join(dir, "closed")
		if err := os.WriteFile(closed, encrypt(SegmentKey(secret, i/keySegments), i, plain), 0o600); err != nil {
			return v, err
		}
		n, err := l.putFile(ctx, prefix+name, "application/octet-stream", closed)
		if err != nil {
			return v, err
		}
		v.Bandwidth = max(v.Bandwidth, int(n*8*1000/max(ms, 1000)))
	}
	return v, nil
}

func (l *Library) putFile(ctx context.Context, key, contentType, path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return l.Storage.Put(ctx, key, contentType, contextReader{ctx, f})
}

// encrypt closes a segment by AES-128-CBC with the padding and the first block that HLS has where the playlist names
// none: the segment's number (RFC 8216 §5.2).
func encrypt(key []byte, segment int, plain []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // a key has 16 bytes
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	out := make([]byte, len(plain)+pad)
	copy(out, plain)
	for i := len(plain); i < len(out); i++ {
		out[i] = byte(pad)
	}
	iv := make([]byte, aes.BlockSize)
	binary.BigEndian.PutUint64(iv[8:], uint64(segment))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return out
}
