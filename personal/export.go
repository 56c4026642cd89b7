// Package personal is what the shop keeps of a person: which collections hold it, and the copy of it that its owner may have.
package personal

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
	"mstm/store"
	"mstm/store/redisstore"
)

// Exporting is how often a person has a copy made: some at once, and then one an hour.
var Exporting = redisstore.Limit{Name: "export", Burst: 5, Every: time.Hour}

// Config is what Exports work with. Every field is needed.
type Config struct {
	Store *store.DB
	Now   func() time.Time
	Log   *slog.Logger
}

// Exports are the copies that people have made of what the shop keeps of them.
type Exports struct{ Config }

// New makes Exports.
func New(cfg Config) *Exports { return &Exports{cfg} }

// Begin counts one copy and puts it into the audit. One too many is shop.ErrTooManyRequests.
func (e *Exports) Begin(ctx context.Context, userID string) error {
	if wait := e.Store.Limits.Take(ctx, Exporting, userID); wait > 0 {
		return shop.TooManyRequests(wait)
	}
	return e.Store.Audit.Add(ctx, store.AuditRow{Object: "user:" + userID, Act: "data_exported", By: userID, At: e.Now().UTC()})
}

// Write writes one JSON object with a member for each part, document by document, so that a long history takes no more
// memory than a short one. Where it fails, what has been written so far is no whole object.
func (e *Exports) Write(ctx context.Context, userID string, out io.Writer) error {
	w := &writer{out: bufio.NewWriterSize(out, 16<<10)}
	w.raw(`{"format":1`)
	w.member("exported_at", e.Now().UTC().Format(time.RFC3339))
	w.member("user_id", userID)
	for i := range parts {
		if parts[i].Name == "" {
			continue
		}
		if err := e.part(ctx, w, &parts[i], userID); err != nil {
			return err
		}
	}
	if err := e.cart(ctx, w, userID); err != nil {
		return err
	}
	w.raw("}\n")
	return w.flush()
}

func (e *Exports) part(ctx context.Context, w *writer, p *Part, userID string) error {
	w.raw(",\n" + quoted(p.Name) + ":[")
	said := e.activities(p.Collection)
	n := 0
	err := e.Store.EachRaw(ctx, p.Collection, p.of(userID), func(doc bson.Raw) error {
		o, err := pick(doc, p.Fields)
		if err == nil {
			o, err = said(ctx, o)
		}
		if err != nil {
			return err
		}
		if n++; n > 1 {
			w.raw(",")
		}
		w.raw("\n ")
		w.value(o)
		return w.err
	})
	w.raw("]")
	if err != nil {
		return err
	}
	return w.err
}

// activities adds to a notice of a broadcast its words, which are kept once for all that had it.
func (e *Exports) activities(collection string) func(context.Context, object) (object, error) {
	known := map[string]object{}
	return func(ctx context.Context, o object) (object, error) {
		id, _ := o.get("broadcast").(string)
		if collection != "notices" || id == "" {
			return o, nil
		}
		if _, ok := known[id]; !ok {
			if len(known) > 200 {
				clear(known)
			}
			known[id] = object{}
			err := e.Store.EachRaw(ctx, "broadcasts", bson.M{"_id": id}, func(doc bson.Raw) (err error) {
				known[id], err = pick(doc, []string{"title", "body", "link"})
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		return append(o, known[id]...), nil
	}
}

// cart is the part that Redis holds. Without Redis there is none to be had, and the copy says so.
func (e *Exports) cart(ctx context.Context, w *writer, userID string) error {
	c, err := e.Store.Carts.Get(ctx, userID)
	if err != nil {
		e.Log.WarnContext(ctx, "a copy of personal data is without the cart", "err", err)
		w.member("cart", nil)
		return w.err
	}
	lines := make([]object, len(c.Lines))
	for i, l := range c.Lines {
		lines[i] = object{{"course_id", l.CourseID}, {"title", l.Title}, {"policy_id", l.PolicyID}, {"added_at", l.AddedAt.UTC().Format(time.RFC3339)}}
	}
	w.member("cart", lines)
	return w.err
}

// object is a JSON object whose members keep their order.
type object []field

func (o object) get(name string) any {
	for _, f := range o {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	text := []byte("{")
	for i, f := range o {
		v, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(append(text, quoted(f.name)...), ':'), v...)
	}
	return append(text, '}'), nil
}

func quoted(s string) string {
	text, _ := json.Marshal(s) // a string has no failure
	return string(text)
}

// writer writes JSON and keeps the first failure.
type writer struct {
	out *bufio.Writer
	err error
}

func (w *writer) raw(s string) {
	if w.err == nil {
		_, w.err = w.out.WriteString(s)
	}
}

func (w *writer) value(v any) {
	text, err := json.Marshal(v)
	if w.err == nil {
		w.err = err
	}
	w.raw(string(text))
}

func (w *writer) member(name string, v any) {
	w.raw(",\n" + quoted(name) + ":")
	w.value(v)
}

func (w *writer) flush() error {
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.err
}
