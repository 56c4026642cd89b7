package rest

import (
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Sampler lets a few lines a second into the log of what strangers can cause as often as they
// like, and counts those that it leaves out. The metrics count all.
type Sampler struct {
	lines *rate.Limiter
	left  atomic.Int64 // out, since the last one that was written
}

// Lines a second, and at once after a while without any.
const (
	sampledRate  = 2
	sampledBurst = 20
)

func NewSampler() *Sampler { return &Sampler{lines: rate.NewLimiter(sampledRate, sampledBurst)} }

// Next reports whether a line is to be written now, and how many were left out before it.
func (s *Sampler) Next(now time.Time) (left int64, ok bool) {
	if !s.lines.AllowN(now, 1) {
		s.left.Add(1)
		return 0, false
	}
	return s.left.Swap(0), true
}
