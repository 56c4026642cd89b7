// Package packed makes bytes small for the wire, once for bytes that go out many times.
package packed

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli" // the smaller coding of the two that browsers take; the standard library has gzip alone
)

// The codings, as HTTP names them.
const (
	BrotliCoding = "br"
	GzipCoding   = "gzip"
)

// quality is brotli's third last: the last ones take ten times as long for a few parts in a hundred.
const quality = 9

// Brotli packs bytes.
func Brotli(body []byte) []byte {
	var out bytes.Buffer
	w := brotli.NewWriterLevel(&out, quality)
	_, _ = w.Write(body) // a bytes.Buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// Gzip packs bytes.
func Gzip(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid
	_, _ = w.Write(body)
	_ = w.Close()
	return out.Bytes()
}

// Accepts reports whether an Accept-Encoding list names a coding and does not refuse it with q=0.
func Accepts(list, coding string) bool {
	for part := range strings.SplitSeq(list, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, weighed := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !weighed || (err == nil && weight > 0)
	}
	return false
}
