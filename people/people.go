// Package people is what the shop's staff know of the people with an account, and what they note about them: how a person
// is found, and the profile with what the person holds, ordered and received, and the devices with a login. It has the audit, too: what
// staff did. A handler decodes a request, calls one method of this package and encodes what it returns.
package people

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// Config is what People works with. Every field is needed.
type Config struct {
	Store Collections
	Hub   *hub.Hub
	Now   func() time.Time // the shop's clock
	Log   *slog.Logger
}

// Collections are the collections that this package reads and writes.
type Collections struct {
	Users      *store.Users
	Tokens     *store.Tokens
	Bindings   *store.Bindings
	WeChats    *store.WeChats
	Orders     *store.Orders
	Catalogue  *store.CatalogueCache
	Enrolments *store.Enrolments
	Progress   *store.Progress
	Notices    *store.Notices
	Deliveries *store.Deliveries
	StaffNotes *store.StaffNotes
	Audit      *store.Audit
}

// CollectionsOf are those of a shop.
func CollectionsOf(db *store.DB) Collections {
	return Collections{
		Users: db.Users, Tokens: db.Tokens, Bindings: db.Bindings, WeChats: db.WeChats, Orders: db.Orders, Catalogue: db.Catalogue,
		Enrolments: db.Enrolments, Progress: db.Progress, Notices: db.Notices, Deliveries: db.Deliveries, StaffNotes: db.StaffNotes, Audit: db.Audit,
	}
}

// People are all people with an account, in the hands of staff. The methods may be called from any goroutine.
type People struct{ cfg Config }

// New is the People of a shop.
func New(cfg Config) *People { return &People{cfg} }

// show has the console's pages read a person again.
func (p *People) show(ctx context.Context, userID, by string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if _, err := p.cfg.Hub.Publish(ctx, hub.Event(shop.PersonChanged(userID, by))); err != nil && !errors.Is(err, hub.ErrPending) {
		p.cfg.Log.WarnContext(ctx, "event not published", "user", userID, "err", err)
	}
}

// names are the usernames of accounts, or their names where they have none; accounts that are gone are left out.
func (p *People) names(ctx context.Context, ids []string) (map[string]string, error) {
	users, err := p.cfg.Store.Users.Living(ctx, ids)
	names := make(map[string]string, len(users))
	for id, u := range users {
		if names[id] = u.Username; u.Username == "" {
			names[id] = u.Name
		}
	}
	return names, err
}
