package handlers

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"mstm/hub"
	"mstm/shop"
)

// tell publishes what has just been changed, with data written as the REST answers write
// it. The change is done: the caller's hanging up does not stop it, and a hub that is
// down costs the other pages their news, not the caller the answer.
func (s *Server) tell(r *http.Request, topic, what string, data any) {
	s.tellOnce(r, topic, what, "", data)
}

// tellOnce is tell for what may be done again: under one key, unless that is "", one event
// is published.
func (s *Server) tellOnce(r *http.Request, topic, what, once string, data any) {
	ctx, cancel := afterwards(r)
	defer cancel()
	body, err := marshal(data)
	if err == nil {
		_, err = s.Hub.Publish(ctx, hub.Event{Topic: topic, Type: what, Data: json.RawMessage(body), Once: once})
	}
	if err != nil && !errors.Is(err, hub.ErrInLine) { // what stands in line is heard when Redis is back
		s.Log.LogAttrs(ctx, slog.LevelWarn, "event not published", slog.String("request_id", exchangeOf(ctx).id),
			slog.String("type", what), slog.Any("err", err))
	}
}

// positionHeader is where a learner's topic stood before an answer's data was read: a since for hello
// and for GET /api/events, as JSON. A page that shows the data and follows from there misses nothing;
// what happened between the two comes once more.
const positionHeader = "Hub-Position"

// keepPlace puts it into the answer. It is called before the data is read.
func (s *Server) keepPlace(w http.ResponseWriter, r *http.Request) {
	if pos := s.Hub.Position(hub.UserTopic(learnerID(r.Context()))); pos != "" {
		w.Header().Set(positionHeader, `{"user":"`+pos+`"}`)
	}
}

// courseChanged is what pages that show a course are told: read it again.
type courseChanged struct {
	CourseID string           `json:"course_id"`
	State    shop.CourseState `json:"state"`
	OnSale   bool             `json:"on_sale"`
	Version  int              `json:"version"`
}

func (s *Server) tellCourseChanged(r *http.Request, c *shop.Course) {
	s.tell(r, hub.CourseTopic(c.ID), "course.changed", courseChanged{
		CourseID: c.ID, State: c.State, OnSale: c.State == shop.CourseOnSale, Version: c.Current().Version,
	})
}
