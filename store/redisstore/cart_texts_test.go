package redisstore

import (
	"fmt"
	"testing"
)

func TestPoliciesOfLinesAreReadOnceForEachText(t *testing.T) {
	var texts policyTexts
	first, err := texts.policies(`[{"id":"s1","price_fen":0},{"id":"s2","price_fen":20000}]`)
	if err != nil || len(first) != 2 || first[1].Price != 20000 {
		t.Fatalf("%+v %v", first, err)
	}
	again, _ := texts.policies(`[{"id":"s1","price_fen":0},{"id":"s2","price_fen":20000}]`)
	if &again[0] != &first[0] {
		t.Error("the same text was read twice")
	}
	if grown := append(again, again[0]); &grown[0] == &again[0] {
		t.Error("an append to a list writes into everybody's")
	}
	if _, err := texts.policies(`[{`); err == nil {
		t.Error("half a text is no error")
	}
	for i := range 3 * policyTextsKept {
		if list, err := texts.policies(fmt.Sprintf(`[{"id":"p%d"}]`, i)); err != nil || list[0].ID != fmt.Sprint("p", i) {
			t.Fatalf("%d: %+v %v", i, list, err)
		}
	}
	if n := len(texts.read); n > policyTextsKept {
		t.Errorf("%d texts are kept", n)
	}
}
