package media

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

var errLine = errors.New("the line broke")

// broken is a file whose bytes from a place on cannot be read now.
type broken struct {
	*bytes.Reader
	from int64
}

func (b broken) Read(p []byte) (int, error) {
	if at := b.Size() - int64(b.Len()); at+int64(len(p)) > b.from {
		return 0, errLine
	}
	return b.Reader.Read(p)
}

func TestAFileThatCannotBeReadNowIsNotRefused(t *testing.T) {
	body := bytes.Repeat([]byte("PK\x03\x04 and so on "), 1000)
	for _, mime := range []string{"image/png", "application/pdf", "application/vnd.oasis.opendocument.text", "video/mp4"} {
		for _, from := range []int64{0, 100, int64(len(body)) - 1} {
			err := formats[mime].inspect(broken{bytes.NewReader(body), from}, int64(len(body)))
			if !errors.Is(err, errLine) {
				t.Errorf("%s from %d: %v", mime, from, err)
			}
		}
	}
	if err := formats["image/png"].inspect(bytes.NewReader(body[:10]), 10); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("half a picture: %v", err)
	}
}
