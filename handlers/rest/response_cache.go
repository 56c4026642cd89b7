package rest

import (
	"net/http"
	"sync"
	"sync/atomic"
)

// maxCachedResponses bounds the answers kept of one state: a crawler that asks for ever other pages must not
// fill the memory.
const (
	maxCachedResponses = 2000
	maxCachedKey       = 300 // bytes
)

// ResponseCache keeps the answers that are the same for everybody as ready-made bytes, for as long as the state S
// that they show stays the same.
type ResponseCache[S any] struct{ now atomic.Pointer[responses[S]] }

// responses are the answers of one state.
type responses[S any] struct {
	of      *S
	answers sync.Map // string → *ReadyMade
	count   atomic.Int64
}

// of is the answers of this state; those of the one before are dropped with it.
func (f *ResponseCache[S]) of(state *S) *responses[S] {
	now := f.now.Load()
	if now == nil || now.of != state {
		now = &responses[S]{of: state}
		f.now.Store(now) // two at once: one is forgotten, nothing else
	}
	return now
}

// Answer answers with what build makes of the state, built once for each key.
func (f *ResponseCache[S]) Answer(w http.ResponseWriter, r *http.Request, state *S, key string, build func(*S) (any, error)) error {
	return f.AnswerReady(w, r, state, key, func(state *S) (*ReadyMade, error) {
		v, err := build(state)
		if err != nil {
			return nil, err
		}
		return newReadyMade(v)
	})
}

// AnswerReady is Answer with what is no JSON.
func (f *ResponseCache[S]) AnswerReady(w http.ResponseWriter, r *http.Request, state *S, key string, build func(*S) (*ReadyMade, error)) error {
	kept := f.of(state)
	if m, ok := kept.answers.Load(key); ok {
		m.(*ReadyMade).Answer(w, r)
		return nil
	}
	m, err := build(state)
	if err != nil {
		return err
	}
	if len(key) <= maxCachedKey && kept.count.Add(1) <= maxCachedResponses {
		kept.answers.Store(key, m)
	}
	m.Answer(w, r)
	return nil
}
