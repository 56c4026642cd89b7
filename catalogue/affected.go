package catalogue

import (
	"context"
	"sync"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store/redisstore"
)

// Affected are the people that a change of a course's prices meets now.
type Affected struct {
	Watching hub.Followers
	Complete bool                   // Watching counts all instances
	Carts    redisstore.CourseCarts // -1 people without Redis
	Holders
}

// Holders are the learners of a course by what they have of it. Of more than 20,000 they are an estimate: then Exact is false.
type Holders struct {
	Policies []PolicyHolders // those that open the course now, by the policy that does
	Lapsed   int             // had access, and have none now
	Keep     int             // are promised the lower of their old price and today's: all but those that own the course
	Exact    bool
}

// PolicyHolders are the learners whose access comes from a policy.
type PolicyHolders struct {
	Policy shop.PricePolicy // as the newest version has it that has it
	People int
}

const (
	holdersRead = 20_000          // enrolments that a count reads
	holdersAge  = 5 * time.Second // the console asks every few seconds
)

// Affecting counts the people that changes of courses meet.
type Affecting struct {
	cfg Config

	mu   sync.Mutex // guards last
	last map[string]countedHolders
}

type countedHolders struct {
	Holders
	version int
	at      time.Time // real
}

// Of counts for one course. The pages and the carts are those of now, the holders may be five seconds old.
func (s *Affecting) Of(ctx context.Context, courseID string) (Affected, error) {
	c, err := s.cfg.Store.Courses.Get(ctx, courseID)
	if err != nil {
		return Affected{}, err
	}
	online := s.cfg.Hub.Online()
	a := Affected{Watching: online.Topics[hub.CourseTopic(courseID)], Complete: online.Complete}
	if a.Carts, err = s.cfg.Store.Carts.Holding(ctx, courseID); err != nil {
		a.Carts = redisstore.CourseCarts{People: -1}
	}
	a.Holders, err = s.holders(ctx, c)
	return a, err
}

func (s *Affecting) holders(ctx context.Context, c *shop.Course) (Holders, error) {
	s.mu.Lock()
	known, ok := s.last[c.ID]
	s.mu.Unlock()
	if ok && known.version == c.Current().Version && time.Since(known.at) < holdersAge {
		return known.Holders, nil
	}
	h, err := s.count(ctx, c)
	if err != nil {
		return Holders{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, old := range s.last {
		if time.Since(old.at) >= holdersAge {
			delete(s.last, id)
		}
	}
	s.last[c.ID] = countedHolders{h, c.Current().Version, time.Now()}
	return h, nil
}

func (s *Affecting) count(ctx context.Context, c *shop.Course) (Holders, error) {
	now, people, read := s.cfg.Now(), map[string]int{}, 0
	h := Holders{Exact: true}
	err := s.cfg.Store.Enrolments.EachIn(ctx, c.ID, holdersRead, func(e *shop.Enrolment) {
		read++
		if e.HeldVersion() == 0 {
			return // all was revoked
		}
		if !e.OwnsLifetime() {
			h.Keep++
		}
		if g, ok := e.OpenBy(now); ok {
			people[g.PolicyID]++
		} else {
			h.Lapsed++
		}
	})
	if err != nil {
		return Holders{}, err
	}
	if read == holdersRead && c.Learners > holdersRead {
		scaled := func(n int) int { return int(int64(n) * c.Learners / holdersRead) }
		h.Exact, h.Keep, h.Lapsed = false, scaled(h.Keep), scaled(h.Lapsed)
		for id, n := range people {
			people[id] = scaled(n)
		}
	}
	h.Policies = policiesHeld(c, people)
	return h, nil
}

// policiesHeld are the policies that a course has or had, with their holders, those of today first and in their order.
func policiesHeld(c *shop.Course, people map[string]int) []PolicyHolders {
	list, seen := []PolicyHolders{}, map[string]bool{}
	for i := len(c.Versions) - 1; i >= 0; i-- {
		for _, p := range c.Versions[i].Policies {
			if seen[p.ID] || people[p.ID] == 0 && i < len(c.Versions)-1 {
				continue
			}
			seen[p.ID] = true
			list = append(list, PolicyHolders{p, people[p.ID]})
		}
	}
	return list
}
