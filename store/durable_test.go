package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
	"mstm/store/embedded"
)

// killedDir, in the environment, makes this test binary the process that is killed.
const killedDir = "MSTM_TEST_KILLED_DIR"

// TestTheProcessThatIsKilled is no test of its own: TestNoAcknowledgedWriteIsLost runs
// it in another process.
func TestTheProcessThatIsKilled(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		t.Skip("is run by TestNoAcknowledgedWriteIsLost")
	}
	s := open(t, dir)
	for i := 0; ; i++ {
		id := fmt.Sprint("doc", i)
		if _, err := s.insertOnce(t.Context(), s.coll("settings"), bson.M{"_id": id, "v": 0}); err != nil {
			t.Fatal(err)
		}
		if ok, err := s.replaceIf(t.Context(), s.coll("settings"), bson.M{"_id": id, "v": 0}, bson.M{"_id": id, "v": 1}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		fmt.Println("written", id)
	}
}

func TestNoAcknowledgedWriteIsLost(t *testing.T) {
	embeddedOnly(t)
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestTheProcessThatIsKilled$")
	cmd.Env = append(os.Environ(), killedDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var written []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if id, ok := strings.CutPrefix(lines.Text(), "written "); ok {
			written = append(written, id)
		}
		if len(written) == 50 {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	if len(written) < 50 {
		t.Fatalf("only %d writes before its end", len(written))
	}
	s := open(t, dir) // also: the killed process holds no lock, and its socket is in no way
	for _, id := range written {
		if ok, err := s.updateIf(t.Context(), s.coll("settings"), bson.M{"_id": id, "v": 1}, bson.M{"$set": bson.M{"v": 2}}); !ok || err != nil {
			t.Errorf("%s: %v, %v", id, ok, err)
		}
	}
}

func TestAnOutageOfMongoDBIsNoBug(t *testing.T) {
	client, name, _, err := dialMongo("mongodb://127.0.0.1:1/x", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	s := &DB{client: client, base: &base{db: client.Database(name), gate: newGate(1), now: time.Now, bus: newBus(nil, slog.Default())}}
	s.wire("")
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, inTime := s.Courses.Get(short, "go1")
	_, bySelection := s.Courses.Get(t.Context(), "go1")
	_, byWriting := s.Notices.Insert(short, &shop.Notice{ID: "n"})
	for what, err := range map[string]error{"a read that ran out of time": inTime, "a read": bySelection, "a write": byWriting} {
		if !errors.Is(err, shop.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	live := open(t, t.TempDir())
	if _, err := live.coll("settings").UpdateOne(t.Context(), bson.M{"_id": "x"}, bson.M{"$nonsense": bson.M{"a": 1}}); err == nil || errors.Is(failed("x", err), shop.ErrUnavailable) {
		t.Errorf("a bug looks like an outage: %v", err)
	}
}

func TestSeveralDocumentsByID(t *testing.T) {
	s := open(t, t.TempDir())
	insertCourses(t, s, course("a", 1), course("b", 1), course("c", 1))
	got, err := findByIDs[shop.Course](t.Context(), s.base, s.coll("courses"), []string{"c", "a", "none", "a"})
	if err != nil || len(got) != 2 {
		t.Errorf("%d documents, %v; want a and c", len(got), err)
	}
}

// TestANamedMongoDB goes the way of a real MongoDB (its indexes, its write concern,
// conditions in the filter) against FerretDB behind an address.
func TestANamedMongoDB(t *testing.T) {
	e, err := embedded.StartMongo(t.TempDir(), slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	for range 2 { // the second time everything is there already
		s, err := Open(t.Context(), Config{MongoURI: e.URI + "shop?maxPoolSize=1", DataDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if inProcess, _ := s.Embedded(); inProcess || s.db.Name() != "shop" {
			t.Errorf("embedded: %v, database %s", inProcess, s.db.Name())
		}
		checkIndexes(t, s)
		checkConditions(t, s)
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func checkIndexes(t *testing.T, s *DB) {
	t.Helper()
	for _, c := range collections {
		have, err := s.coll(c.name).Indexes().ListSpecifications(t.Context())
		if err != nil || len(have) != 1+len(c.indexes) {
			t.Errorf("%s has %d indexes, want _id and %d more (%v)", c.name, len(have), len(c.indexes), err)
		}
	}
}

func checkConditions(t *testing.T, s *DB) {
	t.Helper()
	id := newID()
	if fresh, err := s.insertOnce(t.Context(), s.coll("settings"), bson.M{"_id": id, "v": int64(1)}); !fresh || err != nil {
		t.Error(fresh, err)
	}
	for v, want := range map[int]bool{0: false, 1: true} {
		if won, err := s.updateIf(t.Context(), s.coll("settings"), bson.M{"_id": id, "v": v, "gone": nil}, bson.M{"$inc": bson.M{"hits": 1}}); won != want || err != nil {
			t.Errorf("with v %d: %v, %v", v, won, err)
		}
	}
	if got, err := findByIDs[bson.M](t.Context(), s.base, s.coll("settings"), []string{id, "none"}); err != nil || len(got) != 1 {
		t.Errorf("%d documents, %v", len(got), err)
	}
}
