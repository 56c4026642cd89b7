package shop

import (
	"slices"
	"time"
)

// Broadcast is an activity that marketing announces to an audience. Its text never changes after
// it is accepted; only its state and its counts do.
type Broadcast struct {
	ID       string             `bson:"_id"`
	V        int64              `bson:"v"`         // grows with every write
	BodyHash string             `bson:"body_hash"` // of the request, for repeats under its key
	Title    string             `bson:"title"`
	Body     string             `bson:"body"`
	Link     string             `bson:"link,omitempty"` // a page of the shop (/courses/…), or https://… on an allowed host
	Audience Audience           `bson:"audience"`
	Channels []BroadcastChannel `bson:"channels"`

	State       BroadcastState    `bson:"state"`
	History     []BroadcastRecord `bson:"history"` // every move, oldest first
	CreatedBy   string            `bson:"created_by"`
	CreatedAt   time.Time         `bson:"created_at"`
	SendAt      *time.Time        `bson:"send_at,omitempty"` // nil: at once
	ConfirmedBy string            `bson:"confirmed_by,omitempty"`
	StartedAt   *time.Time        `bson:"started_at,omitempty"` // the moment whose audience it is
	EndedAt     *time.Time        `bson:"ended_at,omitempty"`

	// PostedAt is since when one to everybody is in the inboxes. It is one document for
	// all of them: each reader's own says what was read.
	PostedAt *time.Time `bson:"posted_at,omitempty"`

	// How far the sending is. Run is the sender at work, or the sender that died; DueAt is when a
	// sender next looks at the broadcast, nil where nothing happens by itself.
	Run    string          `bson:"run,omitempty"`
	DueAt  *time.Time      `bson:"due_at,omitempty"`
	List   string          `bson:"list,omitempty"`   // where a listed audience is kept
	Shown  bool            `bson:"shown,omitempty"`  // one to everybody: open pages have it
	Place  string          `bson:"place,omitempty"`  // the last user of the audience that was handed on
	Handed bool            `bson:"handed,omitempty"` // the whole audience was handed on; WeChat messages may still wait
	Counts BroadcastCounts `bson:"counts"`
	Funnel *Funnel         `bson:"funnel,omitempty"` // once it is final
}

// BroadcastChannel is a way in which a broadcast reaches people.
type BroadcastChannel string

// The channels: open pages, the inbox, and WeChat for subscribers to activities.
const (
	ByLive   BroadcastChannel = "live"
	ByInbox  BroadcastChannel = "inbox"
	ByWeChat BroadcastChannel = "wechat"
)

// By reports whether the broadcast takes this channel.
func (b *Broadcast) By(c BroadcastChannel) bool { return slices.Contains(b.Channels, c) }

// BroadcastCounts are numbers of people. Audience is the size counted when the broadcast was
// accepted; after the sending it is the real size, Told plus OptedOut.
type BroadcastCounts struct {
	Audience int64 `bson:"audience" json:"audience"`
	Told     int64 `bson:"told" json:"told"`           // handed to every channel of the broadcast
	OptedOut int64 `bson:"opted_out" json:"opted_out"` // want no activities and received nothing
	Live     int64 `bson:"live" json:"live"`           // of Told, had a page open and were logged in
	Inbox    int64 `bson:"inbox" json:"inbox"`         // of Told, have it in the inbox
}

// Plus adds the counts of some more people; Audience stays.
func (c BroadcastCounts) Plus(more BroadcastCounts) BroadcastCounts {
	c.Told += more.Told
	c.OptedOut += more.OptedOut
	c.Live += more.Live
	c.Inbox += more.Inbox
	return c
}

// MessageCounts are numbers of a broadcast's WeChat messages: waiting, accepted by WeChat, given
// up by WeChat or the shop, and skipped because the recipient was not to get one.
type MessageCounts struct {
	Waiting int64 `json:"wechat_waiting"`
	Sent    int64 `json:"wechat_sent"`
	Failed  int64 `json:"wechat_failed"`
	Skipped int64 `json:"wechat_skipped"`
}

// CountMessages sums the broadcast's deliveries up. A recipient that cannot get a WeChat message
// has no delivery; after the end such recipients count as skipped, so that the four numbers add up
// to Told.
func (b *Broadcast) CountMessages(by map[DeliveryState]int64) MessageCounts {
	c := MessageCounts{
		Waiting: by[DeliveryWaiting], Sent: by[DeliverySent] + by[DeliveryDelivered],
		Failed: by[DeliveryFailed], Skipped: by[DeliverySkipped],
	}
	if b.EndedAt != nil {
		c.Skipped = max(c.Skipped, b.Counts.Told-c.Waiting-c.Sent-c.Failed)
	}
	return c
}

