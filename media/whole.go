package media

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
)

// Files that were cut short, and those that a browser could read as a script, begin like honest ones. What is looked at here is
// how a file's own format marks its parts and its end.

// tail is how much of a file's end is searched for its mark.
const tail = 64 << 10

var errCutShort = refused("the file is cut short")

// complete refuses a file of the format that ends too early, or whose first bytes are a script's comment too.
func (f format) complete(r io.ReadSeeker, size int64) error {
	switch {
	case f.ext == ".pdf":
		return endsWith(r, size, "%%EOF")
	case f.ext == ".png":
		return completePNG(r, size)
	case f.ext == ".jpg":
		if err := noComment(r, 4); err != nil {
			return err
		}
		return completeJPEG(r)
	case f.ext == ".gif":
		if err := noComment(r, 6); err != nil {
			return err
		}
		return completeGIF(r, size)
	case strings.HasPrefix(f.mime, "video/mp4"), f.ext == ".m4v", f.ext == ".mov", f.ext == ".m4a":
		return completeBoxes(r, size)
	}
	return nil
}

// endOf is the end of a file.
func endOf(r io.ReadSeeker, size int64) ([]byte, error) {
	if _, err := r.Seek(max(0, size-tail), io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, tail))
}

// endsWith wants a mark in the end of a file.
func endsWith(r io.ReadSeeker, size int64, mark string) error {
	end, err := endOf(r, size)
	if err == nil && !bytes.Contains(end, []byte(mark)) {
		err = errCutShort
	}
	return err
}

// completeGIF wants the trailer at the end of a picture; some programs leave zeros after it.
func completeGIF(r io.ReadSeeker, size int64) error {
	end, err := endOf(r, size)
	if err == nil && !bytes.HasSuffix(bytes.TrimRight(end, "\x00"), []byte{0x3b}) {
		err = errCutShort
	}
	return err
}

// completeJPEG walks a picture's segments to its pixels, and wants the mark of their end: one before them may be a small
// picture's inside this one.
func completeJPEG(r io.ReadSeeker) error {
	const startOfScan = 0xda
	for at := int64(2); ; {
		var head [4]byte // ff, type, length
		if err := readAt(r, at, head[:]); err != nil {
			return err
		}
		if head[0] != 0xff {
			return errCutShort
		}
		if head[1] == 0xff { // fill bytes
			at++
			continue
		}
		if head[1] == startOfScan {
			break
		}
		at += 2 + int64(binary.BigEndian.Uint16(head[2:]))
	}
	for in := bufio.NewReader(r); ; {
		if _, err := in.ReadSlice(0xff); err == bufio.ErrBufferFull {
			continue
		} else if err == io.EOF {
			return errCutShort
		} else if err != nil {
			return err
		}
		if next, err := in.Peek(1); err == nil && next[0] == 0xd9 {
			return nil
		}
	}
}

// noComment refuses a picture whose first number, at an offset, reads as the beginning of a comment: all before it is then a name to
// a script, and the script follows the comment.
func noComment(r io.ReadSeeker, at int64) error {
	var b [2]byte
	if err := readAt(r, at, b[:]); err != nil {
		return err
	}
	if b == [2]byte{'/', '*'} || b == [2]byte{'/', '/'} || b[0] == '=' && b[1] >= ' ' {
		return refused("the file carries a script or another file")
	}
	return nil
}

func readAt(r io.ReadSeeker, at int64, b []byte) error {
	if _, err := r.Seek(at, io.SeekStart); err != nil {
		return err
	}
	_, err := io.ReadFull(r, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errCutShort
	}
	return err
}

// completePNG walks a picture's chunks to the last one.
func completePNG(r io.ReadSeeker, size int64) error {
	for at := int64(8); ; {
		var head [8]byte // length, type
		if err := readAt(r, at, head[:]); err != nil {
			return err
		}
		if at += 12 + int64(binary.BigEndian.Uint32(head[:])); at > size {
			return errCutShort
		}
		if string(head[4:]) == "IEND" {
			return nil
		}
	}
}

// completeBoxes walks the boxes of a file of the family of MP4: each lies within the file, and one has the tables without
// which nothing of it can be played.
func completeBoxes(r io.ReadSeeker, size int64) error {
	hasTables := false
	for at := int64(0); size-at >= 8; { // fewer bytes are no box: some programs leave a few
		var head [16]byte // size, type, and a size that needs 64 bits
		if err := readAt(r, at, head[:8]); err != nil {
			return err
		}
		n := int64(binary.BigEndian.Uint32(head[:]))
		switch n {
		case 0: // up to the end
			n = size - at
		case 1:
			if err := readAt(r, at, head[:]); err != nil {
				return err
			}
			n = int64(binary.BigEndian.Uint64(head[8:]))
		}
		if n < 8 || n > size-at {
			return errCutShort
		}
		hasTables = hasTables || string(head[4:8]) == "moov"
		at += n
	}
	if !hasTables {
		return errCutShort
	}
	return nil
}
