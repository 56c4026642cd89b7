package wechattest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kinds are all ways to spoil a letter: each header and the body by themselves, pieces of two
// letters put together, keys and moments that are not right, and, signed right, a resource that is not.
func Kinds() []Kind {
	unsigned := slices.Concat(headerKinds(), bodyKinds(), pairKinds())
	several := Kind{Name: "several of these at once", spoil: func(f *Forger, r *rand.Rand, l, other Letter) Letter {
		for range 2 + r.IntN(3) {
			l = unsigned[r.IntN(len(unsigned))].spoil(f, r, l, other)
		}
		return l
	}}
	return slices.Concat(unsigned, []Kind{several}, keyKinds(), resourceKinds())
}

// headerKinds spoil one header.
func headerKinds() (kinds []Kind) {
	for _, name := range signed {
		short := strings.ToLower(strings.TrimPrefix(name, "Wechatpay-"))
		add := func(what string, change func(r *rand.Rand, h http.Header, value string, other Letter)) {
			kinds = append(kinds, Kind{Name: short + ": " + what, spoil: func(_ *Forger, r *rand.Rand, l, other Letter) Letter {
				change(r, l.Header, l.Header.Get(name), other)
				return l
			}})
		}
		add("changed in a place", func(r *rand.Rand, h http.Header, value string, _ Letter) {
			h.Set(name, string(Spoilt(r, []byte(value))))
		})
		add("missing or empty", func(r *rand.Rand, h http.Header, _ string, _ Letter) {
			if h.Del(name); r.IntN(2) == 0 {
				h.Set(name, "")
			}
		})
		add("there twice", func(r *rand.Rand, h http.Header, value string, other Letter) {
			second := []string{value, other.Header.Get(name), string(Spoilt(r, []byte(value)))}[r.IntN(3)]
			if r.IntN(2) == 0 {
				value, second = second, value
			}
			h.Set(name, value)
			spelling := []string{name, strings.ToLower(name), strings.ToUpper(name)}[r.IntN(3)]
			h[spelling] = append(h[spelling], second)
		})
		add("another letter's", func(_ *rand.Rand, h http.Header, _ string, other Letter) { h.Set(name, other.Header.Get(name)) })
		if name != Timestamp { // has no letters
			add("in other capitals", func(r *rand.Rand, h http.Header, value string, _ Letter) {
				h.Set(name, []string{strings.ToUpper(value), strings.ToLower(value), otherCapital(r, value)}[r.IntN(3)])
			})
		}
	}
	return append(kinds,
		Kind{Name: "timestamp: another moment", spoil: func(_ *Forger, r *rand.Rand, l, _ Letter) Letter {
			at, _ := strconv.ParseInt(l.Header.Get(Timestamp), 10, 64)
			l.Header.Set(Timestamp, strconv.FormatInt(at+r.Int64N(2000)-1000, 10))
			return l
		}},
		Kind{Name: "signature: written otherwise", spoil: rewriteSignature},
		Kind{Name: "signature: random bytes", spoil: func(_ *Forger, r *rand.Rand, l, _ Letter) Letter {
			l.Header.Set(Signature, base64.StdEncoding.EncodeToString(noise(r, 256)))
			return l
		}},
		Kind{Name: "signature: WeChat's probe", spoil: func(_ *Forger, r *rand.Rand, l, _ Letter) Letter {
			value := l.Header.Get(Signature)
			l.Header.Set(Signature, "WECHATPAY/SIGNTEST/"+value[r.IntN(len(value)+1):])
			return l
		}},
	)
}

// otherCapital is a text with one of its letters in the other case.
func otherCapital(r *rand.Rand, s string) string {
	b := []byte(s)
	if len(b) == 0 {
		return s
	}
	if i := r.IntN(len(b)); b[i] >= 'A' {
		b[i] ^= 0x20
	}
	return string(b)
}

// rewriteSignature writes the same bytes in a way that some decoders take for base64.
func rewriteSignature(_ *Forger, r *rand.Rand, l, _ Letter) Letter {
	value := l.Header.Get(Signature)
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		raw = []byte(value)
	}
	i := r.IntN(len(value) + 1)
	l.Header.Set(Signature, []string{
		base64.URLEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw), fmt.Sprintf("%x", raw),
		value[:i] + "\n" + value[i:], value[:i] + " " + value[i:], value + "=", value + value,
		base64.StdEncoding.EncodeToString(append([]byte{0}, raw...)), base64.StdEncoding.EncodeToString(append(raw, 0)),
	}[r.IntN(9)])
	return l
}

