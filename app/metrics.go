package app

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/event"

	"mstm/runner"
	"mstm/shop"
	"mstm/store"
	"mstm/store/redisconn"
)

// gaugesEvery is how often an instance reads the figures of the business from the database; a scrape reads none.
const gaugesEvery = time.Minute

// metrics are the figures of the business and of the stores, for Prometheus. What moves is counted as this instance does
// it; what stands is read every minute, by indexes, and is the same on every instance.
type metrics struct {
	commands *prometheus.HistogramVec // of MongoDB
	redis    *prometheus.HistogramVec
	wechat   *prometheus.CounterVec

	mu    sync.Mutex
	db    *store.DB // nil: not open yet
	stand *standing // nil: not read yet
}

// standing is what was read from the database.
type standing struct {
	at        time.Time // real
	orders    map[shop.OrderState]int64
	oldest    map[shop.OrderState]time.Duration
	due       int64
	late      time.Duration
	unmatched int64
	jobs      map[shop.MediaJobState]int64
	days      []shop.Reconciliation // the last, if there is one
	dayAge    time.Duration         // since the end of that day
}

func newMetrics() *metrics {
	quick := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
	return &metrics{
		commands: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mstm_store_command_seconds", Help: "Time of commands to MongoDB, by command and outcome.", Buckets: quick,
		}, []string{"command", "outcome"}),
		redis: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mstm_redis_command_seconds", Help: "Time of commands to Redis, pipelines whole, by command and outcome.", Buckets: quick,
		}, []string{"command", "outcome"}),
		wechat: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mstm_wechat_answers_total", Help: "Answers of WeChat by kind of call and code: ok, its own code, the status, or none.",
		}, []string{"call", "code"}),
	}
}

// answered counts an answer of WeChat's.
func (m *metrics) answered(call, code string) { m.wechat.WithLabelValues(call, code).Inc() }

// monitor times commands to MongoDB and passes all on to next, which may be nil.
func (m *metrics) monitor(next *event.CommandMonitor) *event.CommandMonitor {
	if next == nil {
		next = &event.CommandMonitor{}
	}
	seen := func(outcome string, e event.CommandFinishedEvent) {
		m.commands.WithLabelValues(e.CommandName, outcome).Observe(e.Duration.Seconds())
	}
	return &event.CommandMonitor{
		Started: next.Started,
		Succeeded: func(ctx context.Context, e *event.CommandSucceededEvent) {
			seen("ok", e.CommandFinishedEvent)
			if next.Succeeded != nil {
				next.Succeeded(ctx, e)
			}
		},
		Failed: func(ctx context.Context, e *event.CommandFailedEvent) {
			seen("failed", e.CommandFinishedEvent)
			if next.Failed != nil {
				next.Failed(ctx, e)
			}
		},
	}
}

// redisHook times commands to Redis.
type redisHook struct{ seconds *prometheus.HistogramVec }

func (h redisHook) observe(name string, begin time.Time, err error) {
	outcome := "ok"
	if err != nil && !errors.Is(err, redis.Nil) {
		outcome = "failed"
		if redisconn.Answered(err) {
			outcome = "refused"
		}
	}
	h.seconds.WithLabelValues(name, outcome).Observe(time.Since(begin).Seconds())
}

// DialHook leaves connecting as it is.
func (h redisHook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook times one command. Those that wait for news are none of the pool's.
func (h redisHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		begin := time.Now()
		err := next(ctx, cmd)
		if name := strings.ToLower(cmd.Name()); name != "xread" {
			h.observe(name, begin, err)
		}
		return err
	}
}

// ProcessPipelineHook times commands that are sent together.
func (h redisHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		begin := time.Now()
		err := next(ctx, cmds)
		h.observe("pipeline", begin, err)
		return err
	}
}

// openMetrics begins to read what stands in the database.
func (a *App) openMetrics(ctx context.Context) error {
	m := a.metrics
	m.mu.Lock()
	m.db = a.Store
	m.mu.Unlock()
	a.Store.Redis().AddHook(redisHook{m.redis})
	read := func(ctx context.Context) error {
		return m.read(store.Background(ctx, store.Lists), a.Store, a.clock.now())
	}
	if err := read(ctx); err != nil {
		a.Log.WarnContext(ctx, "the figures of the business are not read yet", "err", err)
	}
	a.work = append(a.work, runner.Simple("figures for Prometheus", gaugesEvery, read))
	return nil
}

