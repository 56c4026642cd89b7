//go:build unix

package hub_test

import (
	"context"
	"syscall"
	"testing"

	"mstm/hub"
	"mstm/hub/hubtest"
)

func TestRedisFrozenForAWhileCostsNoSocketAndNoEvent(t *testing.T) {
	r := startRedis(t)
	in := start(t, r.addr)
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	in.publishThrough(t, hub.UserTopic("alice"), 1, 5)
	r.cmd.Process.Signal(syscall.SIGSTOP)
	_, err := in.Publish(context.Background(), hub.Event{Topic: hub.UserTopic("alice"), Type: "number", Data: 6, Once: "number 6"})
	r.cmd.Process.Signal(syscall.SIGCONT)
	if err == nil {
		t.Error("Publish says nothing though Redis did not answer")
	}
	in.publishThrough(t, hub.UserTopic("alice"), 6, 10)
	wantNumbers(t, c, "user", 1, 10)
}
