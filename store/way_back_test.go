package store

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// asMongosh runs a script on rows as mongosh does, as far as the script on the way back needs it, and prints its writes.
const asMongosh = `
const revive = (_, v) => v && v.$date ? new Date(v.$date) : v
const plain = v => v instanceof Date ? {$date: v.toISOString()} :
  v && typeof v == "object" ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)])) : v
const rows = JSON.parse(process.argv[1], revive).rows
const db = new Proxy({}, {get: (_, collection) => ({
  find: () => rows,
  replaceOne: (filter, row, options) => console.log(JSON.stringify(plain({collection, filter, row, upsert: options.upsert}))),
})})
`

// wayBack is the script of the page on operations.
func wayBack(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile("(?s)```js\n(db\\.wakeups.*?)```").FindSubmatch(page)
	if script == nil {
		t.Fatal("docs/operations.md has no script on wakeups")
	}
	return string(script[1])
}

// goBack does to the database what the script would.
func goBack(t *testing.T, s *DB) {
	t.Helper()
	wakeups := newCollection[bson.M](s.base, "wakeups")
	rows, err := wakeups.All(t.Context(), bson.M{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := bson.MarshalExtJSON(bson.M{"rows": rows}, false, false)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "-e", asMongosh+wayBack(t), string(text))
	var said bytes.Buffer
	node.Stderr = &said
	out, err := node.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &said)
	}
	for line := range strings.Lines(string(out)) {
		var write struct {
			Collection string
			Filter     bson.M
			Row        bson.D
			Upsert     bool
		}
		if err := bson.UnmarshalExtJSON([]byte(line), false, &write); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if _, err := s.coll(write.Collection).ReplaceOne(t.Context(), write.Filter, write.Row, options.Replace().SetUpsert(write.Upsert)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

// oldRows are the rows that the version before finds, as text, but for what each write sets by itself.
func oldRows(t *testing.T, s *DB) (all []string) {
	t.Helper()
	for _, name := range []string{"due", "turns", "due_deliveries"} {
		old := newCollection[bson.M](s.base, name)
		rows, err := old.All(t.Context(), bson.M{})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			delete(row, "seq")   // another with each write
			delete(row, "since") // this version's own: when it wrote the wakeup
			all = append(all, fmt.Sprint(name, map[string]any(row)))
		}
	}
	slices.Sort(all)
	return all
}

// TestWayBack_AsThePageHasIt_GivesTheVersionBeforeItsRows has wakeups of this version, those that it has adopted
// among them, given back twice by the script of docs/operations.md, and adopted again.
func TestWayBack_AsThePageHasIt_GivesTheVersionBeforeItsRows(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	s := open(t, t.TempDir())
	s.now = func() time.Time { return logIn }
	writeOld(t, s)
	before := oldRows(t, s)
	if err := s.Adoption.Adopt(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if left := oldRows(t, s); len(left) != 0 {
		t.Fatalf("not adopted: %v", left)
	}
	wakeups := func() (ids []string) {
		t.Helper()
		rows, err := s.Wakeups.docs.All(t.Context(), bson.M{})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range rows {
			ids = append(ids, fmt.Sprint(w.ID, w.Rank, w.At))
		}
		slices.Sort(ids)
		return ids
	}
	there := wakeups()
	for range 2 {
		goBack(t, s)
	}
	if got := oldRows(t, s); !slices.Equal(got, before) {
		t.Errorf("given back:\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(before, "\n"))
	}
	if err := s.Adoption.Adopt(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if got := wakeups(); !slices.Equal(got, there) {
		t.Errorf("adopted again:\n%v\nnot\n%v", got, there)
	}
}
