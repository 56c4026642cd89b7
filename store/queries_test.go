package store

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
)

// Every command that the tests of this package send is recorded as a query: which method of the store sent it, and the
// form of its filter and sort. TestMain holds those against the indexes, so that a query without an index fails the tests.

// query is the form of a command: what its filter compares and how, and its sort.
type query struct {
	by         string // the method of the store
	collection string
	all        conjunction
	sort       []indexKey
	limited    bool // has a limit: it ends early where its index has the order
}

// conjunction are comparisons that must all hold: of fields, and of alternatives one each.
type conjunction struct {
	fields map[string]comparison
	any    [][]conjunction
}

// comparison says what an index can do for a field.
type comparison int

const (
	equal  comparison = iota // to one value or to one of several: one place in an index each
	within                   // a range, or the beginning of a text
	other                    // $ne and patterns: each key or document is looked at
)

var signs = map[comparison]string{equal: "=", within: "<>", other: "~"}

type indexKey struct {
	field string
	down  bool
}

func (c conjunction) String() string {
	var all []string
	for _, f := range slices.Sorted(maps.Keys(c.fields)) {
		all = append(all, f+signs[c.fields[f]])
	}
	for _, alternatives := range c.any {
		var some []string
		for _, a := range alternatives {
			some = append(some, a.String())
		}
		all = append(all, "("+strings.Join(some, " or ")+")")
	}
	return strings.Join(all, " ")
}

func (q query) String() string {
	s := q.by + ": " + q.collection + "{" + q.all.String() + "}"
	for _, k := range q.sort {
		s += " " + map[bool]string{true: "-", false: "+"}[k.down] + k.field
	}
	if q.limited {
		s += " limit"
	}
	return s
}

func (c *conjunction) put(field string, as comparison) {
	if old, there := c.fields[field]; there && old < as {
		return // an index serves the better of the two
	}
	c.fields[field] = as
}

func conjunctionOf(filter bson.Raw) conjunction {
	c := conjunction{fields: map[string]comparison{}}
	c.add("", filter)
	return c
}

func (c *conjunction) add(prefix string, filter bson.Raw) {
	elements, err := filter.Elements()
	if err != nil {
		panic(err)
	}
	for _, e := range elements {
		switch key := e.Key(); key {
		case "$and":
			for _, x := range documents(e.Value()) {
				c.add(prefix, x)
			}
		case "$or":
			var alternatives []conjunction
			for _, x := range documents(e.Value()) {
				alternatives = append(alternatives, conjunctionOf(x))
			}
			c.any = append(c.any, alternatives)
		default:
			c.compare(prefix+key, e.Value())
		}
	}
}

func (c *conjunction) compare(field string, v bson.RawValue) {
	if pattern, _, ok := v.RegexOK(); ok {
		if _, options := v.Regex(); strings.HasPrefix(pattern, "^") && !strings.Contains(options, "i") {
			c.put(field, within)
		} else {
			c.put(field, other)
		}
		return
	}
	doc, ok := v.DocumentOK()
	if !ok {
		c.put(field, equal)
		return
	}
	operators, _ := doc.Elements()
	for _, o := range operators {
		switch o.Key() {
		case "$in", "$eq":
			c.put(field, equal)
		case "$gt", "$gte", "$lt", "$lte":
			c.put(field, within)
		case "$elemMatch":
			c.add(field+".", o.Value().Document())
		case "$ne":
			c.put(field, other)
		default:
			panic("an operator that this test does not know: " + o.Key())
		}
	}
}

func documents(list bson.RawValue) (all []bson.Raw) {
	values, _ := list.Array().Values()
	for _, v := range values {
		all = append(all, v.Document())
	}
	return all
}

// lacks is what an index does not serve of a query: "" where it serves it.
func (q query) lacks() string {
	if q.all.fields["_id"] == equal && q.has("_id") {
		return ""
	}
	return q.lacksOf(q.all)
}

func (q query) has(field string) bool { _, ok := q.all.fields[field]; return ok }

// exception is a query that no index serves whole, or all of a collection or a method.
type exception struct {
	by, collection string // "" is any
	given          string // the comparison that bounds what is read, as "user_id="
	fields         []string
	why            string // how much is read at most, or why that does not matter
}

