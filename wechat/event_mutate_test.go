package wechat

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"mstm/wechat/wechattest"
)

// push is an event as WeChat posts it in safe mode.
type push struct {
	query url.Values
	body  string
}

func (p push) to(a *Account) (Event, error) {
	return a.ParseEvent(httptest.NewRequest("POST", "/api/wechat/events?"+p.query.Encode(), strings.NewReader(p.body)))
}

// genuinePush seals and signs the event of a scan.
func genuinePush(a *Account, openid, scene string, ago time.Duration) push {
	message := fmt.Sprintf("<xml><ToUserName>gh_1</ToUserName><FromUserName>%s</FromUserName><CreateTime>%d</CreateTime><MsgType>event</MsgType>"+
		"<Event>SCAN</Event><EventKey>%s</EventKey></xml>", openid, time.Now().Unix(), scene)
	plain := bytes.Repeat([]byte("r"), 16)
	plain = binary.BigEndian.AppendUint32(plain, uint32(len(message)))
	plain = append(append(plain, message...), vectorAppID...)
	pad := 32 - len(plain)%32
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	block, err := aes.NewCipher(a.aesKey)
	if err != nil {
		panic(err) // the key is the vector's
	}
	cipher.NewCBCEncrypter(block, a.aesKey[:aes.BlockSize]).CryptBlocks(plain, plain)
	secret := base64.StdEncoding.EncodeToString(plain)
	return push{signed(ago, secret), "<xml><ToUserName>gh_1</ToUserName><Encrypt>" + secret + "</Encrypt></xml>"}
}

// TestNoMutatedPushSaysAnythingElse spoils genuine events of the official account: what is taken all the
// same, because it was spoilt where nothing is signed, says what WeChat said.
func TestNoMutatedPushSaysAnythingElse(t *testing.T) {
	a := vectorAccount(t, vectorAppID)
	pushes := [2]push{genuinePush(a, "o1", "scene1", 0), genuinePush(a, "o2", "scene2", time.Second)}
	said := map[string]bool{}
	for _, p := range pushes {
		ev, err := p.to(a)
		if err != nil {
			t.Fatal(err)
		}
		said[fmt.Sprint(ev)] = true
	}
	seed, taken := rand.Uint64(), 0
	r := rand.New(rand.NewPCG(seed, 1))
	const total = 20_000
	for range total {
		i := r.IntN(2)
		p, other := push{url.Values{}, pushes[i].body}, pushes[1-i]
		for name, values := range pushes[i].query {
			p.query[name] = values
		}
		for range 1 + r.IntN(2) {
			name := []string{"timestamp", "nonce", "msg_signature"}[r.IntN(3)]
			switch r.IntN(6) {
			case 0:
				p.query.Set(name, string(wechattest.Spoilt(r, []byte(p.query.Get(name)))))
			case 1:
				p.query.Set(name, other.query.Get(name))
			case 2:
				p.query.Del(name)
			case 3:
				p.body = other.body
			default:
				p.body = string(wechattest.Spoilt(r, []byte(p.body)))
			}
		}
		ev, err := p.to(a)
		switch {
		case err == nil && !said[fmt.Sprint(ev)]:
			t.Fatalf("seed %d: taken as %+v\n%v\n%s", seed, ev, p.query, p.body)
		case err == nil:
			taken++
		case !errors.Is(err, ErrBadSignature) && !errors.Is(err, ErrBadCallback) || !reflect.DeepEqual(ev, Event{}):
			t.Fatalf("seed %d: %+v, %v", seed, ev, err)
		}
	}
	t.Logf("seed %d: %d mutated events, %d of them spoilt where nothing is signed, the others refused", seed, total, taken)
	if taken > total/4 {
		t.Errorf("%d of %d were taken", taken, total)
	}
}
