package shoptest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"mstm/shop"
)

// Point is where a life is killed: "before 12" or "after 12" of all its writes, or "before 2
// insert claims", the second of that name. The zero point, "before 0", kills nothing.
type Point struct {
	When  string
	N     int
	Write string // "" counts all
	Again int    // which one it is of several of a seed there: each has another luck
}

// String is the point as a fuse's file says it.
func (p Point) String() string {
	words := strings.TrimSpace(fmt.Sprintf("%s %d %s", cmp.Or(p.When, "before"), p.N, p.Write))
	if p.Again > 0 {
		words += fmt.Sprintf(" (again %d)", p.Again)
	}
	return words
}

// ReadPoint reads what String wrote.
func ReadPoint(text string) (p Point, err error) {
	words, again, _ := strings.Cut(text, " (again ")
	if _, err := fmt.Sscanf(words, "%s %d", &p.When, &p.N); err != nil || p.When != "before" && p.When != "after" {
		return p, fmt.Errorf("%q is no point", text)
	}
	p.Write = strings.Join(strings.Fields(words)[2:], " ")
	p.Again, _ = strconv.Atoi(strings.TrimSuffix(again, ")")) // mostly there is none
	return p, nil
}

// Arm makes the process kill itself at a write from now on, in an order's life; at the zero
// point only write its writes down.
func (p *Process) Arm(at Point) {
	p.T.Helper()
	_ = os.Remove(p.fuse() + ".seen")  // may not be there
	_ = os.Remove(p.fuse() + ".burnt") // as well
	fresh := p.fuse() + ".new"         // seen whole or not at all
	err := os.WriteFile(fresh, fmt.Appendf(nil, "%s\nsaid at %d", at, time.Now().UnixNano()), 0o600)
	if err = errors.Join(err, os.Rename(fresh, p.fuse())); err != nil {
		p.T.Fatal(err)
	}
}

// Burnt says at which write the process killed itself, and takes the fuse away, from a
// process that lives as well; "" where it did not.
func (p *Process) Burnt() string {
	p.T.Helper()
	where, err := os.ReadFile(p.fuse() + ".burnt")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.T.Fatal(err)
	}
	_ = os.Remove(p.fuse()) // may be gone
	_ = os.Remove(p.fuse() + ".burnt")
	return strings.TrimSpace(string(where))
}

