package handlers

import (
	"log/slog"
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/personal"
)

// exportTime bounds how long one copy may take to send.
const exportTime = 5 * time.Minute

// exports are the copies that people have made of what the shop keeps of them.
type exports struct {
	exports *personal.Exports
	log     *slog.Logger
}

// counted is a writer that knows whether anything was written.
type counted struct {
	http.ResponseWriter
	begun bool
}

func (c *counted) Write(p []byte) (int, error) {
	c.begun = true
	return c.ResponseWriter.Write(p)
}

// show answers GET /api/me/export with a file. What cannot be completed is cut off, so that it does not look whole.
func (h *exports) show(w http.ResponseWriter, r *http.Request) error {
	userID := rest.LearnerID(r.Context())
	if err := h.exports.Begin(r.Context(), userID); err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportTime)) // without it the server's own holds
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="my-data.json"`)
	w.Header().Set("Cache-Control", "no-store")
	out := &counted{ResponseWriter: w}
	err := h.exports.Write(r.Context(), userID, out)
	if err != nil && out.begun {
		h.log.WarnContext(r.Context(), "a copy of personal data is cut off", "err", err)
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		w.Header().Del("Content-Disposition")
	}
	return err
}
