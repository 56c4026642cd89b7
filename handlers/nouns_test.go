package handlers

import (
	"reflect"
	"testing"
)

// TestNouns_Fields_AreNoOtherNouns holds that a noun's handlers do not call another's: what two share has a type of its
// own, or a package below.
func TestNouns_Fields_AreNoOtherNouns(t *testing.T) {
	all := reflect.TypeFor[nouns]()
	isNoun := map[reflect.Type]bool{}
	for i := range all.NumField() {
		isNoun[all.Field(i).Type] = true
	}
	if len(isNoun) < 25 {
		t.Fatalf("%d nouns", len(isNoun))
	}
	for noun := range isNoun {
		for i := range noun.NumField() {
			part := noun.Field(i).Type
			if part.Kind() == reflect.Pointer {
				part = part.Elem()
			}
			if isNoun[part] {
				t.Errorf("%s has %s, another noun, for %s", noun, part, noun.Field(i).Name)
			}
		}
	}
}
