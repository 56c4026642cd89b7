package hub

import (
	"context"
	"encoding/json"
	"time"
)

// Fleet is what the instances told one another, at most some seconds ago.
type Fleet struct {
	Instances int `json:"instances"`
	Sockets   int `json:"sockets"`
}

type fleetReport struct {
	AtMS    int64 `json:"at_ms"`
	Sockets int   `json:"sockets"`
}

// Reports older than fleetFresh do not count, those older than fleetForget are removed.
const (
	fleetFresh  = 20 * time.Second
	fleetForget = 10 * time.Minute
)

func (h *Hub) fleetKey() string { return h.cfg.Prefix + ":hub:fleet" }

// keepFleet reports to the other instances until ctx ends.
func (h *Hub) keepFleet(ctx context.Context) {
	tick := time.NewTicker(h.timing.fleet)
	defer tick.Stop()
	defer h.leaveFleet()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.reportToFleet(ctx)
		}
	}
}

// reportToFleet tells the other instances how many sockets are here and adds up what they
// told, in one round trip.
func (h *Hub) reportToFleet(ctx context.Context) {
	now := time.Now()
	mine, _ := json.Marshal(fleetReport{AtMS: now.UnixMilli(), Sockets: h.roster.size()})
	pipe := h.cfg.Redis.Pipeline()
	pipe.HSet(ctx, h.fleetKey(), h.instance, mine)
	all := pipe.HGetAll(ctx, h.fleetKey())
	if _, err := pipe.Exec(ctx); err != nil {
		return // compareHeads has said so
	}
	sum, stale := addUp(all.Val(), now)
	h.fleet.Store(&sum)
	if len(stale) > 0 {
		h.cfg.Redis.HDel(ctx, h.fleetKey(), stale...)
	}
}

func addUp(reports map[string]string, now time.Time) (sum Fleet, stale []string) {
	for instance, text := range reports {
		var r fleetReport
		if json.Unmarshal([]byte(text), &r) != nil {
			stale = append(stale, instance)
			continue
		}
		switch age := now.Sub(time.UnixMilli(r.AtMS)); {
		case age > fleetForget:
			stale = append(stale, instance)
		case age < fleetFresh:
			sum.Instances++
			sum.Sockets += r.Sockets
		}
	}
	return sum, stale
}

// leaveFleet takes this instance out of the sum.
func (h *Hub) leaveFleet() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	h.cfg.Redis.HDel(ctx, h.fleetKey(), h.instance)
}