// Seen are the writes since the process was armed, as far as it came.
func (p *Process) Seen() []string {
	p.T.Helper()
	text, err := os.ReadFile(p.fuse() + ".seen")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.T.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func (p *Process) fuse() string { return filepath.Join(p.Dir, "fuse") }

// fuse kills its own process at one write to MongoDB: right before it is sent, or right
// after it was answered. Its file says which one: "before 3", or "after 3" and a name, counted
// from the moment when the file says so; "before 0" only writes down what there was.
type fuse struct {
	path string

	mu      sync.Mutex
	order   string // what the file says
	at      Point
	count   int              // writes since it says so that could be the one
	sending map[int64]string // the names of writes under way
	orders  map[string]*shop.Order
}

// unrelated are what the shop writes that is no part of an order's life, and when it likes:
// its clock, its daily comparison, logins, its figures.
var unrelated = append([]string{"settings", "reconciliations", "users", "usernames", "user_tokens"}, counting...)

func (f *fuse) monitor() *event.CommandMonitor {
	f.sending, f.orders = map[int64]string{}, map[string]*shop.Order{}
	return &event.CommandMonitor{
		Started: func(_ context.Context, e *event.CommandStartedEvent) {
			if collection, ok := writesTo(e); ok {
				f.started(e, collection)
			}
		},
		Succeeded: func(_ context.Context, e *event.CommandSucceededEvent) { f.finished(&e.CommandFinishedEvent) },
		Failed:    func(_ context.Context, e *event.CommandFailedEvent) { f.finished(&e.CommandFinishedEvent) },
	}
}

func writesTo(e *event.CommandStartedEvent) (collection string, ok bool) {
	switch e.CommandName {
	case "insert", "update", "delete", "findAndModify":
		collection, ok = e.Command.Lookup(e.CommandName).StringValueOK()
		return collection, ok && !slices.Contains(unrelated, collection)
	}
	return "", false
}

func (f *fuse) started(e *event.CommandStartedEvent, collection string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := e.CommandName + " " + collection
	if what := f.what(collection, e.Command); what != "" {
		name += ": " + what
	}
	f.sending[e.RequestID] = name
	f.burn("before", name)
}

func (f *fuse) finished(e *event.CommandFinishedEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name, ok := f.sending[e.RequestID]
	if !ok {
		return
	}
	delete(f.sending, e.RequestID)
	f.burn("after", name)
}

// burn counts one write, notes it down, and kills at the right one.
func (f *fuse) burn(when, name string) {
	text, err := os.ReadFile(f.path)
	if err != nil {
		return
	}
	if f.order != string(text) {
		f.order, f.count = string(text), 0
		said, _, _ := strings.Cut(f.order, "\n")
		if f.at, err = ReadPoint(said); err != nil {
			panic(err)
		}
	}
	if f.at.When != when || f.at.Write != "" && f.at.Write != name {
		return
	}
	if f.at.N == 0 {
		f.note(".seen", name)
	}
	if f.count++; f.count != f.at.N {
		return
	}
	f.note(".burnt", when+" "+name)
	self, _ := os.FindProcess(os.Getpid()) // cannot fail on Unix
	_ = self.Kill()
	select {} // the kill is on its way
}

// note adds a line to a file beside the fuse's. A kill leaves it, for it is the system's by then.
func (f *fuse) note(suffix, line string) {
	file, err := os.OpenFile(f.path+suffix, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	_, err = fmt.Fprintln(file, line)
	if err = errors.Join(err, file.Close()); err != nil {
		panic(err)
	}
}

// what is what a write is about, as far as its kind alone does not tell.
func (f *fuse) what(collection string, command bson.Raw) string {
	if collection == "wakeups" {
		kind, _, _ := strings.Cut(idOf(command), ":")
		return kind
	}
	doc, fresh := written(command)
	if doc == nil {
		return ""
	}
	word := func(field string) string { s, _ := doc.Lookup(field).StringValueOK(); return s }
	switch collection {
	case "orders":
		var o shop.Order
		if bson.Unmarshal(doc, &o) != nil || o.ID == "" {
			return ""
		}
		before := f.orders[o.ID]
		f.orders[o.ID] = &o
		return news(before, &o, fresh)
	case "media":
		return fileNews(doc)
	case "audit":
		return word("act")
	case "notices":
		return word("kind")
	}
	return ""
}

// fileNews is where a file stands: its state, and the job that it waits for.
func fileNews(doc bson.Raw) string {
	var m shop.Media
	if bson.Unmarshal(doc, &m) != nil {
		return ""
	}
	words := []string{string(m.State)}
	if m.Job != nil {
		words = append(words, string(m.Job.Kind), string(m.Job.State))
	}
	return strings.Join(words, " ")
}

// idOf is the _id of the document that a command writes or removes.
func idOf(command bson.Raw) string {
	for _, at := range [][]string{{"documents", "0", "_id"}, {"updates", "0", "q", "_id"}, {"deletes", "0", "q", "_id"}} {
		if id, ok := command.Lookup(at...).StringValueOK(); ok {
			return id
		}
	}
	return ""
}

// written is the document that a command writes, nil where it changes single fields.
func written(command bson.Raw) (doc bson.Raw, fresh bool) {
	if docs, ok := command.Lookup("documents").ArrayOK(); ok {
		doc, _ = docs.Index(0).DocumentOK()
		return doc, true
	}
	if updates, ok := command.Lookup("updates").ArrayOK(); ok {
		update, _ := updates.Index(0).DocumentOK()
		doc, _ = update.Lookup("u").DocumentOK()
	}
	return doc, false
}

// news is what a write of an order changes: its move, else what became of a payment, a
// refund or a duty.
func news(before, o *shop.Order, fresh bool) string {
	switch {
	case before == nil && !fresh:
		return "" // this process did not see what it was before
	case before == nil:
		before = &shop.Order{}
	case o.V == before.V+1 && sameBut(before, o):
		return "laid to rest"
	}
	if fresh && len(o.History) == 0 {
		return "given up"
	}
	if n := len(o.History); n > len(before.History) {
		return fmt.Sprintf("%s %s", o.History[n-1].Move, o.State)
	}
	for i := range o.Attempts {
		if a := &o.Attempts[i]; i >= len(before.Attempts) || before.Attempts[i].State != a.State {
			return fmt.Sprintf("payment %s", a.State)
		}
	}
	for i := range o.Refunds {
		if r := &o.Refunds[i]; i >= len(before.Refunds) || before.Refunds[i].State != r.State {
			return fmt.Sprintf("refund %s", r.State)
		}
	}
	return dutyNews(before, o)
}

// sameBut reports whether two orders differ in their version alone.
func sameBut(a, b *shop.Order) bool {
	x, y := *a, *b
	x.V, y.V = 0, 0
	return reflect.DeepEqual(x, y)
}

func dutyNews(before, o *shop.Order) string {
	var words []string
	for name, d := range o.Duties {
		was := before.Duties[name]
		switch {
		case was == nil || was.Done && !d.Done:
			words = append(words, "owes "+string(name))
		case d.Done && !was.Done:
			words = append(words, string(name)+" done")
		case d.Tries != was.Tries:
			words = append(words, string(name)+" failed")
		}
	}
	slices.Sort(words)
	return cmp.Or(strings.Join(words, ", "), "asked")
}
