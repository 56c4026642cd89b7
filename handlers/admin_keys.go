package handlers

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/store"
)

// apiKeys are the keys of programs.
type apiKeys struct {
	keys  *store.APIKeys
	users *store.Users
	now   func() time.Time
}

// apiKeyView is an API key without its secret.
type apiKeyView struct {
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

// view shows a key with its maker, nil where there is none any more.
func (h *apiKeys) view(k store.APIKey, maker *shop.User) apiKeyView {
	v := apiKeyView{
		ID: k.ID, Name: k.Name, Scopes: k.Scopes, CreatedBy: k.CreatedBy, CreatedAt: rest.UTC(k.CreatedAt), ExpiresAt: rest.UTC(k.ExpiresAt),
		Ended: k.Ended(maker, h.now()),
	}
	if maker != nil {
		v.Maker = maker.Username
	}
	if k.LastUsed != nil {
		at := rest.UTC(*k.LastUsed)
		v.LastUsed = &at
	}
	return v
}

// list answers GET /api/admin/api-keys, the ended ones included.
func (h *apiKeys) list(w http.ResponseWriter, r *http.Request) error {
	keys, err := h.keys.All(r.Context(), h.now())
	if err != nil {
		return err
	}
	list := rest.Page[apiKeyView]{Items: []apiKeyView{}}
	makers := map[string]*shop.User{}
	for _, k := range keys {
		maker, read := makers[k.CreatedBy]
		if !read {
			maker, err = h.users.Get(r.Context(), k.CreatedBy)
			if err != nil && !errors.Is(err, shop.ErrUserNotFound) {
				return err
			}
			makers[k.CreatedBy] = maker
		}
		list.Items = append(list.Items, h.view(k, maker))
	}
	return rest.Encode(w, http.StatusOK, list)
}

// maxKeyTTL is how long a key may be good at most.
const maxKeyTTL = 366 * 24 * time.Hour

// create answers POST /api/admin/api-keys `{name,scopes,expires_at?}`; without an end it is good
// for store.KeyTTL. The key is in this answer and nowhere else: only its hash is kept.
func (h *apiKeys) create(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name      string     `json:"name"`
		Scopes    []string   `json:"scopes"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	name, err := shop.CleanLine("name", in.Name, 1, shop.MaxName)
	if err != nil {
		return err
	}
	scopes, err := checkScopes(in.Scopes)
	if err != nil {
		return err
	}
	now := h.now()
	ends := now.Add(store.KeyTTL)
	if in.ExpiresAt != nil {
		ends = *in.ExpiresAt
	}
	if !ends.After(now) || ends.After(now.Add(maxKeyTTL)) {
		return shop.ErrInvalidField.At("expires_at")
	}
	text, key, err := h.keys.Insert(r.Context(), name, scopes, rest.LearnerID(r.Context()), ends, now)
	if err != nil {
		return err
	}
	maker, err := h.users.Get(r.Context(), key.CreatedBy)
	if err != nil {
		return err
	}
	rest.LogEvent(r, "API key created", slog.String("key", key.ID))
	return rest.Encode(w, http.StatusCreated, struct {
		apiKeyView
		Key string `json:"key"`
	}{h.view(key, maker), text})
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

// delete answers DELETE /api/admin/api-keys/:key: it is dead at once.
func (h *apiKeys) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "key", shop.ErrAPIKeyNotFound)
	if err != nil {
		return err
	}
	if err := h.keys.Delete(r.Context(), id, rest.LearnerID(r.Context()), h.now()); err != nil {
		return err
	}
	rest.LogEvent(r, "API key deleted", slog.String("key", id))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
