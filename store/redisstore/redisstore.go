// Package redisstore is what the shop keeps in Redis: carts, and what can be had again or counted again: limits, places of
// logins, small things that instances share.
package redisstore

import "time"

// How long one answer of Redis may take.
const (
	Timeout    = 500 * time.Millisecond // a slow one must not pile up requests
	OwnTimeout = 5 * time.Second        // the embedded one is as busy as this process
)
