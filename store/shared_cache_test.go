package store

import (
	"testing"
	"time"
)

func TestTheShelfKeepsThingsAndGivesTurns(t *testing.T) {
	s := open(t, t.TempDir())
	h := s.SharedCache
	if text, err := h.Get(t.Context(), "k"); text != "" || err != nil {
		t.Fatal(text, err)
	}
	if err := h.Put(t.Context(), "k", "v", time.Minute); err != nil {
		t.Fatal(err)
	}
	if text, err := h.Get(t.Context(), "k"); text != "v" || err != nil {
		t.Fatal(text, err)
	}
	back, mine, err := h.Take(t.Context(), "turn", time.Minute)
	if !mine || err != nil {
		t.Fatal(mine, err)
	}
	if _, second, err := h.Take(t.Context(), "turn", time.Minute); second || err != nil {
		t.Errorf("two have the turn: %v", err)
	}
	back()
	later, mine, err := h.Take(t.Context(), "turn", time.Minute)
	if !mine || err != nil {
		t.Fatalf("given back, it is free: %v %v", mine, err)
	}
	back() // an expired holder's return ends no other holder's
	if _, third, err := h.Take(t.Context(), "turn", time.Minute); third || err != nil {
		t.Errorf("a stranger gave the turn back: %v", err)
	}
	later()
}
