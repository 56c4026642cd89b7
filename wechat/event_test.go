package wechat

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The vector: an independent implementation's numbers for these inputs.
const (
	vectorToken   = "testtoken"
	vectorAESKey  = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	vectorAppID   = "wxtestappid000001"
	vectorEncrypt = "Q3stYC6hdFzMh9T8HCvyDAY2hI8bwuk958peC5QFmol3eeWMbWXf2S6SRoLSp1TpPqYOllK/SwgQa20pxy040Q=="
)

func vectorAccount(t *testing.T, appID string) *Account {
	t.Helper()
	a, err := NewAccount(AccountConfig{AppID: appID, Secret: "s", Token: vectorToken, AESKey: vectorAESKey})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEventSignaturesAreThoseOfTheVector(t *testing.T) {
	if got := signature(vectorToken, "1700000000", "nonce123"); got != "ee0843455eb31b87dbf6d6890273a3ab976bd56e" {
		t.Errorf("signature %s", got)
	}
	if got := signature(vectorToken, "1700000000", "nonce123", vectorEncrypt); got != "cb6c456dab3fe8a76e627bc8f3817395ad6e062f" {
		t.Errorf("msg_signature %s", got)
	}
}

func TestTheVectorDecryptsForItsAccountAlone(t *testing.T) {
	plain, err := vectorAccount(t, vectorAppID).decrypt(vectorEncrypt)
	if err != nil || string(plain) != "<xml>hi</xml>" {
		t.Errorf("%q, %v", plain, err)
	}
	if _, err := vectorAccount(t, "wxsomebodyelse").decrypt(vectorEncrypt); !errors.Is(err, ErrBadCallback) {
		t.Errorf("for another appid: %v", err)
	}
}

func TestCiphertextThatIsNoneIsRefused(t *testing.T) {
	a := vectorAccount(t, vectorAppID)
	for name, text := range map[string]string{
		"nothing":       "",
		"no base64":     "!!!!",
		"half a block":  vectorEncrypt[:40],
		"one block off": vectorEncrypt[:43] + "=",
		"other bytes":   "A" + vectorEncrypt[1:len(vectorEncrypt)-6] + "AAAA==",
	} {
		if _, err := a.decrypt(text); !errors.Is(err, ErrBadCallback) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAKeyWithSpareBitsIsRead(t *testing.T) {
	if _, err := decodeAESKey(vectorAESKey); err != nil { // its last character has some
		t.Error(err)
	}
	for _, bad := range []string{"", "short", vectorAESKey + "A", strings.Repeat("!", 43)} {
		if _, err := decodeAESKey(bad); err == nil {
			t.Errorf("%q is taken for a key", bad)
		}
	}
}

// signed is a query as WeChat signs it now, or as long ago.
func signed(ago time.Duration, covered ...string) url.Values {
	stamp := strconv.FormatInt(time.Now().Add(-ago).Unix(), 10)
	return url.Values{
		"timestamp": {stamp}, "nonce": {"n1"}, "echostr": {"42 echo"},
		"signature": {signature(vectorToken, stamp, "n1")}, "msg_signature": {signature(append(covered, vectorToken, stamp, "n1")...)},
	}
}

func TestTheAddressIsConfirmedToWeChatAlone(t *testing.T) {
	a := vectorAccount(t, vectorAppID)
	if echo, err := a.CheckURL(signed(0)); err != nil || echo != "42 echo" {
		t.Errorf("%q, %v", echo, err)
	}
	forged := signed(0)
	forged.Set("signature", signature("guess", forged.Get("timestamp"), "n1"))
	for name, q := range map[string]url.Values{"forged": forged, "old": signed(6 * time.Minute), "bare": {"echostr": {"x"}}} {
		if _, err := a.CheckURL(q); !errors.Is(err, ErrBadSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPushIsTakenOnlyInSafeModeSignedAndFresh(t *testing.T) {
	a := vectorAccount(t, vectorAppID)
	safe := "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[" + vectorEncrypt + "]]></Encrypt></xml>"
	plain := "<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>SCAN</Event></xml>"
	for _, tt := range []struct {
		name, body string
		query      url.Values
		want       error
	}{
		{"signed, but what it says is no event", safe, signed(0, vectorEncrypt), ErrBadCallback},
		{"signed without the body", safe, signed(0), ErrBadSignature},
		{"signed six minutes ago", safe, signed(6*time.Minute, vectorEncrypt), ErrBadSignature},
		{"in plain mode, which proves nothing", plain, signed(0), ErrBadSignature},
		{"no XML", "{}", signed(0, vectorEncrypt), ErrBadCallback},
		{"cut short", safe[:60], signed(0, vectorEncrypt), ErrBadCallback},
		{"nothing", "", signed(0, vectorEncrypt), ErrBadCallback},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := a.ParseEvent(httptest.NewRequest("POST", "/api/wechat/events?"+tt.query.Encode(), strings.NewReader(tt.body)))
			if !errors.Is(err, tt.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestTheSceneOfAnEvent(t *testing.T) {
	for _, tt := range []struct {
		name  string
		event Event
		want  string
	}{
		{"a follower's scan names it bare", Event{Name: "SCAN", Key: "abc"}, "abc"},
		{"a new follower by it, with the prefix", Event{Name: "subscribe", Key: "qrscene_abc"}, "abc"},
		{"the prefix belongs to the scene of a follower's scan", Event{Name: "SCAN", Key: "qrscene_abc"}, "qrscene_abc"},
		{"following without a code has none", Event{Name: "subscribe"}, ""},
		{"nor has a menu", Event{Name: "CLICK", Key: "abc"}, ""},
		{"nor has a message", Event{Key: "abc"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.event.Scene(); got != tt.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestOnlyFlatXMLWithoutADocumentTypeIsRead(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		ok         bool
	}{
		{"flat fields", "<xml><a>1</a><b><![CDATA[2]]></b></xml>", true},
		{"after a declaration", "<?xml version='1.0'?>\n<xml><a>1</a></xml>\n", true},
		{"with something nested, which is passed over", "<xml><a>1</a><List><item><b>2</b></item></List></xml>", true},
		{"with a document type", "<!DOCTYPE xml><xml><a>1</a></xml>", false},
		{"with an entity of its own", "<!DOCTYPE xml [<!ENTITY e '1'>]><xml><a>&e;</a></xml>", false},
		{"with an undeclared entity", "<xml><a>&e;</a></xml>", false},
		{"with a field twice", "<xml><a>1</a><a>2</a></xml>", false},
		{"two documents", "<xml><a>1</a></xml><xml><b>1</b></xml>", false},
		{"another root", "<html><a>1</a></html>", false},
		{"empty", "<xml></xml>", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fields, err := parseXML([]byte(tt.body))
			if ok := err == nil && fields["a"] == "1"; ok != tt.ok {
				t.Errorf("%v, %v", fields, err)
			}
		})
	}
}

func FuzzParseXML(f *testing.F) {
	f.Add([]byte("<xml><a>1</a><b><![CDATA[2]]></b></xml>"))
	f.Add([]byte("<!DOCTYPE x><xml/>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		fields, err := parseXML(body)
		if err == nil && len(fields) == 0 {
			t.Errorf("%q is an event without fields", body)
		}
	})
}

// plainCache is a shared cache that keeps everything, or one that cannot be reached.
type plainCache struct {
	kept map[string]string
	away error
}

func (h *plainCache) Get(_ context.Context, key string) (string, error) { return h.kept[key], h.away }

func (h *plainCache) Put(_ context.Context, key, value string, _ time.Duration) error {
	h.kept[key] = value
	return h.away
}

func (h *plainCache) Take(_ context.Context, key string, _ time.Duration) (func(), bool, error) {
	_, taken := h.kept[key]
	h.kept[key] = "taken"
	return func() { delete(h.kept, key) }, !taken, h.away
}

func TestInPlainModeASignatureIsGoodForOneMessage(t *testing.T) {
	const body = "<xml><FromUserName>o1</FromUserName><CreateTime>7</CreateTime><MsgType>event</MsgType><Event>SCAN</Event><EventKey>k</EventKey></xml>"
	const other = "<xml><FromUserName>o2</FromUserName><CreateTime>7</CreateTime><MsgType>event</MsgType><Event>SCAN</Event><EventKey>k</EventKey></xml>"
	cache := &plainCache{kept: map[string]string{}}
	a, err := NewAccount(AccountConfig{AppID: vectorAppID, Secret: "s", Token: vectorToken, PlainEvents: true, SharedCache: cache})
	if err != nil {
		t.Fatal(err)
	}
	forged, seen := signed(0), signed(0)
	forged.Set("signature", signature("guess", forged.Get("timestamp"), "n1"))
	seen.Set("nonce", "n2")
	seen.Set("signature", signature(vectorToken, seen.Get("timestamp"), "n2"))
	safe := "<xml><ToUserName>gh_1</ToUserName><Encrypt>" + vectorEncrypt + "</Encrypt></xml>"
	take := func(name, body string, q url.Values, want error) {
		t.Helper()
		ev, err := a.ParseEvent(httptest.NewRequest("POST", "/api/wechat/events?"+q.Encode(), strings.NewReader(body)))
		if !errors.Is(err, want) || err == nil && (ev.Name != "SCAN" || ev.Scene() != "k") {
			t.Errorf("%s: %+v, %v", name, ev, err)
		}
	}
	take("forged", body, forged, ErrBadSignature)
	take("six minutes old", body, signed(6*time.Minute), ErrBadSignature)
	take("not signed", body, url.Values{}, ErrBadSignature)
	take("genuine", body, seen, nil)
	take("repeated", body, seen, nil)
	take("another message under a signature that was seen", other, seen, ErrBadSignature)
	take("and the first once more", body, seen, nil)
	take("encrypted, for which there is no key", safe, signed(0), ErrBadCallback)
	half := signed(0)
	half.Set("nonce", "n3")
	half.Set("signature", signature(vectorToken, half.Get("timestamp"), "n3"))
	take("compatible, of which the plain half is read", strings.Replace(body, "</xml>", "<Encrypt>x</Encrypt></xml>", 1), half, nil)
	cache.away = errors.New("away")
	take("without a memory of signatures, the signature is believed", other, seen, nil)
}

func TestAPlainAccountWithAKeyReadsWhatIsEncrypted(t *testing.T) {
	a, err := NewAccount(AccountConfig{AppID: vectorAppID, Secret: "s", Token: vectorToken, AESKey: vectorAESKey, PlainEvents: true})
	if err != nil {
		t.Fatal(err)
	}
	safe := "<xml><Encrypt>" + vectorEncrypt + "</Encrypt><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType></xml>"
	for name, tt := range map[string]struct {
		q    url.Values
		want error
	}{"signed": {signed(0, vectorEncrypt), ErrBadCallback}, "signed without it": {signed(0), ErrBadSignature}} { // it says "hi"
		_, err := a.ParseEvent(httptest.NewRequest("POST", "/?"+tt.q.Encode(), strings.NewReader(safe)))
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewAccount(AccountConfig{AppID: vectorAppID, Secret: "s", Token: vectorToken, AESKey: "short", PlainEvents: true}); err == nil {
		t.Error("a wrong key is taken for none")
	}
}
