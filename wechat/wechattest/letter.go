// Package wechattest spoils WeChat Pay's callbacks in every way that an attacker might, so that
// tests can show that none is taken for WeChat's.
package wechattest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The headers that a signature is about or is made of; the body is the rest.
const (
	Serial    = "Wechatpay-Serial"
	Signature = "Wechatpay-Signature"
	Timestamp = "Wechatpay-Timestamp"
	Nonce     = "Wechatpay-Nonce"
)

var signed = []string{Serial, Signature, Timestamp, Nonce}

// Letter is a callback as it is sent.
type Letter struct {
	Header http.Header
	Body   []byte
}

// Request is the letter as a server gets it: the names of headers in their one spelling.
func (l Letter) Request(path string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(l.Body))
	r.Header = l.header()
	return r
}

func (l Letter) header() http.Header {
	h := http.Header{}
	for name, values := range l.Header {
		for _, v := range values {
			h.Add(name, v)
		}
	}
	return h
}

// Wire is the letter as it goes through a connection, whatever is in its headers. The length comes
// first: a line break in a header may end them, and then the rest of them is the body.
func (l Letter) Wire(host, path string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n", path, host, len(l.Body))
	for _, name := range slices.Sorted(maps.Keys(l.Header)) {
		if name == "Content-Length" || name == "Connection" {
			continue
		}
		for _, v := range l.Header[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	b.WriteString("\r\n")
	b.Write(l.Body)
	return b.Bytes()
}

func (l Letter) clone() Letter { return Letter{l.Header.Clone(), bytes.Clone(l.Body)} }

// same reports whether two letters say and prove the same. Blanks around a header are not part of it.
func (l Letter) same(other Letter) bool {
	one, two := l.header(), other.header()
	for _, name := range signed {
		if !slices.EqualFunc(one.Values(name), two.Values(name), func(a, b string) bool { return strings.Trim(a, " \t") == strings.Trim(b, " \t") }) {
			return false
		}
	}
	return bytes.Equal(l.Body, other.Body)
}

// sign makes a letter by a key that was sent at a moment. Its serial stays.
func (l Letter) sign(key *rsa.PrivateKey, at time.Time) Letter {
	out := l.clone()
	stamp, nonce := strconv.FormatInt(at.Unix(), 10), rand.Text()
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n", stamp, nonce, out.Body))
	raw, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // an RSA key of ours signs every hash
	}
	out.Header.Set(Timestamp, stamp)
	out.Header.Set(Nonce, nonce)
	out.Header.Set(Signature, base64.StdEncoding.EncodeToString(raw))
	return out
}
