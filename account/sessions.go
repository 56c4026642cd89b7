package account

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// ListedSession is a session as its user sees it among the others.
type ListedSession struct {
	ID         string // no credential
	DeviceName string // in the reader's language
	Client     string // one of store.Clients
	CreatedAt  time.Time
	LastSeenAt time.Time // to some minutes
	Current    bool      // the one that asks
}

// Sessions are the sessions of a session's user, that one first and then those used last.
func (a *Accounts) Sessions(ctx context.Context, v Visitor, session store.TokenRow) ([]ListedSession, error) {
	rows, err := a.Tokens.Live(ctx, session.UserID, a.Now())
	if err != nil {
		return nil, err
	}
	all := make([]ListedSession, 0, len(rows))
	for _, r := range rows {
		all = append(all, ListedSession{
			ID: r.PublicID(), DeviceName: deviceName(r, v.English), Client: r.Client, CreatedAt: r.CreatedAt, LastSeenAt: r.LastUse(),
			Current: r.ID == session.ID,
		})
	}
	slices.SortStableFunc(all, func(x, y ListedSession) int { return count(y.Current) - count(x.Current) })
	return all, nil
}

// EndSession ends the session with an id of a session's user, with its sockets; shop.ErrSessionNotFound where the user has none of that id.
func (a *Accounts) EndSession(ctx context.Context, v Visitor, session store.TokenRow, id string) error {
	rows, err := a.Tokens.Live(ctx, session.UserID, a.Now())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(r store.TokenRow) bool { return r.PublicID() == id })
	if i < 0 {
		return shop.ErrSessionNotFound
	}
	done, err := a.endSession(ctx, rows[i])
	if err == nil && !done {
		err = shop.ErrSessionNotFound // it was ended between the two
	}
	if err != nil {
		return err
	}
	a.pages.show(ctx, shop.SessionsChanged(session.UserID))
	v.log(ctx, a.Log, "session ended", slog.String("session", id))
	return nil
}

// EndOtherSessions ends all sessions of a session's user but that one, with their sockets.
func (a *Accounts) EndOtherSessions(ctx context.Context, v Visitor, session store.TokenRow) error {
	rows, err := a.Tokens.Live(ctx, session.UserID, a.Now())
	if err != nil {
		return err
	}
	var errs error
	for _, r := range rows {
		if r.ID != session.ID {
			_, err := a.endSession(ctx, r)
			errs = errors.Join(errs, err)
		}
	}
	a.pages.show(ctx, shop.SessionsChanged(session.UserID))
	v.log(ctx, a.Log, "other sessions ended")
	return errs
}

// endSession ends a session and its sockets, unless another login has taken its place.
func (a *Accounts) endSession(ctx context.Context, row store.TokenRow) (bool, error) {
	done, err := a.Tokens.End(ctx, row)
	if done {
		a.pages.end(ctx, row.UserID, row.Key(), "", hub.LoggedOut)
	}
	return done, err
}
