package desk

import (
	"log/slog"
	"net/http"
	"time"

	"mstm/account"
	"mstm/handlers/rest"
	"mstm/shop"
)

// APIKeys are the keys of programs.
type APIKeys struct{ Keys account.APIKeys }

// APIKey is an API key without its secret.
type APIKey struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	CreatedBy string     `json:"created_by"`
	Maker     string     `json:"maker"` // the username of CreatedBy
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	Ended     string     `json:"ended,omitempty"`     // why it is dead, see store.APIKey.Ended
	LastUsed  *time.Time `json:"last_used,omitempty"` // to the minute
}

func viewAPIKey(k account.APIKey) APIKey {
	v := APIKey{
		ID: k.ID, Name: k.Name, Scopes: k.Scopes, CreatedBy: k.CreatedBy, Maker: k.Maker, CreatedAt: rest.UTC(k.CreatedAt),
		ExpiresAt: rest.UTC(k.ExpiresAt), Ended: k.Ended,
	}
	if k.LastUsed != nil {
		at := rest.UTC(*k.LastUsed)
		v.LastUsed = &at
	}
	return v
}

// List answers GET /api/admin/api-keys, the ended ones included.
func (h *APIKeys) List(w http.ResponseWriter, r *http.Request) error {
	keys, err := h.Keys.All(r.Context())
	if err != nil {
		return err
	}
	list := rest.Page[APIKey]{Items: []APIKey{}}
	for _, k := range keys {
		list.Items = append(list.Items, viewAPIKey(k))
	}
	return rest.Encode(w, http.StatusOK, list)
}

// Create answers POST /api/admin/api-keys `{name,scopes,expires_at?}`. The key is in this answer and nowhere else.
func (h *APIKeys) Create(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name      string     `json:"name"`
		Scopes    []string   `json:"scopes"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	text, key, err := h.Keys.Create(r.Context(), rest.LearnerID(r.Context()), account.NewAPIKey(in))
	if err != nil {
		return err
	}
	rest.LogEvent(r, "API key created", slog.String("key", key.ID))
	return rest.Encode(w, http.StatusCreated, struct {
		APIKey
		Key string `json:"key"`
	}{viewAPIKey(key), text})
}

// Delete answers DELETE /api/admin/api-keys/:key: it is dead at once.
func (h *APIKeys) Delete(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "key", shop.ErrAPIKeyNotFound)
	if err != nil {
		return err
	}
	if err := h.Keys.Delete(r.Context(), id, rest.LearnerID(r.Context())); err != nil {
		return err
	}
	rest.LogEvent(r, "API key deleted", slog.String("key", id))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
