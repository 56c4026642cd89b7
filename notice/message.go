package notice

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mstm/shop"
	"mstm/wechat"
)

// Templates are the account's templates by the kind of message, as the setting names them.
type Templates map[string]Template

// Template is one of the official account. Fields says which of the kind's facts stands under
// each of its keys: {"thing1":"courses"}.
type Template struct {
	ID     string            `json:"id"`
	Fields map[string]string `json:"fields"`
}

// facts are what a message of each kind can say. Those of an activity need a subscription
// template, the others one for followers.
var facts = map[string][]string{
	shop.NoticeOrderFulfilled: {"courses", "order", "amount", "time"},
	shop.NoticeOrderRefunded:  {"courses", "order", "amount", "time"},
	shop.NoticeOrderClosing:   {"courses", "order", "amount", "until"},
	accessEnds:                {"course", "last_day", "days", "next"},
	string(shop.AccessEnded):  {"course", "last_day", "days", "next"},
	shop.KindActivity:         {"title", "body", "time"},
}

// accessEnds is the kind of message of all reminders before the end.
const accessEnds = "access_ends"

// types are the types of a template's keys under which WeChat takes a fact.
var types = map[string][]string{
	"courses": {"thing"}, "course": {"thing"}, "title": {"thing"}, "body": {"thing"}, "next": {"thing"},
	"order": {"character_string", "thing"}, "days": {"number", "character_string", "thing"},
	"amount": {"amount", "character_string", "thing"},
	"time":   {"time", "date", "thing"}, "until": {"time", "date", "thing"}, "last_day": {"date", "time", "thing"},
}

// ParseTemplates reads the setting, a JSON object of Template by kind; "" is none. It refuses
// what WeChat would refuse later, message by message.
func ParseTemplates(text string) (Templates, error) {
	all := Templates{}
	if text == "" {
		return all, nil
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&all); err != nil {
		return nil, fmt.Errorf("is no JSON of templates by kind: %w", err)
	}
	for kind, t := range all {
		if err := t.check(kind); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (t Template) check(kind string) error {
	known, ok := facts[kind]
	switch {
	case !ok:
		return fmt.Errorf("has a template for %q, which is no kind of message", kind)
	case t.ID == "" || len(t.Fields) == 0:
		return fmt.Errorf("has a template for %s without id or fields", kind)
	}
	for key, fact := range t.Fields {
		typ, ok := wechat.KeyType(key)
		switch {
		case !ok:
			return fmt.Errorf("has the key %q for %s, which is of no type that WeChat has", key, kind)
		case !slices.Contains(known, fact):
			return fmt.Errorf("wants %q for %s; there is %s", fact, kind, strings.Join(known, ", "))
		case !slices.Contains(types[fact], typ):
			return fmt.Errorf("puts %s under %q for %s; WeChat takes it under %s", fact, key, kind, strings.Join(types[fact], ", "))
		}
	}
	return nil
}

// messageKind is the kind of WeChat message for a kind of notice.
func messageKind(notice string) string {
	switch notice {
	case string(shop.EndsIn7), string(shop.EndsIn3), string(shop.EndsIn1):
		return accessEnds
	case shop.NoticePaidBack:
		return shop.NoticeOrderRefunded
	}
	return notice
}

// fill is the template with the delivery's facts, each cut to what WeChat takes.
func (t Template) fill(d shop.Delivery) map[string]string {
	out := make(map[string]string, len(t.Fields))
	for key, fact := range t.Fields {
		value := d.Data[fact]
		if value == "" && fact == "time" {
			value = shop.MinuteOf(d.CreatedAt)
		}
		out[key] = wechat.Fit(key, value)
	}
	return out
}
