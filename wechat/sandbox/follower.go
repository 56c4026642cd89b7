package sandbox

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// follower is a person that met the account.
type follower struct {
	Openid    string    `json:"openid"`
	Unionid   string    `json:"unionid,omitempty"`
	Following bool      `json:"following"`
	Since     time.Time `json:"since,omitzero"`
	Scene     string    `json:"scene,omitempty"` // of the code that made them follow
}

func (s *followers) follower(openid string) (f *follower, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		f, err = get[follower](tx, bucketFollowers, openid)
		return err
	})
	return f, err
}

// listFollowers answers GET /sandbox/followers.
func (s *followers) listFollowers(*request) (any, error) {
	var out items[follower]
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		out.Items, err = list[follower](tx, bucketFollowers, "")
		return err
	})
	return out, err
}

// act is what a person does with the account, and what goes wrong on the way to the shop.
type act struct {
	Ticket  string        `json:"ticket"`
	Scene   string        `json:"scene"`
	URL     string        `json:"url"`
	Openid  string        `json:"openid"`
	Unionid string        `json:"unionid"`
	Fault   CallbackFault `json:"fault"`
}

// acted is the answer: what was sent to the shop, and its reply.
type acted struct {
	Openid     string     `json:"openid"`
	Event      string     `json:"event,omitempty"`
	Key        string     `json:"event_key,omitempty"`
	Deliveries []delivery `json:"deliveries"`
}

// scanCode answers POST /sandbox/scan: a person points WeChat at a parametric code, and becomes a
// follower unless being one already.
func (s *followers) scanCode(r *request) (any, error) {
	var in act
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	code, err := s.findCode(in)
	if err != nil {
		return nil, err
	}
	fresh, err := s.setFollowing(in, true, code.Scene)
	if err != nil {
		return nil, err
	}
	p := pushed{Openid: s.phones.openidOr(in.Openid), Event: "SCAN", Key: code.Scene, Ticket: code.Ticket}
	if fresh {
		p.Event, p.Key = "subscribe", "qrscene_"+code.Scene
	}
	return s.pushToShop(r.Context(), p, in.Fault), nil
}

