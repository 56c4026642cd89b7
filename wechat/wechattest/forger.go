package wechattest

import (
	"crypto/rsa"
	"math/rand/v2"
	"time"
)

// Forger has seen genuine letters, two at least, and spoils them. Safe for concurrent use.
type Forger struct {
	// Letters are the genuine ones.
	Letters []Letter
	// WeChat are the keys behind the letters' serials. They make letters that are signed right and
	// wrong all the same.
	WeChat map[string]*rsa.PrivateKey
	// Stranger is a key that WeChat does not have.
	Stranger *rsa.PrivateKey
}

// Fresh is the forger a while later: the same letters, signed again, as WeChat repeats them. Each has
// a second of its own, so that no two have a header in common but for the serial.
func (f *Forger) Fresh() *Forger { return f.At(time.Now()) }

// At is Fresh, up to some seconds before a moment.
func (f *Forger) At(at time.Time) *Forger {
	out := *f
	out.Letters = make([]Letter, len(f.Letters))
	for i, l := range f.Letters {
		out.Letters[i] = f.resign(l, at.Add(-time.Duration(i)*time.Second))
	}
	return &out
}

// resign signs a letter by the key that its serial names.
func (f *Forger) resign(l Letter, at time.Time) Letter {
	return l.sign(f.WeChat[l.Header.Get(Serial)], at)
}

// Kind is one way to spoil a letter.
type Kind struct {
	Name string
	// Genuine: signed by WeChat's key, now. What is wrong is inside.
	Genuine bool

	spoil func(f *Forger, r *rand.Rand, l, other Letter) Letter
}

// Spoil makes a letter of a kind that is none of the genuine ones, however often that takes; it panics
// where a kind changes nothing.
func (f *Forger) Spoil(r *rand.Rand, k Kind) Letter {
	for range 10_000 {
		i := r.IntN(len(f.Letters))
		other := (i + 1 + r.IntN(len(f.Letters)-1)) % len(f.Letters)
		l := k.spoil(f, r, f.Letters[i].clone(), f.Letters[other])
		if !f.genuine(l) {
			return l
		}
	}
	panic(k.Name + " changes nothing")
}

func (f *Forger) genuine(l Letter) bool {
	for _, g := range f.Letters {
		if l.same(g) {
			return true
		}
	}
	return false
}
