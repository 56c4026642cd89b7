package referral

import (
	"strings"
	"testing"
)

func TestValid_TakesShortPlainWords(t *testing.T) {
	for tag, want := range map[string]bool{
		"spring": true, "wx_2026-03": true, "p-abc": true, "A": true, strings.Repeat("a", MaxTag): true,
		"": false, strings.Repeat("a", MaxTag+1): false, "a b": false, "春": false, "=1+1": false, "a.b": false, "<b>": false, "a\n": false,
	} {
		if Valid(tag) != want {
			t.Errorf("%q: %v", tag, !want)
		}
	}
}

func TestOfPerson_IsStableAndSaysNothing(t *testing.T) {
	tag := OfPerson("secret", "u1")
	if !Valid(tag) || tag != OfPerson("secret", "u1") || tag == OfPerson("secret", "u2") || tag == OfPerson("other", "u1") || strings.Contains(tag, "u1") {
		t.Errorf("%q", tag)
	}
}
