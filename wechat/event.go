package wechat

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Event is something that happened at the official account. Name is WeChat's word (subscribe, SCAN,
// unsubscribe …); a message that a user wrote has none.
type Event struct {
	Openid string
	Name   string
	Key    string
	Ticket string
	At     time.Time

	MsgID  int64  // of TEMPLATESENDJOBFINISH: the message's
	Status string // of TEMPLATESENDJOBFINISH: success, failed:user block, failed: system failed

	Consents []Consent // of subscribe_msg_popup_event and subscribe_msg_change_event
}

// Consent is a user's decision about messages of one subscription template: asked by a page, each
// agreement allows one.
type Consent struct {
	TemplateID string
	Accepted   bool
}

// scenePrefix stands before the scene where a scan made a new follower, and only there.
const scenePrefix = "qrscene_"

// Scene is that of the code that was scanned; "" where the event is not of a scan.
func (e Event) Scene() string {
	switch e.Name {
	case "SCAN":
		return e.Key
	case "subscribe":
		if scene, ok := strings.CutPrefix(e.Key, scenePrefix); ok {
			return scene
		}
	}
	return ""
}

// CheckURL answers WeChat's check of our address: the words that it wants back, raw.
func (a *Account) CheckURL(q url.Values) (echo string, err error) {
	if !a.signedBy(q, "signature") {
		return "", ErrBadSignature
	}
	return q.Get("echostr"), nil
}

// ParseEvent proves that a push is WeChat's, fresh and meant for this account, and reads it. What is
// encrypted (安全模式, 兼容模式) is vouched for whole. In plain mode (明文模式), which PlainEvents
// allows, a signature covers a time and a nonce and nothing of the body: see plainEvent. Errors:
// ErrBadSignature, ErrBadCallback; neither carries the request.
func (a *Account) ParseEvent(r *http.Request) (Event, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxCallback))
	if err != nil {
		return Event{}, fmt.Errorf("%w: body: %w", ErrBadCallback, err)
	}
	envelope, err := parseXML(body)
	if err != nil {
		return Event{}, err
	}
	secret := envelope["Encrypt"]
	switch {
	case secret != "" && a.aesKey != nil:
	case a.cfg.PlainEvents:
		return a.plainEvent(r, body)
	default:
		return Event{}, fmt.Errorf("%w: not encrypted", ErrBadSignature)
	}
	if !a.signedBy(r.URL.Query(), "msg_signature", secret) {
		return Event{}, ErrBadSignature
	}
	plain, err := a.decrypt(secret)
	if err != nil {
		return Event{}, err
	}
	return readEvent(plain)
}

// plainEvent takes a body as it stands. In this mode the signature does not cover the body: a push
// seen in the log of a proxy, say, would sign any body for the next five minutes. So a signature
// is good only for the first body that came with it. Where the shared memory of signatures cannot
// be reached, the signature is believed: this mode promises no more.
func (a *Account) plainEvent(r *http.Request, body []byte) (Event, error) {
	q := r.URL.Query()
	if !a.signedBy(q, "signature") {
		return Event{}, ErrBadSignature
	}
	if a.cfg.SharedCache != nil && !a.firstWith(r.Context(), q.Get("signature"), body) {
		return Event{}, fmt.Errorf("%w: it came with another message before", ErrBadSignature)
	}
	return readEvent(body)
}

// firstWith reports whether no other body has come with a signature. One that comes in two copies at
// once may have the second refused: WeChat sends it again.
func (a *Account) firstWith(ctx context.Context, signature string, body []byte) bool {
	key, sum := "wechat:event:"+signature, sha256.Sum256(body)
	giveBack, mine, err := a.cfg.SharedCache.Take(ctx, key, 2*maxAge)
	if err != nil {
		return true
	}
	if mine {
		if a.cfg.SharedCache.Put(ctx, key+":body", hex.EncodeToString(sum[:]), 2*maxAge) != nil {
			giveBack()
		}
		return true
	}
	known, err := a.cfg.SharedCache.Get(ctx, key+":body")
	return err != nil || known == hex.EncodeToString(sum[:])
}

func readEvent(plain []byte) (Event, error) {
	m, err := parseXML(plain)
	if err != nil {
		return Event{}, err
	}
	seconds, err := strconv.ParseInt(m["CreateTime"], 10, 64)
	if err != nil || m["FromUserName"] == "" || m["MsgType"] == "" {
		return Event{}, fmt.Errorf("%w: not an event's fields", ErrBadCallback)
	}
	e := Event{Openid: m["FromUserName"], At: time.Unix(seconds, 0)}
	if m["MsgType"] != "event" {
		return e, nil
	}
	e.Name, e.Key, e.Ticket = m["Event"], m["EventKey"], m["Ticket"]
	if e.Name == "TEMPLATESENDJOBFINISH" {
		e.Status = m["Status"]
		if e.MsgID, err = strconv.ParseInt(m["MsgID"], 10, 64); err != nil {
			return Event{}, fmt.Errorf("%w: a message's end without its number", ErrBadCallback)
		}
	}
	if strings.HasPrefix(e.Name, "subscribe_msg_") {
		e.Consents, err = readConsents(plain)
	}
	return e, err
}

