package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// requestLines lets the lines that requests leave wait for one another for a moment: written one by
// one they would cost a read from memory a third of its time. Every other line is written at once, with
// what waits before it. A process that is killed loses the lines of its last moment.
type requestLines struct {
	slog.Handler
	to *lineBuffer
}

// newLog writes JSON lines to w. The caller flushes at the end.
func newLog(w io.Writer) (log *slog.Logger, flush func()) {
	b := &lineBuffer{to: w}
	return slog.New(requestLines{slog.NewJSONHandler(b, nil), b}), b.flush
}

// Handle writes one record.
func (h requestLines) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Message != "request" || r.Level > slog.LevelInfo {
		h.to.flush()
	}
	return err
}

func (h requestLines) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestLines{h.Handler.WithAttrs(attrs), h.to}
}

func (h requestLines) WithGroup(name string) slog.Handler {
	return requestLines{h.Handler.WithGroup(name), h.to}
}

const (
	lineWaits   = 50 * time.Millisecond
	linesAtMost = 32 << 10 // bytes that wait
)

// lineBuffer keeps what is written for lineWaits at most, and its order.
type lineBuffer struct {
	to io.Writer

	mu    sync.Mutex
	waits []byte
	armed bool
}

func (b *lineBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waits = append(b.waits, p...)
	switch {
	case len(b.waits) >= linesAtMost:
		b.flushLocked()
	case !b.armed:
		b.armed = true
		time.AfterFunc(lineWaits, b.flush)
	}
	return len(p), nil
}

func (b *lineBuffer) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flushLocked()
}

// flushLocked writes under the lock: the next line must not overtake. That nobody takes the log is nobody's error.
func (b *lineBuffer) flushLocked() {
	b.armed = false
	if len(b.waits) > 0 {
		_, _ = b.to.Write(b.waits)
		b.waits = b.waits[:0]
	}
}