// bodyKinds spoil the body.
func bodyKinds() []Kind {
	of := func(name string, change func(r *rand.Rand, b []byte) []byte) Kind {
		return Kind{Name: "body: " + name, spoil: func(_ *Forger, r *rand.Rand, l, _ Letter) Letter {
			l.Body = change(r, l.Body)
			return l
		}}
	}
	return []Kind{
		of("changed in a place", Spoilt),
		of("cut short", func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(max(len(b), 1))] }),
		of("more before or behind", func(r *rand.Rand, b []byte) []byte {
			more := [][]byte{{' '}, {'\n'}, {0}, []byte("\ufeff"), []byte("{}"), b, noise(r, 1+r.IntN(8))}[r.IntN(7)]
			if r.IntN(2) == 0 {
				return slices.Concat(more, b)
			}
			return slices.Concat(b, more)
		}),
		of("the same JSON written otherwise", rewritten),
		of("a field that comes twice", func(r *rand.Rand, b []byte) []byte {
			return bytes.Replace(b, []byte("{"), fmt.Appendf(nil, `{"id":"EV-%d",`, r.Uint32()), 1+r.IntN(2))
		}),
		of("random bytes", func(r *rand.Rand, b []byte) []byte { return noise(r, len(b)+1) }),
	}
}

// rewritten is JSON that means the same and is not the same bytes.
func rewritten(r *rand.Rand, b []byte) []byte {
	var v any
	if len(b) < 2 || json.Unmarshal(b, &v) != nil {
		return Spoilt(r, b)
	}
	out, _ := json.Marshal(v) // was JSON
	switch r.IntN(4) {
	case 0:
		out, _ = json.MarshalIndent(v, "", strings.Repeat(" ", 1+r.IntN(8)))
	case 1:
		i := r.IntN(len(out) / 2)
		i += bytes.IndexByte(out[i:], ':')
		return slices.Insert(out, i+1, ' ')
	case 2:
		return bytes.Replace(out, []byte("-"), []byte(`\u002d`), 1+r.IntN(3))
	}
	return out
}

// pairKinds put pieces of two genuine letters together.
func pairKinds() []Kind {
	return []Kind{
		{Name: "the body of another letter", spoil: func(_ *Forger, _ *rand.Rand, l, other Letter) Letter {
			return Letter{l.Header, bytes.Clone(other.Body)}
		}},
		{Name: "some headers of another letter", spoil: func(_ *Forger, r *rand.Rand, l, other Letter) Letter {
			for mask, i := 1+r.IntN(14), 0; i < len(signed); i++ {
				if mask>>i&1 == 1 {
					l.Header.Set(signed[i], other.Header.Get(signed[i]))
				}
			}
			return l
		}},
		{Name: "pieces of two bodies", spoil: func(_ *Forger, r *rand.Rand, l, other Letter) Letter {
			i := r.IntN(min(len(l.Body), len(other.Body)) + 1)
			l.Body = slices.Concat(l.Body[:i], other.Body[i:])
			return l
		}},
		{Name: "headers exchanged among themselves", spoil: func(_ *Forger, r *rand.Rand, l, _ Letter) Letter {
			a, b := signed[r.IntN(len(signed))], signed[r.IntN(len(signed))]
			one, two := l.Header.Get(a), l.Header.Get(b)
			l.Header.Set(a, two)
			l.Header.Set(b, one)
			return l
		}},
		{Name: "nonce and body share a line break", spoil: func(_ *Forger, r *rand.Rand, l, _ Letter) Letter {
			// timestamp\nnonce\nbody\n is what is signed: where the lines end is not marked by anything else.
			i := 1 + bytes.IndexByte(l.Body[r.IntN(max(len(l.Body)/2, 1)):], '"')
			l.Header.Set(Nonce, l.Header.Get(Nonce)+"\n"+string(l.Body[:i]))
			l.Body = l.Body[i:]
			return l
		}},
	}
}

// keyKinds have another key, or WeChat's at another time.
func keyKinds() []Kind {
	moved := func(from, to time.Duration) func(f *Forger, r *rand.Rand, l, _ Letter) Letter {
		return func(f *Forger, r *rand.Rand, l, _ Letter) Letter {
			// The window is measured later than this: five minutes ahead would be within it by then.
			return f.resign(l, time.Now().Add(from+time.Duration(r.Int64N(int64(to-from)))))
		}
	}
	return []Kind{
		{Name: "signed by a stranger's key", spoil: func(f *Forger, _ *rand.Rand, l, _ Letter) Letter { return l.sign(f.Stranger, time.Now()) }},
		{Name: "signed by WeChat's other key", spoil: func(f *Forger, r *rand.Rand, l, _ Letter) Letter {
			serials := make([]string, 0, len(f.WeChat))
			for serial := range f.WeChat {
				serials = append(serials, serial)
			}
			slices.Sort(serials)
			i := r.IntN(len(serials))
			out := l.sign(f.WeChat[serials[i]], time.Now())
			out.Header.Set(Serial, serials[(i+1)%len(serials)])
			return out
		}},
		{Name: "signed by WeChat five minutes to a day ago", spoil: moved(-24*time.Hour, -5*time.Minute)},
		{Name: "signed by WeChat for six minutes to a day from now", spoil: moved(6*time.Minute, 24*time.Hour)},
	}
}