// BroadcastState is where a broadcast is.
type BroadcastState string

// The states of a broadcast.
const (
	BroadcastUnconfirmed BroadcastState = "unconfirmed" // waits for a second person
	BroadcastScheduled   BroadcastState = "scheduled"
	BroadcastSending     BroadcastState = "sending"
	BroadcastPaused      BroadcastState = "paused"
	BroadcastSent        BroadcastState = "sent"
	BroadcastCancelled   BroadcastState = "cancelled"
)

// Valid reports whether there is such a state.
func (s BroadcastState) Valid() bool {
	return slices.Contains([]BroadcastState{
		BroadcastUnconfirmed, BroadcastScheduled, BroadcastSending, BroadcastPaused, BroadcastSent, BroadcastCancelled,
	}, s)
}

// BroadcastMove names one way in which a broadcast goes from state to state.
type BroadcastMove string

// The moves of a broadcast. The shop itself starts a scheduled one, asks and finishes.
const (
	BroadcastAccept  BroadcastMove = "accept"
	BroadcastAsk     BroadcastMove = "ask" // for a second person, because the audience has grown
	BroadcastConfirm BroadcastMove = "confirm"
	BroadcastStart   BroadcastMove = "start" // now, whatever it was scheduled for
	BroadcastPause   BroadcastMove = "pause"
	BroadcastCancel  BroadcastMove = "cancel"
	BroadcastFinish  BroadcastMove = "finish"
)

// broadcastMoves says from which states to which others each move goes.
var broadcastMoves = map[BroadcastMove]struct {
	from []BroadcastState
	to   []BroadcastState
}{
	BroadcastAccept:  {[]BroadcastState{""}, []BroadcastState{BroadcastUnconfirmed, BroadcastScheduled, BroadcastSending}},
	BroadcastAsk:     {[]BroadcastState{BroadcastSending}, []BroadcastState{BroadcastUnconfirmed}},
	BroadcastConfirm: {[]BroadcastState{BroadcastUnconfirmed}, []BroadcastState{BroadcastScheduled, BroadcastSending}},
	BroadcastStart:   {[]BroadcastState{BroadcastScheduled, BroadcastPaused}, []BroadcastState{BroadcastSending}},
	BroadcastPause:   {[]BroadcastState{BroadcastScheduled, BroadcastSending}, []BroadcastState{BroadcastPaused}},
	BroadcastCancel: {
		[]BroadcastState{BroadcastUnconfirmed, BroadcastScheduled, BroadcastSending, BroadcastPaused}, []BroadcastState{BroadcastCancelled},
	},
	BroadcastFinish: {[]BroadcastState{BroadcastSending}, []BroadcastState{BroadcastSent}},
}

// BroadcastRecord is one move that happened, and its author: a user's id, key:ID, or ByShop.
type BroadcastRecord struct {
	Move BroadcastMove  `bson:"move" json:"move"`
	To   BroadcastState `bson:"to" json:"to"`
	By   string         `bson:"by" json:"by"`
	At   time.Time      `bson:"at" json:"at"`
	Key  string         `bson:"key,omitempty" json:"-"` // the request's, where it came with an Idempotency-Key (see Under)
}

// Under makes a move in the name of a request's idempotency key, and reports whether it changed
// anything: not where the broadcast was moved in its name before. "" is no key.
func (b *Broadcast) Under(key string, move func() (changed bool, err error)) (bool, error) {
	if key != "" && slices.ContainsFunc(b.History, func(r BroadcastRecord) bool { return r.Key == key }) {
		return false, nil
	}
	n := len(b.History)
	changed, err := move()
	for i := range b.History[n:] {
		b.History[n+i].Key = key
	}
	return changed, err
}

// move makes a move to a state, or refuses it with ErrBroadcastState.
func (b *Broadcast) move(m BroadcastMove, to BroadcastState, by string, now time.Time) error {
	allowed := broadcastMoves[m]
	if !slices.Contains(allowed.from, b.State) || !slices.Contains(allowed.to, to) {
		return ErrBroadcastState.With("state", b.State)
	}
	now = now.UTC()
	b.State, b.DueAt = to, nil
	b.History = append(b.History, BroadcastRecord{Move: m, To: to, By: by, At: now})
	switch to {
	case BroadcastScheduled:
		b.DueAt = b.SendAt
	case BroadcastSending:
		b.DueAt = &now
		if b.StartedAt == nil {
			b.StartedAt = &now
		}
	case BroadcastPaused, BroadcastCancelled:
		if b.Run != "" { // the next sender clears up if the sender at work dies
			until := now.Add(BroadcastLease)
			b.DueAt = &until
		}
	}
	if to == BroadcastSent || to == BroadcastCancelled {
		b.EndedAt = &now
	}
	return nil
}

