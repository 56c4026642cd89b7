package wechat_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"mstm/wechat"
)

// signedHeaders are what a signature is about, besides the body.
var signedHeaders = []string{"Wechatpay-Serial", "Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce"}

// mutate spoils a letter in one to three places: bytes of the body or of a signed header are
// changed, left out, doubled or put elsewhere; one letter's body or header goes with another's.
func (l letter) mutate(r *rand.Rand, other letter) letter {
	out := letter{l.header.Clone(), bytes.Clone(l.body)}
	for range 1 + r.IntN(3) {
		switch name := signedHeaders[r.IntN(len(signedHeaders))]; r.IntN(5) {
		case 0:
			out.header.Set(name, string(spoilt(r, []byte(out.header.Get(name)))))
		case 1:
			out.header.Set(name, other.header.Get(name))
		case 2:
			out.body = bytes.Clone(other.body)
		default:
			out.body = spoilt(r, out.body)
		}
	}
	return out
}

// spoilt changes b in one place.
func spoilt(r *rand.Rand, b []byte) []byte {
	if len(b) == 0 {
		return []byte{byte(r.Uint32())}
	}
	i, j := r.IntN(len(b)), r.IntN(len(b))
	out := bytes.Clone(b)
	switch r.IntN(5) {
	case 0:
		out[i] ^= 1 << r.IntN(8)
	case 1:
		out[i] = byte(r.Uint32())
	case 2:
		return append(out[:i], b[i+1:]...)
	case 3:
		return append(append(out[:i:i], byte(r.Uint32())), b[i:]...)
	default:
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// same reports whether what is signed did not change after all.
func (l letter) same(other letter) bool {
	for _, name := range signedHeaders {
		if l.header.Get(name) != other.header.Get(name) {
			return false
		}
	}
	return bytes.Equal(l.body, other.body)
}

// TestNoMutatedCallbackIsAccepted spoils genuine callbacks in thousands of ways, in a million with
// MUTATED_CALLBACKS=1000000. A seed that fails is printed.
func TestNoMutatedCallbackIsAccepted(t *testing.T) {
	total := 4000
	if s := os.Getenv("MUTATED_CALLBACKS"); s != "" {
		var err error
		if total, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, publicKey)
	w.paid("T00001")
	w.paid("T00002")
	letters := [2]letter{{w.headers[0], w.bodies[0]}, {w.headers[1], w.bodies[1]}}
	var refused, untouched atomic.Int64
	var all sync.WaitGroup
	seed, workers := rand.Uint64(), runtime.GOMAXPROCS(0)
	for worker := range workers {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(worker)))
			for range total / workers {
				which := r.IntN(2)
				l := letters[which].mutate(r, letters[1-which])
				if l.same(letters[0]) || l.same(letters[1]) {
					untouched.Add(1)
					continue
				}
				_, tx, err := w.pay.ParsePayment(l.request())
				if tx != (wechat.Transaction{}) || !refusedCallback(err) {
					t.Errorf("seed %d: accepted, or not refused as a callback: %+v, %v\n%v\n%q", seed, tx, err, l.header, l.body)
					return
				}
				refused.Add(1)
			}
		})
	}
	all.Wait()
	t.Logf("seed %d: %d mutated callbacks refused, %d came out unchanged", seed, refused.Load(), untouched.Load())
	if n := refused.Load(); n < int64(total)*9/10 {
		t.Errorf("only %d of %d were mutated", n, total)
	}
	for i, l := range letters { // the genuine ones still are
		if _, tx, err := w.pay.ParsePayment(l.request()); err != nil || tx.OutTradeNo != fmt.Sprintf("T%05d", i+1) {
			t.Errorf("the genuine letter %d: %+v, %v", i, tx, err)
		}
	}
}

func refusedCallback(err error) bool {
	return errors.Is(err, wechat.ErrBadSignature) || errors.Is(err, wechat.ErrBadCallback) || errors.Is(err, wechat.ErrNotV3)
}
