package sandbox

import (
	"encoding/json"
	"time"
)

func (s *Sandbox) settleRefunds() error { return nil }

// forgedRefund is the refund callback in, over t.
func (s *Sandbox) forgedRefund(t *trade, in forgery) event {
	content, _ := json.Marshal(map[string]any{"x": time.Time{}})
	return event{Content: content}
}
