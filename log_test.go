package main

import (
	"bytes"
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

func TestLinesOfRequestsAreWrittenTogetherAndOthersAtOnce(t *testing.T) {
	var out countedWriter
	log, flush := newLog(&out)
	for range 100 {
		log.Info("request", "status", 200)
	}
	log.With("a", 1).Warn("request", "status", 500)
	if lines, writes := out.state(); lines != 101 || writes > 10 {
		t.Errorf("%d lines in %d writes, want all 101 in few", lines, writes)
	}
	log.Info("request")
	flush()
	log.Info("request")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if lines, _ := out.state(); lines == 103 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a line waits for ever")
		}
	}
	for range 1000 {
		log.Info("request", "pad", strings.Repeat("x", 200))
	}
	if lines, _ := out.state(); lines < 900 {
		t.Errorf("%d lines are written, the others wait", lines)
	}
	flush()
	if lines, _ := out.state(); lines != 1103 {
		t.Errorf("%d lines of 1103", lines)
	}
}
