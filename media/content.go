package media

import (
	"archive/zip"
	"bytes"
	"image"
	_ "image/gif"  // pictures are measured by their own header
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"io"
	"path"
	"strings"
	"sync"

	"github.com/gabriel-vasile/mimetype"

	"mstm/shop"
)

// sniffBytes is how much of a file's beginning shows its type.
const sniffBytes = 3072

// Bounds of what a file may unfold to: pixels of a picture, and of an office file, which is a
// zip archive, its entries, its bytes and how many times its own size those may be.
const (
	maxSide    = 16_384
	maxPixels  = 64 << 20
	maxEntries = 10_000
	maxUnfold  = 512 << 20
	maxRatio   = 200
)

// format is one type of file that is taken.
type format struct {
	kind shop.MediaKind
	mime string
	ext  string
}

// formats are all types of files that are taken, by the MIME type of the content. SVG and
// HTML are not: they carry scripts. Office files of before 2007 are not: they carry macros.
var formats = map[string]format{}

func init() {
	for _, f := range []format{
		{shop.KindVideo, "video/mp4", ".mp4"}, {shop.KindVideo, "video/x-m4v", ".m4v"}, {shop.KindVideo, "video/quicktime", ".mov"},
		{shop.KindVideo, "video/webm", ".webm"}, {shop.KindVideo, "video/x-matroska", ".mkv"}, {shop.KindVideo, "video/x-msvideo", ".avi"},
		{shop.KindAudio, "audio/mpeg", ".mp3"}, {shop.KindAudio, "audio/mp4", ".m4a"}, {shop.KindAudio, "audio/x-m4a", ".m4a"},
		{shop.KindAudio, "audio/ogg", ".ogg"}, {shop.KindAudio, "audio/wav", ".wav"}, {shop.KindAudio, "audio/flac", ".flac"}, {shop.KindAudio, "audio/aac", ".aac"},
		{shop.KindImage, "image/png", ".png"}, {shop.KindImage, "image/jpeg", ".jpg"}, {shop.KindImage, "image/gif", ".gif"},
		{shop.KindDocument, "application/pdf", ".pdf"},
		{shop.KindDocument, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
		{shop.KindDocument, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
		{shop.KindDocument, "application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"},
		{shop.KindDocument, "application/vnd.oasis.opendocument.text", ".odt"},
		{shop.KindDocument, "application/vnd.oasis.opendocument.spreadsheet", ".ods"},
		{shop.KindDocument, "application/vnd.oasis.opendocument.presentation", ".odp"},
		{shop.KindCaption, "text/vtt", ".vtt"},
	} {
		formats[f.mime] = f
	}
}

// sniff finds the format of a file by how it begins.
func sniff(head []byte) (format, bool) {
	m := mimetype.Detect(head)
	name, _, _ := strings.Cut(m.String(), ";")
	f, ok := formats[name]
	return f, ok
}

// isPackage reports whether the format is a zip archive inside.
func (f format) isPackage() bool { return f.kind == shop.KindDocument && f.ext != ".pdf" }

// inspect looks through a whole file of the format and refuses what would be something else
// to another reader, what carries a script, and what unfolds to far more than it is.
func (f format) inspect(file io.ReadSeeker, size int64) error {
	r := &rememberingReader{r: file}
	err := f.verdict(r, size)
	return firstError(r.err, err) // of a file that cannot be read now there is no verdict
}

func (f format) verdict(r io.ReadSeeker, size int64) error {
	archive, err := zip.NewReader(io.NewSectionReader(&seekReaderAt{r: r}, 0, size), size)
	isZip := err == nil
	switch {
	case isZip != f.isPackage():
		return refused("the file is also an archive, or is a broken one")
	case isZip:
		return inspectPackage(archive, size)
	}
	if err := f.complete(r, size); err != nil {
		return err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	switch {
	case f.kind == shop.KindImage:
		return inspectImage(r)
	case f.kind == shop.KindCaption:
		return inspectCaptions(r)
	case f.ext == ".pdf":
		return refuseWords(r, "/javascript", "/launch", "<script", "<html", "<!doctype")
	}
	return nil
}

func inspectPackage(archive *zip.Reader, size int64) error {
	if len(archive.File) > maxEntries {
		return refused("the file has too many parts")
	}
	var declared uint64
	for _, e := range archive.File {
		name := strings.ToLower(path.Base(e.Name))
		if strings.Contains(e.Name, "..") || strings.HasPrefix(e.Name, "/") || strings.Contains(e.Name, `\`) || name == "vbaproject.bin" {
			return refused("the file carries macros, or names that lead out of it")
		}
		declared += e.UncompressedSize64
		if e.UncompressedSize64 > maxUnfold || declared > maxUnfold || declared > uint64(size)*maxRatio {
			return refused("the file unfolds to far more than it is")
		}
	}
	for _, e := range archive.File { // the reader ends with an error where an entry is bigger than it says
		in, err := e.Open()
		if err != nil {
			return refused("a part of the file cannot be read")
		}
		_, err = io.Copy(io.Discard, in)
		if err = firstError(err, in.Close()); err != nil {
			return refused("a part of the file cannot be read")
		}
	}
	return nil
}

func inspectImage(r io.ReadSeeker) error {
	c, _, err := image.DecodeConfig(r)
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels {
		return refused("the picture cannot be read, or has too many pixels")
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return refuseWords(r, "<script", "<?php", "<html", "%pdf-", "javascript:")
}

// refuseWords refuses a file that has one of the words anywhere, in any case. Words are in
// lower case and short beside the buffer.
func refuseWords(r io.Reader, words ...string) error {
	const overlap = 32
	buf, kept := make([]byte, 256<<10), 0
	for {
		n, err := io.ReadFull(r, buf[kept:])
		seen := bytes.ToLower(buf[:kept+n])
		for _, w := range words {
			if bytes.Contains(seen, []byte(w)) {
				return refused("the file carries a script or another file")
			}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
		kept = copy(buf, buf[kept+n-overlap:kept+n])
	}
}

// refused is the refusal of a file with what was found in it.
func refused(why string) error { return shop.ErrMediaRefused.With("reason", why) }

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// rememberingReader keeps the first error that is not the end: what looks through a file takes
// every error for a fault of the file.
type rememberingReader struct {
	r   io.ReadSeeker
	err error
}

func (m *rememberingReader) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if m.err == nil && err != io.EOF {
		m.err = err
	}
	return n, err
}

func (m *rememberingReader) Seek(offset int64, whence int) (int64, error) {
	at, err := m.r.Seek(offset, whence)
	if m.err == nil {
		m.err = err
	}
	return at, err
}

// seekReaderAt reads at places of what can only seek. Objects of a bucket cannot do more.
type seekReaderAt struct {
	mu sync.Mutex
	r  io.ReadSeeker
}

func (s *seekReaderAt) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.r.Seek(off, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s.r, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}
