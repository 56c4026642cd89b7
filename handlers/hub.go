package handlers

import (
	"cmp"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"mstm/handlers/rest"
	"mstm/hub"
	"mstm/notice"
)

// hubAPI is the hub for marketing's programs.
type hubAPI struct {
	hub       *hub.Hub
	publisher *notice.Publisher
}

// publish answers POST /api/hub/publish `{topic,type,data}` with the event's place in its
// topic. It reaches the pages that are open, and those that come back soon; what must
// not be missed is a broadcast. While Redis is away an event has no place and gets 202: some pages
// have it already, so it is not to be sent again.
func (h *hubAPI) publish(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Topic string         `json:"topic"`
		Type  string         `json:"type"`
		Data  jsontext.Value `json:"data"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	pos, pending, err := h.publisher.Publish(r.Context(), notice.ProgramEvent{Topic: in.Topic, Type: in.Type, Data: in.Data, Once: rest.MadeUnder(r)})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if pending {
		status = http.StatusAccepted
	}
	rest.LogEvent(r, "published", slog.String("topic", in.Topic), slog.String("type", in.Type))
	return rest.Encode(w, status, map[string]string{"topic": in.Topic, "pos": pos})
}

// busiestTopics is how many topics are shown one by one: anybody may follow what they like.
const busiestTopics = 100

// stats answers GET /api/hub/stats with what this instance has and did and, under `online`, the
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
func (h *hubAPI) stats(w http.ResponseWriter, r *http.Request) error {
	type online struct {
		hub.Online
		MoreTopics int `json:"more_topics"`
	}
	all := h.hub.Online()
	topics, more := busiest(all.Topics)
	all.Topics = topics
	return rest.Encode(w, http.StatusOK, struct {
		hub.Stats
		Online online `json:"online"`
	}{h.hub.Stats(), online{all, more}})
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

// live says where in the learner's topic an answer stands, so that a page follows from there. The nouns that a page
// follows share it.
type live struct{ hub *hub.Hub }

// keepPlace puts the position of the learner's topic, and of some others, into the answer. It is called before the data is
// read. A visitor has no topic.
func (h *live) keepPlace(w http.ResponseWriter, r *http.Request, others ...string) {
	places := make([]string, 0, 1+len(others))
	add := func(name, topic string) {
		if pos := h.hub.Position(topic); pos != "" {
			places = append(places, `"`+name+`":"`+pos+`"`)
		}
	}
	if id := rest.LearnerID(r.Context()); id != "" {
		add("user", hub.UserTopic(id))
	}
	for _, topic := range others {
		add(topic, topic)
	}
	if len(places) > 0 {
		w.Header().Set(rest.PositionHeader, "{"+strings.Join(places, ",")+"}")
	}
}
