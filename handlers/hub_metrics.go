package handlers

import (
	"github.com/prometheus/client_golang/prometheus"

	"mstm/hub"
)

// hubCollector shows the hub's figures to Prometheus, all of one moment.
type hubCollector struct{ hub *hub.Hub }

// Describe names nothing ahead: the figures are the same at every scrape.
func (hubCollector) Describe(chan<- *prometheus.Desc) {}

// Collect reads the figures.
func (c hubCollector) Collect(out chan<- prometheus.Metric) {
	st := c.hub.Stats()
	send := func(kind prometheus.ValueType, name, help string, v float64) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("mstm_hub_"+name, help, nil, nil), kind, v)
	}
	collectOnline(c.hub.Online(), out)
	send(prometheus.GaugeValue, "sockets", "Open WebSockets of this instance.", float64(st.Sockets))
	send(prometheus.GaugeValue, "users", "Learners with an open socket on this instance.", float64(st.Users))
	send(prometheus.CounterValue, "published_total", "Events published by this instance.", float64(st.Published))
	send(prometheus.CounterValue, "delivered_total", "Events given to sockets.", float64(st.Delivered))
	send(prometheus.CounterValue, "conflated_total", "Events that gave way to a newer state before they were sent.", float64(st.Conflated))
	send(prometheus.CounterValue, "resynced_total", "Shared topics that a lagging socket had to read again.", float64(st.Resynced))
	send(prometheus.CounterValue, "delayed_total", "Handshakes sent away to come back later.", float64(st.Delayed))
	send(prometheus.CounterValue, "slow_closes_total", "Sockets ended because they were too slow.", float64(st.SlowCloses))
	send(prometheus.CounterValue, "refused_total", "Sockets refused.", float64(st.Refused))
	send(prometheus.CounterValue, "links_lost_total", "Lost subscriptions to Redis.", float64(st.LinksLost))
}

// collectOnline sends the numbers online on all instances; every instance says the same.
func collectOnline(all hub.Online, out chan<- prometheus.Metric) {
	send := func(name, help string, v int, topic ...string) {
		var labels []string
		if topic != nil {
			labels = []string{"topic"}
		}
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("mstm_hub_online_"+name, help, labels, nil),
			prometheus.GaugeValue, float64(v), topic...)
	}
	send("instances", "Instances that this one hears of, itself included.", all.Instances)
	send("sockets", "Open sockets on all instances.", all.Sockets)
	send("users", "Learners with an open socket, each once, on all instances.", all.Users)
	topics, _ := busiest(all.Topics)
	for topic, n := range topics {
		send("topic_sockets", "Sockets that follow a topic on all instances; the busiest topics.", n.Sockets, topic)
		send("topic_users", "Learners that follow a topic on all instances; the busiest topics.", n.Users, topic)
	}
}
