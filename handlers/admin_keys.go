package handlers

import (
	"errors"
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
	Maker     string     `json:"maker"` // the username of CreatedBy
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	Ended     string     `json:"ended,omitempty"`     // why it is dead, see store.APIKey.Ended
	LastUsed  *time.Time `json:"last_used,omitempty"` // to the minute
}

// viewAPIKey shows a key with its maker, nil where there is none any more.
func (s *Server) viewAPIKey(k store.APIKey, maker *shop.User) apiKeyView {
	v := apiKeyView{
		ID: k.ID, Name: k.Name, Scopes: k.Scopes, CreatedBy: k.CreatedBy, CreatedAt: utc(k.CreatedAt), ExpiresAt: utc(k.ExpiresAt),
		Ended: k.Ended(maker, s.Now()),
	}
	if maker != nil {
		v.Maker = maker.Username
	}
	if k.LastUsed != nil {
		at := utc(*k.LastUsed)
		v.LastUsed = &at
	}
	return v
}

// listAPIKeys answers GET /api/admin/api-keys, the ended ones included.
func (s *Server) listAPIKeys(w http.ResponseWriter, r *http.Request) error {
	keys, err := s.Store.APIKeys.All(r.Context(), s.Now())
	if err != nil {
		return err
	}
	list := page[apiKeyView]{Items: []apiKeyView{}}
	makers := map[string]*shop.User{}
	for _, k := range keys {
		maker, read := makers[k.CreatedBy]
		if !read {
			maker, err = s.Store.Users.Get(r.Context(), k.CreatedBy)
			if err != nil && !errors.Is(err, shop.ErrUserNotFound) {
				return err
			}
			makers[k.CreatedBy] = maker
		}
		list.Items = append(list.Items, s.viewAPIKey(k, maker))
	}
	return encode(w, http.StatusOK, list)
}

// maxKeyTTL is how long a key may be good at most.
const maxKeyTTL = 366 * 24 * time.Hour

// createAPIKey answers POST /api/admin/api-keys `{name,scopes,expires_at?}`; without an end it is good
// for store.KeyTTL. The key is in this answer and nowhere else: only its hash is kept.
func (s *Server) createAPIKey(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name      string     `json:"name"`
		Scopes    []string   `json:"scopes"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
	if err := decode(w, r, &in); err != nil {
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
	now := s.Now()
	ends := now.Add(store.KeyTTL)
	if in.ExpiresAt != nil {
		ends = *in.ExpiresAt
	}
	if !ends.After(now) || ends.After(now.Add(maxKeyTTL)) {
		return shop.ErrInvalidField.At("expires_at")
	}
	text, key, err := s.Store.APIKeys.Insert(r.Context(), name, scopes, learnerID(r.Context()), ends, now)
	if err != nil {
		return err
	}
	maker, err := s.Store.Users.Get(r.Context(), key.CreatedBy)
	if err != nil {
		return err
	}
	s.event(r, "API key created", slog.String("key", key.ID))
	return encode(w, http.StatusCreated, struct {
		apiKeyView
		Key string `json:"key"`
	}{s.viewAPIKey(key, maker), text})
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
	if err := s.Store.APIKeys.Delete(r.Context(), id, learnerID(r.Context()), s.Now()); err != nil {
		return err
	}
	s.event(r, "API key deleted", slog.String("key", id))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
