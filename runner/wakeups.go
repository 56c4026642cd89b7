package runner

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"mstm/shop"
)

// Queue is where wakeups wait, as store.Wakeups.
type Queue interface {
	Due(ctx context.Context, now, real time.Time, limit int, kinds ...shop.WakeupKind) ([]shop.Wakeup, error)
	Take(ctx context.Context, w *shop.Wakeup, by string, until time.Time) (bool, error)
	Renew(ctx context.Context, id, by string, until time.Time) (bool, error)
	Release(ctx context.Context, id, by string) error
	Retry(ctx context.Context, w shop.Wakeup, at time.Time) error
}

// Handler looks at what wakeups of a kind are about.
type Handler struct {
	Kind   shop.WakeupKind
	Places int // looks at once on an instance

	// Look may come twice for the same, and logs its own failures. settled reports that it has
	// rescheduled or removed the row, on the Seq of w. A row that it has not settled is released, after an
	// error with a pause. ctx ends when another instance has taken the row over.
	Look func(ctx context.Context, w shop.Wakeup) (settled bool, err error)
}

// WakeupsConfig is what Wakeups work with. All of it is needed but what says otherwise.
type WakeupsConfig struct {
	Queue Queue
	By    string           // names this instance, and its every start
	Now   func() time.Time // the shop's clock
	Real  func() time.Time // optional: the time that leases go by, which never leaps; nil: time.Now
	Log   *slog.Logger
}

// Wakeups look at everything whose time has come, on every instance. An instance takes a row when it
// has a place for it and holds it by a lease that it renews; the rows of an instance that died are
// taken over when the lease ends.
type Wakeups struct {
	WakeupsConfig
	wake chan struct{}
	busy sync.WaitGroup
	once sync.Mutex // is held by LookOnce

	mu    sync.Mutex // guards all below
	lanes map[shop.WakeupKind]*lane
	held  map[string]*lease
	cut   bool // the last list was not all that is due
}

// lane are the looks of one kind.
type lane struct {
	Handler
	free    int
	waiting []shop.Wakeup // due when they were listed, and taken by no instance
}

// lease is a row that this instance works at, or is about to take.
type lease struct {
	until time.Time          // zero: not taken yet
	stop  context.CancelFunc // ends the look
}

const (
	wakeupsEvery = 500 * time.Millisecond // of real time, between two lists of what is due
	wakeupsMost  = 256                    // rows in one list
	renewEvery   = time.Second            // of real time, between two looks at the own leases
	renewLeft    = shop.WakeupLease * 3 / 5
)

// NewWakeups are Wakeups that look at nothing until Handle.
func NewWakeups(cfg WakeupsConfig) *Wakeups {
	if cfg.Real == nil {
		cfg.Real = time.Now
	}
	return &Wakeups{WakeupsConfig: cfg, wake: make(chan struct{}, 1), lanes: map[shop.WakeupKind]*lane{}, held: map[string]*lease{}}
}

// Handle has this instance look at wakeups of the handlers' kinds. It comes before Work is run.
func (w *Wakeups) Handle(handlers ...Handler) {
	for _, h := range handlers {
		w.lanes[h.Kind] = &lane{Handler: h, free: h.Places}
	}
}

// Wake has the wakeups listed now: something has come due on this instance.
func (w *Wakeups) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Work is for Run.
func (w *Wakeups) Work() []Work {
	begin := func(ctx context.Context) (bool, error) { return false, w.begin(ctx) }
	return []Work{
		{Name: "wakeups", Every: wakeupsEvery, Look: begin, Wake: w.wake, End: w.busy.Wait},
		Simple("leases of wakeups", renewEvery, w.renew),
	}
}

// LookOnce looks at what is due now and returns when it has. It is for instances whose Work is not run.
func (w *Wakeups) LookOnce(ctx context.Context) error {
	w.once.Lock()
	defer w.once.Unlock()
	err := w.begin(ctx)
	w.busy.Wait()
	return err
}

