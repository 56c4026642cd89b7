package wechat

import (
	"sync"
	"time"
)

// WeChat takes 150 refund calls a second from a merchant while they succeed, and six while they
// fail (申请退款, 频率限制). One instance keeps to half of that, for there are mostly two.
const failingRefunds = 3 // a second

// pace holds calls back when many of them failed within the last second. Calls under way count as
// failed until they are not, so that no burst goes over the limit.
type pace struct {
	mu      sync.Mutex
	limit   int
	running int
	failed  []time.Time // within the last second, oldest first
}

// enter reports whether one more call may be made now; then leave must follow.
func (p *pace) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.failed) > 0 && time.Since(p.failed[0]) >= time.Second {
		p.failed = p.failed[1:]
	}
	if p.running+len(p.failed) >= p.limit {
		return false
	}
	p.running++
	return true
}

func (p *pace) leave(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	if err != nil {
		p.failed = append(p.failed, time.Now())
	}
}