// readConsents reads the lists of a subscribe_msg_… event. A change of mind in the settings has no
// scene of its own; it can only be a refusal.
func readConsents(plain []byte) ([]Consent, error) {
	type entry struct {
		TemplateID string `xml:"TemplateId"`
		Status     string `xml:"SubscribeStatusString"`
	}
	var in struct {
		Popup  []entry `xml:"SubscribeMsgPopupEvent>List"`
		Change []entry `xml:"SubscribeMsgChangeEvent>List"`
	}
	if err := xml.Unmarshal(plain, &in); err != nil {
		return nil, fmt.Errorf("%w: not a subscription's fields", ErrBadCallback)
	}
	var all []Consent
	for _, e := range append(in.Popup, in.Change...) {
		all = append(all, Consent{e.TemplateID, e.Status == "accept"})
	}
	return all, nil
}

// maxAge is how far a push's timestamp may be from now: an older one may be a replay.
const maxAge = 5 * time.Minute

// signedBy checks the signature under that name of the query: over the account's token, timestamp,
// nonce and what else it covers.
func (a *Account) signedBy(q url.Values, name string, covered ...string) bool {
	at, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > maxAge {
		return false
	}
	want := signature(append(covered, a.cfg.Token, q.Get("timestamp"), q.Get("nonce"))...)
	return subtle.ConstantTimeCompare([]byte(want), []byte(q.Get(name))) == 1
}

// signature is the hex SHA-1 of the parts, sorted and joined.
func signature(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// decodeAESKey reads an EncodingAESKey: base64 without its last "=". The console makes keys with
// spare bits that are not zero, so strict base64 would refuse them.
func decodeAESKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("wechat: the EncodingAESKey is not 43 characters of base64")
	}
	return key, nil
}

// decrypt opens an Encrypt field: AES-256-CBC with the key's beginning as IV; inside 16 random bytes,
// the length, the message, and the appid it is meant for; padded to blocks of 32.
func (a *Account) decrypt(text string) ([]byte, error) {
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sealed) == 0 || len(sealed)%32 != 0 {
		return nil, fmt.Errorf("%w: no ciphertext", ErrBadCallback)
	}
	block, err := aes.NewCipher(a.aesKey)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, a.aesKey[:aes.BlockSize]).CryptBlocks(plain, sealed)
	message, appID, ok := unpack(plain)
	if !ok || appID != a.cfg.AppID {
		return nil, fmt.Errorf("%w: does not decrypt to a message for this account", ErrBadCallback)
	}
	return message, nil
}

// unpack takes padding and frame off a decrypted message.
func unpack(plain []byte) (message []byte, appID string, ok bool) {
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > 32 || !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, "", false
	}
	plain = plain[:len(plain)-pad]
	if len(plain) < 20 {
		return nil, "", false
	}
	length, rest := uint64(binary.BigEndian.Uint32(plain[16:20])), plain[20:]
	if length > uint64(len(rest)) {
		return nil, "", false
	}
	return rest[:length], string(rest[length:]), true
}

// parseXML reads the flat fields of an <xml> element. A document type, which is where entities come
// from, is refused, and so is a field that comes twice; what is nested deeper is passed over.
func parseXML(body []byte) (map[string]string, error) {
	fields := map[string]string{}
	dec := xml.NewDecoder(bytes.NewReader(body))
	var path []string
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) && len(fields) > 0 && len(path) == 0 {
			return fields, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: not XML", ErrBadCallback)
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, fmt.Errorf("%w: XML with a document type", ErrBadCallback)
		case xml.StartElement:
			path = append(path, token.Name.Local)
			if err := openField(fields, path); err != nil {
				return nil, err
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if len(path) == 2 {
				fields[path[1]] += string(token)
			}
		}
	}
}

func openField(fields map[string]string, path []string) error {
	_, twice := fields[path[len(path)-1]]
	switch {
	case path[0] != "xml", len(path) == 2 && twice, len(path) == 1 && len(fields) > 0:
		return fmt.Errorf("%w: not WeChat's XML", ErrBadCallback)
	case len(path) == 2:
		fields[path[1]] = ""
	}
	return nil
}
