package rest

import (
	"testing"
	"time"
)

func TestASamplerLetsAFewLinesThroughAndCountsTheRest(t *testing.T) {
	s := NewSampler()
	begin := time.Now()
	for _, tt := range []struct {
		after         time.Duration
		written, left int64
	}{{0, sampledBurst, 0}, {time.Second, sampledRate, 100 - sampledBurst}, {2 * time.Second, sampledRate, 100 - sampledRate}, {time.Minute, sampledBurst, 100 - sampledRate}} {
		var written, left int64
		for range 100 {
			n, ok := s.Next(begin.Add(tt.after))
			if left += n; ok {
				written++
			}
		}
		if written != tt.written || left != tt.left {
			t.Errorf("after %s: %d lines, which count %d left out; not %d and %d", tt.after, written, left, tt.written, tt.left)
		}
	}
}
