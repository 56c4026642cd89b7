package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"mstm/account"
	"mstm/shop"
)

// grant gives an account roles beside those it has: `grant USERNAME ROLE...`. It is how a shop
// comes by its first administrator; everybody else gets roles over the API. It works beside a
// running shop, at once on every instance, except on the embedded stores, because one process at a
// time can open their data folder.
func grant(ctx context.Context, cfg Settings, log *slog.Logger, args []string, out io.Writer) (err error) {
	if len(args) < 2 {
		return fmt.Errorf("grant USERNAME ROLE...; the roles are %s", shop.JoinRoles(shop.Roles(), ", "))
	}
	username, more := shop.NormalUsername(args[0]), make([]shop.Role, 0, len(args))
	for _, name := range args[1:] {
		role := shop.Role(name)
		if !slices.Contains(shop.Roles(), role) {
			return fmt.Errorf("no role %q; there are: %s", name, shop.JoinRoles(shop.Roles(), ", "))
		}
		more = append(more, role)
	}
	db, err := openStore(ctx, cfg, &clock{}, log)
	if err != nil {
		return err
	}
	defer closing(&err, func() error { return db.Close(context.Background()) })

	u, err := account.Roles{Users: db.Users, Roles: db.Roles}.Grant(ctx, username, more)
	if errors.Is(err, shop.ErrUserNotFound) {
		return fmt.Errorf("no user is called %q: register on the page first", username)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s is %s now\n", username, shop.JoinRoles(u.Roles, ", "))
	return err
}
