package media_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"mstm/media"
	"mstm/media/mediatest"
)

// eachStorage runs a test on a folder and on an S3 server.
func eachStorage(t *testing.T, test func(t *testing.T, s *media.Storage)) {
	t.Run("folder", func(t *testing.T) { test(t, openStorage(t, "")) })
	t.Run("S3", func(t *testing.T) { test(t, openStorage(t, mediatest.S3(t))) })
}

func openStorage(t *testing.T, address string) *media.Storage {
	t.Helper()
	s, err := media.OpenStorage(t.Context(), address, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestEveryStorageKeepsObjectsAlike is what the rest of the package builds on.
func TestEveryStorageKeepsObjectsAlike(t *testing.T) {
	eachStorage(t, func(t *testing.T, s *media.Storage) {
		ctx := t.Context()
		big := bytes.Repeat([]byte("0123456789abcdef"), 6<<20/16) // more than one part of an S3 upload
		put(t, s, "files/a/x/source.bin", big)
		put(t, s, "files/a/y", []byte("y"))
		put(t, s, "files/ab/z", []byte("z"))

		t.Run("an object reads back whole and from the middle", func(t *testing.T) {
			r, err := s.Open(ctx, "files/a/x/source.bin")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if all, err := io.ReadAll(r); err != nil || !bytes.Equal(all, big) {
				t.Fatalf("%d bytes, %v; want %d", len(all), err, len(big))
			}
			if _, err := r.Seek(-3, io.SeekEnd); err != nil {
				t.Fatal(err)
			}
			if tail, err := io.ReadAll(r); err != nil || string(tail) != "def" {
				t.Fatalf("the tail is %q, %v", tail, err)
			}
		})
		t.Run("a size is told, and that there is no object", func(t *testing.T) {
			if n, err := s.Size(ctx, "files/a/y"); n != 1 || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
			if _, err := s.Size(ctx, "files/none"); !errors.Is(err, media.ErrNoObject) {
				t.Fatal(err)
			}
			if _, err := s.Open(ctx, "files/none"); !errors.Is(err, media.ErrNoObject) {
				t.Fatal(err)
			}
			if err := s.Delete(ctx, "files/none"); err != nil {
				t.Fatal(err)
			}
		})
		t.Run("an object whose source fails is not there", func(t *testing.T) {
			broken := io.MultiReader(bytes.NewReader(big), failing{})
			if _, err := s.Put(ctx, "files/broken", "text/plain", broken); err == nil {
				t.Fatal("no error")
			}
			if _, err := s.Size(ctx, "files/broken"); !errors.Is(err, media.ErrNoObject) {
				t.Fatalf("half an object is there: %v", err)
			}
		})
		t.Run("an object is replaced whole", func(t *testing.T) {
			put(t, s, "files/again", []byte("one"))
			put(t, s, "files/again", []byte("no"))
			if n, err := s.Size(ctx, "files/again"); n != 2 || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		})
		t.Run("a prefix is listed and deleted, and no other", func(t *testing.T) {
			if got := keys(t, s, "files/a/"); got != "files/a/x/source.bin files/a/y" {
				t.Fatalf("listed %s", got)
			}
			if err := s.DeleteAll(ctx, "files/a/"); err != nil {
				t.Fatal(err)
			}
			if err := s.DeleteAll(ctx, "files/a/"); err != nil {
				t.Fatalf("again: %v", err)
			}
			if got := keys(t, s, "files/a"); got != "files/ab/z files/again" {
				t.Fatalf("left %s", got)
			}
			if err := s.DeleteAll(ctx, "/"); err == nil {
				t.Fatal("everything could be deleted")
			}
		})
	})
}

func TestABucketGivesAnObjectOutByASignedAddress(t *testing.T) {
	s := openStorage(t, mediatest.S3(t))
	put(t, s, "hls/a/1", []byte("segment"))
	u, err := s.SignedURL(t.Context(), "hls/a/1", time.Minute)
	if err != nil || !strings.Contains(u, "X-Amz-Signature=") {
		t.Fatalf("%s, %v", u, err)
	}
}

func TestABadStorageAddressIsRefusedBeforeAnythingIsOpened(t *testing.T) {
	for _, bad := range []string{"http://x", "s3://", "file:///etc", "s3://b/path", "s3://u:p@b", "%"} {
		if err := media.CheckAddress(bad); err == nil || !strings.Contains(err.Error(), "MEDIA_URL") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the line broke") }

func put(t *testing.T, s *media.Storage, key string, body []byte) {
	t.Helper()
	n, err := s.Put(t.Context(), key, "application/octet-stream", bytes.NewReader(body))
	if err != nil || n != int64(len(body)) {
		t.Fatalf("put %s: %d, %v", key, n, err)
	}
}

func keys(t *testing.T, s *media.Storage, prefix string) string {
	t.Helper()
	var all []string
	if err := s.Each(context.WithoutCancel(t.Context()), prefix, func(o media.Object) error {
		all = append(all, o.Key)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}
