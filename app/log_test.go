package app

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// countedWriter counts the writes it gets.
type countedWriter struct {
	mu     sync.Mutex
	text   bytes.Buffer
	writes int
}

func (c *countedWriter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes++
	return c.text.Write(p)
}

func (c *countedWriter) state() (lines, writes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Count(c.text.String(), "\n"), c.writes
}

// await waits until so many lines are written.
func (c *countedWriter) await(t *testing.T, want int) (writes int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		lines, writes := c.state()
		if lines == want {
			return writes
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d lines are written, want %d", lines, want)
		}
	}
}

func TestLog_RequestLinesAreWrittenTogetherOthersAtOnce(t *testing.T) {
	var out countedWriter
	log, queue := newLog(&out)
	for range 100 {
		log.Info("request", "status", 200)
	}
	log.With("a", 1).Warn("request", "status", 500)
	if writes := out.await(t, 101); writes > 10 {
		t.Errorf("101 lines in %d writes, want few", writes)
	}
	log.Info("request")
	queue.flush()
	if lines, _ := out.state(); lines != 102 {
		t.Errorf("%d lines of 102 after a flush", lines)
	}
	log.Info("request")
	out.await(t, 103)
	for range 1000 {
		log.Info("request", "pad", strings.Repeat("x", 200))
	}
	out.await(t, 1103)
	if n := droppedBy(log)(); n != 0 {
		t.Errorf("%d lines were dropped", n)
	}
}

// stuckWriter takes nothing until it is freed.
type stuckWriter struct {
	countedWriter
	free chan struct{}
}

func (s *stuckWriter) Write(p []byte) (int, error) {
	<-s.free
	return s.countedWriter.Write(p)
}

func TestLog_FullQueueDropsCountsAndSaysSo(t *testing.T) {
	out := stuckWriter{free: make(chan struct{})}
	log, queue := newLog(&out)
	const lines = 40_000 // about 8 MB
	began := time.Now()
	for range lines {
		log.Warn("busy", "pad", strings.Repeat("x", 100))
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("logging took %s", took)
	}
	lost := droppedBy(log)()
	if lost == 0 || lost >= lines {
		t.Fatalf("%d of %d lines were dropped", lost, lines)
	}
	began = time.Now()
	queue.flush()
	if took := time.Since(began); took > 2*logFlushTime {
		t.Errorf("a flush into a stuck log took %s", took)
	}
	close(out.free)
	out.await(t, lines-int(lost)+1)
	if said := fmt.Sprintf(`"lines":%d`, lost); !strings.Contains(out.text.String(), said) {
		t.Errorf("the log does not say %s", said)
	}
}
