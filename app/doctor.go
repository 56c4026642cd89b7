package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/caarlos0/env/v11"
)

// What the doctor says of a thing.
const (
	fine    = "ok"
	warning = "warning" // the shop works, and something will cost money, data or sleep
	wrong   = "wrong"   // the shop does not work so, or will lose something
)

// finding is what the doctor found out about one thing.
type finding struct {
	Part  string `json:"part"`  // settings, shop, mongodb, redis, disk, files, wechat, sms
	Name  string `json:"name"`  // the thing: mostly a setting
	State string `json:"state"` // ok, warning or wrong
	Why   string `json:"why,omitempty"`
	Do    string `json:"do,omitempty"`
}

// doctor looks at everything that a shop with these settings needs. It leaves all as it was: what it writes, to see
// whether it can be written, it deletes again, and it makes no folder, collection or index.
type doctor struct {
	cfg   Settings
	log   *slog.Logger
	found []finding

	running bool // a shop answers at ADDR
}

// doctorTime bounds each part: a store that does not answer must not keep the rest back.
const doctorTime = 20 * time.Second

// examine prints what the doctor finds about a shop with these settings, one line a thing, or as one JSON object. refused
// is what ReadSettings said of them. Anything wrong is an error. The shop may run, and may not.
func examine(ctx context.Context, cfg Settings, refused error, log *slog.Logger, out io.Writer, asJSON bool) error {
	d := &doctor{cfg: cfg, log: log}
	for _, part := range []func(context.Context){
		func(context.Context) { d.settings(refused) }, d.shop, d.mongo, d.redis, d.disk, d.files, d.weChat, d.textMessages,
	} {
		ctx, cancel := context.WithTimeout(ctx, doctorTime)
		part(ctx)
		cancel()
	}
	n := 0
	for _, f := range d.found {
		if f.State == wrong {
			n++
		}
	}
	if err := d.print(out, asJSON, n == 0); err != nil {
		return err
	}
	switch n {
	case 0:
		return nil
	case 1:
		return errors.New("1 thing is wrong")
	}
	return fmt.Errorf("%d things are wrong", n)
}

func (d *doctor) print(out io.Writer, asJSON, ok bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			OK       bool      `json:"ok"`
			Findings []finding `json:"findings"`
		}{ok, d.found})
	}
	for _, f := range d.found {
		line := fmt.Sprintf("%-8s %-9s %s", f.State, f.Part, f.Name)
		if f.Why != "" {
			line += ": " + f.Why
		}
		if f.Do != "" {
			line += "\n         do: " + f.Do
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

func (d *doctor) ok(part, name, why string, args ...any) {
	d.found = append(d.found, finding{part, name, fine, fmt.Sprintf(why, args...), ""})
}

func (d *doctor) warn(part, name, do, why string, args ...any) {
	d.found = append(d.found, finding{part, name, warning, fmt.Sprintf(why, args...), do})
}

func (d *doctor) wrong(part, name, do, why string, args ...any) {
	d.found = append(d.found, finding{part, name, wrong, fmt.Sprintf(why, args...), do})
}

// inProduction is wrong in production, and only said elsewhere.
func (d *doctor) inProduction(part, name, do, why string, args ...any) {
	if d.cfg.production() {
		d.wrong(part, name, do, why, args...)
		return
	}
	d.ok(part, name, why, args...)
}

// How far clocks may be apart: leases go by them, and signatures are refused at five minutes.
const (
	skewSeen = 2 * time.Second
	skewBad  = time.Minute
)

// clock compares a machine's clock with this one's.
func (d *doctor) clock(part, whose string, ahead time.Duration) {
	by := ahead.Round(10 * time.Millisecond)
	switch do := "run NTP on both machines"; {
	case by.Abs() >= skewBad:
		d.wrong(part, "clock", do, "%s clock is %s ahead of this machine's", whose, by)
	case by.Abs() >= skewSeen:
		d.warn(part, "clock", do, "%s clock is %s ahead of this machine's: leases end early or late", whose, by)
	default:
		d.ok(part, "clock", "%s and this machine's agree", whose)
	}
}

// each calls each with the errors that err is made of.
func eachError(err error, each func(error)) {
	var many interface{ Unwrap() []error }
	var parsed env.AggregateError
	switch {
	case err == nil:
	case errors.As(err, &parsed):
		for _, e := range parsed.Errors {
			each(e)
		}
	case errors.As(err, &many):
		for _, e := range many.Unwrap() {
			eachError(e, each)
		}
	default:
		each(err)
	}
}
