package store

import (
	"fmt"
	"testing"

	"mstm/store/redistest"
)

// BenchmarkCartRead compares reading a cart with a bare round trip to the same Redis.
func BenchmarkCartRead(b *testing.B) {
	s := redisOnly(b, redistest.Single(b))
	b.Run("bare round trip", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := s.redis.HGetAll(b.Context(), "none").Err(); err != nil {
					b.Error(err)
				}
			}
		})
	})
	for _, n := range []int{0, 3, 50} {
		user := fmt.Sprint("u", n)
		for i := range n {
			if _, err := s.Carts.Put(b.Context(), user, cartLine(fmt.Sprint("c", i), "p", 1), 0); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprintf("%d lines", n), func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Carts.Get(b.Context(), user); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
