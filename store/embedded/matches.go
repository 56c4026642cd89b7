package embedded

import (
	"bytes"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Matches reports whether each field of filter has exactly the value it names. A nil
// matches a missing field too, as in MongoDB. Operators are refused: a condition that
// only one of the stores understands must not get this far.
func Matches(doc bson.Raw, filter bson.M) (bool, error) {
	for field, want := range filter {
		if strings.HasPrefix(field, "$") {
			return false, fmt.Errorf("store: the filter of a conditional write has the operator %s", field)
		}
		typ, data, err := marshalValue(want)
		if err != nil {
			return false, fmt.Errorf("store: filter field %s: %w", field, err)
		}
		if typ == bson.TypeEmbeddedDocument {
			return false, fmt.Errorf("store: filter field %s must be a plain value", field)
		}
		got, err := doc.LookupErr(strings.Split(field, ".")...)
		if err != nil {
			got = bson.RawValue{Type: bson.TypeNull}
		}
		if !sameValue(got, bson.RawValue{Type: typ, Value: data}) {
			return false, nil
		}
	}
	return true, nil
}

func marshalValue(v any) (bson.Type, []byte, error) {
	if v == nil {
		return bson.TypeNull, nil, nil
	}
	return bson.MarshalValue(v)
}

func sameValue(a, b bson.RawValue) bool {
	x, xok := a.AsInt64OK()
	y, yok := b.AsInt64OK()
	if xok && yok {
		return x == y
	}
	return a.Type == b.Type && bytes.Equal(a.Value, b.Value)
}