// read reads what stands. After an error the figures of before stay, and their age shows it.
func (m *metrics) read(ctx context.Context, db *store.DB, now time.Time) (err error) {
	s := &standing{at: time.Now(), oldest: map[shop.OrderState]time.Duration{}}
	if s.orders, err = db.Orders.Open(ctx); err != nil {
		return err
	}
	for state, n := range s.orders {
		at := now
		if n > 0 {
			if at, err = db.Orders.OldestIn(ctx, state); err != nil {
				return err
			}
		}
		s.oldest[state] = since(now, at)
	}
	var first time.Time
	if s.due, first, err = db.Wakeups.Overdue(ctx, now); err != nil {
		return err
	}
	s.late = since(now, first)
	if s.unmatched, err = db.UnmatchedPayments.CountOpen(ctx); err != nil {
		return err
	}
	if s.jobs, err = db.Media.Jobs(ctx); err != nil {
		return err
	}
	if s.days, _, err = db.Reconciliations.Page(ctx, "", 1, ""); err != nil {
		return err
	}
	for _, day := range s.days {
		s.dayAge = since(now, day.Day.End())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stand = s
	return nil
}

// since is how long ago something was; 0 for what never was or is to come.
func since(now, at time.Time) time.Duration {
	if at.IsZero() {
		return 0
	}
	return max(0, now.Sub(at))
}

// Describe names nothing ahead: the figures are the same at every scrape.
func (m *metrics) Describe(chan<- *prometheus.Desc) {}

// Collect sends what was counted and read; it asks no store.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	m.commands.Collect(out)
	m.redis.Collect(out)
	m.wechat.Collect(out)
	m.mu.Lock()
	db, s := m.db, m.stand
	m.mu.Unlock()
	if db == nil {
		return
	}
	m.collectCounts(out, db)
	if s != nil {
		m.collectStanding(out, s)
	}
}

// sending sends figures of one kind.
func sending(out chan<- prometheus.Metric, kind prometheus.ValueType) func(name, help string, v float64, labels ...string) {
	return func(name, help string, v float64, labels ...string) {
		var names, values []string
		for i := 0; i+1 < len(labels); i += 2 {
			names, values = append(names, labels[i]), append(values, labels[i+1])
		}
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("mstm_"+name, help, names, nil), kind, v, values...)
	}
}

func (m *metrics) collectCounts(out chan<- prometheus.Metric, db *store.DB) {
	count, gauge := sending(out, prometheus.CounterValue), sending(out, prometheus.GaugeValue)
	orders, messages := db.OrderMoves(), db.MessageMoves()
	for _, state := range []shop.OrderState{
		shop.OrderPending, shop.OrderClosing, shop.OrderClosed, shop.OrderPaid, shop.OrderFulfilled, shop.OrderRefunding,
		shop.OrderPartiallyRefunded, shop.OrderRefunded, shop.OrderException,
	} {
		count("order_moves_total", "Moves of orders that this instance wrote, by the state they led to.", float64(orders[string(state)]), "state", string(state))
	}
	for _, state := range []shop.DeliveryState{shop.DeliveryWaiting, shop.DeliverySent, shop.DeliveryDelivered, shop.DeliveryFailed, shop.DeliverySkipped} {
		count("messages_total", "Outcomes of WeChat messages that this instance wrote; waiting is a try that comes again.", float64(messages[string(state)]), "state", string(state))
	}
	attempts := db.WebhookAttempts()
	for _, state := range []string{"delivered", "waiting", "failed", "held"} {
		count("webhook_deliveries_total", "Attempts to deliver an event that this instance made, by what they led to; waiting is one that comes again, held was not tried: its endpoint is paused.", float64(attempts[state]), "state", state)
	}
	running, waiting := db.GateUse()
	for c := range store.Class(store.Classes) {
		gauge("store_commands_running", "Commands at MongoDB, by class.", float64(running[c]), "class", c.String())
		gauge("store_commands_waiting", "Commands that wait for a connection to MongoDB, by class.", float64(waiting[c]), "class", c.String())
	}
	pool := db.Redis().PoolStats()
	gauge("redis_connections", "Connections to Redis.", float64(pool.TotalConns))
	gauge("redis_connections_idle", "Connections to Redis that nothing uses.", float64(pool.IdleConns))
	count("redis_pool_timeouts_total", "Commands that got no connection to Redis in time.", float64(pool.Timeouts))
}

func (m *metrics) collectStanding(out chan<- prometheus.Metric, s *standing) {
	gauge := sending(out, prometheus.GaugeValue)
	gauge("gauges_age_seconds", "Age of the figures that are read from the database every minute.", time.Since(s.at).Seconds())
	for state, n := range s.orders {
		gauge("orders", "Orders that are not at rest, by state.", float64(n), "state", string(state))
		gauge("orders_oldest_seconds", "Age of the oldest order in a state, from its placing.", s.oldest[state].Seconds(), "state", string(state))
	}
	gauge("wakeups_due", "Wakeups whose time has come.", float64(s.due))
	gauge("wakeups_late_seconds", "How long the first of them has been due.", s.late.Seconds())
	gauge("unmatched_payments", "Payments that fit no order and are still here.", float64(s.unmatched))
	for _, state := range []shop.MediaJobState{shop.JobQueued, shop.JobRunning, shop.JobDone, shop.JobFailed, shop.JobCancelled} {
		gauge("media_jobs", "Jobs of files, by state.", float64(s.jobs[state]), "state", string(state))
	}
	var last shop.Reconciliation // without one the figures are 0: the shop has had no day
	for _, day := range s.days {
		last = day
	}
	gauge("reconciliation_differences", "Differences between WeChat's bill and our orders on the last day that was compared.", float64(len(last.Differences)))
	gauge("reconciliation_age_seconds", "Time since the end of the last day whose bill was asked for.", s.dayAge.Seconds())
	for _, state := range []shop.ReconciliationState{shop.ReconciliationRunning, shop.ReconciliationWaiting, shop.ReconciliationOK, shop.ReconciliationDifferences, shop.ReconciliationNoBill} {
		v := 0.0
		if state == last.State {
			v = 1
		}
		gauge("reconciliation_state", "How the comparison of the last day stands: 1 at one state.", v, "state", string(state))
	}
}
