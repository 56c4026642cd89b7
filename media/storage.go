package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"

	"mstm/shop"
)

// Storage holds objects: a folder of this machine, or a bucket of any S3-compatible store.
// An object is there whole or not at all.
type Storage struct {
	bucket *blob.Bucket
	dir    string // of the folder; "" in a bucket
}

// Object is one object that a listing shows.
type Object struct {
	Key     string
	Size    int64 // bytes
	ModTime time.Time
}

// ErrNoObject is answered where a key has no object.
var ErrNoObject = errors.New("media: no such object")

// OpenStorage opens what address names, s3://BUCKET?region=…&endpoint=…, or the folder dir
// where address is empty. Credentials of a bucket come from the environment, as the AWS tools
// read them (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY).
func OpenStorage(ctx context.Context, address, dir string) (*Storage, error) {
	if address == "" {
		bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{
			CreateDir: true, NoTempDir: true, Metadata: fileblob.MetadataDontWrite, DirFileMode: 0o700,
		})
		if err != nil {
			return nil, fmt.Errorf("open the folder of files: %w", err)
		}
		return &Storage{bucket: bucket, dir: dir}, nil
	}
	u, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	bucket, err := new(s3blob.URLOpener).OpenBucketURL(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("MEDIA_URL: %w", err)
	}
	return &Storage{bucket: bucket}, nil
}

// CheckAddress reports what is wrong with a storage address before anything is opened.
func CheckAddress(address string) error {
	_, err := parseAddress(address)
	return err
}

// parseAddress reads an address. Stores that are no AWS mostly know no trailing checksums,
// so those are only sent where a call needs them, unless the address says otherwise.
func parseAddress(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.User != nil {
		return nil, errors.New("MEDIA_URL: is not s3://BUCKET?region=…&endpoint=…")
	}
	q := u.Query()
	for _, name := range []string{"request_checksum_calculation", "response_checksum_validation"} {
		if !q.Has(name) {
			q.Set(name, "when_required")
		}
	}
	u.RawQuery = q.Encode()
	return u, nil
}

// Close gives up connections.
func (s *Storage) Close() error { return s.bucket.Close() }

// IsFolder reports whether the objects are in a folder of this machine.
func (s *Storage) IsFolder() bool { return s.dir != "" }

// Path is where the folder has an object as a file; ok is false in a bucket.
func (s *Storage) Path(key string) (path string, ok bool) {
	return filepath.Join(s.dir, filepath.FromSlash(key)), s.dir != ""
}

// Put writes an object from r and returns its size. Where r fails, the context ends, or the
// process dies, there is no object.
func (s *Storage) Put(ctx context.Context, key, contentType string, r io.Reader) (n int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{ContentType: contentType, DisableContentTypeDetection: true})
	if err != nil {
		return 0, storageError("write "+key, err)
	}
	n, err = io.Copy(w, r)
	if err != nil {
		cancel() // before Close, which would keep what has come so far
		_ = w.Close()
		return 0, storageError("write "+key, err)
	}
	return n, storageError("write "+key, w.Close())
}

// Open opens an object for reading and seeking. A folder's are files of the operating system,
// which the kernel can send by itself.
func (s *Storage) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	if path, ok := s.Path(key); ok {
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil, ErrNoObject
		}
		if err != nil {
			return nil, storageError("open "+key, err)
		}
		return f, nil
	}
	r, err := s.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, storageError("open "+key, err)
	}
	return r, nil
}

// Size is how many bytes an object has; ErrNoObject where there is none.
func (s *Storage) Size(ctx context.Context, key string) (int64, error) {
	a, err := s.bucket.Attributes(ctx, key)
	if err != nil {
		return 0, storageError("look at "+key, err)
	}
	return a.Size, nil
}

// Type is the content type that a bucket gives out an object with; "" in a folder, which keeps none.
func (s *Storage) Type(ctx context.Context, key string) (string, error) {
	if s.IsFolder() {
		return "", nil
	}
	a, err := s.bucket.Attributes(ctx, key)
	if err != nil {
		return "", storageError("look at "+key, err)
	}
	return a.ContentType, nil
}

// SignedURL is an address at the object store itself that gives the object out for a while.
func (s *Storage) SignedURL(ctx context.Context, key string, ttl time.Duration) (string, error) {
	u, err := s.bucket.SignedURL(ctx, key, &blob.SignedURLOptions{Expiry: ttl})
	return u, storageError("sign "+key, err)
}

// Origin is the scheme://host[:port] of signed addresses, for pages that may fetch there and at no other host.
func (s *Storage) Origin(ctx context.Context) (string, error) {
	signed, err := s.SignedURL(ctx, "origin", time.Minute)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(signed)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + u.Host, nil
}

// DeleteAll removes every object whose key begins with prefix, which ends in a slash. That
// there is none is fine.
func (s *Storage) DeleteAll(ctx context.Context, prefix string) error {
	if !strings.HasSuffix(prefix, "/") || len(prefix) < 3 {
		return fmt.Errorf("media: %q is no prefix to delete", prefix)
	}
	if path, ok := s.Path(prefix); ok {
		return storageError("delete "+prefix, os.RemoveAll(path))
	}
	return s.Each(ctx, prefix, func(o Object) error {
		err := storageError("delete "+o.Key, s.bucket.Delete(ctx, o.Key))
		if errors.Is(err, ErrNoObject) {
			return nil
		}
		return err
	})
}

// Delete removes one object. That there is none is fine.
func (s *Storage) Delete(ctx context.Context, key string) error {
	err := storageError("delete "+key, s.bucket.Delete(ctx, key))
	if errors.Is(err, ErrNoObject) {
		return nil
	}
	return err
}

// Each calls each with every object whose key begins with prefix.
func (s *Storage) Each(ctx context.Context, prefix string, each func(Object) error) error {
	list := s.bucket.List(&blob.ListOptions{Prefix: prefix})
	for {
		o, err := list.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return storageError("list "+prefix, err)
		}
		if err := each(Object{o.Key, o.Size, o.ModTime}); err != nil {
			return err
		}
	}
}

// storageError says what was being done; a full disk and a store that is away have their codes.
func storageError(doing string, err error) error {
	var known *shop.Error
	switch {
	case err == nil:
		return nil
	case gcerrors.Code(err) == gcerrors.NotFound:
		return ErrNoObject
	case errors.As(err, &known), errors.Is(err, context.Canceled):
		return fmt.Errorf("media: %s: %w", doing, err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("media: %s: %w: %w", doing, shop.ErrStorageFull, err)
	}
	return fmt.Errorf("media: %s: %w: %w", doing, shop.ErrUnavailable, err)
}
