package redisstore

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/shop"
)

// Which carts hold a course is kept apart from the carts, for a figure of the console:
//
//	course_carts_{COURSE}  sorted set: users by the version of the cart that had the course last
//
// On a Cluster it is in another slot than the carts, so no script can write both. It is written after the cart, and a
// count looks at the carts themselves. A user that is missing, because the process died between the two or Redis did not
// take the second, comes with the next change of the cart or its first look of a day; one too many is found by the count
// and goes. A version grows with each change of its cart, so a late writer takes no newer entry away. It is about the time
// in ms, so that carts which have expired can be recognised by it.

func courseCartsKey(courseID string) string { return "course_carts_{" + courseID + "}" }

const (
	// courseCartsAge is how long an entry is kept: longer than a cart, whose life is prolonged once a day.
	courseCartsAge = CartTTL + 2*24*time.Hour

	// countedCarts is how many carts a count looks at.
	countedCarts = 1000

	// freshEntry is how young an entry is whose cart may not be written yet.
	freshEntry = time.Minute
)

// note enters a cart under its courses, by its version, or by the time where that is later: a cart that is looked at
// lives on without a change. What Redis does not take comes with the next change.
func (s *Carts) note(ctx context.Context, userID string, cart shop.Cart, looked bool) {
	if len(cart.Lines) == 0 {
		return
	}
	score := cart.Version
	if looked {
		score = max(score, time.Now().UnixMilli())
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout())
	defer cancel()
	_, _ = s.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, l := range cart.Lines {
			key := courseCartsKey(l.CourseID)
			p.ZAddArgs(ctx, key, redis.ZAddArgs{GT: true, Members: []redis.Z{{Score: float64(score), Member: userID}}})
			p.PExpire(ctx, key, courseCartsAge)
		}
		return nil
	})
}

// Forget takes a cart of this version, or before it, out from under courses.
func (s *Carts) Forget(ctx context.Context, userID string, version int64, courseIDs ...string) {
	if len(courseIDs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout())
	defer cancel()
	_, _ = s.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, id := range courseIDs {
			forgetCart.Eval(ctx, p, []string{courseCartsKey(id)}, version, userID)
		}
		return nil
	})
}

// forgetCart: ARGV the latest score that goes, users….
var forgetCart = redis.NewScript(`
local gone = 0
for i = 2, #ARGV do
  local score = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or '')
  if score and score <= tonumber(ARGV[1]) then gone = gone + redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return gone`)

// CourseCarts is how many carts hold a course. Of more than 1000 it is an estimate from those that were written last: then
// Exact is false.
type CourseCarts struct {
	People int
	Exact  bool
}

// Holding counts the carts with a course, and forgets those that have it no more.
func (s *Carts) Holding(ctx context.Context, courseID string) (CourseCarts, error) {
	if !shop.ValidID(courseID) {
		return CourseCarts{}, shop.ErrCourseNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	n, err := s.holding(ctx, courseID)
	if err != nil {
		return CourseCarts{}, shop.ErrCartUnavailable
	}
	return n, nil
}

func (s *Carts) holding(ctx context.Context, courseID string) (CourseCarts, error) {
	key, now := courseCartsKey(courseID), time.Now()
	var users *redis.ZSliceCmd
	var all *redis.IntCmd
	_, err := s.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.ZRemRangeByScore(ctx, key, "-inf", "("+strconv.FormatInt(now.Add(-courseCartsAge).UnixMilli(), 10))
		users = p.ZRevRangeWithScores(ctx, key, 0, countedCarts-1)
		all = p.ZCard(ctx, key)
		return nil
	})
	if err != nil {
		return CourseCarts{}, err
	}
	there, stale, err := s.verify(ctx, courseID, users.Val(), now)
	if err != nil {
		return CourseCarts{}, err
	}
	if len(stale) > 0 {
		args := append([]any{now.Add(-freshEntry).UnixMilli()}, stale...)
		_ = forgetCart.Run(ctx, s.redis, []string{key}, args...).Err() // the next count does it else
	}
	seen := len(users.Val())
	if total := int(all.Val()); seen > 0 && total > seen {
		return CourseCarts{People: int(math.Round(float64(total) * float64(there) / float64(seen)))}, nil
	}
	return CourseCarts{People: there, Exact: true}, nil
}

// verify looks whether the users' carts have the course. Those without it whose entry is not fresh are stale.
func (s *Carts) verify(ctx context.Context, courseID string, users []redis.Z, now time.Time) (there int, stale []any, err error) {
	for part := range slices.Chunk(users, 250) {
		lines := make([]*redis.IntCmd, len(part))
		_, err := s.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, u := range part {
				lines[i] = p.Exists(ctx, CartLineKey(u.Member.(string), courseID))
			}
			return nil
		})
		if err != nil {
			return 0, nil, err
		}
		for i, u := range part {
			switch {
			case lines[i].Val() > 0:
				there++
			case int64(u.Score) <= now.Add(-freshEntry).UnixMilli():
				stale = append(stale, u.Member)
			}
		}
	}
	return there, stale, nil
}
