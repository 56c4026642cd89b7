package app

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// requestLines lets the lines that requests leave wait for one another for a moment: written one by
// one they would cost a read from memory a third of its time. Every other line sends the writer off at once,
// with what waits before it. A process that is killed loses the lines of its last moment.
type requestLines struct {
	slog.Handler
	to *logQueue
}

// newLog writes JSON lines to w and never waits for w: see logQueue. The caller flushes at the end.
func newLog(w io.Writer) (*slog.Logger, *logQueue) {
	q := &logQueue{to: w, wake: make(chan struct{}, 1)}
	go q.run()
	return slog.New(requestLines{slog.NewJSONHandler(q, nil), q}), q
}

// Handle puts one record into the queue.
func (h requestLines) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Message != "request" || r.Level > slog.LevelInfo {
		h.to.poke()
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
	lineWaits    = 50 * time.Millisecond
	linesAtOnce  = 32 << 10 // bytes that send the writer off
	linesAtMost  = 1 << 20  // bytes that wait for a writer that is stuck; a further line is dropped
	logFlushTime = 2 * time.Second
)

// logQueue holds lines until its own goroutine has written them, in order. A reader of the log that stalls,
// or is gone, holds up that goroutine and no request: a line that finds the queue full is dropped and counted,
// and the next lines that are written say how many there were.
type logQueue struct {
	to   io.Writer
	wake chan struct{}
	lost atomic.Uint64 // lines, since the start

	mu       sync.Mutex
	waits    []byte
	armed    bool
	flushing []chan struct{} // each closed once what waits now is written
	unsaid   uint64          // lines dropped that the log has not said yet
}

// Write takes one line. It never blocks and never fails.
func (q *logQueue) Write(line []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waits)+len(line) > linesAtMost {
		q.drop(1)
		return len(line), nil
	}
	q.waits = append(q.waits, line...)
	switch {
	case len(q.waits) >= linesAtOnce:
		q.poke()
	case !q.armed:
		q.armed = true
		time.AfterFunc(lineWaits, q.poke)
	}
	return len(line), nil
}

// droppedBy counts the lines that a log has lost since the start; of a log that is not newLog's it is nil.
func droppedBy(log *slog.Logger) func() uint64 {
	if h, ok := log.Handler().(requestLines); ok {
		return h.to.lost.Load
	}
	return nil
}

// drop counts lines that are lost. q.mu is held.
func (q *logQueue) drop(lines uint64) {
	q.lost.Add(lines)
	q.unsaid += lines
}

func (q *logQueue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// flush waits until what was logged before is written, but no longer than logFlushTime.
func (q *logQueue) flush() {
	done := make(chan struct{})
	q.mu.Lock()
	q.flushing = append(q.flushing, done)
	q.mu.Unlock()
	q.poke()
	select {
	case <-done:
	case <-time.After(logFlushTime):
	}
}

// run writes what waits, for as long as the process lives.
func (q *logQueue) run() {
	var spare []byte
	for range q.wake {
		q.mu.Lock()
		batch, flushing, unsaid := q.waits, q.flushing, q.unsaid
		q.waits, q.flushing, q.unsaid, q.armed = spare, nil, 0, false
		q.mu.Unlock()
		if unsaid > 0 {
			batch = append(batch, lossLine(unsaid)...)
		}
		if len(batch) > 0 {
			q.write(batch, unsaid)
		}
		spare = batch[:0]
		for _, done := range flushing {
			close(done)
		}
	}
}

// write hands lines over. Lines that are refused, as by a pipe without a reader, count as dropped, and
// so do the lines of a report of losses that was refused.
func (q *logQueue) write(batch []byte, unsaid uint64) {
	n, err := q.to.Write(batch)
	if err == nil {
		return
	}
	lines := uint64(bytes.Count(batch[n:], []byte("\n")))
	q.mu.Lock()
	defer q.mu.Unlock()
	if unsaid > 0 && lines > 0 {
		lines-- // the line about the loss itself
		q.unsaid += unsaid
	}
	q.drop(lines)
}

func lossLine(lines uint64) []byte {
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Warn("log lines were dropped: the log was not read in time", "lines", lines)
	return b.Bytes()
}