// excuse is the exception of a query: the place in the list, -1 where there is none.
func (q query) excuse() int {
	return slices.IndexFunc(exceptions, func(x exception) bool {
		if x.by != "" && x.by != q.by || x.collection != "" && x.collection != q.collection {
			return false
		}
		if x.given != "" && !q.all.has(x.given) {
			return false
		}
		if x.fields == nil {
			return true
		}
		less := q
		less.all = conjunction{maps.Clone(q.all.fields), q.all.any}
		for _, f := range x.fields {
			if less.all.has(f) {
				delete(less.all.fields, strings.TrimRight(f, "=<>~"))
			}
		}
		return less.lacks() == ""
	})
}

// has reports whether there is a comparison, written as a field and a sign.
func (c conjunction) has(text string) bool {
	field := strings.TrimRight(text, "=<>~")
	as, there := c.fields[field]
	return there && field+signs[as] == text
}

// lacksOf tries all indexes, then each of the alternatives with an index of its own.
func (q query) lacksOf(c conjunction) string {
	best := "the filter begins no index"
	for _, index := range indexesOf(q.collection) {
		reason := q.lacksIn(c, index)
		if reason == "" {
			return ""
		}
		if strings.HasPrefix(reason, "not in") {
			best = reason
		}
	}
	for i, alternatives := range c.any {
		rest := slices.Concat(c.any[:i:i], c.any[i+1:])
		reason := ""
		for _, a := range alternatives {
			one := conjunction{maps.Clone(c.fields), slices.Concat(rest, a.any)}
			for f, as := range a.fields {
				one.put(f, as)
			}
			if r := q.lacksOf(one); r != "" {
				reason = r
			}
		}
		if reason == "" {
			return ""
		}
		best = reason
	}
	return best
}

// lacksIn walks along an index: fields that are equal to something, then the sort, then one range.
func (q query) lacksIn(c conjunction, index []indexKey) string {
	in := map[string]bool{}
	for _, k := range index {
		in[k.field] = true
	}
	served, i := map[string]bool{}, 0
	is := func(f string, as comparison) bool { got, there := c.fields[f]; return there && got == as }
	for i < len(index) && is(index[i].field, equal) {
		served[index[i].field] = true
		i++
	}
	begins := i > 0
	if i < len(index) && is(index[i].field, within) {
		served[index[i].field], begins = true, true
	}
	at, turned := i, 0
	for _, k := range q.sort {
		if is(k.field, equal) && served[k.field] {
			continue
		}
		if at == len(index) || index[at].field != k.field {
			return "the sort is not the index's"
		}
		turn := 1
		if index[at].down != k.down {
			turn = -1
		}
		if turned == -turn {
			return "the sort turns round"
		}
		turned = turn
		at++
	}
	inOrder := q.limited && len(q.sort) > 0
	if !begins && !inOrder {
		return "the filter begins no index"
	}
	for f, as := range c.fields {
		if served[f] || in[f] && as != equal { // keys are looked at, and no documents
			continue
		}
		return "not in the index: " + f
	}
	for _, alternatives := range c.any {
		for _, a := range alternatives {
			if len(a.any) > 0 || slices.ContainsFunc(slices.Collect(maps.Keys(a.fields)), func(f string) bool { return !in[f] }) {
				return "the filter begins no index"
			}
		}
		if !begins {
			return "not in the index: the alternatives of a page without a range"
		}
	}
	return ""
}

func indexesOf(collection string) (all [][]indexKey) {
	all = append(all, []indexKey{{field: "_id"}})
	for _, c := range collections {
		if c.name != collection {
			continue
		}
		for _, d := range c.indexes {
			all = append(all, keysOf(d))
		}
	}
	return all
}

func keysOf(d bson.D) (keys []indexKey) {
	for _, e := range d {
		keys = append(keys, indexKey{e.Key, e.Value == -1})
	}
	return keys
}

// recorder notes the queries of all stores that the tests of this package open.
type recorder struct {
	mu   sync.Mutex
	seen map[string]query
}

var recorded = &recorder{seen: map[string]query{}}

func (r *recorder) monitor(next *event.CommandMonitor) *event.CommandMonitor {
	m := event.CommandMonitor{}
	if next != nil {
		m = *next
	}
	m.Started = func(ctx context.Context, e *event.CommandStartedEvent) {
		r.note(e)
		if next != nil && next.Started != nil {
			next.Started(ctx, e)
		}
	}
	return &m
}

