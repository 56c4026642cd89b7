package handlers

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"

	"mstm/hub"
	"mstm/shop"
)

// maxEventData is the size of a published event's data in bytes.
const maxEventData = 16 << 10

// publish answers POST /api/hub/publish `{topic,type,data}` with the event's place in its
// topic. It reaches the pages that are open, and those that come back soon; what must
// not be missed is a broadcast. While Redis is away an event has no place and gets 202: some pages
// have it already, so it is not to be sent again.
func (s *Server) publish(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Topic string         `json:"topic"`
		Type  string         `json:"type"`
		Data  jsontext.Value `json:"data"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if err := s.checkTopic(r, in.Topic); err != nil {
		return err
	}
	if !isEventType(in.Type) || shop.IsEventType(in.Type) {
		return shop.ErrInvalidField.At("type")
	}
	if len(in.Data) > maxEventData {
		return shop.ErrInvalidField.At("data")
	}
	data := bytes.TrimSpace(in.Data)
	if len(data) == 0 {
		data = []byte("{}")
	}
	pos, err := s.Hub.Publish(r.Context(), hub.Event{Topic: in.Topic, Type: in.Type, Data: json.RawMessage(data), Once: madeUnder(r)})
	status := http.StatusOK
	if errors.Is(err, hub.ErrPending) {
		status, err = http.StatusAccepted, nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", shop.ErrHubUnavailable, err)
	}
	s.event(r, "published", slog.String("topic", in.Topic), slog.String("type", in.Type))
	return encode(w, status, map[string]string{"topic": in.Topic, "pos": pos})
}

// checkTopic lets through what marketing may speak to: everybody, and the pages of one
// course. A learner's own topic and the console's are the shop's.
func (s *Server) checkTopic(r *http.Request, topic string) error {
	if topic == hub.Activity {
		return nil
	}
	id, ok := strings.CutPrefix(topic, "course:")
	if !ok || !shop.ValidID(id) {
		return shop.ErrTopicUnknown.At("topic")
	}
	all, err := s.Store.Catalogue.Get(r.Context())
	if err != nil {
		return err
	}
	if c, ok := all.Course(id); !ok || c.State == shop.CourseDraft {
		return shop.ErrTopicUnknown.At("topic")
	}
	return nil
}

// isEventType admits words like activity.begins.
func isEventType(t string) bool {
	return t != "" && len(t) <= 64 && strings.Trim(t, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// busiestTopics is how many topics are shown one by one: anybody may follow what they like.
const busiestTopics = 100

// hubStats answers GET /api/hub/stats with what this instance has and did and, under `online`, the
// users online on all instances:
//
//	{"instances":3, "sockets":120, "anonymous":20, "users":80, "complete":true,
//	 "topics":{"activity":{"users":80,"sockets":118}, "course:go1":{…}, "desk":{…}, "user":{…}},
//	 "more_topics":0}
//
// Users are counted once, on however many sockets; the users of a topic leave visitors out. Of
// many topics the busiest are shown, more_topics counts the rest. The figures are as old as two
// seconds; an instance that died counts for six. complete is false while not all of them are
// known.
func (s *Server) hubStats(w http.ResponseWriter, r *http.Request) error {
	type online struct {
		hub.Online
		MoreTopics int `json:"more_topics"`
	}
	all := s.Hub.Online()
	topics, more := busiest(all.Topics)
	all.Topics = topics
	return encode(w, http.StatusOK, struct {
		hub.Stats
		Online online `json:"online"`
	}{s.Hub.Stats(), online{all, more}})
}

// busiest leaves of many topics those with the most sockets, and says how many it left out.
func busiest(topics map[string]hub.Followers) (map[string]hub.Followers, int) {
	if len(topics) <= busiestTopics {
		return topics, 0
	}
	names := slices.SortedFunc(maps.Keys(topics), func(a, b string) int {
		return cmp.Or(cmp.Compare(topics[b].Sockets, topics[a].Sockets), cmp.Compare(a, b))
	})
	kept := map[string]hub.Followers{}
	for _, name := range names[:busiestTopics] {
		kept[name] = topics[name]
	}
	return kept, len(topics) - busiestTopics
}

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