// begin lists what is due and begins to look at it, as places are free.
func (w *Wakeups) begin(ctx context.Context) error {
	due, err := w.Queue.Due(ctx, w.Now(), w.Real(), wakeupsMost)
	if err != nil {
		return err
	}
	for _, kind := range w.hand(due) {
		more, err := w.Queue.Due(ctx, w.Now(), w.Real(), wakeupsMost, kind)
		if err != nil {
			return err
		}
		w.add(more)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lanes {
		w.fill(ctx, l)
	}
	return nil
}

// hand hands a list out to the lanes, in place of the one before. It returns the kinds that have
// places free and may have more due than a list that was cut off holds.
func (w *Wakeups) hand(due []shop.Wakeup) (short []shop.WakeupKind) {
	w.mu.Lock()
	w.cut = len(due) == wakeupsMost
	for _, l := range w.lanes {
		l.waiting = nil
	}
	w.mu.Unlock()
	w.add(due)
	w.mu.Lock()
	defer w.mu.Unlock()
	for kind, l := range w.lanes {
		if w.cut && l.free > len(l.waiting) {
			short = append(short, kind)
		}
	}
	return short
}

// add adds rows to the lanes; those that are there, or being looked at here, are left out.
func (w *Wakeups) add(due []shop.Wakeup) {
	mix(due)
	w.mu.Lock()
	defer w.mu.Unlock()
	there := map[string]bool{}
	for _, l := range w.lanes {
		for _, row := range l.waiting {
			there[row.ID] = true
		}
	}
	for _, row := range due {
		l := w.lanes[row.Kind]
		if l != nil && w.held[row.ID] == nil && !there[row.ID] {
			l.waiting = append(l.waiting, row)
		}
	}
}

// mix shuffles what goes before nothing else, so that instances do not all begin with the same.
func mix(due []shop.Wakeup) {
	rand.Shuffle(len(due), func(i, j int) {
		if due[i].Rank == due[j].Rank {
			due[i], due[j] = due[j], due[i]
		}
	})
}

// fill begins looks while the lane has places and rows. mu is held.
func (w *Wakeups) fill(ctx context.Context, l *lane) {
	for l.free > 0 && len(l.waiting) > 0 && ctx.Err() == nil {
		row := l.waiting[0]
		l.waiting = l.waiting[1:]
		if w.held[row.ID] != nil {
			continue
		}
		l.free--
		mine, stop := context.WithCancel(ctx)
		w.held[row.ID] = &lease{stop: stop}
		w.busy.Go(func() {
			defer stop()
			w.finish(ctx, l, row.ID, w.look(mine, l, row))
		})
	}
}

// finish gives a place back. After a failure of the queue the lane waits for the next list.
func (w *Wakeups) finish(ctx context.Context, l *lane, id string, err error) {
	if err != nil && ctx.Err() == nil {
		w.Log.WarnContext(ctx, "a wakeup waits for the end of its lease", "wakeup", id, "err", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.held, id)
	l.free++
	if err != nil {
		l.waiting = nil
	}
	w.fill(ctx, l)
	if err == nil && len(l.waiting) == 0 && w.cut {
		w.Wake()
	}
}

// look takes a row, looks at what it is about, and leaves it as the look says. The error is the queue's.
func (w *Wakeups) look(ctx context.Context, l *lane, row shop.Wakeup) error {
	until := w.Real().Add(shop.WakeupLease)
	won, err := w.Queue.Take(ctx, &row, w.By, until)
	if err != nil || !won {
		return err
	}
	w.keep(row.ID, until)
	settled, err := l.Look(ctx, row)
	ended := context.WithoutCancel(ctx)
	switch {
	case settled:
		return nil
	case err != nil && ctx.Err() == nil:
		return w.Queue.Retry(ended, row, w.Now().Add(row.Pause()))
	}
	return w.Queue.Release(ended, row.ID, w.By)
}

// keep notes until when a row is this instance's.
func (w *Wakeups) keep(id string, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.held[id]; l != nil {
		l.until = until
	}
}

// renew prolongs the leases that come to their end, and ends the looks at rows that are another
// instance's by now.
func (w *Wakeups) renew(ctx context.Context) error {
	for _, id := range w.ending() {
		until := w.Real().Add(shop.WakeupLease)
		mine, err := w.Queue.Renew(ctx, id, w.By, until)
		if err != nil {
			return err
		}
		if mine {
			w.keep(id, until)
		} else {
			w.stop(id)
		}
	}
	return nil
}

// ending are the rows whose lease has to be renewed.
func (w *Wakeups) ending() (ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, l := range w.held {
		if !l.until.IsZero() && l.until.Sub(w.Real()) < renewLeft {
			ids = append(ids, id)
		}
	}
	return ids
}

// stop ends the look at a row, if it is not over.
func (w *Wakeups) stop(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.held[id]; l != nil {
		l.stop()
	}
}