// resourceKinds change what is encrypted, or what belongs to it, and sign that right.
func resourceKinds() []Kind {
	type object = map[string]any
	of := func(name string, change func(r *rand.Rand, resource, other object)) Kind {
		return Kind{Name: "signed right, " + name, Genuine: true, spoil: func(f *Forger, r *rand.Rand, l, other Letter) Letter {
			var mine, theirs struct{ whole, resource object }
			for _, x := range []struct {
				raw  []byte
				into *struct{ whole, resource object }
			}{{l.Body, &mine}, {other.Body, &theirs}} {
				if err := json.Unmarshal(x.raw, &x.into.whole); err != nil {
					panic(err) // the letter is genuine
				}
				x.into.resource = x.into.whole["resource"].(object)
			}
			change(r, mine.resource, theirs.resource)
			l.Body, _ = json.Marshal(mine.whole) // was JSON
			return f.resign(l, time.Now())
		}}
	}
	text := func(o object, name string) string { return o[name].(string) }
	return []Kind{
		of("ciphertext changed in a byte", func(r *rand.Rand, resource, _ object) {
			raw, err := base64.StdEncoding.DecodeString(text(resource, "ciphertext"))
			if err != nil {
				panic(err)
			}
			raw[r.IntN(len(raw))] ^= 1 << r.IntN(8)
			resource["ciphertext"] = base64.StdEncoding.EncodeToString(raw)
		}),
		of("ciphertext cut short or longer", func(r *rand.Rand, resource, _ object) {
			raw, _ := base64.StdEncoding.DecodeString(text(resource, "ciphertext"))
			if raw = append(raw, noise(r, 1+r.IntN(16))...); r.IntN(2) == 0 {
				raw = raw[:r.IntN(len(raw)-16)]
			}
			resource["ciphertext"] = base64.StdEncoding.EncodeToString(raw)
		}),
		of("another letter's ciphertext", func(_ *rand.Rand, resource, other object) { resource["ciphertext"] = other["ciphertext"] }),
		of("resource.nonce another", func(r *rand.Rand, resource, other object) {
			nonce := text(resource, "nonce")
			resource["nonce"] = []any{other["nonce"], otherText(r, nonce), nonce[:r.IntN(len(nonce))], nonce + "0", nil}[r.IntN(5)]
		}),
		of("resource.associated_data another", func(r *rand.Rand, resource, _ object) {
			data := text(resource, "associated_data")
			resource["associated_data"] = []any{"refund", "", otherText(r, data), data + " ", strings.ToUpper(data), nil}[r.IntN(6)]
		}),
		of("resource.algorithm another", func(r *rand.Rand, resource, _ object) {
			resource["algorithm"] = []any{"AEAD_SM4_GCM", "AES-256-GCM", "", nil, otherText(r, text(resource, "algorithm"))}[r.IntN(5)]
		}),
		of("a refund by its type", func(_ *rand.Rand, resource, _ object) { resource["original_type"] = "refund" }),
	}
}

// otherText is a printable text that differs in one place.
func otherText(r *rand.Rand, s string) string {
	b := []byte(s)
	i := r.IntN(len(b))
	for was := b[i]; b[i] == was; {
		b[i] = byte(' ' + 1 + r.IntN('~'-' '))
	}
	return string(b)
}

// Spoilt changes b in one place: a bit, a byte, one less, one more, or two that change places.
func Spoilt(r *rand.Rand, b []byte) []byte {
	if len(b) == 0 {
		return noise(r, 1)
	}
	i, j := r.IntN(len(b)), r.IntN(len(b))
	out := bytes.Clone(b)
	switch r.IntN(5) {
	case 0:
		out[i] ^= 1 << r.IntN(8)
	case 1:
		out[i] = byte(r.Uint32())
	case 2:
		return slices.Delete(out, i, i+1)
	case 3:
		return slices.Insert(out, i, byte(r.Uint32()))
	default:
		out[i], out[j] = out[j], out[i]
	}
	return out
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
