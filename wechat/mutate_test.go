package wechat_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/wechat"
	"mstm/wechat/wechattest"
)

// mutations is how many spoilt callbacks a test makes: MUTATED_CALLBACKS, or few.
func mutations(t *testing.T, few int) int {
	t.Helper()
	text, ok := os.LookupEnv("MUTATED_CALLBACKS")
	if !ok {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// forger has seen two payments, both signed with the public key and with the certificate, as during a
// change-over.
func (w *world) forger() *wechattest.Forger {
	w.t.Helper()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		w.t.Fatal(err)
	}
	f := &wechattest.Forger{WeChat: map[string]*rsa.PrivateKey{}, Stranger: stranger}
	for _, no := range []string{"T00001", "T00002"} {
		w.prepay(no)
		for _, signer := range []string{"public_key", "certificate"} {
			w.must("POST", "/sandbox/forge", map[string]any{"out_trade_no": no, "fault": map[string]any{"signer": signer}}, nil)
		}
	}
	dir := filepath.Dir(w.box.Settings().PrivateKeyFile)
	for i, h := range w.await(4) {
		if h.err != nil {
			w.t.Fatalf("letter %d: %v", i, h.err)
		}
		l := wechattest.Letter{Header: w.headers[i], Body: w.bodies[i]}
		file := "platform_key.pem"
		if !strings.HasPrefix(l.Header.Get(wechattest.Serial), "PUB_KEY_ID_") {
			file = "platform_cert_1_key.pem"
		}
		key, err := wechat.LoadPrivateKey(filepath.Join(dir, file))
		if err != nil {
			w.t.Fatal(err)
		}
		f.Letters, f.WeChat[l.Header.Get(wechattest.Serial)] = append(f.Letters, l), key
	}
	return f
}

// TestNoMutatedCallbackIsAccepted spoils genuine callbacks in thousands of ways, in a million with
// MUTATED_CALLBACKS=1000000. A seed that fails is printed.
func TestNoMutatedCallbackIsAccepted(t *testing.T) {
	w, kinds := newWorld(t, publicKey), wechattest.Kinds()
	forger, total := w.forger(), mutations(t, 6000)
	const portion = 1000 // letters that are spoilt before new ones are seen: they are good for five minutes
	seed, portions := mathrand.Uint64(), make(chan int)
	counts := make([]int, len(kinds))
	var mu sync.Mutex
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for begin := range portions {
				r, fresh := mathrand.New(mathrand.NewPCG(seed, uint64(begin))), forger.Fresh()
				w.wantGenuine(fresh)
				for i := begin; i < min(begin+portion, total); i++ {
					kind := kinds[i%len(kinds)]
					if err := w.refuses(fresh.Spoil(r, kind), kind); err != nil {
						t.Errorf("seed %d, portion %d, %s: %v", seed, begin, kind.Name, err)
					}
				}
				w.wantGenuine(fresh)
				mu.Lock()
				for i := begin; i < min(begin+portion, total); i++ {
					counts[i%len(kinds)]++
				}
				mu.Unlock()
			}
		})
	}
	for begin := 0; begin < total && !t.Failed(); begin += portion {
		portions <- begin
	}
	close(portions)
	all.Wait()
	sum := 0
	for i, kind := range kinds {
		t.Logf("%8d  %s", counts[i], kind.Name)
		sum += counts[i]
	}
	t.Logf("%8d  mutated callbacks, all refused (seed %d)", sum, seed)
	if sum != total && !t.Failed() {
		t.Errorf("%d of %d were made", sum, total)
	}
}

// wantGenuine wants the letters themselves to be accepted: else their spoilt copies prove nothing.
func (w *world) wantGenuine(f *wechattest.Forger) {
	for i, l := range f.Letters {
		if _, tx, err := w.pay.ParsePayment(l.Request("/")); err != nil || tx.OutTradeNo != fmt.Sprintf("T%05d", 1+i/2) {
			w.t.Errorf("the genuine letter %d: %+v, %v", i, tx, err)
		}
	}
}

// refuses says what is wrong with how a spoilt letter is taken.
func (w *world) refuses(l wechattest.Letter, kind wechattest.Kind) error {
	_, tx, err := w.pay.ParsePayment(l.Request("/"))
	asExpected := errors.Is(err, wechat.ErrBadSignature) || errors.Is(err, wechat.ErrNotV3)
	if kind.Genuine {
		asExpected = errors.Is(err, wechat.ErrBadCallback)
	}
	if tx == (wechat.Transaction{}) && asExpected {
		return nil
	}
	return fmt.Errorf("taken as %+v, %v\n%q\n%q", tx, err, l.Header, l.Body)
}

// TestACallbackIsGoodForFiveMinutes before and after it was signed.
func TestACallbackIsGoodForFiveMinutes(t *testing.T) {
	w := newWorld(t, publicKey)
	f := w.forger()
	for _, tt := range []struct {
		at   time.Duration
		good bool
	}{
		{0, true}, {-4 * time.Minute, true}, {4 * time.Minute, true}, {5*time.Minute - 10*time.Second, true},
		{-5 * time.Minute, false}, {5*time.Minute + 20*time.Second, false},
	} {
		for i, l := range f.At(time.Now().Add(tt.at)).Letters {
			if _, _, err := w.pay.ParsePayment(l.Request("/")); (err == nil) != tt.good {
				t.Errorf("letter %d of %s from now: %v", i, tt.at, err)
			}
		}
	}
}

// TestWhatIsNotSignedChangesNothing changes what a signature does not cover: the payment stays what it is.
func TestWhatIsNotSignedChangesNothing(t *testing.T) {
	w := newWorld(t, publicKey)
	for i, l := range w.forger().Letters {
		_, want, err := w.pay.ParsePayment(l.Request("/"))
		if err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(l *wechattest.Letter){
			"no header but the four": func(l *wechattest.Letter) {
				maps.DeleteFunc(l.Header, func(name string, _ []string) bool {
					return !slices.Contains([]string{wechattest.Serial, wechattest.Signature, wechattest.Timestamp, wechattest.Nonce}, name)
				})
			},
			"another content type":      func(l *wechattest.Letter) { l.Header.Set("Content-Type", "text/plain") },
			"headers of another's make": func(l *wechattest.Letter) { l.Header.Set("Wechatpay-Amount", "1") },
			"names in small letters": func(l *wechattest.Letter) {
				for _, name := range slices.Collect(maps.Keys(l.Header)) {
					values := l.Header[name]
					delete(l.Header, name)
					l.Header[strings.ToLower(name)] = values
				}
			},
		} {
			changed := wechattest.Letter{Header: l.Header.Clone(), Body: l.Body}
			change(&changed)
			for _, path := range []string{"/api/wechat/pay-notify", "/?out_trade_no=T00009&amount=1"} {
				if _, tx, err := w.pay.ParsePayment(changed.Request(path)); err != nil || tx != want {
					t.Errorf("letter %d with %s at %s: %+v, %v", i, name, path, tx, err)
				}
			}
		}
	}
}
