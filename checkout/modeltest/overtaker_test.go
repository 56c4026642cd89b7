package modeltest

import (
	"sync"
	"testing"
	"time"
)

// One try of a key waits at its first claim while another takes the key over, and dies before it writes an order. The
// first finds that it was overtaken, by a try that is no more: it places the order all the same.
func TestOvertakenTry_WhoseOvertakerDied_PlacesTheOrder(t *testing.T) {
	h := newDueHistory(t, openWorld(t))
	slow, dying := h.w.instances[0], h.w.instances[1]
	r := h.wants(full)
	there, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow.gate.mu.Lock()
	slow.gate.before = func(command string) {
		if command == "insert claims" {
			once.Do(func() { close(there); <-goOn })
		}
	}
	slow.gate.mu.Unlock()
	answered := make(chan error, 1)
	go func() {
		_, err := h.send(slow, r)
		answered <- err
	}()
	<-there
	dying.gate.armAt("update order_keys")
	if _, err := h.send(dying, r); err != errKilled {
		t.Fatalf("the overtaker was to die, and answered: %v", err)
	}
	close(goOn)
	select {
	case err := <-answered:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the first try waits for a dead one")
	}
	h.may(h.look)
	if n := len(h.orders); n != 1 {
		t.Errorf("%d orders", n)
	}
}
