package wechat

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"mstm/shop"
)

// What WeChat says to a message that it does not send. Each is an ErrRefused or an ErrBusy too.
var (
	// ErrNotFollowing: the person does not follow the account, or has shut it out. Final.
	ErrNotFollowing = fmt.Errorf("%w: the person does not follow", ErrRefused)
	// ErrNotSubscribed: there is no consent, or it is used up. Final.
	ErrNotSubscribed = fmt.Errorf("%w: the person has not agreed", ErrRefused)
	// ErrOpenid: the openid is of another account, or of none. Final.
	ErrOpenid = fmt.Errorf("%w: not an openid of this account", ErrRefused)
	// ErrTemplate: the account has no such template (any more). People have to mend the settings.
	ErrTemplate = fmt.Errorf("%w: no such template", ErrRefused)
	// ErrDuplicate: WeChat took a message of this client_msg_id a short while ago.
	ErrDuplicate = fmt.Errorf("%w: the message was sent already", ErrRefused)
	// ErrNotAllowed: the account, its secret or this machine's address may not do this. People
	// have to mend it.
	ErrNotAllowed = fmt.Errorf("%w: the account may not do this", ErrRefused)
	// ErrQuota: the account has sent what it may send in a day.
	ErrQuota = fmt.Errorf("%w: the day's quota is used up", ErrBusy)
)

// messageKind is the kind of an errcode that a message can meet; nil: none of these.
func messageKind(code int) error {
	switch code {
	case 43004, 43019, 48002, 50002, 50005:
		return ErrNotFollowing
	case 43101:
		return ErrNotSubscribed
	case 40003:
		return ErrOpenid
	case 40037:
		return ErrTemplate
	case 40241:
		return ErrDuplicate
	case 40013, 40125, 40164, 40243, 48001, 48004, 89501, 89503, 89506, 89507:
		return ErrNotAllowed
	case 45009:
		return ErrQuota
	}
	return nil
}

// errNotSent marks an error after which WeChat has certainly not got the message.
var errNotSent = errors.New("it was not sent")

// NotSent reports whether it is certain, after this error of a call that sends a message, that
// WeChat has not taken it. Otherwise it may have.
func NotSent(err error) bool {
	var answer *Refusal
	if errors.As(err, &answer) {
		return answer.Code != "-1" && !errors.Is(err, ErrDuplicate)
	}
	return errors.Is(err, errNotSent)
}

// markUnsent notes what is certain about a failed request: a connection that was never made
// carried nothing.
func markUnsent(err error) error {
	var network *net.OpError
	if errors.As(err, &network) && network.Op == "dial" {
		return fmt.Errorf("%w (%w)", classify("", err), errNotSent)
	}
	return classify("", err)
}

// Message is one message to one person.
type Message struct {
	Openid     string
	TemplateID string
	Fields     map[string]string // by the template's keys, as Fit returned them
	URL        string            // where a touch leads; "" nowhere

	// ClientMsgID, at most 32 characters, makes a template message that is sent again within about
	// ten minutes ErrDuplicate. Subscription notices have no such thing.
	ClientMsgID string
}

type field struct {
	Value string `json:"value"`
}

func (m Message) data() map[string]field {
	data := make(map[string]field, len(m.Fields))
	for key, value := range m.Fields {
		data[key] = field{value}
	}
	return data
}

// SendTemplate sends a template message (模板消息) to a follower. It returns once WeChat has queued
// it; what became of it comes as an event that carries msgid.
func (a *Account) SendTemplate(ctx context.Context, m Message) (msgid int64, err error) {
	in := struct {
		ToUser      string           `json:"touser"`
		TemplateID  string           `json:"template_id"`
		URL         string           `json:"url,omitempty"`
		ClientMsgID string           `json:"client_msg_id,omitempty"`
		Data        map[string]field `json:"data"`
	}{m.Openid, m.TemplateID, m.URL, m.ClientMsgID, m.data()}
	var out struct {
		MsgID int64 `json:"msgid"`
	}
	if err := a.call(ctx, "/cgi-bin/message/template/send", url.Values{}, in, &out); err != nil {
		return 0, fmt.Errorf("template message: %w", err)
	}
	return out.MsgID, nil
}

// SendSubscribed sends a subscription notice (订阅通知) to a user that agreed to one: each consent is
// one message.
func (a *Account) SendSubscribed(ctx context.Context, m Message) error {
	in := struct {
		ToUser     string           `json:"touser"`
		TemplateID string           `json:"template_id"`
		Page       string           `json:"page,omitempty"`
		Data       map[string]field `json:"data"`
	}{m.Openid, m.TemplateID, m.URL, m.data()}
	var out struct{}
	if err := a.call(ctx, "/cgi-bin/message/subscribe/bizsend", url.Values{}, in, &out); err != nil {
		return fmt.Errorf("subscription notice: %w", err)
	}
	return nil
}

var templateKey = regexp.MustCompile(`^([a-z]+(?:_[a-z]+)*)\d{0,3}$`)

// limits are the longest values in characters, by the type that a template's key begins with.
var limits = map[string]int{
	"thing": 20, "const": 20, "character_string": 32, "number": 32, "letter": 32, "amount": 15, "time": 40, "date": 40,
	"phrase": 5, "name": 10, "phone_number": 17, "car_number": 8, "symbol": 5,
}

// KeyType is the type of a template's key, as `thing` of `thing1`; ok is false where WeChat has
// none like it.
func KeyType(key string) (kind string, ok bool) {
	m := templateKey.FindStringSubmatch(key)
	if m == nil {
		return "", false
	}
	_, ok = limits[m[1]]
	return m[1], ok
}

// Fit is a value as WeChat takes it under a template's key: on one line, not empty, without what
// the type does not have, and cut to the type's length. WeChat would refuse the message (47003)
// or cut it in the middle of a word.
func Fit(key, value string) string {
	kind, _ := KeyType(key)
	value = strings.Join(strings.Fields(value), " ")
	switch kind {
	case "character_string", "number", "letter", "phone_number":
		value = strings.Map(func(r rune) rune {
			if r > unicode.MaxASCII {
				return -1
			}
			return r
		}, value)
	}
	return orDash(cut(value, limits[kind], kind))
}

// cut shortens a text, and shows that it did where the type has room for that.
func cut(text string, most int, kind string) string {
	if most == 0 || utf8.RuneCountInString(text) <= most {
		return text
	}
	if kind == "thing" {
		return shop.Cut(text, most-1) + "…"
	}
	return shop.Cut(text, most)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