// findCode is the code that the phone sees; WeChat itself turns a dead one away.
func (s *followers) findCode(in act) (*qrCode, error) {
	var codes []qrCode
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		codes, err = list[qrCode](tx, bucketQRCodes, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(codes, func(c qrCode) bool {
		return c.Ticket == in.Ticket || in.Scene != "" && c.Scene == in.Scene || in.URL != "" && c.URL == in.URL
	})
	switch {
	case i < 0:
		return nil, &refusal{http.StatusNotFound, "QR_UNKNOWN", "there is no such code", ""}
	case !s.now().Before(codes[i].Ends):
		return nil, &refusal{http.StatusConflict, "QR_EXPIRED", "二维码已过期", ""}
	}
	return &codes[i], nil
}

// setFollowing books a follow or unfollow; fresh says that it changed something.
func (s *followers) setFollowing(in act, following bool, scene string) (fresh bool, err error) {
	err = s.db.Update(func(tx *bbolt.Tx) error {
		f, err := get[follower](tx, bucketFollowers, s.phones.openidOr(in.Openid))
		if err != nil {
			return err
		}
		if f == nil {
			f = &follower{Openid: s.phones.openidOr(in.Openid)}
		}
		if in.Unionid != "" {
			f.Unionid = in.Unionid
		}
		if fresh = f.Following != following; fresh {
			f.Following, f.Since, f.Scene = following, s.now(), scene
		}
		return put(tx, bucketFollowers, f.Openid, f)
	})
	return fresh, err
}

// follow answers POST /sandbox/follow: found by its name, not by a code.
func (s *followers) follow(r *request) (any, error) { return s.turn(r, true, "subscribe") }

// unfollow answers POST /sandbox/unfollow.
func (s *followers) unfollow(r *request) (any, error) { return s.turn(r, false, "unsubscribe") }

func (s *followers) turn(r *request, following bool, event string) (any, error) {
	var in act
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	fresh, err := s.setFollowing(in, following, "")
	if err != nil {
		return nil, err
	}
	if !fresh {
		return acted{Openid: s.phones.openidOr(in.Openid), Deliveries: []delivery{}}, nil
	}
	return s.pushToShop(r.Context(), pushed{Openid: s.phones.openidOr(in.Openid), Event: event}, in.Fault), nil
}

// push answers POST /sandbox/push: a genuine push of an invented event, without a follow or a
// scan.
func (s *followers) push(r *request) (any, error) {
	var in struct {
		Openid string        `json:"openid"`
		Event  string        `json:"event"`
		Key    string        `json:"event_key"`
		Fault  CallbackFault `json:"fault"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	return s.pushToShop(r.Context(), pushed{Openid: s.phones.openidOr(in.Openid), Event: in.Event, Key: in.Key}, in.Fault), nil
}

// pushed is one event on its way to the shop.
type pushed struct {
	Openid, Event, Key, Ticket string
	more                       string // further elements, as XML
}

// eventTries is how often WeChat pushes an event that the shop does not take; each try waits 5 s.
const eventTries = 3

// pushToShop pushes an event until the shop takes it, or three times.
func (s *followers) pushToShop(ctx context.Context, p pushed, f CallbackFault) acted {
	out := acted{Openid: p.Openid, Event: p.Event, Key: p.Key, Deliveries: []delivery{}}
	if f.Lose {
		return out
	}
	pause(ctx, time.Duration(f.DelayMS)*time.Millisecond)
	plain := p.xml(s.now())
	for try := range eventTries {
		if try > 0 {
			pause(ctx, 300*time.Millisecond)
		}
		tries := s.pushCopies(ctx, p.Openid, plain, f)
		out.Deliveries = append(out.Deliveries, tries...)
		if slices.ContainsFunc(tries, delivery.taken) {
			break
		}
	}
	return out
}

// taken reports whether WeChat is content: `success` or nothing. Anything else shows the user that
// the account is out of order.
func (d delivery) taken() bool {
	return d.Status == http.StatusOK && (d.Body == "success" || d.Body == "")
}

func (s *followers) pushCopies(ctx context.Context, openid string, plain []byte, f CallbackFault) []delivery {
	out := make([]delivery, max(1, f.Repeat))
	var wg sync.WaitGroup
	for i := range out {
		if !f.Parallel {
			out[i] = s.pushOnce(ctx, openid, plain, f)
			continue
		}
		wg.Go(func() { out[i] = s.pushOnce(ctx, openid, plain, f) })
	}
	wg.Wait()
	return out
}

// xml is the event as WeChat writes it: texts in CDATA, numbers bare.
func (p pushed) xml(now time.Time) []byte {
	var b strings.Builder
	text := func(name, value string) { fmt.Fprintf(&b, "<%s><![CDATA[%s]]></%s>", name, value, name) }
	b.WriteString("<xml>")
	text("ToUserName", originalID)
	text("FromUserName", p.Openid)
	fmt.Fprintf(&b, "<CreateTime>%d</CreateTime>", now.Unix())
	text("MsgType", "event")
	text("Event", p.Event)
	text("EventKey", p.Key)
	if p.Ticket != "" {
		text("Ticket", p.Ticket)
	}
	b.WriteString(p.more + "</xml>")
	return []byte(b.String())
}

// originalID is the account's name for itself.
const originalID = "gh_5a4d5354414d"

// pushOnce posts an event, signed by real time.
func (s *followers) pushOnce(ctx context.Context, openid string, plain []byte, f CallbackFault) delivery {
	req, err := s.eventLetter(ctx, openid, plain, f)
	if err != nil {
		return delivery{At: s.now().UTC(), Error: err.Error()}
	}
	return s.posted(req)
}

// sortedSHA1 signs as the official account's console explains it.
func sortedSHA1(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// sealEvent encrypts a message for the account: AES-256-CBC, IV from the key, 16 random bytes, length,
// message and appid, padded to blocks of 32.
func (k *keys) sealEvent(message []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(k.id.AESKey + "=")
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	plain := make([]byte, 16, 64+len(message))
	rand.Read(plain) // never fails
	plain = binary.BigEndian.AppendUint32(plain, uint32(len(message)))
	plain = append(append(plain, message...), k.id.AppID...)
	pad := 32 - len(plain)%32
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain), nil
}
