package handlers

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"mstm/shop"
	"mstm/store"
)

// apiKeyView is an API key without its secret.
type apiKeyView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	CreatedBy string     `json:"created_by"`
	CreatedAt time.Time  `json:"created_at"`
	LastUsed  *time.Time `json:"last_used,omitempty"` // to the minute
}

func viewAPIKey(k store.APIKey) apiKeyView {
	v := apiKeyView{ID: k.ID, Name: k.Name, Scopes: k.Scopes, CreatedBy: k.CreatedBy, CreatedAt: utc(k.CreatedAt)}
	if k.LastUsed != nil {
		at := utc(*k.LastUsed)
		v.LastUsed = &at
	}
	return v
}

// listAPIKeys answers GET /api/admin/api-keys.
func (s *Server) listAPIKeys(w http.ResponseWriter, r *http.Request) error {
	keys, err := s.Store.APIKeys(r.Context())
	if err != nil {
		return err
	}
	list := page[apiKeyView]{Items: []apiKeyView{}}
	for _, k := range keys {
		list.Items = append(list.Items, viewAPIKey(k))
	}
	return encode(w, http.StatusOK, list)
}

// createAPIKey answers POST /api/admin/api-keys `{name,scopes}`. The key is in this answer
// and nowhere else: only its hash is kept.
func (s *Server) createAPIKey(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name   string   `json:"name"`
		Scopes []string `json:"scopes"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	name, err := shop.CleanLine("name", in.Name, 1, maxName)
	if err != nil {
		return err
	}
	scopes, err := checkScopes(in.Scopes)
	if err != nil {
		return err
	}
	text, key, err := s.Store.InsertAPIKey(r.Context(), name, scopes, learnerID(r.Context()), s.Now())
	if err != nil {
		return err
	}
	s.event(r, "API key created", slog.String("key", key.ID))
	return encode(w, http.StatusCreated, struct {
		apiKeyView
		Key string `json:"key"`
	}{viewAPIKey(key), text})
}

// checkScopes refuses a key that may do nothing, and scopes that do not exist.
func checkScopes(scopes []string) ([]string, error) {
	if len(scopes) == 0 || len(scopes) > 2 {
		return nil, shop.ErrInvalidField.At("scopes")
	}
	for i, scope := range scopes {
		if scope != scopePublish && scope != scopeBroadcast {
			return nil, shop.ErrInvalidField.At(fmt.Sprintf("scopes[%d]", i))
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes), nil
}

// deleteAPIKey answers DELETE /api/admin/api-keys/:key: it is dead at once.
func (s *Server) deleteAPIKey(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "key", shop.ErrAPIKeyNotFound)
	if err != nil {
		return err
	}
	if err := s.Store.DeleteAPIKey(r.Context(), id); err != nil {
		return err
	}
	s.event(r, "API key deleted", slog.String("key", id))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
