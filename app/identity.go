package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// authenticate is how the hub learns the user of a token. A store that is away is no reason to
// throw a learner out.
func authenticate(db *store.DB, now func() time.Time) func(context.Context, string) (hub.Identity, error) {
	return func(ctx context.Context, token string) (hub.Identity, error) {
		row, err := db.Tokens.Authenticate(ctx, token, now())
		if errors.Is(err, shop.ErrUnavailable) {
			return hub.Identity{}, fmt.Errorf("%w: %w", hub.ErrTryLater, err)
		}
		if err != nil {
			return hub.Identity{}, err
		}
		return identityOf(row), nil
	}
}

func identityOf(row store.TokenRow) hub.Identity {
	return hub.Identity{
		User: row.UserID, Client: row.Key(), Session: row.Session(), ExpiresAt: row.ExpiresAt,
		Desk: shop.IsStaff(row.Roles) && !row.WantsStaffPassword(), DeskRoles: shop.RoleBits(row.Roles),
	}
}

// stillGood is how the hub learns that an open socket's token or rights have been replaced or taken
// away, in case the event about it was lost.
func stillGood(db *store.DB, now func() time.Time) func(context.Context, []hub.Identity) ([]bool, error) {
	return func(ctx context.Context, ids []hub.Identity) ([]bool, error) {
		owners := make([]store.TokenOwner, len(ids))
		for i, id := range ids {
			owners[i] = store.TokenOwner{UserID: id.User, Key: id.Client}
		}
		rows, err := db.Tokens.Current(ctx, owners, now())
		if err != nil {
			return nil, err
		}
		good := make([]bool, len(ids))
		for i, row := range rows {
			is := identityOf(row)
			good[i] = row.ID != "" && is.Session == ids[i].Session && (is.Desk && is.DeskRoles == ids[i].DeskRoles || !ids[i].Desk)
		}
		return good, nil
	}
}