// BroadcastLease is how long a sender may be silent before another takes its place. Two senders at
// work do no harm: each recipient still gets the broadcast once.
const BroadcastLease = 5 * time.Second

// maxAhead is how far ahead a broadcast may be scheduled.
const maxAhead = 90 * 24 * time.Hour

// CheckTime refuses a time that is over, or more than 90 days ahead. It is for a new broadcast
// alone: the repeat of a request may come after its time.
func (b *Broadcast) CheckTime(now time.Time) error {
	if at := b.SendAt; at != nil && (at.Before(now) || at.After(now.Add(maxAhead))) {
		return ErrInvalidField.At("send_at").Because("发送时间须在将来 90 天之内", "The time must lie ahead, by at most 90 days.")
	}
	return nil
}

// Accept makes a new broadcast one that is sent, at its time or at once; confirm says that a
// second person has to agree first.
func (b *Broadcast) Accept(confirm bool, now time.Time) error {
	b.CreatedAt = now.UTC()
	if confirm {
		return b.move(BroadcastAccept, BroadcastUnconfirmed, b.CreatedBy, now)
	}
	return b.move(BroadcastAccept, b.ready(now), b.CreatedBy, now)
}

// ready is the state of a broadcast that may be sent.
func (b *Broadcast) ready(now time.Time) BroadcastState {
	if b.SendAt != nil && now.Before(*b.SendAt) {
		return BroadcastScheduled
	}
	return BroadcastSending
}

// Grows reports whether a broadcast that begins may go to more people than were counted when it was
// accepted, without a confirmation of the new number: it waited for its time, and its audience is
// counted at that time.
func (b *Broadcast) Grows() bool {
	return b.Waited() && b.ConfirmedBy == "" && b.Audience.Kind != AudienceUsers
}

// Waited reports whether a broadcast that is being sent has waited for its time and reached no recipient
// yet.
func (b *Broadcast) Waited() bool {
	begun := b.Place != "" || b.List != "" || b.PostedAt != nil || b.Shown || b.Handed
	return b.SendAt != nil && !begun
}

// Sponsor is the account in whose name a broadcast goes: the last that made, confirmed or started
// it.
func (b *Broadcast) Sponsor() string {
	by := b.CreatedBy
	for _, r := range b.History {
		if r.By != ByShop && (r.Move == BroadcastConfirm || r.Move == BroadcastStart) {
			by = r.By
		}
	}
	return by
}

// Ask has a broadcast that was about to begin wait for a second person, because it goes to so many.
func (b *Broadcast) Ask(audience int64, now time.Time) error {
	if err := b.move(BroadcastAsk, BroadcastUnconfirmed, ByShop, now); err != nil {
		return err
	}
	b.Counts.Audience, b.StartedAt, b.Run = audience, nil, ""
	return nil
}

// Confirm releases a broadcast that waits for a second person. The author cannot confirm
// (ErrSecondPerson), and the confirmed number must be the counted one (ErrAudienceChanged).
func (b *Broadcast) Confirm(by string, audience int64, now time.Time) error {
	switch {
	case b.State != BroadcastUnconfirmed:
		return ErrBroadcastState.With("state", b.State)
	case by == b.CreatedBy:
		return ErrSecondPerson
	case audience != b.Counts.Audience:
		return ErrAudienceChanged.With("counts", map[string]int64{"audience": b.Counts.Audience})
	}
	b.ConfirmedBy = by
	return b.move(BroadcastConfirm, b.ready(now), by, now)
}

// Start sends a scheduled broadcast now, or goes on with a paused one. changed is false
// where it is being sent already.
func (b *Broadcast) Start(by string, now time.Time) (changed bool, err error) {
	if b.State == BroadcastSending {
		return false, nil
	}
	return true, b.move(BroadcastStart, BroadcastSending, by, now)
}

// Pause holds a broadcast until Start. changed is false where it is held already.
func (b *Broadcast) Pause(by string, now time.Time) (changed bool, err error) {
	if b.State == BroadcastPaused {
		return false, nil
	}
	return true, b.move(BroadcastPause, BroadcastPaused, by, now)
}

