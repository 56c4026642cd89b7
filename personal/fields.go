package personal

import (
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop/phone"
)

// field is a member of an object in the order of the document.
type field struct {
	name  string
	value any
}

// ids are fields that name a person at WeChat. Their owner knows them again by the ends, and a stranger with the file cannot
// use them.
var ids = []string{"openid", "payer"}

// pick is what fields name of a document, as JSON writes it.
func pick(doc bson.Raw, fields []string) (object, error) {
	elements, err := doc.Elements()
	if err != nil {
		return nil, err
	}
	var all object
	for _, e := range elements {
		name := e.Key()
		inside, taken := below(fields, name)
		if !taken {
			continue
		}
		v, err := value(e.Value(), inside)
		if err != nil {
			return nil, err
		}
		if text, ok := v.(string); ok && slices.Contains(ids, name) {
			v = masked(text)
		}
		if v == nil {
			continue
		}
		if name == "_id" {
			name = "id"
		}
		all = append(all, field{name, v})
	}
	return all, nil
}

// below are the fields inside the field of a name; nil: all of it is taken.
func below(fields []string, name string) (inside []string, taken bool) {
	for _, f := range fields {
		if f == name {
			return nil, true
		}
		if rest, ok := strings.CutPrefix(f, name+"."); ok {
			inside = append(inside, rest)
		}
	}
	return inside, len(inside) > 0
}

// value is a value of a document; bytes and what else people cannot read are nil.
func value(v bson.RawValue, inside []string) (any, error) {
	switch v.Type {
	case bson.TypeString:
		return v.StringValue(), nil
	case bson.TypeBoolean:
		return v.Boolean(), nil
	case bson.TypeInt32:
		return v.Int32(), nil
	case bson.TypeInt64:
		return v.Int64(), nil
	case bson.TypeDouble:
		return v.Double(), nil
	case bson.TypeDateTime:
		at := v.Time().UTC()
		if at.Year() <= 1 {
			return nil, nil
		}
		return at.Format(time.RFC3339Nano), nil
	case bson.TypeEmbeddedDocument:
		return inner(v.Document(), inside)
	case bson.TypeArray:
		values, err := v.Array().Values()
		all := make([]any, 0, len(values))
		for i := range values {
			if err != nil {
				break
			}
			var one any
			if one, err = value(values[i], inside); one != nil {
				all = append(all, one)
			}
		}
		return all, err
	}
	return nil, nil
}

// inner is a document inside another, whole where inside is nil.
func inner(doc bson.Raw, inside []string) (any, error) {
	if inside != nil {
		o, err := pick(doc, inside)
		return o, err
	}
	elements, err := doc.Elements()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(elements))
	for i, e := range elements {
		names[i] = e.Key()
	}
	o, err := pick(doc, names)
	return o, err
}

// masked shows the ends of an id.
func masked(id string) string {
	if strings.HasPrefix(id, "+") {
		return phone.Masked(id)
	}
	if len(id) <= 8 {
		return strings.Repeat("*", len(id))
	}
	return id[:4] + strings.Repeat("*", 4) + id[len(id)-4:]
}
