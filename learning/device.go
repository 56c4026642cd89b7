package learning

import (
	"context"
	"slices"
	"time"

	"mstm/shop"
	"mstm/store"
)

// How many sessions of an account play at once, and after how long without a key or a byte of a file one
// counts no more.
const (
	maxDevices = 2
	deviceIdle = 3 * time.Minute
	noteEvery  = 30 * time.Second
)

// devices are the sessions on which accounts play now.
type devices struct{ cfg Config }

// note counts a session among those that play. Where there are enough, takeOver takes the place of the one that began
// first, whose pages hear so; without it the refusal names the others.
func (d *devices) note(ctx context.Context, userID, client, session string, takeOver bool) error {
	var ended []store.PlayingDevice
	now := d.cfg.Now().UTC()
	_, err := d.cfg.Store.Playing.Change(ctx, userID, func(row *store.PlayingRow) error {
		ended = nil
		row.Devices = slices.DeleteFunc(row.Devices, func(x store.PlayingDevice) bool { return now.Sub(x.SeenAt) > deviceIdle })
		i := slices.IndexFunc(row.Devices, func(x store.PlayingDevice) bool { return x.Session == session })
		if i >= 0 {
			if now.Sub(row.Devices[i].SeenAt) < noteEvery {
				return store.Unchanged()
			}
			row.Devices[i].SeenAt = now
			return nil
		}
		if len(row.Devices) >= maxDevices {
			if err := d.dropEnded(ctx, row, now); err != nil {
				return err
			}
		}
		if len(row.Devices) >= maxDevices && !takeOver {
			clients := []string{}
			for _, x := range row.Devices {
				clients = append(clients, x.Client)
			}
			return shop.ErrPlaybackElsewhere.With("clients", clients)
		}
		for len(row.Devices) >= maxDevices {
			ended, row.Devices = append(ended, row.Devices[0]), row.Devices[1:]
		}
		row.Devices = append(row.Devices, store.PlayingDevice{Session: session, Client: client, Since: now, SeenAt: now})
		return nil
	})
	if err != nil {
		return err
	}
	for _, x := range ended {
		d.cfg.show(ctx, shop.PlaybackEnded(userID, x.Client, x.Session))
	}
	return nil
}

// dropEnded leaves out the sessions that are over: they play nothing any more.
func (d *devices) dropEnded(ctx context.Context, row *store.PlayingRow, now time.Time) error {
	live, err := d.cfg.Store.Tokens.Live(ctx, row.ID, now)
	row.Devices = slices.DeleteFunc(row.Devices, func(x store.PlayingDevice) bool {
		return err == nil && !slices.ContainsFunc(live, func(r store.TokenRow) bool { return r.PublicID() == x.Session })
	})
	return err
}
