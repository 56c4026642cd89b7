package handlers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"

	"mstm/hub"
	"mstm/shop"
)

// maxEventData is the size of a published event's data in bytes.
const maxEventData = 16 << 10

// systemEvents are the shop's own words: a page acts on them (replaces its cart, logs
// out), so nobody may say them by hand.
func isSystemEvent(what string) bool {
	switch what {
	case "cart.changed", "order.changed", "enrolment.changed", "session.replaced", "wechat.bound", "notice.posted", "broadcast.progress":
		return true
	}
	return false
}

// publish answers POST /api/hub/publish `{topic,type,data}` with the event's place in its
// topic. It reaches the pages that are open, and those that come back soon; what must
// not be missed is a broadcast.
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
	if !isEventType(in.Type) || isSystemEvent(in.Type) {
		return shop.ErrInvalidField.At("type")
	}
	if len(in.Data) > maxEventData {
		return shop.ErrInvalidField.At("data")
	}
	data := bytes.TrimSpace(in.Data)
	if len(data) == 0 {
		data = []byte("{}")
	}
	pos, err := s.Hub.Publish(r.Context(), hub.Event{Topic: in.Topic, Type: in.Type, Data: json.RawMessage(data)})
	if err != nil {
		return fmt.Errorf("%w: %w", shop.ErrHubUnavailable, err)
	}
	s.event(r, "published", slog.String("topic", in.Topic), slog.String("type", in.Type))
	return encode(w, http.StatusOK, map[string]string{"topic": in.Topic, "pos": pos})
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
	all, err := s.Store.Catalogue(r.Context())
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

// hubStats answers GET /api/hub/stats: who is online.
func (s *Server) hubStats(w http.ResponseWriter, r *http.Request) error {
	return encode(w, http.StatusOK, s.Hub.Stats())
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
	send(prometheus.GaugeValue, "sockets", "Open WebSockets of this instance.", float64(st.Sockets))
	send(prometheus.GaugeValue, "users", "Learners with an open socket on this instance.", float64(st.Users))
	send(prometheus.CounterValue, "published_total", "Events published by this instance.", float64(st.Published))
	send(prometheus.CounterValue, "delivered_total", "Events given to sockets.", float64(st.Delivered))
	send(prometheus.CounterValue, "slow_closes_total", "Sockets ended because they were too slow.", float64(st.SlowCloses))
	send(prometheus.CounterValue, "refused_total", "Sockets refused.", float64(st.Refused))
	send(prometheus.CounterValue, "links_lost_total", "Lost subscriptions to Redis.", float64(st.LinksLost))
}
