package handlers

import (
	"net/http"

	"mstm/handlers/rest"
	"mstm/hub"
)

// live says where in the learner's topic an answer stands, so that a page follows from there. The nouns that a page
// follows share it.
type live struct{ hub *hub.Hub }

// keepPlace puts the position of the learner's topic into the answer. It is called before the data is read.
func (h *live) keepPlace(w http.ResponseWriter, r *http.Request) {
	if pos := h.hub.Position(hub.UserTopic(rest.LearnerID(r.Context()))); pos != "" {
		w.Header().Set(rest.PositionHeader, `{"user":"`+pos+`"}`)
	}
}
