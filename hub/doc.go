// Package hub is the live part of the shop: it keeps the WebSockets of every open page and
// passes each event to the pages that follow its topic, on whichever instance they are.
//
// # Parts
//
//	hub        Publish, topics, sessions, resume; Hub is the public face
//	hub/feed   the log in Redis → events in order, once (feed calls Receiver.Deliver)
//	hub/conn   events → frames → bytes (hub calls Batch.Offer and Socket.Offer)
//	hub/fleet  how many sockets each instance has, by topic and user
//
// The hub imports the three others. They import neither the hub nor one another.
//
// # How an event travels
//
// Topics are spread over a fixed number of partitions. Publish appends the event to its partition's
// log, which gives it the next offset and sends it to all instances. The feed of each instance delivers the
// entries in the order of offsets; a hole is read once per instance, and no socket is closed for it.
// newEvent builds the frame once; the followers' sockets share it, and writers write it.
//
// Learners' topics and shared topics (activity, courses, desk) have separate links to Redis, and
// separate lanes in front of each socket and in the writers' run queue: a payment overtakes a
// marketing flood wherever it could have to wait. Within a topic nothing overtakes. What a slow
// socket's lanes cannot hold is never left out in silence; conn.Lane says how.
//
// While Redis is away an event reaches the pages of its own instance at once, and the other instances when Redis is
// back; feed/pending.go says how.
//
// A position ("pos") is "EPOCH-OFFSET". A follower takes nothing at or below the position
// it came with, so an event reaches a socket once, in order. When continuity is lost (Redis came
// back empty, the hole is older than the stream, a replica took over without the tail) every
// follower is sent a fresh "ready" for its topic with "resumed":false: read the state again.
//
// # Goroutines
//
// Run owns these and waits for them: the two goroutines of each link of the feed, the fleet's exchange of counts,
// the beat (pings, expired tokens), and the rechecks of tokens. The reader of a socket is started by ServeHTTP, which
// returns so that the request's memory is freed; it alone takes the session out of the roster. The package conn says
// which goroutine writes.
//
// # Locks
//
// Each lock guards the fields below it in its struct. They are taken in this order; none is held across a write to
// a socket or a call to Redis, but for the fleet's exchange.
//
//	1  feed.Partition   its position, ring and pending events, and the hub's partition: topics and followers.
//	                    A function that needs it takes a feed.Held, which only Lock makes.
//	   feed.unacknowledged  within it; also taken alone
//	2  owner            identity and token of one session
//	3  conn.Socket      what waits for one socket, and how far it has come in its life
//	4  conn.writers     the run queue
//	5  roster           the sockets of this instance
//	6  fleet.Fleet      the other instances; before it fleet.exchange, which no other part takes
//	7  fleet.presence   the counts of this instance
//
// Alone are taken: conn.AdmissionLimiter, and the two of conn.response, in the order writing, deadlines.
package hub