// Cancel ends a broadcast; what recipients already have stays with them. changed is false where it
// was cancelled before.
func (b *Broadcast) Cancel(by string, now time.Time) (changed bool, err error) {
	if b.State == BroadcastCancelled {
		return false, nil
	}
	return true, b.move(BroadcastCancel, BroadcastCancelled, by, now)
}

// Finish ends a broadcast after its whole audience was handed on. Its funnel is counted once more,
// when it is final.
func (b *Broadcast) Finish(now time.Time) error {
	if err := b.move(BroadcastFinish, BroadcastSent, ByShop, now); err != nil {
		return err
	}
	b.Counts.Audience = b.Counts.Told + b.Counts.OptedOut
	final := now.Add(FunnelFinal).UTC()
	b.Run, b.DueAt = "", &final
	return nil
}

// Take makes a due broadcast one sender's: a scheduled one is started by it. It is
// ErrBroadcastState where nothing is due, because another was quicker.
func (b *Broadcast) Take(run string, now time.Time) error {
	if b.DueAt == nil || now.Before(*b.DueAt) {
		return ErrBroadcastState.With("state", b.State)
	}
	if b.State == BroadcastScheduled {
		if err := b.move(BroadcastStart, BroadcastSending, ByShop, now); err != nil {
			return err
		}
	}
	b.Run = run
	until := now.Add(BroadcastLease).UTC()
	b.DueAt = &until
	return nil
}

// Await releases a broadcast whose audience was handed on while WeChat messages still wait. A
// sender looks at it and reports the progress to the console each second of the first minute, then
// the more seldom the longer it takes.
func (b *Broadcast) Await(now time.Time) {
	pause := min(max(now.Sub(*b.StartedAt)/60, time.Second), 30*time.Second)
	again := now.Add(pause).UTC()
	b.Run, b.DueAt = "", &again
}

// Hold extends the sender's lease on a broadcast, or releases a broadcast that was stopped.
func (b *Broadcast) Hold(now time.Time) {
	if b.State != BroadcastSending {
		b.Run, b.DueAt = "", nil
		return
	}
	until := now.Add(BroadcastLease).UTC()
	b.DueAt = &until
}

// ClearUp closes the books of a broadcast that is not being sent: its sender died and may have
// reached more people than it counted, or the broadcast is sent and its funnel is final. missed
// are the people that a cancelled broadcast's dead sender reached without counting them. The
// uncounted people of a paused broadcast are counted after Start, when handing them on again has
// no effect; Run keeps the dead sender for a later Cancel.
func (b *Broadcast) ClearUp(missed BroadcastCounts, funnel *Funnel) {
	b.DueAt = nil
	switch b.State {
	case BroadcastPaused:
		return
	case BroadcastCancelled:
		b.Counts = b.Counts.Plus(missed)
	case BroadcastSent:
		b.Funnel = funnel
	}
	b.Run = ""
}

// BroadcastView is a broadcast as the console and programs see it.
type BroadcastView struct {
	ID          string             `json:"id"`
	State       BroadcastState     `json:"state"`
	Title       string             `json:"title"`
	Body        string             `json:"body"`
	Link        string             `json:"link,omitempty"`
	Audience    Audience           `json:"audience"`
	Channels    []BroadcastChannel `json:"channels"`
	CreatedBy   string             `json:"created_by"`
	CreatedAt   time.Time          `json:"created_at"`
	ConfirmedBy string             `json:"confirmed_by,omitempty"`
	SendAt      *time.Time         `json:"send_at,omitempty"`
	StartedAt   *time.Time         `json:"started_at,omitempty"`
	EndedAt     *time.Time         `json:"ended_at,omitempty"`
	Counts      BroadcastTally     `json:"counts"`
}

// BroadcastTally is how far a broadcast has come, its WeChat messages included.
type BroadcastTally struct {
	BroadcastCounts
	MessageCounts
}

// View is the broadcast as the console and programs see it, with times in UTC. sent is what
// became of its WeChat messages.
func (b *Broadcast) View(sent MessageCounts) BroadcastView {
	return BroadcastView{
		ID: b.ID, State: b.State, Title: b.Title, Body: b.Body, Link: b.Link, Audience: b.Audience, Channels: b.Channels,
		CreatedBy: b.CreatedBy, CreatedAt: inUTC(b.CreatedAt), ConfirmedBy: b.ConfirmedBy,
		SendAt: utcOrNil(b.SendAt), StartedAt: utcOrNil(b.StartedAt), EndedAt: utcOrNil(b.EndedAt), Counts: BroadcastTally{b.Counts, sent},
	}
}

func inUTC(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func utcOrNil(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := inUTC(*t)
	return &u
}
