package media

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/http"
	"strconv"
	"strings"

	"mstm/shop"
)

// checksumKey is of the checksum that a request announces, in its context.
type checksumKey struct{}

// checksum sums what a request brings, as the tus extension of that name has it.
type checksum struct {
	hash.Hash
	want []byte
}

// checksums are the algorithms; a line that breaks bytes needs no cryptography.
var checksums = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New}

// readChecksum reads the header Upload-Checksum, "sha1 BASE64"; nil where there is none.
func readChecksum(header string) (*checksum, error) {
	if header == "" {
		return nil, nil
	}
	algorithm, text, _ := strings.Cut(header, " ")
	sum := checksums[strings.ToLower(algorithm)]
	want, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if sum == nil || err != nil || len(want) != sum().Size() {
		return nil, shop.ErrUploadInvalid.With("reason", "Upload-Checksum is not md5, sha1 or sha256 and a sum in Base64")
	}
	return &checksum{sum(), want}, nil
}

func (c *checksum) isRight() bool { return bytes.Equal(c.Sum(nil), c.want) }

// TusOptions are the headers that say what an upload may be, before one is begun.
func (l *Library) TusOptions(h http.Header) {
	h.Set("Tus-Resumable", "1.0.0")
	h.Set("Tus-Version", "1.0.0")
	h.Set("Tus-Extension", l.tus.SupportedExtensions()+",checksum")
	h.Set("Tus-Checksum-Algorithm", "md5,sha1,sha256")
	h.Set("Tus-Max-Size", strconv.FormatInt(shop.MaxUpload(), 10))
}