func (r *recorder) note(e *event.CommandStartedEvent) {
	by := caller()
	if by == "" {
		return // a test's own
	}
	for _, q := range queriesOf(e) {
		q.by = by
		r.mu.Lock()
		r.seen[q.String()] = q
		r.mu.Unlock()
	}
}

// caller is the method of the store that sends the command: the driver calls the monitor on its goroutine.
func caller() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		f, more := frames.Next()
		file := filepath.Base(f.File)
		ours := strings.HasPrefix(f.Function, "mstm/store.") && !strings.HasSuffix(file, "_test.go")
		if ours && !slices.Contains(plumbing, file) {
			name := strings.TrimPrefix(f.Function, "mstm/store.")
			if i := strings.Index(name, ".func"); i > 0 {
				name = name[:i]
			}
			return name
		}
		if !more {
			return ""
		}
	}
}

// plumbing are the files whose methods send commands for others, and those that look for nothing.
var plumbing = []string{"collection.go", "mongo.go", "gate.go", "indexes.go", "db.go"}

func queriesOf(e *event.CommandStartedEvent) (all []query) {
	name, _ := e.Command.Lookup(e.CommandName).StringValueOK()
	q := query{collection: name}
	filter := func(field string) bool {
		doc, ok := e.Command.Lookup(field).DocumentOK()
		q.all = conjunctionOf(doc)
		return ok
	}
	switch e.CommandName {
	case "find":
		filter("filter")
		sort, _ := e.Command.Lookup("sort").DocumentOK()
		keys, _ := sort.Elements()
		for _, k := range keys {
			n, _ := k.Value().AsInt64OK()
			q.sort = append(q.sort, indexKey{k.Key(), n < 0})
		}
		n, _ := e.Command.Lookup("limit").AsInt64OK()
		q.limited = n != 0
		return []query{q}
	case "aggregate":
		for _, stage := range documents(e.Command.Lookup("pipeline")) {
			if match, ok := stage.Lookup("$match").DocumentOK(); ok {
				q.all = conjunctionOf(match)
				return []query{q}
			}
		}
	case "findAndModify":
		filter("query")
		return []query{q}
	case "update", "delete":
		for _, one := range documents(e.Command.Lookup(e.CommandName + "s")) {
			q.all = conjunctionOf(one.Lookup("q").Document())
			all = append(all, q)
		}
	}
	return all
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	whole := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == ""
	if problems := recorded.problems(whole); len(problems) > 0 {
		fmt.Println("FAIL: queries and indexes:\n" + strings.Join(problems, "\n"))
		code = max(code, 1)
	}
	os.Exit(code)
}

// problems are queries without an index, and, after the whole suite, indexes and exceptions without a query.
func (r *recorder) problems(whole bool) (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	excused := map[int]bool{}
	for _, text := range slices.Sorted(maps.Keys(r.seen)) {
		q := r.seen[text]
		if reason := q.lacks(); reason != "" {
			n := q.excuse()
			if excused[n] = true; n < 0 {
				all = append(all, text+": "+reason)
			}
		}
	}
	if !whole || testing.Short() {
		return all
	}
	for n, x := range exceptions {
		if !excused[n] {
			all = append(all, fmt.Sprintf("an exception that no query needs: %+v", x))
		}
	}
	return append(all, r.unused()...)
}

// unused are indexes without which as many queries are served.
func (r *recorder) unused() (all []string) {
	for i := range collections {
		c := &collections[i]
		indexes := c.indexes
		for n, index := range indexes {
			needed := false
			for _, q := range r.seen {
				if q.collection != c.name {
					continue
				}
				before := q.lacks()
				excuse := q.excuse()
				c.indexes = slices.Concat(indexes[:n:n], indexes[n+1:])
				needed = needed || q.lacks() != before || q.excuse() != excuse
				c.indexes = indexes
			}
			if !needed && !slices.Contains(bounding, c.name+":"+nameOf(index)) {
				all = append(all, fmt.Sprintf("%s: no query needs the index %v", c.name, index))
			}
		}
	}
	return all
}

func nameOf(index bson.D) string {
	var names []string
	for _, e := range index {
		names = append(names, e.Key)
	}
	return strings.Join(names, ",")
}
