package store

import (
	"encoding/json"
	"sync"

	"mstm/shop"
)

// policyTexts keeps what the policies of cart lines were read to: a course's are the same words in the
// cart of nearly everybody who has it there. Whoever gets a list shares it and must not change it.
type policyTexts struct {
	mu   sync.RWMutex
	read map[string][]shop.PricePolicy
}

// policyTextsKept is about how many texts are remembered, of some hundred bytes each.
const policyTextsKept = 2048

func (t *policyTexts) policies(text string) ([]shop.PricePolicy, error) {
	t.mu.RLock()
	list, known := t.read[text]
	t.mu.RUnlock()
	if known {
		return list, nil
	}
	list = []shop.PricePolicy{}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, err
	}
	list = list[:len(list):len(list)] // whoever appends gets a copy
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.read == nil || len(t.read) >= policyTextsKept {
		t.read = map[string][]shop.PricePolicy{}
	}
	t.read[text] = list
	return list, nil
}
