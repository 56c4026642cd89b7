package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"mstm/checkout"
	"mstm/store"
)

// check holds the shop's data against the invariants and prints what breaks them, a line
// each; anything broken is an error. It works beside a running shop, except on the embedded
// stores, because one process at a time can open their data folder: stop the shop first, or ask
// its GET /api/admin/invariants.
func check(ctx context.Context, cfg Settings, log *slog.Logger, out io.Writer) (err error) {
	clk := &clock{}
	db, err := openStore(ctx, cfg, clk, log)
	if err != nil {
		return err
	}
	defer closing(&err, func() error { return db.Close(context.Background()) })
	return printInvariants(ctx, db, clk, log, out)
}

// printInvariants prints what breaks the invariants, or "whole", and notes it for the console.
func printInvariants(ctx context.Context, db *store.DB, clk *clock, log *slog.Logger, out io.Writer) error {
	done, err := checkout.New(checkout.Config{Store: checkout.CollectionsOf(db), Now: clk.now, Log: log}).Invariants.CheckAndNote(ctx)
	if err != nil {
		return err
	}
	for _, v := range done.Violations {
		if _, err := fmt.Fprintln(out, v); err != nil {
			return err
		}
	}
	if broken := len(done.Violations); broken > 0 {
		return fmt.Errorf("%d invariants are broken", broken)
	}
	_, err = fmt.Fprintln(out, "whole")
	return err
}

// openStore opens the shop's data for a command that does one thing and ends.
func openStore(ctx context.Context, cfg Settings, clk *clock, log *slog.Logger) (*store.DB, error) {
	db, err := store.Open(ctx, store.Config{MongoURI: cfg.MongoURI, RedisURL: cfg.RedisURL, DataDir: cfg.DataDir, Log: log, Now: clk.now})
	if err != nil || cfg.production() {
		return db, err
	}
	if err := clk.load(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close(context.WithoutCancel(ctx)))
	}
	return db, nil
}
