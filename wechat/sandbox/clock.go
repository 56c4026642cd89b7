package sandbox

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
)

// clock is the business clock: the shop's when there is one, else real time and an offset.
type clock struct {
	now func() time.Time
	set func(context.Context, time.Time) error
}

func (s *controls) openClock() (*clock, error) {
	if s.cfg.Now != nil {
		return &clock{now: s.cfg.Now, set: s.cfg.SetClock}, nil
	}
	var offset atomic.Int64
	err := s.db.View(func(tx *bbolt.Tx) error {
		saved, err := get[time.Duration](tx, bucketMeta, "clock_offset")
		if saved != nil {
			offset.Store(int64(*saved))
		}
		return err
	})
	return &clock{
		now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) },
		set: func(_ context.Context, now time.Time) error {
			d := time.Until(now)
			offset.Store(int64(d))
			return s.db.Update(func(tx *bbolt.Tx) error { return put(tx, bucketMeta, "clock_offset", d) })
		},
	}, err
}

type clockFace struct {
	Now time.Time `json:"now"`
}

// getClock answers GET /sandbox/clock.
func (s *controls) getClock(*request) (any, error) {
	return clockFace{s.clock.now().UTC()}, nil
}

// putClock answers PUT /sandbox/clock. Time flows on from the moment given; what the jump has made
// due (retries, refunds) happens at once.
func (s *controls) putClock(r *request) (any, error) {
	var in clockFace
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.Now.IsZero() {
		return nil, paramError("now", "an RFC 3339 time is needed")
	}
	if s.clock.set == nil {
		return nil, &refusal{http.StatusConflict, "CLOCK_FIXED", "this clock cannot be moved", ""}
	}
	if err := s.clock.set(r.Context(), in.Now); err != nil {
		return nil, err
	}
	s.nudge()
	return s.getClock(r)
}
