package rest

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mstm/shop"
)

// metrics are this server's own registry: nothing registers itself behind our back, and
// two servers in one process do not clash.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	shed     *prometheus.CounterVec
	page     http.Handler
	other    *routeMetrics
}

func newMetrics(more []prometheus.Collector, logDropped func() uint64) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mstm_http_requests_total", Help: "Requests by route pattern and class of status.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mstm_http_request_seconds", Help: "Time to answer by route pattern.",
			Buckets: []float64{.001, .005, .02, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route"}),
		shed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mstm_http_shed_total", Help: "Requests refused for the sake of others, by class and by what was full: a person's share or the class.",
		}, []string{"class", "why"}),
	}
	for c := Settlement; c < classEnd; c++ {
		for _, why := range []string{"person", "class"} {
			m.shed.WithLabelValues(c.of().String(), why)
		}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.requests, m.seconds, m.shed, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(more...)
	if logDropped != nil {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "mstm_log_lines_dropped_total", Help: "Log lines lost because standard error was not read in time.",
		}, func() float64 { return float64(logDropped()) }))
	}
	m.page = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	m.other = m.of(Route{Method: "*", Path: "none"})
	return m
}

// routeMetrics are one route's, looked up once at start: on the hot path a label look-up
// costs more than the count.
type routeMetrics struct {
	classes [6]prometheus.Counter // by the first digit of the status
	seconds prometheus.Observer
	quiet   bool // its log lines are of interest to debuggers only
}

func (m *metrics) of(rt Route) *routeMetrics {
	seen := &routeMetrics{seconds: m.seconds.WithLabelValues(rt.Method, rt.Path), quiet: rt.From == Probe}
	for i, class := range []string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		seen.classes[i] = m.requests.WithLabelValues(rt.Method, rt.Path, class)
	}
	return seen
}

func (m *routeMetrics) observe(status int, took time.Duration) {
	class := status / 100
	if class < 0 || class > 5 {
		class = 0
	}
	m.classes[class].Inc()
	m.seconds.Observe(took.Seconds())
}

// ServeMetrics answers GET /metrics to this machine and to the listed networks. To everybody else
// there is no such address: the figures of a shop are not public.
func ServeMetrics(w http.ResponseWriter, r *http.Request) error {
	s := requestOf(r.Context()).server
	if !s.mayReadMetrics(r) {
		return shop.ErrRouteNotFound
	}
	s.metrics.page.ServeHTTP(w, r)
	return nil
}

// mayReadMetrics looks at the peer itself. A request that came through a proxy has the
// proxy's address, which is often this very machine's, so it is refused.
func (s *Server) mayReadMetrics(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	addr, ok := peer(r)
	return ok && (addr.IsLoopback() || contains(s.MetricsFrom, addr))
}
